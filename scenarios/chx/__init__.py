"""NSLS-II CHX (11-ID): coherent X-rays through slit S2, and their diffraction pattern on a pixel detector."""

from pathlib import Path

from beamtwin.scenarios.chx.analysis import compare_runs
from beamtwin.scenarios.chx.devices import chx_registry, make_devices
from beamtwin.scenarios.chx.plans import diffraction, slit_scan
from beamtwin.scenarios.chx.twin import DESCRIPTION, make_world
from beamtwin.scenarios.scenario import Scenario

__all__ = ["DATA", "SCENARIO"]

#: Facts and measurements, each with its source.
DATA = Path(__file__).parent / "data"

SCENARIO = Scenario(
    name="chx",
    title="NSLS-II CHX (11-ID), slit diffraction",
    registry=chx_registry,
    devices=make_devices,
    world=make_world,
    plans={"diffraction": diffraction, "slit_scan": slit_scan},
    compare_runs=compare_runs,
    needs=("s2", "eiger4m", "scaler"),
    description=DESCRIPTION,
)
