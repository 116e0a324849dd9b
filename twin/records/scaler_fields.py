"""The scaler record's fields: scalerRecord.dbd, less OUT and CARD, since there is no hardware."""

from collections.abc import Mapping

from beamtwin.twin.dbcommon import COMMON
from beamtwin.twin.field import Field, link, menu, real, short, single, string, unsigned

__all__ = [
    "CHANNELS",
    "FIELDS",
    "SS_COUNTING",
    "SS_IDLE",
    "SS_WAITING",
    "US_COUNTING",
    "US_IDLE",
    "US_WAITING",
]

CHANNELS = range(1, 65)

#: What SS says of the scaler, and US of what a client has asked for.
SS_IDLE, SS_WAITING, SS_COUNTING = range(3)
US_IDLE, US_WAITING, US_COUNTING = 0, 1, 3

OFF_OR_ON = ("N", "Y")

FIELDS: Mapping[str, Field] = {
    **COMMON,
    "VERS": single(3.19, "", writable=False),
    "VAL": real(0.0, "sec"),
    "CNT": menu("Done", "Count"),
    "PCNT": menu("Done", "Count", writable=False),
    "SS": short(writable=False),
    "US": short(writable=False),
    "CONT": menu("OneShot", "AutoCount"),
    "TP": real(1.0, "sec"),
    "TP1": real(1.0, "sec"),
    "T": real(0.0, "sec", writable=False),
    "DLY": single(0.0, "sec"),
    "DLY1": single(0.0, "sec"),
    "RATE": single(0.0, "Hz"),
    "RAT1": single(0.0, "Hz"),
    "FREQ": real(1e7, "Hz"),
    "EGU": string(size=15),
    "PREC": short(3),
    "NCH": short(len(CHANNELS), writable=False),
    "COUT": link("OUTLINK"),
    "COUTP": link("OUTLINK"),
    "PR1": unsigned(1e7),
    **{f"PR{n}": unsigned() for n in CHANNELS[1:]},
    "G1": menu(*OFF_OR_ON, default=1),
    **{f"G{n}": menu(*OFF_OR_ON) for n in CHANNELS[1:]},
    "D1": menu("Up", "Dn", default=1),
    **{f"D{n}": menu("Up", "Dn") for n in CHANNELS[1:]},
    **{f"S{n}": unsigned(writable=False) for n in CHANNELS},
    **{f"NM{n}": string(size=15) for n in CHANNELS},
}
