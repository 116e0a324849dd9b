"""Plans: whole experiments, each of which makes one run. Names, arguments and metadata are Bluesky's."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from beamtwin.orchestration import stubs
from beamtwin.orchestration.errors import PlanError
from beamtwin.orchestration.messages import Msg, Plan
from beamtwin.orchestration.patterns import (
    Step,
    chunks,
    inner_list_product,
    inner_product,
    outer_product,
    whole,
)
from beamtwin.orchestration.preprocessors import run_wrapper, stage_wrapper

__all__ = ["count", "grid_scan", "list_scan", "scan", "scan_nd"]

PerStep = Callable[[Sequence[Any], Step, dict[Any, Any]], Iterable[Msg]]
PerShot = Callable[[Sequence[Any]], Iterable[Msg]]
Metadata = Mapping[str, Any] | None


def count(
    detectors: Sequence[Any],
    num: int | None = 1,
    delay: float | Iterable[float] = 0.0,
    *,
    per_shot: PerShot | None = None,
    md: Metadata = None,
) -> Plan[str]:
    """Read detectors several times.

    Parameters
    ----------
    detectors : list of Readable
    num : int, optional
        How often; None: until somebody stops it, or ``delay`` has no more.
    delay : float or iterable of float
        Seconds from the beginning of one reading to the beginning of the next; the time of a pause does not count.
    per_shot : plan function, optional
        Instead of `stubs.one_shot`.
    md : mapping, optional
        Metadata for the start document.
    """
    shot = per_shot or stubs.one_shot
    if hasattr(delay, "__len__"):
        delay = _as_list(delay)
        if num is not None and len(delay) < num - 1:
            raise PlanError(f"{num} readings have {num - 1} delays between them; got {len(delay)}")
    metadata = {
        "detectors": _names(detectors),
        "num_points": num,
        "num_intervals": None if num is None else num - 1,
        "plan_args": {"detectors": _reprs(detectors), "num": num, "delay": _plain(delay)},
        "plan_name": "count",
        "hints": {"dimensions": [[["time"], "primary"]]},
        **(md or {}),
    }
    inner = stubs.repeat(lambda: shot(detectors), num, delay)
    return (yield from stage_wrapper(run_wrapper(inner, md=metadata), detectors))


def scan_nd(
    detectors: Sequence[Any],
    steps: Iterable[Mapping[Any, Any]],
    *,
    per_step: PerStep | None = None,
    md: Metadata = None,
) -> Plan[str]:
    """Read detectors at every step of a trajectory.

    Parameters
    ----------
    detectors : list of Readable
    steps : iterable of {motor: position}
        The points, in order; each has the same motors.
    per_step : plan function, optional
        Instead of `stubs.one_nd_step`.
    md : mapping, optional
        Metadata for the start document.
    """
    points = [dict(step) for step in steps]
    motors = list(points[0]) if points else []
    step_plan = per_step or stubs.one_nd_step
    metadata = {
        "detectors": _names(detectors),
        "motors": _names(motors),
        "num_points": len(points),
        "num_intervals": len(points) - 1,
        "plan_name": "scan_nd",
        "hints": {"dimensions": _dimensions(motors)},
        **(md or {}),
    }

    def walk() -> Plan[None]:
        reached: dict[Any, Any] = {}
        for point in points:
            yield from step_plan(detectors, point, reached)

    run = run_wrapper(walk(), md=metadata)
    return (yield from stage_wrapper(run, [*detectors, *motors]))


def scan(
    detectors: Sequence[Any],
    *args: Any,
    num: int | None = None,
    per_step: PerStep | None = None,
    md: Metadata = None,
) -> Plan[str]:
    """Scan motors together along a line: ``scan([det], motor, start, stop, num)``.

    Parameters
    ----------
    detectors : list of Readable
    *args
        ``motor, start, stop`` for each motor, then ``num`` unless given by name.
    num : int
        Points, ends included.
    """
    if num is None and len(args) % 3 == 1:
        args, num = args[:-1], args[-1]
    num = whole(num, "num")
    steps = inner_product(num, args)
    motors = list(steps[0])
    named = _named(args)
    metadata = {
        "plan_args": {"detectors": _reprs(detectors), "num": num, "args": named},
        "plan_name": "scan",
        "plan_pattern": "inner_product",
        "plan_pattern_module": "beamtwin.orchestration.patterns",
        "plan_pattern_args": {"num": num, "args": named},
        "hints": {"dimensions": [[_fields(motors), "primary"]]},
        **(md or {}),
    }
    return (yield from scan_nd(detectors, steps, per_step=per_step, md=metadata))


def list_scan(
    detectors: Sequence[Any], *args: Any, per_step: PerStep | None = None, md: Metadata = None
) -> Plan[str]:
    """Scan motors together through lists of positions: ``list_scan([det], motor, [0, 1, 5])``."""
    axes = [[motor, _as_list(listed)] for motor, listed in chunks(args, "motor, positions")]
    steps = inner_list_product(_flat(axes))
    named = _named(_flat(axes))
    metadata = {
        "plan_args": {"detectors": _reprs(detectors), "args": named},
        "plan_name": "list_scan",
        "plan_pattern": "inner_list_product",
        "plan_pattern_module": "beamtwin.orchestration.patterns",
        "plan_pattern_args": {"args": named},
        "hints": {"dimensions": [[_fields(motor for motor, _ in axes), "primary"]]},
        **(md or {}),
    }
    return (yield from scan_nd(detectors, steps, per_step=per_step, md=metadata))


def grid_scan(
    detectors: Sequence[Any],
    *args: Any,
    snake_axes: bool | Sequence[Any] = False,
    per_step: PerStep | None = None,
    md: Metadata = None,
) -> Plan[str]:
    """Scan motors over a mesh: ``grid_scan([det], slow, 0, 1, 5, fast, -1, 1, 11)``.

    Parameters
    ----------
    detectors : list of Readable
    *args
        ``motor, start, stop, num`` for each motor, the slowest first.
    snake_axes : bool or list of motors
        Which motors go back and forth (True: all but the slowest).
    """
    axes = chunks(args, "motor, start, stop, num")
    motors = [axis[0] for axis in axes]
    shape = [whole(num, f"num of {_label(motor)}") for motor, _, _, num in axes]
    snake = _snaking(motors, snake_axes)
    bounds = [
        [motor, start, stop, num, snakes]
        for (motor, start, stop, _), num, snakes in zip(axes, shape, snake, strict=True)
    ]
    pattern = _flat([bounds[0][:-1], *bounds[1:]])  # the slowest has no say in snaking
    metadata = {
        "shape": shape,
        "extents": [[start, stop] for _, start, stop, _ in axes],
        "snaking": snake,
        "plan_args": {
            "detectors": _reprs(detectors),
            "args": _named(args),
            "snake_axes": snake_axes if isinstance(snake_axes, bool) else _reprs(snake_axes),
        },
        "plan_name": "grid_scan",
        "plan_pattern": "outer_product",
        "plan_pattern_module": "beamtwin.orchestration.patterns",
        "plan_pattern_args": {"args": _named(pattern)},
        "hints": {"gridding": "rectilinear", "dimensions": _dimensions(motors)},
        **(md or {}),
    }
    steps = outer_product(pattern)
    return (yield from scan_nd(detectors, steps, per_step=per_step, md=metadata))


# --- metadata ----------------------------------------------------------------------------------


def _label(device: Any) -> str:
    """How a device is written in a start document: by its name."""
    return getattr(device, "name", None) or repr(device)


def _names(devices: Any) -> list[str]:
    if hasattr(devices, "name"):
        raise PlanError(f"{devices.name}: expected a list of devices, as in [{devices.name}]")
    return [device.name for device in devices]


def _reprs(devices: Iterable[Any]) -> list[str]:
    return [_label(device) for device in devices]


def _named(args: Iterable[Any]) -> list[Any]:
    """Arguments with names in place of devices."""
    return [_plain(getattr(arg, "name", arg)) for arg in args]


def _plain(value: Any) -> Any:
    """As it can be written in a document: an iterator only by its looks."""
    return repr(value) if isinstance(value, Iterator) else value


def _as_list(values: Any) -> list[Any]:
    """Numpy's numbers become Python's."""
    return values.tolist() if hasattr(values, "tolist") else list(values)


def _fields(motors: Iterable[Any]) -> list[str]:
    return [field for m in motors for field in getattr(m, "hints", {}).get("fields", [m.name])]


def _dimensions(motors: Iterable[Any]) -> list[Any]:
    return [[_fields([motor]), "primary"] for motor in motors]


def _flat(rows: Iterable[Iterable[Any]]) -> list[Any]:
    return [item for row in rows for item in row]


def _snaking(motors: Sequence[Any], snake_axes: bool | Sequence[Any]) -> list[bool]:
    if isinstance(snake_axes, bool):
        return [False] + [snake_axes] * (len(motors) - 1)
    unknown = [_label(motor) for motor in snake_axes if motor not in motors[1:]]
    if unknown:
        raise PlanError(
            f"snake_axes: {', '.join(unknown)}: only the faster motors of the scan can snake"
        )
    return [motor in snake_axes for motor in motors]
