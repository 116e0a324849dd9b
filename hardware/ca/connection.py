"""One server: the channels, requests and monitors that a client has with it."""

import asyncio
import getpass
import logging
import socket
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, ClassVar

import caproto as ca

from beamtwin.hardware.ca import timeouts
from beamtwin.hardware.ca.circuit import CLIENT, Circuit, reason, text
from beamtwin.hardware.ca.values import metadata_of
from beamtwin.orchestration.errors import NotConnectedError

if TYPE_CHECKING:
    from beamtwin.hardware.ca.client import Client, Link
    from beamtwin.hardware.ca.search import Address

__all__ = ["Connection", "Refusal"]

#: Bytes of monitors that subscribers have not taken yet: from the first on a server is asked to send only the
#: latest of each, and from the second on down all again.
TOO_MUCH, LITTLE = 32 << 20, 4 << 20

NORMAL = ca.CAStatus.ECA_NORMAL.value.code_with_severity

VALUES_AND_ALARMS = ca.SubscriptionType.DBE_VALUE | ca.SubscriptionType.DBE_ALARM

#: Requests that have an answer, and how a header says that it goes on.
ANSWERED = (ca.ReadNotifyRequest.ID, ca.WriteNotifyRequest.ID)
LONG = 0xFFFF

logger = logging.getLogger(__name__)


class Refusal(Exception):
    """What a server said when it did not do as it was asked."""


class Connection(Circuit):
    """The circuit to one server, and what is under way on it."""

    handlers: ClassVar = {
        ca.CreateChanResponse: "_created",
        ca.CreateChFailResponse: "_dropped",
        ca.ServerDisconnResponse: "_dropped",
        ca.ReadNotifyResponse: "_answered",
        ca.WriteNotifyResponse: "_answered",
        ca.ErrorResponse: "_failed",
        ca.EventAddResponse: "_monitored",
    }

    def __init__(self, client: "Client", address: "Address"):
        super().__init__(CLIENT, address)
        self._client = client
        self._links: dict[int, Link] = {}
        self._requests: dict[int, tuple[Link, Future[Any]]] = {}
        self._monitors: dict[int | None, Link] = {}
        self._heard = False
        self._pulse: asyncio.TimerHandle | None = None
        self._throttled = False
        self.send(
            ca.VersionRequest(0, ca.DEFAULT_PROTOCOL_VERSION),
            ca.HostNameRequest(socket.gethostname()),
            ca.ClientNameRequest(getpass.getuser()),
        )

    def add(self, link: "Link") -> None:
        """Ask the server for a channel."""
        channel = ca.ClientChannel(link.pv, self.state)
        link.circuit, link.channel = self, channel
        self._links[channel.cid] = link
        self.send(channel.create())

    def request(self, link: "Link", command: Any, answer: "Future[Any]") -> None:
        """Send a request that has an answer."""
        self._requests[command.ioid] = (link, answer)
        self.send(command)

    def watch(self, link: "Link") -> None:
        """Bring the server's subscription into line with ``link.monitor``."""
        channel: Any = link.channel
        if link.monitor is not None and link.subscription is None:
            command = channel.subscribe("time", mask=VALUES_AND_ALARMS)
            link.subscription = command.subscriptionid
            self._monitors[link.subscription] = link
            self.send(command)
        elif link.monitor is None and link.subscription is not None:
            del self._monitors[link.subscription]
            self.send(channel.unsubscribe(link.subscription))
            link.subscription = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Asyncio's: begin to listen for silence."""
        super().connection_made(transport)
        self._pulse = asyncio.get_running_loop().call_later(timeouts.ECHO_S, self._listen)

    def data_received(self, data: bytes) -> None:
        """Asyncio's."""
        self._heard = True
        super().data_received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """Asyncio's: whatever is under way fails now, and the PVs are searched for again."""
        if self._pulse is not None:
            self._pulse.cancel()
        self._client.forget(self)
        for link, answer in self._requests.values():
            answer.set_exception(
                NotConnectedError(f"{link.pv}: lost the connection to {self.peer}")
            )
        for link in self._links.values():
            link.disconnect()

    def _listen(self) -> None:
        """Ask a silent server for a sign of life, and give it up if there is none."""
        if not self._heard:
            logger.warning("%s is silent; disconnecting", self.peer)
            self.abort()
            return
        self._heard = False
        self.send(ca.EchoRequest())
        self._pulse = asyncio.get_running_loop().call_later(timeouts.ECHO_S, self._listen)

    def _created(self, command: Any) -> None:
        link, channel = self._links[command.cid], self.state.channels[command.cid]
        answer: Future[Any] = Future()
        answer.add_done_callback(lambda answer: self._described(link, channel, answer))
        self.request(link, channel.read("control", data_count=1), answer)

    def _described(self, link: "Link", channel: Any, answer: "Future[Any]") -> None:
        error = answer.exception()
        if isinstance(error, NotConnectedError):
            return
        control = None if error else answer.result().metadata
        rights = channel.access_rights or ca.AccessRights.NO_ACCESS
        link.connect(metadata_of(channel, control, ca.AccessRights.WRITE in rights))

    def _dropped(self, command: Any) -> None:
        link = self._links.pop(command.cid)
        self._monitors.pop(link.subscription, None)
        for key in [key for key, (other, _) in self._requests.items() if other is link]:
            _, answer = self._requests.pop(key)
            answer.set_exception(NotConnectedError(f"{link.pv}: {self.peer} has dropped it"))
        link.disconnect()

    def _answered(self, command: Any) -> None:
        self._settle(command.ioid, command.header.parameter1, command)

    def _failed(self, command: Any) -> None:
        original = command.original_request
        # A long request has a header of 8 more bytes.
        start = 8 if original.payload_size == LONG else 0
        message = text(command.error_message[start:]) or reason(command.header.parameter2)
        if original.command in ANSWERED:
            self._settle(original.parameter2, None, message)
        else:
            logger.warning("%s: %s", self.peer, message)

    def _settle(self, ioid: int, status: int | None, outcome: Any) -> None:
        """Answer a request; some servers send an error, and then an answer as well."""
        _, answer = self._requests.pop(ioid, (None, None))
        if answer is not None and status == NORMAL:
            answer.set_result(outcome)
        elif answer is not None:
            answer.set_exception(Refusal(outcome if status is None else reason(status)))

    def _monitored(self, command: Any) -> None:
        link = self._monitors.get(command.subscriptionid)
        if link is not None and link.monitor is not None and command.header.parameter1 == NORMAL:
            link.monitor(command)
            if not self._throttled and self._client.backlog() > TOO_MUCH:
                self._throttled = True
                self.send(ca.EventsOffRequest())
                self._unthrottle()

    def _unthrottle(self) -> None:
        """Have all monitors sent again, once those are taken that there are."""
        if self._client.backlog() > LITTLE:
            asyncio.get_running_loop().call_later(timeouts.LOOK_S, self._unthrottle)
        else:
            self._throttled = False
            self.send(ca.EventsOnRequest())
