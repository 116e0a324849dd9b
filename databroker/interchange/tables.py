"""Measured data in a text table, as runs.

The table: lines that begin with ``#`` say where it comes from, then come the columns' names, then numbers, all
separated by commas. Rows that agree in the columns of ``group_by`` are one run; each of its rows is one event.
"""

import csv
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

from beamtwin.databroker.broker import Broker
from beamtwin.databroker.errors import ImportFileError
from beamtwin.databroker.run import Run
from beamtwin.databroker.stores.base import NamedDocument

__all__ = ["Table", "import_table", "read_table"]

#: Under which the uids of imported documents are made: the same file always gives the same.
_NAMESPACE = UUID("0d3d5cf4-4c0a-5f0e-9a6e-1f1f6b65616d")


@dataclass(frozen=True, slots=True)
class Table:
    """A text table that was read and found sound."""

    file: str
    """Its name, without folders."""
    sha256: str
    source: str
    """The text of its comment lines."""
    columns: list[str]
    rows: list[dict[str, float]]

    def groups(self, keys: Sequence[str]) -> dict[tuple[float, ...], list[dict[str, float]]]:
        """The rows by what they have in these columns, in order of appearance."""
        groups: dict[tuple[float, ...], list[dict[str, float]]] = {}
        for row in self.rows:
            groups.setdefault(tuple(row[key] for key in keys), []).append(row)
        return groups


def import_table(
    broker: Broker,
    path: str | Path,
    *,
    axis: str,
    time: float,
    group_by: Sequence[str] = (),
    units: Mapping[str, str] | None = None,
    metadata: Mapping[str, Any] | None = None,
    sha256: str | None = None,
) -> list[Run]:
    """File a table's groups as runs; those that were filed before are found and not filed again.

    Parameters
    ----------
    broker : Broker
    path : path-like
    axis : str
        The column that was scanned: the runs' dimension.
    time : float
        When it was measured, in seconds since the Unix epoch.
    group_by : sequence of str
        Columns that tell the runs apart; they go to ``start["labels"]``.
    units : dict, optional
        By column.
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
    table = read_table(path, [axis, *group_by, *(units or {})], sha256)
    runs = {
        _uid(table, group): (dict(zip(group_by, group, strict=True)), rows)
        for group, rows in table.groups(group_by).items()
    }
    documents: list[NamedDocument] = []
    for uid, (labels, rows) in runs.items():
        if uid not in broker:
            own = _start(table, uid, time, axis, labels)
            start = {"plan_name": "import_table", **(metadata or {}), **own}
            documents += _documents(table, start, axis, rows, units or {})
    broker.store.insert_all(documents)
    return [broker[uid] for uid in runs]


def read_table(path: str | Path, needed: Sequence[str] = (), sha256: str | None = None) -> Table:
    """Read a table, and refuse it as a whole if anything in it is not as it should be.

    Parameters
    ----------
    path : path-like
    needed : sequence of str
        Columns that it must have.
    sha256 : str, optional
        What its content must be.

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
    rows = [_row(path, number, line, columns) for number, line in body[1:]]
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
    columns = [cell.strip() for cell in next(csv.reader([line]))]
    for name in needed:
        if name not in columns:
            raise ImportFileError(
                f"{path}, line {number}: has no column {name!r}; it has: {', '.join(columns)}"
            )
    if len(set(columns)) < len(columns):
        raise ImportFileError(f"{path}, line {number}: names a column twice: {', '.join(columns)}")
    return columns


def _row(path: str | Path, number: int, line: str, columns: Sequence[str]) -> dict[str, float]:
    cells = next(csv.reader([line]))
    if len(cells) != len(columns):
        raise ImportFileError(
            f"{path}, line {number}: has {len(cells)} cells; expected {len(columns)}: "
            f"{', '.join(columns)}"
        )
    return {
        column: _number(path, number, column, cell)
        for column, cell in zip(columns, cells, strict=True)
    }


def _number(path: str | Path, number: int, column: str, cell: str) -> float:
    try:
        return float(cell)
    except ValueError:
        raise ImportFileError(
            f"{path}, line {number}, column {column!r}: {cell!r} is not a number"
        ) from None


# --- documents --------------------------------------------------------------


def _uid(table: Table, group: Sequence[float]) -> str:
    return str(uuid5(_NAMESPACE, json.dumps([table.sha256, *group])))


def _start(
    table: Table, uid: str, time: float, axis: str, labels: Mapping[str, float]
) -> dict[str, Any]:
    return {
        "uid": uid,
        "time": time,
        "labels": dict(labels),
        "hints": {"dimensions": [[[axis], "primary"]]},
        "imported": {"file": table.file, "sha256": table.sha256, "source": table.source},
    }


def _documents(
    table: Table,
    start: dict[str, Any],
    axis: str,
    rows: Sequence[Mapping[str, float]],
    units: Mapping[str, str],
) -> Iterator[NamedDocument]:
    run, time = UUID(start["uid"]), start["time"]
    keys = [column for column in table.columns if column not in start["labels"]]
    descriptor = str(uuid5(run, "primary"))
    yield "start", start
    yield "descriptor", _descriptor(table, start, descriptor, axis, keys, units)
    for number, row in enumerate(rows, 1):
        yield (
            "event",
            {
                "uid": str(uuid5(run, f"primary/{number}")),
                "descriptor": descriptor,
                "seq_num": number,
                "time": time,
                "data": {key: row[key] for key in keys},
                "timestamps": dict.fromkeys(keys, time),
            },
        )
    yield (
        "stop",
        {
            "uid": str(uuid5(run, "stop")),
            "run_start": start["uid"],
            "time": time,
            "exit_status": "success",
            "num_events": {"primary": len(rows)},
        },
    )


def _descriptor(
    table: Table,
    start: Mapping[str, Any],
    uid: str,
    axis: str,
    keys: Sequence[str],
    units: Mapping[str, str],
) -> dict[str, Any]:
    name = Path(table.file).stem
    data_keys = {
        key: {"dtype": "number", "dtype_numpy": "<f8", "shape": [], "source": f"file:{table.file}"}
        | ({"units": units[key]} if key in units else {})
        for key in keys
    }
    return {
        "uid": uid,
        "run_start": start["uid"],
        "time": start["time"],
        "name": "primary",
        "data_keys": {key: data_key | {"object_name": name} for key, data_key in data_keys.items()},
        "object_keys": {name: list(keys)},
        "configuration": {},
        "hints": {name: {"fields": [key for key in keys if key != axis]}},
    }
