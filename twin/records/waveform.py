"""waveform, aai and aao: arrays, and text longer than a string record holds."""

import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from beamtwin.orchestration.errors import PutError
from beamtwin.twin.clock import SimClock
from beamtwin.twin.dbcommon import COMMON
from beamtwin.twin.field import Field, each, menu, real, short, string, unsigned
from beamtwin.twin.link import Link
from beamtwin.twin.menus import TYPES
from beamtwin.twin.record import LOG, VALUE
from beamtwin.twin.records import soft
from beamtwin.twin.records.value import OnPut, ValueRecord

__all__ = ["AaiRecord", "AaoRecord", "TextRecord", "WaveformRecord"]

#: EPICS's element types, as numpy names them.
DTYPES = dict(
    zip(
        TYPES,
        ("|S40", "|i1", "|u1", "<i2", "<u2", "<i4", "<u4", "<i8", "<u8", "<f4", "<f8", "<u2"),
        strict=True,
    )
)

#: As what texts are kept: numpy's bytes are no text.
TEXT = "<U40"

ARRAY: Mapping[str, Field] = {
    **COMMON,
    "VAL": Field("<f8", None, units="EGU", is_array=True, pp=True),
    "EGU": string(size=15, prop=True),
    "PREC": short(prop=True),
    **each("HOPR LOPR", real(prop=True)),
    "NELM": unsigned(1.0, writable=False),
    "NORD": unsigned(writable=False),
    "FTVL": menu(*TYPES, writable=False),
    **each("MPST APST", menu("Always", "On Change")),
    "HASH": unsigned(),
}


#: Fields with limits of their own.
COUNTED = ("NORD", "BUSY")


class ArrayRecord(ValueRecord):
    """An array of numbers or texts; every array is news, unless MPST and APST say On Change.

    Parameters
    ----------
    dtype : str
        Of the elements, as numpy names it; FTVL says the same in EPICS's words.
    count : int
        The most elements it holds (NELM).

    Notes
    -----
    An array that a model posts is not copied: nobody may write to it again.
    """

    array_type = "FTVL"
    displayed = controlled = ("VAL", *COUNTED)

    def __init__(
        self,
        clock: SimClock,
        name: str,
        dtype: str | None = None,
        count: int | None = None,
        on_put: OnPut | None = None,
        **field_values: Any,
    ):
        element = _element(name, field_values.pop("FTVL", None), dtype)
        count = max(1, int(float(field_values.pop("NELM", 1) if count is None else count)))
        value = self.fields["VAL"]._replace(dtype=element, nelm=count)
        self.fields = {**self.fields, "VAL": value}
        given = {"VAL": (), "NELM": count, "FTVL": _type_of(element), **field_values}
        super().__init__(clock, name, on_put, **given)

    def settle_in(self) -> None:
        """Have NORD agree with the value."""
        self.values["NORD"] = float(len(self.values["VAL"]))

    def show(self, value: Any) -> None:
        """Have an array, and tell; see `ValueRecord.show`."""
        array = self._array(value)
        self._set_length(array)
        super().show(array)

    def store(self, field: str, value: Any) -> None:
        """Keep what has been written; see `Record.store`."""
        super().store(field, value)
        if field == "VAL":
            self._set_length(value)

    def news(self) -> int:
        """What MPST and APST say."""
        values = self.values
        on_change = (VALUE if values["MPST"] else 0) | (LOG if values["APST"] else 0)
        events = (VALUE | LOG) & ~on_change
        if on_change:
            digest = float(zlib.crc32(values["VAL"].tobytes()))
            if digest != values["HASH"]:
                values["HASH"] = digest
                self.notify("HASH", VALUE)
                events = VALUE | LOG
        return events

    def convert(self, field: str, value: Any) -> Any:
        """A client's value as the field holds it; arrays are copied."""
        return self._array(value, copy=True) if field == "VAL" else super().convert(field, value)

    def limits(self, field: str) -> tuple[float, float] | None:
        """Control limits: HOPR and LOPR, where they differ; how many elements there can be."""
        values = self.values
        if field in COUNTED:
            return (0.0, values["NELM"] if field == "NORD" else 1.0)
        low, high = values["LOPR"], values["HOPR"]
        return (low, high) if field == "VAL" and low < high else None

    def ranges(self, field: str) -> dict[str, Any]:
        """Display limits, which are the control limits."""
        return {"display_limits": self.limits(field)}

    def _take(self, value: Any) -> None:
        self.values["VAL"] = array = self._array(value)
        self._set_length(array)
        self.values["UDF"] = 0

    def _set_length(self, array: np.ndarray) -> None:
        length = float(len(array))
        if self.values["NORD"] != length:
            self.values["NORD"] = length
            self.notify("NORD", VALUE | LOG)

    def _array(self, value: Any, copy: bool | None = None) -> np.ndarray:
        spec = self.fields["VAL"]
        try:
            dtype = TEXT if spec.dtype == "|S40" else spec.dtype
            array = np.array(value, dtype=dtype, copy=copy).reshape(-1)
        except (TypeError, ValueError, OverflowError) as error:
            raise PutError(f"{self.name}: array refused: {error}") from error
        if array.size > spec.nelm:
            raise PutError(
                f"{self.name}: array refused: {array.size} elements are more than {spec.nelm} (NELM)"
            )
        array.flags.writeable = False
        return array


class WaveformRecord(ArrayRecord):
    """An array, read."""

    record_type = "waveform"
    fields: Mapping[str, Field] = {
        **ARRAY,
        **soft.INPUT,
        **soft.simulation("INLINK", has_raw=False),
        "SDLY": real(-1.0, units=""),
        "RARM": short(pp=True),
        "BUSY": short(writable=False),
    }
    constants: Mapping[str, str] = {"INP": "VAL"}

    def fetch(self) -> None:
        """Read INP."""
        self.values["UDF"] = 0
        source = self.links.get("SIOL" if self.values["SIMM"] else "INP")
        if source is not None and (array := source.array()) is not None:
            self._take(array[: self.fields["VAL"].nelm])


#: What waveform records have of the digitizers that they were made for.
OF_DIGITIZERS = ("RARM", "BUSY")


class AaiRecord(WaveformRecord):
    """An array of analogue values, read."""

    record_type = "aai"
    fields: Mapping[str, Field] = {
        **{
            name: field
            for name, field in WaveformRecord.fields.items()
            if name not in OF_DIGITIZERS
        },
        "NELM": unsigned(1.0, writable=False, prop=True),
    }


class AaoRecord(ArrayRecord):
    """An array of analogue values, written."""

    record_type = "aao"
    fields: Mapping[str, Field] = {
        **ARRAY,
        "NELM": unsigned(1.0, writable=False, prop=True),
        **{name: field for name, field in soft.OUTPUT.items() if name != "IVOA"},
        **soft.simulation("OUTLINK", has_raw=False),
        "SDLY": real(-1.0, units=""),
    }
    constants: Mapping[str, str] = {"DOL": "VAL"}

    def fetch(self) -> None:
        """Read DOL, in a closed loop."""
        self.values["UDF"] = 0
        wanted = soft.fetch_output(self, Link.array)
        if wanted is not None:
            self._take(wanted[: self.fields["VAL"].nelm])

    def emit(self) -> bool:
        """Write OUT."""
        target = self.links.get("SIOL" if self.values["SIMM"] else "OUT")
        if target is not None:
            target.put(self.values["VAL"])
        return not self.values["SIMM"]


class TextRecord(WaveformRecord):
    """Long text as areaDetector's FilePath has it: a waveform of bytes, the last of them zero.

    >>> clock = SimClock(epoch=0.0)
    >>> path = TextRecord(clock, "HDF1:FilePath")
    >>> path.put("VAL", "/data/2018/")
    >>> path.text
    '/data/2018/'
    """

    def __init__(
        self,
        clock: SimClock,
        name: str,
        count: int = 256,
        on_put: OnPut | None = None,
        **field_values: Any,
    ):
        super().__init__(clock, name, "|u1", count, on_put, **field_values)

    @property
    def text(self) -> str:
        """What it says."""
        return self.values["VAL"].tobytes().split(b"\0")[0].decode(errors="replace")

    def say(self, text: str) -> None:
        """Post a text, cut where it is too long."""
        self.post("VAL", text.encode()[: self.fields["VAL"].nelm - 1])

    def _array(self, value: Any, copy: bool | None = None) -> np.ndarray:
        if isinstance(value, str):
            value = value.encode()
        if isinstance(value, bytes):
            value = np.frombuffer(value + b"\0", dtype="|u1")
        return super()._array(value, copy)


def _element(name: str, epics_type: Any, dtype: str | None) -> str:
    """The elements' type, from EPICS's name of it or its index, or numpy's; EPICS's default is STRING."""
    if epics_type is None:
        return np.dtype("<f8" if dtype is None else dtype).str
    if isinstance(epics_type, int):
        return DTYPES[TYPES[epics_type]]
    if epics_type not in DTYPES:
        raise PutError(f"{name}.FTVL: {epics_type!r} is none of {', '.join(DTYPES)}")
    return DTYPES[epics_type]


def _type_of(dtype: str) -> str:
    """EPICS's name of a type, or of the one that comes closest: it has no bool, and no long text."""
    names = {numpy_name: name for name, numpy_name in reversed(DTYPES.items())}
    return names.get(dtype, "UCHAR" if dtype in ("|b1",) else "STRING")
