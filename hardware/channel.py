"""Channel and Transport: one named value somewhere, and the way there.

Device code is written against these two protocols and never learns what is behind them: Channel Access,
the twin's records in the same process, or a dictionary. One contract test holds every transport to the same words.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from beamtwin.orchestration.clock import Clock
from beamtwin.orchestration.status import Status

__all__ = ["SEVERITIES", "STATUSES", "Channel", "Metadata", "Range", "Reading", "Transport"]

#: EPICS alarm severities, by number.
SEVERITIES = ("NO_ALARM", "MINOR", "MAJOR", "INVALID")

#: EPICS alarm statuses (``menuAlarmStat``), by number.
STATUSES = (
    *("NO_ALARM", "READ", "WRITE", "HIHI", "HIGH", "LOLO", "LOW", "STATE", "COS", "COMM"),
    *("TIMEOUT", "HWLIMIT", "CALC", "SCAN", "LINK", "SOFT", "BAD_SUB", "UDF", "DISABLE"),
    *("SIMM", "READ_ACCESS", "WRITE_ACCESS"),
)

#: Lowest and highest; None on a side that is open.
Range = tuple[float | None, float | None]


class Reading(NamedTuple):
    """What a channel said, and when.

    An enum's value is its index, an array's a numpy array that nobody writes to again.
    """

    value: Any
    timestamp: float
    """When the record was processed, by its own clock: seconds since the Unix epoch."""
    severity: int = 0
    """An index into `SEVERITIES`."""
    status: int = 0
    """An index into `STATUSES`."""

    @property
    def alarm(self) -> str:
        """The alarm in words, ``"MAJOR (HIHI)"``; nothing where there is none."""
        if not self.severity:
            return ""
        known = 0 <= self.status < len(STATUSES)
        return f"{SEVERITIES[self.severity]} ({STATUSES[self.status] if known else self.status})"


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a channel's values are: known once it is connected."""

    dtype: str
    """As numpy names it: ``"<f8"``, ``"<i4"``, ``"|u1"``, ...; ``"|S40"`` for strings; ``"enum"`` for choices."""
    count: int = 1
    """The most elements a value can have; arrays have more than 1, or `is_array`."""
    is_array: bool = False
    units: str = ""
    precision: int | None = None
    limits: tuple[float, float] | None = None
    """Control limits (DRVL/DRVH, LOPR/HOPR, a motor's soft limits); None where the record has none."""
    choices: tuple[str, ...] = ()
    """An enum's strings, by index."""
    writable: bool = True
    """Whether this client may write."""
    display_limits: tuple[float, float] | None = None
    """What values are shown between: LOPR/HOPR."""
    warning_limits: Range | None = None
    """Beyond these there is a lesser alarm: LOW/HIGH."""
    alarm_limits: Range | None = None
    """Beyond these there is a greater alarm: LOLO/HIHI."""


class Channel(Protocol):
    """One process variable, wherever it lives."""

    @property
    def name(self) -> str:
        """The PV's name: ``XF:11IDB-OP{Slt:BDS-Ax:X}center``."""
        ...

    @property
    def connected(self) -> bool:
        """Whether its server is there now."""
        ...

    @property
    def metadata(self) -> Metadata:
        """What is known of it now: as of the connection, or since its server has said otherwise.

        Raises
        ------
        NotConnectedError
            Before the first connection: with the reason where that is known.
        """
        ...

    def get(self) -> Reading:
        """Ask for the value now.

        Raises
        ------
        NotConnectedError
            Naming the PV, where nobody answers.
        """
        ...

    def put(self, value: Any, *, completion: bool = True, timeout: float | None = None) -> Status:
        """Write; the status is done when the server says that processing has ended, or fails after ``timeout`` seconds.

        With ``completion=False`` it is done when the value has been sent. That is for what ends something, as STOP or
        Acquire=0: an EPICS server queues a put with completion behind the one whose processing is under way.

        A status that fails with `PutError` says that the server refused. (A move beyond a motor's soft limits,
        or one that is stopped, is not refused: as in EPICS, that put succeeds.)

        What monitors say may still be on its way when a put is done; who needs to know has to ask (`get`).
        """
        ...

    def subscribe(self, callback: Callable[[Reading], object]) -> Callable[[], None]:
        """Call ``callback`` with the value now and with every later one, in order; returns how to end that."""
        ...

    def on_change(self, callback: Callable[[], object]) -> Callable[[], None]:
        """Call ``callback()`` when `connected` or `metadata` are others than before; returns how to end that.

        It is called where that is noticed, before whatever was asked of a channel that is lost fails: so it must not
        wait for anything, and may come before what monitors said earlier.
        """
        ...


class Transport(Protocol):
    """Makes channels, and connects many at once."""

    scheme: str
    """How the ``source`` of data keys begins: ``"ca"``, ``"twin"``, ``"soft"``."""

    @property
    def clock(self) -> Clock:
        """The clock that this side of the world lives by."""
        ...

    def channel(self, pv: str) -> Channel:
        """The channel of a PV, not necessarily connected; the same object for the same name."""
        ...

    def connect(self, channels: Iterable[Channel], timeout: float | None = None) -> None:
        """Wait until all are connected.

        Raises
        ------
        NotConnectedError
            Naming every PV that did not answer within ``timeout`` seconds (default: the transport's).
        """
        ...

    def get_many(self, channels: Sequence[Channel]) -> list[Reading]:
        """`Channel.get` of all, at the cost of one round trip where there are such."""
        ...

    def keep(self, channels: Sequence[Channel]) -> Callable[[], list[Any]]:
        """Have the values of these sent as they change: reading them then needs no round trip.

        What is read is no older than the last put of this transport, to the same server, that was sent or has ended.

        Returns
        -------
        callable
            The values, in the order of the channels; a list that is not to be changed.
        """
        ...

    def close(self) -> None:
        """Let go of sockets and threads. Idempotent."""
        ...
