"""Several processes: what goes where, and what becomes of it when they die."""

import os
import signal
from concurrent.futures import CancelledError

import numpy as np
import pytest

from beamtwin.orchestration.clock import WallClock
from beamtwin.twin.blas import one_thread
from beamtwin.twin.chain import evaluate
from beamtwin.twin.diagnostics.coherence import coherence
from beamtwin.twin.levels.fresnel import MeshError
from beamtwin.twin.workers import WorkerError, WorkerPool

PATIENCE_S = 30.0


def wait_for(ready):
    deadline = WallClock().time() + PATIENCE_S
    while not ready():
        assert WallClock().time() < deadline
        WallClock().sleep(0.005)


#: What is called must be importable in the process, and test modules are not: so it is an expression.
PAUSE = "(__import__('signal').sigtimedwait([10], {}), __import__('os').getpid())[1]"

#: Leaves a mark, and kills the process that does this, so many times.
DIE = """
import os, pathlib
marks = pathlib.Path({!r})
died = len(os.listdir(marks))
if died < {}:
    (marks / str(died)).touch()
    os.kill(os.getpid(), 9)
"""


def pause(pool, seconds, *keys):
    return pool.call(eval, PAUSE.format(seconds), keys=keys)


def die(pool, marks, deaths, name=""):
    return pool.call(exec, DIE.format(str(marks), deaths), name=name)


def test_the_same_bits_from_any_process_and_from_disk(beamline, tmp_path):
    states = [
        beamline.with_parameters({("S3", "x_center_m"): n * 1e-6, ("S2", "x_gap_m"): gap})
        for gap in (70e-6, 80e-6)
        for n in range(3)
    ]
    straight = [evaluate(state, "sample", "srw").photons_s for state in states]
    for pool in (WorkerPool(2, tmp_path), WorkerPool(1, tmp_path)):
        lights = [pool.submit(state, "sample", "srw") for state in states]
        for light, expected in zip(lights, straight, strict=True):
            np.testing.assert_array_equal(light.result(PATIENCE_S).photons_s, expected)
        pool.close()
    assert len(list(tmp_path.iterdir())) == 1 + 1 + 2 + 2  # the source; in front of S2, KL, S3


def test_the_same_way_the_same_process(two):
    ways = {way: pause(two, 0.02, *way).result(PATIENCE_S) for way in ((1, 2), (3, 4))}
    for n in range(4):
        assert pause(two, 0.0, 1, 2, n).result(PATIENCE_S) == ways[1, 2]
        assert pause(two, 0.0, 3, n).result(PATIENCE_S) == ways[3, 4]


def test_who_is_idle_takes_from_who_is_busy(two):
    outcomes = [pause(two, 0.3, 1, n) for n in range(8)]
    assert len({outcome.result(PATIENCE_S) for outcome in outcomes}) == 2


def test_errors_of_the_physics_are_its_own(beamline, two):
    with pytest.raises(MeshError, match="S3: x_gap 1 um holds"):
        two.submit(beamline.with_parameters({("S3", "x_gap_m"): 1e-6}), "sample", "srw").result(30)


def test_a_process_that_is_killed_loses_nothing(two):
    pids = [pause(two, 0.3, way) for way in (1, 2)]
    outcomes = [pause(two, 0.05, n % 2 + 1) for n in range(12)]
    wait_for(pids[0].done)
    os.kill(pids[0].result(), signal.SIGKILL)
    after = [outcome.result(PATIENCE_S) for outcome in outcomes]
    assert pids[0].result() not in after[4:]
    assert len(set(after) | {pid.result() for pid in pids}) in (2, 3)


@pytest.mark.parametrize("size", [1, 2])
def test_what_a_process_died_of_is_done_by_another(tmp_path, size):
    pool = WorkerPool(size)
    assert die(pool, tmp_path, 2).result(PATIENCE_S) is None
    assert len(list(tmp_path.iterdir())) == 2
    pool.close()


def test_what_kills_every_process_is_an_error_that_names_it_and_the_rest_is_done(tmp_path):
    pool = WorkerPool(1)
    deadly = die(pool, tmp_path, 9, name="light on sample at level srw")
    others = [pool.call(os.getpid) for _ in range(5)]
    with pytest.raises(WorkerError, match=r"light on sample at level srw: .*died .* time 3 of at"):
        deadly.result(PATIENCE_S)
    assert {other.result(PATIENCE_S) for other in others}.isdisjoint({os.getpid()})
    assert len(list(tmp_path.iterdir())) == 3
    pool.close()


def test_closing_ends_what_is_under_way_and_cancels_what_waits():
    pool = WorkerPool(1)
    running, waiting = pool.call(signal.pause), pool.call(os.getpid)
    wait_for(running.running)
    pool.close()
    pool.close()
    with pytest.raises(WorkerError, match="pause: the process has"):
        running.result(PATIENCE_S)
    with pytest.raises(CancelledError):
        waiting.result(PATIENCE_S)
    with pytest.raises(WorkerError, match="getpid: the processes have been closed"):
        pool.call(os.getpid)


@pytest.mark.slow
def test_coherence_is_that_of_this_process(two, beamline):
    """Bit for bit; a process that knows the light already knows most of it."""
    there = two.coherence(beamline, "sample").result()
    with one_thread():
        here = coherence(beamline, "sample")
    for theirs, ours in zip(there, here, strict=True):
        np.testing.assert_array_equal(theirs.modes, ours.modes)
