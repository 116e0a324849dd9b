"""One server: the channels, requests and monitors that a client has with it."""

import asyncio
import itertools
import logging
import struct
import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from beamtwin.hardware.ca import timeouts, wire
from beamtwin.hardware.ca.environment import Address
from beamtwin.hardware.ca.stream import Stream
from beamtwin.hardware.ca.values import CONTROL, TIME, text
from beamtwin.hardware.ca.wire import Message, message
from beamtwin.orchestration.errors import NotConnectedError

if TYPE_CHECKING:
    from beamtwin.hardware.ca.client import Client
    from beamtwin.hardware.ca.link import Link

__all__ = ["Connection", "Deliver", "Refusal"]

#: Takes the answer to a request, in the network thread: a message, or why there is none.
Deliver = Callable[[Message | Exception], object]

#: Bytes of monitors that subscribers have not taken yet: from the first on a server is asked to send only the
#: latest of each, and from the second on down all again.
TOO_MUCH, LITTLE = 32 << 20, 4 << 20

#: What a subscription is for (DBE_*): low, high and to, which nobody uses, and the mask.
DETAILS = struct.Struct(">fffHxx")
VALUES_AND_ALARMS, PROPERTIES = DETAILS.pack(0, 0, 0, 1 | 4), DETAILS.pack(0, 0, 0, 8)

#: ECA_NORMAL: all is well.
NORMAL = 1

IDS = 1 << 32

logger = logging.getLogger(__name__)


class Refusal(Exception):
    """What a server said when it did not do as it was asked: a status code, or a text."""

    def __str__(self) -> str:
        (said,) = self.args
        if isinstance(said, str):
            return said
        from caproto import CAStatus

        for member in CAStatus:
            if member.value.code_with_severity == said:
                return f"{member.value.description} ({member.name})"
        return f"status {said}"


class Request(NamedTuple):
    """What waits for an answer."""

    link: "Link"
    deliver: Deliver
    puts: int
    """`Connection.puts` when it was sent."""


class Connection(Stream):
    """The circuit to one server, and what is under way on it.

    Attributes
    ----------
    puts : int
        How many puts have been sent or have ended: what is known from before may have changed.
    """

    handlers: ClassVar = {
        wire.CREATE_CHANNEL: "_created",
        wire.ACCESS_RIGHTS: "_allowed",
        wire.CREATE_FAILED: "_dropped",
        wire.SERVER_DISCONNECTED: "_dropped",
        wire.READ_NOTIFY: "_read",
        wire.WRITE_NOTIFY: "_written",
        wire.EVENT_ADD: "_monitored",
        wire.ERROR: "_failed",
        wire.VERSION: "_greeted",
    }

    def __init__(self, client: "Client", address: Address):
        super().__init__(address, client.silence_s)
        self.puts = 0
        self._client = client
        self._minor_version = wire.MINOR_VERSION
        self._ids = itertools.count(1)
        self._links: dict[int, Link] = {}
        self._monitors: dict[int, Link] = {}
        self._descriptions: dict[int, Link] = {}
        self._requests: dict[int, Request] = {}
        self._guard = threading.Lock()  # of the requests, and of who may make more
        self._ended = ""
        self._throttled = False
        self._handlers = {command: getattr(self, name) for command, name in self.handlers.items()}

    # --- for any thread -------------------------------------------------------------------------

    def read(self, wanted: Iterable[tuple["Link", Deliver]]) -> bool:
        """Ask for values with their times and alarms, all in one go, where there is a connection yet."""
        with self._guard:
            if self._ended:
                return False
            self.send(b"".join(self._reading(link, deliver) for link, deliver in wanted))
        return True

    def write(self, link: "Link", payload: bytes, count: int, deliver: Deliver | None) -> bool:
        """Write, where there is a connection yet; where there is ``deliver``, hear when processing has ended."""
        command = wire.WRITE if deliver is None else wire.WRITE_NOTIFY
        with self._guard:
            if self._ended:
                return False
            self.puts += 1
            ioid = next(self._ids) % IDS
            if deliver is not None:
                self._requests[ioid] = Request(link, deliver, 0)
            self.send(message(command, link.data_type, count, link.sid, ioid, payload))
        return True

    def watch(self, link: "Link", wanted: bool) -> None:
        """Have the server send every new value, or no more."""
        with self._guard:
            if self._ended or not link.connected:
                return
            if link.refusal:
                logger.warning("%s is not monitored: %s", link.pv, link.refusal)
            elif wanted and link.subscription is None:
                link.subscription = self._subscribe(
                    link, TIME, link.count, VALUES_AND_ALARMS, self._monitors
                )
            elif not wanted and link.subscription is not None:
                key, link.subscription = link.subscription, None
                del self._monitors[key]
                kind = link.data_type + TIME
                self.send(message(wire.EVENT_CANCEL, kind, link.count, link.sid, key))

    def _reading(
        self, link: "Link", deliver: Deliver, kind: int = TIME, count: int | None = None
    ) -> bytes:
        ioid = next(self._ids) % IDS
        self._requests[ioid] = Request(link, deliver, self.puts)
        count = link.count if count is None else count
        return message(wire.READ_NOTIFY, link.data_type + kind, count, link.sid, ioid)

    def _loss(self, link: "Link") -> NotConnectedError:
        return NotConnectedError(f"{link.pv}: lost the connection to {self.peer} ({self._ended})")

    # --- for the network thread -----------------------------------------------------------------

    def add(self, link: "Link") -> None:
        """Ask the server for a channel."""
        cid = next(self._ids) % IDS
        self._links[cid] = link
        name = link.pv.encode() + b"\0"
        self.send(message(wire.CREATE_CHANNEL, 0, 0, cid, wire.MINOR_VERSION, name))

    def take(self, said: Message) -> None:
        """One message has come."""
        handler = self._handlers.get(said.command)
        if handler is not None:
            handler(said)

    def turn(self) -> None:
        """All that there is for now has come: hand it on, and no faster than it is taken."""
        self._client.hand_on()
        self._throttle()

    def lost(self, reason: str) -> None:
        """Whatever is under way fails now, and the PVs are searched for again."""
        with self._guard:
            self._ended = reason
            requests, self._requests = self._requests, {}
        self._client.forget(self)
        for link in self._links.values():
            link.disconnect()
        # Who watches the connection has heard of it before those whose questions fail: a suspender may help them.
        for request in requests.values():
            request.deliver(self._loss(request.link))
        self._client.hand_on()

    def _subscribe(
        self, link: "Link", kind: int, count: int, details: bytes, group: "dict[int, Link]"
    ) -> int:
        key = next(self._ids) % IDS
        group[key] = link
        kind += link.data_type
        self.send(message(wire.EVENT_ADD, kind, count, link.sid, key, payload=details))
        return key

    def _greeted(self, said: Message) -> None:
        self._minor_version = said.elements

    def _allowed(self, said: Message) -> None:
        link = self._links.get(said.p1)
        if link is not None:
            link.allow(said.p2)

    def _created(self, said: Message) -> None:
        link = self._links[said.p1]
        link.create(self, said, any_count=self._minor_version >= 13)
        if link.is_described:
            key = self._subscribe(link, CONTROL, 1, PROPERTIES, self._descriptions)
            link.description = key
        else:
            link.describe(None)

    def _dropped(self, said: Message) -> None:
        link = self._links.pop(said.p1, None)
        if link is None:
            return
        for group, key in (
            (self._monitors, link.subscription),
            (self._descriptions, link.description),
        ):
            group.pop(key or 0, None)
        with self._guard:
            lost = [key for key, request in self._requests.items() if request.link is link]
            requests = [self._requests.pop(key) for key in lost]
        link.disconnect()
        for request in requests:
            request.deliver(NotConnectedError(f"{link.pv}: {self.peer} has dropped it"))

    def _read(self, said: Message) -> None:
        request = self._requests.pop(said.p2, None)
        if request is None:
            return  # nobody waits for it any more
        if said.p1 != NORMAL:
            request.deliver(Refusal(said.p1))
        else:
            request.link.refresh(said, request.puts)
            request.deliver(said)

    def _written(self, said: Message) -> None:
        with self._guard:
            self.puts += 1
        request = self._requests.pop(said.p2, None)
        if request is not None:
            normal = said.p1 == NORMAL
            request.deliver(said if normal else Refusal(said.p1))

    def _failed(self, said: Message) -> None:
        """A server cannot do something; some send an error, and then an answer as well."""
        payload = said.payload
        command, size, _, _, _, key = wire.HEADER.unpack_from(payload)
        start = wire.HEADER.size + (wire.EXTENSION.size if size == wire.LONG else 0)
        why = text(payload[start:]) or said.p2
        if command in (wire.READ_NOTIFY, wire.WRITE_NOTIFY):
            request = self._requests.pop(key, None)
            if request is not None:
                request.deliver(Refusal(why))
        elif command == wire.EVENT_ADD and key in self._descriptions:
            self._ask_once(self._descriptions.pop(key))
        else:
            logger.warning("%s: %s", self.peer, Refusal(why))

    def _ask_once(self, link: "Link") -> None:
        """What it is, of a server that does not say when that changes."""

        def deliver(outcome: Message | Exception) -> None:
            if not isinstance(outcome, NotConnectedError):
                link.describe(outcome.payload if isinstance(outcome, Message) else None)

        with self._guard:
            self.send(self._reading(link, deliver, CONTROL, 1))

    def _monitored(self, said: Message) -> None:
        link = self._monitors.get(said.p2)
        if link is not None and said.p1 == NORMAL:
            link.news(said)
        elif said.p2 in self._descriptions:
            described = said.p1 == NORMAL
            self._descriptions[said.p2].describe(said.payload if described else None)

    def _throttle(self) -> None:
        if not self._throttled and self._client.backlog() > TOO_MUCH:
            self._throttled = True
            self.send(message(wire.EVENTS_OFF))
            self._unthrottle()

    def _unthrottle(self) -> None:
        """Have all monitors sent again, once those are taken that there are."""
        if self._client.backlog() > LITTLE:
            asyncio.get_running_loop().call_later(timeouts.LOOK_S, self._unthrottle)
        else:
            self._throttled = False
            self.send(message(wire.EVENTS_ON))
