import os
import signal

import pytest

from beamtwin.orchestration.clock import WallClock
from beamtwin.twin.worker import Worker, WorkerError


@pytest.fixture
def worker():
    worker = Worker()
    yield worker
    worker.close()


def pid_of(worker):
    return worker.submit(os.getpid).result(30)


def is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_it_computes_in_one_process_of_its_own(worker):
    assert pid_of(worker) == pid_of(worker) != os.getpid()


def test_an_error_comes_back(worker):
    with pytest.raises(ZeroDivisionError):
        worker.submit(divmod, 1, 0).result(30)


def test_a_process_that_is_killed_fails_its_work_and_is_replaced(worker):
    first = pid_of(worker)
    outcome = worker.submit(signal.pause)
    os.kill(first, signal.SIGKILL)
    with pytest.raises(WorkerError, match=r"has died \(killed, or out of memory\); the next expos"):
        outcome.result(30)
    assert pid_of(worker) != first


def test_ctrl_c_is_not_for_it(worker):
    """From a terminal it would get it together with its parent."""
    pid = pid_of(worker)
    os.kill(pid, signal.SIGINT)
    assert pid_of(worker) == pid
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, [])


def test_it_ends_when_it_is_closed_and_can_be_closed_again(worker):
    pid = pid_of(worker)
    worker.close()
    worker.close()
    deadline = WallClock().time() + 5
    while is_alive(pid):
        assert WallClock().time() < deadline
        WallClock().sleep(0.01)
