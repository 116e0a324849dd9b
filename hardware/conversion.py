"""What a declared type makes of a PV's values: one row for each pair that fits."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import numpy as np

from beamtwin.hardware.channel import Metadata

__all__ = [
    "DATATYPES",
    "Conversion",
    "SubsetEnum",
    "choices_of",
    "conversion",
    "describe_datatype",
    "describe_type",
    "is_choices",
    "is_datatype",
    "natural_type",
]

#: The types that a signal can be declared with, besides choices (`is_choices`).
DATATYPES = (float, int, bool, str, np.ndarray)


class SubsetEnum(StrEnum):
    """Choices of which a server must have these, and may have others; those are read as plain text.

    A plain `enum.StrEnum` stands for all the choices that a server may have.
    """


def is_choices(datatype: Any) -> bool:
    """Whether a type is a `StrEnum`: an enum's strings, to be checked against the server's."""
    return isinstance(datatype, type) and issubclass(datatype, StrEnum)


def choices_of(datatype: Any) -> tuple[str, ...]:
    """The strings of a `StrEnum`; none of other types."""
    return tuple(str(member) for member in datatype) if is_choices(datatype) else ()


def is_datatype(datatype: Any) -> bool:
    """Whether a signal can be declared with this."""
    return datatype in DATATYPES or is_choices(datatype)


@dataclass(frozen=True, slots=True)
class Conversion:
    """Between a PV's values and those of the declared type."""

    dtype: str
    """As event-model has it: ``"number"``, ``"integer"``, ``"boolean"``, ``"string"``, ``"array"``."""
    dtype_numpy: str
    to_pv: Callable[[Any], Any]
    """Raises TypeError or ValueError for what is not of the type."""
    from_pv: Callable[[Any], Any] | None = None
    """What documents have; None where the values are of the type as they come."""
    typed: Callable[[Any], Any] | None = None
    """What programs have, where that is another thing: a member of a `StrEnum`."""


def conversion(datatype: Any, metadata: Metadata) -> Conversion | None:
    """How to have this PV as that type; None where the two do not fit."""
    if is_choices(datatype):
        return _members(datatype, metadata)
    make = _CONVERSIONS.get((datatype, _category(metadata)))
    return None if make is None else make(metadata)


def describe_datatype(datatype: Any) -> str:
    """A type that is declared, for messages: ``"Mode (off, on)"``."""
    choices = choices_of(datatype)
    return f"{datatype.__name__} ({', '.join(choices)})" if choices else datatype.__name__


def natural_type(metadata: Metadata) -> type:
    """The type that a PV's values have by themselves: text for enums and characters."""
    return _NATURAL[_category(metadata)]


def describe_type(metadata: Metadata) -> str:
    """What a PV is, for messages: ``"an enum (Use, Set)"``."""
    category = _category(metadata)
    if category == "enum":
        return f"an enum ({', '.join(metadata.choices)})"
    if category in ("array", "characters"):
        return f"an array of {metadata.count} x {metadata.dtype}"
    return f"{_ARTICLED[category]} ({metadata.dtype})"


def _category(metadata: Metadata) -> str:
    if metadata.dtype == "enum":
        return "enum"
    dtype = np.dtype(metadata.dtype)
    if metadata.is_array or metadata.count > 1:
        return "characters" if dtype.itemsize == 1 and dtype.kind in "iu" else "array"
    return {"f": "float", "i": "integer", "u": "integer", "S": "string"}[dtype.kind]


_NATURAL: dict[str, type] = {
    "float": float,
    "integer": int,
    "array": np.ndarray,
    **dict.fromkeys(("enum", "string", "characters"), str),
}

_ARTICLED = {"float": "a float", "integer": "an integer", "string": "a string"}


def _choice(metadata: Metadata) -> Conversion:
    choices = metadata.choices
    indices = {choice: index for index, choice in enumerate(choices)}

    def index_of(choice: str) -> int:
        try:
            return indices[choice]
        except (KeyError, TypeError):
            raise ValueError(f"the choices are {', '.join(choices)}") from None

    def choice_at(index: int) -> str:
        return choices[index] if 0 <= index < len(choices) else str(index)

    return Conversion("string", "|S40", index_of, choice_at)


def _members(datatype: type[StrEnum], metadata: Metadata) -> Conversion | None:
    """The server has all that is declared, and nothing else unless a subset is."""
    declared, served = set(datatype), set(metadata.choices)
    fits = declared <= served if issubclass(datatype, SubsetEnum) else declared == served
    if metadata.dtype != "enum" or not fits:
        return None
    rule = _choice(metadata)
    members: dict[str, str] = {member.value: member for member in datatype}

    def member_at(index: int) -> str:
        choice = rule.from_pv(index) if rule.from_pv is not None else ""
        return members.get(choice, choice)

    return replace(rule, typed=member_at)


def _text_of_characters(metadata: Metadata) -> Conversion:
    """The way of areaDetector: text longer than 40 characters is a waveform of bytes that a 0 ends."""

    def encode(text: str) -> np.ndarray:
        encoded = text.encode() + b"\0"
        if len(encoded) > metadata.count:
            raise ValueError(f"{len(encoded) - 1} bytes, where {metadata.count - 1} have room")
        return np.frombuffer(encoded, metadata.dtype)

    def decode(characters: np.ndarray) -> str:
        return characters.tobytes().partition(b"\0")[0].decode(errors="replace")

    return Conversion("string", f"|S{metadata.count}", encode, decode)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("not text")
    return value


def _flag(_: Metadata) -> Conversion:
    return Conversion("boolean", "|b1", lambda value: int(bool(value)), bool)


def _whole(value: Any) -> int:
    if value != int(value):
        raise ValueError("not a whole number")
    return int(value)


def _array(metadata: Metadata) -> Conversion:
    return Conversion("array", metadata.dtype, np.asarray)


_CONVERSIONS: dict[tuple[type, str], Callable[[Metadata], Conversion]] = {
    (float, "float"): lambda metadata: Conversion("number", metadata.dtype, float),
    (float, "integer"): lambda _: Conversion("number", "<f8", float, float),
    (int, "integer"): lambda metadata: Conversion("integer", metadata.dtype, _whole),
    (int, "enum"): lambda _: Conversion("integer", "<i2", _whole),
    (bool, "integer"): _flag,
    (bool, "enum"): _flag,
    (bool, "float"): _flag,  # what calc records say yes and no with
    (str, "string"): lambda metadata: Conversion("string", metadata.dtype, _text),
    (str, "enum"): _choice,
    (str, "characters"): _text_of_characters,
    (np.ndarray, "array"): _array,
    (np.ndarray, "characters"): _array,
}
