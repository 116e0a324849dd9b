"""Electrons and sources: what they shine, how strongly, and at which gap."""

from dataclasses import replace
from functools import cache, partial
from math import pi, sqrt
from pathlib import Path

import numpy as np
from table import Apart, AtMost, Pair, Row, Section, Within

import beamtwin.scenarios.chx
from beamtwin.scenarios.chx.twin import DESCRIPTION
from beamtwin.twin.beamline import Beamline
from beamtwin.twin.bending_magnet import BendingMagnet, universal_flux
from beamtwin.twin.chain import evaluate
from beamtwin.twin.description import load_description
from beamtwin.twin.elements import Aperture, Detector, Lens, Monochromator
from beamtwin.twin.gaussian_beam import GaussianBeam
from beamtwin.twin.levels.path import optical_path
from beamtwin.twin.levels.spectrum import spectrum
from beamtwin.twin.levels.undulator import flux_through, harmonic_strength
from beamtwin.twin.ring import NO_ELECTRONS, ElectronBeam
from beamtwin.twin.source import FieldUndulator, Undulator, gap_energy_residuals_eV

BOOKLET = "X-Ray Data Booklet"
SIREPO = "Sirepo's example"
TABLE = "chxtools, May 2017"
DATA = Path(beamtwin.scenarios.chx.__file__).parent / "data"

#: Gaps below these are outside the magnet laboratory's table once it is shifted, in mm.
LEAST_GAP_MM = 5.7

#: The known calibration of the undulator's table.
CALIBRATION = {"gap_offset_m": -0.193e-3, "energy_scale": 0.9907}
UNCALIBRATED = {"gap_offset_m": 0.0, "energy_scale": 1.0}

#: NSLS-II with a bending magnet.
RING = ElectronBeam(3e9, 0.5, 0.55e-9, 8e-12, 1.5, 22.5, 8.9e-4, y_alpha=-0.9)
MAGNET = BendingMagnet("BM", 0.4, 3.0)

BAND = Monochromator("band", 9.0, 9000.0, 1e-3)
LASER = GaussianBeam("laser", 10e-6, 5e-6, 1e12)


@cache
def beamline() -> Beamline:
    """CHX."""
    return load_description(DESCRIPTION).beamline


def electrons_um(name: str, reference_um: float) -> Pair:
    """One of the beam's sizes or angles, in µm or µrad."""
    return getattr(beamline().beam, name) * 1e6, reference_um


def fifth_harmonic_eV() -> Pair:
    """On the axis, at Sirepo's field."""
    return _at_sirepos_field().source.harmonic_energy_eV(beamline().beam, 5), 9000.0


@cache
def _at_sirepos_field() -> Beamline:
    return replace(beamline(), source=FieldUndulator("IVU20", 0.020, 3.0, 0.88770981))


ENERGIES_EV = np.arange(8964.0, 8989.0, 2.0)


@cache
def through_s0(level: str) -> np.ndarray:
    """Photons/s/0.1 % at `ENERGIES_EV`."""
    return spectrum(_at_sirepos_field(), "S0", ENERGIES_EV.tolist(), level)


def peak_eV(level: str) -> Pair:
    """Where the flux through S0 is largest: the vertex of a parabola through the highest three."""
    flux = through_s0(level)
    top = int(flux.argmax())
    left, middle, right = flux[top - 1 : top + 2]
    offset = (left - right) / (2 * (left - 2 * middle + right))
    return ENERGIES_EV[top] + 2.0 * offset, 8976.0


def peak_flux() -> Pair:
    """By closed forms, and by SRW's CalcStokesUR."""
    return through_s0("fast").max(), through_s0("wave").max()


def density_without_emittance() -> Pair:
    """Through a needle's eye: 1.744e14 N² E² I F_n photons/s/mrad²/0.1 %."""
    needle = replace(beamline().beam, x_emittance_m=1e-16, y_emittance_m=1e-16, energy_spread=0.0)
    path = optical_path(replace(beamline(), beam=needle), "S2")
    mrad2 = path.x.gap_m * path.y.gap_m / path.slit_z_m**2 * 1e6
    source = beamline().source
    assert isinstance(source, Undulator)
    booklet = 1.744e14 * source.periods**2 * 3.0**2 * 0.5 * harmonic_strength(source.K, 5)
    return flux_through(path) / mrad2, booklet


def gap_residuals_eV(calibration: dict[str, float]) -> np.ndarray:
    """First harmonic of the magnet laboratory's table, above the measured one."""
    measured = np.genfromtxt(DATA / "ivu20_gap_energy_2017-05-27.csv", delimiter=",", skip_header=3)
    gap_mm, e1_keV = measured[measured[:, 0] > LEAST_GAP_MM].T
    source = beamline().source
    assert isinstance(source, Undulator)
    table = replace(source, **calibration)
    return gap_energy_residuals_eV(table, beamline().beam, gap_mm * 1e-3, e1_keV * 1e3)


def mean_residual_eV() -> Pair:
    """Before calibration."""
    return gap_residuals_eV(UNCALIBRATED).mean(), 87.0


def rms_residual_eV() -> Pair:
    """After it."""
    return float(np.sqrt((gap_residuals_eV(CALIBRATION) ** 2).mean())), None


def critical_energy_eV() -> Pair:
    """665 E² B eV."""
    return MAGNET.critical_energy_eV(RING), 665.0 * 9 * 0.4


def bending_flux() -> Pair:
    """At the critical energy, per mrad: 2.457e13 E I G1(1)."""
    per_mrad = MAGNET.flux_per_rad(RING, MAGNET.critical_energy_eV(RING)) * 1e-3
    return per_mrad, 2.457e13 * 3 * 0.5 * 0.6514


def bending_density() -> Pair:
    """On the axis, at the critical energy, per mrad²: 1.327e13 E² I H2(1)."""
    (per_rad2,) = MAGNET.density_per_rad2(RING, MAGNET.critical_energy_eV(RING), np.zeros(1))
    return per_rad2 * 1e-6, 1.327e13 * 9 * 0.5 * 1.454


def universal_function() -> Pair:
    """G1(1), as tabulated."""
    return universal_flux(1.0), 0.6514


def _laser(*elements) -> Beamline:
    return Beamline(NO_ELECTRONS, LASER, (BAND, *elements))


def _rms_um(shone: Beamline, level: str) -> float:
    light = evaluate(shone, "screen", level)
    profile = light.photons_s.sum(axis=0)
    return 1e6 * float(np.sqrt((profile @ light.x_m**2) / profile.sum()))


def gaussian_far_away(level: str) -> Pair:
    """30 m away: sigma sqrt(1 + (z / z_R)²)."""
    screen = Detector("screen", 30.0, 2e-6, 401, 401, 200.0, 200.0)
    shone = _laser(Aperture("wide", 10.0, 2e-3, 2e-3), screen)
    return _rms_um(shone, level), LASER.sigma_m("x", shone.wavelength_m, 30.0) * 1e6


def gaussian_behind_lens() -> Pair:
    """Its waist behind a lens of 2 m, 10 m away: sigma f / sqrt((z - f)² + z_R²)."""
    focal_m, z_m = 2.0, 10.0
    rayleigh_m = 4 * pi * LASER.x_sigma_m**2 / _laser().wavelength_m
    scale = (z_m - focal_m) ** 2 + rayleigh_m**2
    image_m = z_m + focal_m + focal_m**2 * (z_m - focal_m) / scale
    screen = Detector("screen", image_m, 0.2e-6, 401, 401, 200.0, 200.0)
    shone = _laser(Lens("lens", z_m, focal_m, focal_m), screen)
    return _rms_um(shone, "coherent"), 1e6 * LASER.x_sigma_m * focal_m / sqrt(scale)


def undulator() -> Section:
    """Electrons, and CHX's undulator."""
    sizes = [
        ("rms electron beam size, horizontal", "µm", "x_sigma_m", 42.64),
        ("rms electron beam size, vertical", "µm", "y_sigma_m", 2.91),
        ("rms electron angle, horizontal", "µrad", "x_divergence_rad", 21.1),
        ("rms electron angle, vertical", "µrad", "y_divergence_rad", 2.75),
    ]
    rows = [
        *(
            Row(what, unit, partial(electrons_um, name, reference), Within(0.01), SIREPO)
            for what, unit, name, reference in sizes
        ),
        Row("5th harmonic at B = 0.88771 T", "eV", fifth_harmonic_eV, Apart(1), SIREPO),
        *(
            Row(
                f"peak of the flux through S0, level {level}",
                "eV",
                partial(peak_eV, level),
                Apart(3),
                "SRW CalcStokesUR",
            )
            for level in ("fast", "wave")
        ),
        Row("peak flux through S0", "ph/s/0.1 %", peak_flux, Within(0.06), "SRW CalcStokesUR"),
        Row(
            "density on the axis, no emittance",
            "ph/s/mrad²/0.1 %",
            density_without_emittance,
            Within(0.01),
            BOOKLET,
        ),
        Row("E₁ by gap, as delivered: mean error", "eV", mean_residual_eV, Apart(10), TABLE),
        Row("E₁ by gap, calibrated: rms error", "eV", rms_residual_eV, AtMost(3), TABLE),
    ]
    return Section("CHX's electrons and undulator", rows)


def others() -> Section:
    """Bending magnet and Gaussian beam."""
    gaussian = "closed form, Self"
    rows = [
        Row("bending magnet: critical energy", "eV", critical_energy_eV, Within(0.01), BOOKLET),
        Row("bending magnet: G₁(1)", "", universal_function, Within(0.01), BOOKLET),
        Row("bending magnet: flux", "ph/s/mrad/0.1 %", bending_flux, Within(0.01), BOOKLET),
        Row(
            "bending magnet: density on the axis",
            "ph/s/mrad²/0.1 %",
            bending_density,
            Within(0.01),
            BOOKLET,
        ),
        *(
            Row(
                f"Gaussian beam, rms 30 m away, level {level}",
                "µm",
                partial(gaussian_far_away, level),
                Within(0.01),
                gaussian,
            )
            for level in ("fast", "coherent", "modes")
        ),
        Row("Gaussian beam, rms of its image", "µm", gaussian_behind_lens, Within(0.01), gaussian),
    ]
    return Section("Bending magnet and Gaussian beam", rows)
