"""How runs are found in the tables of the SQLite store."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from threading import RLock
from typing import Any

from beamtwin.databroker.query import Query, validate
from beamtwin.databroker.stores import jsontext
from beamtwin.databroker.stores.base import Header, Sort
from beamtwin.databroker.stores.clauses import Clause
from beamtwin.databroker.stores.narrowing import SORTED_COLUMNS, narrow
from beamtwin.databroker.stores.reading import read_descriptors
from beamtwin.databroker.stores.schema import explained
from beamtwin.databroker.stores.searched import (
    Searched,
    answers,
    check_sort,
    different,
    in_order,
    reads_descriptors,
)
from beamtwin.databroker.stores.unindexed import path_of

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
        if all(key in SORTED_COLUMNS for key, _ in sort):
            rows = self._rows(clause, sort, hidden, last)
            if clause.exact:
                rows = islice(rows, skip, last)
                return map(self._header, rows)
            found = (header for header, _ in self._answers(query, rows, ()))
        else:
            keys = [key for key, _ in sort]
            found = iter(in_order(self._answers(query, self._rows(clause, (), hidden), keys), sort))
        return islice(found, skip, last)

    def count(self, query: Query) -> int:
        """How many runs match."""
        validate(query)
        clause = narrow(query)
        if clause.exact:
            sql = f"SELECT count(*) FROM runs WHERE {clause.sql} AND {_NOT_HIDDEN}"
            return self._all(sql, clause.operands)[0][0]
        return sum(1 for _ in self._answers(query, self._rows(clause, (), False), ()))

    def distinct(self, key: str, query: Query) -> list[Any]:
        """See `Store.distinct`."""
        validate(query)
        clause = narrow(query)
        texts = self._different_texts(key, clause) if clause.exact else None
        if texts is not None:
            return different("value", ({"value": jsontext.loads(text)} for text in texts))
        rows = self._rows(clause, (), False)
        return different(key, (searched for _, searched in self._answers(query, rows, [key])))

    def _different_texts(self, key: str, clause: Clause) -> list[str] | None:
        """The JSON of the values under a key, each once; None where SQL does not see them as Python does."""
        path = path_of(key)
        if path is None:
            return None
        column, (*on_the_way, last) = path
        chosen = f"FROM runs WHERE ({clause.sql}) AND hidden = 0"
        for step in on_the_way:  # lists, and what is marked as numpy's and the like
            odd = f"json_type({column}, '{step}') = 'array'"
            odd += f""" OR json_type({column}, '{step}."{jsontext.MARK}"') IS NOT NULL"""
            if self._all(f"SELECT 1 {chosen} AND ({odd}) LIMIT 1", clause.operands):
                return None
        value = f"{column} -> '{last}'"
        sql = f"SELECT DISTINCT {value} {chosen} AND {value} IS NOT NULL"
        return [text for (text,) in self._all(sql, clause.operands)]

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
        self, query: Query, rows: Iterator[tuple[Any, ...]], keys: Sequence[str]
    ) -> Iterator[tuple[Header, Searched]]:
        needed = reads_descriptors(query, keys)
        return answers(query, map(self._header, rows), self._descriptors if needed else None)

    def _rows(
        self, clause: Clause, sort: Sort, hidden: bool, wanted: int | None = None
    ) -> Iterator[tuple[Any, ...]]:
        """The runs that may match, the last filed first or sorted by columns; read a batch at a time."""
        where = f"({clause.sql}) AND hidden = {int(hidden)}"
        if sort:
            yield from self._sorted_rows(where, clause.operands, sort)
            return
        sql = f"SELECT {_COLUMNS} FROM runs WHERE {where} AND id < ? ORDER BY id DESC LIMIT ?"
        last, batch = 2**63 - 1, min(wanted or _FIRST_BATCH, _LARGEST_BATCH)
        while rows := self._all(sql, (*clause.operands, last, batch)):
            yield from rows
            if len(rows) < batch:
                return
            last, batch = rows[-1][0], min(2 * batch, _LARGEST_BATCH)

    def _sorted_rows(
        self, where: str, operands: Sequence[Any], sort: Sort
    ) -> Iterator[tuple[Any, ...]]:
        order = ", ".join(f"{key} {'ASC' if direction == 1 else 'DESC'}" for key, direction in sort)
        sql = f"SELECT id FROM runs WHERE {where} ORDER BY {order}, id DESC"
        ids = [run for (run,) in self._all(sql, operands)]
        for first in range(0, len(ids), _LARGEST_BATCH):
            chosen = ids[first : first + _LARGEST_BATCH]
            marks = ", ".join("?" * len(chosen))
            rows = self._all(f"SELECT {_COLUMNS} FROM runs WHERE id IN ({marks})", chosen)
            by_id = {row[0]: row for row in rows}
            yield from (by_id[run] for run in chosen if run in by_id)

    def _descriptors(self, uid: str) -> list[dict[str, Any]]:
        with self._lock, explained(self._path):
            return read_descriptors(self._connection, uid)

    def _header(self, row: tuple[Any, ...]) -> Header:
        _, start, stop, writer, annotations, hidden = row
        return Header(
            jsontext.loads(start),
            None if stop is None else jsontext.loads(stop),
            alive=stop is None and self._alive(writer),
            annotations={} if annotations == "{}" else jsontext.loads(annotations),
            hidden=bool(hidden),
        )

    def _all(self, sql: str, operands: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with self._lock, explained(self._path):
            return self._connection.execute(sql, operands).fetchall()


#: As a list of the few, so that the many are counted in an index.
_NOT_HIDDEN = "id NOT IN (SELECT id FROM runs WHERE hidden = 1)"
