"""Channel Access as a transport: what device code sees of it."""

import reprlib
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from beamtwin.hardware.ca import timeouts
from beamtwin.hardware.ca.dispatcher import Dispatcher, Subscriber
from beamtwin.hardware.channel import Channel, Metadata, Reading
from beamtwin.orchestration.clock import Clock, WallClock
from beamtwin.orchestration.errors import NotConnectedError, PutError
from beamtwin.orchestration.status import Status

if TYPE_CHECKING:
    from beamtwin.hardware.ca.client import Client, Link

__all__ = ["CAChannel", "CATransport"]

#: Bytes of a record's name, as EPICS has it.
LONGEST_NAME = 59

#: Bytes that a reading takes besides its value, about.
OVERHEAD = 1000


class CATransport:
    """PVs over Channel Access.

    Parameters
    ----------
    clock : Clock, optional
        Whose waits end when something arrives; default: a `WallClock`.
    addresses : sequence of str, optional
        Where to search (``"127.0.0.1"``, ``"xf11id-ioc1:5068"``); nothing is sent anywhere else.
        Default: what ``EPICS_CA_ADDR_LIST`` and its relatives say.
    port : int, optional
        The servers' port where an address has none; default: ``EPICS_CA_SERVER_PORT``, or 5064.
    timeout_s : float
        Seconds to wait for connections and for readings.
    read_only : bool
        Refuse every put.
    """

    scheme = "ca"

    def __init__(
        self,
        clock: Clock | None = None,
        *,
        addresses: Sequence[str] | None = None,
        port: int | None = None,
        timeout_s: float = timeouts.ANSWER_S,
        read_only: bool = False,
    ):
        from beamtwin.hardware.ca.client import Client
        from beamtwin.hardware.ca.search import search_addresses

        self.timeout_s = timeout_s
        self.read_only = read_only
        self.addresses = search_addresses(addresses, port)
        self._clock = clock or WallClock()
        self._channels: dict[str, CAChannel] = {}
        self._client = Client(
            self.addresses, self._clock.wake, backlog=lambda: self._dispatcher.backlog
        )
        self._dispatcher = Dispatcher(after=self._clock.wake)

    @property
    def clock(self) -> Clock:
        """The clock given; see `Transport.clock`."""
        return self._clock

    def channel(self, pv: str) -> "CAChannel":
        """The channel of a PV; see `Transport.channel`."""
        if pv not in self._channels:
            if len(pv.partition(".")[0].encode()) > LONGEST_NAME:
                raise NotConnectedError(f"{pv}: EPICS names have at most {LONGEST_NAME} bytes")
            link = self._client.link(pv)
            self._channels[pv] = CAChannel(self, link, self._client, self._dispatcher)
        return self._channels[pv]

    def connect(self, channels: Iterable[Channel], timeout: float | None = None) -> None:
        """Wait until all are connected; see `Transport.connect`."""
        links = self._links(channels)
        self._client.seek(links)
        limit = self.timeout_s if timeout is None else timeout
        if not self._clock.wait(
            lambda: all(link.connected for link in links), limit, "connections"
        ):
            missing = [link.pv for link in links if not link.connected]
            raise NotConnectedError(self._silence(missing, len(links), limit))

    def get_many(self, channels: Sequence[Channel]) -> list[Reading]:
        """The values of all, asked for at once; see `Transport.get_many`."""
        links = self._links(channels)
        if not all(link.connected for link in links):
            self.connect(channels)
        answers = self._client.read(links)
        return [link.reading_in(a, self.timeout_s) for link, a in zip(links, answers, strict=True)]

    def close(self) -> None:
        """Disconnect, and end both threads. Idempotent."""
        self._client.close()
        self._dispatcher.close()

    def _links(self, channels: Iterable[Channel]) -> "list[Link]":
        return [self.channel(channel.name).link for channel in channels]

    def _silence(self, missing: Sequence[str], total: int, seconds: float) -> str:
        searched = ", ".join("{}:{}".format(*address) for address in self.addresses)
        return (
            f"{len(missing)} of {total} PVs did not answer within {seconds:g} s: {', '.join(missing)} "
            f"(searched for at {searched}: does the IOC run, and is that where it is?)"
        )


class CAChannel:
    """A PV over Channel Access; made by `CATransport.channel`."""

    def __init__(
        self, transport: CATransport, link: "Link", client: "Client", dispatcher: Dispatcher
    ):
        self.link = link
        self._transport = transport
        self._client = client
        self._dispatcher = dispatcher
        self._lock = threading.Lock()
        self._subscribers: tuple[Subscriber, ...] = ()
        self._latest: Reading | None = None  # the dispatcher thread's alone

    @property
    def name(self) -> str:
        """The PV's name."""
        return self.link.pv

    @property
    def metadata(self) -> Metadata:
        """As of the latest connection; see `Channel.metadata`."""
        metadata = self.link.known_metadata()
        return replace(metadata, writable=False) if self._transport.read_only else metadata

    def get(self) -> Reading:
        """Ask for the value now, connecting first where that is needed; see `Channel.get`."""
        return self._transport.get_many([self])[0]

    def put(self, value: Any, *, completion: bool = True, timeout: float | None = None) -> Status:
        """Write; the status is done when the server has processed the value; see `Channel.put`."""
        name = f"{self.name}: put {reprlib.repr(value)}"
        status = Status(self._transport.clock, timeout=timeout, name=name)
        answer: Future[Any] = Future()
        answer.add_done_callback(
            lambda answer: self._dispatcher.submit(self._settle, status, value, answer)
        )
        try:
            payload = self._payload(value)
        except (TypeError, ValueError, NotConnectedError) as error:
            answer.set_exception(error)
        else:
            write = self.link.write if completion else self.link.tell
            self._client.call(write, payload, answer)
        return status

    def subscribe(self, callback: Callable[[Reading], object]) -> Callable[[], None]:
        """Call ``callback`` in the transport's dispatcher thread; see `Channel.subscribe`."""
        subscriber = Subscriber(callback)
        with self._lock:
            first = not self._subscribers
            self._subscribers += (subscriber,)
            self._dispatcher.submit(self._greet, subscriber, first)
            if first:
                self._client.call(self.link.watch, self._monitor)
        return lambda: self._unsubscribe(subscriber)

    def _unsubscribe(self, subscriber: Subscriber) -> None:
        subscriber.ended = True
        with self._lock:
            left = tuple(other for other in self._subscribers if other is not subscriber)
            if self._subscribers and not left:
                self._client.call(self.link.watch, None)
            self._subscribers = left

    def _payload(self, value: Any) -> Any:
        if self._transport.read_only:
            raise ValueError("this transport is read-only")
        return self.link.payload(value)

    def _settle(self, status: Status, value: Any, answer: "Future[Any]") -> None:
        error = answer.exception()
        if error is None:
            status.set_finished()
        elif isinstance(error, NotConnectedError):
            status.set_exception(error)
        else:
            status.set_exception(
                PutError(f"{self.name}: cannot put {reprlib.repr(value)}: {error}")
            )

    def _greet(self, subscriber: Subscriber, first: bool) -> None:
        """From here on a subscriber is told everything; of what others know already, the latest."""
        if first:
            self._latest = None
        subscriber.begun = True
        if self._latest is not None:
            subscriber.deliver(self._latest)

    def _monitor(self, response: Any) -> None:
        self._dispatcher.submit(self._deliver, response, size=OVERHEAD + len(response))

    def _deliver(self, response: Any) -> None:
        self._latest = self.link.reading(response)
        for subscriber in self._subscribers:
            subscriber.deliver(self._latest)
