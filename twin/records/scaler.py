"""scaler: counters that are gated by a clock of their own, in channel 1."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from functools import partial
from typing import Any

import simpy

from beamtwin.hardware.channel import SEVERITIES, STATUSES
from beamtwin.orchestration.errors import PutError
from beamtwin.orchestration.status import Status, settle
from beamtwin.twin.clock import SimClock
from beamtwin.twin.processing import ProcessedRecord
from beamtwin.twin.record import Write
from beamtwin.twin.records.scaler_counting import NEVER, Counting
from beamtwin.twin.records.scaler_fields import (
    CHANNELS,
    FIELDS,
    SS_COUNTING,
    SS_IDLE,
    SS_WAITING,
    US_COUNTING,
    US_IDLE,
    US_WAITING,
)

__all__ = ["Counts", "ScalerRecord"]

#: The fields of what channels 2, 3, ... have counted.
COUNTS = tuple(f"S{n}" for n in CHANNELS[1:])

FAILED = (SEVERITIES.index("INVALID"), STATUSES.index("READ"))

#: What channels 2, 3, ... count in a time, in s, that ends now: at once, or when it has been computed.
Counts = Callable[[float], "Sequence[float] | Future[Sequence[float]]"]

#: After a count that a user has asked for, auto-count waits for so long, in s.
PAUSE_S = 10.0

#: The highest rate of updates that there is, in Hz.
HIGHEST_RATE_HZ = 60.0

#: The preset of a channel that is to end a count and does not say when.
LEAST_PRESET = 1000.0


class ScalerRecord(ProcessedRecord):
    """A scaler; CNT=1 counts until a preset is reached, and that put completes then.

    Parameters
    ----------
    counts : callable, optional
        ``counts(duration_s)`` is called at the end of each count, or part of one, for what S2, S3, ... have
        counted in that time. S1 counts the clock, as in EPICS: FREQ times the duration.
    """

    record_type = "scaler"
    fields = FIELDS

    def __init__(
        self, clock: SimClock, name: str, counts: Counts | None = None, **field_values: Any
    ):
        super().__init__(clock, name, **field_values)
        self._counts = counts or (lambda duration_s: ())
        self._completion: Status | None = None
        self._counting: Counting | None = None
        self._pending: Callable[[], None] | None = None
        self._gated: tuple[int, ...] = ()
        self._find_gates()
        self.values["PR1"] = float(round(self.values["TP"] * self.values["FREQ"]))
        if self.values["CONT"]:
            self._auto_count()

    # --- what clients ask for

    def _write_count(self, field: str, value: int) -> Status | None:
        if value and self._completion is None:
            self._ask()
        elif not value and self._completion is not None:
            self._stop()
        return self._completion

    def _ask(self) -> None:
        """Count for a client: after DLY seconds."""
        self._counting = self._pending = None
        self._completion = Status(self.clock, name=f"{self.name}: count")
        self.post("CNT", 1)
        if self.links:
            self._tell("COUTP")
        if self.values["DLY"] > 0.0:
            self._set_state(US_WAITING, SS_IDLE)
            self._later(self.values["DLY"], partial(self._begin, is_users=True))
        else:
            self._begin(is_users=True)

    def _stop(self) -> None:
        """Read what there is; nothing, where the count has not begun."""
        counting = self._counting
        self._tell("COUTP")
        if counting is None:
            self._pending = None
            self._end(None, None)
        elif not counting.is_read:
            self._look(counting, self.clock.env.now - counting.looked_at, is_last=True)

    def _write_continuous(self, field: str, value: int) -> None:
        self.post("CONT", value)
        if value and self.values["US"] == US_IDLE and self._counting is None:
            self._auto_count()

    def _auto_count(self, pause_s: float = 0.0) -> None:
        """Count when nobody asks for it."""
        pause_s = max(pause_s, self.values["DLY1"])
        if pause_s > 0.0:
            self._set_state(US_IDLE, SS_WAITING)
            self._later(pause_s, partial(self._begin, is_users=False))
        else:
            self._begin(is_users=False)

    # --- counting

    def _begin(self, is_users: bool) -> None:
        if not is_users and not self.values["CONT"]:
            self._set_state(US_IDLE, SS_IDLE)
            return
        self._counting = Counting(is_users, self.clock.env.now, self.values, self._gated)
        self._set_state(US_COUNTING if is_users else US_IDLE, SS_COUNTING)
        if is_users and self.links:
            self._tell("COUT")
        self._go_on(self._counting)

    def _find_gates(self) -> None:
        """Prepare the channels from 2 on that may end a count."""
        values = self.values
        self._gated = tuple(n for n in CHANNELS[1:] if values[f"G{n}"] and values[f"PR{n}"])

    def _go_on(self, counting: Counting) -> None:
        """Look again when a preset may have been reached, or an update is due; never, where there is neither."""
        duration_s = counting.next_look_s()
        if duration_s < NEVER:
            event = self.clock.env.timeout(duration_s, (counting, duration_s))
            assert event.callbacks is not None
            event.callbacks.append(self._elapsed)

    def _elapsed(self, event: simpy.Event) -> None:
        look: Any = event.value
        counting, duration_s = look
        if counting is self._counting and not counting.is_read:  # else it has been stopped since
            self._look(counting, duration_s)

    def _look(self, counting: Counting, duration_s: float, is_last: bool = False) -> None:
        """Read the counters, as soon as it is known what they have counted."""
        counting.is_read = True
        counting.looked_at = self.clock.env.now
        try:
            counts = self._counts(duration_s)
        except Exception as error:  # the fault of a model must not end the timeline
            self._end(counting, error)
            return
        if not isinstance(counts, Future):
            self._take(counting, duration_s, counts, is_last)
            return
        settled: Future[Any] = Future()  # never fails: simpy would end the timeline with that
        counts.add_done_callback(settled.set_result)
        event = self.clock.result(settled)
        assert event.callbacks is not None
        event.callbacks.append(lambda _: self._take_result(counting, duration_s, counts, is_last))

    def _take_result(
        self, counting: Counting, duration_s: float, counted: "Future[Sequence[float]]", last: bool
    ) -> None:
        error = counted.exception()
        if error is None:
            self._take(counting, duration_s, counted.result(), last)
        elif counting is self._counting:
            self._end(counting, error)

    def _take(
        self, counting: Counting, duration_s: float, counts: Sequence[float], is_last: bool
    ) -> None:
        counting.is_read = False
        if counting is not self._counting:  # a client's count has taken its place
            return
        counting.add(duration_s, counts)
        if is_last or counting.is_done():
            self._end(counting, None)
        else:
            self._show(counting, is_last=False)
            self._go_on(counting)

    def _show(self, counting: Counting, is_last: bool) -> None:
        if self.values["SEVR"]:
            self.set_alarm(0)
        ticks = float(round(self.values["FREQ"] * counting.counted_s))
        counts = zip(COUNTS, map(float, counting.totals), strict=False)  # of the channels in use
        news = [("S1", ticks), *counts, ("T", counting.counted_s)]
        if is_last:
            news.append(("VAL", counting.counted_s))
        self.post_all(news)

    def _end(self, counting: Counting | None, cause: BaseException | None) -> None:
        """Tell what was counted, and let the put complete."""
        self._counting = self._pending = None
        error = None if cause is None else self._fail(cause)
        if counting is not None and cause is None:
            self._show(counting, is_last=True)
        self._set_state(US_IDLE, SS_IDLE)
        is_users = self._completion is not None
        if is_users:
            self.post("CNT", 0)
        forwarded = self._tell_end(is_users) if self.links else None
        if is_users:
            self._complete(error, forwarded)
        if self.values["CONT"] and self.values["US"] == US_IDLE:
            self._auto_count(PAUSE_S if is_users else 0.0)

    def _tell_end(self, is_users: bool) -> Status | None:
        if is_users:
            self._tell("COUT")
            self._tell("COUTP")
        return self.forward()

    def _complete(self, error: PutError | None, forwarded: Status | None) -> None:
        completion, self._completion = self._completion, None
        assert completion is not None
        if error is not None:
            completion.set_exception(error)
        elif forwarded is None:
            completion.set_finished()
        else:
            forwarded.add_callback(partial(settle, completion))

    def _fail(self, cause: BaseException) -> PutError:
        self.set_alarm(*FAILED)
        error = PutError(f"{self.name}: nothing was counted: {cause!r}")
        error.__cause__ = cause
        return error

    def _later(self, delay_s: float, action: Callable[[], None]) -> None:
        """Do something later, unless something else is to be done by then."""

        def act() -> None:
            if self._pending is act:
                self._pending = None
                action()

        self._pending = act
        self.clock.after(delay_s, act)

    def _set_state(self, user: int, scaler: int) -> None:
        values = self.values
        values["US"], values["SS"] = user, scaler
        values["PCNT"] = int(user == US_COUNTING)

    def _tell(self, link: str) -> None:
        target = self.links.get(link)
        if target is not None:
            target.put(self.values["CNT"])

    # --- presets

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
        self.post("D1", 1)
        self.post("G1", 1)

    def _set_frequency(self, field: str, value: float) -> None:
        if not value > 0:
            raise PutError(f"{self.name}.FREQ: {value:g} refused: more than 0 Hz is wanted")
        self.post("FREQ", value)
        self._set_preset("TP", self.values["TP"])

    def _set_counts(self, field: str, value: float) -> None:
        """PR2, PR3, ...: a preset that is not 0 is meant."""
        self.post(field, value)
        if value:
            self.post(f"D{field[2:]}", 1)
            self.post(f"G{field[2:]}", 1)
        self._find_gates()

    def _set_gate(self, field: str, value: int) -> None:
        """G1, G2, ...: a channel that may end a count needs to know when."""
        self.post(field, value)
        preset = f"PR{field[1:]}"
        if value and not self.values[preset]:
            self.post(preset, LEAST_PRESET)
        self._find_gates()

    def _set_rate(self, field: str, value: float) -> None:
        self.post(field, min(max(value, 0.0), HIGHEST_RATE_HZ))

    writes: Mapping[str, Write] = {
        "CNT": _write_count,
        "CONT": _write_continuous,
        "FREQ": _set_frequency,
        "RATE": _set_rate,
        **dict.fromkeys(("TP", "PR1"), _set_preset),
        **dict.fromkeys((f"PR{n}" for n in CHANNELS[1:]), _set_counts),
        **dict.fromkeys((f"G{n}" for n in CHANNELS), _set_gate),
    }

    # --- snapshots

    @property
    def under_way(self) -> str:
        """What is being done, for messages; auto-count goes on by itself."""
        if self._completion is None:
            return super().under_way
        return f"counts for {self.values['TP']:g} s"

    def restore(self, state: Mapping[str, Any]) -> None:
        """See `Record.restore`; auto-count begins anew."""
        self._counting = self._pending = None
        super().restore(state)
        self._find_gates()
        self._set_state(US_IDLE, SS_IDLE)
        if self.values["CONT"]:
            self._auto_count()
