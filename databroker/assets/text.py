"""Columns of numbers in text files: CSV, or separated by spaces; ``#`` begins a comment."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from beamtwin.databroker.assets.paths import require
from beamtwin.databroker.assets.rows import fitting
from beamtwin.databroker.errors import AssetError

if TYPE_CHECKING:
    import numpy as np

__all__ = ["TextRows", "ascii_table", "csv_table"]


class TextRows:
    """The rows of a text table.

    Parameters
    ----------
    path : Path
    shape : sequence of int
        One event's data, as the data key says.
    delimiter : str or None
        None: any white space.
    column : str or int, optional
        Its name in the first line, or its number from 0; without one, all columns.
    header : bool
        Whether the first line has the columns' names.
    """

    def __init__(
        self,
        path: Path,
        shape: Sequence[int],
        delimiter: str | None,
        column: str | int | None,
        *,
        header: bool,
    ):
        self._path = path
        self._shape = tuple(shape)
        self._delimiter = delimiter
        self._column = column
        self._header = header

    def describe(self, row: int = 0) -> tuple[tuple[int, ...], "np.dtype[Any]"]:
        """The shape of one row, and the dtype."""
        values = self.read(row, 1)
        return values.shape[1:], values.dtype

    def read(self, first: int, count: int) -> "np.ndarray":
        """Rows ``first`` to ``first + count``, shape (count, ...).

        Raises
        ------
        AssetError
            Naming the file, if it is not there, lacks the rows or the column, or holds anything but numbers.
        """
        import numpy as np

        try:
            values = np.loadtxt(
                self._lines()[first : first + count],
                delimiter=self._delimiter,
                usecols=self._number(),
                ndmin=2,
            )
        except (OSError, ValueError, IndexError) as error:
            raise AssetError(f"{self._path} cannot be read as numbers: {error}") from error
        if len(values) < count:
            raise AssetError(f"{self._path} has no row {first + count}, and it was announced")
        inner = values.shape[1:] if self._column is None else ()
        return values.reshape(count, *fitting(self._shape, inner))

    def _lines(self) -> list[str]:
        lines = self._content()
        return lines[1:] if self._header else lines

    def _number(self) -> int | None:
        if not isinstance(self._column, str):
            return self._column
        names = [name.strip() for name in self._content()[0].split(self._delimiter)]
        if self._column not in names:
            raise AssetError(
                f"{self._path} has no column {self._column!r}; it has: {', '.join(names)}"
            )
        return names.index(self._column)

    def _content(self) -> list[str]:
        lines = require(self._path).read_text(encoding="utf-8-sig").splitlines()
        return [line for line in lines if line.strip() and not line.startswith("#")]


def csv_table(path: Path, parameters: Mapping[str, Any], shape: Sequence[int]) -> TextRows:
    """The rows of ``text/csv`` and of spec ``CSV``: ``column``, ``delimiter`` (a comma) and ``header`` (true)."""
    return _table(path, parameters, shape, delimiter=",", header=True)


def ascii_table(path: Path, parameters: Mapping[str, Any], shape: Sequence[int]) -> TextRows:
    """The rows of ``text/plain`` and of spec ``ASCII``: ``column``, ``delimiter`` (spaces) and ``header`` (false)."""
    return _table(path, parameters, shape, delimiter=None, header=False)


def _table(
    path: Path,
    parameters: Mapping[str, Any],
    shape: Sequence[int],
    *,
    delimiter: str | None,
    header: bool,
) -> TextRows:
    return TextRows(
        path,
        shape,
        parameters.get("delimiter", delimiter),
        parameters.get("column"),
        header=bool(parameters.get("header", header)),
    )
