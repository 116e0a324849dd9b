"""What a document belongs to, and documents in an order in which that comes first."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from beamtwin.databroker.stores.base import NamedDocument
from beamtwin.databroker.stores.routing import PARENT

__all__ = ["parents_first"]

_PARENTS = frozenset({"start", "descriptor", "resource", "stream_resource"})


def parents_first(documents: Iterable[tuple[str, Mapping[str, Any]]]) -> Iterator[NamedDocument]:
    """The documents of one run, each after what it belongs to, and the stop document last.

    Tiled sorts them by time; but an event that was read before its descriptor was made is older than that.
    What belongs to nothing here comes before the stop document.
    """
    known: set[str] = set()
    waiting: dict[str, list[NamedDocument]] = {}
    stop: list[NamedDocument] = []
    for name, doc in documents:
        document = (name, dict(doc))
        if name == "stop":
            stop.append(document)
        else:
            yield from _released(document, known, waiting)
    for orphans in waiting.values():
        yield from orphans
    yield from stop


def _released(
    document: NamedDocument, known: set[str], waiting: dict[str, list[NamedDocument]]
) -> Iterator[NamedDocument]:
    """The document, and what waited for it; nothing if it has to wait itself."""
    name, doc = document
    parent = doc.get(PARENT.get(name, ""))
    if parent is not None and parent not in known:
        waiting.setdefault(parent, []).append(document)
        return
    yield document
    if name in _PARENTS and "uid" in doc:
        known.add(doc["uid"])
        for held in waiting.pop(doc["uid"], ()):
            yield from _released(held, known, waiting)
