"""The client's network: one thread that keeps circuits to servers, and finds lost PVs again."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import AsyncExitStack
from functools import partial
from typing import Any

from beamtwin.hardware.ca import timeouts
from beamtwin.hardware.ca.answers import Answers
from beamtwin.hardware.ca.beacons import LOOPBACK, Beacons
from beamtwin.hardware.ca.connection import Connection, Deliver, Refusal
from beamtwin.hardware.ca.dispatcher import Call, Dispatcher
from beamtwin.hardware.ca.environment import Address, Environment, is_loopback
from beamtwin.hardware.ca.link import Link
from beamtwin.hardware.ca.search import NameServer, Search
from beamtwin.orchestration.errors import NotConnectedError

__all__ = ["Client"]


class Client:
    """Links to PVs, kept by a thread of its own.

    Parameters
    ----------
    addresses, name_servers
        Where to search, by UDP and by TCP.
    environment : Environment
        Of this machine.
    dispatcher : Dispatcher
        Takes what is to be handed on.
    """

    def __init__(
        self,
        addresses: Sequence[Address],
        name_servers: Sequence[Address],
        environment: Environment,
        dispatcher: Dispatcher,
    ):
        self.silence_s = environment.silence_s
        self._environment = environment
        self._addresses = addresses
        self._name_servers = name_servers
        self._dispatcher = dispatcher
        self._circuits: dict[Address, Connection] = {}
        self._calls: list[Call] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop = asyncio.SelectorEventLoop()
        self._stop = asyncio.Event()
        self._started: Future[None] = Future()
        self._thread = threading.Thread(target=self._run, name="Channel Access", daemon=True)
        self._thread.start()
        self._started.result()

    # --- for any thread -------------------------------------------------------------------------

    def call(self, function: Callable[..., object], *arguments: Any) -> None:
        """Have the network thread call this; raises NotConnectedError when that has ended."""
        try:
            self._loop.call_soon_threadsafe(self._call, function, arguments)
        except RuntimeError:
            raise NotConnectedError("this Channel Access transport is closed") from None

    def limit(self, size: int) -> str:
        """What stands against a value of so many bytes."""
        most = self._environment.max_array_bytes
        if most is None or size <= most:
            return ""
        return (
            f"{size} bytes are more than EPICS_CA_MAX_ARRAY_BYTES={most} allows: raise it, or set"
            " EPICS_CA_AUTO_ARRAY_BYTES=YES"
        )

    def link(self, pv: str) -> Link:
        """A link to a PV, not yet searched for."""
        return Link(self, pv)

    def seek(self, links: Sequence[Link]) -> None:
        """Have many PVs searched for at once."""
        self.call(_seek, links)

    def read(self, links: Sequence[Link]) -> Answers:
        """Ask for the values of many PVs at once."""
        answers = Answers(links)
        groups: dict[Connection | None, list[tuple[Link, Deliver]]] = {}
        for index, link in enumerate(links):
            if link.refusal:
                answers.take(index, Refusal(link.refusal))
                continue
            circuit = link.circuit if link.connected else None
            groups.setdefault(circuit, []).append((link, partial(answers.take, index)))
        for circuit, wanted in groups.items():
            if circuit is None or not circuit.read(wanted):
                for link, deliver in wanted:
                    deliver(NotConnectedError(f"{link.pv}: not connected"))
        return answers

    def close(self) -> None:
        """Disconnect and end the thread."""
        if self._thread.is_alive():
            self.call(self._stop.set)
            self._thread.join()

    # --- for the network thread -----------------------------------------------------------------

    def tell(self, function: Callable[..., object], *arguments: Any, size: int = 0) -> None:
        """Have this called, by the dispatcher, after all that was told before."""
        self._calls.append(Call(function, arguments, size))

    def hand_on(self) -> None:
        """Have all called that was told."""
        if self._calls:
            calls, self._calls = self._calls, []
            self._dispatcher.submit(*calls)

    def backlog(self) -> int:
        """Bytes of monitors that nobody has taken yet."""
        return self._dispatcher.backlog

    def search(self, link: Link, delay: float = 0.0) -> None:
        """Look for a PV, after a delay in seconds."""
        self._loop.call_later(delay, self._search.add, link)

    def forget(self, circuit: Connection) -> None:
        """A circuit has ended."""
        if self._circuits.get(circuit.address) is circuit:
            del self._circuits[circuit.address]

    def _call(self, function: Callable[..., object], arguments: tuple[Any, ...]) -> None:
        function(*arguments)
        self.hand_on()

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._main())

    async def _main(self) -> None:
        try:
            async with AsyncExitStack() as stack:
                await self._listen(stack)
                self._started.set_result(None)
                await self._stop.wait()
                for circuit in tuple(self._circuits.values()):
                    circuit.close("this transport has been closed")
                self.hand_on()
        except BaseException as error:
            if self._started.done():
                raise
            self._started.set_exception(error)

    async def _listen(self, stack: AsyncExitStack) -> None:
        everywhere = [*self._addresses, *self._name_servers]
        home = LOOPBACK if all(is_loopback(host) for host, _ in everywhere) else "0.0.0.0"
        self._search = Search(self._addresses, self._found)
        beacons = Beacons(self._environment.repeater_port, self._anomaly)
        for protocol, host in ((self._search, home), (beacons, LOOPBACK)):
            transport, _ = await self._loop.create_datagram_endpoint(
                lambda protocol=protocol: protocol, local_addr=(host, 0), allow_broadcast=True
            )
            stack.callback(transport.close)
        for address in self._name_servers:
            self._start(self._ask_always(address))

    async def _ask_always(self, address: Address) -> None:
        """Keep a connection to a name server, whenever there is one."""
        while True:
            server = NameServer(address, self.silence_s, self._search)
            try:
                await server.open()
                self._search.name_servers = (*self._search.name_servers, server)
                self._search.ask_all(server)
                await server.ended
            finally:
                server.close("the name server is not needed any more")
            others = (one for one in self._search.name_servers if one is not server)
            self._search.name_servers = tuple(others)
            await asyncio.sleep(timeouts.RETRY_S)

    def _found(self, link: Link, address: Address) -> None:
        circuit = self._circuits.get(address)
        if circuit is None:
            circuit = self._circuits[address] = Connection(self, address)
            self._start(circuit.open())
        circuit.add(link)

    def _start(self, work: Any) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _anomaly(self, server: Address) -> None:
        """A server has started: the one there was at that address may be gone."""
        circuit = self._circuits.get(server)
        if circuit is not None:
            circuit.probe()
        self._search.hurry()


def _seek(links: Sequence[Link]) -> None:
    for link in links:
        link.seek()
