"""How the documents of one open run are filed.

Every document has a place in its run: its number in the order of emission. An event goes to the table ``pending``
by itself, and is safe there; when enough have come they move to a page, in one transaction.
"""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from beamtwin.databroker.stores import jsontext
from beamtwin.databroker.stores.events import check_event, copied, of_numbers
from beamtwin.databroker.stores.indexing import index
from beamtwin.databroker.stores.pages import pack_events, pack_page
from beamtwin.databroker.stores.schema import atomic

__all__ = ["PAGE_BYTES", "PAGE_EVENTS", "RunWriter", "pending_range"]

#: Events of a stream move to a page when there are so many of them, or so many bytes of JSON.
PAGE_EVENTS = 500
PAGE_BYTES = 4_000_000


def pending_range(stream: int) -> tuple[int, int]:
    """The first and the last id that a pending event of a stream can have."""
    return stream << 32, (stream << 32) | 0xFFFF_FFFF


@dataclass(slots=True)
class _Stream:
    id: int
    pending_bytes: int = 0
    pending: list[tuple[int, dict[str, Any] | None]] = field(default_factory=list)
    """What awaits its page, each with its place; None for what only the table knows."""


class RunWriter:
    """Files the documents of one open run, except its start.

    Parameters
    ----------
    connection : sqlite3.Connection
    run : int
        The run's id in the table ``runs``.
    bulk : bool
        Whether the run is filed in one transaction: then events await their page here, until `settle`.
    """

    def __init__(self, connection: sqlite3.Connection, run: int, *, bulk: bool = False):
        self._connection = connection
        self._run = run
        self._bulk = bulk
        self._place = 1
        self._streams: dict[str, _Stream] = {}

    def descriptor(self, doc: Mapping[str, Any]) -> None:
        """Begin a stream, or a new descriptor for it."""
        with atomic(self._connection):
            row = self._connection.execute(
                "INSERT INTO streams (run, name, descriptor) VALUES (?, ?, ?)",
                (self._run, doc.get("name", ""), doc["uid"]),
            )
            self.document("descriptor", doc)
        self._streams[doc["uid"]] = _Stream(row.lastrowid or 0)

    def document(self, name: str, doc: Mapping[str, Any]) -> None:
        """File a document that is neither event nor page."""
        self._connection.execute(
            "INSERT INTO documents (run, place, name, body) VALUES (?, ?, ?, ?)",
            (self._run, self._place, name, jsontext.dumps(doc)),
        )
        self._place += 1

    def event(self, doc: Mapping[str, Any]) -> None:
        """File an event; with it, every so often, a page of those that came before."""
        check_event(doc)
        stream = self._streams[doc["descriptor"]]
        if self._bulk:
            self._keep(stream, *copied(doc))
            if _is_full(stream):
                self._fold(stream)
        else:
            kept = of_numbers(doc)
            self._add_pending(stream, kept, jsontext.encode(doc) if kept else jsontext.dumps(doc))
        self._place += 1

    def event_page(self, doc: Mapping[str, Any]) -> None:
        """File a page as it is."""
        check_event(doc)
        stream = self._streams[doc["descriptor"]]
        events, page = pack_page(self._place, doc)
        with atomic(self._connection):
            self._fold(stream)
            self._add_page(stream, self._place, events, page, whole=True)
        self._place += 1

    def stop(self, doc: Mapping[str, Any]) -> None:
        """End the run: what is pending goes to pages."""
        text = jsontext.dumps(doc)
        with atomic(self._connection):
            self.settle()
            self._connection.execute("UPDATE runs SET stop = ? WHERE id = ?", (text, self._run))
            index(self._connection, self._run, "stop", doc)

    def settle(self) -> None:
        """Move what is pending to pages, and from now on commit every event by itself."""
        for stream in self._streams.values():
            self._fold(stream)
        self._bulk = False

    def _add_pending(self, stream: _Stream, kept: dict[str, Any] | None, text: str) -> None:
        row = ((stream.id << 32) + self._place, text)
        if _is_full(stream, and_one=True):
            with atomic(self._connection):
                self._connection.execute(_INSERT_PENDING, row)
                self._keep(stream, kept, len(text))
                self._fold(stream)
        else:
            self._connection.execute(_INSERT_PENDING, row)
            self._keep(stream, kept, len(text))

    def _keep(self, stream: _Stream, event: dict[str, Any] | None, size: int) -> None:
        stream.pending.append((self._place, event))
        stream.pending_bytes += size

    def _fold(self, stream: _Stream) -> None:
        """Move a stream's pending events to pages."""
        for place, number, page in pack_events(self._pending(stream)):
            self._add_page(stream, place, number, page, whole=False)
        if not self._bulk:
            self._connection.execute(
                "DELETE FROM pending WHERE id BETWEEN ? AND ?", pending_range(stream.id)
            )
        stream.pending, stream.pending_bytes = [], 0

    def _pending(self, stream: _Stream) -> list[tuple[int, dict[str, Any]]]:
        """What the table holds counts; what is remembered only saves reading it."""
        known = [(place, event) for place, event in stream.pending if event is not None]
        ids = pending_range(stream.id)
        if self._bulk or (len(known),) == self._connection.execute(_COUNT_PENDING, ids).fetchone():
            return known
        rows = self._connection.execute(
            "SELECT id, body FROM pending WHERE id BETWEEN ? AND ? ORDER BY id", ids
        ).fetchall()
        return [(row - ids[0], jsontext.loads(body)) for row, body in rows]

    def _add_page(
        self, stream: _Stream, place: int, events: int, page: bytes, *, whole: bool
    ) -> None:
        self._connection.execute(
            "INSERT INTO pages (stream, place, events, whole, body) VALUES (?, ?, ?, ?, ?)",
            (stream.id, place, events, whole, page),
        )


_INSERT_PENDING = "INSERT INTO pending (id, body) VALUES (?, ?)"
_COUNT_PENDING = "SELECT count(*) FROM pending WHERE id BETWEEN ? AND ?"


def _is_full(stream: _Stream, *, and_one: bool = False) -> bool:
    return len(stream.pending) + and_one >= PAGE_EVENTS or stream.pending_bytes >= PAGE_BYTES
