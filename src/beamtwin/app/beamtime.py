"""Beamtime: an engine, devices and a catalogue, put together for a target."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import beamtwin
from beamtwin.databroker.broker import Broker
from beamtwin.hardware.ca import CATransport
from beamtwin.hardware.channel import Transport
from beamtwin.hardware.device import connect
from beamtwin.orchestration.documents import SeededUids, random_uid
from beamtwin.orchestration.engine import RunEngine
from beamtwin.orchestration.interrupts import AbortOnSigint
from beamtwin.scenarios.scenario import Scenario
from beamtwin.twin.clock import SimClock
from beamtwin.twin.world import read_provenance

__all__ = ["DEFAULT_PORT", "Beamtime", "Settings", "open_beamtime", "open_broker"]

#: Of the twin's IOC: not EPICS' own 5064, so that a twin is never taken for the beamline by mistake.
DEFAULT_PORT = 15064

CATALOG = "catalog.sqlite"
ASSETS = "assets"


@dataclass(frozen=True)
class Settings:
    """What the command line says of a beamtime."""

    data: Path
    """The folder of the catalogue and its files."""
    target: str = "twin"
    """A key of `TARGETS`."""
    level: str = "fast"
    """How the twin computes its physics: ``fast`` or ``wave``."""
    seed: int = 0
    noise: bool = True
    epoch: float | None = None
    """Where virtual time begins (seconds since the Unix epoch). Given, the run is a reproduction, uids and all."""
    port: int = DEFAULT_PORT
    """Of the twin's IOC."""


@dataclass
class Beamtime:
    """What a plan needs to run, and where its documents go."""

    engine: RunEngine
    devices: Any
    broker: Broker
    provenance: dict[str, Any] = field(default_factory=dict)


@contextmanager
def open_broker(data: Path) -> Iterator[Broker]:
    """The catalogue of a data folder."""
    with Broker.open(data / CATALOG) as broker:
        yield broker


@contextmanager
def open_beamtime(scenario: Scenario, settings: Settings) -> Iterator[Beamtime]:
    """Connect a scenario's devices to the target that the settings name, and subscribe a catalogue."""
    assets = settings.data / ASSETS
    assets.mkdir(exist_ok=True)
    with ExitStack() as stack:
        broker = stack.enter_context(open_broker(settings.data))
        transport, provenance = stack.enter_context(TARGETS[settings.target](scenario, settings))
        new_uid = random_uid if settings.epoch is None else SeededUids(settings.seed)
        devices = scenario.devices(transport, assets, new_uid)
        connect(*vars(devices).values())
        engine = RunEngine(
            {"twin": provenance, "versions": {"beamtwin": beamtwin.__version__}},
            clock=transport.clock,
            context_managers=[AbortOnSigint],
            new_uid=new_uid,
        )
        if len(broker):
            engine.md["scan_id"] = broker[-1].start.get("scan_id", 0)
        engine.subscribe(broker.insert)
        yield Beamtime(engine, devices, broker, provenance)


@contextmanager
def _open_twin(
    scenario: Scenario, settings: Settings
) -> Iterator[tuple[Transport, dict[str, Any]]]:
    """The twin in this process, in virtual time."""
    clock = SimClock(settings.epoch)
    with scenario.world(
        clock, level=settings.level, seed=settings.seed, noise=settings.noise
    ) as world:
        yield world.database, {"target": "twin", **world.provenance}


@contextmanager
def _open_ioc(scenario: Scenario, settings: Settings) -> Iterator[tuple[Transport, dict[str, Any]]]:
    """A twin that is served over Channel Access on this machine, in real time."""
    with _channel_access(CATransport(addresses=["127.0.0.1"], port=settings.port)) as transport:
        yield transport, {"target": "ioc", **read_provenance(transport)}


@contextmanager
def _open_live(
    scenario: Scenario, settings: Settings
) -> Iterator[tuple[Transport, dict[str, Any]]]:
    """Whatever the EPICS_CA_* environment leads to: the beamline."""
    with _channel_access(CATransport()) as transport:
        provenance = {"scenario": scenario.name, "version": beamtwin.__version__}
        yield transport, {"target": "live", **provenance}


@contextmanager
def _channel_access(transport: CATransport) -> Iterator[CATransport]:
    try:
        yield transport
    finally:
        transport.close()


Opener = Callable[[Scenario, Settings], AbstractContextManager[tuple[Transport, dict[str, Any]]]]

#: How each target is reached.
TARGETS: dict[str, Opener] = {"twin": _open_twin, "ioc": _open_ioc, "live": _open_live}
