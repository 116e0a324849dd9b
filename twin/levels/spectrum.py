"""A source's flux through an opening, against the photon energy."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from beamtwin.twin.beamline import Beamline
from beamtwin.twin.elements import Monochromator
from beamtwin.twin.levels import illumination, srw
from beamtwin.twin.levels.path import Path, optical_path

__all__ = ["FLUXES", "spectrum"]

#: By the level: photons/s/0.1 % through a path's opening, of all electrons.
FLUXES: dict[str, Callable[[Path], float]] = {
    "fast": illumination.flux_through,
    "wave": srw.flux_through,
}


def spectrum(
    beamline: Beamline, aperture: str, energies_eV: Sequence[float], level: str = "fast"
) -> np.ndarray:
    """Photons/s/0.1 % that come through an aperture at each photon energy, shape (energies,).

    Parameters
    ----------
    aperture : str
        Its name. Those before it cast their shadows; absorption on the way is left out.
    level : str
        ``fast``, closed forms; or for undulators ``wave``, SRW's CalcStokesUR.

    Raises
    ------
    BeamlineError
        Where there is no such aperture, or something before it bends light.
    """
    band = Monochromator("spectrum's band", 0.0, beamline.photon_energy_eV, 1e-3)
    path = optical_path(replace(beamline, elements=(band, *beamline.elements)), aperture)
    flux = FLUXES[level]
    return np.array([flux(replace(path, energy_eV=float(energy))) for energy in energies_eV])
