"""Bare devices, and engines whose documents are checked."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from event_model import DocumentNames, schema_validators

from beamtwin.orchestration.clock import Clock, Timer, WallClock
from beamtwin.orchestration.engine import RunEngine
from beamtwin.orchestration.messages import Msg
from beamtwin.orchestration.status import Status, finished
from beamtwin.twin.clock import SimClock


class Device:
    """Something with a name and a value. Every call of a method that acts is noted in `calls`."""

    def __init__(self, name: str, clock: Clock, parent: Any = None):
        self.name = name
        self.clock = clock
        self.parent = parent
        self.value: Any = 0.0
        self.calls: list[Any] = []

    def read(self) -> dict[str, Any]:
        return {self.name: {"value": self.value, "timestamp": self.clock.time()}}

    def describe(self) -> dict[str, Any]:
        return {self.name: {"source": "a test", "dtype": "number", "shape": []}}

    def read_configuration(self) -> dict[str, Any]:
        return {}

    def describe_configuration(self) -> dict[str, Any]:
        return {}


class Motor(Device):
    """Takes ``seconds`` for each move; a move that is stopped fails, unless it was stopped as planned."""

    def __init__(self, name: str, clock: Clock, seconds: float = 0.0, parent: Any = None):
        super().__init__(name, clock, parent)
        self.seconds = seconds
        self.hints = {"fields": [name]}
        self.move: Status | None = None
        self.timer: Timer | None = None

    def set(self, value: float) -> Status:
        self.calls.append(("set", value))
        if not self.seconds:
            self.value = value
            return finished(self.clock, f"{self.name}: move")
        status = self.move = Status(self.clock, name=f"{self.name}: move to {value:g} mm")
        self.timer = self.clock.call_at(
            self.clock.time() + self.seconds, lambda: self._arrive(status, value)
        )
        return status

    def _arrive(self, status: Status, value: float) -> None:
        self.value = value
        status.set_finished()

    def locate(self) -> dict[str, Any]:
        return {"setpoint": self.value, "readback": self.value}

    def stop(self, success: bool = True) -> None:
        self.calls.append(("stop", success))
        if self.move is not None and self.timer is not None:
            self.timer.cancel()
            if success:
                self.move.set_finished()
            else:
                self.move.set_exception(RuntimeError(f"{self.name} was stopped"))


class Detector(Device):
    """Counts how often it was triggered; each exposure takes ``seconds``."""

    def __init__(self, name: str, clock: Clock, seconds: float = 0.0, parent: Any = None):
        super().__init__(name, clock, parent)
        self.seconds = seconds

    def trigger(self) -> Status:
        self.calls.append("trigger")
        self.value += 1
        if not self.seconds:
            return finished(self.clock)
        status = Status(self.clock, name=f"{self.name}: expose")
        self.clock.call_at(self.clock.time() + self.seconds, status.set_finished)
        return status

    def stage(self) -> list[Any]:
        self.calls.append("stage")
        return [self]

    def unstage(self) -> list[Any]:
        self.calls.append("unstage")
        return [self]


class Signal(Device):
    """Tells its subscribers when it has news, and at once when they come."""

    def __init__(self, name: str, clock: Clock):
        super().__init__(name, clock)
        self.subscribers: list[Callable[..., object]] = []

    def put(self, value: float) -> None:
        self.value = value
        for tell in list(self.subscribers):
            tell(self.read())

    def subscribe(self, function: Callable[..., object]) -> None:
        self.subscribers.append(function)
        function(self.read())

    def clear_sub(self, function: Callable[..., object]) -> None:
        self.subscribers.remove(function)


class Documents(list[tuple[str, dict[str, Any]]]):
    """What an engine emitted."""

    def __call__(self, name: str, document: dict[str, Any]) -> None:
        self.append((name, document))

    def of(self, name: str) -> list[dict[str, Any]]:
        return [document for kind, document in self if kind == name]

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self]

    @property
    def start(self) -> dict[str, Any]:
        (start,) = self.of("start")
        return start

    @property
    def stop(self) -> dict[str, Any]:
        (stop,) = self.of("stop")
        return stop

    def events(self, stream: str = "primary") -> list[dict[str, Any]]:
        uids = {each["uid"] for each in self.of("descriptor") if each["name"] == stream}
        return [event for event in self.of("event") if event["descriptor"] in uids]

    def column(self, key: str) -> list[Any]:
        return [event["data"][key] for event in self.of("event") if key in event["data"]]

    def seq_nums(self, stream: str = "primary") -> list[int]:
        return [event["seq_num"] for event in self.events(stream)]

    def check(self) -> None:
        """Every one is valid event-model."""
        for name, document in self:
            schema_validators[DocumentNames[name]].validate(document)


@pytest.fixture
def documents() -> Iterator[Documents]:
    """What the engine emitted; checked against event-model's schemas when the test has ended."""
    documents = Documents()
    yield documents
    documents.check()


@pytest.fixture
def RE(clock: SimClock, documents: Documents) -> RunEngine:
    """An engine in virtual time."""
    engine = RunEngine(clock=clock, context_managers=[])
    engine.subscribe(documents)
    return engine


@pytest.fixture
def wall() -> WallClock:
    return WallClock()


@pytest.fixture
def wall_engine(wall: WallClock, documents: Documents) -> RunEngine:
    """An engine in real time."""
    engine = RunEngine(clock=wall, context_managers=[])
    engine.subscribe(documents)
    return engine


@pytest.fixture
def messages(RE: RunEngine) -> list[Msg]:
    """Those that the engine obeyed."""
    messages: list[Msg] = []
    RE.msg_hook = messages.append
    return messages


@pytest.fixture
def motor(clock: SimClock) -> Motor:
    return Motor("m", clock)


@pytest.fixture
def slow(clock: SimClock) -> Motor:
    """A motor that takes 2 s for each move."""
    return Motor("slow", clock, seconds=2.0)


@pytest.fixture
def det(clock: SimClock) -> Detector:
    return Detector("det", clock)


@pytest.fixture
def make(clock: SimClock) -> Callable[..., Any]:
    """Make a device by its class's name: ``make("Motor", "m2", seconds=1.0)``."""
    classes = {each.__name__: each for each in (Device, Motor, Detector, Signal)}
    return lambda kind, name, on=clock, **kwargs: classes[kind](name, on, **kwargs)


@pytest.fixture
def in_thread() -> Iterator[Callable[..., threading.Thread]]:
    """Start a function in a thread, which the test must outlive."""
    threads = []

    def start(function: Callable[[], object]) -> threading.Thread:
        thread = threading.Thread(target=function)
        threads.append(thread)
        thread.start()
        return thread

    yield start
    for thread in threads:
        thread.join(timeout=5)
        assert not thread.is_alive()
