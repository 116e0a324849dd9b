"""Level ``fast``: closed forms.

The light at the slit is, for every source, a Gaussian Schell-model beam (Mandel and Wolf, Optical Coherence and
Quantum Optics, 5.6): a Gaussian profile, a spherical wave from the source, and a Gaussian coherence function. The
coherence is van Cittert and Zernike's for the electron beam's size, ``exp(-(d / xi)^2 / 2)``,
``xi = wavelength z / (2 pi sigma)``; it is the same as convolving the pattern with the electron beam's
image through the slit, ``sigma z2 / z1``. The intensity on the screen is then the Fourier transform of

    G(d) = coherence(d) * pixel(d) * integral of sqrt(S(s + d/2) S(s - d/2)) exp(2 pi i s d / (wavelength z)) ds

over the separation ``d`` of two points in the slit, 1/z = 1/z1 + 1/z2. The integral over the slit is a closed form
with the error function, and ``pixel(d) = sinc(p d / (wavelength z2))`` is the exact mean over a pixel, so one
short FFT gives all pixels. No far-field approximation is made (gap^2 / (wavelength z) << 1 would give sinc^2); for a
wide slit the geometric shadow with Fresnel's fringes comes out.

Approximations: the beam is Gaussian and its coherence independent of place (exact where the slit is small against
the cone of one electron's light, 160 um rms at S2 of CHX); x and y are independent; the
bandwidth is narrow (1e-4 shifts the 100th fringe by 1 % of its width). A bending magnet's light is the same
everywhere horizontally; a Gaussian beam has full coherence, and nothing is approximate. Fluxes are those of
`levels.undulator`, `levels.bending` and `levels.gaussian`.
"""

from math import inf, pi, sqrt

import numpy as np

from beamtwin.twin.levels.illumination import (
    Illumination,
    coherence_length_m,
    flux_through,
    illumination,
)
from beamtwin.twin.levels.level import FieldCache, Level, Pattern
from beamtwin.twin.levels.opening import Opening
from beamtwin.twin.levels.path import Path

__all__ = ["LEVEL", "coherence_length_m"]

#: The FFT's window, in pixels; what falls beyond it (a 1e-4 of the light) is folded back.
WINDOW = 16384

#: Light that is the same everywhere has this size, in units of the distance from the axis to the slit's far edge.
FLAT = 1e3

#: Coherence below exp(-NEGLIGIBLE^2 / 2) is none.
NEGLIGIBLE = 8.0


def flux(path: Path, cache: FieldCache) -> float:
    """Through the opening, in photons/s/0.1 % bandwidth."""
    return flux_through(path)


def pattern(path: Path, cache: FieldCache) -> Pattern:
    """How the light falls on the screen: the product of a horizontal and a vertical profile."""
    x, y = illumination(path, "x"), illumination(path, "y")
    horizontal = _profile(path, path.x, x, path.screen.x_m)
    vertical = _profile(path, path.y, y, path.screen.y_m)
    widest = max(path.x.gap_m / (4 * x.cone_m), path.y.gap_m / (4 * y.cone_m))
    return Pattern(
        fractions=np.multiply.outer(vertical, horizontal),
        mesh="closed form",
        error=1e-4 + min(1.0, widest**2),
    )


def _profile(path: Path, opening: Opening, light: Illumination, pixels_m: np.ndarray) -> np.ndarray:
    """The fraction of the light that falls on each row, or column, of pixels."""
    per_separation = path.wavelength_m * path.to_screen_m
    pixel_m = path.screen.pixel_m
    step_m = per_separation / (WINDOW * pixel_m)
    reach = min(opening.gap_m, NEGLIGIBLE * light.coherence_m)
    index = np.arange(int(reach / step_m) + 1)
    separation = index * step_m
    spectrum = (
        _mutual_intensity(path, opening, light, separation)
        * np.exp(-((separation / light.coherence_m) ** 2) / 2)
        * np.sinc(pixel_m * separation / per_separation)
        * np.exp(-2j * pi * pixels_m[0] * separation / per_separation)
    )
    total = max(spectrum[0].real, np.finfo(float).tiny)
    return _at_pixels(spectrum / total, index)[: len(pixels_m)]


def _at_pixels(spectrum: np.ndarray, index: np.ndarray) -> np.ndarray:
    """The real Fourier sum at the pixels of the window. Separations beyond the window's share fold exactly."""
    folded = np.zeros(WINDOW, complex)
    np.add.at(folded, index % WINDOW, spectrum)
    profile = (2 * np.fft.fft(folded).real - spectrum[0].real) / WINDOW
    return np.maximum(profile, 0.0)


def _mutual_intensity(
    path: Path, opening: Opening, light: Illumination, separation: np.ndarray
) -> np.ndarray:
    """Integral of sqrt(S(s + d/2) S(s - d/2)) exp(2 pi i s d / (wavelength z)) over the slit's s."""
    curvature = 1 / light.radius_m + 1 / path.to_screen_m
    frequency = 2 * pi * separation * curvature / path.wavelength_m
    farthest_m = abs(opening.center_m) + opening.gap_m / 2
    illumination_m = FLAT * farthest_m if light.sigma_m == inf else light.sigma_m
    half = np.maximum(opening.gap_m - separation, 0.0) / 2
    overlap = np.exp(-((separation / illumination_m) ** 2) / 8)
    upper = _gaussian_integral(opening.center_m + half, frequency, illumination_m)
    lower = _gaussian_integral(opening.center_m - half, frequency, illumination_m)
    return overlap * (upper - lower)


def _gaussian_integral(upto: np.ndarray, frequency: np.ndarray, sigma: float) -> np.ndarray:
    """Integral of exp(-s^2 / (2 sigma^2) + i frequency s) from 0, up to a function of the frequency alone.

    It is an error function of a complex argument, written with Faddeeva's w so that nothing overflows.
    """
    from scipy.special import wofz

    a = np.abs(upto) / (sqrt(2) * sigma)
    b = frequency * sigma / sqrt(2)
    value = np.exp(-(b**2)) - np.exp(-(a**2) + 2j * a * b) * wofz(b + 1j * a)
    return sigma * sqrt(pi / 2) * np.where(upto < 0, -np.conj(value), value)


LEVEL = Level(flux=flux, flux_error=0.05, pattern=pattern)
