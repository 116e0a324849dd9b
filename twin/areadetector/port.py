"""Port: what areaDetector's drivers and plugins have in common, as in NDArrayBase.template."""

from beamtwin.hardware.channel import SEVERITIES
from beamtwin.twin.areadetector.frame import DATA_TYPES, EPICS_EPOCH, Frame, data_type_of
from beamtwin.twin.areadetector.parameters import Parameters, choice, flag, path, real, text, whole
from beamtwin.twin.database import Database

__all__ = ["INVALID", "MAJOR", "MINOR", "Port"]

MINOR, MAJOR, INVALID = (SEVERITIES.index(name) for name in ("MINOR", "MAJOR", "INVALID"))

COLOR_MODES = ("Mono", "Bayer", "RGB1", "RGB2", "RGB3", "YUV444", "YUV422", "YUV421")
SIZES = ("ArraySizeX", "ArraySizeY", "ArraySizeZ", "ArraySize0", "ArraySize1", "ArraySize2")


class Port(Parameters):
    """A driver's or a plugin's parameters, and the frame that it has seen last.

    Parameters
    ----------
    database : Database
        Takes the records in.
    prefix : str
        Of the port's PVs: ``XF:11IDB-ES{Det:Eig4M}cam1:``.
    name : str
        Of the port: ``"CAM1"``.
    """

    def __init__(self, database: Database, prefix: str, name: str):
        super().__init__(database, prefix)
        self.name = name
        self.last: Frame | None = None
        self.readings(
            {
                "PortName": text(name),
                "ADCoreVersion": text("3.14.0"),
                "DriverVersion": text("0.1.0"),
                **{size: whole() for size in (*SIZES[:3], "ArraySize", "UniqueId")},
                "NDimensions": whole(),
                "TimeStamp": real(),
            }
        )
        self.fixed(
            {
                **{size: whole() for size in SIZES[3:]},
                "DataType": choice(*DATA_TYPES),
                "ColorMode": choice(*COLOR_MODES),
            }
        )
        self.settings(
            {
                "ArrayCounter": whole(),
                "ArrayCallbacks": flag("Disable", "Enable", value=1, OSV=MINOR),
            }
        )
        self.commands({"NDAttributesFile": path()})

    def announce(self, frame: Frame) -> None:
        """Say what a frame that has come is like."""
        self.last = frame
        rows, columns = frame.data.shape
        for name, size in zip(SIZES, (columns, rows, 0) * 2, strict=True):
            self[name] = size
        self["NDimensions"] = 2
        self["ArraySize"] = frame.data.nbytes
        self["DataType"] = data_type_of(frame.data.dtype)
        self["TimeStamp"] = frame.timestamp - EPICS_EPOCH
        self["UniqueId"] = frame.unique_id

    def count(self) -> None:
        """One more frame has been dealt with."""
        self["ArrayCounter"] += 1
