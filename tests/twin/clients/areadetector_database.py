"""The cameras that other people's clients are let loose on; importable by the IOC's process."""

from beamtwin.twin.areadetector import Camera, EigerDriver, Pattern, SimDriver
from beamtwin.twin.clock import PacedClock
from beamtwin.twin.counterparts.cameras import Background
from beamtwin.twin.database import Database

SHAPE = (48, 64)


def make(*clients: str) -> Database:
    """For each client a simulated camera ``T:<client>:``, and an Eiger ``E:<client>:``."""
    database = Database(PacedClock())
    settings = {"cam1": {"AcquireTime": 0.05, "AcquirePeriod": 0.05}}
    for client in clients:
        Camera(database, f"T:{client}:", Pattern(SHAPE), driver=SimDriver, settings=settings)
        dark = Background(SHAPE, "<u4")
        Camera(database, f"E:{client}:", dark, driver=EigerDriver, settings=settings)
    return database
