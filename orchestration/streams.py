"""Stream: a named sequence of events that hold the same keys."""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from beamtwin.orchestration.documents import Document
from beamtwin.orchestration.errors import IllegalMessageSequence, ReadingError

__all__ = ["Described", "Stream"]

#: {device: {data key: its description}}
Described = dict[Any, Mapping[str, Any]]


class Stream:
    """A named sequence of events that hold the same keys.

    Parameters
    ----------
    devices : iterable
    describe : callable
        Asks the devices what the events hold.
    descriptor : dict
        What they have answered.
    """

    __slots__ = (
        "collectors",
        "describe",
        "descriptor",
        "device_set",
        "devices",
        "events",
        "events_at_checkpoint",
        "external",
        "filled",
        "keys",
    )

    def __init__(
        self, devices: Iterable[Any], describe: Callable[[], Described], descriptor: Document
    ):
        self.devices = tuple(devices)
        self.device_set = frozenset(self.devices)
        self.collectors = [d for d in self.devices if hasattr(d, "collect_asset_docs")]
        self.describe = describe
        self.events = 0
        self.events_at_checkpoint = 0
        self.use(descriptor)

    @property
    def name(self) -> str:
        """Of the stream."""
        return self.descriptor["name"]

    def use(self, descriptor: Document) -> None:
        """From now on the events are of this descriptor."""
        self.descriptor = descriptor
        kinds = {
            k: key["external"] for k, key in descriptor["data_keys"].items() if "external" in key
        }
        #: Keys whose data come as stream_resource and stream_datum; an event has all the others.
        self.external = {key for key, kind in kinds.items() if kind == "STREAM:"}
        self.keys = descriptor["data_keys"].keys() - self.external
        self.filled = {key: False for key in kinds if key in self.keys}

    def check(self, devices: Collection[Any]) -> None:
        """Raise where an event of these devices does not belong here."""
        if len(devices) != len(self.devices) or self.device_set != frozenset(devices):
            raise IllegalMessageSequence(
                f"stream {self.name!r} has events of {_names(self.devices)}, and not of "
                f"{_names(devices)}: give them a stream of their own"
            )

    def check_keys(self, keys: Collection[str]) -> None:
        """Raise where an event of these keys does not belong here."""
        if keys == self.keys:
            return
        missing, extra = self.keys - set(keys), set(keys) - self.keys
        raise ReadingError(
            f"stream {self.name!r}: the readings differ from what the devices described"
            f"{'; missing: ' + ', '.join(sorted(missing)) if missing else ''}"
            f"{'; not described: ' + ', '.join(sorted(extra)) if extra else ''}"
        )

    def checkpoint(self) -> None:
        """The events until now are never numbered again."""
        self.events_at_checkpoint = self.events


def _names(devices: Iterable[Any]) -> str:
    return ", ".join(sorted(device.name for device in devices))
