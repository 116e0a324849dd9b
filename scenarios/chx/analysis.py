"""What CHX's measurement says: its import, the gap that fits it, and its comparison with the twin."""

from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import cast

import numpy as np

from beamtwin.databroker.broker import Broker
from beamtwin.databroker.compare.comparison import Comparison, compare
from beamtwin.databroker.compare.fit import Fit, Parameter, fit_profile
from beamtwin.databroker.compare.fringes import find_fringes
from beamtwin.databroker.compare.labels import Verdict, judge
from beamtwin.databroker.compare.profile import Profile, from_frame, from_stream
from beamtwin.databroker.errors import ComparisonError
from beamtwin.databroker.interchange.tables import import_table
from beamtwin.databroker.run import Run
from beamtwin.scenarios.chx.twin import DESCRIPTION
from beamtwin.twin.beamline import Beamline
from beamtwin.twin.chain import evaluate
from beamtwin.twin.description import load_description
from beamtwin.twin.elements import Detector
from beamtwin.twin.levels.path import optical_path

__all__ = [
    "compare_runs",
    "fit_gap",
    "frame",
    "import_measurement",
    "judge_gap",
    "labels",
    "pattern_detector",
    "vertical_cut",
]

#: The data key of the detector's frames.
IMAGE = "eiger4m_image"

MEASUREMENT = Path(__file__).parent / "data" / "s2_diffraction_vertical.csv"

#: When it was shown; when exactly it was measured is not published.
SHOWN = datetime(2018, 10, 23, tzinfo=UTC).timestamp()

#: How well the published figure could be read, in decades.
READING_ERROR = 0.025

#: Of gaps that come from lambda times the distance, which is known from the fringes of all three patterns.
SYSTEMATIC = 0.01

#: The true centre of a measured cut lies this near to its zero, in µm: 0.75 pixels.
CENTRE_UM = 56.0


def import_measurement(broker: Broker, path: Path = MEASUREMENT) -> list[Run]:
    """File the measured cuts, one run a gap; those that are filed already are found.

    Raises
    ------
    ImportFileError
        Naming file, line and column of what is wrong; nothing is filed then.
    """
    return import_table(
        broker,
        path,
        axis="position_um",
        time=SHOWN,
        group_by=["gap_h_um", "gap_v_um"],
        units={
            "gap_h_um": "um",
            "gap_v_um": "um",
            "position_um": "um",
            "log10_intensity": "log10(1e5 ph/s)",
        },
        metadata={
            "purpose": "diffraction of slit S2, measured",
            "twin": {"target": "live", "scenario": "chx"},
        },
    )


def frame(run: Run) -> np.ndarray:
    """The first frame of a run of the twin's, in counts; shape (rows, columns)."""
    frames = run.primary.read([IMAGE])[IMAGE].to_numpy()
    return frames.reshape(-1, *frames.shape[-2:])[0]


def vertical_cut(run: Run) -> Profile:
    """The pattern along the vertical through its centre, of a measured run or of the twin's."""
    stream = run.primary
    if "log10_intensity" in stream.data_keys:
        return from_stream(stream, "log10_intensity", log10=True, sigma=READING_ERROR)
    if IMAGE not in stream.data_keys:
        raise ComparisonError(f"{run!r}: it has no diffraction pattern ({IMAGE}) to compare")
    detector = pattern_detector()
    return from_frame(
        stream,
        IMAGE,
        pixel_size=detector.pixel_m * 1e6,
        centre=(detector.center_row, detector.center_column),
    )


def fit_gap(cut: Profile) -> Fit:
    """Fit the slit's vertical gap to a measured cut, by the twin's closed form.

    Pixels and partial coherence are in the model. Free are ``gap_um``, ``centre_um``, and the decimal logarithms
    of ``scale`` and of a constant ``background``.
    """
    fringes = find_fringes(cut)
    if fringes is None:
        raise ComparisonError("the measured cut has too few fringes for a gap to be fitted to it")
    peak = float(np.log10(cut.values.max()))
    nominal_um = _wavelength_times_distance_m2() / fringes.spacing.value * 1e12
    return fit_profile(
        _cut_of_gap,
        cut,
        {
            "gap_um": Parameter(nominal_um, 0.5 * nominal_um, 2 * nominal_um),
            "centre_um": Parameter(0.0, -CENTRE_UM, CENTRE_UM),
            "scale": Parameter(peak, peak - 3, peak + 3),
            "background": Parameter(peak - 4, peak - 8, peak - 1),
        },
    )


def judge_gap(run: Run, fit: Fit) -> Verdict:
    """Whether the vertical gap that fits a measured run is the one on its label."""
    horizontal, vertical = labels(run)
    gaps = {"horizontal": horizontal, "vertical": vertical}
    return judge(fit.parameters["gap_um"], gaps, "vertical", units="µm", systematic=SYSTEMATIC)


def labels(run: Run) -> tuple[float, float]:
    """The horizontal and vertical gap, in µm, that a measured run is labelled with, or the twin's was taken at."""
    known = run.start.get("labels", run.start)
    try:
        return known["gap_h_um"], known["gap_v_um"]
    except KeyError as error:
        raise ComparisonError(
            f"{run!r}: it says no {error}; only diffraction patterns can be compared"
        ) from None


def compare_runs(measured: Run, simulated: Run) -> Comparison:
    """The vertical cuts of a measured and of a simulated run, with the gap that fits the measured one."""
    horizontal, vertical = labels(measured)
    cut = vertical_cut(measured)
    fit = fit_gap(cut)
    return compare(
        cut,
        vertical_cut(simulated),
        title=f"S2 {horizontal:g} x {vertical:g} µm (h x v, as labelled)",
        shift_limit=CENTRE_UM,
        background=True,
        fit=fit,
        verdicts=[judge_gap(measured, fit)],
    )


@cache
def _beamline() -> Beamline:
    return load_description(DESCRIPTION).beamline


def pattern_detector() -> Detector:
    """The detector that the patterns fall on."""
    return cast(Detector, _beamline().part("detector"))


def _wavelength_times_distance_m2() -> float:
    path = optical_path(_beamline(), "detector")
    return path.wavelength_m * path.to_screen_m


def _cut_of_gap(
    axis: np.ndarray, gap_um: float, centre_um: float, scale: float, background: float
) -> np.ndarray:
    """The closed form on one column of pixels, at positions (in µm) that are whole pixels apart."""
    detector = pattern_detector()
    pixel_um = detector.pixel_m * 1e6
    first = float(axis.min())
    rows = round((float(axis.max()) - first) / pixel_um) + 1
    beamline = _beamline().with_parameters(
        {
            ("S2", "y_gap_m"): gap_um * 1e-6,
            (detector.name, "columns"): 1,
            (detector.name, "center_column"): 0.0,
            (detector.name, "rows"): rows,
            (detector.name, "center_row"): (centre_um - first) / pixel_um,
        }
    )
    column = evaluate(beamline, detector.name, "fast").photons_s[:, 0]
    at_points = column[np.rint((axis - first) / pixel_um).astype(int)]
    return 10**scale * at_points / column.max() + 10**background
