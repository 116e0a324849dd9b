"""CHX's devices, by the beamline's own PV names; the same for the beamline and for its twin."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

from beamtwin.hardware import registry
from beamtwin.hardware.areadetector import AreaDetector
from beamtwin.hardware.channel import Transport
from beamtwin.hardware.scaler import Scaler
from beamtwin.hardware.slits import Slits

__all__ = ["DEVICES", "Devices", "chx_registry", "make_devices"]

#: The device list.
DEVICES = Path(__file__).parent / "devices.toml"


class Devices(registry.Devices):
    """What CHX's plans use; `DEVICES` lists the rest."""

    s2: Slits
    """The beam-defining slit, 34.3 m from the source; mm."""
    eiger4m: AreaDetector
    """The pixel detector, 30.44 m behind S2."""
    scaler: Scaler
    """Channel 2 counts the photons that pass S2."""


@cache
def chx_registry() -> registry.Registry:
    """The beamline's registry."""
    return registry.load_registry(DEVICES)


def make_devices(transport: Transport, directory: Path, new_uid: Callable[[], str]) -> Devices:
    """The devices, not yet connected.

    Parameters
    ----------
    transport : Transport
    directory : path
        Where the detectors' files go.
    new_uid : callable
        Names files and stream documents.
    """
    return Devices(chx_registry(), transport, directory=directory, uid=new_uid)
