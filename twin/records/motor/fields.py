"""The motor record's fields: motorRecord.dbd, less what only the record itself can use.

HIHI...LSV, HOPR, LOPR, PREM, POST, INIT, RSTM and the gains are kept and served, which is all that the record does with
them where the hardware has no use for them; so are LOCK, STOO, DINP and RINP, which are for soft channels.
"""

from collections.abc import Mapping

from beamtwin.twin.field import (
    Field,
    each,
    integer,
    link,
    menu,
    real,
    severity,
    short,
    single,
    string,
    unsigned,
    unsigned_short,
)
from beamtwin.twin.menus import OUTPUT_MODES, YES_NO
from beamtwin.twin.record import Record

__all__ = ["ADJUSTED", "FIELDS", "LIMITS", "MEASURED", "POSTED", "TRAVELLING"]

SPEED, ACCELERATION, TURNS = "EGU/sec", "EGU/s/s", "rev/sec"
NO_YES = ("No", "Yes")
SPMG = ("Stop", "Pause", "Move", "Go")

#: As motorRecord.dbd has them, and where the record has a unit of its own for them, that.
TABLE: Mapping[str, Field] = {
    **Record.fields,
    # Where it is to go, and where it is.
    **each("VAL DVAL RLV OFF", real(pp=True)),
    "RVAL": integer(pp=True),
    **each("RBV DRBV DIFF LVAL LDVL LRLV MLST ALST", real(writable=False)),
    **each("RRBV RMP REP RVEL RDIF LRVL", integer(writable=False)),
    **each("MDEL ADEL", real()),
    "EGU": string(prop=True, size=15),
    "PREC": short(4, prop=True),
    # What it may not go beyond.
    **each("HLM LLM DHLM DLLM", real(pp=True, prop=True)),
    **each("RHLM RLLM", real(writable=False)),
    **each("HOPR LOPR", real()),
    **each("HIHI HIGH LOW LOLO", real(pp=True, prop=True)),
    **each("HHSV HSV LSV LLSV HLSV", severity(pp=True)),
    # User, dial and raw coordinates.
    "DIR": menu("Pos", "Neg", pp=True),
    "SET": menu("Use", "Set"),
    "FOFF": menu("Variable", "Frozen"),
    **each("SSET SUSE FOF VOF IGSET", short()),
    "MRES": real(1e-6, pp=True, prop=True),
    "ERES": real(pp=True),
    "UREV": real(0.0, "EGU/rev", pp=True),
    "SREV": integer(200, "steps/rev", pp=True),
    "RRES": real(),
    "UEIP": menu(*NO_YES, pp=True),
    "URIP": menu(*NO_YES, pp=True),
    # How it moves.
    "VELO": real(1.0, SPEED),
    **each("VBAS VMAX", real(0.0, SPEED, prop=True)),
    **each("BVEL HVEL JVEL", real(0.0, SPEED)),
    **each("S SBAS SBAK", real(0.0, TURNS)),
    "SMAX": real(),  # in EGU, says the record
    "ACCL": real(0.2, "sec"),
    "BACC": real(0.5, "sec"),
    "ACCS": real(),
    "ACCU": menu("Use ACCL", "Use ACCS"),
    "JAR": real(0.0, ACCELERATION),
    **each("BDST TWV RDBD SPDB DLY", real()),
    "FRAC": single(1.0),
    "RTRY": short(10),
    "RMOD": menu("Default", "Arithmetic", "Geometric", "In-Position"),
    "NTM": menu(*YES_NO, default=1),
    "NTMF": unsigned_short(2),
    **each("PCOF ICOF DCOF", real()),
    "CNEN": menu("Disable", "Enable", pp=True),
    # What is asked of it.
    **each("STOP SYNC TWF TWR JOGF JOGR HOMF HOMR", short(pp=True)),
    "SPMG": menu(*SPMG, default=3, pp=True),
    "LSPG": menu(*SPMG, default=3, writable=False),
    "STUP": menu("OFF", "ON", "BUSY", pp=True),
    # How it does.
    "DMOV": short(1, writable=False),
    **each("MOVN LVIO HLS LLS RHLS RLLS ATHM TDIR CDIR PP RCNT MISS", short(writable=False)),
    "MIP": unsigned_short(writable=False),
    "MSTA": unsigned(2.0, writable=False),
    **each("MMAP NMAP", unsigned(writable=False)),
    # What it is.
    "VERS": single(7.4, writable=False, precision=2),
    "CARD": short(writable=False),
    "OUT": link("OUTLINK")._replace(default="@twin"),
    **each("DOL RDBL DINP RINP", link("INLINK")),
    **each("RLNK STOO", link("OUTLINK")),
    "OMSL": menu(*OUTPUT_MODES),
    "LOCK": menu(*YES_NO),
    "DTYP": string("Twin"),
    "RSTM": menu("Never", "Always", "NearZero", "Conditional", default=2),
    **each("INIT PREM POST", string()),
}

#: What is a number has the unit EGU, says the record, be it a count or a switch.
FIELDS: Mapping[str, Field] = {
    name: field if field.units or field.dtype in ("enum", "|S40") else field._replace(units="EGU")
    for name, field in TABLE.items()
}

#: Fields whose writing asks for a move: DMOV is 0 before the record processes.
TRAVELLING = frozenset(("VAL", "DVAL", "RVAL", "RLV", "TWF", "TWR"))

#: What `controller.measure` takes from the axis, in its order.
MEASURED = (
    *("RMP", "REP", "RVEL", "MSTA", "RRBV", "DRBV", "RBV", "TDIR", "RHLS", "RLLS", "HLS", "LLS"),
    *("MOVN", "ATHM", "DIFF", "RDIF"),
)

#: The order in which the fields that have changed are told to monitors.
POSTED = (
    *("RMP", "REP", "RVEL", "RBV", "RRBV", "DRBV", "DIFF", "RDIF", "MSTA", "VAL", "DVAL", "RVAL"),
    *("TDIR", "MIP", "HLM", "LLM", "SPMG", "RCNT", "RLV", "OFF", "DHLM", "DLLM"),
    *("HLS", "RHLS", "LLS", "RLLS", "ATHM", "MRES", "ERES", "UEIP", "LVIO", "STOP"),
    *("SBAS", "SREV", "UREV", "VELO", "VBAS", "MISS", "MOVN", "DMOV", "STUP"),
    *("JOGF", "JOGR", "HOMF", "HOMR", "RHLM", "RLLM"),
)

#: Fields that a poll of a moving axis changes from one to the next; who watches them has it polled.
ADJUSTED = frozenset(
    (
        *("RMP", "REP", "RVEL", "RRBV", "DRBV", "RBV", "DIFF", "RDIF"),
        *("HLS", "LLS", "RHLS", "RLLS", "ATHM"),
    )
)

#: The fields that are the control limits of others.
LIMITS = {
    **dict.fromkeys(("VAL", "RBV"), ("LLM", "HLM")),
    **dict.fromkeys(("DVAL", "DRBV"), ("DLLM", "DHLM")),
    **dict.fromkeys(("RVAL", "RRBV"), ("RLLM", "RHLM")),
    "VELO": ("VBAS", "VMAX"),
}
