"""Beacons: servers say that they live, and a CA repeater on this machine hands that on.

The client registers with a repeater that is there. It starts none, because that would listen on all interfaces and
outlive the program; without one, lost servers are found a few seconds later.
"""

import asyncio
import socket
from collections.abc import Callable
from typing import Any

from beamtwin.hardware.ca import timeouts, wire
from beamtwin.hardware.ca.environment import Address
from beamtwin.hardware.ca.wire import ProtocolError, datagram, message

__all__ = ["Beacons"]

LOOPBACK = "127.0.0.1"


class Beacons(asyncio.DatagramProtocol):
    """Listens for servers that have started, or have started anew.

    Parameters
    ----------
    port : int
        The repeater's, on this machine.
    anomaly
        Called with the address of a server whose beacons do not follow from those before.
    """

    def __init__(self, port: int, anomaly: Callable[[Address], object]):
        self._port = port
        self._anomaly = anomaly
        self._numbers: dict[Address, int] = {}
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Asyncio's."""
        self._transport = transport
        self._register()

    def datagram_received(self, data: bytes, addr: Address) -> None:
        """Asyncio's."""
        try:
            messages = datagram(data)
        except ProtocolError:
            return
        for said in messages:
            if said.command == wire.BEACON:
                host = socket.inet_ntoa(said.p2.to_bytes(4)) if said.p2 else addr[0]
                self._hear((host, said.elements), said.p1)

    def error_received(self, exc: Exception) -> None:
        """Asyncio's: there is no repeater, yet."""

    def _hear(self, server: Address, number: int) -> None:
        last = self._numbers.get(server)
        self._numbers[server] = number
        if last is None or number not in (last, (last + 1) % (1 << 32)):
            self._anomaly(server)

    def _register(self) -> None:
        """Repeaters come and go, so this is said again and again."""
        if not self._transport.is_closing():
            here = int.from_bytes(socket.inet_aton(LOOPBACK))
            self._transport.sendto(message(wire.REPEATER_REGISTER, p2=here), (LOOPBACK, self._port))
            asyncio.get_running_loop().call_later(timeouts.REGISTER_S, self._register)
