"""The store for a facility's existing database: suitcase-mongo's layout, which databroker reads and writes.

Numpy arrays become lists here, and what MongoDB has no form for is refused; the layout "pages" has neither limit.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from threading import RLock
from typing import Any

from pymongo.errors import BulkWriteError, DuplicateKeyError, PyMongoError, WriteError

from beamtwin.databroker.closing import Closing
from beamtwin.databroker.errors import DocumentError, RunNotFoundError
from beamtwin.databroker.query import Query, validate
from beamtwin.databroker.stores import jsontext
from beamtwin.databroker.stores.base import Annotations, Columns, Header, NamedDocument, Sort
from beamtwin.databroker.stores.editing import check_annotations, check_deletable
from beamtwin.databroker.stores.mongo.connection import MongoDatabase, explained, writing
from beamtwin.databroker.stores.mongo.facility import Facility, as_document, as_rows
from beamtwin.databroker.stores.mongo.shelves import Row
from beamtwin.databroker.stores.mongo.writing import RESERVED_BYTES, check_size
from beamtwin.databroker.stores.pages import Page, pack_events
from beamtwin.databroker.stores.reading import join
from beamtwin.databroker.stores.routing import Router, check_start
from beamtwin.databroker.stores.searched import answers, check_sort, different, in_order

__all__ = ["NormalizedStore"]

_BATCH = 256
_BAD_VALUE, _TOO_LARGE = 2, 10334


class NormalizedStore(Closing):
    """Keeps runs as suitcase-mongo does; `open_mongo` with ``layout="normalized"`` opens one.

    A run that has no stop document counts as running if it is written here, or is the last that was filed.

    Parameters
    ----------
    database : pymongo.database.Database
        Closed with the store.
    where : str
        What the database is called in errors.
    readonly : bool
        Inserting is refused, and nothing is written.
    """

    def __init__(self, database: MongoDatabase, where: str, *, readonly: bool = False):
        self.where = where
        self._database = database
        self._readonly = readonly
        self._facility = Facility(database, where)
        self._lock = RLock()
        self._router: Router[str] = Router()
        if not readonly:
            with explained(where):
                self._facility.create_indexes()

    # --- writing ------------------------------------------------------------

    def insert(self, name: str, doc: Mapping[str, Any]) -> None:
        """Keep one document; see `Store.insert`."""
        with self._lock, writing(self.where, readonly=self._readonly):
            rows = self._rows(self._router, name, doc)
            self._insert(rows)
            _filed(self._router, name, doc)

    def insert_all(self, documents: Iterable[tuple[str, Mapping[str, Any]]]) -> None:
        """Keep the documents of whole runs, all or none; see `Store.insert_all`. The starts come last."""
        with self._lock, writing(self.where, readonly=self._readonly):
            router: Router[str] = Router()
            rows: list[tuple[str, Row]] = []
            for name, doc in documents:
                rows += self._rows(router, name, doc)
                _filed(router, name, doc)
            try:
                self._insert([pair for pair in rows if pair[0] != "start"])
                self._insert([pair for pair in rows if pair[0] == "start"])
            except BaseException:
                self._discard(rows)
                raise
            self._router.adopt(router)

    def _rows(
        self, router: Router[str], name: str, doc: Mapping[str, Any]
    ) -> list[tuple[str, Row]]:
        try:
            jsontext.check(doc)
            if name == "start":
                check_start(doc)
            else:
                router.writer(name, doc)
            return list(as_rows(name, doc))
        except DocumentError as error:
            raise DocumentError(f"{name}: {error}") from None

    def _insert(self, rows: list[tuple[str, Row]]) -> None:
        by_name: dict[str, list[Row]] = {}
        for name, row in rows:
            by_name.setdefault(name, []).append(row)
        for name, some in by_name.items():
            try:
                self._facility.of[name].insert_many(some)
            except (BulkWriteError, DuplicateKeyError, WriteError) as error:
                raise _refused(name, error) from error

    def _discard(self, rows: list[tuple[str, Row]]) -> None:
        try:
            for name, table in self._facility.of.items():
                ids = [row["_id"] for other, row in rows if other == name]
                if ids:
                    table.delete_many({"_id": {"$in": ids}})
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
        validate(query)
        check_sort(sort)
        found = answers(query, self._headers(query, hidden), self._descriptors)
        ordered = in_order(found, sort) if sort else (header for header, _ in found)
        return islice(ordered, skip, None if limit is None else skip + limit)

    def count(self, query: Query) -> int:
        """How many runs match."""
        return sum(1 for _ in self.find(query))

    def distinct(self, key: str, query: Query) -> list[Any]:
        """The values that the matching runs have under a key; see `Store.distinct`."""
        validate(query)
        found = answers(query, self._headers(query, False), self._descriptors)
        return different(key, (searched for _, searched in found))

    def interrupted(self, *, new: bool = False) -> list[Header]:
        """The runs that have no stop document and are not running; nobody takes note of them here."""
        return [header for header in self.find({"stop": None}) if header.state == "interrupted"]

    def documents(
        self, uid: str, names: Iterable[str] | None = None, *, since: int = 0
    ) -> Iterator[NamedDocument]:
        """The documents of a run as they were emitted, pages as single events; see `Store.documents`."""
        wanted = None if names is None else set(names)
        with explained(self.where):
            start = self._start(uid)
            children = self._facility.children(uid)
            stops = children.pop("stop")
            uids = [row["uid"] for row in children["descriptor"]]
            children["event"] = self._facility.all("event", {"descriptor": {"$in": uids}})
        pairs = [(name, row) for name, rows in children.items() for row in rows]
        pairs.sort(key=lambda pair: pair[1]["_id"])
        every = [("start", start), *pairs, *(("stop", row) for row in stops)]
        return (
            (name, as_document(row))
            for name, row in every[since:]
            if wanted is None or name in wanted
        )

    def columns(self, uid: str, stream: str, keys: Iterable[str] | None = None) -> Columns:
        """The events of one stream so far; see `Store.columns`."""
        with explained(self.where):
            self._start(uid)
            descriptors = self._facility.all("descriptor", {"run_start": uid})
            uids = [doc["uid"] for doc in descriptors if doc.get("name") == stream]
            events = self._facility.all("event", {"descriptor": {"$in": uids}})
        packed = pack_events([(n, {"uid": "", **event}) for n, event in enumerate(events)])
        return join([Page(body) for _, _, body in packed], keys)

    def counts(self, uid: str) -> dict[str, int]:
        """How many events each stream of a run has so far."""
        with explained(self.where):
            self._start(uid)
            counts: dict[str, int] = {}
            for doc in self._facility.all("descriptor", {"run_start": uid}):
                number = self._facility.of["event"].count_documents({"descriptor": doc["uid"]})
                name = doc.get("name", "")
                counts[name] = counts.get(name, 0) + number
        return counts

    def _headers(self, query: Query, hidden: bool) -> Iterator[Header]:
        """The runs that may match, the last filed first, a batch at a time."""
        chosen = {"uid": query["uid"]} if isinstance(query.get("uid"), str) else {}
        with explained(self.where):
            starts = self._facility.of["start"].find(chosen).sort("_id", -1).batch_size(_BATCH)
            last = self._facility.of["start"].find({}, {"uid": 1}).sort("_id", -1).limit(1)
            running = {row["uid"] for row in last} | set(self._router.writers)
            while batch := list(islice(starts, _BATCH)):
                headers = self._joined(batch, running)
                yield from (header for header in headers if header.hidden == hidden)

    def _joined(self, starts: list[Row], running: set[str]) -> Iterator[Header]:
        uids = {"$in": [start["uid"] for start in starts]}
        stops = {row["run_start"]: row for row in self._facility.all("stop", {"run_start": uids})}
        said = {row["_id"]: row for row in self._facility.annotations.find({"_id": uids})}
        for start in starts:
            uid = start["uid"]
            stop, row = stops.get(uid), said.get(uid, {})
            yield Header(
                as_document(start),
                None if stop is None else as_document(stop),
                alive=stop is None and uid in running,
                annotations=jsontext.loads(row.get("body", "{}")),
                hidden=row.get("hidden", False),
            )

    def _descriptors(self, uid: str) -> list[dict[str, Any]]:
        return [as_document(row) for row in self._facility.all("descriptor", {"run_start": uid})]

    def _start(self, uid: str) -> Row:
        start = self._facility.of["start"].find_one({"uid": uid}) if isinstance(uid, str) else None
        if start is None:
            raise RunNotFoundError(f"no run with the uid {uid!r} in {self.where}")
        return start

    # --- afterwards ---------------------------------------------------------

    def annotate(self, uid: str, change: Callable[[Annotations], Annotations]) -> Annotations:
        """Replace a run's annotations, in a collection of our own; see `Store.annotate`."""
        with writing(self.where, readonly=self._readonly):
            self._start(uid)
            while True:
                row = self._said(uid)
                annotations = change(jsontext.loads(row["body"]))
                check_annotations(annotations)
                text = jsontext.dumps(annotations)
                check_size(len(text), RESERVED_BYTES, "the annotations")
                done = self._facility.annotations.update_one(
                    {"_id": uid, "revision": row["revision"]},
                    {"$set": {"body": text, "revision": row["revision"] + 1}},
                )
                if done.matched_count:
                    return jsontext.loads(text)

    def hide(self, uid: str, hidden: bool = True) -> None:
        """Put a run out of sight, of this broker's only; or bring it back."""
        with writing(self.where, readonly=self._readonly):
            self._start(uid)
            self._said(uid)
            self._facility.annotations.update_one({"_id": uid}, {"$set": {"hidden": hidden}})

    def delete(self, uid: str) -> None:
        """Remove a hidden run for good; see `Store.delete`. Who dies meanwhile may begin again."""
        with self._lock, writing(self.where, readonly=self._readonly):
            self._start(uid)
            check_deletable(next(self._joined([self._start(uid)], set(self._router.writers))))
            children = self._facility.children(uid)
            uids = [row["uid"] for row in children["descriptor"]]
            self._facility.of["event"].delete_many({"descriptor": {"$in": uids}})
            for name, rows in children.items():
                ids = [row["_id"] for row in rows]
                self._facility.of[name].delete_many({"_id": {"$in": ids}})
            self._facility.of["start"].delete_one({"uid": uid})
            self._facility.annotations.delete_one({"_id": uid})

    def _said(self, uid: str) -> Row:
        """What was said of a run; the first time, that is nothing."""
        new = {"body": "{}", "revision": 0, "hidden": False}
        self._facility.annotations.update_one({"_id": uid}, {"$setOnInsert": new}, upsert=True)
        row = self._facility.annotations.find_one({"_id": uid})
        assert row is not None
        return row

    # --- the end ------------------------------------------------------------

    def close(self) -> None:
        """Let go of the server. Idempotent."""
        self._database.client.close()

    def __repr__(self) -> str:
        return f"<NormalizedStore {self.where}>"


def _filed(router: Router[str], name: str, doc: Mapping[str, Any]) -> None:
    if name == "start":
        router.open(doc["uid"], doc["uid"])
    else:
        router.filed(name, doc, router.writer(name, doc))


def _refused(name: str, error: BulkWriteError | DuplicateKeyError | WriteError) -> Exception:
    """A document that the server would not take; or the error itself, where that is something else."""
    details = error.details or {}
    first = (details.get("writeErrors") or [details])[0]
    if first.get("code") == 11000:
        return DocumentError(f"{name}: a {name} with that uid is stored already: {first['errmsg']}")
    if first.get("code") in (_BAD_VALUE, _TOO_LARGE):
        return DocumentError(
            f"{name}: the server does not take it: {first['errmsg']}; use the layout 'pages'"
        )
    return error
