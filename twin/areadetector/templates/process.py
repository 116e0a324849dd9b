"""Arithmetic on frames: NDProcess.template."""

from beamtwin.twin.areadetector.row import (
    Row,
    choice,
    commands,
    flag,
    plain,
    readings,
    real,
    settings,
    text,
    whole,
)
from beamtwin.twin.areadetector.templates.base import MINOR, PLUGIN_BASE
from beamtwin.twin.areadetector.templates.region import AUTOMATIC, OUTPUT_TYPES

__all__ = ["COEFFICIENTS", "FILTERS", "PROCESS"]

#: The recursive filter's coefficients, as NDPluginProcess's documentation names them, and their first values.
COEFFICIENTS = {
    "OOffset": 0.0,
    "OScale": 1.0,
    "OC1": 1.0,
    "OC2": -1.0,
    "OC3": 0.0,
    "OC4": 1.0,
    "FOffset": 0.0,
    "FScale": 1.0,
    "FC1": 1.0,
    "FC2": -1.0,
    "FC3": 0.0,
    "FC4": 1.0,
    "ROffset": 0.0,
    "RC1": 1.0,
    "RC2": 1.0,
}

#: What each FilterType makes of OC1..OC4, FC1..FC4, RC1, RC2; ``N`` stands for 1/NumFilter.
FILTERS: dict[str, tuple[float | str, ...]] = {
    "RecursiveAve": (1, -1, 0, 1, 1, -1, 0, 1, 0, 1),
    "Average": (1, 0, "N", 0, 1, 0, "N", 0, 0, 0),
    "Sum": (1, 0, 1, 0, 1, 0, 1, 0, 0, 0),
    "Difference": (-1, 0, 1, 0, 0, 0, 1, 0, 0, 1),
    "RecursiveAveDiff": (-1, 0, 1, 0, 1, -1, 0, 1, 0, 1),
    "CopyToFilter": (0, 0, 1, 0, 0, 0, 1, 0, 0, 1),
}


def _switch() -> Row:
    return flag("Disable", "Enable", OSV=MINOR)


PROCESS: dict[str, Row] = {
    **PLUGIN_BASE,
    **settings(
        DataTypeOut=choice(*OUTPUT_TYPES, value=AUTOMATIC),
        SaveBackground=flag(),
        EnableBackground=_switch(),
        SaveFlatField=flag(),
        EnableFlatField=_switch(),
        ScaleFlatField=real(255.0),
        EnableOffsetScale=_switch(),
        Offset=real(PREC=2),
        Scale=real(1.0, PREC=2),
        EnableLowClip=_switch(),
        LowClipThresh=real(),
        LowClipValue=real(),
        EnableHighClip=_switch(),
        HighClipThresh=real(100.0),
        HighClipValue=real(100.0),
        # The two clips of ADCore before 3.8.
        LowClip=real(),
        HighClip=real(100.0),
        EnableFilter=_switch(),
        ResetFilter=flag(),
        AutoResetFilter=flag(),
        FilterCallbacks=flag("Every array", "Array N only"),
        NumFilter=whole(1),
        **{name: real(value, PREC=2) for name, value in COEFFICIENTS.items()},
    ),
    **readings(
        ValidBackground=flag("Invalid", "Valid"),
        ValidFlatField=flag("Invalid", "Valid"),
        NumFiltered=whole(),
    ),
    **commands(
        AutoOffsetScale=flag("Done", "Calculating"),
        FilterType=choice(*FILTERS),
        PortBackup=text(),
        **{
            f"{name}Seq": whole()
            for name in (*FILTERS, "FilterType", "ReadBackgroundTIFF", "ReadFlatFieldTIFF")
            if name != "CopyToFilter"
        },
        CopyToFilterSeq=whole(),
    ),
    **plain(NumFilterRecip=real(1.0)),
}
