"""The collections of the layout "normalized": those of suitcase-mongo, which databroker reads.

One MongoDB document for every document, its fields unchanged; pages of events and of datums as their single members.
What suitcase-mongo drops, stream_resource and stream_datum, have collections of their own, and so has what was said
of a run afterwards.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import bson
import numpy as np
from bson import ObjectId
from bson.errors import BSONError
from event_model import unpack_datum_page, unpack_event_page
from pymongo import ASCENDING, DESCENDING
from pymongo.collection import Collection

from beamtwin.databroker.errors import DocumentError
from beamtwin.databroker.stores.mongo.connection import MongoDatabase
from beamtwin.databroker.stores.mongo.layout import LARGEST_BYTES
from beamtwin.databroker.stores.mongo.shelves import Row
from beamtwin.databroker.stores.mongo.writing import check_size

__all__ = ["COLLECTIONS", "Facility", "as_document", "as_rows"]

#: Where documents of each name are.
COLLECTIONS = {
    "start": "run_start",
    "stop": "run_stop",
    "descriptor": "event_descriptor",
    "event": "event",
    "resource": "resource",
    "datum": "datum",
    "stream_resource": "stream_resource",
    "stream_datum": "stream_datum",
}
_UNPACKED = {"event_page": ("event", unpack_event_page), "datum_page": ("datum", unpack_datum_page)}
_DOWN, _UP = DESCENDING, ASCENDING
#: The keys of each index, and whether it is unique. Text indexes, for which databroker's `TextQuery` asks, are left
#: to whoever has a server that knows them.
_INDEXES: dict[str, list[tuple[list[tuple[str, int]], bool]]] = {
    "start": [
        ([("uid", _UP)], True),
        ([("scan_id", _DOWN), ("_id", _DOWN)], True),
        ([("time", _UP), ("_id", _DOWN)], True),
        ([("time", _DOWN), ("_id", _DOWN)], True),
        ([("time", _DOWN), ("scan_id", _DOWN)], False),
        ([("data_session", _UP)], False),
        ([("data_groups", _UP)], False),
    ],
    "stop": [([("run_start", _UP)], True), ([("uid", _UP)], True), ([("time", _DOWN)], False)],
    "descriptor": [
        ([("uid", _UP)], True),
        ([("run_start", _DOWN), ("time", _DOWN)], False),
        ([("time", _DOWN)], False),
    ],
    "event": [([("uid", _UP)], True), ([("descriptor", _DOWN), ("time", _UP)], False)],
    "resource": [
        ([("uid", _UP)], False),
        ([("resource_id", _UP)], False),
        ([("run_start", _UP)], False),
    ],
    "datum": [([("datum_id", _UP)], True), ([("resource", _UP)], False)],
    "stream_resource": [([("uid", _UP)], True), ([("run_start", _UP)], False)],
    "stream_datum": [([("uid", _UP)], True), ([("stream_resource", _UP)], False)],
}


class Facility:
    """The collections of one database.

    Parameters
    ----------
    database : pymongo.database.Database
    where : str
        What it is called in errors.
    """

    def __init__(self, database: MongoDatabase, where: str):
        self.where = where
        self.of: dict[str, Collection[Row]] = {k: database[v] for k, v in COLLECTIONS.items()}
        self.annotations: Collection[Row] = database["beamtwin_annotations"]

    def create_indexes(self) -> None:
        """Those that suitcase-mongo makes, where they are missing."""
        for name, indexes in _INDEXES.items():
            for keys, unique in indexes:
                self.of[name].create_index(keys, unique=unique)

    def children(self, uid: str) -> dict[str, list[Row]]:
        """All of a run but its start and its events: small documents, by name, in the order of emission."""
        found = {
            name: self.all(name, {"run_start": uid})
            for name in ("descriptor", "resource", "stream_resource", "stop")
        }
        for name, parent in (("datum", "resource"), ("stream_datum", "stream_resource")):
            uids = [row["uid"] for row in found[parent]]
            found[name] = self.all(name, {parent: {"$in": uids}}) if uids else []
        return found

    def all(self, name: str, chosen: Mapping[str, Any]) -> list[Row]:
        """The documents of a name in the order of emission, which their ObjectIds tell."""
        return list(self.of[name].find(chosen).sort("_id", _UP))


def as_rows(name: str, doc: Mapping[str, Any]) -> Iterator[tuple[str, Row]]:
    """What a document becomes: its name and its row; several where it is a page.

    Raises
    ------
    DocumentError
        If MongoDB has no form for it.
    """
    if name in _UNPACKED:
        name, unpack = _UNPACKED[name]
        documents = list(unpack(dict(doc)))
    else:
        documents = [doc]
    for document in documents:
        row = {"_id": ObjectId(), **_plain(document)}
        try:
            size = len(bson.encode(row))
        except (BSONError, OverflowError, UnicodeError) as error:
            raise DocumentError(
                f"MongoDB has no form for it: {error}; use the layout 'pages'"
            ) from None
        check_size(size, LARGEST_BYTES)
        yield name, row


def as_document(row: Row) -> dict[str, Any]:
    """The document that a row is."""
    return {key: value for key, value in row.items() if key != "_id"}


def _plain(value: Any) -> Any:
    """Lists for numpy's arrays and for tuples, Python's numbers for numpy's: as event-model sanitizes them."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else value
