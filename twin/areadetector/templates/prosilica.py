"""ADProsilica: prosilica.template."""

from beamtwin.twin.areadetector.row import (
    Row,
    choice,
    commands,
    flag,
    readings,
    real,
    settings,
    text,
    whole,
)
from beamtwin.twin.areadetector.templates.driver import AD_BASE

__all__ = ["PROSILICA"]

_SYNC_OUT = choice(
    *("GPO", "AcqTrigReady", "FrameTrigReady", "FrameTrigger", "Exposing", "FrameReadout"),
    *("Imaging", "Acquiring", "SyncIn1", "SyncIn2", "SyncIn3", "SyncIn4"),
    *("Strobe1", "Strobe2", "Strobe3", "Strobe4"),
)
_STROBE = choice(
    *("AcqTrigReady", "FrameTrigReady", "FrameTrigger", "Exposing", "FrameReadout", "Acquiring"),
    *("SyncIn1", "SyncIn2", "SyncIn3", "SyncIn4"),
)
_COUNTERS = (
    *("PacketSize", "FramesCompleted", "FramesDropped", "PacketsErroneous", "PacketsMissed"),
    *("PacketsReceived", "PacketsRequested", "PacketsResent", "BadFrameCounter"),
)

PROSILICA: dict[str, Row] = {
    **AD_BASE,
    **settings(
        DataType=choice("UInt8", "UInt16"),
        ColorMode=choice("Mono", "Bayer", "RGB1"),
        TriggerMode=choice(
            *("Free Run", "Sync In 1", "Sync In 2", "Sync In 3", "Sync In 4"),
            *("Fixed Rate", "Software"),
        ),
        BayerConvert=choice("None", "RGB1", "RGB2", "RGB3"),
        GainMode=choice("Manual", "AutoOnce", "Auto"),
        ExposureMode=choice("Manual", "AutoOnce", "Auto", "External"),
        PSByteRate=whole(115_000_000),
        TriggerDelay=real(PREC=6),
        TriggerEvent=choice("Rising edge", "Falling edge", "Any edge", "High level", "Low level"),
        TriggerOverlap=choice("Off", "Previous frame"),
        **{f"SyncOut{n}Mode": _SYNC_OUT for n in (1, 2, 3)},
        **{f"SyncOut{n}Level": flag("False", "True") for n in (1, 2, 3)},
        **{f"SyncOut{n}Invert": flag("Off", "On") for n in (1, 2, 3)},
        Strobe1Mode=_STROBE,
        Strobe1CtlDuration=flag("Off", "On"),
        Strobe1Delay=real(PREC=6),
        Strobe1Duration=real(PREC=6),
        PSTimestampType=choice("NativeTicks", "NativeSeconds", "POSIX", "EPICS", "IOC"),
    ),
    **readings(
        PSDriverType=text("Ethernet"),
        PSFilterVersion=text(),
        PSFrameRate=real(),
        **{f"PS{name}": whole() for name in _COUNTERS},
        SyncIn1Level=flag("Low", "High"),
        SyncIn2Level=flag("Low", "High"),
        TemperatureMainboard=real(35.0, PREC=1, EGU="C"),
    ),
    **commands(PSReadStatistics=whole(), PSResetTimer=whole(), TriggerSoftware=flag("Off", "On")),
}
