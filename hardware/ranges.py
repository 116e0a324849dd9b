"""What EPICS's types of numbers hold: an IOC's word for limits where a field has none."""

from collections.abc import Mapping

__all__ = ["WHOLE"]

#: By type: ``getMaxRangeValues`` in base's recGbl.c.
WHOLE: Mapping[str, tuple[float, float]] = {
    "UCHAR": (0.0, 255.0),
    "SHORT": (-32768.0, 32767.0),
    "USHORT": (0.0, 65535.0),
    "LONG": (-2147483648.0, 2147483647.0),
    "ULONG": (0.0, 4294967295.0),
    "FLOAT": (-1e30, 1e30),
    "DOUBLE": (-1e300, 1e300),
}
