"""What start documents say of a plan: devices by their names, and nothing that changes from process to process.

As in Bluesky's documents, what there is one of for each motor (``motors``, ``shape``, ``extents``, ``snaking``) is a
tuple, and a dimension is a pair ``(fields, stream)``; everything else of several parts is a list. JSON makes all lists.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from beamtwin.orchestration.control import AnyPlan
from beamtwin.orchestration.errors import PlanTypeError

__all__ = [
    "Metadata",
    "PerShot",
    "PerStep",
    "PerStep1D",
    "PerStepND",
    "derive_default_hints",
    "describe",
]

Metadata = Mapping[str, Any] | None

#: ``per_shot(detectors)``, ``per_step(detectors, motor, step)``, ``per_step(detectors, step, pos_cache)``.
PerShot = Callable[[Sequence[Any]], AnyPlan]
PerStep1D = Callable[[Sequence[Any], Any, Any], AnyPlan]
PerStepND = Callable[[Sequence[Any], Mapping[Any, Any], dict[Any, Any]], AnyPlan]

#: One or the other: which, their parameters' names tell.
PerStep = Callable[..., AnyPlan]

#: Where documents say that patterns are: Bluesky's name for it, since `beamtwin.orchestration.patterns` has the same.
PATTERNS = "bluesky.plan_patterns"


def describe(defaults: dict[str, Any], md: Metadata) -> dict[str, Any]:
    """A plan's metadata with the user's over it; hints are merged one by one."""
    md = md or {}
    hints = {**defaults.get("hints", {}), **(md.get("hints") or {})}
    return {**defaults, **md, "hints": hints}


def derive_default_hints(motors: Sequence[Any]) -> dict[str, Any]:
    """The hints of motors that move together along one dimension."""
    return {"dimensions": [(fields(motors), "primary")]}


def dimensions(motors: Iterable[Any]) -> dict[str, Any]:
    """The hints of motors of which each is a dimension."""
    return {"dimensions": [(fields([motor]), "primary") for motor in motors]}


def fields(motors: Iterable[Any]) -> list[str]:
    """The hinted fields of motors; of one without, its name."""
    return [field for m in motors for field in getattr(m, "hints", {}).get("fields", [_name(m)])]


def names(devices: Any) -> list[str]:
    """The names of a list of devices.

    Raises
    ------
    PlanTypeError
        If it is one device, and no list; or if one of them is no device.
    """
    if not isinstance(devices, Sequence):
        raise PlanTypeError(
            "The input argument must be either as a list or a tuple of Readable objects, "
            f"as in [{label(devices)}]; got {label(devices)}"
        )
    return [_name(device) for device in devices]


def _name(device: Any) -> str:
    if not hasattr(device, "name"):
        raise PlanTypeError(f"{device!r} is given for a device, and is none: it has no name")
    return device.name


def label(thing: Any) -> str:
    """How a device is written: by its name."""
    return getattr(thing, "name", None) or repr(thing)


def labels(things: Iterable[Any]) -> list[str]:
    """How devices are written."""
    return [label(thing) for thing in things]


def written(args: Iterable[Any]) -> list[Any]:
    """Arguments with names in place of devices."""
    return [plain(getattr(arg, "name", arg)) for arg in args]


def plain(value: Any) -> Any:
    """As it can be written in a document: an iterator only by its looks."""
    return repr(value) if isinstance(value, Iterator) else as_list(value)


def as_list(value: Any) -> Any:
    """Numpy's numbers become Python's."""
    return value.tolist() if hasattr(value, "tolist") else value


def function(plan: Callable[..., Any] | None) -> str:
    """How a plan function is written: without its address, which no two processes share."""
    if isinstance(plan, partial):
        return f"partial({function(plan.func)})"
    return getattr(plan, "__qualname__", type(plan).__name__) if plan else "None"
