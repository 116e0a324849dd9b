"""A PV as the network thread knows it."""

import struct
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from beamtwin.hardware.ca import timeouts
from beamtwin.hardware.ca.values import NATIVE, TIME, metadata_of, reading_of
from beamtwin.hardware.ca.wire import Message, Payload, ProtocolError
from beamtwin.hardware.channel import Metadata, Reading
from beamtwin.orchestration.errors import NotConnectedError

if TYPE_CHECKING:
    from beamtwin.hardware.ca.client import Client
    from beamtwin.hardware.ca.connection import Connection

__all__ = ["Link", "same"]

#: Access rights.
READ, WRITE = 1, 2

#: Bytes that a message takes besides its payload, about.
OVERHEAD = 500

#: No number of puts: whatever is known has to be asked for again.
UNPROVEN = -1


class Link:
    """One PV: where it is, what it is, and what was heard of it last.

    Attributes
    ----------
    connected : bool
        All that is needed is known.
    sid, data_type, count : int
        Its server's name for it, its native type, and how many elements to ask for; 0 for those there are.
    """

    def __init__(self, client: "Client", pv: str):
        self.pv = pv
        self.circuit: Connection | None = None
        self.connected = False
        self.metadata: Metadata | None = None
        self.sid = self.data_type = self.count = 0
        self.subscription: int | None = None
        """The id of the monitor that its server sends now."""
        self.description: int | None = None
        """The id of the one that says how limits and units change."""
        self.monitor: Callable[[Message], object] | None = None
        """Takes what the monitor says."""
        self.changed: Callable[[], object] | None = None
        """Told that the connection or the metadata are others."""
        self.is_kept = False
        """Whether the value is to be known, so that it needs no asking."""
        self.refusal = ""
        """Why its values are not asked for: they have more bytes than the environment allows."""
        self._client = client
        self._sought = False
        self._size = 1
        self._rights = READ | WRITE
        self._kept: Reading | None = None
        self._asked_at = 0.0
        self._proven = UNPROVEN

    @property
    def is_described(self) -> bool:
        """Whether its type has units, limits or choices."""
        return NATIVE[self.data_type].control is not None

    def known_metadata(self) -> Metadata:
        """As of the latest connection; raises NotConnectedError before the first."""
        if self.metadata is None:
            raise NotConnectedError(f"{self.pv}: no answer")
        return self.metadata

    def reading(self, said: Message) -> Reading:
        """What a monitor, or the answer to a question, says; raises ProtocolError where that is nothing."""
        kind = said.data_type - TIME
        if not 0 <= kind < len(NATIVE):
            raise ProtocolError(f"{self.pv}: its server sent a value of type {said.data_type}")
        try:
            return reading_of(said.payload, kind, said.elements, self._size > 1)
        except struct.error as error:
            raise ProtocolError(f"{self.pv}: its server sent less than a value: {error}") from None

    def known(self) -> Reading | None:
        """What needs no asking: what monitors say that are no older than any put to its server."""
        circuit = self.circuit
        if circuit is not None and self._proven == circuit.puts:
            return self._kept
        return None

    def watch(self, monitor: Callable[[Message], object] | None) -> None:
        """Begin to send every value to ``monitor``, or end that."""
        self.monitor = monitor
        self._watch()

    def keep(self) -> None:
        """Know the value from now on, so that it needs no asking."""
        self.is_kept = True
        self._watch()

    def _watch(self) -> None:
        circuit = self.circuit
        if circuit is not None:
            circuit.watch(self, self.is_kept or self.monitor is not None)

    # --- for the network thread -----------------------------------------------------------------

    def seek(self) -> None:
        """Have the PV searched for, if it is not yet."""
        if not self._sought:
            self._sought = True
            self._client.search(self)

    def create(self, circuit: "Connection", said: Message, *, any_count: bool) -> None:
        """Its server has made a channel; ``any_count`` says whether that can send as many elements as there are."""
        if said.data_type >= len(NATIVE):
            raise ProtocolError(f"{self.pv} has the unknown type {said.data_type}")
        self.circuit = circuit
        self.sid, self.data_type, self._size = said.p2, said.data_type, said.elements
        self.count = 0 if self._size > 1 and any_count else self._size
        size = self._size * NATIVE[self.data_type].wire.itemsize
        self.refusal = self._client.limit(size) if self._size > 1 else ""

    def allow(self, rights: int) -> None:
        """Its server says what this client may do."""
        self._rights = rights
        if self.connected and self.metadata is not None:
            self._set(replace(self.metadata, writable=bool(rights & WRITE)))

    def describe(self, control: Payload | None) -> None:
        """Its server says what it is: a DBR_CTRL structure, where it has such."""
        metadata = metadata_of(self.data_type, self._size, control, bool(self._rights & WRITE))
        if not self.connected:
            self.metadata = metadata
            self.connected = True
            self._watch()
            self._tell()
            self._client.tell(_wake)
        elif control is not None:  # else it may not be said any more
            self._set(metadata)

    def disconnect(self) -> None:
        """The server has gone, or has dropped the PV: look for it again."""
        self.connected = False
        self.circuit = self.subscription = self.description = self._kept = None
        self._proven = UNPROVEN
        self._rights = READ | WRITE
        self._client.search(self, timeouts.RETRY_S)
        self._tell()

    def news(self, said: Message) -> None:
        """A monitor has come."""
        if self.is_kept:
            self._consider(self.reading(said))
        if self.monitor is not None:
            self._client.tell(self.monitor, said, size=OVERHEAD + len(said.payload))

    def refresh(self, said: Message, puts: int) -> None:
        """An answer has come to a question asked after so many puts."""
        if self.is_kept and said.data_type == self.data_type + TIME:
            reading = self.reading(said)
            self._kept, self._asked_at = reading, reading.timestamp
            self._proven = puts

    def _consider(self, reading: Reading) -> None:
        """Servers may send what a monitor saw long before, behind a put's end and behind an answer."""
        if reading.timestamp > self._asked_at:
            self._kept = reading
        elif self._kept is None or not same(reading, self._kept):
            self._proven = UNPROVEN

    def _set(self, metadata: Metadata) -> None:
        if metadata != self.metadata:
            self.metadata = metadata
            self._tell()

    def _tell(self) -> None:
        if self.changed is not None:
            self.changed()


def _wake() -> None:
    """Nothing: but whoever waits for connections looks again when calls have been made."""


def same(one: Reading, other: Reading) -> bool:
    """Whether two readings say the same, arrays too."""
    return one[1:] == other[1:] and np.array_equal(one.value, other.value)
