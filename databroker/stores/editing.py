"""What may be done to a run after its end: annotations, out of sight and back, removal."""

import sqlite3
from collections.abc import Mapping

from beamtwin.databroker.errors import DocumentError, StoreError
from beamtwin.databroker.stores import jsontext
from beamtwin.databroker.stores.base import Annotations, Header
from beamtwin.databroker.stores.indexing import forget, index
from beamtwin.databroker.stores.writing import pending_range

__all__ = ["check_annotations", "check_deletable", "remove", "set_annotations", "set_hidden"]


def check_annotations(annotations: Annotations) -> None:
    """Refuse what would not come back as it is.

    Raises
    ------
    DocumentError
        Naming the key.
    """
    if not isinstance(annotations, Mapping):
        raise DocumentError(f"annotations must be a dictionary, not {annotations!r}")
    try:
        jsontext.check(annotations)
    except DocumentError as error:
        raise DocumentError(f"annotations: {error}") from None


def check_deletable(header: Header) -> None:
    """Refuse to delete what is in sight, or being written.

    Raises
    ------
    StoreError
    """
    uid = header.start["uid"]
    if not header.hidden:
        raise StoreError(f"{uid}: is not hidden; hide a run first, then delete it")
    if header.state == "running":
        raise StoreError(f"{uid}: is being written; end the run first")


def set_annotations(
    connection: sqlite3.Connection, run: int, annotations: Annotations
) -> Annotations:
    """Replace a run's annotations; gives them as they are stored. Call it in a transaction."""
    check_annotations(annotations)
    text = jsontext.dumps(annotations)
    connection.execute("UPDATE runs SET annotations = ? WHERE id = ?", (text, run))
    stored = jsontext.loads(text)
    index(connection, run, "annotations", stored)
    return stored


def set_hidden(connection: sqlite3.Connection, run: int, hidden: bool) -> None:
    """Put a run out of sight, or bring it back."""
    connection.execute("UPDATE runs SET hidden = ? WHERE id = ?", (int(hidden), run))


def remove(connection: sqlite3.Connection, run: int) -> None:
    """Remove a run and everything of it. Call it in a transaction."""
    streams = connection.execute("SELECT id FROM streams WHERE run = ?", (run,)).fetchall()
    for (stream,) in streams:
        connection.execute("DELETE FROM pages WHERE stream = ?", (stream,))
        connection.execute("DELETE FROM pending WHERE id BETWEEN ? AND ?", pending_range(stream))
    for table in ("streams", "documents"):
        connection.execute(f"DELETE FROM {table} WHERE run = ?", (run,))
    forget(connection, run)
    connection.execute("DELETE FROM runs WHERE id = ?", (run,))
