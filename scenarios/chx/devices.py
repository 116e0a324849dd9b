"""CHX's devices, by the beamline's own PV names; the same for the beamline and for its twin."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from beamtwin.hardware.areadetector import AreaDetector
from beamtwin.hardware.channel import Transport
from beamtwin.hardware.scaler import Scaler
from beamtwin.hardware.slits import Slits

__all__ = ["PREFIXES", "Devices", "make_devices"]

#: By device. The scaler's name follows the beamline's pattern; the others are those of its start-up profile.
PREFIXES = {
    "s2": "XF:11IDB-OP{Slt:BDS",
    "eiger4m": "XF:11IDB-ES{Det:Eig4M}",
    "scaler": "XF:11IDB-ES{Sclr:1}",
}


@dataclass(frozen=True)
class Devices:
    """What CHX's plans use."""

    s2: Slits
    """The beam-defining slit, 34.3 m from the source; mm."""
    eiger4m: AreaDetector
    """The pixel detector, 30.44 m behind S2."""
    scaler: Scaler
    """Channel 2 counts the photons that pass S2."""


def make_devices(transport: Transport, directory: Path, new_uid: Callable[[], str]) -> Devices:
    """The devices, not yet connected.

    Parameters
    ----------
    transport : Transport
    directory : path
        Where the detector's files go.
    new_uid : callable
        Names files and stream documents.
    """
    return Devices(
        s2=Slits(PREFIXES["s2"], "s2", transport),
        eiger4m=AreaDetector(
            PREFIXES["eiger4m"], "eiger4m", transport, directory=directory, uid=new_uid
        ),
        scaler=Scaler(PREFIXES["scaler"], "scaler", transport, channels={2: "s2_flux"}),
    )
