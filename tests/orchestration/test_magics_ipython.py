"""The magics and the engine in IPython's own shell, also where an event loop runs, as it does in a notebook."""

import asyncio
import atexit
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from beamtwin.hardware.motor import Motor
from beamtwin.hardware.scaler import Scaler
from beamtwin.orchestration import RunEngine
from beamtwin.orchestration.plans import scan
from beamtwin.twin.clock import SimClock
from beamtwin.twin.database import Database
from beamtwin.twin.records import MotorRecord, ScalerRecord

interactiveshell = pytest.importorskip(
    "IPython.core.interactiveshell", reason="ipython is an extra: beamtwin[ipython]"
)


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A session with an engine, a motor and a scaler, and the magics."""
    from traitlets.config import Config

    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "100")
    clock = SimClock(0.0)
    database = Database(clock)
    database.add(MotorRecord(clock, "th", VELO=10.0, EGU="deg", PREC=4, HLM=100.0, LLM=-100.0))
    database.add(ScalerRecord(clock, "sc", lambda seconds: [1000 * seconds], TP=1.0))
    th = Motor("th", "th", database)
    scaler = Scaler("sc", "scaler", database, channels={2: "i0"})
    th.connect()
    scaler.connect()
    # A shell puts a module of its own there, and whoever spawns processes later needs the old one.
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    config = Config()
    config.HistoryManager.enabled = False
    shell = interactiveshell.InteractiveShell(config=config)
    shell.push({"RE": RunEngine(clock=clock), "th": th, "scaler": scaler, "scan": scan})
    shell.run_line_magic("load_ext", "beamtwin.orchestration.magics")
    yield shell
    atexit.unregister(shell.atexit_operations)
    shell.atexit_operations()


def run(shell: Any, cell: str) -> Any:
    """What a cell results in; its errors are the test's."""
    outcome = shell.run_cell(cell)
    outcome.raise_error()
    return outcome.result


def test_magics_move_count_and_tell(shell: Any, capsys: pytest.CaptureFixture[str]) -> None:
    run(shell, "%mov th 1.5")
    run(shell, "%movr th 2*0.25")
    run(shell, "%ct scaler")
    run(shell, "%wa th")
    printed = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["scaler_i0", "1000"] in printed
    assert ["th", "2", "-100", "100", "deg"] in printed


def test_their_help_is_shown(shell: Any) -> None:
    for name, words in (("mov", "together and wait"), ("wa", "limits"), ("ct", "Trigger and read")):
        assert words in shell.find_line_magic(name).__doc__


def test_an_error_leaves_the_engine_idle(shell: Any) -> None:
    outcome = shell.run_cell("%mov th 200")
    assert "outside [-100, 100] deg" in str(outcome.error_in_exec)
    assert run(shell, "RE.state == 'idle'")


PAUSED = """
def pausing(msg):
    if msg.command == "save":
        RE.request_pause(defer=True)

RE.msg_hook = pausing
try:
    RE(scan([scaler], th, 0, 1, 3))
except Exception as interruption:
    said = str(interruption)
RE.msg_hook = None
"""


def test_a_plan_is_paused_in_one_cell_and_resumed_in_another(shell: Any) -> None:
    run(shell, PAUSED)
    assert "RE.resume()" in shell.user_ns["said"]
    assert run(shell, "RE.state == 'paused'")
    (uid,) = run(shell, "RE.resume()")
    assert isinstance(uid, str)
    assert shell.user_ns["th"].position == 1.0


def test_plans_run_where_an_event_loop_runs(shell: Any) -> None:
    """As in a notebook, whose cells are run by the kernel's loop, and may await."""

    async def run_cells() -> list[Any]:
        cells = ["RE(scan([scaler], th, 0, 1, 3))", "%mov th 4", "import asyncio"]
        cells += ["await asyncio.sleep(0)\nRE(scan([scaler], th, 0, 2, 3))"]
        outcomes = []
        for cell in cells:
            code = shell.transform_cell(cell)
            outcome = await shell.run_cell_async(cell, transformed_cell=code)
            outcome.raise_error()
            outcomes.append(outcome.result)
        return outcomes

    first, _, _, last = asyncio.run(run_cells())
    assert len({*first, *last}) == 2
    assert shell.user_ns["th"].position == 2.0
