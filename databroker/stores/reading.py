"""How a run is read back from its tables."""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from beamtwin.databroker.stores import jsontext
from beamtwin.databroker.stores.base import Columns
from beamtwin.databroker.stores.encoding import as_array
from beamtwin.databroker.stores.packing import Row, pack_rows
from beamtwin.databroker.stores.pages import Page
from beamtwin.databroker.stores.writing import read_pending

__all__ = [
    "Placed",
    "StoredStream",
    "count_documents",
    "count_events",
    "join",
    "read_descriptors",
    "read_others",
    "read_streams",
    "snapshot",
]

#: A document with its name and its place in the run.
Placed = tuple[int, str, dict[str, Any]]


@contextmanager
def snapshot(connection: sqlite3.Connection) -> Iterator[None]:
    """All of the statements within see the store at one moment, whoever writes meanwhile."""
    if connection.in_transaction:
        yield
        return
    connection.execute("BEGIN")
    try:
        yield
    finally:
        connection.rollback()


@dataclass(frozen=True, slots=True)
class StoredStream:
    """The events of one descriptor as they lie in the store; decoded only as they are asked for."""

    descriptor: str
    stored: list[tuple[int, bytes]]
    pending: list[Row]

    def pages(self) -> Iterator[tuple[bool, Page]]:
        """Each page, and whether it came as an event_page."""
        for whole, body in self.stored:
            yield bool(whole), Page(body)
        for _, _, body in pack_rows(self.pending) if self.pending else ():
            yield False, Page(body)

    def documents(self) -> Iterator[Placed]:
        """The documents, in order."""
        for whole, page in self.pages():
            if whole:
                place, document = page.document(self.descriptor)
                yield place, "event_page", document
            else:
                for place, event in page.events(self.descriptor):
                    yield place, "event", event


def read_streams(
    connection: sqlite3.Connection, run: int, name: str | None = None, *, since: int = 0
) -> list[StoredStream]:
    """The descriptors of a run with their events, or those of the stream of that name.

    ``since`` may leave out what lies before that place.
    """
    rows = connection.execute(
        "SELECT id, descriptor FROM streams WHERE run = ? AND name = coalesce(?, name) ORDER BY id",
        (run, name),
    ).fetchall()
    return [
        StoredStream(descriptor, *_read_events(connection, row, since)) for row, descriptor in rows
    ]


def read_others(connection: sqlite3.Connection, run: int, since: int = 0) -> Iterator[Placed]:
    """The documents of a run, from that place, that are neither start, stop, event nor page."""
    rows = connection.execute(
        "SELECT place, name, body FROM documents WHERE run = ? AND place >= ? ORDER BY place",
        (run, since),
    ).fetchall()
    return ((place, name, jsontext.loads(body)) for place, name, body in rows)


def read_descriptors(connection: sqlite3.Connection, uid: str) -> list[dict[str, Any]]:
    """The descriptors of a run, in the order of emission."""
    rows = connection.execute(
        "SELECT body FROM documents WHERE run = (SELECT id FROM runs WHERE uid = ?) "
        "AND name = 'descriptor' ORDER BY place",
        (uid,),
    )
    return [jsontext.loads(body) for (body,) in rows.fetchall()]


def count_documents(connection: sqlite3.Connection, run: int) -> int:
    """How many documents a run has before its stop."""
    return connection.execute(_COUNT_DOCUMENTS, (run, run)).fetchone()[0]


def count_events(connection: sqlite3.Connection, run: int) -> dict[str, int]:
    """How many events each stream has."""
    counts: dict[str, int] = {}
    for name, events in connection.execute(_COUNT, (run,)):
        counts[name] = counts.get(name, 0) + events
    return counts


def join(pages: Sequence[Page], wanted: Iterable[str] | None = None) -> Columns:
    """The columns of several pages, one after the other; None where a page lacks a key."""
    keys = list(dict.fromkeys(key for page in pages for key in page.keys("data")))
    if wanted is not None:
        chosen = set(wanted)
        keys = [key for key in keys if key in chosen]
    return Columns(
        _joined([page.array("", "seq_num") for page in pages]),
        _joined([page.array("", "time") for page in pages]),
        {key: _joined([_part(page, key) for page in pages]) for key in keys},
    )


_COUNT = """
SELECT name,
       (SELECT coalesce(sum(events), 0) FROM pages WHERE stream = streams.id)
     + (SELECT count(*) FROM pending WHERE id BETWEEN streams.id << 32 AND (streams.id << 32) | 0xFFFFFFFF)
FROM streams WHERE run = ? ORDER BY id
"""


_COUNT_DOCUMENTS = """
SELECT 1 + (SELECT count(*) FROM documents WHERE run = ?) + coalesce(sum(
           (SELECT coalesce(sum(iif(whole, 1, events)), 0) FROM pages WHERE stream = streams.id)
         + (SELECT count(*) FROM pending WHERE id BETWEEN streams.id << 32 AND (streams.id << 32) | 0xFFFFFFFF)
       ), 0)
FROM streams WHERE run = ?
"""


def _read_events(
    connection: sqlite3.Connection, stream: int, since: int
) -> tuple[list[tuple[int, bytes]], list[Row]]:
    """From the page on in which the place lies that is asked for."""
    stored = connection.execute(
        "SELECT whole, body FROM pages WHERE stream = ?1 AND place >= coalesce("
        "(SELECT max(place) FROM pages WHERE stream = ?1 AND place <= ?2), 0) ORDER BY place",
        (stream, since),
    ).fetchall()
    return stored, read_pending(connection, stream, since)


def _part(page: Page, key: str) -> np.ndarray:
    if key in page.keys("data"):
        return page.array("data", key)
    return np.full(page.count, None, object)


def _joined(parts: Sequence[np.ndarray]) -> np.ndarray:
    if not parts:
        return np.array([])
    alike = len({part.shape[1:] for part in parts}) == 1
    numeric = all(part.dtype.kind in "biufc" for part in parts)
    if alike and (numeric or len({part.dtype.kind for part in parts}) == 1):
        return np.concatenate(parts)
    return as_array([value for part in parts for value in part.tolist()])
