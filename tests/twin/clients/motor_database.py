"""The motors that other people's clients are let loose on; importable by the IOC's process."""

from typing import Any

from beamtwin.twin.clock import PacedClock
from beamtwin.twin.database import Database
from beamtwin.twin.records import MotorRecord

#: 1 mm takes 0.04 s; 40 mm take 0.82 s.
FIELDS: dict[str, Any] = {
    "VELO": 50.0,
    "VMAX": 100.0,
    "ACCL": 0.02,
    "JVEL": 20.0,
    "JAR": 1000.0,
    "HVEL": 50.0,
    "MRES": 1e-3,
    "EGU": "mm",
    "PREC": 3,
    "LLM": -50.0,
    "HLM": 50.0,
    "TWV": 0.5,
    "home": -2.0,
}


def make(*names: str) -> Database:
    database = Database(PacedClock())
    for name in names:
        database.add(MotorRecord(database.clock, name, DESC="of a test", **FIELDS))
    return database
