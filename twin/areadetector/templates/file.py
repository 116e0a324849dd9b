"""What writes files: NDFile.template, NDFileTIFF.template, NDFileHDF5.template."""

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
from beamtwin.twin.areadetector.templates.base import MAJOR, PLUGIN_BASE

__all__ = ["COMPRESSIONS", "FILE", "HDF5", "TIFF"]

#: NDFileHDF5's compressions, by number.
COMPRESSIONS = ("None", "N-bit", "szip", "zlib", "Blosc", "BSLZ4", "LZ4", "JPEG")

#: The dimensions beyond a frame's own: of the frames themselves, and virtual ones.
EXTRA_DIMENSIONS = ("N", "X", "Y", *(str(n) for n in range(3, 10)))

FILE: dict[str, Row] = {
    **settings(
        FilePath=path(),
        FileName=path(),
        FileTemplate=path("%s%s_%3.3d.dat"),
        FileNumber=whole(1),
        AutoIncrement=flag(value=1),
        AutoSave=flag(),
        CreateDirectory=whole(),
        FileFormat=choice("Undefined", "Invalid"),
        FileWriteMode=choice("Single", "Capture", "Stream"),
        WriteFile=busy("Done", "Write", "Writing"),
        ReadFile=busy("Done", "Read", "Reading"),
        Capture=busy("Done", "Capture", "Capturing"),
        NumCapture=whole(1),
        DeleteDriverFile=flag(),
        LazyOpen=flag(),
        TempSuffix=text(),
    ),
    **readings(
        FilePathExists=flag(ZSV=MAJOR),
        FullFileName=path(count=512),
        NumCaptured=whole(),
    ),
    **commands(FreeCapture=flag("Done", "Free"), FileNumber_Sync=whole(), FileNumber_write=whole()),
    **plain(WriteStatus=flag("Write OK", "Write error", OSV=MAJOR), WriteMessage=path()),
}

TIFF: dict[str, Row] = {
    **PLUGIN_BASE,
    **FILE,
    **settings(
        FileFormat=choice("TIFF", "Invalid", states=("TIFF", "Undefined")),
        FileTemplate=path("%s%s_%6.6d.tiff"),
    ),
}

HDF5: dict[str, Row] = {
    **PLUGIN_BASE,
    **FILE,
    **settings(
        FileFormat=choice("HDF5", "Invalid", states=("HDF5", "Undefined")),
        FileTemplate=path("%s%s_%6.6d.h5"),
        ChunkSizeAuto=flag(value=1),
        NumRowChunks=whole(),
        NumColChunks=whole(),
        **{f"ChunkSize{n}": whole() for n in range(2, 10)},
        NumFramesChunks=whole(),
        NDAttributeChunk=whole(),
        BoundaryAlign=whole(),
        BoundaryThreshold=whole(65536),
        NumExtraDims=whole(),
        **{f"ExtraDimSize{name}": whole(1) for name in EXTRA_DIMENSIONS},
        **{f"ExtraDimChunk{name}": whole() for name in EXTRA_DIMENSIONS[1:]},
        StoreAttr=flag(value=1),
        StorePerform=flag(value=1),
        NumFramesFlush=whole(),
        Compression=choice(*COMPRESSIONS),
        NumDataBits=whole(8),
        DataBitsOffset=whole(),
        SZipNumPixels=whole(16),
        ZLevel=whole(6),
        BloscShuffle=choice("None", "Byte", "Bit", value=1),
        BloscCompressor=choice("BloscLZ", "LZ4", "LZ4HC", "SNAPPY", "ZLIB", "ZSTD"),
        BloscLevel=whole(5),
        JPEGQuality=whole(90),
        DimAttDatasets=flag(),
        XMLFileName=path(count=2048),
        SWMRMode=flag("Off", "On"),
        PositionMode=flag("Off", "On"),
        **{f"PosNameDim{name}": text() for name in EXTRA_DIMENSIONS},
        **{f"PosIndexDim{name}": text() for name in EXTRA_DIMENSIONS},
        FillValue=real(),
    ),
    **readings(
        **{f"ExtraDimName{name}": text() for name in EXTRA_DIMENSIONS},
        XMLErrorMsg=path("Default layout selected"),
        XMLValid=flag(value=1, ZSV=MAJOR),
        SWMRSupported=flag("Not Supported", "Supported", value=1),
        SWMRActive=flag("Off", "Active"),
        SWMRCbCounter=whole(),
    ),
    **commands(FlushNow=flag("Done", "Flush")),
    **plain(RunTime=real(EGU="s"), IOSpeed=real(EGU="Mbit/s")),
}
