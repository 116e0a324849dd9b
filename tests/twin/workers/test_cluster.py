"""The physics on a Dask cluster: the same light, and nothing lost with a worker."""

import logging
import os
import signal
import subprocess
import sys
from contextlib import ExitStack

import numpy as np
import pytest

from beamtwin.orchestration.clock import WallClock
from beamtwin.twin.chain import evaluate
from beamtwin.twin.levels.fresnel import MeshError
from beamtwin.twin.workers import DaskEvaluator, Lights, OpticalState, WorkerError

distributed = pytest.importorskip("distributed")

PATIENCE_S = 30.0


@pytest.fixture(scope="module", autouse=True)
def quiet():
    """What Dask logs of workers that are killed is what these tests do to them."""
    before = logging.getLogger("distributed").level
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    yield
    logging.getLogger("distributed").setLevel(before)


@pytest.fixture(scope="module")
def cluster():
    """Two processes, under one that starts them anew when they die."""
    with distributed.LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        processes=True,
        host="127.0.0.1",
        dashboard_address=None,
        worker_dashboard_address=None,
    ) as cluster:
        yield cluster


@pytest.fixture
def evaluator(cluster):
    evaluator = DaskEvaluator(cluster.scheduler_address)
    yield evaluator
    evaluator.close()


def states_of(beamline, points):
    return [
        OpticalState(
            beamline.with_parameters({("S3", "x_center_m"): n * 1e-6}), "sample", "coherent"
        )
        for n in range(points)
    ]


def check(lights, states):
    for light, state in zip(lights, states, strict=True):
        np.testing.assert_array_equal(
            light.result(PATIENCE_S).photons_s, evaluate(*state).photons_s
        )


def test_the_same_bits_from_a_cluster(evaluator, beamline):
    states = states_of(beamline, 6)
    check([evaluator.submit(*state) for state in states], states)


def test_srw_too_and_errors_are_its_own(evaluator, beamline):
    here = evaluate(beamline, "sample", "srw")
    there = evaluator.submit(beamline, "sample", "srw").result(PATIENCE_S)
    np.testing.assert_array_equal(there.photons_s, here.photons_s)
    with pytest.raises(MeshError, match="S3: x_gap 1 um holds"):
        evaluator.submit(
            beamline.with_parameters({("S3", "x_gap_m"): 1e-6}), "sample", "srw"
        ).result(PATIENCE_S)


def test_a_worker_that_is_killed_loses_nothing(cluster, evaluator, beamline):
    states = states_of(beamline, 40)
    lights = [evaluator.submit(*state) for state in states]
    lights[0].result(PATIENCE_S)
    with distributed.Client(cluster, set_as_default=False) as client:
        pids = client.run(os.getpid)
    assert len(pids) == 2
    os.kill(next(iter(pids.values())), signal.SIGKILL)
    check(lights, states)


def start(stack, program, *arguments):
    process = subprocess.Popen(
        [sys.executable, "-m", f"distributed.cli.{program}", *arguments, "--no-dashboard"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    stack.callback(process.wait)
    stack.callback(process.kill)
    return process


def wait_for(ready):
    deadline = WallClock().time() + PATIENCE_S
    while not ready():
        assert WallClock().time() < deadline
        WallClock().sleep(0.05)


@pytest.mark.slow
def test_a_scheduler_and_two_workers_in_processes_of_their_own(tmp_path, beamline):
    file = tmp_path / "scheduler.json"
    with ExitStack() as stack:
        start(stack, "dask_scheduler", "--host=127.0.0.1", "--port=0", f"--scheduler-file={file}")
        wait_for(file.exists)
        address = _address(file)
        with pytest.raises(WorkerError, match=f"{address} has no workers: start some with `dask"):
            DaskEvaluator(address)
        workers = [
            start(stack, "dask_worker", address, "--no-nanny", "--nthreads=1", "--host=127.0.0.1")
            for _ in range(2)
        ]
        with distributed.Client(address, set_as_default=False) as client:
            client.wait_for_workers(2, timeout=PATIENCE_S)
        lights = Lights(DaskEvaluator(address))
        stack.callback(lights.close)
        states = states_of(beamline, 40)
        futures = [lights.submit(*state) for state in states]
        futures[0].result(PATIENCE_S)
        workers[0].kill()
        check(futures, states)


def _address(file):
    import json

    return json.loads(file.read_text())["address"]


def test_no_scheduler_is_an_error(free_port):
    with pytest.raises(WorkerError, match=r"no Dask scheduler answers at tcp://127.0.0.1:\d+: st"):
        DaskEvaluator(f"tcp://127.0.0.1:{free_port}", timeout_s=0.3)


@pytest.fixture
def free_port():
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]  # bound, and nobody listens


def test_without_dask_the_way_out_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(WorkerError, match=r"pip install beamtwin\[dask\]"):
        DaskEvaluator("tcp://127.0.0.1:1")
