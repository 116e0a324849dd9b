"""The field of any source on SRW's two-dimensional mesh."""

from typing import Any

import numpy as np

from beamtwin.twin.bending_magnet import BendingMagnet
from beamtwin.twin.gaussian_beam import GaussianBeam
from beamtwin.twin.levels import gaussian
from beamtwin.twin.levels.emission import Shining
from beamtwin.twin.levels.srw_magnets import FIELD_PRECISION, library, magnets

__all__ = ["emit"]

#: SRW's numbers for its ways to integrate along the trajectory: the second is for fields without periods.
UNDULATOR, WIGGLER = 1, 2

#: SRW wants a pulse; its energy and length are of no consequence, because the field is scaled to the flux.
PULSE = {"_pulseEn": 1e-3, "_repRate": 1.0, "_sigT": 1e-13, "_polar": 1}


def emit(wavefront: Any, shining: Shining, sampling: float) -> None:
    """Fill a wavefront with the source's field on its mesh: one electron's, with all the current in it.

    Parameters
    ----------
    sampling : float
        SRW's factor of its own choice of points; 0 keeps the mesh's.
    """
    source = shining.source
    if isinstance(source, GaussianBeam):
        _emit_gaussian(wavefront, shining, source, sampling)
        return
    method = WIGGLER if isinstance(source, BendingMagnet) else UNDULATOR
    accuracy = [method, FIELD_PRECISION, 0, 0, 20000, 1, sampling]
    library().srwl.CalcElecFieldSR(wavefront, 0, magnets(source), accuracy)


def _emit_gaussian(wavefront: Any, shining: Shining, source: GaussianBeam, sampling: float) -> None:
    beam = library().SRWLGsnBm(
        _avgPhotEn=shining.energy_eV, _sigX=source.x_sigma_m, _sigY=source.y_sigma_m, **PULSE
    )
    library().srwl.CalcElecFieldGaussian(wavefront, beam, [sampling])
    mesh = wavefront.mesh
    x_m = np.linspace(mesh.xStart, mesh.xFin, mesh.nx)
    y_m = np.linspace(mesh.yStart, mesh.yFin, mesh.ny)
    field = np.frombuffer(wavefront.arEx, np.float32)
    wanted = 1e-6 * gaussian.intensity(source, shining, x_m, y_m).sum()
    field *= np.float32(np.sqrt(wanted / np.sum(field**2, dtype=float)))
