"""MotorRecord: what a client sees of an axis, as measured on a real motor record.

* A move posts DMOV=0, VAL, MOVN=1, RBV..., RBV=target, MOVN=0, DMOV=1; then its put completes.
* A move to where it is, or beyond a soft limit (LVIO=1, VAL as it was), posts DMOV=0 and 1 and succeeds.
* A put that asks for motion while there is some waits for its end, and then has its own.
* STOP slows down; VAL becomes RBV, and the puts that waited for the motion succeed.
"""

import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from beamtwin.hardware.channel import Reading
from beamtwin.orchestration.errors import PutError
from beamtwin.orchestration.status import Status
from beamtwin.twin.clock import SimClock
from beamtwin.twin.record import Record, Write
from beamtwin.twin.records.motor import fields as table
from beamtwin.twin.records.motor import plan
from beamtwin.twin.records.motor.axis import Axis
from beamtwin.twin.records.motor.encoder import Encoder
from beamtwin.twin.records.motor.motion import Motion
from beamtwin.twin.records.motor.setup import SETUP, calibrate, dial_of, sign_of, take_up, user_of
from beamtwin.twin.records.motor.turns import Turns

__all__ = ["MotorRecord"]

#: Begins a motion; whether there is any.
Action = Callable[[Any, float], bool]


class MotorRecord(Record):
    """An axis with a motor.

    Parameters
    ----------
    switches : (float, float)
        Dial positions of the limit switches: no motion goes beyond.
    home : float
        Dial position of the home switch.
    **field_values
        ``VAL`` or ``DVAL`` is where it stands at first. Of ``BVEL``, ``HVEL`` and ``JVEL``, those not
        given are VELO; ``JAR`` is VELO/ACCL.

    Attributes
    ----------
    axis : beamtwin.twin.records.motor.axis.Axis
        The stage and its controller.
    """

    record_type = "motor"
    fields = table.FIELDS
    alarmed = ("VAL", "RBV", "SEVR", "STAT")

    def __init__(
        self,
        clock: SimClock,
        name: str,
        switches: tuple[float, float] = (-math.inf, math.inf),
        home: float = 0.0,
        **field_values: Any,
    ):
        super().__init__(clock, name, **field_values)
        take_up(self, field_values)
        self.axis = Axis(clock, self.values["DVAL"], self._update, self._is_watched, switches, home)
        self._encoder = Encoder(self, self.axis)
        self._turns = Turns(clock, f"{name}: motion", lambda: bool(self.values["DMOV"]))
        self._encoder.report(self.axis.position)
        self._encoder.post_status()

    @property
    def position(self) -> float:
        """Where the stage is now, mid-move too: the dial's exact value, in EGU.

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
        if field in table.MEASURED and self.axis.moving:
            self._encoder.report(self.axis.position)
        return super().read(field)

    def subscribe(self, field: str, callback: Callable[[Reading], object]) -> Callable[[], None]:
        """Monitor a field; a moving axis tells where it is ten times a second."""
        end = super().subscribe(field, callback)
        if field in table.MEASURED:
            self.axis.attend()
        return end

    def limits(self, field: str) -> tuple[float, float] | None:
        """Control limits: the soft limits; of VELO its range; None where there are none."""
        low, high = (self.values[name] for name in table.LIMITS.get(field, ("HLM", "HLM")))
        return (low, high) if low < high else None

    # --- what clients ask for

    def _ask(self, action: Action, value: float) -> Status | None:
        """Ask for a motion; the status is done at its end."""
        if not math.isfinite(value):
            raise PutError(f"{self.name}: {value!r} refused: it is no position")
        return self._turns.ask(partial(self._begin, action, value))

    def _begin(self, action: Action, value: float) -> bool:
        self.post("DMOV", 0)
        moves = action(self, value)
        if not moves:
            self.post("DMOV", 1)
        return moves

    def _move_user(self, value: float) -> bool:
        return self._move(dial_of(self, value), value)

    def _move_dial(self, value: float) -> bool:
        return self._move(value, user_of(self, value))

    def _move_by(self, distance: float) -> bool:
        return self._move_user(self.values["VAL"] + distance)

    def _move(self, dial: float, user: float) -> bool:
        beyond = plan.is_beyond(self.values, dial)
        self.post("LVIO", int(beyond))
        if beyond:
            self.notify("VAL")
            return False
        self.post("VAL", user)
        self.post("DVAL", dial)
        return self.values["SPMG"] <= table.PAUSE or self._set_out()

    def _jog(self, sign: float) -> bool:
        button = "JOGF" if sign > 0 else "JOGR"
        self.post(button, 1)
        too_far = plan.jogs_too_far(self.values)
        self.post("LVIO", int(too_far))
        if too_far or self.values["SPMG"] <= table.PAUSE:
            self.post(button, 0)
            return False
        end = self.axis.high if sign * sign_of(self) > 0 else self.axis.low
        self._start(plan.jog(self.values, self.axis, end), self._halt)
        return True

    def _home(self, sign: float) -> bool:
        if self.values["SPMG"] <= table.PAUSE:
            return False
        self.post("HOMF" if sign > 0 else "HOMR", 1)
        self.post("LVIO", 0)
        self._start(plan.search(self.values, self.axis), self._halt)
        return True

    def _set_out(self) -> bool:
        """Start for DVAL, unless it is there."""
        axis, values = self.axis, self.values
        target = self._encoder.position_of(values["DVAL"])
        if abs(target - axis.position) < 0.5 * values["MRES"]:
            return False
        within = min(max(target, axis.low), axis.high)
        path = plan.path(values, axis, within)
        self._start(path, self._arrive if within == target else self._halt)
        return True

    def _start(self, path: Motion, at_end: Callable[[], None]) -> None:
        self.post("TDIR", int(path.target > self.axis.position))
        self.post("MOVN", 1)
        self._encoder.post_status()
        self.axis.start(path, at_end)

    def _is_watched(self) -> bool:
        values = self.values
        return bool(
            values["JOGF"] or values["JOGR"] or not table.MEASURED.isdisjoint(self.monitors)
        )

    def _update(self, position: float) -> None:
        self._encoder.report(position)
        if (self.values["JOGF"] or self.values["JOGR"]) and plan.jogs_too_far(self.values):
            self.post("LVIO", 1)
            self._stop()

    def _arrive(self) -> None:
        """Tell those who wait, and let the next in the queue have its motion."""
        self.post("MOVN", 0)
        if self.values["SPMG"] == table.MOVE:
            self.post("SPMG", table.PAUSE)
        self.post("DMOV", 1)
        self._encoder.post_status()
        self._turns.end()

    def _halt(self) -> None:
        """The end of a motion cut short: where it is, is where it was to go."""
        for button in table.BUTTONS:
            self.post(button, 0)
        self._synchronise()
        self._arrive()

    def _hold(self) -> None:
        """The end of a motion that pauses: DVAL is still to be reached."""
        self.post("MOVN", 0)

    def _resume(self) -> None:
        if not self._set_out():
            self._arrive()

    def _synchronise(self) -> None:
        self.post("VAL", self.values["RBV"])
        self.post("DVAL", self.values["DRBV"])

    def _stop(self) -> None:
        if self.axis.moving:
            self._brake(self._halt)
        else:
            self._halt()

    def _pause(self) -> None:
        if any(self.values[button] for button in table.BUTTONS):
            self._stop()
        elif self.axis.moving:
            self._brake(self._hold)

    def _go(self) -> None:
        if not self.axis.moving:
            self._resume()
        elif self.axis.at_end == self._hold:
            self.axis.at_end = self._resume

    def _brake(self, at_end: Callable[[], None]) -> None:
        self.axis.brake(plan.deceleration(self.values), at_end)

    def _stopped(self) -> Status | None:
        """Stop; the status is done at the standstill."""
        if self.values["DMOV"]:
            return None
        completion = self._turns.join()
        self._stop()
        return completion

    # --- what writing a field does

    def _write_position(self, field: str, value: float) -> Status | None:
        if self.values["SET"]:
            self._encoder.shift += calibrate(self, field, value)
            return None
        return self._ask(self._positions[field], value)

    def _write_tweak(self, field: str, value: int) -> Status | None:
        step = self.values["TWV"] if field == "TWF" else -self.values["TWV"]
        return self._ask(MotorRecord._move_by, step) if value else None

    def _write_button(self, field: str, value: int) -> Status | None:
        if not value:
            return self._release(field)
        if field.startswith("HOM"):
            return self._ask(MotorRecord._home, table.BUTTONS[field])
        # Like the real record, which does not remember a jog that it cannot begin.
        return self._ask(MotorRecord._jog, table.BUTTONS[field]) if self.values["DMOV"] else None

    def _release(self, button: str) -> Status | None:
        if not self.values[button]:
            return None
        self.post(button, 0)
        return self._stopped()

    def _write_stop(self, field: str, value: int) -> Status | None:
        if not value:
            return None
        self.post("STOP", 1)
        self.post("STOP", 0)
        return self._stopped()

    def _write_spmg(self, field: str, value: int) -> None:
        self.post("SPMG", value)
        if not self.values["DMOV"]:
            (self._stop, self._pause, self._go, self._go)[value]()

    def _write_sync(self, field: str, value: int) -> None:
        if value and self.values["DMOV"]:
            self._synchronise()

    _positions: Mapping[str, Action] = {"VAL": _move_user, "DVAL": _move_dial, "RLV": _move_by}

    writes: Mapping[str, Write] = {
        **SETUP,
        **dict.fromkeys(("VAL", "DVAL", "RLV"), _write_position),
        **dict.fromkeys(("TWF", "TWR"), _write_tweak),
        **dict.fromkeys(table.BUTTONS, _write_button),
        "STOP": _write_stop,
        "SPMG": _write_spmg,
        "SYNC": _write_sync,
    }
