"""Counterparts: what the records of a twin are for each device that is declared.

A family's module has a table ``COUNTERPARTS``: device class to `Builder`. A device without an entry, or a signal that
its builder leaves out, gets plain records of the declared types.
"""

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache

from beamtwin.hardware.device import Device
from beamtwin.twin.counterparts.populate import Builder

__all__ = ["builders"]


@cache
def builders() -> Mapping[type[Device], Builder]:
    """The tables of all families, as one."""
    names = [module.name for module in pkgutil.iter_modules(__path__, f"{__name__}.")]
    tables = [getattr(importlib.import_module(name), "COUNTERPARTS", {}) for name in names]
    return {cls: build for table in tables for cls, build in table.items()}
