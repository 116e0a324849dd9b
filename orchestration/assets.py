"""Documents about files that detectors write: the run's uid, the descriptor and the event numbers are filled in."""

from collections.abc import Callable, Iterable
from typing import Any

from beamtwin.orchestration.documents import Document
from beamtwin.orchestration.errors import DeviceError
from beamtwin.orchestration.streams import Stream

__all__ = ["Assets", "asset_documents"]

_UNNUMBERED = {"start": 0, "stop": 0}


def asset_documents(device: Any, index: int | None = None) -> Iterable[tuple[str, Document]]:
    """What a device says of the files it has written; one that counts its frames, of those below ``index``."""
    if not hasattr(device, "collect_asset_docs"):
        return ()
    if hasattr(device, "get_index"):
        return device.collect_asset_docs(index)
    return device.collect_asset_docs()


class Assets:
    """The documents about files of one run.

    Parameters
    ----------
    run_uid : str
    emit : callable
        Takes each document as ``emit(name, document)``.
    """

    def __init__(self, run_uid: str, emit: Callable[[str, Document], None]):
        self._run_uid = run_uid
        self._emit = emit
        self._data_keys: dict[str, str] = {}  # of each stream_resource

    def emit(self, stream: Stream | None, documents: Iterable[tuple[str, Document]]) -> int:
        """Emit documents of the stream's devices; returns how many events the stream_datums are of.

        Raises
        ------
        DeviceError
            If they contradict each other or the stream.
        """
        widths: dict[str, int] = {}
        for name, given in documents:
            self._emit(name, self._filled_in(stream, name, given, widths))
        if stream is not None and widths and widths.keys() != stream.external:
            raise DeviceError(
                f"stream {stream.name!r}: stream_datum came for {sorted(widths)}, and is due for "
                f"{sorted(stream.external)}"
            )
        return max(widths.values(), default=0)

    def _filled_in(
        self, stream: Stream | None, name: str, document: Document, widths: dict[str, int]
    ) -> Document:
        """A device's document with what only the run knows."""
        if name == "datum":
            return document
        if name == "stream_datum":
            key, width = self._stream_datum(stream, document, widths)
            widths[key] = width
            return self._numbered(stream, document, width)
        if name == "stream_resource":
            self._stream_resource(stream, document)
        elif name != "resource":
            raise DeviceError(
                f"a device gave a {name!r} document; of files there are resource, datum, "
                "stream_resource and stream_datum"
            )
        return {**document, "run_start": self._run_uid}

    def _stream_resource(self, stream: Stream | None, document: Document) -> None:
        key, uid = document["data_key"], document["uid"]
        if uid in self._data_keys:
            raise DeviceError(f"stream_resource {uid} of {key!r} was given twice")
        if stream is None or key not in stream.external:
            raise DeviceError(
                f"a stream_resource is of {key!r}, which no 'STREAM:' data key of "
                f"stream {stream.name if stream else None!r} is called"
            )
        self._data_keys[uid] = key

    def _stream_datum(
        self, stream: Stream | None, document: Document, widths: dict[str, int]
    ) -> tuple[str, int]:
        """The data key that a stream_datum is of, and how many events."""
        resource = document["stream_resource"]
        if resource not in self._data_keys:
            raise DeviceError(f"a stream_datum is of stream_resource {resource}, which is unknown")
        key = self._data_keys[resource]
        if document.get("descriptor") or document.get("seq_nums", _UNNUMBERED) != _UNNUMBERED:
            raise DeviceError(
                f"a stream_datum of {key!r} has a descriptor or seq_nums already: "
                "these the engine fills in"
            )
        width = document["indices"]["stop"] - document["indices"]["start"]
        if any(width != other for other in widths.values()):
            from beamtwin.orchestration.indices_error import IndicesError

            raise IndicesError(
                f"a stream_datum of {key!r} is of {width} frames, and others of the same "
                f"collect of {sorted(set(widths.values()))}"
            )
        return key, width

    def _numbered(self, stream: Stream | None, document: Document, width: int) -> Document:
        if stream is None:
            raise DeviceError("a stream_datum needs a stream: 'declare_stream' it first")
        first = stream.events + 1
        return {
            **document,
            "descriptor": stream.descriptor["uid"],
            "seq_nums": {"start": first, "stop": first + width},
        }
