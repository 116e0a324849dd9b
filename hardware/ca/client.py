"""The client's network: one thread that keeps circuits to servers, and finds lost PVs again."""

import asyncio
import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any

import caproto as ca

from beamtwin.hardware.ca import timeouts
from beamtwin.hardware.ca.connection import Connection, Refusal
from beamtwin.hardware.ca.search import Address, Search, is_loopback
from beamtwin.hardware.ca.values import payload_of, reading_of
from beamtwin.hardware.channel import Metadata, Reading
from beamtwin.orchestration.errors import NotConnectedError

__all__ = ["Client", "Link"]

logger = logging.getLogger(__name__)


class Link:
    """A PV as the network thread knows it."""

    def __init__(self, client: "Client", pv: str):
        self.pv = pv
        self.circuit: Connection | None = None
        self.channel: ca.ClientChannel | None = None
        self.metadata: Metadata | None = None
        self.connected = False
        self.monitor: Callable[[Any], object] | None = None
        """Takes the responses of a DBR_TIME subscription, while one is wanted."""
        self.subscription: int | None = None
        """The id of that subscription with the server there is now."""
        self._client = client
        self._sought = False

    def seek(self) -> None:
        """Have the PV searched for, if it is not yet."""
        if not self._sought:
            self._sought = True
            self._client.search(self)

    def known_metadata(self) -> Metadata:
        """As of the latest connection; raises NotConnectedError before the first."""
        if self.metadata is None:
            raise NotConnectedError(f"{self.pv}: not connected yet")
        return self.metadata

    def reading(self, response: Any) -> Reading:
        """What a response to `read`, or of a monitor, says."""
        return reading_of(response, self.known_metadata())

    def reading_in(self, answer: "Future[Any]", timeout_s: float) -> Reading:
        """Wait for the answer to a `read`."""
        try:
            return self.reading(answer.result(timeout_s))
        except TimeoutError:
            raise NotConnectedError(f"{self.pv}: no reading within {timeout_s:g} s") from None
        except Refusal as error:
            raise NotConnectedError(f"{self.pv}: cannot be read: {error}") from None

    def payload(self, value: Any) -> Any:
        """A value as `write` takes it; raises ValueError where it cannot be written."""
        metadata = self.known_metadata()
        if not metadata.writable:
            raise ValueError("the server gives no write access")
        return payload_of(value, metadata)

    def read(self, answer: "Future[Any]") -> None:
        """Ask for the value with its time and alarm."""
        self._request(lambda channel: channel.read("time"), answer)

    def write(self, payload: Any, answer: "Future[Any]") -> None:
        """Write, and hear when processing has ended."""
        self._request(lambda channel: channel.write(payload, notify=True), answer)

    def tell(self, payload: Any, answer: "Future[Any]") -> None:
        """Write, and hear no more of it than that it was sent."""
        self._request(lambda channel: channel.write(payload), answer, answered=False)

    def watch(self, monitor: Callable[[Any], object] | None) -> None:
        """Begin to send every value to ``monitor``, or end that."""
        self.monitor = monitor
        self.seek()
        if self.circuit is not None and self.connected:
            self.circuit.watch(self)

    def connect(self, metadata: Metadata) -> None:
        """All that is needed is known."""
        self.metadata = metadata
        self.connected = True
        self.watch(self.monitor)
        self._client.changed()

    def disconnect(self) -> None:
        """The server has gone, or has dropped the PV: look for it again."""
        self.connected = False
        self.circuit = self.channel = self.subscription = None
        self._client.search(self, timeouts.RETRY_S)
        self._client.changed()

    def _request(
        self,
        command: Callable[[ca.ClientChannel], Any],
        answer: "Future[Any]",
        *,
        answered: bool = True,
    ) -> None:
        if self.circuit is None or self.channel is None or not self.connected:
            answer.set_exception(NotConnectedError(f"{self.pv}: not connected"))
        elif answered:
            self.circuit.request(self, command(self.channel), answer)
        else:
            self.circuit.send(command(self.channel))
            answer.set_result(None)


def _read_all(links: Sequence[Link], answers: "Sequence[Future[Any]]") -> None:
    for link, answer in zip(links, answers, strict=True):
        link.read(answer)


def _seek_all(links: Sequence[Link]) -> None:
    for link in links:
        link.seek()


class Client:
    """Links to PVs, kept by a thread of its own.

    Parameters
    ----------
    addresses
        Where to search: hosts and UDP ports.
    changed
        Called, in the client's thread, when a link has connected or disconnected.
    backlog
        Says how many bytes of monitors nobody has taken yet.
    """

    def __init__(
        self,
        addresses: Sequence[Address],
        changed: Callable[[], object],
        backlog: Callable[[], int],
    ):
        self.changed = changed
        self.backlog = backlog
        self._addresses = addresses
        self._circuits: dict[Address, Connection] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._started: Future[None] = Future()
        self._thread = threading.Thread(target=self._run, name="Channel Access", daemon=True)
        self._thread.start()
        self._started.result()

    def call(self, function: Callable[..., object], *arguments: Any) -> None:
        """Have the network thread call this; raises NotConnectedError when that has ended."""
        try:
            self._loop.call_soon_threadsafe(function, *arguments)
        except RuntimeError:
            raise NotConnectedError("this Channel Access transport is closed") from None

    def link(self, pv: str) -> Link:
        """A link to a PV, not yet searched for."""
        return Link(self, pv)

    def seek(self, links: Sequence[Link]) -> None:
        """Have many PVs searched for at once."""
        self.call(_seek_all, links)

    def read(self, links: Sequence[Link]) -> "list[Future[Any]]":
        """Ask for the values of many PVs at once."""
        answers: list[Future[Any]] = [Future() for _ in links]
        self.call(_read_all, links, answers)
        return answers

    def search(self, link: Link, delay: float = 0.0) -> None:
        """Look for a PV, after a delay in seconds. In the network thread."""
        self._loop.call_later(delay, self._search.add, link)

    def forget(self, circuit: Connection) -> None:
        """A circuit has ended. In the network thread."""
        if self._circuits.get(circuit.address) is circuit:
            del self._circuits[circuit.address]

    def close(self) -> None:
        """Disconnect and end the thread."""
        if self._thread.is_alive():
            self.call(self._stop.set)
            self._thread.join()

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._main())

    async def _main(self) -> None:
        loop = asyncio.get_running_loop()
        home = "127.0.0.1" if all(is_loopback(host) for host, _ in self._addresses) else "0.0.0.0"
        try:
            transport, self._search = await loop.create_datagram_endpoint(
                lambda: Search(self._addresses, self._found),
                local_addr=(home, 0),
                allow_broadcast=True,
            )
        except OSError as error:
            self._started.set_exception(error)
            return
        self._started.set_result(None)
        await self._stop.wait()
        transport.close()
        for circuit in tuple(self._circuits.values()):
            circuit.abort()
        await asyncio.sleep(0)

    def _found(self, link: Link, address: Address) -> None:
        circuit = self._circuits.get(address)
        if circuit is None:
            circuit = self._circuits[address] = Connection(self, address)
            task = asyncio.get_running_loop().create_task(self._open(circuit, address))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        circuit.add(link)

    async def _open(self, circuit: Connection, address: Address) -> None:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(timeouts.CONNECT_S):
                await loop.create_connection(lambda: circuit, *address)
        except OSError as error:
            logger.info("%s:%s answers searches and takes no connection: %s", *address, error)
            circuit.connection_lost(error)
