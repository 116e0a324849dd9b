"""IPython magics: ``%mov``, ``%movr``, ``%ct``, ``%wa`` after ``%load_ext beamtwin.orchestration.magics``.

They use the engine that is called ``RE`` in the user's namespace, and find devices there by their variables' names.
Nothing of IPython is imported: a shell that loads this module hands itself over.
"""

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from beamtwin.orchestration import stubs
from beamtwin.orchestration.errors import PlanError, RunEngineInterrupted
from beamtwin.orchestration.live.progress import ProgressBarManager
from beamtwin.orchestration.messages import Msg, Plan
from beamtwin.orchestration.preprocessors import stage_wrapper

__all__ = ["Magics", "load_ipython_extension"]


class Magics:
    """What the magics do.

    Parameters
    ----------
    namespace : mapping
        The user's: has the engine as ``RE``, and the devices.
    """

    def __init__(self, namespace: Mapping[str, Any]):
        self._namespace = namespace

    def mov(self, line: str) -> None:
        """Move devices together and wait: ``%mov th 1.5 tth 3.0``."""
        self._move(stubs.mv, "mov", line)

    def movr(self, line: str) -> None:
        """Move devices together by distances from where they were sent, and wait: ``%movr th 0.1``."""
        self._move(stubs.mvr, "movr", line)

    def ct(self, line: str) -> None:
        """Trigger and read devices, and print what they hint at: ``%ct scaler``; all detectors, if none is named.

        A word is a variable, a list of devices, or one of ophyd's labels. No run is opened: nothing is kept.
        """
        devices = self._devices(line) or _top(self._namespace, "trigger")
        if not devices:
            raise PlanError("%ct: no detector is in the namespace; name one: %ct scaler")
        readings: list[Mapping[str, Any]] = []
        if self._run(stage_wrapper(_look(devices, readings), devices)):
            keys = [self._answered(device.describe()) for device in devices]
            rows = map(_reading_rows, devices, readings, keys)
            _print_table(["", "value", "unit"], chain.from_iterable(rows))

    def wa(self, line: str) -> None:
        """Print where devices are, and their limits: ``%wa th slits``; all that have positions, if none is named."""
        devices = self._devices(line) or _top(self._namespace, "read")
        rows = [_position_row(axis, self._position) for device in devices for axis in _axes(device)]
        _print_table(["", "position", "low limit", "high limit", "unit"], rows)

    def _move(self, plan: Callable[..., Plan[Any]], magic: str, line: str) -> None:
        words = line.split()
        if not words or len(words) % 2:
            raise PlanError(f"%{magic} {line}: expected pairs, as in %{magic} th 1.5 tth 3.0")
        self._run(plan(*(self._value(word) for word in words)))

    def _value(self, word: str) -> Any:
        """What a word means to the user: any expression without blanks."""
        return eval(word, dict(self._namespace))

    def _devices(self, line: str) -> list[Any]:
        """The devices that words mean: variables, lists of devices, or labels."""
        devices: list[Any] = []
        for word in line.split():
            meant = _labelled(self._namespace, word) or self._value(word)
            devices += meant if isinstance(meant, (list, tuple)) else [meant]
        return devices

    def _position(self, axis: Any) -> Any:
        """Where it is."""
        if hasattr(axis, "position"):
            return axis.position
        return self._answered(axis.locate())["readback"]

    def _answered(self, outcome: Any) -> Any:
        """What a method answers; one of asyncio's does so on the engine's loop."""
        if not inspect.isawaitable(outcome):
            return outcome
        import asyncio

        async def wait() -> Any:
            return await outcome

        return asyncio.run_coroutine_threadsafe(wait(), self._engine().loop).result()

    def _engine(self) -> Any:
        engine = self._namespace.get("RE")
        if engine is None:
            raise PlanError("no engine is called RE here: RE = RunEngine()")
        return engine

    def _run(self, plan: Plan[Any]) -> bool:
        """Run a plan with progress bars; whether it came to its end: a pause has said how to go on."""
        engine = self._engine()
        hook, engine.waiting_hook = engine.waiting_hook, ProgressBarManager()
        try:
            engine(plan)
        except RunEngineInterrupted as interruption:
            print(interruption)
            return False
        finally:
            engine.waiting_hook = hook
        return True


def load_ipython_extension(shell: Any) -> None:
    """Called by ``%load_ext beamtwin.orchestration.magics``."""
    magics = Magics(shell.user_ns)
    for function in (magics.mov, magics.movr, magics.ct, magics.wa):
        shell.register_magic_function(function, "line", function.__name__)


# --- devices ------------------------------------------------------------------------------------


def _top(namespace: Mapping[str, Any], method: str) -> list[Any]:
    """The namespace's devices with a method, each once, that are not part of another."""
    found = {
        id(value): value
        for name, value in namespace.items()
        if not name.startswith("_") and _is_device(value) and hasattr(value, method)
    }
    return [device for device in found.values() if getattr(device, "parent", None) is None]


def _is_device(value: Any) -> bool:
    return not isinstance(value, type) and hasattr(value, "read") and hasattr(value, "describe")


def _labelled(namespace: Mapping[str, Any], label: str) -> list[Any]:
    """The namespace's devices with one of ophyd's labels."""
    devices = _top(namespace, "read")
    return [device for device in devices if label in getattr(device, "_ophyd_labels_", ())]


def _axes(device: Any) -> Iterator[Any]:
    """What has a position: the device, or parts of it; ophyd-async's have a coroutine that locates them."""
    locate = getattr(device, "locate", None)
    if hasattr(type(device), "position") or inspect.iscoroutinefunction(locate):
        yield device
        return
    children: Any = getattr(device, "children", dict)
    for part in children().values():
        if _is_device(part):
            yield from _axes(part)


def _look(devices: Sequence[Any], readings: list[Mapping[str, Any]]) -> Plan[None]:
    """Trigger, wait and read, outside any run."""
    group = "%ct"
    for device in devices:
        if hasattr(device, "trigger"):
            yield Msg("trigger", device, group=group)
    yield Msg("wait", None, group)
    for device in devices:
        readings.append((yield Msg("read", device)))


def _reading_rows(
    device: Any, reading: Mapping[str, Any], keys: Mapping[str, Any]
) -> Iterator[list[str]]:
    fields = getattr(device, "hints", {}).get("fields") or list(reading)
    for field in fields:
        if field in reading:
            key = keys.get(field, {})
            value = _shown(reading[field]["value"], key.get("precision"))
            yield [field, value, str(key.get("units") or "")]


def _position_row(axis: Any, position_of: Callable[[Any], Any]) -> list[str]:
    """One row; what cannot be asked says why."""
    try:
        position = _shown(position_of(axis), getattr(axis, "precision", None))
    except Exception as error:
        return [axis.name, type(error).__name__, "", "", ""]
    low, high = _limits(axis)
    unit = getattr(axis, "egu", "")
    return [axis.name, position, low, high, unit if isinstance(unit, str) else ""]


def _limits(axis: Any) -> tuple[str, str]:
    """The soft limits; blank where there are none."""
    low, high = getattr(axis, "limits", None) or (0.0, 0.0)
    return (f"{low:g}", f"{high:g}") if low < high else ("", "")


def _shown(value: Any, precision: Any) -> str:
    if isinstance(value, float):
        return f"{value:.{precision}f}" if isinstance(precision, int) else f"{value:.6g}"
    shape = getattr(value, "shape", ())
    return f"[{' × '.join(map(str, shape))}]" if shape else str(value)


def _print_table(headings: Sequence[str], rows: Iterable[list[str]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for heading in headings:
        is_number = heading in ("value", "position", "low limit", "high limit")
        table.add_column(heading, justify="right" if is_number else "left", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    Console(highlight=False).print(table)
