"""From a table of TOML to a dataclass, key by key: a quantity's key is a field's name, in any unit of its kind."""

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, Field, dataclass, fields
from decimal import Decimal
from math import isnan
from pathlib import Path
from typing import Any, TypeVar

from beamtwin.orchestration.errors import BeamtwinError
from beamtwin.twin.elements import HeightProfile
from beamtwin.twin.source import GapTable

__all__ = ["DescriptionError", "Place", "build", "number"]

T = TypeVar("T")

#: By the type of a field whose value is written as the name of a file: its reader, and what it reads.
READERS: dict[Any, tuple[Callable[[Path], Any], str]] = {
    GapTable: (GapTable.from_csv, "gap_mm,k"),
    HeightProfile: (HeightProfile.from_file, "position and height in metres"),
}

#: By the unit in which a field is kept: the units in which it may be written, as powers of ten.
UNITS = {
    "m": {"m": 0, "mm": -3, "um": -6, "nm": -9},
    "eV": {"eV": 0, "keV": 3, "GeV": 9},
    "A": {"A": 0, "mA": -3},
    "s": {"s": 0, "ms": -3, "us": -6, "ns": -9},
    "Hz": {"Hz": 0, "kHz": 3},
    "rad": {"rad": 0, "mrad": -3, "urad": -6},
    "T": {"T": 0},
}


class DescriptionError(BeamtwinError, ValueError):
    """A description that cannot be understood: it names file, table and key."""


@dataclass(frozen=True)
class Place:
    """Where in which file: what an error begins with."""

    file: Path
    where: str

    def at(self, where: str) -> "Place":
        """Another place in the same file."""
        return Place(self.file, where)

    def error(self, text: str) -> DescriptionError:
        """What is wrong, here."""
        return DescriptionError(f"{self.file}: {self.where}{': ' if self.where else ''}{text}")

    def table(self, content: Mapping[str, Any], key: str) -> dict[str, Any]:
        """The table under this key."""
        value = content.get(key)
        if not isinstance(value, dict):
            raise self.error(f"there must be a table [{key}]")
        return value

    def tables(self, content: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
        """The list of tables under this key; empty where there is none."""
        value = content.get(key, [])
        if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
            raise self.error(f"{key} must be a list of tables: [[{key}]]")
        return value

    def check_keys(self, table: Mapping[str, Any], known: Iterable[str], where: str) -> None:
        """Raise DescriptionError for a key that is none of those known."""
        known = list(known)
        for key in table:
            if key not in known:
                close = difflib.get_close_matches(key, known, n=1)
                hint = f"did you mean {close[0]!r}? " if close else ""
                raise self.at(where).error(
                    f"unknown key {key!r}: {hint}it takes {', '.join(known)}"
                )


def build(place: Place, cls: type[T], table: Mapping[str, Any]) -> T:
    """An instance of a dataclass from a table whose keys are its fields, in any fitting unit."""
    known = {field.name: field for field in fields(cls)}  # pyright: ignore[reportArgumentType]
    spellings = {
        key: (field, power) for field in known.values() for key, power in _spellings(field.name)
    }
    values: dict[str, Any] = {}
    for key, value in table.items():
        if key not in spellings:
            raise place.error(_not_a_key(key, spellings, known))
        field, power = spellings[key]
        if field.name in values:
            raise place.error(f"{key}: {field.name} is given twice, in two units")
        values[field.name] = _converted(place, key, value, field, power)
    for field in known.values():
        if field.name not in values and field.default is field.default_factory is MISSING:
            raise place.error(f"{field.name} is missing")
    return cls(**values)


def _spellings(field: str) -> list[tuple[str, int]]:
    """The keys under which a field may be written, each with the power of ten of its unit."""
    stem, _, unit = field.rpartition("_")
    if unit not in UNITS:
        return [(field, 0)]
    return [(f"{stem}_{other}", power) for other, power in UNITS[unit].items()]


def _not_a_key(key: str, spellings: Iterable[str], fields_known: Iterable[str]) -> str:
    with_unit = [known for known in spellings if known.rpartition("_")[0] == key]
    if with_unit:
        return f"{key} has no unit: write {' or '.join(with_unit)}"
    close = difflib.get_close_matches(key, list(spellings), n=1)
    hint = f"did you mean {close[0]!r}? " if close else ""
    return f"unknown key {key!r}: {hint}it takes {', '.join(fields_known)}"


def _converted(place: Place, key: str, value: Any, field: Field[Any], power: int) -> Any:
    if field.type is float:
        # In decimals, because 5.8 um then is 5.8e-6 m to the last bit.
        return float(Decimal(repr(number(place, key, value))).scaleb(power))
    if field.type in READERS:
        return _from_file(place, key, value, field.type)
    if field.type in (int, str):
        if not isinstance(value, field.type) or isinstance(value, bool):  # pyright: ignore[reportArgumentType]
            wanted = "a whole number" if field.type is int else "text"
            raise place.error(f"{key} = {value!r} is not {wanted}")
        return value
    return _ranges(place, key, value)


def number(place: Place, key: str, value: Any) -> float:
    """A value that must be a number, and not nan."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise place.error(f"{key} = {value!r} is not a number")
    if isnan(value):
        raise place.error(f"{key} = nan is not a number")
    return float(value)


def _ranges(place: Place, key: str, value: Any) -> tuple[tuple[int, int], ...]:
    try:
        return tuple((int(first), int(stop)) for first, stop in value)
    except (TypeError, ValueError):
        raise place.error(f"{key} = {value!r} is not a list of [first, stop] pairs") from None


def _from_file(place: Place, key: str, value: Any, kind: Any) -> Any:
    path, (read, content) = place.file.parent / str(value), READERS[kind]
    try:
        return read(path)
    except (OSError, KeyError, ValueError) as error:
        raise place.error(f"{key}: {path} is no table of {content}: {error!r}") from error
