"""Slits' counterparts: gaps and centres that an IOC makes of two motors: synApps' ``2slit.db``, and soft motors."""

from collections.abc import Mapping
from typing import Any, NamedTuple, cast

from beamtwin.hardware.device import Device
from beamtwin.hardware.motor import Motor
from beamtwin.hardware.slits import CENTER, GAP, MotorSlits, VirtualSlits
from beamtwin.orchestration.status import Status, gather
from beamtwin.twin.counterparts.derived import DerivedRecord
from beamtwin.twin.counterparts.motors import motor_fields
from beamtwin.twin.counterparts.populate import Builder, part_settings, populate
from beamtwin.twin.counterparts.soft_motor import SoftMotorRecord
from beamtwin.twin.database import Database
from beamtwin.twin.records import AoRecord, MotorRecord

__all__ = ["COUNTERPARTS", "TwoSlit", "build_motor_slits", "build_virtual_slits"]


class Direction(NamedTuple):
    """Attributes of a gap and a centre, and of the two blades that make them, with their axes."""

    gap: str
    center: str
    plus: tuple[str, str]
    minus: tuple[str, str]


#: By their part of the prefix.
DIRECTIONS: Mapping[str, Direction] = {
    "-Ax:X}": Direction("h_gap", "h_center", ("outboard", "O"), ("inboard", "I")),
    "-Ax:Y}": Direction("v_gap", "v_center", ("top", "T"), ("bottom", "B")),
}


class TwoSlit:
    """The records of one direction: ``size`` and ``center`` move both blades; ``t2`` and ``DMOV`` tell of them.

    A new value while the blades move sends them there at once.
    """

    def __init__(self, database: Database, prefix: str, plus: MotorRecord, minus: MotorRecord):
        clock = database.clock
        self._clock = clock
        self._prefix = prefix
        self._blades = (plus, minus)
        self._pending = 0
        gap, center = plus.values["VAL"] - minus.values["VAL"], _mean(plus, minus, "VAL", "VAL")
        common = {"EGU": plus.values["EGU"], "PREC": plus.values["PREC"]}
        self.size = database.add(
            AoRecord(clock, f"{prefix}size", on_put=self._move, VAL=gap, **common)
        )
        self.center = database.add(
            AoRecord(clock, f"{prefix}center", on_put=self._move, VAL=center, **common)
        )
        readbacks = {
            "A": lambda a, b: a,
            "B": lambda a, b: b,
            "C": lambda a, b: a - b,
            "D": lambda a, b: (a + b) / 2,
        }
        sources = [(blade, "RBV") for blade in self._blades]
        database.add(DerivedRecord(clock, f"{prefix}t2", readbacks, sources, **common))
        self._done = database.add(
            DerivedRecord(
                clock,
                f"{prefix}DMOV",
                {"VAL": self._is_done},
                [(blade, "DMOV") for blade in self._blades],
            )
        )
        for blade in self._blades:
            for limit in ("HLM", "LLM"):
                blade.subscribe(limit, lambda _: self._set_limits())

    def _is_done(self, *blades: float) -> bool:
        return not self._pending and all(blades)

    def _move(self, _: float) -> Status:
        if self._pending:
            for blade in self._blades:
                blade.send("STOP", 1)
        half, center = 0.5 * self.size.values["VAL"], self.center.values["VAL"]
        self._pending += 1
        plus, minus = self._blades
        puts = [plus.put("VAL", center + half), minus.put("VAL", center - half)]
        under_way = [put for put in puts if put is not None]
        status = gather(self._clock, under_way, f"{self._prefix}: move blades")
        self._done.refresh()
        status.add_callback(self._moved)
        return status

    def _moved(self, _: Status) -> None:
        self._pending -= 1
        self._done.refresh()

    def _set_limits(self) -> None:
        plus, minus = self._blades
        low, high = plus.values["LLM"], plus.values["HLM"]
        limits = {
            self.size: (low - minus.values["HLM"], high - minus.values["LLM"]),
            self.center: (_mean(plus, minus, "LLM", "LLM"), _mean(plus, minus, "HLM", "HLM")),
        }
        for record, (least, most) in limits.items():
            for field, value in zip(("DRVL", "DRVH"), (least, most), strict=True):
                record.post(field, value)


def _mean(plus: MotorRecord, minus: MotorRecord, field: str, other: str) -> float:
    return 0.5 * (plus.values[field] + minus.values[other])


def build_virtual_slits(
    slits: VirtualSlits, database: Database, settings: Mapping[str, Any]
) -> None:
    """Add the blades' motors, declared or not, and the records that make gaps and centres of them.

    Settings are the blades', ``{"top": {...}, "*": {...}}``, also of slits that do not declare them; or where gaps and
    centres are at first, ``{"h_gap": {"VAL": 0.2}}``.
    """
    for suffix, direction in DIRECTIONS.items():
        places = _places(settings, direction)
        plus, minus = (
            _blade(slits, database, settings, blade, place)
            for blade, place in zip((direction.plus, direction.minus), places, strict=True)
        )
        TwoSlit(database, slits.prefix + suffix, plus, minus)


def _places(settings: Mapping[str, Any], direction: Direction) -> tuple[dict[str, float], ...]:
    """Where the blades are at first, as settings of gap and centre say."""
    if direction.gap not in settings and direction.center not in settings:
        return {}, {}
    gap, center = (_value(settings, name) for name in (direction.gap, direction.center))
    return {"VAL": center + 0.5 * gap}, {"VAL": center - 0.5 * gap}


def _value(settings: Mapping[str, Any], name: str) -> float:
    return float(settings.get(name, {}).get("VAL", 0.0))


def _blade(
    slits: Device,
    database: Database,
    settings: Mapping[str, Any],
    blade: tuple[str, str],
    place: Mapping[str, float],
) -> MotorRecord:
    attribute, axis = blade
    prefix = f"{slits.prefix}-Ax:{axis}}}Mtr"
    motor = slits.children().get(attribute)
    if motor is None:
        motor = Motor(prefix, f"{slits.name}_{attribute}", database)
    populate(database, motor, {**place, **part_settings(settings, attribute, motor)})
    return cast(MotorRecord, database.records[prefix])


def build_motor_slits(slits: MotorSlits, database: Database, settings: Mapping[str, Any]) -> None:
    """Add the blades' motors, and the soft motors that are their gaps and centres.

    Settings are the motors'; where gaps and centres are at first, the blades say, or else these.
    """
    for direction in DIRECTIONS.values():
        places = _places(settings, direction)
        blades = [
            _blade(slits, database, settings, blade, place)
            for blade, place in zip((direction.plus, direction.minus), places, strict=True)
        ]
        for attribute, transform in ((direction.gap, GAP), (direction.center, CENTER)):
            motor = slits.children()[attribute]
            fields = motor_fields(part_settings(settings, attribute, motor))
            record = SoftMotorRecord(database.clock, motor.prefix, blades, transform, **fields)
            database.add(record)


COUNTERPARTS: dict[type[Device], Builder] = {
    MotorSlits: build_motor_slits,
    VirtualSlits: build_virtual_slits,
}
