"""Speckle: coherent light scattered by many spheres, pixel by pixel.

In the paraxial approximation the phase of a sphere at (x, y, z), seen from the pixel (X, Y) at a distance L,

    k z (X^2 + Y^2) / (2 L^2) - k (X x + Y y) / L

is a sum of one part for the column and one for the row, the sphere's depth included. The amplitudes of a whole
detector then are one matrix product of (rows, spheres) and (spheres, columns), without a grid or an interpolation.
What is left out is (X/L)^2 / 2 of the second term's phase (0.04 rad at the edge of an Eiger 4M at 16 m, 5 µm off
the axis) and k x^2 / (2 L), the same for all pixels and far below 1 in the far field.
"""

import numpy as np

from beamtwin.orchestration.errors import LimitsError
from beamtwin.twin.blas import one_thread
from beamtwin.twin.checks import check_positive

__all__ = ["speckle"]

#: Of the contrast that all modes would make, so much is kept: each mode costs a frame's time again.
CONTRAST = 0.98

#: Rows of which the amplitudes are in the processor's cache at a time.
ROWS = 256


def speckle(
    positions_m: np.ndarray,
    x_m: np.ndarray,
    y_m: np.ndarray,
    distance_m: float,
    wavelength_m: float,
    field: np.ndarray | None = None,
) -> np.ndarray:
    """How speckle modulates the mean scattering.

    Parameters
    ----------
    positions_m : ndarray, shape (n, 3)
        Of the spheres: x, y, z.
    x_m, y_m : ndarray, shapes (nx,) and (ny,)
        The pixels' middles, from where the direct beam hits the detector. Pixels are points: keep them smaller than
        a speckle, distance * wavelength / beam size.
    distance_m, wavelength_m : float
    field : ndarray, shape (n,) or (modes, n), optional
        Of the light at each sphere, for one or several modes that do not interfere, each as strong as it is;
        by default the same light for all.

        The strongest of them make the speckle, until their contrast is `CONTRAST` of all; the others' light is
        taken as smooth, because speckle of many weak modes is.

    Returns
    -------
    ndarray of float32, shape (ny, nx)
        Intensity over that of spheres that would not interfere: 1 on average away from the direct beam. Times
        `Suspension.scattered_fraction` and the photons/s that come in, it is photons/s on each pixel.

    Raises
    ------
    LimitsError
        For positions or a field of the wrong shape, not finite, or a field that is dark everywhere.
    """
    check_positive("speckle", distance_m=distance_m, wavelength_m=wavelength_m)
    modes, smooth = _strongest(_modes(positions_m, field))
    turns_per_m2 = 1 / (wavelength_m * distance_m)
    depth_turns = positions_m[:, 2] * turns_per_m2 / (2 * distance_m)
    columns = _phasors(positions_m[:, 0] * turns_per_m2, depth_turns, x_m).T
    rows = _phasors(positions_m[:, 1] * turns_per_m2, depth_turns, y_m)
    total = np.full((len(y_m), len(x_m)), smooth, np.float32)
    with one_thread():
        for first in range(0, len(y_m), ROWS):
            some = slice(first, first + ROWS)
            for mode in modes:
                amplitude = (rows[some] * mode) @ columns
                for part in (amplitude.real, amplitude.imag):
                    total[some] += part * part
    return total


def _strongest(modes: np.ndarray) -> tuple[np.ndarray, float]:
    """The modes that make the speckle, the strongest first, and what part of the light the others have."""
    parts = np.sum(np.abs(modes) ** 2, axis=1)
    order = np.argsort(parts)[::-1]
    contrast = np.cumsum(parts[order] ** 2)
    kept = order[: 1 + int(np.searchsorted(contrast, CONTRAST * contrast[-1]))]
    return modes[kept], float(max(0.0, 1 - parts[kept].sum()))


def _phasors(slope: np.ndarray, depth: np.ndarray, pixels_m: np.ndarray) -> np.ndarray:
    """exp(2 pi i (depth u^2 - slope u)), shape (pixels, spheres); only double precision has all their turns."""
    turns = np.multiply.outer(np.square(pixels_m), depth)
    turns -= np.multiply.outer(pixels_m, slope)
    turns -= np.rint(turns)
    angle = turns.astype(np.float32)
    angle *= np.float32(2 * np.pi)
    phasors = np.empty(angle.shape, np.complex64)
    np.cos(angle, out=phasors.real)
    np.sin(angle, out=phasors.imag)
    return phasors


def _modes(positions_m: np.ndarray, field: np.ndarray | None) -> np.ndarray:
    """The field of each mode, so that all intensities add up to 1."""
    if positions_m.ndim != 2 or positions_m.shape[1] != 3 or not len(positions_m):
        raise LimitsError(f"speckle: positions of shape {positions_m.shape} are not (spheres, 3)")
    count = len(positions_m)
    modes = np.ones((1, count)) if field is None else np.atleast_2d(field)
    if modes.ndim != 2 or modes.shape[1] != count:
        raise LimitsError(
            f"speckle: a field of shape {modes.shape} is not (modes, {count}), a value for each sphere"
        )
    power = float(np.sum(np.abs(modes) ** 2))
    if not (np.isfinite(power) and power > 0 and np.isfinite(positions_m).all()):
        raise LimitsError(
            "speckle: positions and field must be finite, and the field not 0 everywhere"
        )
    return (modes / np.sqrt(power)).astype(np.complex64)
