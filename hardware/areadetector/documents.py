"""How frames in files are announced: by event-model's stream documents, or by a datum an event."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, Protocol
from urllib.parse import quote

__all__ = ["ANNOUNCERS", "Announcer", "Datums", "Place", "Streams"]

NamedDocument = tuple[str, dict[str, Any]]


class Place(NamedTuple):
    """Where frames are, once there are some."""

    data_key: str
    path: Path
    """A file, or the folder of many, as readers see it."""
    root: Path
    """What may change when the files are mounted elsewhere."""
    spec: str
    mimetype: str
    stream_parameters: dict[str, Any]
    resource_kwargs: dict[str, Any]


class Announcer(Protocol):
    """Announces the frames of one place."""

    external: str
    """What a data key says of them."""

    def announce(
        self, place: Callable[[], Place], first: int, last: int
    ) -> Iterator[NamedDocument]:
        """The documents of the events ``first`` to ``last``, that not included, counted from the place's first.

        ``run_start``, ``descriptor`` and ``seq_nums`` are the engine's to fill.
        """
        ...

    def value(self, event: int) -> Any:
        """What the event itself holds for them; None for nothing."""
        ...


class Streams:
    """``stream_resource`` and ``stream_datum``: the event holds nothing.

    Parameters
    ----------
    uid : callable
        Makes the resource's uid; that of a datum is the resource's with the index of its first event.
    """

    external = "STREAM:"

    def __init__(self, uid: Callable[[], str]):
        self._uid = uid
        self._resource = ""

    def announce(
        self, place: Callable[[], Place], first: int, last: int
    ) -> Iterator[NamedDocument]:
        """The file once, then the ranges of its rows."""
        if not self._resource:
            self._resource = self._uid()
            yield "stream_resource", self._stream_resource(place())
        datum = {
            "uid": f"{self._resource}/{first}",
            "stream_resource": self._resource,
            "descriptor": "",
            "indices": {"start": first, "stop": last},
            "seq_nums": {"start": 0, "stop": 0},
        }
        yield "stream_datum", datum

    def value(self, event: int) -> None:
        """Nothing."""

    def _stream_resource(self, place: Place) -> dict[str, Any]:
        folder = "/" if place.mimetype.startswith("multipart") else ""
        return {
            "uid": self._resource,
            "data_key": place.data_key,
            "mimetype": place.mimetype,
            "uri": f"file://localhost{quote(place.path.absolute().as_posix())}{folder}",
            "parameters": place.stream_parameters,
        }


class Datums:
    """``resource`` and ``datum``: the event holds the datum's id.

    Parameters
    ----------
    uid : callable
        Makes the resource's uid; a datum's id is that with the number of its event in the file.
    """

    external = "FILESTORE:"

    def __init__(self, uid: Callable[[], str]):
        self._resource = uid()
        self._is_known = False

    def announce(
        self, place: Callable[[], Place], first: int, last: int
    ) -> Iterator[NamedDocument]:
        """The file once, then a datum an event."""
        if not self._is_known:
            self._is_known = True
            yield "resource", self._document(place())
        for event in range(first, last):
            datum = {
                "datum_id": self.value(event),
                "resource": self._resource,
                "datum_kwargs": {"point_number": event},
            }
            yield "datum", datum

    def value(self, event: int) -> str:
        """The datum's id."""
        return f"{self._resource}/{event}"

    def _document(self, place: Place) -> dict[str, Any]:
        return {
            "uid": self._resource,
            "spec": place.spec,
            "root": str(place.root),
            "resource_path": place.path.relative_to(place.root).as_posix(),
            "resource_kwargs": place.resource_kwargs,
            "path_semantics": "posix",
        }


#: By the name that detectors are told.
ANNOUNCERS: dict[str, Callable[[Callable[[], str]], Announcer]] = {
    "stream": Streams,
    "datum": Datums,
}
