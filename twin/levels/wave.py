"""Level ``wave``: SRW's wave optics for one electron, blurred by the size of the electron beam.

1. SRW computes the field of one electron in the plane of the slit. It depends on the source and the photon energy
   alone, so it is kept while the slit moves.
2. It is interpolated to a mesh that fits the slit: an aperture snaps to the points of a mesh, so the slit's
   edges are put midway between two of them, and a scan of its gap is no staircase.
3. SRW sends it through the slit, and to the screen by one Fourier transform (the field times its quadratic phase).
4. The intensity has no frequency above gap / (wavelength distance), so a short Fourier series gives it everywhere,
   averaged over pixels and convolved with the electron beam's image ``sigma z2 / z1`` exactly.
5. The flux through the slit is SRW's for all electrons (CalcStokesUR), with emittance and energy spread.

On 2.: a point of the mesh stands for a cell of it. The field is flat across one cell (its phase changes by less
than 0.1 rad, for slits up to 0.2 mm), so the pattern is that of a comb of points, which is periodic, times that of
one cell, a broad sinc^2, and is right beyond one period too.

Approximations: all electrons shine on the slit as the one on the axis does, but for their place (exact where the
slit is small against the cone of their light; that it is, the error says); the horizontal polarisation; the
narrow band. A single electron's flux would be ten times too high.
"""

from functools import partial
from math import ceil, pi

import numpy as np

from beamtwin.twin.levels import srw
from beamtwin.twin.levels.level import FieldCache, Level, Pattern
from beamtwin.twin.levels.opening import Opening
from beamtwin.twin.levels.path import Path

__all__ = ["LEVEL"]

#: Cells across the slit: as many as its curvature needs, within these bounds.
FEWEST_CELLS = 128
MOST_CELLS = 1024

#: Radians that the phase may change by across a cell at the slit's edge.
PHASE_STEP = 0.1

#: Points of the mesh per cell in the slit: above 2, so that no frequency of the intensity is folded.
MARGIN = 2.25

#: The field is computed to this far from the axis, or twice, four times ... as far: a slit that moves stays on it.
SMALLEST_HALF_M = 50e-6


def flux(path: Path, cache: FieldCache) -> float:
    """Through the opening, in photons/s/0.1 % bandwidth."""
    key = ("flux", path.beam, path.source, path.energy_eV, path.slit_z_m, path.x, path.y)
    return cache.get(key, partial(srw.flux_through, path))


def pattern(path: Path, cache: FieldCache) -> Pattern:
    """How the light falls on the screen."""
    x, y = _mesh(path, path.x), _mesh(path, path.y)
    field = _source_field(path, cache).on(y.positions_m, x.positions_m)
    intensity, screen_x_m, screen_y_m = srw.diffract(path, field, x, y)
    across = _to_pixels(path, x, screen_x_m, path.screen.x_m, path.beam.x_sigma_m)
    along = _to_pixels(path, y, screen_y_m, path.screen.y_m, path.beam.y_sigma_m)
    image = along @ (intensity @ across.T)
    image /= intensity.sum(dtype=float)
    return Pattern(
        fractions=np.maximum(image, 0.0, out=image),
        mesh=f"{x.points} x {y.points} points, {x.step_m * 1e9:.3g} x {y.step_m * 1e9:.3g} nm apart",
        error=min(1.0, _unevenness(field, x, y) + _flatness(path, x) + _flatness(path, y)),
    )


def _source_field(path: Path, cache: FieldCache) -> srw.SourceField:
    x_half_m, y_half_m = _half_plane(path.x), _half_plane(path.y)
    source = path.source
    key = ("field", path.beam, source, path.energy_eV, path.slit_z_m, x_half_m, y_half_m)
    return cache.get(key, partial(srw.source_field, path, x_half_m, y_half_m))


def _half_plane(opening: Opening) -> float:
    half = abs(opening.center_m) + opening.gap_m / 2
    doublings = max(0, ceil(np.log2(half / SMALLEST_HALF_M)))
    return SMALLEST_HALF_M * 2**doublings


def _mesh(path: Path, opening: Opening) -> srw.Mesh:
    needed = pi * path.fresnel_number(opening) / PHASE_STEP
    cells = FEWEST_CELLS
    while cells < min(needed, MOST_CELLS):
        cells *= 2
    return srw.Mesh(opening=opening, cells=cells, points=2 * round(cells * MARGIN / 2))


def _flatness(path: Path, mesh: srw.Mesh) -> float:
    """What is lost where a cell at the slit's edge is taken as flat: its phase's variance."""
    phase_step = pi * path.fresnel_number(mesh.opening) / mesh.cells
    return phase_step**2 / 12


def _to_pixels(
    path: Path, mesh: srw.Mesh, screen_m: np.ndarray, pixels_m: np.ndarray, sigma_m: float
) -> np.ndarray:
    """The matrix that takes intensity at SRW's points to the part of it that falls on each pixel, one way across."""
    per_separation = path.wavelength_m * path.to_screen_m
    separation = np.arange(mesh.cells) * mesh.step_m
    pixel_m = path.screen.pixel_m
    image_m = sigma_m * path.to_screen_m / path.slit_z_m
    frequency = 2 * pi * separation / per_separation
    transfer = np.sinc(pixel_m * separation / per_separation)
    transfer *= np.exp(-((frequency * image_m) ** 2) / 2)
    transfer[1:] *= 2
    to_pixels = np.multiply.outer(pixels_m, frequency)
    from_points = np.multiply.outer(frequency, screen_m)
    matrix = (np.cos(to_pixels) * transfer) @ np.cos(from_points)
    matrix += (np.sin(to_pixels) * transfer) @ np.sin(from_points)
    matrix *= (pixel_m * mesh.step_m / per_separation * _cell(path, mesh, pixels_m))[:, np.newaxis]
    return matrix


def _cell(path: Path, mesh: srw.Mesh, pixels_m: np.ndarray) -> np.ndarray:
    """The diffraction of one cell of the mesh, about the slit's image on the screen."""
    image_m = mesh.opening.center_m * (1 + path.to_screen_m / path.slit_z_m)
    angle = (pixels_m - image_m) / path.to_screen_m
    return np.sinc(angle * mesh.step_m / path.wavelength_m) ** 2


def _unevenness(field: np.ndarray, x: srw.Mesh, y: srw.Mesh) -> float:
    """How much one electron's light varies across the slit, relative to the brightest place."""
    rows = slice((y.points - y.cells) // 2, (y.points + y.cells) // 2)
    columns = slice((x.points - x.cells) // 2, (x.points + x.cells) // 2)
    intensity = np.abs(field[rows, columns]) ** 2
    return float(1 - intensity.min() / intensity.max())


LEVEL = Level(flux=flux, flux_error=0.05, pattern=pattern)
