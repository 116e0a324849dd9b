"""Channel Access as a transport: many PVs, wherever their servers are."""

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from beamtwin.hardware.ca.channel import CAChannel
from beamtwin.hardware.ca.dispatcher import Dispatcher
from beamtwin.hardware.ca.environment import Environment, resolve
from beamtwin.hardware.ca.timeouts import Timeouts
from beamtwin.hardware.channel import Channel, Reading
from beamtwin.orchestration.clock import Clock, WallClock
from beamtwin.orchestration.errors import NotConnectedError

if TYPE_CHECKING:
    from beamtwin.hardware.ca.link import Link

__all__ = ["CATransport"]

#: Bytes of a record's name, as EPICS has it.
LONGEST_NAME = 59


class CATransport:
    """PVs over Channel Access.

    Parameters
    ----------
    clock : Clock, optional
        Whose waits end when something arrives; default: a `WallClock`.
    addresses : sequence of str, optional
        Where to search (``"127.0.0.1"``, ``"xf11id-ioc1:5068"``); nothing is sent anywhere else.
        Default: what ``EPICS_CA_ADDR_LIST`` and its relatives say.
    name_servers : sequence of str, optional
        Where to search by TCP. Default: none with ``addresses``, else what ``EPICS_CA_NAME_SERVERS`` says.
    port : int, optional
        The servers' port where an address has none; default: ``EPICS_CA_SERVER_PORT``, or 5064.
    timeouts : Timeouts
        How long each operation may take.
    read_only : bool
        Refuse every put.

    Raises
    ------
    BeamtwinError
        Where the environment or an address makes no sense.
    """

    scheme = "ca"

    def __init__(
        self,
        clock: Clock | None = None,
        *,
        addresses: Sequence[str] | None = None,
        name_servers: Sequence[str] | None = None,
        port: int | None = None,
        timeouts: Timeouts | None = None,
        read_only: bool = False,
    ):
        from beamtwin.hardware.ca.client import Client

        self.timeouts = timeouts or Timeouts()
        self.read_only = read_only
        environment = Environment.read()
        port = environment.server_port if port is None else port
        if name_servers is None:
            name_servers = environment.name_servers if addresses is None else ()
        if addresses is None:
            addresses = environment.addresses
        self.addresses = resolve(addresses, port)
        self.name_servers = resolve(name_servers, port)
        self._clock = clock or WallClock()
        self._channels: dict[str, CAChannel] = {}
        self._dispatcher = Dispatcher(after=self._clock.wake)
        try:
            self._client = Client(
                self.addresses,
                self.name_servers,
                environment,
                self._dispatcher,
            )
        except OSError:
            self._dispatcher.close()
            raise

    @property
    def clock(self) -> Clock:
        """The clock given; see `Transport.clock`."""
        return self._clock

    def channel(self, pv: str) -> CAChannel:
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
        limit = self.timeouts.connect_s if timeout is None else timeout
        if not self._clock.wait(
            lambda: all(link.connected for link in links), limit, "connections"
        ):
            missing = [link.pv for link in links if not link.connected]
            raise self._silence(missing, len(links), limit)

    def get_many(self, channels: Sequence[Channel]) -> list[Reading]:
        """The values of all, asked for at once; see `Transport.get_many`."""
        links = self._links(channels)
        known = [link.known() for link in links]
        asked = [link for link, reading in zip(links, known, strict=True) if reading is None]
        if not all(link.connected for link in asked):
            self.connect(channels)
        answers = iter(self._client.read(asked).readings(self.timeouts.read_s) if asked else ())
        return [next(answers) if reading is None else reading for reading in known]

    def keep(self, channels: Sequence[Channel]) -> Callable[[], list[Any]]:
        """Have these sent as they change; see `Transport.keep`."""
        links = self._links(channels)
        self._client.seek(links)
        for link in links:
            link.keep()
        return lambda: [reading.value for reading in self.get_many(channels)]

    def close(self) -> None:
        """Disconnect, and end both threads. Idempotent."""
        self._client.close()
        self._dispatcher.close()

    def _links(self, channels: Iterable[Channel]) -> "list[Link]":
        return [self.channel(channel.name).link for channel in channels]

    def _silence(self, missing: Sequence[str], total: int, seconds: float) -> NotConnectedError:
        everywhere = [*self.addresses, *self.name_servers]
        searched = ", ".join("{}:{}".format(*address) for address in everywhere) or "no address"
        return NotConnectedError(
            f"{len(missing)} of {total} PVs did not answer within {seconds:g} s: {', '.join(missing)}",
            f"searched for at {searched}: does the IOC run, and is that where it is?",
        )
