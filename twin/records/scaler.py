"""scaler: counters that are gated by a clock of their own, in channel 1."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import simpy

from beamtwin.hardware.channel import SEVERITIES
from beamtwin.orchestration.errors import PutError
from beamtwin.orchestration.status import Status
from beamtwin.twin.clock import SimClock
from beamtwin.twin.record import (
    STATUSES,
    Field,
    Record,
    Write,
    menu,
    real,
    short,
    string,
    unsigned,
)

__all__ = ["Counts", "ScalerRecord"]

CHANNELS = range(1, 33)
FAILED = (SEVERITIES.index("INVALID"), STATUSES.index("READ"))

#: What channels 2, 3, ... count in a time, in s, that ends now.
Counts = Callable[[float], Sequence[float]]


class ScalerRecord(Record):
    """A scaler; CNT=1 counts for TP seconds, and that put completes at the end.

    Parameters
    ----------
    counts : callable
        ``counts(duration_s)`` is called at the end of each count for what S2, S3, ... are then.
        S1 counts the clock, as in EPICS: FREQ times the duration.
    """

    record_type = "scaler"
    fields: Mapping[str, Field] = {
        **Record.fields,
        "VAL": real(0.0, "sec"),
        "CNT": menu("Done", "Count"),
        "CONT": menu("OneShot", "AutoCount"),
        "TP": real(1.0, "sec"),
        "T": real(0.0, "sec", writable=False),
        "DLY": real(0.0, "sec"),
        "FREQ": real(1e7, "Hz"),
        **{name: real(0.0, "Hz") for name in ("RATE", "RAT1")},
        "TP1": real(1.0, "sec"),
        "DLY1": real(0.0, "sec"),
        "EGU": string(),
        "PREC": short(3),
        "NCH": short(len(CHANNELS), writable=False),
        "PR1": unsigned(1e7),
        **{f"PR{n}": unsigned() for n in CHANNELS[1:]},
        "G1": menu("N", "Y", default=1),
        **{f"G{n}": menu("N", "Y") for n in CHANNELS[1:]},
        **{f"S{n}": unsigned(writable=False) for n in CHANNELS},
        **{f"NM{n}": string() for n in CHANNELS},
    }

    def __init__(self, clock: SimClock, name: str, counts: Counts, **field_values: Any):
        super().__init__(clock, name, **field_values)
        self._counts = counts
        self._completion: Status | None = None
        self._began = self._duration = 0.0
        self._set_preset("TP", self.values["TP"])

    def _count(self, field: str, value: int) -> Status | None:
        if value and self._completion is None:
            self._start()
        elif not value and self._completion is not None:
            self._finish(min(max(0.0, self.clock.env.now - self._began), self._duration))
        return self._completion

    def _start(self) -> None:
        env = self.clock.env
        delay, self._duration = max(0.0, self.values["DLY"]), self.values["TP"]
        self._began = env.now + delay
        self._completion = Status(self.clock, name=f"{self.name}: count")
        self.post("CNT", 1)
        env.timeout(delay + self._duration, self._completion).callbacks.append(self._elapsed)

    def _elapsed(self, event: simpy.Event) -> None:
        if event.value is self._completion:  # else it has been stopped since
            self._finish(self._duration)

    def _finish(self, duration: float) -> None:
        """Read the counters, and let the put complete."""
        completion, self._completion = self._completion, None
        assert completion is not None
        error = self._read(duration)
        self.post("T", duration)
        self.post("VAL", duration)
        self.post("CNT", 0)
        if error is None:
            completion.set_finished()
        else:
            completion.set_exception(error)

    def _read(self, duration: float) -> PutError | None:
        try:
            counts = self._counts(duration)
        except Exception as cause:  # the fault of a model must not end the timeline
            self.set_alarm(*FAILED)
            error = PutError(f"{self.name}: nothing was counted: {cause!r}")
            error.__cause__ = cause
            return error
        self.set_alarm(0)
        self.post("S1", float(round(self.values["FREQ"] * duration)))
        for number, count in enumerate(counts, 2):
            self.post(f"S{number}", float(count))
        return None

    def _set_preset(self, field: str, value: float) -> None:
        """TP or PR1: the other agrees, and both are whole ticks of the clock."""
        frequency = self.values["FREQ"]
        ticks = round(value * frequency) if field == "TP" else round(value)
        if not ticks > 0:
            raise PutError(
                f"{self.name}.{field}: {value:g} refused: a tick of {1 / frequency:g} s is the least"
            )
        self.post("PR1", float(ticks))
        self.post("TP", ticks / frequency)

    def _set_frequency(self, field: str, value: float) -> None:
        if not value > 0:
            raise PutError(f"{self.name}.FREQ: {value:g} refused: more than 0 Hz is wanted")
        self.post("FREQ", value)
        self._set_preset("TP", self.values["TP"])

    def _keep(self, field: str, value: Any) -> None:
        """Refuse what the twin does not do."""
        if value != self.values[field]:
            raise PutError(
                f"{self.name}.{field}: {value!r} refused: the twin counts when CNT says so, for as long as"
                " channel 1 says, and tells what it has counted at the end"
            )

    writes: Mapping[str, Write] = {
        "CNT": _count,
        "FREQ": _set_frequency,
        **dict.fromkeys(("TP", "PR1"), _set_preset),
        **dict.fromkeys(("CONT", "RATE", "RAT1", "TP1", "DLY1", "G1"), _keep),
        **dict.fromkeys((f"{field}{n}" for field in ("PR", "G") for n in CHANNELS[1:]), _keep),
    }
