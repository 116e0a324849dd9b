"""What people and programs say of a run after it: each function makes new annotations of those there are."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from beamtwin.databroker.errors import DocumentError
from beamtwin.databroker.stores.base import Annotations

__all__ = ["fault", "note", "score", "tag", "untag"]

Change = Callable[[Annotations], Annotations]
#: What makes two scores the same comparison, made again.
_IDENTITY = ("counterpart", "title")


def tag(names: Iterable[str]) -> Change:
    """Add tags; those there are stay once.

    Raises
    ------
    DocumentError
        If one is no text.
    """
    added = [_text("tag", name) for name in names]
    return lambda before: {**before, "tags": sorted({*before.get("tags", []), *added})}


def untag(names: Iterable[str]) -> Change:
    """Take tags away; those that are not there do not matter."""
    taken = set(names)
    return lambda before: {
        **before,
        "tags": [name for name in before.get("tags", []) if name not in taken],
    }


def note(text: str, author: str | None, time: float | None) -> Change:
    """Add a note; author and time only where they are known.

    Raises
    ------
    DocumentError
        If it is no text, or the author is none.
    """
    _text("note", text)
    if author is not None:
        _text("author", author)
    about = {"author": author, "time": time}
    added = {"text": text, **{key: value for key, value in about.items() if value is not None}}
    return lambda before: {**before, "notes": [*before.get("notes", []), added]}


def score(entry: Mapping[str, Any]) -> Change:
    """Add a comparison's scores, or replace those of the same comparison made before."""

    def change(before: Annotations) -> Annotations:
        others = [s for s in before.get("scores", []) if _identity(s) != _identity(entry)]
        return {**before, "scores": [*others, dict(entry)]}

    return change


def fault(annotations: Any) -> str | None:
    """What of annotations from elsewhere those who show them could not read; None: nothing."""
    if not isinstance(annotations, Mapping):
        return "annotations are no dictionary"
    for key, (is_good, meant) in _KINDS.items():
        entries = annotations.get(key, [])
        if not isinstance(entries, list) or not all(map(is_good, entries)):
            return f"{key} are not a list of {meant}"
    return None


def _text(what: str, value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise DocumentError(f"{what} {value!r}: give a text, and no empty one")
    return value


def _is_note(entry: Any) -> bool:
    about = entry if isinstance(entry, Mapping) else {}
    return isinstance(about.get("text"), str) and isinstance(about.get("time", 0.0), int | float)


def _is_score(entry: Any) -> bool:
    return isinstance(entry, Mapping) and isinstance(entry.get("counterpart"), str)


#: Whether an entry is as those who show it expect, and how to say that.
_KINDS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "tags": (lambda entry: isinstance(entry, str), "texts"),
    "notes": (_is_note, "dictionaries with a text"),
    "scores": (_is_score, "dictionaries with the uid of a counterpart"),
}


def _identity(entry: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(entry.get(key) for key in _IDENTITY)
