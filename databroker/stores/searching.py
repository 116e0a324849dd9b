"""How runs are found in the tables of the SQLite store."""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from threading import RLock
from typing import Any

from beamtwin.databroker.query import Query, validate
from beamtwin.databroker.stores import jsontext
from beamtwin.databroker.stores.base import Header, Sort
from beamtwin.databroker.stores.clauses import Clause, Condition
from beamtwin.databroker.stores.narrowing import SORTED_COLUMNS, narrow
from beamtwin.databroker.stores.patterns import Patterns
from beamtwin.databroker.stores.reading import read_descriptors
from beamtwin.databroker.stores.schema import explained
from beamtwin.databroker.stores.searched import (
    Searched,
    answers,
    check_sort,
    different,
    in_order,
    place,
    reads_descriptors,
)
from beamtwin.databroker.stores.unindexed import path_of, top_of

__all__ = ["RunSearch"]

#: How many headers are read at a time: as many as are wanted, or few at first.
_FIRST_BATCH, _LARGEST_BATCH = 16, 256
_COLUMNS = "id, start, stop, writer, annotations, hidden"


class RunSearch:
    """The search of one store.

    Parameters
    ----------
    connection : sqlite3.Connection
    lock : RLock
        Held while the connection is in use.
    path : str
        What the store is called in errors.
    alive : callable
        Whether the writer of that name is there.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        lock: RLock,  # pyright: ignore[reportGeneralTypeIssues]
        path: str,
        alive: Callable[[str | None], bool],
    ):
        self._connection = connection
        self._patterns = Patterns(connection)
        self._lock = lock
        self._path = path
        self._alive = alive

    def find(
        self, query: Query, *, sort: Sort, skip: int, limit: int | None, hidden: bool
    ) -> Iterator[Header]:
        """See `Store.find`."""
        validate(query)
        check_sort(sort)
        last = None if limit is None else skip + limit
        clause = narrow(query)
        ids = self._sorted(clause.may, sort, hidden) if sort else None
        if sort and ids is None:
            keys = [key for key, _ in sort]
            rows = self._rows(clause, hidden)
            return islice(in_order(self._answers(query, rows, keys), sort), skip, last)
        rows = self._rows(clause, hidden, last) if ids is None else self._rows_of(clause, ids)
        if clause.exact:
            return map(self._header, islice(rows, skip, last))
        return islice((header for header, _ in self._answers(query, rows)), skip, last)

    def count(self, query: Query) -> int:
        """How many runs match."""
        validate(query)
        clause = narrow(query)
        if clause.exact:
            sql = f"SELECT count(*) FROM runs WHERE {clause.may.sql} AND {_NOT_HIDDEN}"
            return self._all(sql, clause.may.operands)[0][0]
        sql = f"SELECT id, {clause.sure.sql} FROM runs WHERE ({clause.may.sql}) AND hidden = 0"
        found = self._all(sql, (*clause.sure.operands, *clause.may.operands))
        unsure = [run for run, sure in found if not sure]
        asked = self._answers(query, self._rows_of(clause, unsure))
        return len(found) - len(unsure) + sum(1 for _ in asked)

    def distinct(self, key: str, query: Query) -> list[Any]:
        """See `Store.distinct`."""
        validate(query)
        clause = narrow(query)
        texts = self._different_texts(key, clause.may) if clause.exact else None
        if texts is not None:
            return different("value", ({"value": jsontext.loads(text)} for text in texts))
        rows = self._rows(clause, hidden=False)
        return different(key, (searched for _, searched in self._answers(query, rows, [key])))

    def _different_texts(self, key: str, condition: Condition) -> list[str] | None:
        """The JSON of the values under a key, each once; None where SQL does not see them as Python does."""
        path = path_of(key)
        if path is None:
            return None
        column, (*on_the_way, last) = path
        chosen = f"FROM runs WHERE ({condition.sql}) AND hidden = 0"
        for step in on_the_way:  # lists, and what is marked as numpy's and the like
            odd = f"json_type({column}, '{step}') = 'array'"
            odd += f""" OR json_type({column}, '{step}."{jsontext.MARK}"') IS NOT NULL"""
            if self._all(f"SELECT 1 {chosen} AND ({odd}) LIMIT 1", condition.operands):
                return None
        value = f"{column} -> '{last}'"
        sql = f"SELECT DISTINCT {value} {chosen} AND {value} IS NOT NULL"
        return [text for (text,) in self._all(sql, condition.operands)]

    def unfinished(self, *, signed: bool) -> list[Header]:
        """The runs that have no stop document, the last filed first; or those of a writer of which nobody knows ill."""
        rows = self._all(
            f"SELECT {_COLUMNS} FROM runs WHERE stop IS NULL AND hidden = 0 ORDER BY id DESC"
        )
        return [self._header(row) for row in rows if row[3] is not None or not signed]

    def run(self, uid: str) -> tuple[int, Header] | None:
        """The id and the header of one run."""
        rows = self._all(f"SELECT {_COLUMNS} FROM runs WHERE uid = ?", (uid,))
        return (rows[0][0], self._header(rows[0])) if rows else None

    def _answers(
        self, query: Query, rows: Iterable[tuple[Any, ...]], keys: Sequence[str] = ()
    ) -> Iterator[tuple[Header, Searched]]:
        """Those of the rows that match, each with what is searched of it, these keys too."""
        descriptors = self._descriptors if reads_descriptors(query, keys) else None
        for row in rows:
            yield from answers({} if row[-1] else query, [self._header(row)], descriptors)

    def _rows(
        self, clause: Clause, hidden: bool, wanted: int | None = None
    ) -> Iterator[tuple[Any, ...]]:
        """The runs that may match, and whether they do, the last filed first; read a batch at a time."""
        sql = f"SELECT {_COLUMNS}, {clause.sure.sql} FROM runs WHERE ({clause.may.sql}) AND hidden = ?"
        sql += " AND id < ? ORDER BY id DESC LIMIT ?"
        operands = (*clause.sure.operands, *clause.may.operands, hidden)
        last, batch = 2**63 - 1, min(wanted or _FIRST_BATCH, _LARGEST_BATCH)
        while rows := self._all(sql, (*operands, last, batch)):
            yield from rows
            if len(rows) < batch:
                return
            last, batch = rows[-1][0], min(2 * batch, _LARGEST_BATCH)

    def _rows_of(self, clause: Clause, ids: Sequence[int]) -> Iterator[tuple[Any, ...]]:
        """The same, of the runs with these ids."""
        for first in range(0, len(ids), _LARGEST_BATCH):
            chosen = ids[first : first + _LARGEST_BATCH]
            sql = f"SELECT {_COLUMNS}, {clause.sure.sql} FROM runs"
            sql += f" WHERE id IN ({', '.join('?' * len(chosen))})"
            by_id = {row[0]: row for row in self._all(sql, (*clause.sure.operands, *chosen))}
            yield from (by_id[run] for run in chosen if run in by_id)

    def _sorted(self, condition: Condition, sort: Sort, hidden: bool) -> list[int] | None:
        """The ids in order; None where SQL does not find the values."""
        chosen = f"FROM runs WHERE ({condition.sql}) AND hidden = {int(hidden)}"
        if all(key in SORTED_COLUMNS for key, _ in sort):
            order = ", ".join(f"{key} {'ASC' if way == 1 else 'DESC'}" for key, way in sort)
            sql = f"SELECT id {chosen} ORDER BY {order}, id DESC"
            return [run for (run,) in self._all(sql, condition.operands)]
        tops = [top for key, _ in sort if (top := top_of(key)) is not None]
        if len(tops) < len(sort):
            return None
        sql = f"SELECT id, {', '.join(value for value, _ in tops)} {chosen} ORDER BY id DESC"
        within = [(key, direction) for (_, key), (_, direction) in zip(tops, sort, strict=True)]
        return _in_order(self._all(sql, condition.operands), within)

    def _descriptors(self, uid: str) -> list[dict[str, Any]]:
        with self._lock, explained(self._path):
            return read_descriptors(self._connection, uid)

    def _header(self, row: tuple[Any, ...]) -> Header:
        _, start, stop, writer, annotations, hidden, *_ = row
        return Header(
            jsontext.loads(start),
            None if stop is None else jsontext.loads(stop),
            alive=stop is None and self._alive(writer),
            annotations={} if annotations == "{}" else jsontext.loads(annotations),
            hidden=bool(hidden),
        )

    def _all(self, sql: str, operands: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with self._lock, explained(self._path), self._patterns.heard():
            return self._connection.execute(sql, operands).fetchall()


#: As a list of the few, so that the many are counted in an index.
_NOT_HIDDEN = "id NOT IN (SELECT id FROM runs WHERE hidden = 1)"


def _in_order(rows: list[tuple[Any, ...]], sort: Sort) -> list[int]:
    """The ids in order, given with the JSON of what the first step of each key leads to."""
    order = list(range(len(rows)))
    for column, (key, direction) in reversed([*enumerate(sort, 1)]):
        places = _places(key, direction, [row[column] for row in rows])
        order.sort(key=places.__getitem__, reverse=direction == -1)
    return [rows[number][0] for number in order]


def _places(key: str, direction: int, texts: Sequence[str | None]) -> list[tuple[Any, ...]]:
    """Where runs come by what they have under a key; equal JSON is read once."""
    known = [text for text in set(texts) if text is not None]
    values = zip(known, jsontext.loads(f"[{','.join(known)}]"), strict=True)
    first = key.split(".")[0]
    places: dict[str | None, tuple[Any, ...]] = {None: place(key, direction, {})}
    places.update((text, place(key, direction, {first: value})) for text, value in values)
    return [places[text] for text in texts]
