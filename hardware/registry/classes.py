"""Device classes by name: beamtwin's own by a short name, any by a dotted path, Ophyd's as what does the same here."""

import difflib
import importlib
import inspect
import pkgutil
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, NamedTuple

import beamtwin.hardware
from beamtwin.hardware.device import Device
from beamtwin.hardware.registry.epics_signal import EpicsSignal, EpicsSignalRO

__all__ = ["GIVEN", "UnknownClass", "arguments_of", "find_class", "short_names"]

#: Packages of `beamtwin.hardware` without device classes.
WITHOUT_DEVICES = ("ca", "registry")

#: What `Registry.make` gives to every class.
GIVEN = ("self", "prefix", "name", "transport", "parent")

#: Packages of device classes for Ophyd: nothing of theirs is imported, whether or not it is installed.
FOREIGN = frozenset(
    ("ophyd", "ophyd_async", "apstools", "nslsii", "pcdsdevices", "haven", "happi", "bluesky")
)

#: By the name of a foreign class, wherever it comes from: the class of beamtwin's that does the same, where it has
#: another name.
EQUIVALENTS: Mapping[str, str] = {
    **dict.fromkeys(("EpicsMotor", "motor", "IMS", "Newport", "BeckhoffAxis"), "Motor"),
    **dict.fromkeys(("EpicsSignalWithRBV", "EpicsSignalNoValidation", "signal"), "EpicsSignal"),
    "signal_ro": "EpicsSignalRO",
    **dict.fromkeys(("EpicsScaler", "scaler"), "Scaler"),
    **dict.fromkeys(("ad_creator", "ad_class_factory", "area_detector"), "AreaDetector"),
    **dict.fromkeys(
        ("PilatusDetector", "PointGreyDetector", "PerkinElmerDetector"), "AreaDetector"
    ),
}


class UnknownClass(Exception):
    """There is no device class of that name; says why, and what there is."""


class Found(NamedTuple):
    """A class, and whether it stands for another of somebody else's."""

    cls: type
    is_equivalent: bool = False


def find_class(named: Any) -> Found:
    """The device class that a registry names.

    Parameters
    ----------
    named : str or type
        A short name (``"Motor"``), a dotted path, the name of an Ophyd class, or the class itself.

    Raises
    ------
    UnknownClass
        Where there is no such class, or it is none of devices.
    """
    if isinstance(named, type):
        return Found(_checked(named, named.__qualname__))
    name = str(named)
    module, _, last = name.rpartition(".")
    if not module and name in short_names():
        return Found(short_names()[name])
    if not module or name.partition(".")[0] in FOREIGN:
        equivalent = short_names().get(last) or short_names().get(EQUIVALENTS.get(last, ""))
        if equivalent is not None:
            return Found(equivalent, is_equivalent=True)
        raise UnknownClass(f"there is no {name}; {_meant(last)}")
    return Found(_checked(_imported(module, last, name), name))


def arguments_of(cls: Callable[..., Any]) -> tuple[frozenset[str], bool]:
    """The arguments that a class takes of its own, and whether it takes any others."""
    parameters = inspect.signature(cls).parameters
    names = (
        name
        for name, parameter in parameters.items()
        if parameter.kind in (parameter.KEYWORD_ONLY, parameter.POSITIONAL_OR_KEYWORD)
    )
    is_open = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values())
    return frozenset(names) - set(GIVEN), is_open


@cache
def short_names() -> Mapping[str, type]:
    """Every public device class of `beamtwin.hardware`."""
    found: dict[str, type] = {"EpicsSignal": EpicsSignal, "EpicsSignalRO": EpicsSignalRO}
    prefix = f"{beamtwin.hardware.__name__}."
    for module in pkgutil.walk_packages(beamtwin.hardware.__path__, prefix):
        if module.name.removeprefix(prefix).partition(".")[0] not in WITHOUT_DEVICES:
            found |= _devices_of(importlib.import_module(module.name))
    return found


def _devices_of(module: Any) -> dict[str, type]:
    public = ((name, getattr(module, name)) for name in getattr(module, "__all__", ()))
    return {
        name: cls
        for name, cls in public
        if isinstance(cls, type) and issubclass(cls, Device) and cls is not Device
    }


def _meant(name: str) -> str:
    close = difflib.get_close_matches(name, {*short_names(), *EQUIVALENTS}, n=3)
    if close:
        return f"did you mean {' or '.join(close)}?"
    return f"short names are {', '.join(sorted(short_names()))}"


def _imported(module: str, name: str, path: str) -> Any:
    try:
        return getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise UnknownClass(f"{path} cannot be imported: {error}") from error


def _checked(cls: Any, name: str) -> type:
    if not (isinstance(cls, type) and issubclass(cls, Device | EpicsSignal | EpicsSignalRO)):
        raise UnknownClass(f"{name} is no class of beamtwin's devices")
    return cls
