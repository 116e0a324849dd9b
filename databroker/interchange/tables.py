"""Measured data in a text table, as runs.

The table: lines that begin with ``#`` say where it comes from, then come the columns' names, then numbers (in columns
that are named as such, texts), all separated by commas. Rows that agree in the columns of ``group_by`` are one run;
each of its rows is one event.
"""

import csv
import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid5

from beamtwin.databroker.broker import Broker
from beamtwin.databroker.errors import ImportFileError
from beamtwin.databroker.interchange.composing import NAMESPACE, Points, compose, metadata_of
from beamtwin.databroker.interchange.documents import file_runs
from beamtwin.databroker.run import Run
from beamtwin.databroker.stores.base import NamedDocument

__all__ = ["Table", "import_table", "read_table"]

#: By column.
Row = dict[str, float | str]


@dataclass(frozen=True, slots=True)
class Table:
    """A text table that was read and found sound."""

    file: str
    """Its name, without folders."""
    sha256: str
    source: str
    """The text of its comment lines."""
    columns: list[str]
    rows: list[Row]

    def groups(self, keys: Sequence[str]) -> dict[tuple[float | str, ...], list[Row]]:
        """The rows by what they have in these columns, in order of appearance."""
        groups: dict[tuple[float | str, ...], list[Row]] = {}
        for row in self.rows:
            groups.setdefault(tuple(row[key] for key in keys), []).append(row)
        return groups


def import_table(
    broker: Broker,
    path: str | Path,
    *,
    axis: str | None,
    time: float,
    group_by: Sequence[str] = (),
    times: str | None = None,
    units: Mapping[str, str] | None = None,
    texts: Collection[str] = (),
    metadata: Mapping[str, Any] | None = None,
    sha256: str | None = None,
) -> list[Run]:
    """File a table's groups as runs; those that were filed before are found and not filed again.

    Parameters
    ----------
    broker : Broker
    path : path-like
    axis : str or None
        The column that was scanned: the runs' dimension, unless ``hints`` in ``metadata`` name others of its columns.
    time : float
        When it was measured, in seconds since the Unix epoch.
    group_by : sequence of str
        Columns that tell the runs apart; they go to ``start["labels"]``.
    times : str, optional
        Column that says when each row was measured, in seconds since the Unix epoch.
    units : dict, optional
        By column.
    texts : collection of str
        Columns that hold texts; all others hold numbers.
    metadata : dict, optional
        More for every start document: ``purpose``, ``twin``, ...
    sha256 : str, optional
        Of the whole file, where it is known what it must be.

    Returns
    -------
    list of Run
        One a group, in order of appearance.

    Raises
    ------
    ImportFileError
        Naming file, line, column and what is expected; nothing was filed.
    """
    needed = [*filter(None, [axis, times]), *group_by, *(units or {})]
    table = read_table(path, needed, sha256, [key for key in texts if key != times])
    runs = {
        _uid(table, group): (dict(zip(group_by, group, strict=True)), rows)
        for group, rows in table.groups(group_by).items()
    }
    new: list[list[NamedDocument]] = []
    for uid, (labels, rows) in runs.items():
        if uid not in broker:
            start = _start(table, uid, time, axis, labels, metadata or {})
            moments = [float(row[times]) if times else time for row in rows]
            left_out = [*labels, times]
            points = _points(table, left_out, axis, rows, units or {}, moments)
            new.append(list(compose(start, [points])))
    file_runs(broker, new, str(path))
    return [broker[uid] for uid in runs]


def read_table(
    path: str | Path,
    needed: Sequence[str] = (),
    sha256: str | None = None,
    texts: Collection[str] = (),
) -> Table:
    """Read a table, and refuse it as a whole if anything in it is not as it should be.

    Parameters
    ----------
    path : path-like
    needed : sequence of str
        Columns that it must have.
    sha256 : str, optional
        What its content must be.
    texts : collection of str
        Columns that hold texts.

    Raises
    ------
    ImportFileError
        Naming file, line, column and what is expected.
    """
    content = _content(path)
    found = hashlib.sha256(content).hexdigest()
    if sha256 is not None and found != sha256:
        raise ImportFileError(
            f"{path}: is not the file that is expected: sha256 {found}, not {sha256}"
        )
    text = _text(path, content)
    lines = list(enumerate(text.splitlines(), 1))
    source = "\n".join(line.lstrip("# ").rstrip() for _, line in lines if line.startswith("#"))
    body = [(number, line) for number, line in lines if line.strip() and not line.startswith("#")]
    if len(body) < 2:
        raise ImportFileError(f"{path}: has no rows; expected a line of column names, then numbers")
    columns = _columns(path, *body[0], needed)
    rows = [_row(path, number, line, columns, texts) for number, line in body[1:]]
    return Table(Path(path).name, found, source, columns, rows)


def _content(path: str | Path) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise ImportFileError(f"{path}: cannot be read: {error.strerror}") from error


def _text(path: str | Path, content: bytes) -> str:
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise ImportFileError(f"{path}, line {line}: is not UTF-8 text") from error
    if text and not text.endswith("\n"):
        raise ImportFileError(
            f"{path}, line {text.count(chr(10)) + 1}: has no line end, so the file may have been cut "
            "off there; get it again, or add the line end if it is complete"
        )
    return text


def _columns(path: str | Path, number: int, line: str, needed: Sequence[str]) -> list[str]:
    columns = [cell.strip() for cell in _cells(path, number, line)]
    for name in needed:
        if name not in columns:
            raise ImportFileError(
                f"{path}, line {number}: has no column {name!r}; it has: {', '.join(columns)}"
            )
    if len(set(columns)) < len(columns):
        raise ImportFileError(f"{path}, line {number}: names a column twice: {', '.join(columns)}")
    return columns


def _row(
    path: str | Path, number: int, line: str, columns: Sequence[str], texts: Collection[str]
) -> Row:
    cells = _cells(path, number, line)
    if len(cells) != len(columns):
        raise ImportFileError(
            f"{path}, line {number}: has {len(cells)} cells; expected {len(columns)}: "
            f"{', '.join(columns)}"
        )
    return {
        column: cell if column in texts else _number(path, number, column, cell)
        for column, cell in zip(columns, cells, strict=True)
    }


def _cells(path: str | Path, number: int, line: str) -> list[str]:
    try:
        return next(csv.reader([line]))
    except csv.Error as error:
        raise ImportFileError(f"{path}, line {number}: is no line of a table: {error}") from error


def _number(path: str | Path, number: int, column: str, cell: str) -> float:
    try:
        return float(cell)
    except ValueError:
        raise ImportFileError(
            f"{path}, line {number}, column {column!r}: {cell!r} is not a number"
        ) from None


# --- documents --------------------------------------------------------------


def _uid(table: Table, group: Sequence[float | str]) -> str:
    return str(uuid5(NAMESPACE, json.dumps([table.sha256, *group])))


def _start(
    table: Table,
    uid: str,
    time: float,
    axis: str | None,
    labels: Mapping[str, float | str],
    metadata: Mapping[str, Any],
) -> dict[str, Any]:
    own = {
        "uid": uid,
        "time": time,
        "imported": {"file": table.file, "sha256": table.sha256, "source": table.source},
    }
    said = metadata_of(metadata, table.columns)
    if axis is not None:
        said["hints"].setdefault("dimensions", [[[axis], "primary"]])
    if labels:
        own["labels"] = dict(labels)
    return {"plan_name": "import_table", "labels": {}, **said, **own}


def _points(
    table: Table,
    left_out: Collection[str | None],
    axis: str | None,
    rows: Sequence[Row],
    units: Mapping[str, str],
    times: Sequence[float],
) -> Points:
    keys = [key for key in table.columns if key not in left_out]
    return Points(
        name="primary",
        object_name=Path(table.file).stem,
        source=f"file:{table.file}",
        rows=[{key: row[key] for key in keys} for row in rows],
        times=times,
        units=units,
        axis=axis,
    )
