import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from ophyd_async.core import soft_signal_rw

from beamtwin.hardware.motor import Motor
from beamtwin.hardware.scaler import Scaler
from beamtwin.hardware.slits import Slits
from beamtwin.orchestration import RunEngine
from beamtwin.orchestration.errors import LimitsError, PlanError
from beamtwin.orchestration.magics import load_ipython_extension
from beamtwin.twin.clock import SimClock
from beamtwin.twin.database import Database
from beamtwin.twin.records import MotorRecord, ScalerRecord


class Shell:
    """As much of IPython's shell as an extension needs."""

    def __init__(self, **namespace: Any):
        self.user_ns = namespace
        self.magics: dict[str, Callable[[str], None]] = {}

    def register_magic_function(self, function: Any, magic_kind: str, magic_name: str) -> None:
        assert magic_kind == "line"
        self.magics[magic_name] = function

    def run(self, line: str) -> None:
        name, _, rest = line.removeprefix("%").partition(" ")
        self.magics[name](rest)


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch) -> Shell:
    """A session with motors th and tth of [-100, 100] deg, a scaler, and slits."""
    monkeypatch.setenv("COLUMNS", "100")
    clock = SimClock(0.0)
    database = Database(clock)
    for name in ("th", "tth"):
        database.add(MotorRecord(clock, name, VELO=10.0, EGU="deg", PREC=4, HLM=100.0, LLM=-100.0))
    database.add(ScalerRecord(clock, "sc", lambda seconds: [1000 * seconds], TP=1.0))
    for blade in "TBOI":
        database.add(MotorRecord(clock, f"S-Ax:{blade}}}Mtr", EGU="mm"))
    devices = {
        "th": Motor("th", "th", database),
        "tth": Motor("tth", "tth", database),
        "scaler": Scaler("sc", "scaler", database, channels={2: "i0"}),
        "slits": Slits("S", "slits", database),
    }
    for device in devices.values():
        device.connect()
    shell = Shell(RE=RunEngine(clock=clock), **devices)
    load_ipython_extension(shell)
    return shell


def test_mov_moves_together(shell: Shell) -> None:
    shell.run("%mov th 1.5 tth 2*1.5")
    assert (shell.user_ns["th"].position, shell.user_ns["tth"].position) == (1.5, 3.0)


def test_movr_moves_by_distances(shell: Shell) -> None:
    shell.run("%mov th 1.5")
    shell.run("%movr th -0.5")
    assert shell.user_ns["th"].position == 1.0


@pytest.mark.parametrize("line", ["%mov", "%mov th", "%movr th 1 tth"])
def test_moves_come_in_pairs(shell: Shell, line: str) -> None:
    with pytest.raises(PlanError, match="expected pairs"):
        shell.run(line)


def test_a_refused_move_is_an_error(shell: Shell) -> None:
    with pytest.raises(LimitsError):
        shell.run("%mov th 200")
    assert shell.user_ns["RE"].state == "idle"


@pytest.mark.parametrize("line", ["%ct", "%ct scaler"])
def test_ct_counts_and_prints(shell: Shell, line: str, capsys: pytest.CaptureFixture[str]) -> None:
    documents: list[str] = []
    shell.user_ns["RE"].subscribe(lambda name, doc: documents.append(name))
    shell.run(line)
    assert "scaler_i0 1000" in " ".join(capsys.readouterr().out.split())
    assert documents == []  # nothing is kept


def test_ct_needs_a_detector(shell: Shell) -> None:
    del shell.user_ns["scaler"]
    with pytest.raises(PlanError, match="no detector"):
        shell.run("%ct")


def test_wa_prints_where_all_is(shell: Shell, capsys: pytest.CaptureFixture[str]) -> None:
    shell.run("%mov th 1.5")
    shell.run("%wa")
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["th", "1.5", "-100", "100", "deg"] in lines
    assert ["slits_h_gap", "0", "mm"] in lines
    assert ["slits_top", "0", "mm"] in lines


def test_words_may_be_labels_or_lists(shell: Shell, capsys: pytest.CaptureFixture[str]) -> None:
    shell.user_ns["tth"]._ophyd_labels_ = {"two_theta"}
    shell.user_ns["pair"] = [shell.user_ns["th"], shell.user_ns["slits"].top]
    shell.run("%wa two_theta")
    printed = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in printed[1:]] == ["tth"]
    shell.run("%wa pair two_theta")
    printed = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in printed[1:]] == ["th", "slits_top", "tth"]


def test_devices_of_ophyd_async_are_asked_on_the_engines_loop(
    shell: Shell, capsys: pytest.CaptureFixture[str]
) -> None:
    engine = RunEngine()
    cryostat = soft_signal_rw(float, 4.25, name="cryostat", units="K", precision=3)
    asyncio.run_coroutine_threadsafe(cryostat.connect(), engine.loop).result()
    shell.user_ns |= {"RE": engine, "cryostat": cryostat}
    shell.run("%wa cryostat")
    assert ["cryostat", "4.25"] in [line.split() for line in capsys.readouterr().out.splitlines()]
    shell.run("%ct cryostat")
    assert ["cryostat", "4.250", "K"] in [
        line.split() for line in capsys.readouterr().out.splitlines()
    ]
    engine.close()


def test_wa_prints_what_is_named(shell: Shell, capsys: pytest.CaptureFixture[str]) -> None:
    shell.run("%wa tth")
    printed = capsys.readouterr().out
    assert "tth" in printed
    assert "slits" not in printed


def test_an_engine_is_needed(shell: Shell) -> None:
    del shell.user_ns["RE"]
    with pytest.raises(PlanError, match="no engine is called RE"):
        shell.run("%mov th 1")


def test_a_pause_is_said_and_the_hook_is_put_back(
    shell: Shell, capsys: pytest.CaptureFixture[str]
) -> None:
    engine, hook = shell.user_ns["RE"], lambda statuses: None
    engine.waiting_hook = hook
    engine.msg_hook = lambda msg: engine.request_pause() if msg.command == "wait" else None
    shell.run("%mov th 50")
    assert engine.state == "paused"
    assert "resume" in capsys.readouterr().out
    assert engine.waiting_hook is hook
    engine.msg_hook = None
    engine.resume()
    assert shell.user_ns["th"].position == 50.0
