"""An undulator's flux through a small opening, in closed form but for one integral.

One electron's light on the axis, near the harmonic n, is Kim's peak flux density ``alpha N^2 gamma^2 F_n(K) I / e``
per 0.1 % bandwidth and solid angle (K.-J. Kim, AIP Conf. Proc. 184 (1989) 565; X-ray Data Booklet 2.1) times
``sinc^2(N n e)``, with ``e`` the photon's relative distance from the energy of the harmonic at this angle,
``E_n / (1 + gamma^2 theta^2 / (1 + K^2 / 2))`` (R. P. Walker, CERN 98-04 (1998) 129). As sinc^2 is the transform
of a triangle, the averages over angles and energies of a Gaussian electron beam are closed forms under its integral.

Two things more than a product of Gaussians: the red tail of electrons that go askew is exact, and the
horizontal fall of F_n with angle (for n = 5 it is half gone at 16 microradians) is kept to second order.
Left out: the near field (the undulator's length is taken as short against the distance), and harmonics beside n.
"""

from functools import cache, lru_cache
from math import log, pi

import numpy as np

from beamtwin.twin.constants import ELECTRON_CHARGE_C, FINE_STRUCTURE
from beamtwin.twin.levels.path import Opening, Path

__all__ = ["flux_through", "harmonic_strength", "legendre"]

#: Nodes of Gauss-Legendre rules: over the undulator's length, and over an opening.
LENGTH_NODES = 128
OPENING_NODES = 12

#: gamma times the angle at which the fall of F_n is taken: small against 1 / (n K), large against rounding.
SMALL_ANGLE = 0.01


def flux_through(path: Path) -> float:
    """Photons/s/0.1 % bandwidth of the harmonic next to the photon energy, through the path's opening."""
    source, gamma = path.undulator, path.beam.gamma
    harmonic = source.harmonic_near(path.beam, path.energy_eV)
    detuning = path.energy_eV / source.harmonic_energy_eV(path.beam, harmonic) - 1
    # The phase 2 pi n t (E / E_n(theta) - 1) that light gathers over t periods, t from 0 to N, is:
    t, weights = _gauss_legendre(LENGTH_NODES, 0.0, source.periods)
    on_axis = 2 * pi * harmonic * t
    per_angle2 = on_axis * (1 + detuning) * gamma**2 / (1 + source.K**2 / 2)
    integrand = (
        (1 - t / source.periods)
        * np.exp(1j * on_axis * detuning - (on_axis * 2 * path.beam.energy_spread) ** 2 / 2)
        * _across(path, path.x, per_angle2, path.beam.size_at_m("x", path.slit_z_m), harmonic)
        * _across(path, path.y, per_angle2, path.beam.size_at_m("y", path.slit_z_m), None)
    )
    mean = 2 / source.periods * float(weights @ integrand.real)
    return _peak_per_rad2(path, harmonic) * max(0.0, mean)


def harmonic_strength(K: float, harmonic: int, gamma_angle: float = 0.0) -> float:
    """F_n(K) of an odd harmonic, at an angle in the horizontal plane (Walker, as above).

    On the axis it is Kim's ``n^2 K^2 / (1 + K^2 / 2)^2 [J_(n-1)/2(u) - J_(n+1)/2(u)]^2``, ``u = n K^2 / (4 + 2 K^2)``.
    """
    from scipy.special import jv

    narrow = harmonic / (1 + K**2 / 2 + gamma_angle**2)
    p = np.arange(-12 - harmonic, 13)
    across, along = 2 * narrow * gamma_angle * K, narrow * K**2 / 4
    J = jv(p, along)
    first = J @ jv(harmonic + 2 * p, across)
    second = J @ (jv(harmonic + 2 * p + 1, across) + jv(harmonic + 2 * p - 1, across))
    return float((narrow * (2 * gamma_angle * first - K * second)) ** 2)


def _peak_per_rad2(path: Path, harmonic: int) -> float:
    electrons_s = path.beam.current_A / ELECTRON_CHARGE_C
    strength = harmonic_strength(path.undulator.K, harmonic)
    emission = FINE_STRUCTURE * 1e-3 * (path.undulator.periods * path.beam.gamma) ** 2
    return emission * strength * electrons_s


def _across(
    path: Path,
    opening: Opening,
    per_angle2: np.ndarray,
    sigma_m: float,
    harmonic: int | None,
) -> np.ndarray:
    """The integral over the opening, in radians, of exp(i per_angle2 theta^2), averaged over the electrons.

    ``theta`` is Gaussian, sigma_m / z wide, about the angle of observation. With a harmonic, its loss of
    strength counts too.
    """
    half = opening.gap_m / 2
    x_m, weights = _gauss_legendre(OPENING_NODES, opening.center_m - half, opening.center_m + half)
    angle, weights = x_m / path.slit_z_m, weights / path.slit_z_m
    variance = (sigma_m / path.slit_z_m) ** 2
    curvature = 1j * per_angle2
    if harmonic is not None:
        curvature = curvature - _loss_per_angle2(path.undulator.K, harmonic, path.beam.gamma)
    widened = 1 - 2 * curvature * variance
    return np.exp(np.multiply.outer(curvature / widened, angle**2)) @ weights / np.sqrt(widened)


@lru_cache
def _loss_per_angle2(K: float, harmonic: int, gamma: float) -> float:
    """c, where F_n(theta) is about F_n(0) exp(-c theta^2)."""
    ratio = harmonic_strength(K, harmonic, SMALL_ANGLE) / harmonic_strength(K, harmonic)
    return -log(ratio) * (gamma / SMALL_ANGLE) ** 2


@cache
def legendre(nodes: int) -> tuple[np.ndarray, np.ndarray]:
    """Gauss and Legendre's nodes and weights on [-1, 1]."""
    return np.polynomial.legendre.leggauss(nodes)


def _gauss_legendre(nodes: int, low: float, high: float) -> tuple[np.ndarray, np.ndarray]:
    x, weights = legendre(nodes)
    half = (high - low) / 2
    return low + half * (x + 1), weights * half
