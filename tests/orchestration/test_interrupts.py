"""Ctrl-C while a plan runs: in this process, and in one that is killed by it."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from beamtwin.orchestration.clock import WallClock
from beamtwin.orchestration.engine import RunEngine
from beamtwin.orchestration.errors import RunEngineInterrupted
from beamtwin.orchestration.interrupts import AbortOnSigint, Presses, SigintHandler
from beamtwin.orchestration.messages import Msg
from beamtwin.orchestration.preprocessors import run_wrapper


@pytest.fixture(autouse=True)
def pythons_own_handler() -> Iterator[None]:
    """Every test finds Python's handler of Ctrl-C, and leaves it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    signal.signal(signal.SIGINT, before)


class Person:
    """Presses Ctrl-C, so many seconds after the last time."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def press(self, after_s: float = 1.0) -> None:
        self.now_s += after_s
        signal.raise_signal(signal.SIGINT)


@pytest.fixture
def person() -> Person:
    return Person()


@pytest.fixture
def make_engine(documents: Any, person: Person) -> Callable[..., RunEngine]:
    """An engine on the wall, with a command ``ctrl_c`` that presses it so many times."""

    def make(handler: Any = SigintHandler) -> RunEngine:
        manager = partial(handler, now=lambda: person.now_s)
        engine = RunEngine(clock=WallClock(), context_managers=[manager])
        engine.subscribe(documents)

        def press(msg: Msg) -> None:
            for _ in range(msg.args[0]):
                person.press(**msg.kwargs)

        engine.register_command("ctrl_c", press)
        return engine

    return make


def presses(times: int, **kwargs: float) -> Msg:
    return Msg("ctrl_c", None, times, **kwargs)


# --- what counts -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("times_s", "counts"),
    [
        ([0.0], [1]),
        ([0.0, 0.05], [1, 0]),
        ([0.0, 0.1, 0.11], [1, 0, 2]),
        ([0.0, 0.2, 0.4], [1, 2, 3]),
        ([0.0, 9.9, 19.8], [1, 2, 3]),
        ([0.0, 0.2, 10.3, 10.5], [1, 2, 1, 2]),
    ],
)
def test_presses_bounce_and_are_forgotten(times_s: list[float], counts: list[int]) -> None:
    pressed = Presses(forget_s=10.0)
    assert [pressed.count(100.0 + time_s) for time_s in times_s] == counts


def test_an_engine_is_the_one_of_bluesky_by_default() -> None:
    assert RunEngine().context_managers == [SigintHandler]


# --- at a prompt -------------------------------------------------------------------------------


def test_the_first_press_pauses_at_the_next_checkpoint_and_says_so(
    make_engine: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    RE = make_engine()
    messages: list[Msg] = []
    RE.msg_hook = messages.append
    with pytest.raises(RunEngineInterrupted, match=r"RE\.resume"):
        RE([presses(1), Msg("null"), Msg("checkpoint"), Msg("null")])
    assert RE.state == "paused"
    assert messages[-1] == Msg("checkpoint")
    assert "Ctrl-C again pauses it now" in capfd.readouterr().err
    RE.resume()
    assert messages[-1] == Msg("null")


def test_the_second_press_pauses_now(make_engine: Any) -> None:
    RE = make_engine()
    messages: list[Msg] = []
    RE.msg_hook = messages.append
    with pytest.raises(RunEngineInterrupted, match=r"RE\.resume"):
        RE([Msg("checkpoint"), presses(2), Msg("null"), Msg("checkpoint")])
    assert messages[-1] == presses(2)
    RE.abort()


@pytest.mark.parametrize("after_s", [0.05, 11.0])
def test_a_bouncing_or_a_late_press_is_no_second_one(make_engine: Any, after_s: float) -> None:
    RE = make_engine()
    messages: list[Msg] = []
    RE.msg_hook = messages.append
    plan = [presses(1), presses(1, after_s=after_s), Msg("null"), Msg("checkpoint")]
    with pytest.raises(RunEngineInterrupted, match=r"RE\.resume"):
        RE(plan)
    assert messages == plan
    RE.abort()


def test_a_press_without_a_checkpoint_to_come_is_not_left_to_the_next_plan(
    make_engine: Any,
) -> None:
    RE = make_engine()
    RE([presses(1), Msg("null")])
    RE([Msg("checkpoint"), Msg("null")])


def test_the_eleventh_press_ends_the_plan_which_cleans_up(make_engine: Any, documents: Any) -> None:
    RE = make_engine()
    noted: list[str] = []

    def plan() -> Any:
        yield Msg("open_run")
        try:
            yield presses(11)
        finally:
            yield Msg("null")
            noted.append("cleaned up")

    with pytest.raises(RunEngineInterrupted) as caught:
        RE(plan())
    assert isinstance(caught.value.__cause__, KeyboardInterrupt)
    assert noted == ["cleaned up"]
    assert documents.stop["exit_status"] == "abort"
    assert RE.state == "idle"


def test_the_eleventh_press_ends_a_plan_that_hangs(make_engine: Any, person: Person) -> None:
    """In its own code, where no engine can get a word in."""

    def hanging() -> Any:
        while True:
            person.press()
        yield Msg("null")

    RE = make_engine()
    with pytest.raises(RunEngineInterrupted):
        RE(hanging())
    assert RE.state == "idle"
    assert person.now_s == 11


def test_a_keyboard_interrupt_of_anybodys_ends_the_plan(make_engine: Any, documents: Any) -> None:
    def plan() -> Any:
        yield Msg("open_run")
        raise KeyboardInterrupt

    RE = make_engine()
    with pytest.raises(RunEngineInterrupted):
        RE(plan())
    assert documents.stop["exit_status"] == "abort"
    assert RE.state == "idle"


def test_presses_are_counted_anew_after_a_pause(make_engine: Any) -> None:
    RE = make_engine()
    with pytest.raises(RunEngineInterrupted):
        RE([Msg("checkpoint"), presses(2), Msg("checkpoint"), Msg("null")])
    with pytest.raises(RunEngineInterrupted):
        RE.resume()
    assert RE.state == "paused"
    RE.stop()


def test_a_press_when_nothing_can_be_paused_is_let_pass(make_engine: Any, person: Person) -> None:
    """The plan has just paused, and the handler is still there."""

    class PressedAtTheEnd:
        def __init__(self, engine: RunEngine):
            """Take any engine."""

        def __enter__(self) -> None:
            """Do nothing."""

        def __exit__(self, *_: object) -> None:
            person.press()

    RE = make_engine()
    RE.context_managers.append(PressedAtTheEnd)
    with pytest.raises(RunEngineInterrupted, match=r"RE\.resume"):
        RE([Msg("checkpoint"), Msg("pause"), Msg("null")])
    assert RE.state == "paused"
    RE.resume()


# --- on a command line -------------------------------------------------------------------------


def test_ctrl_c_wakes_a_waiting_engine(make_engine: Any) -> None:
    RE = make_engine(AbortOnSigint)
    wall = RE.clock
    began = wall.time()
    wall.call_at(began + 0.02, lambda: os.kill(os.getpid(), signal.SIGINT))
    with pytest.raises(RunEngineInterrupted, match="Ctrl-C"):
        RE([Msg("sleep", None, 30)])
    assert wall.time() - began < 1


def test_on_a_command_line_ctrl_c_ends_the_run(make_engine: Any, documents: Any) -> None:
    RE = make_engine(AbortOnSigint)
    with pytest.raises(RunEngineInterrupted, match="Ctrl-C"):
        RE(run_wrapper([presses(1), Msg("null")]))
    assert (documents.stop["exit_status"], documents.stop["reason"]) == ("abort", "Ctrl-C")


def test_on_a_command_line_a_second_press_interrupts_python(
    make_engine: Any, documents: Any
) -> None:
    RE = make_engine(AbortOnSigint)
    with pytest.raises(KeyboardInterrupt):
        RE([Msg("open_run"), presses(2, after_s=60.0)])
    assert documents.stop["exit_status"] == "abort"


@pytest.mark.parametrize("handler", [SigintHandler, AbortOnSigint])
@pytest.mark.parametrize("when", ["stopping a motor", "just idle"])
def test_a_press_while_the_engine_cleans_up_disturbs_nothing(
    make_engine: Any, motor: Any, documents: Any, handler: Any, when: str
) -> None:
    RE = make_engine(handler)
    if when == "just idle":
        RE.state_hook = lambda new, _: signal.raise_signal(signal.SIGINT) if new == "idle" else None
    else:
        motor.stop = lambda success: signal.raise_signal(signal.SIGINT)
    RE([Msg("open_run"), Msg("set", motor, 1)])
    assert documents.stop["exit_status"] == "success"
    assert RE.state == "idle"


def test_a_press_while_the_engine_pauses_pauses_it_once(make_engine: Any) -> None:
    RE = make_engine()
    RE.state_hook = lambda new, old: (
        signal.raise_signal(signal.SIGINT) if new == "pausing" else None
    )
    with pytest.raises(RunEngineInterrupted):
        RE([Msg("checkpoint"), Msg("pause"), Msg("null"), Msg("checkpoint")])
    assert RE.state == "paused"
    RE.state_hook = None
    RE.resume()


def test_an_engine_elsewhere_keeps_its_hands_off_ctrl_c(
    make_engine: Any, in_thread: Callable[..., threading.Thread]
) -> None:
    RE = make_engine()
    handlers: list[Any] = []
    RE.register_command("look", lambda msg: handlers.append(signal.getsignal(signal.SIGINT)))
    in_thread(lambda: RE([Msg("look")])).join()
    assert handlers == [signal.default_int_handler]


@pytest.mark.parametrize("before", [signal.SIG_IGN, signal.SIG_DFL])
def test_whatever_handled_ctrl_c_before_does_so_again(make_engine: Any, before: Any) -> None:
    """Where Bluesky calls it as a function, which these are not."""
    signal.signal(signal.SIGINT, before)
    try:
        RE = make_engine()
        with pytest.raises(RunEngineInterrupted):
            RE([presses(2)])
        RE.stop()
        assert signal.getsignal(signal.SIGINT) is before
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


SCRIPT = """
import sys
from beamtwin.orchestration.engine import RunEngine
from beamtwin.orchestration.errors import RunEngineInterrupted
from beamtwin.orchestration.interrupts import AbortOnSigint
from beamtwin.orchestration.preprocessors import run_wrapper
from beamtwin.orchestration.stubs import sleep

RE = RunEngine(context_managers=[AbortOnSigint])
RE.subscribe(lambda name, document: print(name, document.get("exit_status"), flush=True))
try:
    RE(run_wrapper(sleep(60)))
except RunEngineInterrupted as error:
    sys.exit(f"ended: {error}")
"""


@pytest.mark.skipif(os.name != "posix", reason="sends a signal")
def test_a_process_ends_tidily() -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "start None\n"
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=10)
    assert out == "stop abort\n"
    assert err == "ended: Ctrl-C\n"
    assert process.returncode == 1
