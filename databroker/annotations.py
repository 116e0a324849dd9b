"""What people and programs say of a run after it: each function makes new annotations of those there are."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from beamtwin.databroker.stores.base import Annotations

__all__ = ["note", "score", "tag", "untag"]

Change = Callable[[Annotations], Annotations]
#: What makes two scores the same comparison, made again.
_IDENTITY = ("counterpart", "title")


def tag(names: Iterable[str]) -> Change:
    """Add tags; those there are stay once."""
    added = list(names)
    return lambda before: {**before, "tags": sorted({*before.get("tags", []), *added})}


def untag(names: Iterable[str]) -> Change:
    """Take tags away; those that are not there do not matter."""
    taken = set(names)
    return lambda before: {
        **before,
        "tags": [name for name in before.get("tags", []) if name not in taken],
    }


def note(text: str, author: str | None, time: float | None) -> Change:
    """Add a note; author and time only where they are known."""
    about = {"author": author, "time": time}
    added = {"text": text, **{key: value for key, value in about.items() if value is not None}}
    return lambda before: {**before, "notes": [*before.get("notes", []), added]}


def score(entry: Mapping[str, Any]) -> Change:
    """Add a comparison's scores, or replace those of the same comparison made before."""

    def change(before: Annotations) -> Annotations:
        others = [s for s in before.get("scores", []) if _identity(s) != _identity(entry)]
        return {**before, "scores": [*others, dict(entry)]}

    return change


def _identity(entry: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(entry.get(key) for key in _IDENTITY)
