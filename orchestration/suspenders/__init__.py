"""Suspenders: while a signal is not as it should be, plans wait. Names and arguments are Bluesky's.

A suspender that trips stops what moves, and takes the plan up again from its last checkpoint ``sleep`` seconds after
all is well. One that is tripped already holds back the start of a plan.
"""

from beamtwin.orchestration.suspenders.base import SuspenderBase
from beamtwin.orchestration.suspenders.signals import (
    SuspendBoolHigh,
    SuspendBoolLow,
    SuspendCeil,
    SuspendFloor,
    SuspendInBand,
    SuspendOutBand,
    SuspendWhenChanged,
    SuspendWhenOutsideBand,
)

__all__ = [
    "SuspendBoolHigh",
    "SuspendBoolLow",
    "SuspendCeil",
    "SuspendFloor",
    "SuspendInBand",
    "SuspendOutBand",
    "SuspendWhenChanged",
    "SuspendWhenOutsideBand",
    "SuspenderBase",
]
