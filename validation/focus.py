"""CHX's focus at 9 keV: the levels against SRW by itself."""

from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
from direct_srw import PLACES_M, S3_CENTERS_UM, reference
from table import AtMost, Pair, Row, Section, Within

from beamtwin.twin.beamline import Beamline
from beamtwin.twin.chain import Irradiance, evaluate
from beamtwin.twin.description import load_description
from beamtwin.twin.diagnostics.widths import fwhm
from beamtwin.twin.levels.level import FieldCache
from beamtwin.twin.levels.separable import light
from beamtwin.twin.levels.train import Accuracy

DESCRIPTION = Path(__file__).parents[1] / "tests/twin/physics/data/chx_focusing.toml"

#: Of 0.1 %, that the monochromator of the description lets through.
BAND = 0.134

#: What stored references are of, by level.
KINDS = {"coherent": "one", "modes": "many", "srw": "one"}
NAMES = {"coherent": "L1, one electron", "modes": "L2, all electrons", "srw": "L3, one electron"}


@cache
def beamline() -> Beamline:
    """Sirepo's model of CHX, with a monochromator."""
    return load_description(DESCRIPTION).beamline


@cache
def fields() -> FieldCache:
    """Shared by the rows."""
    return FieldCache()


@cache
def seen(level: str) -> Irradiance:
    """The light at the sample."""
    return evaluate(beamline(), "sample", level, fields())


def flux(level: str) -> Pair:
    """Photons/s/0.1 % at the sample."""
    return seen(level).flux_ph_s / BAND, reference(KINDS[level])["flux"]


def profile(level: str, axis: str) -> np.ndarray:
    """Ours along one direction, the other summed."""
    return seen(level).photons_s.sum({"x": 0, "y": 1}[axis])


def width_um(level: str, axis: str) -> Pair:
    """Full widths at half maximum."""
    theirs = np.array(reference(KINDS[level])[axis])
    return fwhm(PLACES_M, profile(level, axis)) * 1e6, fwhm(PLACES_M, theirs) * 1e6


def off_peak_percent(level: str, axis: str) -> Pair:
    """The largest difference of two profiles of the same area, in per cent of the peak."""
    ours, theirs = profile(level, axis), np.array(reference(KINDS[level])[axis])
    difference = ours / ours.sum() - theirs / theirs.sum()
    return 100 * np.abs(difference).max() * theirs.sum() / theirs.max(), None


def scan_off_peak_percent() -> Pair:
    """The largest difference of the flux behind S3, moved through the focus, in per cent of the peak."""
    ours = [
        evaluate(
            beamline().with_parameters({("S3", "x_center_m"): center_um * 1e-6}),
            "S3",
            "coherent",
            fields(),
        ).flux_ph_s
        / BAND
        for center_um in S3_CENTERS_UM
    ]
    theirs = np.array(reference("one")["s3_scan"])
    return 100 * np.abs(np.array(ours) - theirs).max() / theirs.max(), None


def converged_percent(level: str) -> Pair:
    """What a mesh with twice the points and twice the fringes changes, in per cent of the peak."""
    usual, coherent = seen(level), level == "coherent"
    finer = light(beamline(), "sample", fields(), coherent=coherent, accuracy=Accuracy(2.5, 64.0))
    change = np.abs(finer.photons_s - usual.photons_s).max()
    return 100 * float(change / finer.photons_s.max()), None


def section(full: bool) -> Section:
    """The rows; with ``full``, SRW is asked again."""
    if full:
        for kind in ("one", "many"):
            reference(kind, again=True)
    rows = [
        *_level_rows("coherent", 0.02, 2.0),
        Row(
            "L1: scan of S3, largest error of the flux",
            "% of peak",
            scan_off_peak_percent,
            AtMost(2),
            said("one"),
        ),
        *_level_rows("modes", 0.05, 7.0),  # as well as the electrons of the reference know it
        *_level_rows("srw", 0.02, 6.0),
        *(
            Row(
                f"{name}: change by a mesh twice as fine",
                "% of peak",
                partial(converged_percent, level),
                AtMost(1),
                "itself",
            )
            for level, name in NAMES.items()
            if level != "srw"
        ),
    ]
    return Section("CHX's focus at 9 keV, at the sample", rows)


def _level_rows(level: str, flux_part: float, peak_percent: float) -> list[Row]:
    name, source = NAMES[level], said(KINDS[level])
    widths: list[tuple[str, str]] = [("x", "horizontal"), ("y", "vertical")]
    return [
        Row(f"{name}: flux", "ph/s/0.1 %", partial(flux, level), Within(flux_part), source),
        *(
            Row(
                f"{name}: FWHM, {word}",
                "µm",
                partial(width_um, level, axis),
                Within(0.04),
                source,
            )
            for axis, word in widths
        ),
        *(
            Row(
                f"{name}: {word} profile, largest error",
                "% of peak",
                partial(off_peak_percent, level, axis),
                AtMost(peak_percent),
                source,
            )
            for axis, word in widths
        ),
    ]


def said(kind: str) -> str:
    """Of a stored reference."""
    stored: dict[str, Any] = reference(kind)
    if "flux_error" in stored:
        return f"SRW, 256 e⁻ (± {100 * stored['flux_error']:.0f} %)"
    return f"SRW, {stored['mesh'].partition(' points')[0]}"
