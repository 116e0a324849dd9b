"""Callbacks: functions of a document's name and the document. Names and meaning are Bluesky's."""

from collections.abc import Callable, Iterable, Iterator, MutableSequence
from typing import Any

__all__ = [
    "CallbackBase",
    "CallbackCounter",
    "collector",
    "get_obj_fields",
    "print_metadata",
]

Document = dict[str, Any]

#: What a start document says of the document itself, not of the experiment.
_BOOKKEEPING = ("uid", "time")


class CallbackBase:
    """Documents go to the methods of their names; a subclass overrides those that it is about.

    >>> class Ends(CallbackBase):
    ...     def stop(self, doc):
    ...         print(doc["exit_status"])
    >>> Ends()("stop", {"exit_status": "success"})
    success
    """

    def __call__(self, name: str, doc: Document) -> Any:
        """Take a document."""
        return getattr(self, name)(doc)

    def start(self, doc: Document) -> Any:
        """A run begins."""

    def descriptor(self, doc: Document) -> Any:
        """What the events of a stream will hold."""

    def event(self, doc: Document) -> Any:
        """One point."""

    def event_page(self, doc: Document) -> Any:
        """Many points: each goes to `event`."""
        for event in events_of_page(doc):
            self.event(event)

    def resource(self, doc: Document) -> Any:
        """A file."""

    def datum(self, doc: Document) -> Any:
        """A part of a file."""

    def datum_page(self, doc: Document) -> Any:
        """Many parts of a file."""

    def stream_resource(self, doc: Document) -> Any:
        """A file that a stream's data go to."""

    def stream_datum(self, doc: Document) -> Any:
        """A stretch of a stream in its file."""

    def stop(self, doc: Document) -> Any:
        """The run is over."""


class CallbackCounter:
    """Counts how often it is called.

    Attributes
    ----------
    value : int
    """

    def __init__(self) -> None:
        self.value = 0

    def __call__(self, name: str, doc: Document) -> None:
        """Count a document."""
        self.value += 1


def collector(field: str, output: MutableSequence[Any]) -> Callable[[str, Document], None]:
    """A callback for events that appends the values of a data key to a list.

    >>> values = []
    >>> collector("i0", values)("event", {"data": {"i0": 5.0}})
    >>> values
    [5.0]
    """

    def collect(name: str, doc: Document) -> None:
        output.append(doc["data"][field])

    return collect


def print_metadata(name: str, doc: Document) -> None:
    """A callback for start documents that prints what the run is about."""
    for key, value in doc.items():
        if key not in _BOOKKEEPING:
            print(f"{key}: {value}")


def get_obj_fields(fields: Iterable[Any]) -> list[str]:
    """Data keys, of keys and of devices, which stand for the fields that they hint at."""
    return [key for field in fields for key in _keys(field)]


def _keys(field: Any) -> list[str]:
    if isinstance(field, str):
        return [field]
    hinted = getattr(field, "hints", {}).get("fields")
    return list(field.describe()) if hinted is None else list(hinted)


def events_of_page(page: Document) -> Iterator[Document]:
    """The events of a page, as they would have come one by one."""
    for index, uid in enumerate(page["uid"]):
        yield {
            "uid": uid,
            "descriptor": page["descriptor"],
            "time": page["time"][index],
            "seq_num": page["seq_num"][index],
            **{
                part: {key: column[index] for key, column in page.get(part, {}).items()}
                for part in ("data", "timestamps", "filled")
            },
        }
