"""The store that needs no server: one SQLite file, one or more writing processes, any number that read.

A document whose `insert` returned survives the death of the process. With ``synchronous="NORMAL"``, the default,
a power cut may lose the last moments, though never damage the file; ``"FULL"`` waits for the disk, some twenty
times slower for single events.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from heapq import merge
from itertools import islice
from operator import itemgetter
from pathlib import Path
from threading import RLock
from types import NoneType, TracebackType
from typing import Any, Literal

from beamtwin.databroker.errors import DocumentError, RunNotFoundError
from beamtwin.databroker.query import Query, matches, validate
from beamtwin.databroker.stores import jsontext
from beamtwin.databroker.stores.base import Columns, Header, NamedDocument
from beamtwin.databroker.stores.leases import Leases
from beamtwin.databroker.stores.narrowing import narrow
from beamtwin.databroker.stores.reading import (
    Placed,
    count_events,
    join,
    read_others,
    read_streams,
    snapshot,
)
from beamtwin.databroker.stores.schema import atomic, connect, explain, explained, is_full
from beamtwin.databroker.stores.writing import RunWriter

__all__ = ["SqliteStore"]

#: What the table ``runs`` has columns for: the types, and how to say them.
_INDEXED: dict[str, tuple[tuple[type, ...], str]] = {
    "uid": ((str,), "a string"),
    "time": ((int, float), "a number of seconds since the Unix epoch"),
    "scan_id": ((int, NoneType), "an integer of 64 bits"),
    "plan_name": ((str, NoneType), "a string"),
}
#: How many headers are read at a time.
_BATCH = 256
#: Which key of a document names what it belongs to.
_PARENT = {
    "descriptor": "run_start",
    "event": "descriptor",
    "event_page": "descriptor",
    "stop": "run_start",
    "resource": "run_start",
    "datum": "resource",
    "datum_page": "resource",
    "stream_resource": "run_start",
    "stream_datum": "stream_resource",
}
#: What else than `RunWriter.document` files a document.
_FILING: dict[str, Callable[[RunWriter, Mapping[str, Any]], None]] = {
    "descriptor": RunWriter.descriptor,
    "event": RunWriter.event,
    "event_page": RunWriter.event_page,
    "stop": RunWriter.stop,
}
#: What documents that come later belong to, and what it must have for that.
_REQUIRED = {
    "descriptor": {"uid", "run_start", "data_keys"},
    "resource": {"uid"},
    "stream_resource": {"uid", "data_key"},
}

_MAY_NAME_NO_RUN = {"resource", "stream_resource"}

_INSERT_RUN = (
    "INSERT INTO runs (uid, time, scan_id, plan_name, writer, start) VALUES (?, ?, ?, ?, ?, ?)"
)


class SqliteStore:
    """Keeps runs in one file.

    Parameters
    ----------
    path : path-like
        Of the file, made if it is not there; ``":memory:"`` for a store that ends with the process.
    synchronous : {"NORMAL", "FULL"}
        ``"FULL"`` survives a power cut up to the last document.
    readonly : bool
        The file must exist, and inserting is refused.

    Raises
    ------
    StoreError
        Naming the file, what is wrong with it, and the way out.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        synchronous: Literal["NORMAL", "FULL"] = "NORMAL",
        readonly: bool = False,
    ):
        self.path = str(path)
        self._connection = connect(self.path, readonly=readonly, synchronous=synchronous)
        self._leases = Leases(None if self.path == ":memory:" else Path(self.path).absolute())
        self._lock = RLock()
        self._signature: str | None = None
        self._writers: dict[str, RunWriter] = {}

    # --- writing ------------------------------------------------------------

    def insert(self, name: str, doc: Mapping[str, Any]) -> None:
        """Keep one document; see `Store.insert`."""
        with self._lock:
            try:
                self._file(name, doc)
            except DocumentError as error:
                raise DocumentError(f"{name}: {error}") from None
            except (sqlite3.Error, OSError) as error:
                if is_full(error):
                    self._leases.give_room()
                raise explain(self.path, error) from error

    def insert_all(self, documents: Iterable[tuple[str, Mapping[str, Any]]]) -> None:
        """Keep the documents of whole runs, all or none; see `Store.insert_all`."""
        with self._lock, explained(self.path):
            before = dict(self._writers)
            try:
                with atomic(self._connection):
                    for name, doc in documents:
                        self.insert(name, doc)
            except BaseException:
                self._writers = before
                raise

    def _file(self, name: str, doc: Mapping[str, Any]) -> None:
        if name == "start":
            self._begin(doc)
            return
        writer = self._writer(name, doc)
        filing = _FILING.get(name)
        if filing is not None:
            filing(writer, doc)
        else:
            writer.document(name, doc)
        if name in _REQUIRED:
            self._writers[doc["uid"]] = writer
        elif name == "stop":
            self._writers = {uid: w for uid, w in self._writers.items() if w is not writer}

    def _begin(self, doc: Mapping[str, Any]) -> None:
        jsontext.check(doc)
        columns = _indexed(doc)
        with atomic(self._connection):
            known = self._connection.execute("SELECT 1 FROM runs WHERE uid = ?", columns[:1])
            if known.fetchone():
                raise DocumentError(
                    f"a run with the uid {doc['uid']} is stored already; "
                    "to reproduce a run, use another store"
                )
            row = (*columns, self._sign(), jsontext.dumps(doc))
            run = self._connection.execute(_INSERT_RUN, row).lastrowid or 0
        self._writers[doc["uid"]] = RunWriter(self._connection, run)

    def _sign(self) -> str:
        """The name of this writer; the first time, note whose writers have died."""
        if self._signature is None:
            self._leases.sweep()
            for (name,) in self._connection.execute(
                "SELECT DISTINCT writer FROM runs WHERE stop IS NULL AND writer IS NOT NULL"
            ).fetchall():
                if not self._leases.alive(name):
                    self._connection.execute(
                        "UPDATE runs SET writer = NULL WHERE stop IS NULL AND writer = ?", (name,)
                    )
            self._signature = self._leases.hold()
        return self._signature

    def _writer(self, name: str, doc: Mapping[str, Any]) -> RunWriter:
        parent = _PARENT.get(name)
        if parent is None:
            known = ", ".join(["start", *_PARENT])
            raise DocumentError(f"not a kind of document that is known; known: {known}")
        lacking = _REQUIRED[name].difference(doc) if name in _REQUIRED else None
        if lacking:
            raise DocumentError(f"has no {', '.join(sorted(lacking))}")
        writer = self._writers.get(doc.get(parent, "")) or self._only_writer(name, doc)
        if writer is None:
            raise DocumentError(
                f"belongs to {parent} {doc.get(parent)!r}, which is of no run that is open here"
            )
        return writer

    def _only_writer(self, name: str, doc: Mapping[str, Any]) -> RunWriter | None:
        """A resource need not name its run: then it can only be the one that is open."""
        writers = set(self._writers.values())
        unnamed = name in _MAY_NAME_NO_RUN and "run_start" not in doc
        return writers.pop() if unnamed and len(writers) == 1 else None

    # --- reading ------------------------------------------------------------

    def find(self, query: Query, *, skip: int = 0, limit: int | None = None) -> Iterator[Header]:
        """The runs that match, the last filed first."""
        validate(query)
        found = (header for header in self._candidates(query) if matches(query, _searched(header)))
        return islice(found, skip, None if limit is None else skip + limit)

    def count(self, query: Query) -> int:
        """How many runs match."""
        if query:
            return sum(1 for _ in self.find(query))
        return self._all("SELECT count(*) FROM runs")[0][0]

    def interrupted(self, *, new: bool = False) -> list[Header]:
        """The runs whose writer died; see `Store.interrupted`."""
        rows = self._all(
            "SELECT id, start, stop, writer FROM runs WHERE stop IS NULL ORDER BY id DESC"
        )
        headers = (self._header(row) for row in rows if row[3] is not None or not new)
        return [header for header in headers if header.state == "interrupted"]

    def documents(self, uid: str, names: Iterable[str] | None = None) -> Iterator[NamedDocument]:
        """The documents of a run as they were emitted; see `Store.documents`."""
        wanted = None if names is None else set(names)
        with self._lock, explained(self.path), snapshot(self._connection):
            run, header = self._run(uid)
            parts = [read_others(self._connection, run)]
            if wanted is None or wanted & {"event", "event_page"}:
                parts += [stream.documents() for stream in read_streams(self._connection, run)]
        return (
            (name, doc) for name, doc in _replay(header, parts) if wanted is None or name in wanted
        )

    def columns(self, uid: str, stream: str) -> Columns:
        """The events of one stream so far."""
        with self._lock, explained(self.path), snapshot(self._connection):
            streams = read_streams(self._connection, self._run(uid)[0], stream)
        return join([page for stored in streams for _, page in stored.pages()])

    def counts(self, uid: str) -> dict[str, int]:
        """How many events each stream of a run has so far."""
        with self._lock, explained(self.path), snapshot(self._connection):
            return count_events(self._connection, self._run(uid)[0])

    def _candidates(self, query: Query) -> Iterator[Header]:
        """The runs that may match, the last filed first, a batch at a time."""
        condition, operands = narrow(query)
        sql = (
            f"SELECT id, start, stop, writer FROM runs WHERE {condition} AND id < ? "
            "ORDER BY id DESC LIMIT ?"
        )
        last = 2**63 - 1
        while rows := self._all(sql, (*operands, last, _BATCH)):
            yield from map(self._header, rows)
            last = rows[-1][0]

    def _run(self, uid: str) -> tuple[int, Header]:
        rows = self._all("SELECT id, start, stop, writer FROM runs WHERE uid = ?", (uid,))
        if not rows:
            raise RunNotFoundError(f"no run with the uid {uid!r} in {self.path}")
        return rows[0][0], self._header(rows[0])

    def _header(self, row: tuple[int, str, str | None, str | None]) -> Header:
        _, start, stop, writer = row
        if stop is None:
            return Header(jsontext.loads(start), None, self._leases.alive(writer))
        return Header(jsontext.loads(start), jsontext.loads(stop), alive=False)

    def _all(self, sql: str, operands: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with self._lock, explained(self.path):
            return self._connection.execute(sql, operands).fetchall()

    # --- the end ------------------------------------------------------------

    def close(self) -> None:
        """Let go of the file. Idempotent."""
        with self._lock:
            self._connection.close()
            self._leases.release()
            self._signature = None

    def __enter__(self) -> "SqliteStore":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<SqliteStore {self.path}>"


def _indexed(start: Mapping[str, Any]) -> tuple[Any, ...]:
    """What the table ``runs`` has columns for, of the types that event-model asks for."""
    row = tuple(start.get(key) for key in _INDEXED)
    for (key, (types, meant)), value in zip(_INDEXED.items(), row, strict=True):
        unordered = isinstance(value, int | float) and not abs(value) < 2**63
        if not isinstance(value, types) or isinstance(value, bool) or unordered:
            raise DocumentError(f"{key} is {value!r}; it must be {meant}")
    return row


def _searched(header: Header) -> dict[str, Any]:
    return header.start if header.stop is None else {**header.start, "stop": header.stop}


def _replay(header: Header, parts: Iterable[Iterator[Placed]]) -> Iterator[NamedDocument]:
    yield "start", header.start
    for _, name, doc in merge(*parts, key=itemgetter(0)):
        yield name, doc
    if header.stop is not None:
        yield "stop", header.stop
