"""How a run is read back from its rows.

A run that is being written changes while it is read. What is stored first is read last: the events that wait before
the pages that they move to, which are told by their places; and the replay ends where a place is empty as yet.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from heapq import merge
from operator import itemgetter
from typing import Any

from beamtwin.databroker.stores import jsontext
from beamtwin.databroker.stores.base import Columns, Header, NamedDocument
from beamtwin.databroker.stores.mongo.layout import Tables, page_body, page_id
from beamtwin.databroker.stores.mongo.shelves import Row
from beamtwin.databroker.stores.pages import Page, pack_events
from beamtwin.databroker.stores.reading import Placed, join

__all__ = ["RunReader", "as_header", "descriptors"]

#: So few pages are asked for one by one: FerretDB has an index for that alone, and reads whole collections else.
_ONE_BY_ONE = 32
_EVENTS = {"event", "event_page"}
#: What lies in the row of the run itself.
_OWN = {"start", "descriptor", "stop"}


def as_header(row: Row, living: set[str]) -> Header:
    """The header of a run."""
    stop = row["stop"]
    return Header(
        jsontext.loads(row["start"]),
        None if stop is None else jsontext.loads(stop),
        alive=stop is None and row["writer"] in living,
        annotations=jsontext.loads(row["annotations"]),
        hidden=row["hidden"],
    )


def descriptors(row: Row) -> list[dict[str, Any]]:
    """The descriptors of a run, in the order of emission."""
    return [jsontext.loads(entry["body"]) for _, entry in _entries(row)]


@dataclass(frozen=True, slots=True)
class _Stream:
    """The events of one descriptor: how many pages there are is known once the run has ended."""

    number: int
    descriptor: str
    pages: int | None
    waiting: list[Row]


class RunReader:
    """Reads one run.

    Parameters
    ----------
    tables : Tables
    row : dict
        The run's row.
    """

    def __init__(self, tables: Tables, row: Row):
        self._tables = tables
        self._row = row
        self._run: str = row["key"]

    def documents(self, wanted: set[str] | None, since: int) -> Iterator[NamedDocument]:
        """The documents as they were emitted, from that place on."""
        parts = [self._descriptors()]
        if wanted is None or wanted - _EVENTS - _OWN:
            parts.append(self._others(since))
        if wanted is None or wanted & _EVENTS:
            parts += [self._events(stream, since) for stream in self._streams()]
        if since == 0:
            yield from self._chosen("start", self._row["start"], wanted)
        placed = _without_gaps(merge(*parts, key=itemgetter(0)), since, whole=wanted is None)
        yield from ((name, doc) for name, doc in placed if wanted is None or name in wanted)
        if self._row["stop"] is not None and since <= self._row["ended"]:
            yield from self._chosen("stop", self._row["stop"], wanted)

    def columns(self, stream: str, keys: Iterable[str] | None) -> Columns:
        """The events of one stream."""
        pages = [page for part in self._streams(stream) for _, page in self._pages(part, 0)]
        return join(pages, keys)

    def counts(self) -> dict[str, int]:
        """How many events each stream has."""
        counts = {entry["name"]: 0 for _, entry in _entries(self._row)}
        if self._row["stop"] is not None:
            for number, entry in _entries(self._row):
                counts[entry["name"]] += self._row["streams"][str(number)]["events"]
        else:
            for stream, entry in zip(self._streams(), _entries(self._row), strict=True):
                counts[entry[1]["name"]] += self._count(stream)
        return counts

    def _count(self, stream: _Stream) -> int:
        found = self._tables.pages.find(
            {"run": self._run, "stream": stream.number}, {"events": 1, "last": 1}
        )
        pages = list(found)
        last = max((page["last"] for page in pages), default=0)
        waiting = sum(event["place"] > last for event in stream.waiting)
        return waiting + sum(page["events"] for page in pages)

    def _streams(self, name: str | None = None) -> list[_Stream]:
        """The streams, or those of that name, with what waits for a page as yet."""
        chosen = [
            (number, entry["uid"])
            for number, entry in _entries(self._row)
            if name in (None, entry["name"])
        ]
        if self._row["stop"] is not None:
            known = self._row["streams"]
            return [_Stream(n, uid, known[str(n)]["pages"], []) for n, uid in chosen]
        waiting: dict[int, list[Row]] = {}
        for event in self._tables.pending.find({"run": self._run}).sort("place"):
            waiting.setdefault(event["stream"], []).append(event)
        return [_Stream(n, uid, None, waiting.get(n, [])) for n, uid in chosen]

    def _pages(self, stream: _Stream, since: int) -> Iterator[tuple[bool, Page]]:
        """Each page that reaches beyond a place, and whether it came as an event_page."""
        last = 0
        for row in self._page_rows(stream, since):
            last = row["last"]
            yield row["whole"], Page(page_body(row))
        events = [
            (event["place"], jsontext.loads(event["body"]))
            for event in stream.waiting
            if event["place"] > last
        ]
        for _, _, body in pack_events(events):
            yield False, Page(body)

    def _page_rows(self, stream: _Stream, since: int) -> Iterable[Row]:
        if stream.pages is not None and stream.pages <= _ONE_BY_ONE:
            return self._known_pages(stream.number, stream.pages)
        chosen = {"run": self._run, "stream": stream.number}
        if since:
            chosen["last"] = {"$gte": since}
        return self._tables.pages.find(chosen).sort("place")

    def _known_pages(self, stream: int, count: int) -> Iterator[Row]:
        for number in range(count):
            yield from self._tables.pages.find({"_id": page_id(self._run, stream, number)})

    def _events(self, stream: _Stream, since: int) -> Iterator[Placed]:
        for whole, page in self._pages(stream, since):
            if whole:
                place, document = page.document(stream.descriptor)
                yield place, "event_page", document
            else:
                for place, event in page.events(stream.descriptor):
                    yield place, "event", event

    def _descriptors(self) -> Iterator[Placed]:
        for _, entry in _entries(self._row):
            yield entry["place"], "descriptor", jsontext.loads(entry["body"])

    def _others(self, since: int) -> Iterator[Placed]:
        chosen = {"run": self._run, "place": {"$gte": since}}
        for row in self._tables.documents.find(chosen).sort("place"):
            yield row["place"], row["name"], jsontext.loads(row["body"])

    def _chosen(self, name: str, text: str, wanted: set[str] | None) -> Iterator[NamedDocument]:
        if wanted is None or name in wanted:
            yield name, jsontext.loads(text)


def _entries(row: Row) -> list[tuple[int, Row]]:
    return sorted((int(number), entry) for number, entry in row["descriptors"].items())


def _without_gaps(placed: Iterator[Placed], since: int, *, whole: bool) -> Iterator[NamedDocument]:
    """From a place on; of all the documents, those up to the first that is missing."""
    expected = max(since, 1)
    for place, name, doc in placed:
        if place < since:
            continue
        if whole and place != expected:
            return
        expected = place + 1
        yield name, doc
