"""What to do, and when: the engine, plans, clocks and documents."""

if not __name__.startswith("beamtwin."):
    raise ImportError(
        f"{__name__!r} is a folder of beamtwin's checkout: install the project and import 'beamtwin.orchestration'"
    )

from beamtwin.orchestration.clock import Clock, WallClock
from beamtwin.orchestration.engine import RunEngine, RunEngineResult
from beamtwin.orchestration.messages import Msg
from beamtwin.orchestration.status import Status

__all__ = ["Clock", "Msg", "RunEngine", "RunEngineResult", "Status", "WallClock"]
