"""What cameras have: ADBase.template."""

from beamtwin.twin.areadetector.row import (
    Row,
    choice,
    commands,
    flag,
    path,
    plain,
    readings,
    real,
    settings,
    whole,
)
from beamtwin.twin.areadetector.templates.base import INVALID, MAJOR, MINOR, NDARRAY_BASE

__all__ = ["AD_BASE"]

STATES = (
    *("Idle", "Acquire", "Readout", "Correct", "Saving", "Aborting", "Error", "Waiting"),
    *("Initializing", "Disconnected", "Aborted"),
)

AD_BASE: dict[str, Row] = {
    **NDARRAY_BASE,
    **settings(
        Acquire=flag("Done", "Acquire", ONAM="Acquiring", OSV=MINOR),
        BinX=whole(1),
        BinY=whole(1),
        MinX=whole(),
        MinY=whole(),
        SizeX=whole(1),
        SizeY=whole(1),
        ReverseX=flag(),
        ReverseY=flag(),
        AcquireTime=real(1.0),
        AcquirePeriod=real(),
        Gain=real(1.0),
        FrameType=choice("Normal", "Background", "FlatField", "DblCorrelation"),
        ImageMode=choice("Single", "Multiple", "Continuous", value=2),
        TriggerMode=choice("Internal", "External"),
        NumExposures=whole(1),
        NumImages=whole(1),
        ShutterMode=choice(
            *("None", "EPICS PV", "Detector output"), states=("None", "EPICS PV", "Camera output")
        ),
        ShutterControl=flag("Close", "Open"),
        ShutterOpenDelay=real(),
        ShutterCloseDelay=real(),
        Temperature=real(25.0, PREC=1, EGU="C"),
    ),
    **readings(
        MaxSizeX=whole(1),
        MaxSizeY=whole(1),
        TimeRemaining=real(),
        NumExposuresCounter=whole(),
        NumImagesCounter=whole(),
        DetectorState=choice(*STATES, FVSV=MINOR, SXSV=MAJOR, NISV=INVALID, TESV=MINOR),
        StatusMessage=path(),
        StringToServer=path(),
        StringFromServer=path(),
        ShutterStatus=flag("Closed", "Open", OSV=MINOR),
        ShutterStatusEPICS=choice("Closed", "Open", ONSV=MINOR),
    ),
    **commands(ReadStatus=flag(value=1), ShutterFanout=whole()),
    **plain(
        AcquireBusy=flag("Done", "Acquiring", OSV=MINOR),
        AcquireBusyCB=flag("Done", "Acquiring", OSV=MINOR),
        ShutterControlEPICS=flag("Closed", "Open", OSV=MINOR),
        ShutterOpenEPICS=real(),
        ShutterCloseEPICS=real(),
        TemperatureActual=real(25.0, PREC=1, EGU="C"),
    ),
}
