"""Sample environments' counterparts: temperatures that follow their set points with ramps and lags."""

from collections.abc import Mapping
from math import inf
from typing import Any

from beamtwin.hardware.device import Device
from beamtwin.hardware.temperature import Eurotherm, LakeshoreLoop, LinkamStage
from beamtwin.twin.counterparts.derived import SampledRecord
from beamtwin.twin.counterparts.lag import FirstOrder, LagRecord
from beamtwin.twin.counterparts.pairs import CHOICE, FLAG, REAL, Pair, add_pair
from beamtwin.twin.counterparts.populate import Builder
from beamtwin.twin.database import Database
from beamtwin.twin.records import AoRecord, BoRecord

__all__ = ["COUNTERPARTS", "build_eurotherm", "build_lakeshore_loop", "build_linkam"]

#: Where a temperature is at first, and how it lags; how often its monitors hear of it.
VALUE, TAU_S, PERIOD_S = 295.0, 20.0, 1.0

RANGES = ("Off", "Low", "Medium", "High")

#: Bits of a Linkam's status.
AT_SETPOINT, HEATING = 2, 4


def _thermometer(
    database: Database, pv: str, settings: Mapping[str, Any], unit: str, value: float
) -> LagRecord:
    lag = FirstOrder(settings.get("VAL", value), settings.get("tau_s", TAU_S))
    return database.add(LagRecord(database.clock, pv, lag, PERIOD_S, EGU=unit, PREC=2))


def build_eurotherm(device: Eurotherm, database: Database, settings: Mapping[str, Any]) -> None:
    """Add a set point, and a temperature that lags behind. Settings: ``VAL`` in K, ``tau_s``."""
    record = _thermometer(database, f"{device.prefix}T-RB", settings, "K", VALUE)
    database.add(
        AoRecord(
            database.clock,
            f"{device.prefix}T-SP",
            on_put=record.send_to,
            VAL=record.lag.target,
            EGU="K",
            PREC=2,
        )
    )


def build_lakeshore_loop(
    loop: LakeshoreLoop, database: Database, settings: Mapping[str, Any]
) -> None:
    """Add a control loop. Settings: ``VAL`` in K, ``tau_s``, ``rate`` in K/min, ``ramp_on``."""
    prefix, number, clock = loop.prefix, loop.loop, database.clock
    record = _thermometer(database, f"{prefix}IN{number}", settings, "K", VALUE)

    def add(pair: Pair, pv: str, *states: tuple[str, ...], **arguments: Any) -> Any:
        name = prefix + pv.format(number)
        return add_pair(database, pair, name, f"{name}_RBV", *states, **arguments)

    def set_rate(_: Any = None) -> None:
        per_minute = rate.values["VAL"]
        ramps = ramp_on.values["VAL"] and per_minute > 0
        record.lag.set_rate(clock.env.now, per_minute / 60.0 if ramps else inf)

    setpoint = {"VAL": record.lag.target, "EGU": "K", "PREC": 2}
    add(REAL, "OUT{}:SP", then=record.send_to, **setpoint)
    per_minute = {"VAL": settings.get("rate", 0.0), "EGU": "K/min", "PREC": 2}
    rate = add(REAL, "RampR{}", then=set_rate, **per_minute)
    states = {"ZNAM": "Off", "ONAM": "On", "VAL": int(settings.get("ramp_on", False))}
    ramp_on = add(FLAG, "OnRamp{}", then=set_rate, **states)
    add(CHOICE, "HTR{}:Range", RANGES, VAL="High")
    set_rate()


def build_linkam(stage: LinkamStage, database: Database, settings: Mapping[str, Any]) -> None:
    """Add a stage that ramps to its set point while it heats, and goes to ``ambient`` while it does not.

    Settings: ``VAL`` and ``ambient`` in °C, ``tau_s``, ``rate`` in °C/min.
    """
    prefix, clock = stage.prefix, database.clock
    ambient = settings.get("ambient", 25.0)
    settings = {"tau_s": 5.0, **settings}
    record = _thermometer(database, f"{prefix}TEMP", settings, "C", ambient)

    def act(_: Any) -> None:
        heats = heating.values["VAL"]
        record.lag.set_rate(clock.env.now, rate.values["VAL"] / 60.0 if heats else inf)
        record.send_to(setpoint.values["VAL"] if heats else ambient)

    def status() -> float:
        heats = heating.values["VAL"]
        near = abs(record.position - setpoint.values["VAL"]) < 0.1
        return HEATING * heats + AT_SETPOINT * bool(heats and near)

    setpoint = database.add(
        AoRecord(clock, f"{prefix}SETPOINT:SET", on_put=act, VAL=ambient, EGU="C", PREC=2)
    )
    rate = add_pair(
        database,
        REAL,
        f"{prefix}RAMPRATE:SET",
        f"{prefix}RAMPRATE",
        then=act,
        VAL=settings.get("rate", 10.0),
        EGU="C/min",
        PREC=2,
    )
    heating = database.add(BoRecord(clock, f"{prefix}STARTHEAT", on_put=act, ZNAM="Off", ONAM="On"))
    database.add(SampledRecord(clock, f"{prefix}STATUS", status))


COUNTERPARTS: dict[type[Device], Builder] = {
    Eurotherm: build_eurotherm,
    LakeshoreLoop: build_lakeshore_loop,
    LinkamStage: build_linkam,
}
