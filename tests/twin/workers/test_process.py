"""One process: what it answers, and how it ends."""

import os
import signal
import subprocess
import sys
import threading

import pytest

from beamtwin.orchestration.clock import WallClock
from beamtwin.twin.workers.process import Worker, WorkerError


@pytest.fixture
def worker():
    worker = Worker()
    yield worker
    worker.close()


def is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def wait_until_dead(pid):
    deadline = WallClock().time() + 10
    while is_alive(pid):
        assert WallClock().time() < deadline
        WallClock().sleep(0.01)


def test_it_computes_in_one_process_of_its_own(worker):
    assert worker.call(os.getpid) == worker.call(os.getpid) != os.getpid()


def test_an_error_comes_back_with_where_it_came_from(worker):
    with pytest.raises(ZeroDivisionError) as error:
        worker.call(divmod, 1, 0)
    assert "process.py" in error.value.__notes__[0]


def test_what_cannot_travel_is_an_error_and_no_death(worker):
    pid = worker.call(os.getpid)
    with pytest.raises(Exception, match="pickle"):
        worker.call(threading.Lock)
    with pytest.raises(WorkerError, match="Local: odd"):
        worker.call(exec, "class Local(Exception): pass\nraise Local('odd')")
    assert worker.call(os.getpid) == pid


def test_a_process_that_is_killed_fails_its_work_and_is_replaced(worker):
    first = worker.call(os.getpid)
    threading.Timer(0.1, os.kill, (first, signal.SIGKILL)).start()
    with pytest.raises(WorkerError, match=r"the process has died \(killed, or out of memory\)"):
        worker.call(signal.pause)
    assert worker.call(os.getpid) != first


def test_ctrl_c_is_not_for_it(worker):
    """From a terminal it would get it together with its parent."""
    pid = worker.call(os.getpid)
    os.kill(pid, signal.SIGINT)
    assert worker.call(os.getpid) == pid
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, [])


def test_it_ends_when_it_is_closed_and_can_be_closed_again(worker):
    pid = worker.call(os.getpid)
    worker.close()
    worker.close()
    wait_until_dead(pid)
    with pytest.raises(WorkerError, match="has been closed"):
        worker.call(os.getpid)


PARENT = """
import os, signal
from beamtwin.twin.workers.process import Worker
if __name__ == "__main__":
    worker = Worker()
    print(worker.call(os.getpid), flush=True)
    worker.call(signal.pause)
"""


def test_it_ends_with_a_parent_that_is_killed(tmp_path):
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    with subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert is_alive(pid)
        parent.kill()
    wait_until_dead(pid)
