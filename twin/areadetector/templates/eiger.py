"""ADEiger: eigerBase.template, eiger1.template."""

from beamtwin.twin.areadetector.row import (
    Row,
    choice,
    commands,
    fixed,
    flag,
    path,
    plain,
    readings,
    real,
    settings,
    text,
    whole,
)
from beamtwin.twin.areadetector.templates.base import COLOR_MODES, DATA_TYPES, MINOR
from beamtwin.twin.areadetector.templates.driver import AD_BASE
from beamtwin.twin.areadetector.templates.file import FILE

__all__ = ["EIGER"]

#: Axes of the goniometer, whose positions are noted in the files.
AXES = ("Chi", "Kappa", "Omega", "Phi", "TwoTheta")


def _switch(value: int = 0) -> Row:
    return flag("Disable", "Enable", value=value, OSV=MINOR)


EIGER: dict[str, Row] = {
    **AD_BASE,
    **FILE,
    **fixed(
        DataType=choice(*DATA_TYPES, DISA=1),
        ColorMode=choice(*COLOR_MODES, DISA=1),
        **{name: whole(1, DISA=1) for name in ("BinX", "BinY", "SizeX", "SizeY")},
        **{name: whole(0, DISA=1) for name in ("MinX", "MinY")},
        **{name: flag(DISA=1) for name in ("ReverseX", "ReverseY")},
    ),
    **settings(
        AcquireTime=real(1.0, PREC=6),
        AcquirePeriod=real(1.0, PREC=6),
        TriggerMode=choice(
            *("Internal Series", "Internal Enable", "External Series", "External Enable"),
            "Continuous",
        ),
        NumTriggers=whole(1),
        ManualTrigger=_switch(),
        PhotonEnergy=real(8000.0, EGU="eV"),
        ThresholdEnergy=real(4000.0, EGU="eV"),
        Wavelength=real(1.5498, PREC=4, EGU="Angstroms"),
        WavelengthEps=real(0.0005, PREC=6, EGU="Angstroms"),
        EnergyEps=real(0.05, EGU="eV"),
        DetDist=real(1.0, EGU="m"),
        BeamX=real(EGU="pixels"),
        BeamY=real(EGU="pixels"),
        **{f"{axis}{name}": real(EGU="deg") for axis in AXES for name in ("Start", "Incr")},
        ROIMode=choice("Disable", "4M", ONSV=MINOR),
        CompressionAlgo=choice("LZ4", "BS LZ4"),
        DataSource=choice("None", "FileWriter", "Stream", value=1),
        FlatfieldApplied=_switch(1),
        CountrateCorrApplied=_switch(1),
        PixelMaskApplied=_switch(1),
        AutoSummation=_switch(1),
        SignedData=flag("Unsigned", "Signed"),
        FWEnable=_switch(1),
        FWCompression=_switch(1),
        FWNamePattern=path("series_$id"),
        FWNImagesPerFile=whole(1000),
        FWAutoRemove=_switch(),
        SaveFiles=_switch(),
        FileOwner=text(),
        FileOwnerGrp=text(),
        FilePerms=real(0o644),
        StreamEnable=_switch(),
        StreamHdrDetail=choice("All", "Basic", "None"),
        StreamDecompress=_switch(1),
        MonitorEnable=_switch(),
        MonitorTimeout=real(500.0, PREC=1, EGU="ms"),
        # Of drivers before 2.6, and of Ophyd's class.
        TriggerExposure=real(),
    ),
    **commands(
        Trigger=real(),
        FWClear=real(),
        Restart=flag("Done", "Restart"),
        Initialize=flag("Done", "Initialize"),
        StreamHdrAppendix=path(count=1024),
        StreamImgAppendix=path(count=1024),
    ),
    **readings(
        Description=text(),
        SensorThickness=real(4.5e-4, PREC=6, EGU="m"),
        SensorMaterial=text("Si"),
        CountCutoff=real(EGU="count"),
        XPixelSize=real(7.5e-5, PREC=6, EGU="m"),
        YPixelSize=real(7.5e-5, PREC=6, EGU="m"),
        State=text("idle"),
        Error=text(),
        Temp0=real(25.0, PREC=1, EGU="C"),
        Humid0=real(20.0, PREC=1, EGU="%"),
        BitDepthImage=whole(32),
        DeadTime=real(PREC=6, EGU="s"),
        FWFree=real(1000.0, EGU="GB"),
        FWState=text("ready"),
        StreamDropped=whole(),
        StreamState=text("disabled"),
        MonitorState=text("disabled"),
        **{f"Link{n}": flag("Down", "Up", value=1) for n in range(4)},
        DCUBufferFree=real(100.0, PREC=1, EGU="%"),
    ),
    **plain(SequenceId=whole(), Armed=flag("Unarmed", "Armed")),
}
