"""Arguments: what calc, calcout, sub and sel records get from links INPA, INPB, ... into fields A, B, ..."""

from collections.abc import Iterable
from typing import Any

from beamtwin.twin.field import Field, link, real

__all__ = ["LETTERS", "argument_fields", "constants", "fetch_arguments", "followed"]

#: Of calc, calcout and sub.
LETTERS = "ABCDEFGHIJKLMNOPQRSTU"


def argument_fields(letters: str) -> dict[str, Field]:
    """The links, the arguments, and what these were last."""
    return {
        **{f"INP{letter}": link("INLINK") for letter in letters},
        **{letter: real(units="", pp=True) for letter in letters},
        **{f"L{letter}": real(units="", writable=False) for letter in letters},
    }


def constants(letters: str) -> dict[str, str]:
    """What constant links say the arguments begin with."""
    return {f"INP{letter}": letter for letter in letters}


def followed(letters: str) -> tuple[tuple[str, str], ...]:
    """Monitors hear of arguments that have changed."""
    return tuple((letter, f"L{letter}") for letter in letters)


def fetch_arguments(record: Any, letters: Iterable[str]) -> bool:
    """Have the arguments from their links; whether all links could be read."""
    values, links = record.values, record.links
    all_read = True
    for letter in letters:
        source = links.get(f"INP{letter}")
        if source is not None:
            value = source.number()
            if value is None:
                all_read = False
            else:
                values[letter] = float(value)
    return all_read
