"""The IOC: sockets on one side, the database's timeline on the other, and one loop for both."""

import asyncio
import contextlib
import itertools
import logging
import socket
from collections.abc import Callable
from typing import Any

import caproto as ca

from beamtwin.hardware.ca.environment import is_loopback
from beamtwin.orchestration.errors import NotConnectedError
from beamtwin.orchestration.status import Status
from beamtwin.twin.clock import PacedClock
from beamtwin.twin.database import Database
from beamtwin.twin.ioc.circuit import SERVER
from beamtwin.twin.ioc.connection import Connection
from beamtwin.twin.ioc.dbr import Payload
from beamtwin.twin.ioc.variable import Monitor, Variable

__all__ = ["Server"]

#: Seconds between beacons: the first, and the longest of those that double.
FIRST_BEACON_S, LONGEST_BEACON_S = 0.02, 15.0

BEACON_PORT = ca.EPICS_CA2_PORT

logger = logging.getLogger(__name__)


class Pump:
    """Keeps a timeline up with the wall from within an asyncio loop."""

    def __init__(self, clock: PacedClock):
        self._loop = asyncio.get_running_loop()
        self.failure: asyncio.Future[None] = self._loop.create_future()
        self._clock = clock
        self._next: asyncio.TimerHandle | None = None
        self._woken = False
        clock.on_wake = self.wake

    def turn(self) -> None:
        """Do what is due, and come back for the next thing."""
        self._woken = False
        self.stop()
        try:
            pause = self._clock.advance()
        except Exception as error:
            if not self.failure.done():
                self.failure.set_exception(error)
            return
        if pause is not None:
            self._next = self._loop.call_later(pause, self.turn)

    def stop(self) -> None:
        """Do not come back for what is due next."""
        if self._next is not None:
            self._next.cancel()
            self._next = None

    def close(self) -> None:
        """Do not come back at all."""
        self._clock.on_wake = None
        self.stop()

    def wake(self) -> None:
        """Look again, soon: a worker has a result, a client has come, another thread has acted."""
        if not self._woken:
            self._woken = True
            with contextlib.suppress(RuntimeError):  # the loop has been closed meanwhile
                self._loop.call_soon_threadsafe(self.turn)


class Server(asyncio.DatagramProtocol):
    """Answers searches, and gives every client a connection.

    Parameters
    ----------
    database : Database
    clock : PacedClock
        The database's.
    """

    def __init__(self, database: Database, clock: PacedClock):
        self._database = database
        self._pump = Pump(clock)
        self._variables: dict[str, Variable] = {}
        self._connections: set[Connection] = set()
        self._protocol = ca.Broadcaster(our_role=SERVER)
        self._address = ("", 0)
        self._transport: Any = None

    async def run(
        self, tcp: socket.socket, udp: socket.socket, on_ready: Callable[[int], object]
    ) -> None:
        """Serve on these sockets until cancelled; raises what goes wrong on the timeline."""
        loop = asyncio.get_running_loop()
        self._address = tcp.getsockname()
        async with contextlib.AsyncExitStack() as stack:
            stack.push_async_callback(asyncio.sleep, 0)  # in which what was closed lets go
            listener = await loop.create_server(self._connect, sock=tcp)
            stack.callback(listener.close)
            stack.callback(self._disconnect)
            transport, _ = await loop.create_datagram_endpoint(lambda: self, sock=udp)
            stack.callback(transport.close)
            beacons = loop.create_task(self._send_beacons())
            stack.callback(beacons.cancel)
            stack.callback(self._pump.close)
            self._pump.turn()
            on_ready(self._address[1])
            await self._pump.failure

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Asyncio's, of the UDP socket."""
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Asyncio's: say which of the PVs that are searched for are here."""
        try:
            commands = self._protocol.recv(data, addr)
        except ca.RemoteProtocolError as error:
            logger.warning("%s:%s sent a datagram that is not Channel Access: %s", *addr, error)
            return
        answers = [
            ca.SearchResponse(self._address[1], None, command.cid, ca.DEFAULT_PROTOCOL_VERSION)
            for command in commands
            if isinstance(command, ca.SearchRequest) and self._find(command.name) is not None
        ]
        if answers:
            version = ca.VersionResponse(ca.DEFAULT_PROTOCOL_VERSION)
            self._transport.sendto(self._protocol.send(version, *answers), addr)

    def _connect(self) -> Connection:
        connection = Connection(
            self._find, self._read, self._put, self._monitor, self._connections.discard
        )
        self._connections.add(connection)
        return connection

    def _disconnect(self) -> None:
        for connection in tuple(self._connections):
            connection.abort()

    def _find(self, pv: str) -> Variable | None:
        """The variable of a name, made when it is asked for first."""
        if pv in self._variables:
            return self._variables[pv]
        name = pv.removesuffix("$")
        # Searches are for others' PVs too, and the database takes its time to say what may have been meant.
        if name not in self._database and name.rpartition(".")[0] not in self._database:
            return None
        try:
            record, field = self._database.resolve(name)
        except NotConnectedError:
            return None
        variable = Variable(record, field, as_characters=pv.endswith("$"))
        return self._variables.setdefault(pv, variable)

    def _read(self, variable: Variable, request: Any) -> Payload:
        self._pump.turn()  # so that what moves is where it is now
        return variable.read(request.data_type, request.data_count)

    def _put(self, variable: Variable, request: Any) -> Status | None:
        self._pump.turn()  # so that the record acts now, and not when something was last due
        self._pump.wake()
        return variable.put(request)

    def _monitor(self, variable: Variable, monitor: Monitor) -> None:
        variable.add(monitor)
        self._pump.wake()  # what is watched has more to do

    async def _send_beacons(self) -> None:
        """Say that a server is here: clients that have lost it then search at once."""
        host, port = self._address
        target = ("127.0.0.1" if is_loopback(host) else "255.255.255.255", BEACON_PORT)
        pause = FIRST_BEACON_S
        for number in itertools.count():
            beacon = ca.Beacon(ca.DEFAULT_PROTOCOL_VERSION, port, number, host)
            self._transport.sendto(self._protocol.send(beacon), target)
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_BEACON_S)
