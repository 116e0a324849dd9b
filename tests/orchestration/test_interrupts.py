"""Ctrl-C while a plan runs: in this process, and in one that is killed by it."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from beamtwin.orchestration.clock import WallClock
from beamtwin.orchestration.engine import RunEngine
from beamtwin.orchestration.errors import RunEngineInterrupted
from beamtwin.orchestration.interrupts import AbortOnSigint, SigintHandler
from beamtwin.orchestration.messages import Msg
from beamtwin.orchestration.preprocessors import run_wrapper


@pytest.fixture(autouse=True)
def pythons_own_handler() -> Iterator[None]:
    """Every test finds Python's handler of Ctrl-C, and leaves it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def make_engine(documents: Any) -> Callable[..., RunEngine]:
    """An engine on the wall, with a command ``ctrl_c`` that presses it so many times."""

    def make(handler: Any = None) -> RunEngine:
        engine = RunEngine(
            clock=WallClock(), context_managers=None if handler is None else [handler]
        )
        engine.subscribe(documents)
        engine.register_command(
            "ctrl_c", lambda msg: [signal.raise_signal(signal.SIGINT) for _ in range(msg.args[0])]
        )
        return engine

    return make


def presses(times: int) -> Msg:
    return Msg("ctrl_c", None, times)


def test_the_first_press_pauses_at_the_next_checkpoint(make_engine: Any) -> None:
    RE = make_engine()
    messages: list[Msg] = []
    RE.msg_hook = messages.append
    with pytest.raises(RunEngineInterrupted, match=r"RE\.resume"):
        RE([presses(1), Msg("null"), Msg("checkpoint"), Msg("null")])
    assert RE.state == "paused"
    assert messages[-1] == Msg("checkpoint")
    RE.resume()
    assert messages[-1] == Msg("null")


def test_the_second_press_pauses_now(make_engine: Any) -> None:
    RE = make_engine(SigintHandler)
    messages: list[Msg] = []
    RE.msg_hook = messages.append
    with pytest.raises(RunEngineInterrupted, match=r"RE\.resume"):
        RE([Msg("checkpoint"), presses(2), Msg("null"), Msg("checkpoint")])
    assert messages[-1] == presses(2)
    RE.abort()


def test_the_eleventh_press_interrupts_python_and_the_plan_cleans_up(
    make_engine: Any, documents: Any
) -> None:
    RE = make_engine()
    noted: list[str] = []

    def plan() -> Any:
        yield Msg("open_run")
        try:
            yield presses(11)
        finally:
            yield Msg("null")
            noted.append("cleaned up")

    with pytest.raises(KeyboardInterrupt):
        RE(plan())
    assert noted == ["cleaned up"]
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
        RE([Msg("open_run"), presses(2)])
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
