"""The fields that all records have: dbCommon, less what only an IOC's own code can see.

Absent are TIME and UTAG, which no client can read, AMSG, and what begins with the address of something. Two begin
otherwise than in an IOC: a record that a model makes is defined (UDF, STAT), since the model says what it holds.
"""

from collections.abc import Mapping

from beamtwin.hardware.channel import SEVERITIES
from beamtwin.twin.field import Field, byte, each, link, menu, severity, short, string
from beamtwin.twin.menus import PINI, PRIORITIES, SCAN, STATUSES, YES_NO

__all__ = ["COMMON"]

COMMON: Mapping[str, Field] = {
    "NAME": string(writable=False, size=60),
    "RTYP": string(writable=False),
    "DESC": string(size=40),
    "ASG": string(size=28),
    "DTYP": string("Soft Channel"),
    "SCAN": menu(*SCAN),
    "PINI": menu(*PINI),
    "PHAS": short(),
    "EVNT": string(),
    "PRIO": menu(*PRIORITIES),
    "TSE": short(),
    "TSEL": link("INLINK"),
    "DISV": short(1),
    "DISA": short(),
    "SDIS": link("INLINK"),
    "DISS": severity(),
    "DISP": byte(),
    "PROC": byte(pp=True),
    "FLNK": link("FWDLINK"),
    "STAT": menu(*STATUSES, writable=False),
    "SEVR": menu(*SEVERITIES, writable=False),
    "NSTA": menu(*STATUSES, writable=False),
    "NSEV": menu(*SEVERITIES, writable=False),
    "ACKS": menu(*SEVERITIES, writable=False),
    "ACKT": menu(*YES_NO, default=1, writable=False),
    "UDF": byte(pp=True),
    "UDFS": severity(default=SEVERITIES.index("INVALID")),
    **each("LCNT PACT PUTF RPRO", byte(writable=False)),
    "TPRO": byte(),
}
