"""What is kept beside the documents, so that searches find them: words, and the values of much-used keys."""

import sqlite3
from collections.abc import Iterator, Mapping
from typing import Any

from beamtwin.databroker.query import values
from beamtwin.databroker.stores.searched import PARTS
from beamtwin.databroker.stores.unindexed import NUMBER_LIMIT
from beamtwin.databroker.text import strings, words

__all__ = ["HOT_KEYS", "PART_IDS", "forget", "index"]

#: The keys whose values are indexed, beside what the table ``runs`` has columns for.
HOT_KEYS = (
    "twin.target",
    "twin.scenario",
    "counterpart",
    "sample.name",
    "stop.exit_status",
    "annotations.tags",
)
#: Where the parts of a run are in the table of words: run * 4 + this.
PART_IDS = {"start": 0, "stop": 1, "annotations": 2}


def index(connection: sqlite3.Connection, run: int, part: str, document: Mapping[str, Any]) -> None:
    """Keep what a start or a stop document, or annotations, are found by; in the transaction that stores them."""
    row = run * 4 + PART_IDS[part]
    searched = document if part == "start" else {part: document}
    connection.execute("DELETE FROM texts WHERE rowid = ?", (row,))
    connection.execute("DELETE FROM hot WHERE run = ? AND part = ?", (run, PART_IDS[part]))
    text = " ".join(word for string in strings(document) for word in words(string))
    connection.execute("INSERT INTO texts (rowid, body) VALUES (?, ?)", (row, text))
    connection.executemany(
        "INSERT OR IGNORE INTO hot (key, value, run, part) VALUES (?, ?, ?, ?)",
        [
            (key, value, run, PART_IDS[part])
            for key in HOT_KEYS
            if _part(key) == part
            for value in _scalars(values(key, searched))
        ],
    )


def forget(connection: sqlite3.Connection, run: int) -> None:
    """Remove what a run was found by."""
    connection.execute("DELETE FROM texts WHERE rowid BETWEEN ? AND ?", (run * 4, run * 4 + 3))
    connection.execute("DELETE FROM hot WHERE run = ?", (run,))


def _part(key: str) -> str:
    first = key.split(".")[0]
    return first if first in PARTS else "start"


def _scalars(found: list[Any]) -> Iterator[str | float]:
    """Strings and numbers; those beyond 64 bits as any number that is greater than what fits."""
    for value in found:
        if isinstance(value, str):
            yield value
        elif isinstance(value, int | float) and not isinstance(value, bool) and value == value:
            yield (
                value
                if abs(value) < NUMBER_LIMIT
                else float(2 * NUMBER_LIMIT) * (1 if value > 0 else -1)
            )
