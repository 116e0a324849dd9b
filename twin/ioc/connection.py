"""One client of the IOC: its channels, monitors and puts, answered in the order in which things happen."""

import logging
from collections.abc import Callable
from typing import Any, ClassVar

import caproto as ca

from beamtwin.orchestration.errors import BeamtwinError
from beamtwin.orchestration.status import Status
from beamtwin.twin.ioc.circuit import SERVER, Circuit
from beamtwin.twin.ioc.dbr import Payload
from beamtwin.twin.ioc.variable import Monitor, Variable

__all__ = ["Connection"]

#: The most of an error message that is sent, in bytes.
LONGEST_MESSAGE = 400

logger = logging.getLogger(__name__)


class Connection(Circuit):
    """The circuit to one client.

    Monitors and put-completions leave by the same queue, so that a client that sees a put done has seen all
    that led to it. A client that is too slow for its monitors gets the latest value of each.

    Parameters
    ----------
    find
        The variable of a name, or None.
    read
        Has a variable say what it is now.
    put
        Has a variable write what a request asks.
    monitor
        Has a variable tell its news to a monitor.
    gone
        Called with the connection at its end.
    """

    handlers: ClassVar = {
        ca.VersionRequest: "_version",
        ca.EchoRequest: "_echo",
        ca.CreateChanRequest: "_create",
        ca.ClearChannelRequest: "_clear",
        ca.ReadNotifyRequest: "_read",
        ca.WriteRequest: "_write",
        ca.WriteNotifyRequest: "_write",
        ca.EventAddRequest: "_monitor",
        ca.EventCancelRequest: "_cancel",
        ca.EventsOffRequest: "_events_off",
        ca.EventsOnRequest: "_events_on",
    }

    def __init__(
        self,
        find: Callable[[str], Variable | None],
        read: Callable[[Variable, Any], Payload],
        put: Callable[[Variable, Any], Status | None],
        monitor: Callable[[Variable, Monitor], None],
        gone: Callable[["Connection"], object],
    ):
        super().__init__(SERVER)
        self._find = find
        self._ask = read
        self._put = put
        self._begin_monitor = monitor
        self._gone = gone
        self._variables: dict[int, Variable] = {}
        self._monitors: dict[int, tuple[int, Variable, Monitor]] = {}
        self._clogged = False
        self._wants_events = True
        self._late: dict[int, tuple[Monitor, Payload]] = {}

    def post(self, monitor: Monitor, news: Payload) -> None:
        """Send a monitor's news, or keep the latest for when the client takes it."""
        if self._clogged or not self._wants_events:
            self._late.pop(monitor.subscriptionid, None)  # so that what changes last is sent last
            self._late[monitor.subscriptionid] = monitor, news
        else:
            self._send_news(monitor, news)

    def pause_writing(self) -> None:
        """Asyncio's: the client is slow."""
        self._clogged = True

    def resume_writing(self) -> None:
        """Asyncio's: the client has caught up."""
        self._clogged = False
        self._catch_up()

    def connection_lost(self, exc: Exception | None) -> None:
        """Asyncio's: the client has gone."""
        for _, variable, monitor in self._monitors.values():
            variable.discard(monitor)
        self._monitors.clear()
        self._variables.clear()
        self._gone(self)

    def _send_news(self, monitor: Monitor, news: Payload) -> None:
        self.send(
            monitor.channel.subscribe(
                news.data,
                monitor.subscriptionid,
                news.data_type,
                news.length,
                metadata=news.about,
                status=ca.CAStatus.ECA_NORMAL,
            )
        )

    def _catch_up(self) -> None:
        if self._wants_events:
            late, self._late = self._late, {}
            for monitor, news in late.values():
                self._send_news(monitor, news)

    def _version(self, command: ca.VersionRequest) -> None:
        self.send(ca.VersionResponse(ca.DEFAULT_PROTOCOL_VERSION))

    def _echo(self, command: ca.EchoRequest) -> None:
        self.send(ca.EchoResponse())

    def _create(self, command: ca.CreateChanRequest) -> None:
        variable = self._find(command.name)
        if variable is None:
            self.send(ca.CreateChFailResponse(command.cid))
            return
        sid = self.state.new_channel_id()
        self._variables[sid] = variable
        rights = ca.AccessRights.READ
        if variable.writable:
            rights |= ca.AccessRights.WRITE
        self.send(
            ca.AccessRightsResponse(command.cid, rights),
            ca.CreateChanResponse(variable.data_type, variable.count, command.cid, sid),
        )

    def _clear(self, command: ca.ClearChannelRequest) -> None:
        for key in [key for key, (sid, *_) in self._monitors.items() if sid == command.sid]:
            self._forget(key)
            del self.state.event_add_commands[key]
        del self._variables[command.sid]
        self.send(ca.ClearChannelResponse(command.sid, command.cid))

    def _read(self, command: ca.ReadNotifyRequest) -> None:
        channel = self.state.channels_sid[command.sid]
        try:
            answer = self._ask(self._variables[command.sid], command)
        except ValueError as error:
            self._fail(command, ca.CAStatus.ECA_NOCONVERT, error)
            return
        self.send(
            channel.read(
                answer.data, command.ioid, answer.data_type, answer.length, metadata=answer.about
            )
        )

    def _write(self, command: Any) -> None:
        try:
            ended = self._put(self._variables[command.sid], command)
        except Exception as error:
            if not isinstance(error, (BeamtwinError, ValueError)):
                logger.exception("a put failed")
            self._refuse(command, error)
            return
        if ended is None:
            self._complete(command, ca.CAStatus.ECA_NORMAL)
        else:
            ended.add_callback(lambda ended: self._end_put(command, ended))

    def _end_put(self, command: Any, ended: Status) -> None:
        error = ended.exception()
        if error is None:
            self._complete(command, ca.CAStatus.ECA_NORMAL)
        else:
            self._refuse(command, error)

    def _refuse(self, command: Any, error: BaseException) -> None:
        """Say why, and end the put: some clients listen to the one, and some to the other."""
        self._fail(command, ca.CAStatus.ECA_PUTFAIL, error)
        self._complete(command, ca.CAStatus.ECA_PUTFAIL)

    def _complete(self, command: Any, status: ca.CAStatus) -> None:
        if isinstance(command, ca.WriteNotifyRequest) and command.sid in self._variables:
            self._catch_up()
            self.send(
                ca.WriteNotifyResponse(command.data_type, command.data_count, status, command.ioid)
            )

    def _fail(self, command: Any, status: ca.CAStatus, error: BaseException) -> None:
        if command.sid in self._variables:
            message = str(error).encode()[:LONGEST_MESSAGE] + b"\0"
            cid = self.state.channels_sid[command.sid].cid
            self.send(ca.ErrorResponse(command, cid, status, message))

    def _monitor(self, command: ca.EventAddRequest) -> None:
        variable = self._variables[command.sid]
        channel = self.state.channels_sid[command.sid]
        key = command.subscriptionid
        wanted = command.data_type, command.data_count, command.mask
        monitor = Monitor(self, channel, key, *wanted)
        try:
            self._begin_monitor(variable, monitor)
            self._monitors[key] = (command.sid, variable, monitor)
        except ValueError as error:
            self._fail(command, ca.CAStatus.ECA_NOCONVERT, error)

    def _cancel(self, command: ca.EventCancelRequest) -> None:
        channel = self.state.channels_sid[command.sid]
        self._forget(command.subscriptionid)
        self.send(channel.unsubscribe(command.subscriptionid, command.data_type, 0))

    def _forget(self, key: int) -> None:
        _, variable, monitor = self._monitors.pop(key, (None, None, None))
        if variable is not None and monitor is not None:
            variable.discard(monitor)
        self._late.pop(key, None)

    def _events_off(self, command: ca.EventsOffRequest) -> None:
        self._wants_events = False

    def _events_on(self, command: ca.EventsOnRequest) -> None:
        self._wants_events = True
        self._catch_up()
