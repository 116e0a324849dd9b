"""The motor record's fields."""

from collections.abc import Mapping
from typing import Any

from beamtwin.hardware.channel import SEVERITIES
from beamtwin.twin.record import Field, Record, menu, real, short, string, unsigned

__all__ = ["BUTTONS", "FIELDS", "GO", "LIMITS", "MEASURED", "MOVE", "PAUSE", "status_word"]

#: What SPMG says, from PAUSE up: stay where you are, go to VAL and then pause, go to VAL.
PAUSE, MOVE, GO = 1, 2, 3

#: Fields that ask for a motion to neither VAL nor DVAL, and its sign in user coordinates.
BUTTONS = {"JOGF": 1, "JOGR": -1, "HOMF": 1, "HOMR": -1}

SPEED, ACCELERATION = "EGU/sec", "EGU/s/s"

FIELDS: Mapping[str, Field] = {
    **Record.fields,
    **{name: real() for name in ("VAL", "DVAL", "RLV", "TWV", "OFF", "BDST", "RDBD")},
    **{name: real() for name in ("HLM", "LLM", "DHLM", "DLLM")},
    **{name: real(writable=False) for name in ("RBV", "DRBV")},
    "VELO": real(1.0, SPEED),
    **{name: real(0.0, SPEED) for name in ("VBAS", "VMAX", "BVEL", "HVEL", "JVEL")},
    "ACCL": real(0.2, "sec"),
    "BACC": real(0.5, "sec"),
    "JAR": real(0.0, ACCELERATION),
    "MRES": real(1e-6),
    "EGU": string(),
    "PREC": short(4),
    "OUT": string("@twin", writable=False),
    "DIR": menu("Pos", "Neg"),
    "SET": menu("Use", "Set"),
    "FOFF": menu("Variable", "Frozen"),
    "SPMG": menu("Stop", "Pause", "Move", "Go", default=GO),
    "HLSV": menu(*SEVERITIES),
    **{name: short() for name in ("STOP", "SYNC", "TWF", "TWR", *BUTTONS)},
    "DMOV": short(1, writable=False),
    **{name: short(writable=False) for name in ("MOVN", "LVIO", "HLS", "LLS", "TDIR", "ATHM")},
    "MSTA": unsigned(2.0, writable=False),
}

#: Fields that the encoder and the switches tell.
MEASURED = frozenset(("RBV", "DRBV", "HLS", "LLS", "ATHM"))

#: The fields that are the control limits of others.
LIMITS = {
    **dict.fromkeys(("VAL", "RBV"), ("LLM", "HLM")),
    **dict.fromkeys(("DVAL", "DRBV"), ("DLLM", "DHLM")),
    "VELO": ("VBAS", "VMAX"),
}


def status_word(values: Mapping[str, Any]) -> float:
    """MSTA: the direction, done, high switch, at home, moving and low switch bits."""
    direction, done, moving = values["TDIR"], values["DMOV"], values["MOVN"]
    switches = values["HLS"] << 2 | values["ATHM"] << 3 | values["LLS"] << 13
    return float(direction | done << 1 | switches | moving << 10)
