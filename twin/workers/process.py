"""Worker: a process of its own for the physics, so that what computes holds up nobody who serves."""

import multiprocessing
import os
import pickle
import signal
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import Any

from beamtwin.orchestration.errors import BeamtwinError

__all__ = ["Worker", "WorkerError"]


class WorkerError(BeamtwinError):
    """Those who compute have died, or cannot be reached."""


class Worker:
    """One process, started when it is first needed, and anew when it is needed after it died."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: SpawnProcess | None = None
        self._pipe: Any = None
        self._closed = False

    def call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Call a function there, and wait for what it returns or raises; all are pickled. One thread at a time.

        Raises
        ------
        WorkerError
            Where the process dies meanwhile, or has been closed.
        """
        work = pickle.dumps((function, arguments), pickle.HIGHEST_PROTOCOL)
        pipe = self._started()
        try:
            pipe.send_bytes(work)
            answer = pipe.recv_bytes()
        except (EOFError, OSError) as error:
            self._end()
            raise WorkerError("the process has died (killed, or out of memory)") from error
        result, failure = pickle.loads(answer)
        if failure is not None:
            raise failure
        return result

    def close(self) -> None:
        """End the process, and what it is doing. Idempotent."""
        with self._lock:
            self._closed = True
        self._end()

    def _started(self) -> Any:
        """The pipe to the process, which runs."""
        with self._lock:
            if self._closed:
                raise WorkerError("the process has been closed")
            if self._process is None:
                self._process, self._pipe = _start()
            return self._pipe

    def _end(self) -> None:
        with self._lock:
            process, self._process, self._pipe = self._process, None, None
        if process is not None:
            process.kill()
            process.join()


def _start() -> tuple[SpawnProcess, Any]:
    """A new process, and this end of the pipe to it."""
    context = multiprocessing.get_context("spawn")
    near_end, far_end = context.Pipe()
    process = context.Process(target=_serve, args=(far_end,), name="beamtwin worker", daemon=True)
    resource_tracker.ensure_running()  # which, if it had to be started with the process, would end the hold
    with _ctrl_c_held():
        process.start()
    far_end.close()
    return process, near_end


@contextmanager
def _ctrl_c_held() -> Iterator[None]:
    """A process that is started within never sees Ctrl-C, which is the parent's to act on; the parent does, later."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


# --- in the process -------------------------------------------------------------------------------


def _serve(pipe: Connection) -> None:
    """Answer call after call, until the parent is gone."""
    _end_with_parent()
    while True:
        try:
            work = pipe.recv_bytes()
        except EOFError:
            return
        pipe.send_bytes(_answer(work))


def _answer(work: bytes) -> bytes:
    """What a call returned, or None, and what it raised, or None."""
    try:
        function, arguments = pickle.loads(work)
        return pickle.dumps((function(*arguments), None), pickle.HIGHEST_PROTOCOL)
    except Exception as error:
        error.add_note("".join(traceback.format_exception(error)))
        return _failure(error)


def _failure(error: Exception) -> bytes:
    """An error as it can travel: not all that can be raised can be pickled, or made anew from its pickle."""
    try:
        answer = pickle.dumps((None, error))
        pickle.loads(answer)
    except Exception:
        return pickle.dumps((None, WorkerError(f"{type(error).__name__}: {error}")))
    return answer


def _end_with_parent() -> None:
    """Do not outlive a parent that was killed."""
    parent = multiprocessing.parent_process()

    def watch() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=watch, name="parent watch", daemon=True).start()
