"""A bending magnet's flux through a small opening: closed forms, averaged over the electrons' vertical angles.

Horizontally the arc shines everywhere alike. Left out: the ends of the magnet, and the fall of the flux where the
horizontal angle is not small.
"""

import numpy as np

from beamtwin.twin.bending_magnet import BendingMagnet
from beamtwin.twin.levels.path import Path
from beamtwin.twin.levels.undulator import legendre

__all__ = ["flux_through"]

#: Nodes over the opening, and over the electrons (Gauss and Hermite).
OPENING_NODES = 96
ELECTRON_NODES = 21


def flux_through(path: Path, source: BendingMagnet) -> float:
    """Photons/s/0.1 % through the path's opening."""
    angle_rad, weights = _over_opening(path, source)
    nodes, chances = np.polynomial.hermite_e.hermegauss(ELECTRON_NODES)
    tilts_rad = nodes * path.beam.size_at_m("y", path.slit_z_m) / path.slit_z_m
    density = source.density_per_rad2(
        path.beam, path.energy_eV, np.subtract.outer(angle_rad, tilts_rad)
    )
    per_rad = float(weights @ density @ chances / chances.sum())
    return per_rad * path.x.gap_m / path.slit_z_m


def _over_opening(path: Path, source: BendingMagnet) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights in radians, where there is light in the opening."""
    reach_rad = source.reach_rad(path.beam, path.energy_eV)
    low, high = (np.clip(edge / path.slit_z_m, -reach_rad, reach_rad) for edge in path.y.edges_m)
    nodes, weights = legendre(OPENING_NODES)
    return (low + high) / 2 + nodes * (high - low) / 2, weights * (high - low) / 2
