"""What drivers and plugins share: NDArrayBase.template, NDPluginBase.template."""

from beamtwin.hardware.channel import SEVERITIES
from beamtwin.twin.areadetector.frame import DATA_TYPES
from beamtwin.twin.areadetector.row import (
    Row,
    array,
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

__all__ = ["DIMENSIONS", "INVALID", "MAJOR", "MINOR", "NDARRAY_BASE", "PLUGIN_BASE"]

MINOR, MAJOR, INVALID = (SEVERITIES.index(name) for name in ("MINOR", "MAJOR", "INVALID"))

#: How many dimensions an NDArray can have.
DIMENSIONS = 10

COLOR_MODES = ("Mono", "Bayer", "RGB1", "RGB2", "RGB3", "YUV444", "YUV422", "YUV421")

NDARRAY_BASE: dict[str, Row] = {
    **readings(
        ADCoreVersion=text("3.14.0"),
        DriverVersion=text("0.1.0"),
        PortName=text(),
        Manufacturer=text(),
        Model=text(),
        SerialNumber=text(),
        SDKVersion=text(),
        FirmwareVersion=text(),
        BayerPattern=choice("RGGB", "GBRG", "GRBG", "BGGR"),
        ArraySizeX=whole(),
        ArraySizeY=whole(),
        ArraySizeZ=whole(),
        ArraySize=whole(),
        Codec=text(),
        CompressedSize=whole(),
        UniqueId=whole(),
        TimeStamp=real(),
        EpicsTSSec=whole(),
        EpicsTSNsec=whole(),
        ArrayRate=real(),
    ),
    **settings(
        NDimensions=whole(),
        Dimensions=array("<i4", DIMENSIONS),
        **{f"ArraySize{n}": whole() for n in range(DIMENSIONS)},
        **{f"Dim{n}SA": array("<i4", 1) for n in range(DIMENSIONS)},
        DataType=choice(*DATA_TYPES),
        ColorMode=choice(*COLOR_MODES),
        ArrayCounter=whole(),
        ArrayCallbacks=flag("Disable", "Enable", value=1, OSV=MINOR),
        NumPreAllocBuffers=whole(100),
    ),
    **commands(
        WaitForPlugins=flag(),
        NDAttributesFile=path(count=2048),
        NDAttributesMacros=path(),
        PoolPollStats=whole(),
        EmptyFreeList=flag(),
        PreAllocBuffers=flag("Done", "Allocate"),
        AsynIO=whole(),
    ),
    **plain(
        NDAttributesStatus=choice(
            *("Attributes file OK", "File not found", "XML syntax error"),
            "Macro substitution error",
            value=1,
            ONSV=MINOR,
            TWSV=MAJOR,
            THSV=MAJOR,
        ),
        PoolMaxMem=real(EGU="MB"),
        PoolUsedMem=real(EGU="MB"),
        PoolMaxBuffers=whole(),
        PoolAllocBuffers=whole(),
        PoolFreeBuffers=whole(),
        PoolUsedBuffers=real(),
        NumQueuedArrays=whole(),
    ),
}

PLUGIN_BASE: dict[str, Row] = {
    **NDARRAY_BASE,
    **readings(
        PluginType=text(),
        ExecutionTime=real(EGU="ms"),
        MaxThreads=whole(1),
    ),
    **settings(
        NDArrayPort=text(),
        NDArrayAddress=whole(),
        EnableCallbacks=flag("Disable", "Enable", OSV=MINOR),
        MinCallbackTime=real(EGU="s"),
        MaxArrayRate=real(EGU="Hz"),
        MaxByteRate=real(EGU="s"),
        BlockingCallbacks=flag(),
        DroppedArrays=whole(),
        DroppedOutputArrays=whole(),
        DisorderedArrays=whole(),
        QueueSize=whole(20),
        NumThreads=whole(1),
        SortMode=choice("Unsorted", "Sorted"),
        SortTime=real(0.1),
        SortSize=whole(20),
    ),
    **commands(ProcessPlugin=flag()),
    **plain(
        QueueFree=whole(20),
        QueueUse=real(),
        SortFree=whole(20),
        **{
            name: real()
            for name in ("MaxArrayRate_COUT", "QueueFreeLow", "QueueUseHIGH", "QueueUseHIHI")
        },
        SortFreeLow=real(),
    ),
}
