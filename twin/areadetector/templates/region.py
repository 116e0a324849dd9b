"""What gives other frames than it takes: NDROI, NDTransform, NDColorConvert, NDCircularBuff, NDOverlay."""

from beamtwin.twin.areadetector.frame import DATA_TYPES
from beamtwin.twin.areadetector.row import (
    Row,
    busy,
    choice,
    commands,
    flag,
    path,
    plain,
    readings,
    real,
    settings,
    text,
    whole,
)
from beamtwin.twin.areadetector.templates.base import COLOR_MODES, MINOR, PLUGIN_BASE

__all__ = ["CIRCULAR_BUFFER", "COLOR_CONVERT", "OUTPUT_TYPES", "OVERLAY", "ROI", "TRANSFORM"]

#: Pixel types that a plugin can be asked for; the last is that of the frames it gets.
OUTPUT_TYPES = (*DATA_TYPES, "Automatic")

AUTOMATIC = OUTPUT_TYPES.index("Automatic")


def _axes(name: str, row: Row) -> dict[str, Row]:
    return {f"{name}{axis}": row for axis in "XYZ"}


ROI: dict[str, Row] = {
    **PLUGIN_BASE,
    **settings(
        Name=text(),
        **_axes("Bin", whole(1)),
        **_axes("Min", whole()),
        **_axes("Size", whole(1_000_000)),
        **_axes("AutoSize", flag()),
        **_axes("Reverse", flag()),
        **_axes("Enable", flag("Disable", "Enable", value=1, OSV=MINOR)),
        EnableScale=flag("Disable", "Enable", OSV=MINOR),
        Scale=real(1.0),
        DataTypeOut=choice(*OUTPUT_TYPES, value=AUTOMATIC),
        CollapseDims=flag("Disable", "Enable", OSV=MINOR),
    ),
    **readings(**_axes("MaxSize", whole())),
    **plain(MaxX=whole(), MaxY=whole()),
    **commands(SetXHOPR=real(), SetYHOPR=real()),
}

TRANSFORM: dict[str, Row] = {
    **PLUGIN_BASE,
    **commands(
        Name=text(),
        Type=choice(
            *("None", "Rot90", "Rot180", "Rot270", "Mirror", "Rot90Mirror"),
            *("Rot180Mirror", "Rot270Mirror"),
        ),
        # The four stages of ADCore 1.
        **{f"Type{stage}": whole() for stage in range(1, 5)},
    ),
    **settings(OriginLocation=whole()),
    **plain(
        **{f"T{stage}MaxSize{axis}": whole() for stage in range(1, 5) for axis in range(3)},
    ),
}

COLOR_CONVERT: dict[str, Row] = {
    **PLUGIN_BASE,
    **settings(
        ColorModeOut=choice(*COLOR_MODES),
        FalseColor=choice("None", "Rainbow", "Iron"),
    ),
}

CIRCULAR_BUFFER: dict[str, Row] = {
    **PLUGIN_BASE,
    **settings(
        Capture=busy("Done", "Capture", "Capturing"),
        Trigger=busy("Done", "Trigger", "Triggered"),
        PreCount=whole(100),
        PostCount=whole(100),
        PresetTriggerCount=whole(1),
        FlushOnSoftTrg=flag("OnNewImage", "Immediately"),
        TriggerA=text(),
        TriggerB=text(),
        TriggerCalc=path("0"),
    ),
    **readings(ActualTriggerCount=whole(), CurrentQty=whole(), PostTriggerQty=whole()),
    **plain(
        StatusMessage=text("Idle"), TriggerAVal=real(), TriggerBVal=real(), TriggerCalcVal=real()
    ),
}

_OVERLAY_N: dict[str, Row] = {
    **settings(
        Name=text(),
        Use=flag(),
        PositionX=whole(),
        PositionY=whole(),
        SizeX=whole(),
        SizeY=whole(),
        Shape=choice("Cross", "Rectangle", "Text", "Ellipse"),
        DrawMode=choice("Set", "XOR"),
        Red=whole(),
        Green=whole(),
        Blue=whole(),
    ),
    **plain(MaxSizeX=whole(), MaxSizeY=whole()),
    **commands(
        **{name: real() for name in ("SetXHOPR", "SetYHOPR")},
        **{name: whole() for name in ("PositionXLink", "PositionYLink", "SizeXLink", "SizeYLink")},
    ),
}

OVERLAY: dict[str, Row] = {
    **PLUGIN_BASE,
    **readings(MaxSizeX=whole(), MaxSizeY=whole()),
    **{f"{number}:{name}": row for number in range(1, 9) for name, row in _OVERLAY_N.items()},
}
