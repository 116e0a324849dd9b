"""How the documents of one open run are filed.

Every document has a place in its run: its number in the order of emission. An event goes to the table ``pending``
by itself, and is safe there; when enough have come they move to a page, in one transaction.
"""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from beamtwin.databroker.stores import jsontext
from beamtwin.databroker.stores.events import check_event
from beamtwin.databroker.stores.indexing import index
from beamtwin.databroker.stores.packing import Row, Signature, pack_rows
from beamtwin.databroker.stores.pages import pack_page
from beamtwin.databroker.stores.schema import atomic

__all__ = ["PAGE_BYTES", "PAGE_EVENTS", "RunWriter", "pending_range", "read_pending"]

#: Events of a stream move to a page when there are so many of them, or so many bytes of JSON.
PAGE_EVENTS = 500
PAGE_BYTES = 4_000_000


#: A stream that knows so many signatures keeps events of any other as JSON.
_MOST_SIGNATURES = 4


def pending_range(stream: int) -> tuple[int, int]:
    """The first and the last id that a pending event of a stream can have."""
    return stream << 32, (stream << 32) | 0xFFFF_FFFF


def read_pending(connection: sqlite3.Connection, stream: int, since: int = 0) -> list[Row]:
    """The events of a stream that await their page, from that place on."""
    first, last = pending_range(stream)
    return connection.execute(_READ_PENDING, (first, first + since, last)).fetchall()


@dataclass(slots=True)
class _Stream:
    id: int
    first: int
    """What is added to the place of an event to give its id in the table ``pending``."""
    signatures: list[tuple[int, Signature]] = field(default_factory=list)
    """With their ids in their table."""
    events: int = 0
    bytes: int = 0
    """What awaits its page."""
    rows: list[Row] = field(default_factory=list)
    """What awaits its page, but for what is in the table."""


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
        text = jsontext.dumps(doc)
        with atomic(self._connection):
            row = self._connection.execute(
                "INSERT INTO streams (run, name, descriptor) VALUES (?, ?, ?)",
                (self._run, doc.get("name", ""), doc["uid"]),
            )
            self._insert_document("descriptor", text)
        stream = row.lastrowid or 0
        self._streams[doc["uid"]] = _Stream(stream, pending_range(stream)[0])

    def document(self, name: str, doc: Mapping[str, Any]) -> None:
        """File a document that is neither event nor page."""
        self._insert_document(name, jsontext.dumps(doc))

    def event(self, doc: Mapping[str, Any]) -> None:
        """File an event; with it, every so often, a page of those that came before."""
        stream = self._streams[doc["descriptor"]]
        for number, signature in stream.signatures:
            body = signature.pack(doc)
            if body is not None:
                self._add(stream, number, signature, body)
                return
        check_event(doc)
        signature = Signature.of(doc) if len(stream.signatures) < _MOST_SIGNATURES else None
        body = None if signature is None else signature.pack(doc)
        if signature is None or body is None:
            self._add(stream, None, None, jsontext.dumps(doc))
        else:
            number = self._number(signature)
            self._add(stream, number, signature, body)
            stream.signatures.append((number, signature))

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
            if self._bulk:
                stream.signatures = []
        self._bulk = False

    def _number(self, signature: Signature) -> int:
        """A signature's id in its table."""
        if self._bulk:
            return 0
        with atomic(self._connection):
            self._connection.execute(_INSERT_SIGNATURE, (signature.text,))
            return self._connection.execute(_FIND_SIGNATURE, (signature.text,)).fetchone()[0]

    def _add(
        self, stream: _Stream, number: int | None, signature: Signature | None, body: bytes | str
    ) -> None:
        full = stream.events + 1 >= PAGE_EVENTS or stream.bytes >= PAGE_BYTES
        if self._bulk:
            stream.rows.append((self._place, signature and signature.text, body))
            if full:
                self._fold(stream)
        elif full:
            with atomic(self._connection):
                self._insert(stream, number, body)
                self._fold(stream)
        else:
            self._insert(stream, number, body)
        stream.events = 0 if full else stream.events + 1
        stream.bytes = 0 if full else stream.bytes + len(body)
        self._place += 1

    def _insert_document(self, name: str, text: str) -> None:
        self._connection.execute(
            "INSERT INTO documents (run, place, name, body) VALUES (?, ?, ?, ?)",
            (self._run, self._place, name, text),
        )
        self._place += 1

    def _insert(self, stream: _Stream, number: int | None, body: bytes | str) -> None:
        self._connection.execute(_INSERT_PENDING, (stream.first + self._place, body, number))

    def _fold(self, stream: _Stream) -> None:
        """Move a stream's pending events to pages."""
        rows = stream.rows if self._bulk else read_pending(self._connection, stream.id)
        for place, number, page in pack_rows(rows) if rows else ():
            self._add_page(stream, place, number, page, whole=False)
        if not self._bulk:
            ids = pending_range(stream.id)
            self._connection.execute("DELETE FROM pending WHERE id BETWEEN ? AND ?", ids)
        stream.events, stream.bytes, stream.rows = 0, 0, []

    def _add_page(
        self, stream: _Stream, place: int, events: int, page: bytes, *, whole: bool
    ) -> None:
        self._connection.execute(
            "INSERT INTO pages (stream, place, events, whole, body) VALUES (?, ?, ?, ?, ?)",
            (stream.id, place, events, whole, page),
        )


_INSERT_PENDING = "INSERT INTO pending (id, body, signature) VALUES (?, ?, ?)"
_READ_PENDING = (
    "SELECT pending.id - ?, signatures.body, pending.body "
    "FROM pending LEFT JOIN signatures ON signatures.id = pending.signature "
    "WHERE pending.id BETWEEN ? AND ? ORDER BY pending.id"
)
_INSERT_SIGNATURE = "INSERT OR IGNORE INTO signatures (body) VALUES (?)"
_FIND_SIGNATURE = "SELECT id FROM signatures WHERE body = ?"
