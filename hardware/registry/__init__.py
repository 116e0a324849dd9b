"""Registry: a beamline's devices as a plain file, and the devices made from it.

TOML, YAML, JSON or a Python module; its own form, happi's and guarneri's (see `beamtwin.hardware.registry.forms`).
"""

from beamtwin.hardware.registry.devices import Devices
from beamtwin.hardware.registry.entry import Entry, RegistryError
from beamtwin.hardware.registry.files import SUFFIXES
from beamtwin.hardware.registry.loading import load_registry
from beamtwin.hardware.registry.registry import Registry

__all__ = ["SUFFIXES", "Devices", "Entry", "Registry", "RegistryError", "load_registry"]
