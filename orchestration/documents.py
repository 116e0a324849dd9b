"""Documents of the event model, composed once per stream and cheap per event.

The shapes are those of event-model 1.24; its schemas check them in the tests, not for every event in production.
"""

import hashlib
import os
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any

__all__ = [
    "SeededUids",
    "compose_descriptor",
    "compose_event_page",
    "compose_start",
    "compose_stop",
    "random_uid",
]

Document = dict[str, Any]


#: The first digit of a uuid's fourth group: its two highest bits are 10.
_VARIANT = dict(zip("0123456789abcdef", "89ab" * 4, strict=True))


def random_uid() -> str:
    """A uid that nobody had before: a random (version 4) uuid, at a third of what `uuid.uuid4` costs."""
    digits = os.urandom(16).hex()
    return (
        f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-"
        f"{_VARIANT[digits[16]]}{digits[17:20]}-{digits[20:]}"
    )


class SeededUids:
    """Uids that come again in the same order from the same seed, for runs that are reproduced.

    >>> SeededUids(7)() == SeededUids(7)()
    True
    """

    def __init__(self, seed: int | str):
        self._seed = seed
        self._count = 0

    def __call__(self) -> str:
        """The next uid."""
        self._count += 1
        digest = hashlib.sha256(f"{self._seed}:{self._count}".encode()).digest()
        return str(uuid.UUID(bytes=digest[:16], version=4))


def compose_start(uid: str, time: float, metadata: Mapping[str, Any]) -> Document:
    """The document that opens a run: metadata, and what a plan cannot override."""
    return {**metadata, "uid": uid, "time": time}


def compose_stop(
    uid: str, time: float, run_start: str, exit_status: str, reason: str, num_events: dict[str, int]
) -> Document:
    """The document that closes a run; ``exit_status`` is success, abort or fail."""
    return {
        "uid": uid,
        "time": time,
        "run_start": run_start,
        "exit_status": exit_status,
        "reason": reason,
        "num_events": num_events,
    }


def compose_descriptor(
    uid: str, time: float, run_start: str, name: str, described: Mapping[Any, Mapping[str, Any]]
) -> Document:
    """The document that says what the events of a stream hold.

    Parameters
    ----------
    described : {device: {data key: its description}}
        In the order of reading.
    """
    return {
        "uid": uid,
        "time": time,
        "run_start": run_start,
        "name": name,
        "data_keys": {
            key: {**data_key, "object_name": device.name}
            for device, keys in described.items()
            for key, data_key in keys.items()
        },
        "object_keys": {device.name: list(keys) for device, keys in described.items()},
        "configuration": {device.name: _configuration(device) for device in described},
        "hints": {device.name: device.hints for device in described if hasattr(device, "hints")},
    }


def compose_event_page(
    descriptor: str, first: int, parts: Sequence[Document], now: float, new_uid: Callable[[], str]
) -> Document:
    """One document for many events.

    Parameters
    ----------
    first : int
        The number of the first event.
    parts : sequence of pages
        Columns of ``data``, ``timestamps`` and, where given, ``filled`` and ``time``.
    now : float
        The time of events that have none of their own.
    """
    lengths = [_length(part) for part in parts]
    num = sum(lengths)
    times = [part.get("time") or [now] * n for part, n in zip(parts, lengths, strict=True)]
    return {
        "uid": [new_uid() for _ in range(num)],
        "time": [time for each in times for time in each],
        "seq_num": list(range(first, first + num)),
        "data": _columns(parts, "data"),
        "timestamps": _columns(parts, "timestamps"),
        "filled": _columns(parts, "filled"),
        "descriptor": descriptor,
    }


def _length(page: Mapping[str, Any]) -> int:
    return len(next(iter(page["data"].values()), ()))


def _columns(parts: Sequence[Mapping[str, Any]], name: str) -> dict[str, list[Any]]:
    keys = parts[0].get(name, {})
    return {key: [value for part in parts for value in part[name][key]] for key in keys}


def _configuration(device: Any) -> Document:
    """A device's slowly changing values and what they are."""
    readings = _call(device, "read_configuration")
    return {
        "data": {key: reading["value"] for key, reading in readings.items()},
        "timestamps": {key: reading["timestamp"] for key, reading in readings.items()},
        "data_keys": dict(_call(device, "describe_configuration")),
    }


def _call(device: Any, method: str) -> Mapping[str, Any]:
    function: Callable[[], Mapping[str, Any]] | None = getattr(device, method, None)
    return function() if function else {}
