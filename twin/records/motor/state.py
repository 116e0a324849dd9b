"""MotorState: a motor record's fields, what monitors are to hear of, and the axis that they are about."""

from collections.abc import Mapping, Set
from typing import Any

from beamtwin.twin.clock import SimClock
from beamtwin.twin.processing import ProcessedRecord
from beamtwin.twin.record import ALARM, LOG, VALUE
from beamtwin.twin.records.motor.axis import Axis
from beamtwin.twin.records.motor.bits import Mip
from beamtwin.twin.records.motor.fields import FIELDS, LIMITS, POSTED

__all__ = ["MotorState", "Rmod", "Spmg", "Stup", "nearest"]


class Spmg:
    """What SPMG says: stay, and let that be the target; stay; go to VAL and pause there; go to VAL."""

    STOP, PAUSE, MOVE, GO = range(4)


class Stup:
    """What STUP says: nothing is asked of the controller, its status is to be, it has been."""

    OFF, ON, BUSY = range(3)


class Rmod:
    """What RMOD says: how a retry goes about it."""

    DEFAULT, ARITHMETIC, GEOMETRIC, IN_POSITION = range(4)


#: Fields that are told most often: where it is.
FREQUENT = frozenset(("RBV", "RRBV", "DRBV", "DIFF", "RDIF", "MSTA"))

RANK = {field: rank for rank, field in enumerate(POSTED)}

LONGEST = 2**31 - 1


def nearest(number: float) -> int:
    """The nearest integer that a DBF_LONG holds, halves away from zero."""
    if -LONGEST < number < LONGEST:
        return int(number + 0.5) if number > 0 else int(number - 0.5)
    return LONGEST if number > 0 else -LONGEST


class MotorState(ProcessedRecord):
    """The state of a motor record; what it does is in `process`, and in the modules that this uses.

    Attributes
    ----------
    axis : Axis
        The stage and its controller.
    answers : bool
        The controller has been given a command, and says what it makes of it when the record has processed.
    settles : bool
        The record is to process again when the readback has had time to settle (DLY).
    """

    record_type = "motor"
    fields = FIELDS
    displayed = controlled = LIMITS
    constants: Mapping[str, str] = {"DOL": "VAL"}

    def __init__(self, clock: SimClock, name: str, **field_values: Any):
        super().__init__(clock, name, **field_values)
        self.axis: Axis
        self.answers = self.settles = False
        self._marks: set[str] = set()

    # --- fields

    def set(self, field: str, value: Any) -> None:
        """Store a value that monitors are to hear of when the record has processed."""
        self.values[field] = value
        self._marks.add(field)

    def mark(self, *fields: str) -> None:
        """Have monitors hear of fields."""
        self._marks.update(fields)

    def is_marked(self, *fields: str) -> bool:
        """Whether monitors are to hear of any of these."""
        return not self._marks.isdisjoint(fields)

    def not_done_yet(self) -> None:
        """The motion goes on: nobody hears that it seemed to be over."""
        self.values["DMOV"] = 0
        self._marks.discard("DMOV")

    def set_mip(self, mip: int) -> None:
        """Say what motion is in progress."""
        self.set("MIP", mip)

    def clear_buttons(self) -> None:
        """Let go of the buttons that keep it moving."""
        for button in ("JOGF", "JOGR", "HOMF", "HOMR"):
            if self.values[button]:
                self.set(button, 0)

    def clear_jog(self) -> None:
        """Forget a jog that may not begin."""
        self.values["MIP"] &= ~Mip.JOG_REQ
        for button in ("JOGF", "JOGR"):
            if self.values[button]:
                self.set(button, 0)

    def remember_target(self) -> None:
        """The target is no longer new."""
        values = self.values
        values["LVAL"], values["LDVL"] = values["VAL"], values["DVAL"]
        values["LRVL"] = values["RVAL"]

    def make_target_of_readback(self) -> None:
        """Where it is, is where it was to go."""
        values = self.values
        values["VAL"], values["DVAL"] = values["RBV"], values["DRBV"]
        values["RVAL"] = nearest(values["DVAL"] / values["MRES"])
        values["DIFF"], values["RDIF"] = 0.0, 0
        self.mark("VAL", "DVAL", "RVAL", "DIFF", "RDIF")

    def post_marked(self, alarm_changed: bool = False) -> None:
        """Tell monitors what is new, in the record's order; of another alarm they hear with any field."""
        marks = self._marks
        touched: Set[str] = marks
        if alarm_changed:
            touched = FREQUENT if marks <= FREQUENT else RANK.keys()
        news = (touched | marks) & self.monitors.keys()
        marked = dict.fromkeys(news & marks, VALUE | LOG)
        marks.clear()
        if "RBV" in marked and (self.values["MDEL"] or self.values["ADEL"]):
            marked["RBV"] = self._outside_deadbands()
        alarm = ALARM if alarm_changed else 0
        for field in sorted(news, key=RANK.__getitem__):
            self.notify(field, marked.get(field, 0) | alarm)

    def _outside_deadbands(self) -> int:
        """Who is to hear of RBV: those that want values (MDEL), and archivers (ADEL)."""
        values, events = self.values, 0
        for deadband, last, event in (("MDEL", "MLST", VALUE), ("ADEL", "ALST", LOG)):
            if not values[deadband]:
                events |= event
            elif abs(values[last] - values["RBV"]) > values[deadband]:
                events |= event
                values[last] = values["RBV"]
        return events

    # --- coordinates

    @property
    def sign(self) -> int:
        """Of DIR: user = dial * sign + OFF."""
        return -1 if self.values["DIR"] else 1

    def user_of(self, dial: float) -> float:
        """A dial position in user coordinates."""
        return self.values["OFF"] + (-dial if self.values["DIR"] else dial)

    def dial_of(self, user: float) -> float:
        """A user position in dial coordinates."""
        dial = user - self.values["OFF"]
        return -dial if self.values["DIR"] else dial

    @property
    def is_set_mode(self) -> bool:
        """Whether writing a position calls the place where it is something else."""
        return bool(self.values["SET"] and not self.values["IGSET"])

    @property
    def is_relative(self) -> bool:
        """Whether moves are from where the readback says: one that is not the motor's own, with retries."""
        values = self.values
        reads_otherwise = values["UEIP"] or values["URIP"]
        return bool(reads_otherwise and values["RTRY"] and values["RMOD"] != Rmod.IN_POSITION)

    @property
    def is_unlimited(self) -> bool:
        """Whether there are no soft limits."""
        return self.values["DHLM"] == self.values["DLLM"] == 0.0

    def jogs_too_far(self, position: str) -> bool:
        """Whether the jog that is asked for is within a second of a soft limit, from where this field says."""
        values = self.values
        if self.is_unlimited:
            return False
        here, way = values[position], values["JVEL"]
        return bool(
            (values["JOGF"] and here > values["HLM"] - way)
            or (values["JOGR"] and here < values["LLM"] + way)
            or values["DLLM"] > values["DHLM"]
        )

    @property
    def at_switch(self) -> bool:
        """Whether the limit switch of the direction that was commanded is on."""
        values = self.values
        return bool(values["RHLS"] if values["CDIR"] else values["RLLS"])
