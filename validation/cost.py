"""What it costs to have SRW's truth at every point of a scan; all in CPU seconds."""

import time
from functools import cache

import numpy as np
from focus import beamline, fields
from table import AtLeast, AtMost, Pair, Row, Section

from beamtwin.twin.beamline import Beamline
from beamtwin.twin.chain import evaluate
from beamtwin.twin.levels.level import FieldCache

POINTS = 50

#: Points of the scan that SRW computes from scratch, too; the ends are most different.
CHECKED = (0, 24, 49)

S3_CENTERS_M = np.linspace(-10e-6, 10e-6, POINTS)
FOCAL_LENGTHS_M = np.linspace(3.1, 3.4, POINTS)


def moved(part: str, parameter: str, value: float) -> Beamline:
    """CHX with one thing elsewhere."""
    return beamline().with_parameters({(part, parameter): float(value)})


def scanned(part: str, parameter: str, values: np.ndarray) -> tuple[float, list[np.ndarray]]:
    """CPU seconds of a scan that begins with nothing kept, and its images."""
    kept, begun_s = FieldCache(), time.process_time()
    images = [
        evaluate(moved(part, parameter, value), "sample", "srw", kept).photons_s for value in values
    ]
    return time.process_time() - begun_s, images


@cache
def s3_scan() -> tuple[float, list[np.ndarray]]:
    """By the level ``srw``, with planes kept."""
    return scanned("S3", "x_center_m", S3_CENTERS_M)


@cache
def from_scratch(points: tuple[int, ...]) -> tuple[float, int]:
    """CPU seconds a point, each with nothing kept; and how many pixels of all these images are not the scan's."""
    images, different = s3_scan()[1], 0
    begun_s = time.process_time()
    for index in points:
        scratch = moved("S3", "x_center_m", S3_CENTERS_M[index])
        image = evaluate(scratch, "sample", "srw", FieldCache()).photons_s
        different += int((image != images[index]).sum())
    return (time.process_time() - begun_s) / len(points), different


def last_slit_ms() -> Pair:
    """S3 at the level ``coherent``, upstream being kept: the median of 200 moves, one thread of BLAS."""
    took_s = []
    for center_m in np.linspace(-5e-6, 5e-6, 200):
        behind = moved("S3", "x_center_m", center_m)
        begun_s = time.process_time()
        evaluate(behind, "S3", "coherent", fields())
        took_s.append(time.process_time() - begun_s)
    return 1e3 * float(np.median(took_s)), None


def section(full: bool) -> Section:
    """The rows; with ``full``, every point is computed from scratch, too."""
    points = tuple(range(POINTS)) if full else CHECKED
    scratch = f"SRW anew, {len(points)} points"

    def ratio() -> Pair:
        return POINTS * from_scratch(points)[0] / s3_scan()[0], None

    rows = [
        Row(
            "scan of S3: pixels that differ",
            "",
            lambda: (from_scratch(points)[1], None),
            AtMost(0),
            scratch,
        ),
        Row(
            "scan of S3, 50 points",
            "CPU-s",
            lambda: (s3_scan()[0], POINTS * from_scratch(points)[0]),
            AtMost(6),
            scratch,
        ),
        Row("scan of S3: times cheaper", "", ratio, AtLeast(15), scratch),
        Row(
            "scan of the kinoform's focal length, 50 points",
            "CPU-s",
            lambda: (scanned("KL", "x_focal_length_m", FOCAL_LENGTHS_M)[0], None),
            AtMost(10),
            "",
        ),
        Row("last slit, L1, a move", "ms", last_slit_ms, AtMost(1), ""),
    ]
    return Section("The cost of SRW's truth", rows)
