"""Slit S2: its diffraction pattern and the speckle that it makes, as published, and closed forms of slit and edge."""

import tempfile
from dataclasses import replace
from functools import cache, partial
from pathlib import Path

import numpy as np
from table import Apart, AtMost, Pair, Row, Section, Told, Within

from beamtwin.databroker.broker import Broker
from beamtwin.databroker.compare.fringes import find_fringes
from beamtwin.databroker.compare.profile import Profile
from beamtwin.scenarios.chx.analysis import fit_gap, import_measurement, labels, vertical_cut
from beamtwin.scenarios.chx.twin import DESCRIPTION
from beamtwin.twin.beamline import Beamline
from beamtwin.twin.chain import evaluate
from beamtwin.twin.description import load_description
from beamtwin.twin.diagnostics.coherence import coherence
from beamtwin.twin.elements import Detector
from beamtwin.twin.levels.closed import coherence_length_m
from beamtwin.twin.levels.level import FieldCache
from beamtwin.twin.samples.coherence import contrast_of_slit
from beamtwin.twin.samples.masks import KnifeEdge

FIGURE = "NOBUGS 2018 figure"

#: What the figure's patterns are labelled with, h x v in µm.
LABELS_UM = ((7.5, 5.8), (11.0, 9.0), (12.0, 13.9))

#: Contrast at Q = 0.0152 1/Å by S2's horizontal gap in µm; the vertical one is 400 µm.
CONTRASTS = {30: 0.41, 50: 0.31, 100: 0.19, 200: 0.15}

ROWS, CENTER = 201, 100
PIXEL_M = 75e-6


@cache
def beamline() -> Beamline:
    """CHX as in the diffraction experiment, its detector cut to one column through the middle."""
    whole = load_description(DESCRIPTION).beamline
    column = {"columns": 1, "center_column": 0.0, "rows": ROWS, "center_row": float(CENTER)}
    return whole.with_parameters({("detector", name): value for name, value in column.items()})


def through(x_um: float, y_um: float) -> Beamline:
    """S2 at these gaps."""
    gaps = {("S2", "x_gap_m"): x_um * 1e-6, ("S2", "y_gap_m"): y_um * 1e-6}
    return beamline().with_parameters(gaps)


@cache
def measured() -> dict[tuple[float, float], Profile]:
    """The published cuts, by label."""
    with tempfile.TemporaryDirectory() as folder, Broker.open(Path(folder) / "cuts") as broker:
        return {labels(run): vertical_cut(run) for run in import_measurement(broker)}


@cache
def fitted_um(label_um: tuple[float, float]) -> float:
    """The vertical gap that fits a published cut."""
    return fit_gap(measured()[label_um]).parameters["gap_um"].value


def spacing_um(cut: Profile) -> float:
    """Of neighbouring minima."""
    fringes = find_fringes(cut)
    assert fringes is not None
    return fringes.spacing.value


def simulated(x_um: float, y_um: float) -> Profile:
    """The cut that the level ``wave`` says, as far out as was measured."""
    light = evaluate(through(x_um, y_um), "detector", "wave").photons_s[:, 0]
    position_um = (np.arange(ROWS) - CENTER) * PIXEL_M * 1e6
    return Profile(position_um, light, "um").within(-3000.0, 3000.0)


def fringes(label_um: tuple[float, float]) -> Pair:
    """Spacings at the gap that fits."""
    ours = simulated(label_um[0], fitted_um(label_um))
    return spacing_um(ours), spacing_um(measured()[label_um])


def fringes_as_labelled(label_um: tuple[float, float]) -> Pair:
    """Spacings at the gap on the label."""
    return spacing_um(simulated(*label_um)), spacing_um(measured()[label_um])


def contrast_in_closed_form(gap_um: float) -> Pair:
    """Van Cittert and Zernike, behind the electron beam."""
    beam, wavelength_m = beamline().beam, beamline().wavelength_m
    across, up = (
        coherence_length_m(wavelength_m, 34.3, sigma_m)
        for sigma_m in (beam.x_sigma_m, beam.y_sigma_m)
    )
    ours = contrast_of_slit(gap_um * 1e-6, across) * contrast_of_slit(400e-6, up)
    return ours, CONTRASTS[int(gap_um)]


def contrast_by_modes(gap_um: float) -> Pair:
    """The global degree of coherence 14.4 m behind S2, where the sample is, by the level ``modes``."""
    screen = Detector("sample", 48.7, 2e-6, 1001, 1001, 500.0, 500.0)
    upstream = [element for element in through(gap_um, 400.0).elements if element.z_m <= 34.3]
    lit = replace(through(gap_um, 400.0), elements=(*upstream, screen))
    across, up = coherence(lit, "sample", _fields())
    return across.global_degree * up.global_degree, CONTRASTS[int(gap_um)]


@cache
def _fields() -> FieldCache:
    return FieldCache()


def sinc_squared(level: str) -> Pair:
    """A slit of 5.8 µm and electrons without size: the largest difference, in per cent of the peak."""
    point = {("ring", "y_emittance_m"): 1e-18, ("detector", "pixel_m"): 10e-6}
    shone = through(7.5, 5.8).with_parameters(point)
    ours = evaluate(shone, "detector", level).photons_s[:, 0]
    fringe_m = shone.wavelength_m * 30.44 / 5.8e-6
    closed = np.sinc((np.arange(ROWS) - CENTER) * 10e-6 / fringe_m) ** 2
    return 100 * float(np.abs(ours / ours.max() - closed).max()), None


def knife_edge() -> Pair:
    """Fresnel's integral over the edge's mask, 1 m behind it: the largest difference, in per cent of the open beam."""
    from scipy.special import fresnel

    wavelength_m, step_m = beamline().wavelength_m, 25e-9
    grid_m = (np.arange(40000) - 20000) * step_m
    _, up = KnifeEdge(0.0, from_above=False).profiles(grid_m[:2], grid_m, 9650.0)
    soft = up * np.exp(-((grid_m / 0.35e-3) ** 8))
    screen_m = np.linspace(-20e-6, 30e-6, 101)
    phase = np.pi / wavelength_m * (screen_m[:, np.newaxis] - grid_m) ** 2
    light = np.abs(np.exp(1j * phase) @ soft * step_m) ** 2 / wavelength_m
    sine, cosine = fresnel(screen_m * np.sqrt(2 / wavelength_m))
    closed = ((sine + 0.5) ** 2 + (cosine + 0.5) ** 2) / 2
    return 100 * float(np.abs(light - closed).max()), None


def section() -> Section:
    """The rows."""
    rows = [
        *(
            Row(
                f"fringes, labelled {x:g} x {y:g} µm, gap fitted",
                "µm",
                partial(fringes, (x, y)),
                Within(0.02),
                FIGURE,
            )
            for x, y in LABELS_UM
        ),
        *(
            Row(
                f"fringes at the label's v gap, {y:g} µm",
                "µm",
                partial(fringes_as_labelled, (x, y)),
                Told(),
                FIGURE,
            )
            for x, y in LABELS_UM
        ),
        *(
            Row(
                f"speckle contrast, S2 {gap} x 400 µm, {name}",
                "",
                partial(contrast, gap),
                Apart(0.07),
                FIGURE,
            )
            for name, contrast in (("fast", contrast_in_closed_form), ("modes", contrast_by_modes))
            for gap in CONTRASTS
        ),
    ]
    return Section("Slit S2 at 9.65 keV: diffraction and speckle", rows)


def closed_forms() -> Section:
    """Rows of slit and edge."""
    rows = [
        *(
            Row(
                f"slit of 5.8 µm, 30.44 m away, level {level}",
                "% of peak",
                partial(sinc_squared, level),
                AtMost(1),
                "sinc² (Fraunhofer)",
            )
            for level in ("fast", "wave")
        ),
        Row("knife edge, 1 m away", "% of beam", knife_edge, AtMost(1), "Born, Wolf 8.7.3"),
    ]
    return Section("Slit and edge", rows)
