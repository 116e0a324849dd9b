"""Which open run a document belongs to, and what it must have for that: the same for every store."""

from collections import deque
from collections.abc import Callable, Mapping
from enum import Enum
from numbers import Real
from typing import Any, Generic, TypeVar

from beamtwin.databroker.errors import DocumentError

__all__ = ["PARENT", "Router", "check_start", "plain_name"]

Writer = TypeVar("Writer")

#: Which key of a document names what it belongs to.
PARENT = {
    "descriptor": "run_start",
    "event": "descriptor",
    "event_page": "descriptor",
    "stop": "run_start",
    "resource": "run_start",
    "datum": "resource",
    "datum_page": "resource",
    "stream_resource": "run_start",
    "stream_datum": "stream_resource",
}
#: What documents that come later belong to, and what it must have for that.
_REQUIRED = {
    "descriptor": {"uid", "run_start", "data_keys"},
    "resource": {"uid"},
    "stream_resource": {"uid", "data_key"},
}


def _of_dictionaries(value: Any) -> bool:
    return isinstance(value, Mapping) and all(isinstance(v, Mapping) for v in value.values())


def _is_time(value: Any) -> bool:
    """Whether it can be sorted by: a number, and not NaN."""
    return isinstance(value, int | float) and _is_in_range(value)


def _is_scan_id(value: Any) -> bool:
    return value is None or (isinstance(value, int) and _is_in_range(value))


def _is_in_range(value: float) -> bool:
    return not isinstance(value, bool) and abs(value) < 2**63


#: Whether a value is what event-model asks for, and how to say that.
_Kind = tuple[Callable[[Any], bool], str]
_STRING: _Kind = (lambda value: isinstance(value, str), "a string")
_UID: _Kind = (lambda value: isinstance(value, str) and value != "", "a string that is not empty")
#: Of what those who read rely on.
_KINDS: dict[str, dict[str, _Kind]] = {
    "descriptor": {
        "uid": _UID,
        "name": _STRING,
        "data_keys": (_of_dictionaries, "a dictionary of dictionaries"),
    },
    "resource": {"uid": _UID},
    "stream_resource": {"uid": _UID, "data_key": _STRING},
    "stop": {
        "time": (lambda value: isinstance(value, Real), "a number of seconds since the Unix epoch"),
        "exit_status": _STRING,
    },
}
_LONGEST_SHOWN = 60
_MAY_NAME_NO_RUN = {"resource", "stream_resource"}
#: What stores sort and search by.
_OF_START: dict[str, _Kind] = {
    "uid": _UID,
    "time": (_is_time, "a number of seconds since the Unix epoch"),
    "scan_id": (_is_scan_id, "an integer of 64 bits"),
    "plan_name": (lambda value: value is None or isinstance(value, str), "a string"),
}
#: So many of the uids of runs that have ended, and of what belonged to them, are remembered for messages.
_REMEMBERED = 1000


class Router(Generic[Writer]):
    """The writers of the runs that are open, by the uids of what later documents name."""

    def __init__(self) -> None:
        self.writers: dict[str, Writer] = {}
        self.ended: deque[str] = deque(maxlen=_REMEMBERED)

    def open(self, uid: str, writer: Writer) -> None:
        """A run has begun."""
        self.writers[uid] = writer

    def adopt(self, other: "Router[Writer]") -> None:
        """Take over the open runs of another router."""
        self.writers |= other.writers
        self.ended.extend(other.ended)

    def writer(self, name: str, doc: Mapping[str, Any]) -> Writer:
        """Who writes the run that a document belongs to.

        Raises
        ------
        DocumentError
            If there is none, or the document lacks what is needed.
        """
        parent = PARENT.get(name)
        if parent is None:
            known = ", ".join(["start", *PARENT])
            raise DocumentError(f"not a kind of document that is known; known: {known}")
        if doc.__class__ is not dict:  # asked here, as events are many
            _check_mapping(doc)
        if name in _KINDS:
            _check(name, doc)
        uid = doc.get(parent)
        uid = uid if isinstance(uid, str) else ""
        writer = self.writers.get(uid) or self._only(name, doc)
        if writer is None:
            where = "a run that has ended" if uid in self.ended else "no run that is open here"
            raise DocumentError(
                f"belongs to {parent} {_shown(doc.get(parent))}, which is of {where}"
            )
        return writer

    def filed(self, name: str, doc: Mapping[str, Any], writer: Writer) -> None:
        """A document has been stored: others may belong to it, or none to its run any more."""
        if name in _REQUIRED:
            self.writers[doc["uid"]] = writer
        elif name == "stop":
            self.ended.extend(uid for uid, w in self.writers.items() if w is writer)
            self.writers = {uid: w for uid, w in self.writers.items() if w is not writer}

    def _only(self, name: str, doc: Mapping[str, Any]) -> Writer | None:
        """A resource need not name its run: then it can only be the one that is open."""
        writers = set(self.writers.values())
        unnamed = name in _MAY_NAME_NO_RUN and "run_start" not in doc
        return writers.pop() if unnamed and len(writers) == 1 else None


def plain_name(name: Any) -> Any:
    """The name of a kind of document, given as text or as a member of ``event_model.DocumentNames``."""
    return name.value if isinstance(name, Enum) else name


def check_start(doc: Mapping[str, Any]) -> None:
    """Refuse a start document that no store could sort or search.

    Raises
    ------
    DocumentError
        Naming the key.
    """
    _check_mapping(doc)
    for key, (is_good, meant) in _OF_START.items():
        if not is_good(doc.get(key)):
            raise DocumentError(f"{key} is {_shown(doc.get(key))}; it must be {meant}")


def _check_mapping(doc: Any) -> None:
    if not isinstance(doc, Mapping):
        raise DocumentError(f"is {_shown(doc)}; it must be a dictionary")


def _check(name: str, doc: Mapping[str, Any]) -> None:
    lacking = _REQUIRED.get(name, set()).difference(doc)
    if lacking:
        raise DocumentError(f"has no {', '.join(sorted(lacking))}")
    for key, (is_good, meant) in _KINDS[name].items():
        if key in doc and not is_good(doc[key]):
            raise DocumentError(f"{key} is {_shown(doc[key])}; it must be {meant}")


def _shown(value: Any) -> str:
    try:
        text = repr(value)
    except ValueError:  # an integer of more digits than Python writes
        return f"a huge {type(value).__name__}"
    return text if len(text) <= _LONGEST_SHOWN else f"{text[: _LONGEST_SHOWN - 1]}…"
