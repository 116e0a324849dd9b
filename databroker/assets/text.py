"""Columns of numbers in text files: CSV, or separated by spaces; ``#`` begins a comment.

Documents may name any file of this machine as such a table: no message quotes what is in it.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from beamtwin.databroker.assets.paths import require
from beamtwin.databroker.assets.rows import fitting
from beamtwin.databroker.errors import AssetError

if TYPE_CHECKING:
    import numpy as np

__all__ = ["TextRows", "ascii_table", "csv_table"]

#: With its number in the file, from 1.
_Line = tuple[int, str]


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

        lines, column = self._lines()[first : first + count], self._number()
        if len(lines) < count:
            raise AssetError(f"{self._path} has no row {first + count}, and it was announced")
        try:
            values = np.loadtxt(
                [line for _, line in lines], delimiter=self._delimiter, usecols=column, ndmin=2
            )
        except (ValueError, IndexError):
            raise AssetError(
                f"{self._path} cannot be read as numbers: {self._fault(lines, column)}"
            ) from None
        inner = values.shape[1:] if self._column is None else ()
        return values.reshape(count, *fitting(self._shape, inner))

    def _fault(self, lines: Sequence[_Line], column: int | None) -> str:
        """The first place where the lines are no table of numbers."""
        width = len(lines[0][1].split(self._delimiter))
        if column is not None and not -width <= column < width:
            return f"line {lines[0][0]} has {width} columns, and none of the number {column}"
        for number, line in lines:
            cells = line.split(self._delimiter)
            if len(cells) != width:
                return f"line {number} has {len(cells)} columns, and line {lines[0][0]} {width}"
            for place, cell in enumerate(cells):
                if column in (None, place) and not _is_number(cell):
                    return f"line {number}, column {place + 1} is no number"
        return f"its lines {lines[0][0]} to {lines[-1][0]} are no table of numbers"

    def _lines(self) -> list[_Line]:
        lines = self._content()
        return lines[1:] if self._header else lines

    def _number(self) -> int | None:
        if not isinstance(self._column, str):
            return self._column
        lines = self._content()
        names = [name.strip() for name in lines[0][1].split(self._delimiter)] if lines else []
        if self._column not in names:
            raise AssetError(
                f"{self._path} has no column {self._column!r} among the {len(names)} that it names"
            )
        return names.index(self._column)

    def _content(self) -> list[_Line]:
        try:
            text = require(self._path).read_text(encoding="utf-8-sig")
        except OSError as error:
            raise AssetError(f"{self._path} cannot be read: {error.strerror}") from error
        except UnicodeDecodeError:
            raise AssetError(f"{self._path} cannot be read as numbers: it is no text") from None
        lines = enumerate(text.splitlines(), 1)
        return [
            (number, line) for number, line in lines if line.strip() and not line.startswith("#")
        ]


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


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
