"""Ctrl-C, and processes that die: the run is closed or readable as it is, nothing hangs, nothing moves on.

Ctrl-C ends a command with the exit code 130, as in a shell.
"""

import os
import signal
import sys
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from beamtwin.databroker.broker import Broker
from beamtwin.databroker.errors import StoreError
from beamtwin.hardware.ca import CATransport
from beamtwin.orchestration.clock import WallClock
from beamtwin.scenarios.serve import make_database
from beamtwin.twin.ioc import IOCProcess

WALL = WallClock()
TOP = "XF:11IDB-OP{Slt:BDS-Ax:T}Mtr"
COUNTING = "XF:11IDB-ES{Sclr:1}.CNT"
VICTIM = Path(__file__).parent / "victim.py"


@pytest.fixture(scope="module")
def ioc():
    """The twin's, in real time."""
    with IOCProcess(make_database, "chx", "fast", 0, True) as ioc:
        yield ioc


@contextmanager
def watching(ioc):
    """Another client of the IOC: gives values by PV."""
    transport = CATransport(addresses=["127.0.0.1"], port=ioc.port)
    try:
        yield lambda pv: transport.channel(pv).get().value
    finally:
        transport.close()


def over_ca(ioc):
    """Options of `beamtwin run`."""
    return ["--target", "ioc", "--port", str(ioc.port)]


def until(ready, seconds=20.0):
    """Look every 20 ms until there is something to see."""
    deadline = WALL.time() + seconds
    while not (found := ready()):
        assert WALL.time() < deadline, f"nothing came of it in {seconds:g} s"
        WALL.sleep(0.02)
    return found


def events(data, count):
    """Wait until a run has so many events in the catalogue."""

    def stored() -> bool:
        with (
            suppress(StoreError),  # while it is being made
            Broker.open(data / "catalog.sqlite", readonly=True) as broker,
        ):
            return len(broker) > 0 and sum(broker.store.counts(broker[-1].uid).values()) >= count
        return False

    until(stored)


def test_ctrl_c_in_a_move_stops_the_motors_and_closes_the_run(start, catalogue, ioc):
    """On the way to -2.5 mm."""
    with watching(ioc) as pv:
        command = start("run", "chx", "slit_scan", "range_mm=5", *over_ca(ioc))
        until(lambda: pv(f"{TOP}.RBV") < -0.1)
        command.signal(signal.SIGINT)
        done = command.outcome()
        until(lambda: pv(f"{TOP}.DMOV") == 1, seconds=1.0)
        assert -2.0 < pv(f"{TOP}.RBV") < -0.1
    assert (done.code, done.err) == (130, "beamtwin: the plan was ended: Ctrl-C\n")
    run = catalogue()[-1]
    assert (run.stop["exit_status"], run.stop["reason"]) == ("abort", "Ctrl-C")
    assert f"<Run {run.uid[:8]}: slit_scan, scan_id 1, abort," in done.out


def test_ctrl_c_in_virtual_time_keeps_what_was_taken(start, data, catalogue):
    command = start("run", "chx", "slit_scan", "points=30000")
    events(data, 100)
    command.signal(signal.SIGINT)
    done = command.outcome()
    assert (done.code, done.err) == (130, "beamtwin: the plan was ended: Ctrl-C\n")
    run = catalogue()[-1]
    assert (run.state, run.stop["reason"]) == ("abort", "Ctrl-C")
    assert 100 <= len(run.primary) == run.stop["num_events"]["primary"] < 30000


def test_sigterm_closes_the_run_too(start, data, catalogue):
    """As a service manager ends it."""
    command = start("run", "chx", "slit_scan", "points=30000")
    events(data, 100)
    os.kill(command.process.pid, signal.SIGTERM)
    done = command.outcome()
    assert (done.code, done.err) == (143, "beamtwin: the plan was ended: SIGTERM\n")
    run = catalogue()[-1]
    assert (run.state, run.stop["reason"]) == ("abort", "SIGTERM")
    assert f"<Run {run.uid[:8]}: slit_scan, scan_id 1, abort," in done.out


def test_ctrl_c_while_the_light_is_computed(start, data, catalogue):
    """The process that computes has Ctrl-C from the terminal too, and says nothing of it."""
    command = start("run", "chx", "diffraction", "--engine", "wave")
    until(lambda: len(command.processes()) > 1)
    events(data, 0)
    command.signal(signal.SIGINT)
    done = command.outcome()
    assert (done.code, done.err) == (130, "beamtwin: the plan was ended: Ctrl-C\n")
    assert catalogue()[-1].state == "abort"
    until(lambda: command.processes() == [])


def test_a_second_ctrl_c_does_not_wait_for_what_hangs(start, catalogue):
    """An IOC that is stopped, not dead: nobody answers that the motors are to stop."""
    with IOCProcess(make_database, "chx", "fast", 0, True) as ioc, watching(ioc) as pv:
        command = start("run", "chx", "slit_scan", "exposure_s=60", *over_ca(ioc))
        until(lambda: pv(COUNTING) == 1)
        os.kill(ioc.process.pid, signal.SIGSTOP)
        command.signal(signal.SIGINT)
        WALL.sleep(1.0)
        assert command.process.poll() is None
        began = WALL.time()
        command.signal(signal.SIGINT)
        done = command.outcome()
        took_s = WALL.time() - began
        os.kill(ioc.process.pid, signal.SIGCONT)
    assert done.code == 130
    assert done.err.splitlines()[-1] == "beamtwin: interrupted by Ctrl-C"
    assert "Traceback" not in done.err
    assert catalogue()[-1].state == "abort"
    assert took_s < 5.0


@pytest.mark.parametrize("target", ["twin", "ioc"])
def test_a_killed_run_is_readable_and_the_next_start_says_so_once(
    beamtwin, data, catalogue, ioc, start, target
):
    data.mkdir()
    command = start(target, str(ioc.port), program=(sys.executable, str(VICTIM)))
    until(lambda: command.line() == "3\n")
    command.signal(signal.SIGKILL)
    assert command.outcome().code == -signal.SIGKILL
    run = catalogue()[-1]
    assert (run.state, run.stop) == ("interrupted", None)
    frames = run.primary.read(["eiger4m_image"])["eiger4m_image"]
    assert frames.shape == (len(run.primary), 1, 2167, 2070)
    assert all(frame.sum() > 1e6 for frame in frames.to_numpy()[:3])
    listed = beamtwin("list").out
    row = listed.splitlines()[3].split()
    assert (row[1], row[4]) == ("1", "interrupted")
    report = f"scan 1 ({run.uid[:8]}) has no end: its process died, or could write no more. "
    assert report in listed
    assert report in beamtwin("run", "chx", "slit_scan", "points=2").out
    assert report not in beamtwin("run", "chx", "slit_scan", "points=2").out
    assert "interrupted" in beamtwin("show", run.uid[:8]).out


def test_a_killed_ioc_ends_the_run_at_once(start, catalogue):
    with IOCProcess(make_database, "chx", "fast", 0, True) as ioc, watching(ioc) as pv:
        command = start("run", "chx", "slit_scan", "exposure_s=60", *over_ca(ioc))
        until(lambda: pv(COUNTING) == 1)
        os.kill(ioc.process.pid, signal.SIGKILL)
        began = WALL.time()
        done = command.outcome()
        assert WALL.time() - began < 5.0
    reason = f"{COUNTING}: lost the connection to 127.0.0.1:{ioc.port}"
    assert done.code == 1
    assert done.err.splitlines()[-1].startswith(f"beamtwin: {reason}")
    assert "Traceback" not in done.err
    run = catalogue()[-1]
    assert run.stop["exit_status"] == "fail"
    assert run.stop["reason"].startswith(reason)
