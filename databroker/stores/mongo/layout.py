"""The collections of the layout "pages", their indexes, and the check that a database is one of ours.

========== ===================================================================================== ==================
collection a document                                                                            shard key
========== ===================================================================================== ==================
runs       a run: start, stop, descriptors, annotations as JSON text; what it is found by        ``_id`` (hashed)
pages      the events of a stream: `stores.pages`' bytes, as Binary, mostly deflated             ``run`` (hashed)
pending    an event that awaits its page, as JSON text                                           ``run`` (hashed)
documents  any other document of a run (resource, datum, ...), as JSON text                      ``run`` (hashed)
drafts     the runs that are being stored in bulk; see `drafts`                                  not sharded
writers    who writes; see `leases`                                                              not sharded
store      one document: the layout, its version, how many runs were begun                       not sharded
========== ===================================================================================== ==================

A run's ``_id`` is its uid, its ``number`` its place in the order of filing, its ``key`` what its pages, pending events
and documents carry as ``run``. Their ``_id`` tells what they are, so that a repeated insert finds the first one.
"""

import zlib
from collections.abc import Mapping
from typing import Any

from pymongo import ASCENDING, DESCENDING, ReturnDocument

from beamtwin.databroker.errors import StoreError
from beamtwin.databroker.stores.mongo.connection import MongoDatabase

__all__ = ["LARGEST_BYTES", "VERSION", "Tables", "page_body", "page_fields", "page_id", "prepare"]

VERSION = 1
#: MongoDB takes 16 MiB a document; some is left for the fields around what is large.
LARGEST_BYTES = 16 * 1024 * 1024 - 64 * 1024
#: Pages that deflate less are kept as they are.
_WORTHWHILE = 0.9
#: The document of the store itself.
_OWN = "beamtwin"
_NEW = {"layout": "pages", "version": VERSION, "runs": 0, "indexed": False}

_INDEXES: dict[str, list[list[tuple[str, int]]]] = {
    "runs": [
        [("number", DESCENDING)],
        [("open", ASCENDING)],
        [("hidden", ASCENDING)],
        *(
            [(key, ASCENDING), ("number", DESCENDING)]
            for key in (
                "search.start.time",
                "search.start.scan_id",
                "search.start.plan_name",
                "search.start.twin.target",
                "search.start.twin.scenario",
                "search.start.counterpart",
                "search.start.sample.name",
                "search.stop.exit_status",
                "search.annotations.tags",
            )
        ),
        *([(f"words.{part}", ASCENDING)] for part in ("start", "stop", "annotations")),
        *([(f"partial.{part}", ASCENDING)] for part in ("start", "stop", "annotations")),
    ],
    "pages": [[("run", ASCENDING), ("stream", ASCENDING), ("place", ASCENDING)]],
    "pending": [[("run", ASCENDING), ("stream", ASCENDING), ("place", ASCENDING)]],
    "documents": [[("run", ASCENDING), ("place", ASCENDING)]],
}


class Tables:
    """The collections of one store."""

    def __init__(self, database: MongoDatabase, where: str):
        self.where = where
        self.runs = database["runs"]
        self.pages = database["pages"]
        self.pending = database["pending"]
        self.documents = database["documents"]
        self.drafts = database["drafts"]
        self.store = database["store"]

    def next_number(self) -> int:
        """A number for a new run, greater than those that others were given before."""
        own = self.store.find_one_and_update(
            {"_id": _OWN}, {"$inc": {"runs": 1}}, return_document=ReturnDocument.AFTER
        )
        if own is None:
            raise StoreError(f"{self.where}: the collection store was emptied: restore a copy")
        return own["runs"]

    def clear(self, keys: list[str]) -> None:
        """Remove what belongs to these runs, but for the runs themselves."""
        for table in (self.pages, self.pending, self.documents):
            table.delete_many({"run": {"$in": keys}})


def page_id(run: str, stream: int, page: int) -> str:
    """The ``_id`` of a page."""
    return f"{run}/{stream}/{page}"


def page_fields(page: bytes) -> dict[str, Any]:
    """What the row of a page keeps it in: deflated, unless it is noise; scans become a third to a half."""
    small = zlib.compress(page, level=1)
    deflated = len(small) < _WORTHWHILE * len(page)
    return {"body": small if deflated else page, "deflated": deflated}


def page_body(row: Mapping[str, Any]) -> bytes:
    """The page of a row."""
    return zlib.decompress(row["body"]) if row.get("deflated") else row["body"]


def prepare(database: MongoDatabase, where: str, *, readonly: bool) -> None:
    """Check that a database is a store of this layout; make it one if it is empty.

    Raises
    ------
    StoreError
        Naming the database, what it is instead, and the way out.
    """
    own = database["store"].find_one({"_id": _OWN})
    if own is None:
        _check_empty(database, where, readonly)
        database["store"].update_one({"_id": _OWN}, {"$setOnInsert": _NEW}, upsert=True)
    elif (own["layout"], own["version"]) != ("pages", VERSION):
        raise StoreError(
            f"{where}: has layout {own['layout']} {own['version']}, and this beamtwin reads "
            f"pages {VERSION}: use the beamtwin that wrote it, or a newer one"
        )
    if not readonly and (own is None or not own["indexed"]):
        _create_indexes(database)


def _check_empty(database: MongoDatabase, where: str, readonly: bool) -> None:
    names = set(database.list_collection_names())
    if "run_start" in names:
        raise StoreError(
            f"{where}: holds runs in suitcase-mongo's layout: open it with layout='normalized', "
            "or choose another database"
        )
    if names.intersection(_INDEXES):
        raise StoreError(f"{where}: holds another program's collections: choose another database")
    if readonly:
        raise StoreError(f"{where}: holds no runs: check the name, or take a run first")


def _create_indexes(database: MongoDatabase) -> None:
    for table, indexes in _INDEXES.items():
        for index in indexes:
            database[table].create_index(index)
    database["store"].update_one({"_id": _OWN}, {"$set": {"indexed": True}})
