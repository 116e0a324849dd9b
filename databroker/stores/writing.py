"""How the documents of one open run are filed.

Every document has a place in its run: its number in the order of emission. An event goes to the table ``pending``
by itself, and is safe there; when enough have come they move to a page, in one transaction.
"""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any

from beamtwin.databroker.errors import DocumentError
from beamtwin.databroker.stores import jsontext
from beamtwin.databroker.stores.pages import pack_events, pack_page
from beamtwin.databroker.stores.schema import atomic

__all__ = ["PAGE_BYTES", "PAGE_EVENTS", "RunWriter", "pending_range"]

#: Events of a stream move to a page when there are so many of them, or so many bytes of JSON.
PAGE_EVENTS = 500
PAGE_BYTES = 4_000_000

_EVENT_KEYS = {"uid", "descriptor", "seq_num", "time", "data", "timestamps", "filled"}
_EVENT_SECTIONS = ("data", "timestamps", "filled")


def pending_range(stream: int) -> tuple[int, int]:
    """The first and the last id that a pending event of a stream can have."""
    return stream << 32, (stream << 32) | 0xFFFF_FFFF


@dataclass(slots=True)
class _Stream:
    id: int
    pending_events: int = 0
    pending_bytes: int = 0


class RunWriter:
    """Files the documents of one open run, except its start.

    Parameters
    ----------
    connection : sqlite3.Connection
    run : int
        The run's id in the table ``runs``.
    """

    def __init__(self, connection: sqlite3.Connection, run: int):
        self._connection = connection
        self._run = run
        self._places = count(1)
        self._streams: dict[str, _Stream] = {}

    def descriptor(self, doc: Mapping[str, Any]) -> None:
        """Begin a stream, or a new descriptor for it."""
        with atomic(self._connection):
            self.document("descriptor", doc)
            row = self._connection.execute(
                "INSERT INTO streams (run, name, descriptor) VALUES (?, ?, ?)",
                (self._run, doc.get("name", ""), doc["uid"]),
            )
        self._streams[doc["uid"]] = _Stream(row.lastrowid or 0)

    def document(self, name: str, doc: Mapping[str, Any]) -> None:
        """File a document that is neither event nor page."""
        jsontext.check(doc)
        self._connection.execute(
            "INSERT INTO documents (run, place, name, body) VALUES (?, ?, ?, ?)",
            (self._run, next(self._places), name, jsontext.dumps(doc)),
        )

    def event(self, doc: Mapping[str, Any]) -> None:
        """File an event; with it, every so often, a page of those that came before."""
        _check_event(doc)
        text = jsontext.dumps(doc)
        stream, place = self._streams[doc["descriptor"]], next(self._places)
        if stream.pending_events + 1 < PAGE_EVENTS and stream.pending_bytes < PAGE_BYTES:
            self._add_pending(stream, place, text)
            return
        with atomic(self._connection):
            self._add_pending(stream, place, text)
            self._fold(stream)

    def event_page(self, doc: Mapping[str, Any]) -> None:
        """File a page as it is."""
        _check_event(doc)
        stream = self._streams[doc["descriptor"]]
        place = next(self._places)
        events, page = pack_page(place, doc)
        with atomic(self._connection):
            self._fold(stream)
            self._add_page(stream, place, events, page, whole=True)

    def stop(self, doc: Mapping[str, Any]) -> None:
        """End the run: what is pending goes to pages."""
        jsontext.check(doc)
        with atomic(self._connection):
            for stream in self._streams.values():
                self._fold(stream)
            self._connection.execute(
                "UPDATE runs SET stop = ? WHERE id = ?", (jsontext.dumps(doc), self._run)
            )

    def _add_pending(self, stream: _Stream, place: int, text: str) -> None:
        self._connection.execute(
            "INSERT INTO pending (id, body) VALUES (?, ?)", ((stream.id << 32) + place, text)
        )
        stream.pending_events += 1
        stream.pending_bytes += len(text)

    def _fold(self, stream: _Stream) -> None:
        """Move a stream's pending events to pages; what the table holds counts, not what we remember."""
        ids = pending_range(stream.id)
        rows = self._connection.execute(
            "SELECT id, body FROM pending WHERE id BETWEEN ? AND ? ORDER BY id", ids
        ).fetchall()
        events = [(row - ids[0], jsontext.loads(body)) for row, body in rows]
        for place, number, page in pack_events(events):
            self._add_page(stream, place, number, page, whole=False)
        self._connection.execute("DELETE FROM pending WHERE id BETWEEN ? AND ?", ids)
        stream.pending_events = stream.pending_bytes = 0

    def _add_page(
        self, stream: _Stream, place: int, events: int, page: bytes, *, whole: bool
    ) -> None:
        self._connection.execute(
            "INSERT INTO pages (stream, place, events, whole, body) VALUES (?, ?, ?, ?, ?)",
            (stream.id, place, events, whole, page),
        )


def _check_event(doc: Mapping[str, Any]) -> None:
    odd = _EVENT_KEYS.symmetric_difference(doc) - {"filled"}
    if odd:
        raise DocumentError(f"{sorted(map(str, odd))} missing or not known to event-model")
    for section in _EVENT_SECTIONS:
        if not isinstance(doc.get(section, {}), dict):
            raise DocumentError(f"{section} must be a dictionary, not {doc[section]!r}")
