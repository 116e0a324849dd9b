"""Where PVs are: asked by UDP until somebody answers."""

import asyncio
import itertools
import logging
import socket
from collections.abc import Callable, Sequence
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

import caproto as ca

from beamtwin.hardware.ca import timeouts
from beamtwin.hardware.ca.circuit import CLIENT
from beamtwin.orchestration.errors import NotConnectedError

if TYPE_CHECKING:
    from beamtwin.hardware.ca.client import Link

__all__ = ["Address", "Search", "is_loopback", "search_addresses"]

Address = tuple[str, int]

#: Bytes of searches in a datagram: what fits into one Ethernet frame.
DATAGRAM = 1400

logger = logging.getLogger(__name__)


def search_addresses(addresses: Sequence[str] | None, port: int | None) -> list[Address]:
    """Hosts and UDP ports to search at; without addresses, those of the EPICS environment.

    Raises
    ------
    NotConnectedError
        Naming a host that nobody knows.
    """
    default = ca.get_environment_variables()["EPICS_CA_SERVER_PORT"] if port is None else port
    if addresses is None:
        addresses = ca.get_address_list()
    pairs = (address.partition(":")[::2] for address in addresses)
    return [(_resolve(host), int(given or default)) for host, given in pairs]


def _resolve(host: str) -> str:
    try:
        return socket.gethostbyname(host)
    except OSError as error:
        raise NotConnectedError(f"{host}: cannot search there: {error.strerror}") from None


def is_loopback(address: str) -> bool:
    """Whether packets to an address stay on this machine."""
    return ip_address(address).is_loopback


class Search(asyncio.DatagramProtocol):
    """Asks where PVs are until somebody answers, ever less often."""

    def __init__(self, addresses: Sequence[Address], found: Callable[["Link", Address], object]):
        self._addresses = addresses
        self._found = found
        self._protocol = ca.Broadcaster(our_role=CLIENT)
        self._keys = itertools.count(1)
        self._wanted: dict[int, Link] = {}
        self._new: dict[int, Link] = {}
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
        version = ca.VersionRequest(0, ca.DEFAULT_PROTOCOL_VERSION)
        requests = (
            ca.SearchRequest(link.pv, key, ca.DEFAULT_PROTOCOL_VERSION)
            for key, link in wanted.items()
        )
        for batch in ca.batch_requests(requests, DATAGRAM):
            datagram = self._protocol.send(version, *batch)
            for address in self._addresses:
                self._transport.sendto(datagram, address)

    def datagram_received(self, data: bytes, addr: Address) -> None:
        """Asyncio's."""
        try:
            commands = self._protocol.recv(data, addr)
        except ca.RemoteProtocolError as error:
            logger.warning("%s:%s sent a datagram that is not Channel Access: %s", *addr, error)
            return
        for command in commands:
            if isinstance(command, ca.SearchResponse):
                link = self._wanted.pop(command.cid, None)
                if link is not None:
                    self._found(link, ca.extract_address(command))

    def error_received(self, exc: Exception) -> None:
        """Asyncio's: nobody listens at one of the addresses, yet."""
