"""Beamtime: an engine, devices and a catalogue, put together for a target."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import beamtwin
from beamtwin.app import DEFAULT_PORT
from beamtwin.app.options import CATALOG, UsageError
from beamtwin.app.termination import AbortOnSigterm
from beamtwin.app.workers import Workers
from beamtwin.databroker.broker import Broker
from beamtwin.databroker.opening import ASSETS
from beamtwin.hardware.ca import CATransport
from beamtwin.hardware.channel import Transport
from beamtwin.hardware.registry import Devices
from beamtwin.orchestration.documents import SeededUids, random_uid
from beamtwin.orchestration.engine import RunEngine
from beamtwin.orchestration.errors import NotConnectedError
from beamtwin.orchestration.interrupts import AbortOnSigint
from beamtwin.scenarios.scenario import Scenario
from beamtwin.twin.clock import SimClock
from beamtwin.twin.provenance import PROVENANCE_PV, read_provenance
from beamtwin.twin.world import World

__all__ = ["Beamtime", "Settings", "open_beamtime", "open_broker", "open_target"]

#: Of the PVs that did not answer, so many are named.
SHOWN_PVS = 3

#: So the line of a connection's error begins that says where its PVs were looked for.
SEARCHED = "searched for at "


@dataclass(frozen=True)
class Settings:
    """What the command line says of a beamtime."""

    data: Path
    """The folder of the catalogue and its files."""
    target: str = "twin"
    """A key of `TARGETS`."""
    level: str | None = None
    """How the twin computes its physics: one of `beamtwin.twin.chain.LEVELS`; None: as its scenario has it."""
    seed: int = 0
    noise: bool = True
    epoch: float | None = None
    """Where virtual time begins (seconds since the Unix epoch). Given, the run is a reproduction, uids and all."""
    port: int = DEFAULT_PORT
    """Of the twin's IOC."""
    workers: Workers = field(default_factory=Workers)
    """Who computes the twin's light."""


@dataclass
class Beamtime:
    """What a plan needs to run, and where its documents go."""

    engine: RunEngine
    devices: Any
    broker: Broker
    provenance: dict[str, Any] = field(default_factory=dict)
    uids: list[str] = field(default_factory=list)
    """Of the runs that were filed."""
    world: World | None = None
    """The twin, where it is in this process."""

    def file(self, name: str, document: Mapping[str, Any]) -> None:
        """Keep a document."""
        self.broker.insert(name, document)
        if name == "start":
            self.uids.append(document["uid"])


@contextmanager
def open_broker(data: Path, *, readonly: bool = False) -> Iterator[Broker]:
    """The catalogue of a data folder; made if it is not there, and not only to be read."""
    with Broker.open(data / CATALOG, readonly=readonly) as broker:
        yield broker


@contextmanager
def open_beamtime(scenario: Scenario, settings: Settings) -> Iterator[Beamtime]:
    """Connect a scenario's devices to the target that the settings name, and subscribe a catalogue."""
    assets = _folder(settings.data / ASSETS)
    with ExitStack() as stack:
        broker = stack.enter_context(open_broker(settings.data))
        transport, provenance, world = stack.enter_context(open_target(scenario, settings))
        new_uid = random_uid if settings.epoch is None else SeededUids(settings.seed)
        devices = scenario.devices(transport, assets, new_uid)
        _connect(devices, scenario.needs, transport)
        engine = RunEngine(
            {"twin": provenance, "versions": {"beamtwin": beamtwin.__version__}},
            clock=transport.clock,
            context_managers=[AbortOnSigint, AbortOnSigterm],
            new_uid=new_uid,
        )
        engine.md["scan_id"] = _last_scan_id(broker)
        beamtime = Beamtime(engine, devices, broker, provenance, world=world)
        engine.subscribe(beamtime.file)
        yield beamtime


def _folder(path: Path) -> Path:
    try:
        path.mkdir(exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"{path}: cannot be made the folder of the detectors' files: {error.strerror or error}; "
            "move away what is there, or choose another data folder with --data"
        ) from error
    return path


def _last_scan_id(broker: Broker) -> int:
    """That of the last run that has one: imported runs need not."""
    numbered = iter(broker.search({"scan_id": {"$exists": True}}))
    last = next(numbered, None)
    return 0 if last is None else last.start["scan_id"]


class Opened(NamedTuple):
    """A target within reach."""

    transport: Transport
    """The way to its PVs."""
    provenance: dict[str, Any]
    """What a run says of where it came from."""
    world: World | None = None
    """The twin, where it is in this process."""


def open_target(scenario: Scenario, settings: Settings) -> AbstractContextManager[Opened]:
    """A scenario's PVs on the target that the settings name."""
    return TARGETS[settings.target](scenario, settings)


def _connect(devices: Devices, needed: tuple[str, ...], transport: Transport) -> None:
    try:
        devices.connect(*needed)
    except NotConnectedError as error:
        raise NotConnectedError(f"{_in_short(error)}{_searched(transport)}") from error


def _in_short(error: NotConnectedError) -> str:
    """Where hundreds of PVs are missing, the first of them say enough."""
    summary, *lines = (line.strip() for line in str(error).splitlines())
    missing = [line for line in lines if not line.startswith(SEARCHED)]
    more = len(missing) - SHOWN_PVS
    rest = f"; and {more} more, which --debug lists" if more > 0 else ""
    return f"{summary} {'; '.join(missing[:SHOWN_PVS])}{rest}"


def _searched(transport: Transport) -> str:
    if not isinstance(transport, CATransport):
        return ""
    places = ", ".join("{}:{}".format(*address) for address in transport.addresses)
    return (
        f" ({SEARCHED}{places or 'no address'}: does the IOC run, and is that where it is? "
        "EPICS_CA_ADDR_LIST and EPICS_CA_SERVER_PORT say where to look)"
    )


@contextmanager
def _open_twin(scenario: Scenario, settings: Settings) -> Iterator[Opened]:
    """The twin in this process, in virtual time."""
    clock = SimClock(settings.epoch)
    with scenario.world(
        clock,
        level=settings.level or scenario.level,
        seed=settings.seed,
        noise=settings.noise,
    ) as world:
        settings.workers.employ(world)
        yield Opened(world.database, world.provenance, world)


@contextmanager
def _open_ioc(scenario: Scenario, settings: Settings) -> Iterator[Opened]:
    """A twin that is served over Channel Access on this machine, in real time."""
    port = settings.port
    with _channel_access(CATransport(addresses=["127.0.0.1"], port=port)) as transport:
        try:
            provenance = read_provenance(transport)
        except NotConnectedError as error:
            raise NotConnectedError(
                f"no twin answers at 127.0.0.1:{port}, where {PROVENANCE_PV.format('scenario')} was "
                f"searched for: name its --port, or start one, in another terminal, with "
                f"`beamtwin ioc {scenario.name} --port {port}`"
            ) from error
        yield Opened(transport, {**provenance, "target": "ioc"})


@contextmanager
def _open_live(scenario: Scenario, settings: Settings) -> Iterator[Opened]:
    """Whatever the EPICS_CA_* environment leads to: the beamline."""
    with _channel_access(CATransport()) as transport:
        provenance = {"scenario": scenario.name, "version": beamtwin.__version__}
        yield Opened(transport, {"target": "live", **provenance})


@contextmanager
def _channel_access(transport: CATransport) -> Iterator[CATransport]:
    try:
        yield transport
    finally:
        transport.close()


Opener = Callable[[Scenario, Settings], AbstractContextManager[Opened]]

#: How each target is reached.
TARGETS: dict[str, Opener] = {"twin": _open_twin, "ioc": _open_ioc, "live": _open_live}
