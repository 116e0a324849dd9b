"""EPICS's menus: the choices of DBF_MENU fields that several record types have."""

from beamtwin.hardware.channel import STATUSES

__all__ = [
    "CONVERSIONS",
    "INVALID_OUTPUT",
    "OUTPUT_MODES",
    "PINI",
    "POST",
    "PRIORITIES",
    "SCAN",
    "SCAN_PERIODS_S",
    "SIMULATION",
    "STATUSES",
    "TYPES",
    "WHEN",
    "YES_NO",
]

#: ``menuScan``.
SCAN = (
    *("Passive", "Event", "I/O Intr", "10 second", "5 second", "2 second", "1 second"),
    *(".5 second", ".2 second", ".1 second"),
)
#: The period of each choice of SCAN that has one, in seconds.
SCAN_PERIODS_S = {
    index: float(choice.split()[0]) for index, choice in enumerate(SCAN) if "second" in choice
}

PINI = ("NO", "YES", "RUN", "RUNNING", "PAUSE", "PAUSED")
PRIORITIES = ("LOW", "MEDIUM", "HIGH")
YES_NO = ("NO", "YES")

#: ``menuOmsl``: where an output's value comes from.
OUTPUT_MODES = ("supervisory", "closed_loop")

#: ``menuIvoa``: what becomes of an output in INVALID alarm.
INVALID_OUTPUT = ("Continue normally", "Don't drive outputs", "Set output to IVOV")

SIMULATION = ("NO", "YES", "RAW")
CONVERSIONS = ("NO CONVERSION", "SLOPE", "LINEAR")

#: ``menuPost``: of what texts are monitors told.
POST = ("On Change", "Always")

#: ``menuFtype``: what an array's elements are.
TYPES = (
    *("STRING", "CHAR", "UCHAR", "SHORT", "USHORT", "LONG", "ULONG", "INT64", "UINT64"),
    *("FLOAT", "DOUBLE", "ENUM"),
)

#: ``calcoutOOPT`` and ``longoutOOPT``: when an output is written.
WHEN = (
    *("Every Time", "On Change", "When Zero", "When Non-zero"),
    *("Transition To Zero", "Transition To Non-zero"),
)
