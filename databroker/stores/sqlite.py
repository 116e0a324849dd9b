"""The store that needs no server: one SQLite file, one or more writing processes, any number that read.

A document whose `insert` returned survives the death of the process. With ``synchronous="NORMAL"``, the default,
a power cut may lose the last moments, though never damage the file; ``"FULL"`` waits for the disk, some twenty
times slower for single events.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from heapq import merge
from operator import itemgetter
from pathlib import Path
from threading import RLock
from typing import Any, Literal

from beamtwin.databroker.closing import Closing
from beamtwin.databroker.errors import DocumentError, RunNotFoundError
from beamtwin.databroker.query import Query
from beamtwin.databroker.stores import jsontext
from beamtwin.databroker.stores.base import Annotations, Columns, Header, NamedDocument, Sort
from beamtwin.databroker.stores.editing import check_deletable, remove, set_annotations, set_hidden
from beamtwin.databroker.stores.indexing import index
from beamtwin.databroker.stores.leases import Leases
from beamtwin.databroker.stores.reading import (
    Placed,
    count_documents,
    count_events,
    join,
    read_others,
    read_streams,
    snapshot,
)
from beamtwin.databroker.stores.routing import Router, check_start
from beamtwin.databroker.stores.schema import atomic, connect, explain, explained, is_full
from beamtwin.databroker.stores.searching import RunSearch
from beamtwin.databroker.stores.writing import RunWriter

__all__ = ["SqliteStore"]

#: What the table ``runs`` has columns for.
_COLUMNS = ("uid", "time", "scan_id", "plan_name")
#: What else than `RunWriter.document` files a document.
_FILING: dict[str, Callable[[RunWriter, Mapping[str, Any]], None]] = {
    "descriptor": RunWriter.descriptor,
    "event": RunWriter.event,
    "event_page": RunWriter.event_page,
    "stop": RunWriter.stop,
}
_INSERT_RUN = (
    "INSERT INTO runs (uid, time, scan_id, plan_name, writer, start) VALUES (?, ?, ?, ?, ?, ?)"
)


class SqliteStore(Closing):
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
        self._search = RunSearch(self._connection, self._lock, self.path, self._leases.alive)
        self._signature: str | None = None
        self._router = Router[RunWriter]()
        self._bulk = False

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
            before, self._router, self._bulk = self._router, Router[RunWriter](), True
            try:
                with atomic(self._connection):
                    for name, doc in documents:
                        self.insert(name, doc)
                    for writer in set(self._router.writers.values()):
                        writer.settle()
                before.adopt(self._router)
            finally:
                self._router, self._bulk = before, False

    def _file(self, name: str, doc: Mapping[str, Any]) -> None:
        if name == "start":
            self._begin(doc)
            return
        writer = self._router.writer(name, doc)
        filing = _FILING.get(name)
        if filing is not None:
            filing(writer, doc)
        else:
            writer.document(name, doc)
        self._router.filed(name, doc, writer)

    def _begin(self, doc: Mapping[str, Any]) -> None:
        check_start(doc)
        columns, text = [doc.get(key) for key in _COLUMNS], jsontext.dumps(doc)
        with atomic(self._connection):
            known = self._connection.execute("SELECT 1 FROM runs WHERE uid = ?", columns[:1])
            if known.fetchone():
                raise DocumentError(
                    f"a run with the uid {doc['uid']} is stored already; "
                    "to reproduce a run, use another store"
                )
            row = (*columns, self._sign(), text)
            run = self._connection.execute(_INSERT_RUN, row).lastrowid or 0
            index(self._connection, run, "start", doc)
        self._router.open(doc["uid"], RunWriter(self._connection, run, bulk=self._bulk))

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

    # --- reading ------------------------------------------------------------

    def find(
        self,
        query: Query,
        *,
        sort: Sort = (),
        skip: int = 0,
        limit: int | None = None,
        hidden: bool = False,
    ) -> Iterator[Header]:
        """The runs that match, the last filed first; see `Store.find`."""
        return self._search.find(query, sort=sort, skip=skip, limit=limit, hidden=hidden)

    def count(self, query: Query) -> int:
        """How many runs match."""
        return self._search.count(query)

    def distinct(self, key: str, query: Query) -> list[Any]:
        """The values that the matching runs have under a key; see `Store.distinct`."""
        return self._search.distinct(key, query)

    def interrupted(self, *, new: bool = False) -> list[Header]:
        """The runs whose writer died; see `Store.interrupted`."""
        found = self._search.unfinished(signed=new)
        return [header for header in found if header.state == "interrupted"]

    def documents(
        self, uid: str, names: Iterable[str] | None = None, *, since: int = 0
    ) -> Iterator[NamedDocument]:
        """The documents of a run as they were emitted; see `Store.documents`."""
        wanted = None if names is None else set(names)
        with self._lock, explained(self.path), snapshot(self._connection):
            run, header = self._run(uid)
            ended = header.stop is not None and since <= count_documents(self._connection, run)
            parts = [read_others(self._connection, run, since)]
            if wanted is None or wanted & {"event", "event_page"}:
                streams = read_streams(self._connection, run, since=since)
                parts += [stream.documents() for stream in streams]
        replayed = _replay(header, parts, since, ended)
        return ((name, doc) for name, doc in replayed if wanted is None or name in wanted)

    def columns(self, uid: str, stream: str, keys: Iterable[str] | None = None) -> Columns:
        """The events of one stream so far; see `Store.columns`."""
        with self._lock, explained(self.path), snapshot(self._connection):
            streams = read_streams(self._connection, self._run(uid)[0], stream)
        return join([page for stored in streams for _, page in stored.pages()], keys)

    def counts(self, uid: str) -> dict[str, int]:
        """How many events each stream of a run has so far."""
        with self._lock, explained(self.path), snapshot(self._connection):
            return count_events(self._connection, self._run(uid)[0])

    # --- afterwards ---------------------------------------------------------

    def annotate(self, uid: str, change: Callable[[Annotations], Annotations]) -> Annotations:
        """Replace a run's annotations; see `Store.annotate`."""
        with self._lock, explained(self.path), atomic(self._connection):
            run, header = self._run(uid)
            return set_annotations(self._connection, run, change(header.annotations))

    def hide(self, uid: str, hidden: bool = True) -> None:
        """Put a run out of sight, or bring it back; see `Store.hide`."""
        with self._lock, explained(self.path), atomic(self._connection):
            set_hidden(self._connection, self._run(uid)[0], hidden)

    def delete(self, uid: str) -> None:
        """Remove a hidden run for good; see `Store.delete`."""
        with self._lock, explained(self.path), atomic(self._connection):
            run, header = self._run(uid)
            check_deletable(header)
            remove(self._connection, run)

    def _run(self, uid: str) -> tuple[int, Header]:
        found = self._search.run(uid)
        if found is None:
            raise RunNotFoundError(f"no run with the uid {uid!r} in {self.path}")
        return found

    # --- the end ------------------------------------------------------------

    def close(self) -> None:
        """Let go of the file. Idempotent."""
        with self._lock:
            self._connection.close()
            self._leases.release()
            self._signature = None

    def __repr__(self) -> str:
        return f"<SqliteStore {self.path}>"


def _replay(
    header: Header, parts: Iterable[Iterator[Placed]], since: int, ended: bool
) -> Iterator[NamedDocument]:
    if since <= 0:
        yield "start", header.start
    for place, name, doc in merge(*parts, key=itemgetter(0)):
        if place >= since:
            yield name, doc
    if ended and header.stop is not None:
        yield "stop", header.stop
