"""waveform: arrays, and text longer than a string record holds."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from beamtwin.orchestration.errors import PutError
from beamtwin.twin.clock import SimClock
from beamtwin.twin.record import Field, Record, integer, short, string
from beamtwin.twin.records.value import OnPut, ValueRecord

__all__ = ["TextRecord", "WaveformRecord"]


class WaveformRecord(ValueRecord):
    """An array of numbers; every array posted is news.

    Parameters
    ----------
    dtype : str
        Of the elements, as numpy names it.
    count : int
        The most elements it holds (NELM).

    Notes
    -----
    An array that a model posts is not copied: nobody may write to it again.
    """

    record_type = "waveform"
    fields: Mapping[str, Field] = {
        **Record.fields,
        "VAL": Field("<f8", None, units="EGU", is_array=True),
        "EGU": string(),
        "PREC": short(),
        "NELM": integer(writable=False),
        "NORD": integer(writable=False),
    }

    def __init__(
        self,
        clock: SimClock,
        name: str,
        dtype: str = "<f8",
        count: int = 1,
        on_put: OnPut | None = None,
        **field_values: Any,
    ):
        value = self.fields["VAL"]._replace(dtype=np.dtype(dtype).str, nelm=count)
        self.fields = {**self.fields, "VAL": value}
        field_values = {"VAL": (), "NELM": count, **field_values}
        super().__init__(clock, name, on_put, **field_values)
        self.values["NORD"] = len(self.values["VAL"])

    def is_news(self, value: np.ndarray) -> bool:
        """Always, as with MPST=Always."""
        return True

    def post(self, field: str, value: Any) -> None:
        """Store the record's own new value; see `Record.post`."""
        if field == "VAL":
            value = self._array(value)
            super().post("NORD", len(value))
        super().post(field, value)

    def convert(self, field: str, value: Any) -> Any:
        """A client's value as the field holds it; arrays are copied."""
        return self._array(value, copy=True) if field == "VAL" else super().convert(field, value)

    def _array(self, value: Any, copy: bool | None = None) -> np.ndarray:
        spec = self.fields["VAL"]
        try:
            array = np.array(value, dtype=spec.dtype, copy=copy).reshape(-1)
        except (TypeError, ValueError, OverflowError) as error:
            raise PutError(f"{self.name}: array refused: {error}") from error
        if array.size > spec.nelm:
            raise PutError(
                f"{self.name}: array refused: {array.size} elements are more than {spec.nelm} (NELM)"
            )
        array.flags.writeable = False
        return array


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
