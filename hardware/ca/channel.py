"""A PV over Channel Access: what device code sees of it."""

import logging
import reprlib
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from beamtwin.hardware.ca.dispatcher import Call, Dispatcher, Subscriber
from beamtwin.hardware.ca.link import Link, same
from beamtwin.hardware.ca.values import payload_of
from beamtwin.hardware.channel import Metadata, Reading
from beamtwin.orchestration.errors import AccessError, NotConnectedError, PutError
from beamtwin.orchestration.status import Status

if TYPE_CHECKING:
    from beamtwin.hardware.ca.client import Client
    from beamtwin.hardware.ca.transport import CATransport
    from beamtwin.hardware.ca.wire import Message

__all__ = ["CAChannel"]

#: ECA_NOWTACCESS.
NO_WRITE_ACCESS = 376

logger = logging.getLogger(__name__)


class CAChannel:
    """A PV over Channel Access; made by `CATransport.channel`."""

    def __init__(
        self, transport: "CATransport", link: Link, client: "Client", dispatcher: Dispatcher
    ):
        self.link = link
        link.changed = self._changed
        self._transport = transport
        self._client = client
        self._dispatcher = dispatcher
        self._lock = threading.Lock()
        self._subscribers: tuple[Subscriber, ...] = ()
        self._watchers: tuple[Callable[[], object], ...] = ()
        self._latest: Reading | None = None  # the dispatcher thread's alone

    @property
    def name(self) -> str:
        """The PV's name."""
        return self.link.pv

    @property
    def connected(self) -> bool:
        """Whether there is a connection now; see `Channel.connected`."""
        return self.link.connected

    @property
    def metadata(self) -> Metadata:
        """As of the latest connection, or what its server has said since; see `Channel.metadata`."""
        metadata = self.link.known_metadata()
        return replace(metadata, writable=False) if self._transport.read_only else metadata

    def get(self) -> Reading:
        """Ask for the value now, connecting first where that is needed; see `Channel.get`."""
        return self._transport.get_many([self])[0]

    def put(self, value: Any, *, completion: bool = True, timeout: float | None = None) -> Status:
        """Write; the status is done when the server has processed the value; see `Channel.put`."""
        limit = self._transport.timeouts.put_s if timeout is None else timeout
        name = f"{self.name}: put {reprlib.repr(value)}"
        status = Status(self._transport.clock, timeout=limit, name=name)

        def deliver(outcome: "Message | Exception") -> None:
            self._client.tell(self._settle, status, value, outcome)

        try:
            self._write(value, deliver if completion else None)
        except (TypeError, ValueError, NotConnectedError, AccessError) as error:
            self._dispatcher.submit(Call(self._settle, (status, value, error)))
        else:
            if not completion:
                self._dispatcher.submit(Call(self._settle, (status, value, None)))
        return status

    def subscribe(self, callback: Callable[[Reading], object]) -> Callable[[], None]:
        """Call ``callback`` in the transport's dispatcher thread; see `Channel.subscribe`."""
        subscriber = Subscriber(callback)
        with self._lock:
            first = not self._subscribers
            self._subscribers += (subscriber,)
            # Then a monitor begins, and says how things are.
            begins = first and not self.link.is_kept
            if first:
                self._dispatcher.submit(Call(self._begin, (subscriber, begins)))
                self._client.seek([self.link])
                self.link.watch(self._deliver)
        if not begins:
            self._ask_for(subscriber)
        return lambda: self._unsubscribe(subscriber)

    def on_change(self, callback: Callable[[], object]) -> Callable[[], None]:
        """Call ``callback`` in the transport's network thread; see `Channel.on_change`."""
        with self._lock:
            self._watchers += (callback,)

        def end() -> None:
            with self._lock:
                self._watchers = tuple(other for other in self._watchers if other is not callback)

        return end

    def _unsubscribe(self, subscriber: Subscriber) -> None:
        subscriber.ended = True
        with self._lock:
            left = tuple(other for other in self._subscribers if other is not subscriber)
            if self._subscribers and not left:
                self.link.watch(None)
            self._subscribers = left

    def _write(self, value: Any, deliver: "Callable[[Message | Exception], object] | None") -> None:
        metadata = self.link.known_metadata()
        if self._transport.read_only:
            raise AccessError(
                "this transport is read-only; make it without read_only=True to write"
            )
        if not metadata.writable:
            raise AccessError("the server gives this user on this machine no write access")
        payload, count = payload_of(value, metadata)
        if too_long := self._client.limit(len(payload)) if metadata.is_array else "":
            raise ValueError(too_long)
        circuit = self.link.circuit
        if circuit is None or not self.link.connected:
            raise NotConnectedError(f"{self.name}: not connected")
        if not circuit.write(self.link, payload, count, deliver):
            raise NotConnectedError(f"{self.name}: not connected any more")

    def _settle(self, status: Status, value: Any, outcome: "Message | Exception | None") -> None:
        if isinstance(outcome, NotConnectedError):
            status.set_exception(outcome)
        elif isinstance(outcome, Exception):
            denied = isinstance(outcome, AccessError) or outcome.args == (NO_WRITE_ACCESS,)
            kind = AccessError if denied else PutError
            status.set_exception(kind(f"{self.name}: cannot put {reprlib.repr(value)}: {outcome}"))
        else:
            status.set_finished()

    def _begin(self, subscriber: Subscriber, begins: bool) -> None:
        self._latest = None
        subscriber.begun = begins

    def _ask_for(self, subscriber: Subscriber) -> None:
        """Begin with an answer, since what others were told last may be overtaken by a put that has ended."""

        def deliver(outcome: "Message | Exception") -> None:
            self._client.tell(self._greet, subscriber, outcome)

        circuit = self.link.circuit
        if circuit is None or not circuit.read([(self.link, deliver)]):
            self._dispatcher.submit(Call(self._greet, (subscriber, None)))

    def _greet(self, subscriber: Subscriber, outcome: "Message | Exception | None") -> None:
        """Tell the answer, and what has come meanwhile."""
        subscriber.begun = True
        latest = self._latest
        if outcome is None or isinstance(outcome, Exception):
            if latest is not None:
                subscriber.deliver(latest)
            return
        answer = self.link.reading(outcome)
        if latest is None or answer.timestamp >= latest.timestamp:
            subscriber.deliver(answer)
        if latest is not None and answer.timestamp <= latest.timestamp and not same(answer, latest):
            subscriber.deliver(latest)

    def _deliver(self, said: "Message") -> None:
        self._latest = self.link.reading(said)
        for subscriber in self._subscribers:
            subscriber.deliver(self._latest)

    def _changed(self) -> None:
        for callback in self._watchers:
            try:
                callback()
            except Exception:
                logger.exception("a callback failed")
