"""Motor's counterpart: a motor record, and what stands between the motor and its load."""

from collections.abc import Mapping
from typing import Any

from beamtwin.hardware.device import Device
from beamtwin.hardware.motor import Motor
from beamtwin.twin.counterparts.populate import SEED, Builder
from beamtwin.twin.database import Database
from beamtwin.twin.noise import stream
from beamtwin.twin.records import MotorRecord
from beamtwin.twin.records.motor.mechanics import Drift, Encoder, Mechanics, Noise, Vibration

__all__ = ["COUNTERPARTS", "build_motor", "motor_fields"]

#: Of a motor about which nothing is said.
DEFAULTS: Mapping[str, Any] = {
    "EGU": "mm",
    "PREC": 4,
    "MRES": 1e-4,
    "VELO": 1.0,
    "ACCL": 0.2,
    "HLM": 100.0,
    "LLM": -100.0,
}

#: Settings that are no fields of the record.
MECHANICS, ENCODER = "mechanics", "encoder"


def motor_fields(settings: Mapping[str, Any]) -> dict[str, Any]:
    """A record's fields, and arguments of `MotorRecord`, from a motor's settings."""
    own = {key: value for key, value in settings.items() if key not in (SEED, MECHANICS, ENCODER)}
    return {**DEFAULTS, **own}


def build_motor(motor: Motor, database: Database, settings: Mapping[str, Any]) -> None:
    """Add a motor's record.

    Settings: the record's fields; ``switches``, ``home``; ``mechanics``, of `Mechanics`, with
    ``drift = {amplitude, time_constant_s}`` and ``vibration = {rms, band_Hz}``; ``encoder = {step, noise_rms}``.
    Without a seed nothing drifts, vibrates or is noisy.
    """
    seed = settings.get(SEED)
    database.add(
        MotorRecord(
            database.clock,
            motor.prefix,
            mechanics=_mechanics(motor.prefix, seed, settings.get(MECHANICS)),
            encoder=_encoder(motor.prefix, seed, settings.get(ENCODER)),
            **motor_fields(settings),
        )
    )


def _mechanics(name: str, seed: Any, settings: Mapping[str, Any] | None) -> Mechanics | None:
    if settings is None:
        return None
    rest = dict(settings)
    drift, vibration = rest.pop("drift", None), rest.pop("vibration", None)
    disturbances: list[Any] = []
    if seed is not None and drift:
        disturbances.append(Drift(**drift))
    if seed is not None and vibration:
        disturbances.append(Vibration(stream(seed, f"{name} vibration"), **vibration))
    return Mechanics(disturbances=tuple(disturbances), **rest)


def _encoder(name: str, seed: Any, settings: Mapping[str, Any] | None) -> Encoder | None:
    if settings is None:
        return None
    rest = dict(settings)
    noise_rms = rest.pop("noise_rms", 0.0)
    if seed is not None and noise_rms:
        rest["noise"] = Noise(stream(seed, f"{name} encoder"), noise_rms)
    return Encoder(**rest)


COUNTERPARTS: dict[type[Device], Builder] = {Motor: build_motor}
