"""Imagination: the answers of devices that do at once what they are told, while the real ones stay where they are.

A simulator is a table from a message's command to the function that answers it, and `walk`, which runs a plan against
one. A rehearsal with time, faults or data is such a table with other rows.
"""

import inspect
import itertools
from collections.abc import Callable, Generator, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from beamtwin.orchestration.clock import WallClock
from beamtwin.orchestration.errors import PlanError
from beamtwin.orchestration.messages import Msg, as_generator
from beamtwin.orchestration.status import finished

__all__ = ["Answer", "Imagination", "own_fields", "resolve", "walk"]

Answer = Callable[[Msg], Any]
Document = dict[str, Any]

#: Messages after which a plan that goes on is taken to be one that never ends.
MOST_MESSAGES = 5_000_000


def walk(
    plan: Iterable[Msg], answer: Answer, most: int = MOST_MESSAGES
) -> Generator[Msg, None, Any]:
    """Yield each message of a plan, once it has been answered; an error of the answer goes into the plan.

    Parameters
    ----------
    answer : callable
        Takes a message; what it returns or raises, the plan gets.
    most : int
        Messages that the plan may have.

    Returns
    -------
    object
        The plan's result.

    Raises
    ------
    PlanError
        For a plan that has more messages.
    """
    plan = as_generator(plan)
    value: Any = None
    error: Exception | None = None
    for _ in range(most):
        try:
            msg = plan.send(value) if error is None else plan.throw(error)
        except StopIteration as end:
            return end.value
        value = error = None
        try:
            value = answer(msg)
        except Exception as failure:
            error = failure
        yield msg
    raise PlanError(
        f"the plan goes on after {most:,} messages: if it waits for a reading, simulate it with that "
        "(RunEngineSimulator.add_read_handler)"
    )


class Imagination:
    """Answers of devices that do at once what they are told, while the real ones stay where they are.

    Attributes
    ----------
    answers : dict of str to callable
        What answers each command; one that is not in it is answered with None.
    positions : dict
        Where the plan has sent each device, by device.
    elapsed : float
        Seconds that it has slept.
    """

    def __init__(self) -> None:
        self.positions: dict[Any, Any] = {}
        self.elapsed = 0.0
        self._done = finished(WallClock(), "simulated")
        self._numbers = itertools.count(1)
        self._read_once: dict[Any, Document] = {}
        self._triggered: set[Any] = set()
        self._fields: dict[str, Any] = {}
        self.answers: dict[str, Answer] = {
            **dict.fromkeys(["kickoff", "complete", "prepare"], lambda msg: self._done),
            **dict.fromkeys(["stage", "unstage", "collect"], lambda msg: []),
            **dict.fromkeys(["open_run", "close_run", "subscribe"], self._number),
            **dict.fromkeys(["wait", "rewindable"], lambda msg: True),
            "set": self._set,
            "trigger": self._trigger,
            "locate": self._locate,
            "read": self._read,
            "sleep": self._sleep,
            "elapsed": lambda msg: self.elapsed,
            "configure": lambda msg: ({}, {}),
            "input": lambda msg: "",
        }

    def __call__(self, msg: Msg) -> Any:
        """Answer a message."""
        answer = self.answers.get(msg.command)
        return None if answer is None else answer(msg)

    def position(self, device: Any) -> Any:
        """Where it has been sent by the plan; where the plan has not, where it was sent before."""
        if device in self.positions:
            return self.positions[device]
        motors = getattr(device, "motors", ())
        if any(motor in self.positions for motor in motors):
            return device.transform.inverse(*map(self.position, motors))
        return _setpoint(device)

    def moves(self, device: Any, target: Any) -> dict[Any, Any]:
        """Where a ``set`` sends which devices: an axis made of motors, its motors, from where the plan sent those."""
        if not isinstance(target, Mapping):
            return self._targets(device, target)
        planned: dict[Any, Any] = {}
        for name, value in target.items():
            axis = getattr(device, name, None)
            if not hasattr(axis, "targets"):
                return {device: target}
            planned |= self._targets(axis, value, planned)
        return planned

    def _targets(
        self, device: Any, target: Any, planned: Mapping[Any, Any] | None = None
    ) -> dict[Any, Any]:
        if hasattr(device, "targets"):
            return device.targets(target, {**self.positions, **(planned or {})})
        return {device: target}

    def _number(self, msg: Msg) -> Any:
        """Runs are told by uids, subscriptions by numbers."""
        number = next(self._numbers)
        return number if msg.command == "subscribe" else f"simulated-{number}"

    def _sleep(self, msg: Msg) -> None:
        self.elapsed += float(msg.args[0])

    def _set(self, msg: Msg) -> Any:
        for device, target in self.moves(msg.obj, msg.args[0] if msg.args else None).items():
            self.positions[device] = target
            if not isinstance(target, Mapping):
                self._fields.update(dict.fromkeys(own_fields(device), target))
        return self._done

    def _locate(self, msg: Msg) -> Any:
        places = []
        for device in (msg.obj, *msg.args):
            position = self.position(device)
            places.append({"setpoint": position, "readback": position})
        return places[0] if len(places) == 1 and msg.kwargs.get("squeeze", True) else places

    def _trigger(self, msg: Msg) -> Any:
        self._triggered.add(msg.obj)
        return self._done

    def _read(self, msg: Msg) -> Document:
        """What the device reads now, with the positions that it would have; a triggered one has counted something."""
        device = msg.obj
        if device not in self._read_once:
            self._read_once[device] = _reading(device)
        fields = self._fields
        if getattr(device, "motors", ()):
            fields = fields | dict.fromkeys(own_fields(device), self.position(device))
        counted = device in self._triggered
        return {
            key: {**reading, "value": fields.get(key, _counted(reading["value"], counted))}
            for key, reading in self._read_once[device].items()
        }


def _counted(value: Any, counted: bool) -> Any:
    """What a detector has read, as after an exposure: a sum of nothing but zeros tells an adaptive plan nothing."""
    is_zero = isinstance(value, (int, float)) and value == 0
    return 1.0 if counted and is_zero else value


# --- what the real devices say ------------------------------------------------------------------


def resolve(outcome: Any) -> Any:
    """The result of a method, also of one that is a coroutine; that runs in a thread, since here a loop may run."""
    if not inspect.isawaitable(outcome):
        return outcome
    import asyncio

    async def wait() -> Any:
        return await outcome

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: asyncio.run(wait())).result()


def _reading(device: Any) -> Document:
    """What a device reads; zeros, where it cannot be read."""
    try:
        return dict(resolve(device.read()))
    except Exception:
        return {key: {"value": 0.0, "timestamp": 0.0} for key in own_fields(device)}


def _setpoint(device: Any) -> Any:
    if hasattr(device, "locate"):
        return resolve(device.locate())["setpoint"]
    if hasattr(device, "position"):
        return device.position
    reading = _reading(device)
    fields = [field for field in own_fields(device) if field in reading] or list(reading)
    return reading[fields[0]]["value"] if fields else 0.0


def own_fields(device: Any) -> list[str]:
    """The data keys that hold a device's position."""
    return list(getattr(device, "hints", {}).get("fields", ())) or [device.name]
