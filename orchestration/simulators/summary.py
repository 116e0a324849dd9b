"""A plan in words, and as a path."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from beamtwin.orchestration.messages import Msg
from beamtwin.orchestration.simulators.imagination import Imagination, walk

__all__ = ["plan_lines", "plot_raster_path", "print_summary", "raster_path", "summarize_plan"]


def summarize_plan(plan: Iterable[Msg]) -> None:
    """Print what a plan does: its runs, moves, pauses and events."""
    for line in plan_lines(plan):
        print(line)


print_summary = summarize_plan  # Bluesky's other name for it


def plan_lines(plan: Iterable[Msg]) -> Iterator[str]:
    """What a plan does, line by line, and how much of it at the end."""
    imagination = Imagination()
    counts = {"run": 0, "move": 0, "event": 0}
    read: dict[Any, list[str]] = {}
    for msg in walk(plan, imagination):
        command = msg.command
        counted = {"open_run": "run", "set": "move", "save": "event"}.get(command)
        if counted:
            counts[counted] += 1
        if command == "create":
            read[msg.run] = []
        elif command == "read" and msg.run in read:
            read[msg.run].append(msg.obj.name)
        elif command == "save":
            yield f"  read {', '.join(read.pop(msg.run, []))}"
        elif command == "drop":
            read.pop(msg.run, None)
        elif command in _WORDS:
            yield _WORDS[command](msg)
    told = [f"{count:,} {what}{'s' * (count > 1)}" for what, count in counts.items() if count]
    if imagination.elapsed:
        told.append(f"{imagination.elapsed:g} s of sleep")
    yield ", ".join(told) or "nothing to do"


def _plan_name(msg: Msg) -> str:
    return msg.kwargs.get("plan_name") or "run"


_WORDS: dict[str, Callable[[Msg], str]] = {
    "open_run": lambda msg: f"=== open {_plan_name(msg)} ===",
    "close_run": lambda msg: "=== close run ===",
    "set": lambda msg: f"{msg.obj.name} -> {_value(msg.args)} {_unit_of(msg.obj)}".rstrip(),
    "sleep": lambda msg: f"sleep {msg.args[0]:g} s",
    "kickoff": lambda msg: f"kick off {msg.obj.name}",
    "complete": lambda msg: f"complete {msg.obj.name}",
    "pause": lambda msg: "pause",
}


def _value(args: tuple[Any, ...]) -> str:
    return ", ".join(f"{arg:g}" if isinstance(arg, float) else str(arg) for arg in args)


def _unit_of(device: Any) -> str:
    """The unit of its positions; none, where it has none or cannot be asked."""
    try:
        unit = device.egu
    except Exception:
        return ""
    return unit if isinstance(unit, str) else ""


def plot_raster_path(
    plan: Iterable[Msg],
    x_motor: Any,
    y_motor: Any,
    ax: Any = None,
    probe_size: float | None = None,
    lw: float = 2,
) -> dict[str, Any]:
    """Plot where two motors are at each event.

    Parameters
    ----------
    x_motor, y_motor : device or str
        The motors, or their names.
    ax : matplotlib.axes.Axes, optional
        Default: of a new figure.
    probe_size : float, optional
        The radius of the probe in the unit of the motors, to draw it to scale.

    Returns
    -------
    dict
        The artists: ``path`` and ``events``.
    """
    path = raster_path(plan, x_motor, y_motor)
    if ax is None:
        import matplotlib.pyplot as plt

        ax = plt.subplots()[1]
    ax.set_aspect("equal")
    ax.set_xlabel(getattr(x_motor, "name", x_motor))
    ax.set_ylabel(getattr(y_motor, "name", y_motor))
    x, y = zip(*path, strict=True) if path else ((), ())
    (line,) = ax.plot(x, y, marker="", linestyle="-", lw=lw)
    return {"path": line, "events": _probes(ax, path, probe_size)}


def raster_path(plan: Iterable[Msg], x_motor: Any, y_motor: Any) -> list[tuple[float, float]]:
    """Where two motors, or those of these names, are at each event."""
    names = [getattr(motor, "name", motor) for motor in (x_motor, y_motor)]
    place: dict[str, float] = {}
    path = []
    for msg in walk(plan, Imagination()):
        if msg.command == "set":
            place[msg.obj.name] = msg.args[0]
        elif msg.command == "save":
            path.append((place.get(names[0], float("nan")), place.get(names[1], float("nan"))))
    return path


def _probes(ax: Any, path: Sequence[tuple[float, float]], radius: float | None) -> Any:
    if radius is None:
        return ax.scatter(*(zip(*path, strict=True) if path else ((), ())))
    from matplotlib.collections import PatchCollection
    from matplotlib.patches import Circle

    circles = PatchCollection([Circle(place, radius) for place in path], facecolor="k", alpha=0.5)
    return ax.add_collection(circles)
