"""Fly scans: what devices have gathered by themselves becomes event pages, or documents about files."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from beamtwin.orchestration.assets import asset_documents
from beamtwin.orchestration.documents import Document
from beamtwin.orchestration.errors import DeviceError, ProtocolError, UndeclaredStreamError
from beamtwin.orchestration.streams import Described, Stream

if TYPE_CHECKING:
    from beamtwin.orchestration.bundler import RunBundler

__all__ = ["Fliers", "describe_collect", "is_nested"]


class Fliers:
    """The flying devices of one run.

    Parameters
    ----------
    run : RunBundler
    """

    def __init__(self, run: "RunBundler"):
        self._run = run
        self._nested: dict[Any, list[Stream]] = {}  # devices that describe several streams
        #: Kicked off, and not collected yet; a set that keeps its order.
        self.uncollected: dict[Any, None] = {}

    def collect(
        self, devices: Sequence[Any], name: str | None, return_payload: bool = True
    ) -> list[Any] | None:
        """Emit what the devices have gathered.

        Parameters
        ----------
        devices
            Several are cut to the smallest of their ``get_index()``.
        name : str, optional
            Of a stream that was declared for them.
        return_payload : bool
            Whether to answer the partial events.
        """
        for device in devices if len(devices) > 1 else ():
            _check_counts(device)
        stream = self._stream(devices, name)
        for device in devices:
            self.uncollected.pop(device, None)
        index = min(device.get_index() for device in devices) if len(devices) > 1 else None
        documents = [each for device in devices for each in asset_documents(device, index)]
        width = self._run.assets.emit(stream, documents)
        device = devices[0]
        if len(devices) == 1 and not hasattr(device, "get_index"):
            if gathered := _gathered(device):
                payload = self._emit_pages(device, stream, gathered)
                return payload if return_payload else None
            if stream is None:
                raise DeviceError(
                    f"{device.name} gathers files alone: 'collect' it with the name of its stream"
                )
        assert stream is not None
        stream.events += width
        return None

    def collect_rest(self) -> None:
        """Collect what the plan has left; the first failure is raised at the end."""
        failure = None
        for device in list(self.uncollected):
            try:
                self.collect([device], None, return_payload=False)
            except Exception as error:
                failure = failure or error
        if failure is not None:
            raise failure

    # --- which stream ---------------------------------------------------------------------------

    def _stream(self, devices: Sequence[Any], name: str | None) -> Stream | None:
        """The one that was declared; None for a device that describes several."""
        declared = self._run.declared(devices)
        if name is not None:
            if name not in declared:
                raise UndeclaredStreamError(
                    "If a message stream name is provided declare stream needs to be called first. "
                    f"Stream {name!r} is not declared for these devices: 'declare_stream' with collect=True"
                )
            return declared[name]
        if len(declared) == 1:
            return next(iter(declared.values()))
        if declared:
            raise UndeclaredStreamError(f"'collect' needs a name, one of: {', '.join(declared)}")
        if len(devices) > 1:
            raise UndeclaredStreamError(
                "'collect' of several devices: 'declare_stream' for them must come first"
            )
        self._describe_nested(devices[0])
        return None

    def _describe_nested(self, device: Any) -> None:
        """Declare the streams that a device describes itself."""
        if device in self._nested:
            return
        described = device.describe_collect()
        if described and not is_nested(described):
            raise UndeclaredStreamError(
                f"{device.name}: Single nested data keys should be pre-declared: 'declare_stream' with "
                "collect=True must come before 'collect'"
            )
        keys = [key for one in described.values() for key in one]
        if len(set(keys)) < len(keys):
            twice = sorted({key for key in keys if keys.count(key) > 1})
            raise DeviceError(
                f"{device.name}: Can't use identical data keys in multiple streams: {twice} are in several"
            )
        self._nested[device] = [
            self._run.declare(name, [device], _always({device: one}), anew=True)
            for name, one in described.items()
        ]

    # --- event pages ----------------------------------------------------------------------------

    def _emit_pages(
        self, device: Any, stream: Stream | None, gathered: Iterable[tuple[Any, Document]]
    ) -> list[Any]:
        """Emit one page for each that the device gives, or for all the events of a stream."""
        payload = []
        pages: dict[Any, tuple[Stream, list[Document]]] = {}
        for number, (original, page) in enumerate(gathered):
            payload.append(original)
            to = stream or self._of_keys(device, page["data"].keys())
            if external := to.external & page["data"].keys():
                raise DeviceError(
                    f"{device.name}: an event has {sorted(external)}, which are files' data"
                )
            to.check_keys(page["data"].keys())
            key = number if original is page else to.name
            pages.setdefault(key, (to, []))[1].append(page)
        for to, parts in pages.values():
            self._run.emit_page(to, parts)
        return payload

    def _of_keys(self, device: Any, keys: Iterable[str]) -> Stream:
        keys = set(keys)
        for stream in self._nested[device]:
            if stream.keys == keys:
                return stream
        raise DeviceError(f"{device.name}: an event of {sorted(keys)} is of none of its streams")


def _check_counts(device: Any) -> None:
    """Raise where a device cannot be collected together with others."""
    if not (hasattr(device, "get_index") and hasattr(device, "collect_asset_docs")):
        raise ProtocolError(
            f"{device.name} does not implement all WritesStreamAssets methods: "
            "it cannot be collected with other devices"
        )


def _gathered(device: Any) -> Iterable[tuple[Any, Document]] | None:
    """Pairs of what the device gave and a page of it; None where a device gathers files alone."""
    if hasattr(device, "collect_pages"):
        return ((page, page) for page in device.collect_pages())
    if hasattr(device, "collect"):
        return ((event, _as_page(event)) for event in device.collect())
    return None


def _as_page(event: Mapping[str, Any]) -> Document:
    columns = ("data", "timestamps", "filled")
    page: Document = {
        column: {key: [value] for key, value in event.get(column, {}).items()} for column in columns
    }
    return {**page, "time": [event["time"]]} if "time" in event else page


def describe_collect(name: str, devices: Iterable[Any]) -> Described:
    """What devices say that their events of stream ``name`` hold."""
    return {device: _of_stream(device, name, device.describe_collect()) for device in devices}


def _of_stream(device: Any, name: str, described: Mapping[str, Any]) -> Mapping[str, Any]:
    if not is_nested(described):
        return described
    if list(described) != [name]:
        raise DeviceError(
            f"{device.name} describes the streams {sorted(described)}, and not {name!r} alone"
        )
    return described[name]


def is_nested(described: Mapping[str, Any]) -> bool:
    """Whether it is {stream: {data key: its description}}, and not one such description alone."""
    return bool(described) and not any("source" in each for each in described.values())


def _always(described: Described) -> Callable[[], Described]:
    return lambda: described
