"""How long a plan takes in virtual time, and how long on the same twin served in real time."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

from run import Result

WHAT = "a scan's duration in virtual time, and served in real time (the nearer to 1)"
POINTS, EXPOSURE_S = 6, 2.0


@dataclass(frozen=True)
class Durations:
    """CHX's slit scan, in process and over Channel Access."""

    what: str = WHAT

    def measure(self) -> Result:
        """Run it twice."""
        virtual_s, real_s = in_process(), over_channel_access()
        nearness = min(virtual_s / real_s, real_s / virtual_s)
        shown = f"{virtual_s:.3f} s"
        return Result(self.what, shown, f"over Channel Access: {real_s:.3f} s", nearness, 0.99)


def in_process() -> float:
    """The virtual seconds of a run on the twin."""
    from beamtwin.scenarios.scenario import load
    from beamtwin.twin.clock import SimClock

    with load("chx").world(SimClock(0.0), level="fast", seed=0, noise=True) as world:
        return duration(world.database)


def over_channel_access() -> float:
    """The seconds of the same run on the same twin behind an IOC."""
    from beamtwin.hardware.ca import CATransport
    from beamtwin.scenarios.serve import make_database
    from beamtwin.twin.ioc import IOCProcess

    with IOCProcess(make_database, "chx", "fast", 0, True) as ioc:
        transport = CATransport(addresses=["127.0.0.1"], port=ioc.port)
        try:
            return duration(transport)
        finally:
            transport.close()


def duration(transport) -> float:
    """Seconds between the start and the stop document of a scan."""
    from beamtwin.hardware.device import connect
    from beamtwin.orchestration import RunEngine
    from beamtwin.orchestration.documents import random_uid
    from beamtwin.orchestration.plans import count
    from beamtwin.scenarios.scenario import load

    scenario = load("chx")
    times: dict[str, float] = {}
    engine = RunEngine(clock=transport.clock)
    with tempfile.TemporaryDirectory() as folder:
        devices = scenario.devices(transport, Path(folder), random_uid)
        connect(devices.s2, devices.scaler)
        plan = scenario.plan("slit_scan")(devices, points=POINTS, exposure_s=EXPOSURE_S)
        engine(count([devices.scaler]))  # the first count awaits the process that does the physics
        engine(plan, lambda name, doc: times.setdefault(name, doc.get("time", 0.0)))
    return times["stop"] - times["start"]
