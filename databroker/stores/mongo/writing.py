"""How the documents of one open run become rows.

Every document has a place in its run: its number in the order of emission; no place is left empty. An event is
stored by itself until enough have come for a page; the page is there before its events are removed, so that a reader
who looks for the events first and for the pages then misses none.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import bson

from beamtwin.databroker.errors import DocumentError
from beamtwin.databroker.stores import jsontext
from beamtwin.databroker.stores.events import check_event, copied
from beamtwin.databroker.stores.mongo.layout import LARGEST_BYTES, page_fields, page_id
from beamtwin.databroker.stores.mongo.narrowing import found_by
from beamtwin.databroker.stores.mongo.shelves import Row, Shelf
from beamtwin.databroker.stores.pages import pack_events, pack_page

__all__ = ["PAGE_BYTES", "RESERVED_BYTES", "RunWriter", "check_size", "new_run"]

#: Events move to a page when they are so many bytes, at the latest.
PAGE_BYTES = 4_000_000
#: Of what MongoDB takes a document, for a run's stop document and its annotations each.
RESERVED_BYTES = 2_000_000
#: What the row of a run takes for every stream, beside its descriptor.
_COUNTS_BYTES = 64


@dataclass(slots=True)
class _Stream:
    number: int
    pages: int = 0
    events: int = 0
    waiting: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    waiting_bytes: int = 0


class RunWriter:
    """Files the documents of one open run, except its start.

    Parameters
    ----------
    shelf : Shelf
    row : dict
        The run's row, from `new_run`.
    """

    def __init__(self, shelf: Shelf, row: Row):
        self.shelf = shelf
        self._run: str = row["key"]
        self._room = LARGEST_BYTES - len(bson.encode(row)) - 2 * RESERVED_BYTES
        self._place = 1
        self._streams: dict[str, _Stream] = {}

    def file(self, name: str, doc: Mapping[str, Any]) -> None:
        """File a document; if that fails, the run is as it was before."""
        filing = {
            "descriptor": self._descriptor,
            "event": self._event,
            "event_page": self._event_page,
            "stop": self._stop,
        }.get(name)
        if filing is None:
            self._document(name, doc)
        else:
            filing(doc)

    def flush(self) -> None:
        """Put the events that wait into pages."""
        for stream in self._streams.values():
            self._fold(stream, stream.waiting)

    def _descriptor(self, doc: Mapping[str, Any]) -> None:
        number = len(self._streams)
        entry = {
            "place": self._place,
            "uid": doc["uid"],
            "name": doc.get("name", ""),
            "body": jsontext.dumps(doc),
        }
        size = len(bson.encode(entry)) + _COUNTS_BYTES
        check_size(size, self._room, "all of a run's descriptors")
        self.shelf.change_run({f"descriptors.{number}": entry})
        self._room -= size
        self._streams[doc["uid"]] = _Stream(number)
        self._place += 1

    def _document(self, name: str, doc: Mapping[str, Any]) -> None:
        body = jsontext.dumps(doc)
        check_size(len(body))
        self.shelf.add_document({**self._key(self._place), "name": name, "body": body})
        self._place += 1

    def _event(self, doc: Mapping[str, Any]) -> None:
        check_event(doc)
        copy, size = copied(doc)
        stream, event = self._streams[doc["descriptor"]], (self._place, copy)
        if stream.waiting_bytes + size > PAGE_BYTES:
            self._fold(stream, stream.waiting)
        if size > PAGE_BYTES or len(stream.waiting) + 1 >= self.shelf.page_events:
            self._fold(stream, [*stream.waiting, event])
        else:
            self.shelf.keep({**self._key(self._place), "stream": stream.number}, copy)
            stream.waiting.append(event)
            stream.waiting_bytes += size
        self._place += 1

    def _event_page(self, doc: Mapping[str, Any]) -> None:
        check_event(doc)
        events, body = pack_page(self._place, doc)
        check_size(len(body))
        stream = self._streams[doc["descriptor"]]
        self._fold(stream, stream.waiting)
        self._add_page(stream, (self._place, self._place), events, body, whole=True)
        self._place += 1

    def _stop(self, doc: Mapping[str, Any]) -> None:
        changes = {"stop": jsontext.dumps(doc), **found_by("stop", doc)}
        check_size(len(bson.encode(changes)), RESERVED_BYTES)
        self.flush()
        streams = {
            f"streams.{stream.number}": {"pages": stream.pages, "events": stream.events}
            for stream in self._streams.values()
        }
        self.shelf.change_run(changes | streams | {"ended": self._place, "open": False})

    def _fold(self, stream: _Stream, events: list[tuple[int, dict[str, Any]]]) -> None:
        """Move the events that wait, or these, to pages."""
        if not events:
            return
        pages, stored, packed = stream.pages, stream.events, 0
        try:
            for first, number, body in pack_events(events):
                check_size(len(body))
                packed += number
                self._add_page(stream, (first, events[packed - 1][0]), number, body, whole=False)
            self.shelf.forget(stream.number, events[-1][0])
        except BaseException:  # once more then, over what is there
            stream.pages, stream.events = pages, stored
            raise
        stream.waiting, stream.waiting_bytes = [], 0

    def _add_page(
        self, stream: _Stream, places: tuple[int, int], events: int, body: bytes, *, whole: bool
    ) -> None:
        page = {
            "_id": page_id(self._run, stream.number, stream.pages),
            "run": self._run,
            "stream": stream.number,
            "place": places[0],
            "last": places[1],
            "events": events,
            "whole": whole,
            **page_fields(body),
        }
        self.shelf.add_page(page)
        stream.pages += 1
        stream.events += events

    def _key(self, place: int) -> Row:
        return {"_id": f"{self._run}/{place}", "run": self._run, "place": place}


def new_run(number: int, writer: str, doc: Mapping[str, Any]) -> Row:
    """The row of a run that begins.

    Raises
    ------
    DocumentError
        If the start document cannot be stored as it is.
    """
    text = jsontext.dumps(doc)
    found = {path.split(".")[0]: {"start": value} for path, value in found_by("start", doc).items()}
    row = {
        "_id": doc["uid"],
        "number": number,
        "key": uuid4().hex,
        "writer": writer,
        "open": True,
        "hidden": False,
        "start": text,
        "stop": None,
        "annotations": "{}",
        "revision": 0,
        **found,
        "descriptors": {},
        "streams": {},
    }
    check_size(len(bson.encode(row)), LARGEST_BYTES - 4 * RESERVED_BYTES)
    return row


def check_size(size: int, limit: int = LARGEST_BYTES, what: str = "") -> None:
    """Refuse what MongoDB would not take.

    Raises
    ------
    DocumentError
        Naming the size and the limit.
    """
    if size > limit:
        raise DocumentError(
            f"{what or 'it'} would take {size / 1e6:.1f} MB of MongoDB's 16 MB a document; at most "
            f"{limit / 1e6:.1f} MB: keep such data in a file of its own, and refer to it"
        )
