"""Rows: what every handler makes of its file, one row an event."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import numpy as np

__all__ = ["Picked", "Rows", "fitting", "read_spans", "spans"]


class Rows(Protocol):
    """Rows of a file, one an event."""

    def describe(self, row: int = 0) -> tuple[tuple[int, ...], "np.dtype[Any]"]:
        """The shape of a row, and the dtype; what it costs is a look at the file's head."""
        ...

    def read(self, first: int, count: int) -> "np.ndarray":
        """Rows ``first`` to ``first + count``, shape (count, ...)."""
        ...


@dataclass(frozen=True)
class Picked:
    """Some rows, in an order of their own."""

    rows: Rows
    numbers: Sequence[int]

    def describe(self, row: int = 0) -> tuple[tuple[int, ...], "np.dtype[Any]"]:
        """The shape of one row, and the dtype."""
        return self.rows.describe(self.numbers[row])

    def read(self, first: int, count: int) -> "np.ndarray":
        """The rows of ``numbers[first : first + count]``, shape (count, ...)."""
        return read_spans(self.rows.read, self.numbers[first : first + count])


def read_spans(
    read: "Callable[[int, int], np.ndarray]", numbers: "Sequence[int] | np.ndarray"
) -> "np.ndarray":
    """The rows of these numbers, those that follow each other in one go."""
    import numpy as np

    return np.concatenate([read(first, count) for first, count in spans(numbers)])


def spans(numbers: "Sequence[int] | np.ndarray") -> Iterable[tuple[int, int]]:
    """``(first, count)`` of each run of numbers that follow each other."""
    import numpy as np

    array = np.asarray(numbers)
    return [
        (int(run[0]), len(run)) for run in np.split(array, np.flatnonzero(np.diff(array) != 1) + 1)
    ]


def fitting(announced: Sequence[int | None], stored: tuple[int, ...]) -> tuple[int, ...]:
    """The shape that a data key announces, if as many numbers as are stored have it; else as they are stored."""
    known = [size for size in announced if size is not None]
    if len(known) == len(announced) and prod(known) == prod(stored):
        return tuple(known)
    return stored
