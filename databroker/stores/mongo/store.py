"""The store for many machines: a MongoDB database, any number of processes that write and read.

A document whose `insert` returned is acknowledged by the majority of the replica set (or by what the connection
string asks for with ``w``): it survives the death of the process, and of a server. There are no transactions; the
order of what is written makes up for them, and everything may be written again.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from threading import RLock
from typing import Any, TypeVar

from pymongo.errors import DuplicateKeyError, PyMongoError

from beamtwin.databroker.closing import Closing
from beamtwin.databroker.errors import DocumentError
from beamtwin.databroker.query import Query
from beamtwin.databroker.stores.base import Annotations, Columns, Header, NamedDocument, Sort
from beamtwin.databroker.stores.editing import check_deletable
from beamtwin.databroker.stores.mongo.connection import MongoDatabase, explained, writing
from beamtwin.databroker.stores.mongo.drafts import (
    check_unclaimed,
    clear_abandoned,
    cross_out,
    note,
)
from beamtwin.databroker.stores.mongo.editing import (
    annotate,
    delete,
    finish_deleting,
    hide,
    read_run,
)
from beamtwin.databroker.stores.mongo.layout import Tables, prepare
from beamtwin.databroker.stores.mongo.leases import Leases
from beamtwin.databroker.stores.mongo.reading import RunReader, as_header
from beamtwin.databroker.stores.mongo.searching import RunSearch
from beamtwin.databroker.stores.mongo.shelves import BulkShelf, LiveShelf, Row
from beamtwin.databroker.stores.mongo.writing import RunWriter, new_run
from beamtwin.databroker.stores.routing import Router, check_start

__all__ = ["MongoStore"]

_Item = TypeVar("_Item")


class MongoStore(Closing):
    """Keeps runs in a MongoDB database, in the layout "pages"; `open_mongo` opens one.

    Parameters
    ----------
    database : pymongo.database.Database
        Closed with the store.
    where : str
        What the database is called in errors.
    readonly : bool
        Inserting is refused, and nothing is written.

    Raises
    ------
    StoreError
        Naming the server, what is wrong, and the way out.
    """

    def __init__(self, database: MongoDatabase, where: str, *, readonly: bool = False):
        self.where = where
        self._database = database
        self._readonly = readonly
        with explained(where):
            prepare(database, where, readonly=readonly)
        self._tables = Tables(database, where)
        self._leases = Leases(database, "writers")
        self._search = RunSearch(self._tables, self._leases)
        self._lock = RLock()
        self._signature: str | None = None
        self._router: Router[RunWriter] = Router()

    # --- writing ------------------------------------------------------------

    def insert(self, name: str, doc: Mapping[str, Any]) -> None:
        """Keep one document; see `Store.insert`. After a `StoreError` it may be inserted again."""
        with self._lock, writing(self.where, readonly=self._readonly):
            try:
                if name == "start":
                    self._begin(doc)
                else:
                    _file(self._router, name, doc)
            except DocumentError as error:
                raise DocumentError(f"{name}: {error}") from None

    def insert_all(self, documents: Iterable[tuple[str, Mapping[str, Any]]]) -> None:
        """Keep the documents of whole runs, all or none; see `Store.insert_all`.

        Each run appears with all of its documents at once. Who dies between two of several runs has stored the
        first of them.
        """
        with self._lock, writing(self.where, readonly=self._readonly):
            drafts: list[tuple[BulkShelf, RunWriter]] = []
            try:
                router = self._draft(documents, drafts)
                self._publish([shelf.row for shelf, _ in drafts])
            except BaseException:
                self._discard([shelf.row for shelf, _ in drafts])
                raise
            for shelf, writer in drafts:
                writer.shelf = LiveShelf(self._tables, shelf.row["key"], shelf.row["_id"])
            self._router.adopt(router)

    def _begin(self, doc: Mapping[str, Any]) -> None:
        row = self._row(doc)
        try:
            self._tables.runs.insert_one(row)
        except DuplicateKeyError:
            row = self._own(row)
        shelf = LiveShelf(self._tables, row["key"], row["_id"])
        self._router.open(row["_id"], RunWriter(shelf, row))

    def _row(self, doc: Mapping[str, Any]) -> Row:
        check_start(doc)
        return new_run(self._tables.next_number(), self._sign(), doc)

    def _own(self, row: Row) -> Row:
        """The run of that uid that is stored, if it is this one: then its acknowledgement was lost."""
        uid = row["_id"]
        stored = self._tables.runs.find_one({"_id": uid})
        same = stored is not None and all(
            stored[key] == row[key] for key in ("writer", "start", "stop", "descriptors")
        )
        if stored is None or not same or uid in self._router.writers:
            raise _known(uid)
        return stored

    def _sign(self) -> str:
        """The name of this writer; the first time, note whose writers have died, and clear up after them."""
        if self._signature is None:
            finish_deleting(self._tables)
            clear_abandoned(self._tables, self._leases)
            self._note_interrupted()
            self._leases.bury()
            self._signature = self._leases.hold()
        return self._signature

    def _note_interrupted(self) -> None:
        """The runs are read before the leases: whoever has begun one of these had a lease by then."""
        writing = set(self._tables.runs.distinct("writer", {"open": True}))
        dead = sorted(writing - {None} - self._leases.living())
        if dead:
            self._tables.runs.update_many(
                {"open": True, "writer": {"$in": dead}}, {"$set": {"writer": None}}
            )

    def _draft(
        self,
        documents: Iterable[tuple[str, Mapping[str, Any]]],
        drafts: list[tuple[BulkShelf, RunWriter]],
    ) -> Router[RunWriter]:
        """Store all of several runs but the runs themselves."""
        router: Router[RunWriter] = Router()
        for name, doc in documents:
            try:
                if name == "start":
                    row = self._row(doc)
                    shelf = BulkShelf(self._tables, row)
                    writer = RunWriter(shelf, row)
                    drafts.append((shelf, writer))
                    note(self._tables, row)
                    router.open(row["_id"], writer)
                else:
                    _file(router, name, doc)
            except DocumentError as error:
                raise DocumentError(f"{name}: {error}") from None
        for shelf, writer in drafts:
            writer.flush()
            shelf.flush()
        return router

    def _publish(self, rows: list[Row]) -> None:
        """Store the runs themselves."""
        uids, keys = [row["_id"] for row in rows], [row["key"] for row in rows]
        for known in self._tables.runs.find({"_id": {"$in": uids}}, {"_id": 1}).limit(1):
            raise _known(known["_id"])
        check_unclaimed(self._tables, keys)
        for row in rows:
            try:
                self._tables.runs.insert_one(row)
            except DuplicateKeyError:
                raise _known(row["_id"]) from None
        cross_out(self._tables, keys)

    def _discard(self, rows: list[Row]) -> None:
        """Remove what an insert left; what remains of it where the server is away, nobody sees."""
        try:
            keys = [row["key"] for row in rows]
            for row in rows:
                self._tables.runs.delete_one({"_id": row["_id"], "key": row["key"]})
            self._tables.clear(keys)
            self._tables.drafts.delete_many({"_id": {"$in": keys}})
        except PyMongoError:
            return

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
        found = self._search.find(query, sort=sort, skip=skip, limit=limit, hidden=hidden)
        return self._explained(found)

    def count(self, query: Query) -> int:
        """How many runs match."""
        with explained(self.where):
            return self._search.count(query)

    def distinct(self, key: str, query: Query) -> list[Any]:
        """The values that the matching runs have under a key; see `Store.distinct`."""
        with explained(self.where):
            return self._search.distinct(key, query)

    def interrupted(self, *, new: bool = False) -> list[Header]:
        """The runs whose writer died; see `Store.interrupted`."""
        with explained(self.where):
            found = self._search.unfinished(signed=new)
        return [header for header in found if header.state == "interrupted"]

    def documents(
        self, uid: str, names: Iterable[str] | None = None, *, since: int = 0
    ) -> Iterator[NamedDocument]:
        """The documents of a run as they were emitted; see `Store.documents`."""
        wanted = None if names is None else set(names)
        return self._explained(self._reader(uid).documents(wanted, since))

    def columns(self, uid: str, stream: str, keys: Iterable[str] | None = None) -> Columns:
        """The events of one stream so far; see `Store.columns`."""
        with explained(self.where):
            return self._reader(uid).columns(stream, keys)

    def counts(self, uid: str) -> dict[str, int]:
        """How many events each stream of a run has so far."""
        with explained(self.where):
            return self._reader(uid).counts()

    def _reader(self, uid: str) -> RunReader:
        with explained(self.where):
            return RunReader(self._tables, read_run(self._tables, uid))

    def _explained(self, items: Iterator[_Item]) -> Iterator[_Item]:
        with explained(self.where):
            yield from items

    # --- afterwards ---------------------------------------------------------

    def annotate(self, uid: str, change: Callable[[Annotations], Annotations]) -> Annotations:
        """Replace a run's annotations; see `Store.annotate`."""
        with writing(self.where, readonly=self._readonly):
            return annotate(self._tables, uid, change)

    def hide(self, uid: str, hidden: bool = True) -> None:
        """Put a run out of sight, or bring it back; see `Store.hide`."""
        with writing(self.where, readonly=self._readonly):
            hide(self._tables, uid, hidden)

    def delete(self, uid: str) -> None:
        """Remove a hidden run for good; see `Store.delete`.

        For whoever looks, it is there or it is not. Who dies meanwhile leaves the rest to the next writer.
        """
        with self._lock, writing(self.where, readonly=self._readonly):
            row = read_run(self._tables, uid)
            check_deletable(as_header(row, self._leases.living()))
            delete(self._tables, row)

    # --- the end ------------------------------------------------------------

    def close(self) -> None:
        """Let go of the server. Idempotent."""
        with self._lock:
            self._leases.release()
            self._signature = None
            self._database.client.close()

    def __repr__(self) -> str:
        return f"<MongoStore {self.where}>"


def _file(router: Router[RunWriter], name: str, doc: Mapping[str, Any]) -> None:
    writer = router.writer(name, doc)
    writer.file(name, doc)
    router.filed(name, doc, writer)


def _known(uid: str) -> DocumentError:
    return DocumentError(
        f"a run with the uid {uid} is stored already; to reproduce a run, use another store"
    )
