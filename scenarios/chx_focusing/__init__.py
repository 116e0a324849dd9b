"""NSLS-II CHX (11-ID), focusing: lenses and kinoform bring the beam onto slit S3 and the sample behind it."""

from beamtwin.scenarios.chx_focusing.devices import focusing_registry, make_devices
from beamtwin.scenarios.chx_focusing.plans import (
    edge_scan,
    energy_scan,
    focus_scan,
    knife_edge,
    slit_scan,
    xpcs,
)
from beamtwin.scenarios.chx_focusing.twin import DESCRIPTION, make_world
from beamtwin.scenarios.scenario import Scenario, no_comparison

__all__ = ["SCENARIO"]

SCENARIO = Scenario(
    name="chx_focusing",
    title="NSLS-II CHX (11-ID), focusing set-up",
    registry=focusing_registry,
    devices=make_devices,
    world=make_world,
    plans={
        "edge_scan": edge_scan,
        "energy_scan": energy_scan,
        "focus_scan": focus_scan,
        "knife_edge": knife_edge,
        "slit_scan": slit_scan,
        "xpcs": xpcs,
    },
    compare_runs=no_comparison,
    needs=("s3", "scaler"),
    level="modes",
    description=DESCRIPTION,
)
