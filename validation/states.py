"""Any state of a beamline: light, or an error that says why not; and a second beamline, from Sirepo's JSON."""

from dataclasses import replace
from functools import cache, partial
from math import inf, nan

import numpy as np
from direct_srw import REFERENCES
from focus import beamline
from table import AtMost, Pair, Row, Section, Within

from beamtwin.orchestration.errors import BeamtwinError
from beamtwin.twin.beamline import Beamline
from beamtwin.twin.chain import evaluate
from beamtwin.twin.grid import Grid, Resize
from beamtwin.twin.levels.level import FieldCache
from beamtwin.twin.levels.spectrum import spectrum
from beamtwin.twin.noise import stream
from beamtwin.twin.sirepo import load_sirepo

#: What is moved, and around what.
PARAMETERS = {
    ("S0", "x_gap_m"): 1e-3,
    ("S1", "x_center_m"): 1e-4,
    ("S2", "x_gap_m"): 1e-4,
    ("HDM", "pitch_rad"): 1e-6,
    ("KL", "x_focal_length_m"): 3.0,
    ("S3", "x_gap_m"): 1e-4,
    ("S3", "y_gap_m"): 1e-4,
    ("S3", "y_center_m"): 1e-5,
    ("sample", "pixel_m"): 1e-6,
}

#: Factors, from sensible to absurd.
STRANGE = (1.0, 0.5, 0.1, 3.0, 0.0, -1.0, 1e-6, 1e9, nan, inf, -inf, 1e300)


@cache
def coarse() -> Beamline:
    """CHX on a mesh that is good enough for SRW not to crash, and quick."""
    screen = {"columns": 21, "rows": 17, "center_column": 10.0, "center_row": 8.0}
    small = beamline().with_parameters({("sample", key): value for key, value in screen.items()})
    return replace(small, grid=Grid(0.4e-3, 0.6e-3, 0.25, (Resize("S0", 2.5, 10.0, 1.5, 4.0),)))


def wrong_answers(level: str, states: int) -> Pair:
    """Of random states: those whose light is no light. Any error but the twin's own ends this."""
    noise, kept, wrong = stream(11, "states"), FieldCache(), 0
    names = list(PARAMETERS)
    for _ in range(states):
        picked = noise.choice(len(names), size=noise.integers(1, 4), replace=False).tolist()
        values = {
            names[index]: PARAMETERS[names[index]] * STRANGE[noise.integers(len(STRANGE))]
            for index in picked
        }
        try:
            light = evaluate(coarse().with_parameters(values), "sample", level, kept)
        except BeamtwinError:
            continue
        wrong += not (np.isfinite(light.photons_s).all() and light.photons_s.min() >= 0)
    return wrong, None


def second_beamline() -> Pair:
    """NSLS-II TES: photons/s/0.1 % through its front end, by SRW's field on the imported mesh, and in closed form."""
    tes = load_sirepo(REFERENCES / "tes.json").beamline
    band = tes.part("C1").bandwidth  # pyright: ignore[reportAttributeAccessIssue]
    (closed,) = spectrum(tes, "FE", [2500.0])
    return evaluate(tes, "SSA", "srw").flux_ph_s / band * 1e-3, closed


def section(full: bool) -> Section:
    """The rows; with ``full``, SRW is given a thousand states, too."""
    counts = {"coherent": 1000, "modes": 20, "srw": 1000 if full else 50}
    rows = [
        *(
            Row(
                f"{count:,} random states, {level}: wrong answers",
                "",
                partial(wrong_answers, level, count),
                AtMost(0),
                "",
            )
            for level, count in counts.items()
        ),
        Row(
            "TES, imported: flux on its slit",
            "ph/s/0.1 %",
            second_beamline,
            Within(0.06),
            "X-Ray Data Booklet",
        ),
    ]
    return Section("Other states, another beamline", rows)
