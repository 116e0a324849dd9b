"""CHX's devices, as they stand in the focusing set-up."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from beamtwin.hardware import registry
from beamtwin.hardware.areadetector import AreaDetector
from beamtwin.hardware.channel import Transport
from beamtwin.hardware.lenses import Kinoform
from beamtwin.hardware.monochromator import DCM
from beamtwin.hardware.motor import Motor
from beamtwin.hardware.scaler import Scaler
from beamtwin.hardware.slits import CenterGapSlits
from beamtwin.scenarios.chx.devices import chx_registry

__all__ = ["Devices", "focusing_registry", "make_devices"]

#: What the twin's devices begin with, where that is not as in the diffraction set-up: beamline.toml has the sources.
TWIN: Mapping[str, Mapping[str, Any]] = {
    "ivu_gap": {"gap": {"VAL": 6.3119}},
    "dcm": {"energy": {"VAL": 9000.0}},
    "s2": {
        "top": {"VAL": 0.5},
        "bottom": {"VAL": -0.5},
        "outboard": {"VAL": 0.025},
        "inboard": {"VAL": -0.025},
    },
    "tran": {f"slot{slot}": {"motor": {"VAL": 0.0}} for slot in (2, 3, 6)},
    "s3": {"h_gap": {"VAL": 0.01}, "v_gap": {"VAL": 0.01}},
}

#: Channel 2 of the scaler counts what S3 lets through.
ARGUMENTS: Mapping[str, Mapping[str, Any]] = {"scaler": {"channels": {2: "s3_flux"}}}


class Devices(registry.Devices):
    """What the focusing set-up's plans use."""

    s3: CenterGapSlits
    """The slit in the focus, 48.0 m from the source; mm."""
    k1: Kinoform
    """The kinoform, 44.5 m from the source; out of the beam where ``y`` is below -5 mm."""
    dcm: DCM
    foil_x: Motor
    """Copper in the beam at 0 mm, nothing at -26 mm."""
    eiger4m: AreaDetector
    """The pixel detector, 16.04 m behind the sample, whose scattering it sees."""
    xray_eye3: AreaDetector
    """The camera at the sample's place, 48.7 m from the source."""
    scaler: Scaler
    """Channel 2 counts the photons that pass S3."""


@cache
def focusing_registry() -> registry.Registry:
    """The beamline's registry, its twin's parts where the focusing set-up has them."""
    base = chx_registry()
    entries = [
        replace(
            entry,
            arguments=_over(entry.arguments, ARGUMENTS.get(entry.name, {})),
            twin=_over(entry.twin, TWIN.get(entry.name, {})),
        )
        for entry in base.values()
    ]
    return registry.Registry(entries, base.source)


def make_devices(transport: Transport, directory: Path, new_uid: Callable[[], str]) -> Devices:
    """The devices, not yet connected; see `beamtwin.scenarios.chx.devices.make_devices`."""
    return Devices(focusing_registry(), transport, directory=directory, uid=new_uid)


def _over(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """A table with some of its entries changed, however deep."""
    merged = dict(base)
    for key, value in changes.items():
        before = merged.get(key)
        merged[key] = _over(before, value) if isinstance(before, Mapping) else value
    return merged
