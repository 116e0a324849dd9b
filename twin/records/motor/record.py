"""MotorRecord: what a client sees of an axis, as motorRecord.cc (R7-4) has it.

* A move posts DMOV=0, VAL, MOVN=1, RBV..., RBV=target, MOVN=0, DMOV=1; then its put completes.
* A move to where it is, or beyond a soft limit (LVIO=1, VAL as it was), posts DMOV=0 and 1 and succeeds.
* A put with completion waits until those before it have completed (`put`); one without acts at once (`send`).
* STOP slows down; VAL becomes RBV, and the put that waited for the motion succeeds.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

import simpy

from beamtwin.hardware.channel import Reading
from beamtwin.orchestration.errors import PutError
from beamtwin.orchestration.status import Status
from beamtwin.twin.clock import SimClock
from beamtwin.twin.record import ALARM, NEWS, VALUE
from beamtwin.twin.records.motor import express
from beamtwin.twin.records.motor.axis import Axis
from beamtwin.twin.records.motor.bits import Mip
from beamtwin.twin.records.motor.buttons import BUTTONS
from beamtwin.twin.records.motor.controller import synchronise
from beamtwin.twin.records.motor.coordinates import COORDINATES
from beamtwin.twin.records.motor.fields import ADJUSTED, LIMITS, TRAVELLING
from beamtwin.twin.records.motor.initial import take_up
from beamtwin.twin.records.motor.mechanics import Encoder, Mechanics
from beamtwin.twin.records.motor.motion import Ramp
from beamtwin.twin.records.motor.process import alarm, process
from beamtwin.twin.records.motor.speeds import SPEEDS
from beamtwin.twin.records.motor.state import MotorState, Stup
from beamtwin.twin.records.motor.turns import Turns
from beamtwin.twin.unlimited import Unlimited

__all__ = ["MotorRecord"]

#: What writing a field does before the record processes.
SPECIAL: Mapping[str, Callable[[MotorState, str], None]] = {**COORDINATES, **SPEEDS, **BUTTONS}

#: Fields with alarm limits.
TARGETS = ("VAL", "DVAL")

NEVER_ZERO = frozenset(("MRES", "UREV"))


class MotorRecord(MotorState):
    """An axis with a motor.

    Parameters
    ----------
    switches : (float, float)
        Dial positions of the limit switches: no motion goes beyond.
    home : float
        Dial position of the home switch.
    mechanics : Mechanics, optional
        Between the motor and its load.
    encoder : Encoder, optional
        Reads the load; used where UEIP says so.
    **field_values
        ``VAL`` or ``DVAL`` is where it stands at first. ``BVEL`` and ``JVEL`` are VELO where they are not given,
        ``HVEL`` is VBAS or, where that is 0, VELO; ``JAR`` is VELO/ACCL.
    """

    def __init__(
        self,
        clock: SimClock,
        name: str,
        switches: tuple[float, float] = (-math.inf, math.inf),
        home: float = 0.0,
        mechanics: Mechanics | None = None,
        encoder: Encoder | None = None,
        **field_values: Any,
    ):
        super().__init__(clock, name, **field_values)
        self._turns = Turns(clock, f"{name}: motion", self.accept)
        self._delay: simpy.Event | None = None
        self._ramp: Ramp | None = None
        self._ramp_is_known = self._is_plain = False
        take_up(self, field_values)
        self.axis = Axis(
            clock,
            self.values["DVAL"],
            self.values["MRES"],
            self._poll,
            self._is_watched,
            switches=switches,
            home=home,
            mechanics=mechanics,
            encoder=encoder,
        )
        if encoder is not None and "ERES" not in field_values:
            self.values["ERES"] = encoder.step
        if self.values["UEIP"]:
            SPECIAL["UEIP"](self, "UEIP")
        self._begin_at_rest()

    @property
    def position(self) -> float:
        """Where the load is now, mid-move too: the dial's exact value, in EGU.

        It is the dial as it was when the record was made: calibrating it anew moves nothing.
        """
        return self.axis.position

    @property
    def stuck(self) -> bool:
        """A fault, for tests: the axis moves no more, and nobody is told."""
        return self.axis.stuck

    @stuck.setter
    def stuck(self, value: bool) -> None:
        self.axis.stuck = value

    def read(self, field: str = "VAL") -> Reading:
        """What a field holds now; of a moving axis, where it is now."""
        if self.axis.live and field in ADJUSTED:
            self._poll()
        return super().read(field)

    def subscribe(
        self, field: str, callback: Callable[[Reading], object], events: int = NEWS
    ) -> Callable[[], None]:
        """Monitor a field; a moving axis tells where it is ten times a second."""
        end = super().subscribe(field, callback, events)
        if field in ADJUSTED:
            self.axis.attend()
        return end

    def limits(self, field: str) -> tuple[float, float] | None:
        """Control limits: the soft limits; of VELO its range; None where there are none."""
        return self._between(*LIMITS[field]) if field in LIMITS else None

    def _between(self, lowest: str, highest: str) -> tuple[float, float] | None:
        low, high = self.values[lowest], self.values[highest]
        return (low, high) if low < high else None

    def ranges(self, field: str) -> dict[str, Any]:
        """Display limits, which are the control limits; alarm limits of the target, which raise no alarm."""
        ranges: dict[str, Any] = {"display_limits": self.limits(field)}
        if field in TARGETS:
            ranges["alarm_limits"] = self._between("LOLO", "HIHI")
            ranges["warning_limits"] = self._between("LOW", "HIGH")
        return ranges

    def unlimited(self, field: str) -> Unlimited:
        """See `Described.unlimited`: alarm limits of the target are 0 where there are none."""
        unlimited = super().unlimited(field)
        return unlimited._replace(alarm=0.0) if field in TARGETS else unlimited

    # --- what clients write

    def put(self, field: str, value: Any) -> Status | None:
        """Write a field; the status is done when the motion is that this begins, or takes part in.

        As with any EPICS record, a put waits for its turn until those before it have completed.
        """
        ahead = self._ahead
        idle = not self._turns.at_work and (ahead is None or ahead.done)
        if idle and field == "VAL" and type(value) is float and self._set_out(value):
            self._ahead = self._turns.join()
            return self._ahead
        return super().put(field, value)

    def accept(self, field: str, value: Any, process: bool) -> Status | None:
        """Take what a client or a link has written: what EPICS does on any put, ``dbPut``; see `Record.accept`.

        While the record is at work, it is taken when that is done.
        """
        if self._turns.at_work:
            return self._turns.defer(field, value, process)
        self._refuse(field, value)
        return self._turns.do(self._write, field, value, process)

    def _refuse(self, field: str, value: Any) -> None:
        values = self.values
        if field in ("HOMF", "HOMR") and values["MIP"] & Mip.HOME:
            raise PutError(f"{self.name}.{field}: refused: it searches for home already")
        if field == "STUP" and values["STUP"] != Stup.OFF:
            raise PutError(f"{self.name}.STUP: refused: its status is being asked for already")
        if isinstance(value, float) and not math.isfinite(value):
            raise PutError(f"{self.name}.{field}: {value!r} refused: it is not finite")
        if field in NEVER_ZERO and not value:
            raise PutError(f"{self.name}.{field}: 0 refused: a step has a length")

    def _write(self, field: str, value: Any, process: bool) -> Status | None:
        self._ramp_is_known = self._is_plain = False
        if field in TRAVELLING and self.values["DISA"] != self.values["DISV"]:
            self.post("DMOV", 0)
        self.values[field] = value
        special = SPECIAL.get(field)
        if special is not None:
            special(self, field)
        self.store(field, self.values[field])
        # The controller of a motor that moves is polled soon, watched or not.
        polled = process and self.values["MOVN"]
        status = self.process() if process else None
        if polled or self.answers:
            self._process(answered=True)
        return status

    # --- processing

    def process(self) -> Status | None:
        """Process the record, as a client or a link asks for; see `Record.process`."""
        if self._turns.at_work:
            return self.run(_nothing, self._work)
        return self._turns.do(self.run, _nothing, self._work)

    def _work(self) -> Status | None:
        self._process(answered=False)
        return None if self.values["DMOV"] else self._turns.join()

    def _set_out(self, value: float) -> bool:
        """Begin a plain move, if this is one; see `express`."""
        if not self._ramp_is_known:
            self._ramp = express.plain_ramp(self)
            self._ramp_is_known = True
        if self._ramp is None:
            return False
        if self._has_listeners():
            self._is_plain = self._turns.do(express.begin, self, value, self._ramp, True)
        else:
            self._is_plain = express.begin(self, value, self._ramp, told=False)
        return self._is_plain

    def _has_listeners(self) -> bool:
        """Whether a plain move tells anybody anything, who could write something meanwhile."""
        return not self.monitors.keys().isdisjoint(express.TOLD)

    def _poll(self) -> None:
        """The controller says something."""
        if self._turns.at_work:
            return
        if not self._is_plain or self.axis.moving or not self.axis.sound:
            self._turns.do(self._process, True)
        elif self._has_listeners():
            self._turns.do(self._arrive)
        else:
            self._is_plain = False
            express.end(self, told=False)
            self._turns.complete()

    def _arrive(self) -> None:
        self._is_plain = False
        self._turns.over = True
        express.end(self, told=True)

    def _process(self, answered: bool) -> None:
        """What the record does, and again while that has the controller say something."""
        self._is_plain = self._ramp_is_known = False
        while True:
            self.answers = False
            process(self, answered)
            if self.settles:
                self._process_later()
            self._tell()
            self._turns.over = self._turns.over or bool(self.values["DMOV"])
            if not self.answers:
                return
            answered = True

    def _tell(self) -> None:
        """The end of processing: time, alarm, monitors."""
        values = self.values
        self.timestamp = self.clock.time()
        self.alarm_at_least(*alarm(self))
        changed = self.raise_alarm(values["NSEV"], values["NSTA"])
        values["NSEV"] = values["NSTA"] = 0
        if changed:
            self.notify("SEVR", VALUE)
            self.notify("STAT", VALUE | ALARM)
        self.post_marked(changed)

    def _process_later(self) -> None:
        """Process again when the readback has had DLY seconds to settle."""
        self.settles = False
        self._delay = self.clock.env.timeout(max(0.0, self.values["DLY"]))
        self._delay.callbacks.append(self._settled)

    def _settled(self, event: simpy.Event) -> None:
        mip = self.values["MIP"]
        if event is self._delay and mip & Mip.DELAY_REQ:  # else it moves again
            self.values["MIP"] = mip & ~Mip.DELAY_REQ | Mip.DELAY_ACK
            self._turns.do(self._process, True)

    def _is_watched(self) -> bool:
        values = self.values
        jogs = values["MIP"] & Mip.JOG and not self.is_unlimited
        return bool(jogs or not ADJUSTED.isdisjoint(self.monitors))

    # --- at rest

    def _begin_at_rest(self) -> None:
        values = self.values
        target = values["VAL"]
        synchronise(self)
        if values["OMSL"]:  # whose target it is, is somebody else's business
            values["VAL"] = values["LVAL"] = target
        beyond = not values["DLLM"] <= values["DRBV"] <= values["DHLM"]
        values["LVIO"] = int(beyond and not self.is_unlimited)
        self._tell()

    @property
    def under_way(self) -> str:
        """Where it goes; nothing at rest."""
        values = self.values
        if values["DMOV"] and not self.axis.moving:
            return ""
        return f"it is on its way to {values['VAL']:g} {values['EGU']}".rstrip()

    def state(self) -> dict[str, Any]:
        """What is needed to restore it at rest; see `Record.state`."""
        return {**super().state(), "axis": self.axis.state()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Let it stand where it stood, and tell monitors; puts under way fail."""
        error = PutError(f"{self.name}: restored to an earlier state during the put")
        queue, self._queue = self._queue or (), None
        for *_, put in queue:
            put.set_exception(error)
        self._turns.fail(error)
        self.axis.restore(state["axis"])
        self._ramp_is_known = self._is_plain = False
        super().restore(state)


def _nothing() -> None:
    """What there is to do before the record does its work."""
