"""A Gaussian beam's light in the plane of the first element, and through one opening: exact."""

from functools import partial
from math import erf, pi, sqrt

import numpy as np

from beamtwin.twin.gaussian_beam import GaussianBeam
from beamtwin.twin.levels.emission import Shining
from beamtwin.twin.levels.fresnel import Line, points_needed
from beamtwin.twin.levels.level import FieldCache
from beamtwin.twin.levels.modes import Emission, Family
from beamtwin.twin.levels.path import Path

__all__ = ["FLUX_ERROR", "emitted", "flux_through", "intensity"]

#: Of rounding and of meshes: what it is a model of is another question.
FLUX_ERROR = 1e-3

#: Points per rms size, and per period of the phase over two.
POINTS_PER_SIZE = 8
OVERSAMPLING = 8.0


def emitted(
    source: GaussianBeam, shining: Shining, x: Line, y: Line, cache: FieldCache
) -> Emission:
    """Its field, without the spherical wave from the waist's middle."""
    lines, families = [], []
    for axis, line in (("x", x), ("y", y)):
        fine, field = _envelope(source, shining, axis, line)
        lines.append(fine)
        families.append(
            Family(field[np.newaxis], np.eye(1, dtype=complex), np.eye(1, dtype=complex))
        )
    coupling = np.full((1, 1, 1, 1), source.spectral_flux, complex)
    (x_line, y_line), (across, along) = lines, families
    return Emission(across, along, coupling, x_line, y_line, shining.z_m, FLUX_ERROR)


def _envelope(
    source: GaussianBeam, shining: Shining, axis: str, line: Line
) -> tuple[Line, np.ndarray]:
    sigma_m = source.sigma_m(axis, shining.wavelength_m, shining.z_m)
    curvature = 1 / source.radius_m(axis, shining.wavelength_m, shining.z_m) - 1 / shining.z_m
    fastest = abs(curvature) * max(map(abs, line.edges_m)) / shining.wavelength_m
    points = points_needed(line.width_m, fastest, OVERSAMPLING)
    points = max(points, int(POINTS_PER_SIZE * line.width_m / sigma_m))
    fine = Line(line.center_m, line.width_m, points)
    exponent = -(fine.x_m**2) / (4 * sigma_m**2)
    phase = pi * curvature * fine.x_m**2 / shining.wavelength_m
    return fine, np.exp(exponent + 1j * phase) / (2 * pi * sigma_m**2) ** 0.25


def flux_through(path: Path, source: GaussianBeam) -> float:
    """Photons/s/0.1 % through the path's opening."""
    part = source.spectral_flux
    for axis, opening in (("x", path.x), ("y", path.y)):
        width_m = sqrt(2) * source.sigma_m(axis, path.wavelength_m, path.slit_z_m)
        low, high = (edge / width_m for edge in opening.edges_m)
        part *= (erf(high) - erf(low)) / 2
    return part


def intensity(
    source: GaussianBeam, shining: Shining, x_m: np.ndarray, y_m: np.ndarray
) -> np.ndarray:
    """Photons/s/0.1 %/m^2 at the points of a mesh, shape (ny, nx)."""
    sigma_m = partial(source.sigma_m, wavelength_m=shining.wavelength_m, z_m=shining.z_m)
    across, along = (
        np.exp(-(at_m**2) / (2 * size_m**2)) / (sqrt(2 * pi) * size_m)
        for at_m, size_m in ((x_m, sigma_m("x")), (y_m, sigma_m("y")))
    )
    return source.spectral_flux * np.multiply.outer(along, across)
