"""What looks into frames: NDStats.template, NDStdArrays.template."""

from collections.abc import Mapping

from beamtwin.twin.areadetector.row import (
    Row,
    array,
    choice,
    commands,
    flag,
    outputs,
    plain,
    readings,
    real,
    settings,
    whole,
)
from beamtwin.twin.areadetector.templates.base import MINOR, PLUGIN_BASE

__all__ = ["CENTROID", "STATISTICS", "TIME_SERIES", "image", "stats"]

#: What ComputeStatistics gives, in the order of the time series.
STATISTICS = (
    *("MinValue", "MinX", "MinY", "MaxValue", "MaxX", "MaxY"),
    *("MeanValue", "Sigma", "Total", "Net"),
)
#: What ComputeCentroid gives.
CENTROID = (
    *("CentroidTotal", "CentroidX", "CentroidY", "SigmaX", "SigmaY", "SigmaXY"),
    *("SkewX", "SkewY", "KurtosisX", "KurtosisY", "Eccentricity", "Orientation"),
)
TIME_SERIES = (*STATISTICS, *CENTROID, "Timestamp")

#: Points of a time series; NCHANS of ADCore's commonPlugins.
POINTS = 2048
#: The most bins of a histogram.
BINS = 65536

_NUMBERS = {name: real() for name in (*STATISTICS, *CENTROID, "HistEntropy")}
_RESETTABLE = [name for name in _NUMBERS if name != "Sigma"]

_STATS: dict[str, Row] = {
    **PLUGIN_BASE,
    **readings(**_NUMBERS),
    **outputs(_NUMBERS, *_RESETTABLE),
    **settings(
        ComputeStatistics=flag(value=1, OSV=MINOR),
        ComputeCentroid=flag(OSV=MINOR),
        ComputeProfiles=flag(OSV=MINOR),
        ComputeHistogram=flag(OSV=MINOR),
        BgdWidth=whole(1),
        CentroidThreshold=real(1.0),
        CursorX=whole(256),
        CursorY=whole(256),
        HistSize=whole(256),
        HistMin=real(),
        HistMax=real(255.0),
        HistBelow=whole(),
        HistAbove=whole(),
    ),
    **readings(
        ProfileSizeX=whole(),
        ProfileSizeY=whole(),
        Histogram=array("<f8", BINS),
        HistogramX=array("<f8", BINS),
    ),
    **commands(
        SigmaValue=real(),
        TSControl=choice("Erase/Start", "Start", "Stop", "Read", value=2),
        TSNumPoints=whole(POINTS, DRVL=1, DRVH=POINTS),
        TSRead=flag("Done", "Read"),
        **{name: flag("Done", "Reset") for name in ("Reset", "Reset1", "Reset2")},
        **{name: real() for name in ("SetXHOPR", "SetYHOPR")},
    ),
    **plain(
        CursorVal=real(),
        MaxSizeX=whole(),
        MaxSizeY=whole(),
        TSAcquiring=flag("Done", "Acquiring", OSV=MINOR),
        TSCurrentPoint=whole(),
        **{f"TS{name}": array("<f8", POINTS) for name in TIME_SERIES},
    ),
}


def stats(columns: int, rows: int) -> Mapping[str, Row]:
    """NDStats.template for frames of up to so many columns and rows."""
    kinds = ("Average", "Threshold", "Centroid", "Cursor")
    sizes = {"X": columns, "Y": rows}
    profiles = {
        f"Profile{kind}{axis}": array("<f8", size) for kind in kinds for axis, size in sizes.items()
    }
    return {**_STATS, **readings(**profiles)}


def image(dtype: str, pixels: int) -> Mapping[str, Row]:
    """NDStdArrays.template for frames of up to so many pixels of a type that Channel Access has."""
    return {**PLUGIN_BASE, **plain(ArrayData=array(dtype, pixels))}
