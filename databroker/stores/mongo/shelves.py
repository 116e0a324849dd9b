"""Where the documents of a run go: to the server one by one, or together when the last one has come."""

from collections.abc import Mapping
from typing import Any, Protocol

from pymongo.collection import Collection
from pymongo.errors import DuplicateKeyError

from beamtwin.databroker.errors import StoreError
from beamtwin.databroker.stores import jsontext
from beamtwin.databroker.stores.mongo.layout import Tables

__all__ = ["BulkShelf", "LiveShelf", "Row", "Shelf"]

#: A MongoDB document of ours.
Row = dict[str, Any]

_BATCH_BYTES = 16_000_000


class Shelf(Protocol):
    """Takes what a `RunWriter` files. What is put on it again, after an error, replaces the first."""

    page_events: int
    """How many events a page has at most."""

    def keep(self, row: Row, event: Mapping[str, Any]) -> None:
        """An event, until its page is there; the row is what tells which it is."""
        ...

    def forget(self, stream: int, last: int) -> None:
        """The events of a stream up to that place are in pages now."""
        ...

    def add_page(self, page: Row) -> None:
        """A page of events."""
        ...

    def add_document(self, document: Row) -> None:
        """A document of its own."""
        ...

    def change_run(self, changes: Mapping[str, Any]) -> None:
        """Fields of the run, by dotted paths."""
        ...


class LiveShelf:
    """Everything is acknowledged by the server before a method returns.

    Parameters
    ----------
    tables : Tables
    key : str
        The run's.
    uid : str
    """

    page_events = 500

    def __init__(self, tables: Tables, key: str, uid: str):
        self._tables = tables
        self._key = key
        self._uid = uid

    def keep(self, row: Row, event: Mapping[str, Any]) -> None:
        """See `Shelf`."""
        _insert(self._tables.pending, {**row, "body": jsontext.encode(event)})

    def forget(self, stream: int, last: int) -> None:
        """See `Shelf`."""
        self._tables.pending.delete_many(
            {"run": self._key, "stream": stream, "place": {"$lte": last}}
        )

    def add_page(self, page: Row) -> None:
        """See `Shelf`."""
        _insert(self._tables.pages, page)

    def add_document(self, document: Row) -> None:
        """See `Shelf`."""
        _insert(self._tables.documents, document)

    def change_run(self, changes: Mapping[str, Any]) -> None:
        """See `Shelf`."""
        done = self._tables.runs.update_one(
            {"_id": self._uid, "key": self._key}, {"$set": dict(changes)}
        )
        if not done.matched_count:
            raise StoreError(f"{self._tables.where}: the run {self._uid} was deleted meanwhile")


class BulkShelf:
    """Nobody sees the run before its row, which comes last; so much is sent at a time as the server takes.

    Parameters
    ----------
    tables : Tables
    row : dict
        Of the run: what changes of it is written here.
    """

    page_events = 10_000

    def __init__(self, tables: Tables, row: Row):
        self._tables = tables
        self.row = row
        self._documents: list[Row] = []
        self._bytes = 0

    def keep(self, row: Row, event: Mapping[str, Any]) -> None:
        """Nothing: who files in bulk starts again from the beginning."""

    def forget(self, stream: int, last: int) -> None:
        """Nothing."""

    def add_page(self, page: Row) -> None:
        """See `Shelf`."""
        self._tables.pages.insert_one(page)

    def add_document(self, document: Row) -> None:
        """See `Shelf`."""
        self._documents.append(document)
        self._bytes += len(document["body"])
        if self._bytes > _BATCH_BYTES:
            self.flush()

    def change_run(self, changes: Mapping[str, Any]) -> None:
        """See `Shelf`."""
        for path, value in changes.items():
            *parents, last = path.split(".")
            place = self.row
            for parent in parents:
                place = place.setdefault(parent, {})
            place[last] = value

    def flush(self) -> None:
        """Send what waits."""
        if self._documents:
            self._tables.documents.insert_many(self._documents)
        self._documents, self._bytes = [], 0


def _insert(table: Collection[Row], row: Row) -> None:
    """Put a row in, or in the place of one whose acknowledgement was lost."""
    try:
        table.insert_one(row)
    except DuplicateKeyError:
        table.replace_one({"_id": row["_id"], "run": row["run"]}, row)
