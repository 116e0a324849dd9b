"""The blur by the electron beam's size, against SRW's fields of many electrons."""

import numpy as np
import pytest

from beamtwin.twin.chain import evaluate
from beamtwin.twin.levels import srw
from beamtwin.twin.levels.path import Path, optical_path

#: Points across the slit at which an electron's field is computed, and at which it is then propagated.
COARSE, FINE = 7, 96
PIXELS = np.s_[1126 - 20 : 1126 + 21]


def horizontal_profile(path: Path, electron: np.ndarray) -> np.ndarray:
    """Light on 41 columns of pixels of one electron: its place, angles and energy in standard deviations."""
    beam, half_x, half_y = path.beam, path.x.gap_m / 2, path.y.gap_m / 2
    wavefront = srw.library().SRWLWfr()
    wavefront.allocate(1, COARSE, COARSE)
    srw._set_mesh(wavefront.mesh, path, path.x, path.y)
    electrons = srw.electron_beam(beam, path.source)
    x_m, angle_x, y_m, angle_y, energy = electron * [
        beam.x_sigma_m,
        beam.x_divergence_rad,
        beam.y_sigma_m,
        beam.y_divergence_rad,
        beam.energy_spread,
    ]
    particle = electrons.partStatMom1
    particle.xp, particle.yp = angle_x, angle_y
    particle.x, particle.y = x_m + particle.z * angle_x, y_m + particle.z * angle_y
    particle.gamma *= 1 + energy
    wavefront.partBeam = electrons
    srw.library().srwl.CalcElecFieldSR(
        wavefront, 0, srw.magnets(path.source), [1, 0.01, 0, 0, 20000, 1, 0]
    )
    field = np.array(wavefront.arEx, np.float32).view(np.complex64).reshape(COARSE, COARSE)
    across, up = np.linspace(-half_x, half_x, COARSE), np.linspace(-half_y, half_y, COARSE)
    envelope = field / np.multiply.outer(sphere(path, up, y_m), sphere(path, across, x_m))
    fine = half_x * (2 * (np.arange(FINE) + 0.5) / FINE - 1)
    smooth = np.array([np.polynomial.Polynomial.fit(across, row, 4)(fine) for row in envelope])
    in_slit = smooth * sphere(path, fine, x_m)
    return far_field(path, fine, in_slit)


def sphere(path: Path, position_m: np.ndarray, source_m: float) -> np.ndarray:
    waves = (position_m - source_m) ** 2 / (2 * path.slit_z_m * path.wavelength_m)
    return np.exp(2j * np.pi * waves)


def far_field(path: Path, slit_m: np.ndarray, field: np.ndarray) -> np.ndarray:
    """Fresnel's integral to five points in each pixel; the rows of the slit add up as intensities (Parseval)."""
    pixels = path.screen.x_m[PIXELS][:, np.newaxis] + (np.arange(5) - 2) * 15e-6
    per_wave = path.wavelength_m * path.to_screen_m
    kernel = np.exp(
        1j * np.pi / per_wave * (slit_m[:, np.newaxis] - pixels.ravel()[np.newaxis]) ** 2
    )
    return (np.abs(field @ kernel) ** 2).sum(0).reshape(-1, 5).mean(1)


@pytest.mark.slow
@pytest.mark.parametrize("x_um", [7.5, 15.0, 30.0])
def test_blurred_single_electron_is_the_sum_over_256_electrons(with_gaps, cache, x_um):
    """Horizontally, where it counts: within 2 % of the peak, which is what 256 electrons leave to chance."""
    from scipy.stats import norm, qmc

    path = optical_path(with_gaps(x_um, 5.8), "detector")
    electrons = norm.ppf(qmc.Sobol(5, seed=1).random(256))
    many = sum(horizontal_profile(path, electron) for electron in electrons)
    one = horizontal_profile(path, np.zeros(5))
    ours = evaluate(with_gaps(x_um, 5.8), "detector", "wave", cache).photons_s.sum(0)[PIXELS]
    many, one, ours = (profile / profile.sum() for profile in (many, one, ours))
    blurred, sharp = (np.abs(many - other).max() / many.max() for other in (ours, one))
    print(f"{x_um} um: wave level {blurred:.4f}, one electron {sharp:.4f} of the peak off")
    assert blurred < 0.02
    assert sharp > 4 * blurred
