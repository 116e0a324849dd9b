"""Samples: scattering of spheres, their speckle and its motion."""

import time
from functools import cache, partial

import numpy as np
from table import AtMost, Pair, Row, Section, Within

from beamtwin.twin.elements import Detector
from beamtwin.twin.noise import stream
from beamtwin.twin.samples.brownian import diffuse, diffusion_m2_s, scatter
from beamtwin.twin.samples.correlation import g2
from beamtwin.twin.samples.speckle import speckle
from beamtwin.twin.samples.spheres import form_amplitude
from beamtwin.twin.samples.suspension import Suspension
from beamtwin.twin.samples.xpcs import BrownianSample

RADIUS_M = 100e-9
DILUTE = Suspension(RADIUS_M, 1e-4, 1e-3)
ENERGY_EV, WAVELENGTH_M, DISTANCE_M = 9650.0, 1.2848e-10, 16.04
BOX_M = (10e-6, 10e-6, 1e-3)
EIGER = Detector("eiger", 64.74, 75e-6, 2070, 2167, 1126.0, 1209.0)
SEEDS = (0, 1, 2)


def frame_s() -> Pair:
    """CPU seconds of a frame of 1,000 spheres that have moved: the best of three."""
    sample = BrownianSample(
        DILUTE,
        48.7,
        count=1000,
        box_m=BOX_M,
        diffusion_m2_s=2.45e-12,
        noise=stream(1, "spheres"),
    )
    took_s = []
    for time_s in range(4):
        begun_s = time.process_time()
        sample.photons_s(1e11, EIGER, ENERGY_EV, float(time_s))
        took_s.append(time.process_time() - begun_s)
    return min(took_s[1:]), None


@cache
def diffusion_by_g2(seed: int) -> Pair:
    """In µm²/s, of 3,000 frames of 200 pixels; Siegert: g2 = 1 + beta exp(-2 D q² lag)."""
    from scipy.optimize import curve_fit

    diffusion = diffusion_m2_s(RADIUS_M, 298.15, 0.890e-3)
    x, y = np.arange(-20, 20) * 300e-6, 45e-3 + np.arange(-2, 3) * 300e-6
    wave_number = 2 * np.pi / WAVELENGTH_M
    squared = np.mean((wave_number / DISTANCE_M) ** 2 * (x**2 + y[:, np.newaxis] ** 2))
    step_s = 0.2 / (diffusion * squared)
    noise = stream(seed, "spheres")
    positions = scatter(150, BOX_M, noise)
    frames = []
    for _ in range(3000):
        positions = diffuse(positions, diffusion, step_s, noise, BOX_M)
        frames.append(speckle(positions, x, y, DISTANCE_M, WAVELENGTH_M))
    lags = np.arange(1, 6)
    (_, rate), _ = curve_fit(_siegert, lags, g2(np.array(frames), lags), p0=(0.9, 0.5))
    return 1e12 * rate / (2 * squared * step_s), 1e12 * diffusion


def _siegert(lag: np.ndarray, contrast: float, rate: float) -> np.ndarray:
    return 1 + contrast * np.exp(-rate * lag)


def porod(polydispersity: float) -> Pair:
    """q⁴ times the cross-section, averaged over oscillations: 2 pi contrast² surface / volume."""
    suspension = Suspension(RADIUS_M, 1e-4, 1e-3, polydispersity)
    radii = suspension.radii
    surface = radii.mean(4 * np.pi * radii.radius_m**2) * suspension.number_density_per_m3
    law = 2 * np.pi * suspension.contrast_per_m2(ENERGY_EV) ** 2 * surface
    q = np.linspace(60.0, 60.0 + 10 * np.pi, 2000, endpoint=False) / RADIUS_M
    return np.mean(q**4 * suspension.cross_section_per_m(q, ENERGY_EV)), law


def form_factor() -> Pair:
    """The largest error over q R from 0 to 20, against a ball's Fourier integral, in per cent of the forward one."""
    from scipy.integrate import quad

    def integral(x: float) -> float:
        return quad(lambda s: 3 * s**2 * np.sinc(x * s / np.pi), 0, 1)[0]

    x = np.linspace(0.01, 20.0, 60)
    ours = form_amplitude(x / RADIUS_M, RADIUS_M)
    return 100 * float(np.abs(ours - [integral(value) for value in x.tolist()]).max()), None


def guinier() -> Pair:
    """Radius of gyration over the radius, from the fall at small angles."""
    q = np.array([0.0, 0.05]) / RADIUS_M
    fall = np.diff(np.log(DILUTE.cross_section_per_m(q, ENERGY_EV)))[0]
    return float(np.sqrt(-3 * fall) / 0.05), float(np.sqrt(3 / 5))


def section() -> Section:
    """The rows."""
    rows = [
        Row("Eiger 4M frame, speckle of 1,000 spheres", "CPU-s", frame_s, AtMost(0.5), ""),
        *(
            Row(
                f"diffusion constant by g₂, series {seed + 1}",
                "µm²/s",
                partial(diffusion_by_g2, seed),
                Within(0.03),
                "as simulated",
            )
            for seed in SEEDS
        ),
        *(
            Row(
                f"Porod's invariant, polydispersity {part:g}",
                "m⁻⁵",
                partial(porod, part),
                Within(0.01),
                "Porod's law",
            )
            for part in (0.0, 0.15)
        ),
        Row("sphere's form factor", "% of forward", form_factor, AtMost(1), "Fourier integral"),
        Row("radius of gyration / radius", "", guinier, Within(0.01), "Guinier"),
    ]
    return Section("Spheres: scattering, speckle, XPCS", rows)
