"""What a detector sees of SRW's two-dimensional field."""

from typing import Any

import numpy as np

from beamtwin.twin.elements import Detector
from beamtwin.twin.levels import srw
from beamtwin.twin.levels.level import Light
from beamtwin.twin.levels.separable import Passage, flux_error
from beamtwin.twin.levels.srw_field import Field

__all__ = ["seen"]


def seen(there: Passage, field: Field) -> Light:
    """The intensity, summed over the detector's pixels or over the whole opening."""
    way, wavefront = there.way, field.wavefront
    mesh = wavefront.mesh
    intensity = np.zeros(mesh.nx * mesh.ny, np.float32)
    srw.library().srwl.CalcIntFromElecField(intensity, wavefront, 6, 0, 3, mesh.eStart, 0, 0)
    x_m, y_m = (
        np.linspace(mesh.xStart, mesh.xFin, mesh.nx),
        np.linspace(mesh.yStart, mesh.yFin, mesh.ny),
    )
    steps_m = x_m[1] - x_m[0], y_m[1] - y_m[0]
    photons = intensity.reshape(mesh.ny, mesh.nx) * (1e6 * steps_m[0] * steps_m[1] * way.efficiency)
    flux_ph_s = float(photons.sum(dtype=float))
    if isinstance(way.end, Detector):
        pixel_m = way.end.pixel_m
        columns = _shares(x_m, steps_m[0], way.end.x_m, pixel_m)
        rows = _shares(y_m, steps_m[1], way.end.y_m, pixel_m)
        photons_s, at = rows @ photons @ columns.T, (way.end.x_m, way.end.y_m)
    else:
        photons_s = np.array([[flux_ph_s]])
        at = np.array([way.end.x_center_m]), np.array([way.end.y_center_m])
    return Light(
        photons_s=photons_s,
        x_m=at[0],
        y_m=at[1],
        flux_ph_s=flux_ph_s,
        mesh=f"{mesh.nx} x {mesh.ny} points, {steps_m[0] * 1e9:.3g} x {steps_m[1] * 1e9:.3g} nm apart",
        flux_error=flux_error(there.shining.source, coherent=True),
        pattern_error=min(1.0, field.snapping + _coarseness(there, steps_m)),
    )


def _coarseness(there: Passage, steps_m: tuple[float, float]) -> float:
    """What is lost between the points of the mesh: the finest fringe has a period of ``diffraction_m``."""
    return sum(
        (step_m / line.diffraction_m) ** 2
        for step_m, line in zip(steps_m, there.trains, strict=True)
        if line.diffraction_m > 0
    )


def _shares(points_m: np.ndarray, step_m: float, pixels_m: np.ndarray, pixel_m: float) -> Any:
    """The part of each mesh cell that falls on each pixel, a sparse (pixels, points)."""
    from scipy.sparse import csr_array

    half = (step_m + pixel_m) / 2
    low = np.searchsorted(points_m, pixels_m - half)
    high = np.searchsorted(points_m, pixels_m + half)
    counts = high - low
    row = np.repeat(np.arange(pixels_m.size), counts)
    column = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts) + low[row]
    overlap = half - np.abs(points_m[column] - pixels_m[row])
    share = np.clip(overlap, 0.0, min(step_m, pixel_m)) / step_m
    return csr_array((share, (row, column)), shape=(pixels_m.size, points_m.size))
