"""What falls on the slit of the level ``fast``, by the kind of source: Gaussian Schell-model beams."""

from dataclasses import dataclass
from math import hypot, inf, pi

from beamtwin.twin.beamline import BeamlineError
from beamtwin.twin.bending_magnet import BendingMagnet
from beamtwin.twin.gaussian_beam import GaussianBeam
from beamtwin.twin.levels import bending, gaussian, undulator
from beamtwin.twin.levels.path import Path
from beamtwin.twin.levels.train import Axis
from beamtwin.twin.source import natural_divergence_rad

__all__ = ["Illumination", "coherence_length_m", "flux_through", "illumination"]


@dataclass(frozen=True)
class Illumination:
    """In one direction."""

    sigma_m: float
    """Rms width of the intensity; ``inf`` where it is the same everywhere."""
    coherence_m: float
    """Rms width of the degree of coherence."""
    radius_m: float
    """Of the wave fronts."""
    cone_m: float
    """Rms width of one electron's light, which is taken as wide; ``inf`` where nothing is."""


def coherence_length_m(wavelength_m: float, distance_m: float, source_sigma_m: float) -> float:
    """Rms width of the degree of coherence far from an incoherent Gaussian source (van Cittert, Zernike)."""
    return wavelength_m * distance_m / (2 * pi * source_sigma_m)


def flux_through(path: Path) -> float:
    """Photons/s/0.1 % of the source through the path's opening."""
    source = path.source
    if isinstance(source, GaussianBeam):
        return gaussian.flux_through(path, source)
    if isinstance(source, BendingMagnet):
        return bending.flux_through(path, source)
    return undulator.flux_through(path)


def illumination(path: Path, axis: Axis) -> Illumination:
    """Of the path's slit."""
    if path.slit_z_m <= 0:
        raise BeamlineError(f"{path.source.name}: a slit in the source itself is not known")
    if isinstance(path.source, GaussianBeam):
        return _of_gaussian(path, path.source, axis)
    return _of_electrons(path, axis, _cone_m(path, axis))


def _of_gaussian(path: Path, source: GaussianBeam, axis: Axis) -> Illumination:
    at = axis, path.wavelength_m, path.slit_z_m
    return Illumination(source.sigma_m(*at), inf, source.radius_m(*at), inf)


def _cone_m(path: Path, axis: Axis) -> float:
    """Of one electron's light, at the slit."""
    source = path.source
    if isinstance(source, BendingMagnet):
        if axis == "x":
            return inf
        return path.slit_z_m * source.divergence_rad(path.beam, path.energy_eV)
    length_m = path.undulator.length_m
    return path.slit_z_m * natural_divergence_rad(path.wavelength_m, length_m)


def _of_electrons(path: Path, axis: Axis, cone_m: float) -> Illumination:
    beam, z_m = path.beam, path.slit_z_m
    sigma_m = {"x": beam.x_sigma_m, "y": beam.y_sigma_m}[axis]
    return Illumination(
        sigma_m=hypot(beam.size_at_m(axis, z_m), cone_m),
        coherence_m=coherence_length_m(path.wavelength_m, z_m, sigma_m),
        radius_m=z_m,
        cone_m=cone_m,
    )
