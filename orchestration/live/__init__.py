"""What a person sees while a plan runs: tables, progress, and the callbacks that such things are made of."""

from beamtwin.orchestration.live.base import (
    CallbackBase,
    CallbackCounter,
    collector,
    get_obj_fields,
    print_metadata,
)
from beamtwin.orchestration.live.progress import ProgressBarManager
from beamtwin.orchestration.live.table import LiveTable

__all__ = [
    "CallbackBase",
    "CallbackCounter",
    "LiveTable",
    "ProgressBarManager",
    "collector",
    "get_obj_fields",
    "print_metadata",
]
