"""Where PVs are: asked by UDP, and of name servers by TCP, until somebody answers."""

import asyncio
import itertools
import logging
import socket
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from beamtwin.hardware.ca import timeouts, wire
from beamtwin.hardware.ca.environment import Address
from beamtwin.hardware.ca.stream import Stream
from beamtwin.hardware.ca.wire import Message, ProtocolError, datagram, message

if TYPE_CHECKING:
    from beamtwin.hardware.ca.link import Link

__all__ = ["NameServer", "Search"]

#: Bytes of searches in a datagram: what fits into one Ethernet frame.
DATAGRAM = 1400

#: What an answer has for an address that is its sender's.
SENDER = 0xFFFFFFFF

DONT_REPLY = 5

logger = logging.getLogger(__name__)


class Search(asyncio.DatagramProtocol):
    """Asks where PVs are until somebody answers, ever less often.

    Parameters
    ----------
    addresses
        Where to ask by UDP.
    found
        Told where each is.
    """

    def __init__(self, addresses: Sequence[Address], found: Callable[["Link", Address], object]):
        self.name_servers: Sequence[NameServer] = ()
        self._addresses = addresses
        self._found = found
        self._keys = itertools.count(1)
        self._wanted: dict[int, Link] = {}
        self._new: dict[int, Link] = {}
        self._answered: dict[int, tuple[str, Address]] = {}
        self._interval = timeouts.FIRST_SEARCH_S
        self._next: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Asyncio's."""
        self._transport: Any = transport

    def add(self, link: "Link") -> None:
        """Search for a PV, together with others that are added in this turn of the loop."""
        if not self._new:
            asyncio.get_running_loop().call_soon(self._begin)
        self._new[next(self._keys)] = link

    def hurry(self) -> None:
        """Something has come up: ask for all that is missing soon, and often for a while."""
        if self._wanted and self._interval > timeouts.RETRY_S:
            self._interval = timeouts.FIRST_SEARCH_S
            self._wait()

    def ask_all(self, server: "NameServer") -> None:
        """A name server is there: ask it for all that is missing."""
        server.send(b"".join(_requests(self._wanted)))

    def answer(self, said: Message, sender: Address) -> None:
        """Somebody has said where a PV is."""
        host = sender[0] if said.p1 == SENDER else socket.inet_ntoa(said.p1.to_bytes(4))
        address = host, said.data_type
        link = self._wanted.pop(said.p2, None)
        if link is not None:
            self._answered[said.p2] = link.pv, address
            loop = asyncio.get_running_loop()
            loop.call_later(timeouts.SECOND_ANSWER_S, self._answered.pop, said.p2, None)
            self._found(link, address)
        elif self._answered.get(said.p2, ("", address))[1] != address:
            pv, first = self._answered.pop(said.p2)
            logger.warning(
                "%s is served twice, at %s:%s and %s:%s; using the first", pv, *first, *address
            )

    def datagram_received(self, data: bytes, addr: Address) -> None:
        """Asyncio's."""
        try:
            messages = datagram(data)
        except ProtocolError as error:
            logger.warning("%s:%s sent a datagram that is not Channel Access: %s", *addr, error)
            return
        for said in messages:
            if said.command == wire.SEARCH:
                self.answer(said, addr)

    def error_received(self, exc: Exception) -> None:
        """Asyncio's: nobody listens at one of the addresses, yet."""

    def _begin(self) -> None:
        self._ask(self._new)
        self._wanted |= self._new
        self._new = {}
        self._interval = timeouts.FIRST_SEARCH_S
        self._wait()

    def _repeat(self) -> None:
        self._ask(self._wanted)
        self._interval = min(2 * self._interval, timeouts.LAST_SEARCH_S)
        self._wait()

    def _wait(self) -> None:
        if self._next is not None:
            self._next.cancel()
        if self._wanted:
            self._next = asyncio.get_running_loop().call_later(self._interval, self._repeat)

    def _ask(self, wanted: "dict[int, Link]") -> None:
        if self._transport.is_closing():
            return
        requests = list(_requests(wanted))
        for packet in _packets(requests):
            for address in self._addresses:
                self._transport.sendto(packet, address)
        for server in self.name_servers:
            server.send(b"".join(requests))


def _requests(wanted: "dict[int, Link]") -> Iterator[bytes]:
    for key, link in wanted.items():
        name = link.pv.encode() + b"\0"
        yield message(wire.SEARCH, DONT_REPLY, wire.MINOR_VERSION, key, key, name)


def _packets(requests: Iterable[bytes]) -> Iterator[bytes]:
    """As many as fit into a datagram each, after a word on the version."""
    version = message(wire.VERSION, 0, wire.MINOR_VERSION)
    packet = version
    for request in requests:
        if len(packet) + len(request) > DATAGRAM:
            yield packet
            packet = version
        packet += request
    if packet != version:
        yield packet


class NameServer(Stream):
    """A server that is asked by TCP where PVs are (``EPICS_CA_NAME_SERVERS``); kept for as long as the client lives."""

    def __init__(self, address: Address, silence_s: float, search: Search):
        super().__init__(address, silence_s)
        self._search = search
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def take(self, said: Message) -> None:
        """One message has come."""
        if said.command == wire.SEARCH:
            self._search.answer(said, self.address)

    def lost(self, reason: str) -> None:
        """The connection has ended."""
        self.ended.set_result(None)
