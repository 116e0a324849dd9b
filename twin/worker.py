"""Worker: a process of its own for the physics, so that what computes holds up nobody who serves."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Any

from beamtwin.orchestration.errors import BeamtwinError

__all__ = ["Worker", "WorkerError"]


class WorkerError(BeamtwinError):
    """The process that computes has died."""


class Worker:
    """One process, started when it is first needed, and anew when it is needed after it died."""

    def __init__(self) -> None:
        self._pool: ProcessPoolExecutor | None = None

    def submit(self, function: Callable[..., Any], *arguments: Any) -> "Future[Any]":
        """Have a function called there; both it and its arguments are pickled.

        Returns
        -------
        Future
            Fails with `WorkerError` where the process dies meanwhile.
        """
        try:
            answer = self._submit(function, *arguments)
        except BrokenProcessPool:
            self.close()
            answer = self._submit(function, *arguments)
        outcome: Future[Any] = Future()
        answer.add_done_callback(lambda answer: _pass_on(answer, outcome))
        return outcome

    def close(self) -> None:
        """End the process, when it has done what it is doing. Idempotent."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None

    def _submit(self, function: Callable[..., Any], *arguments: Any) -> "Future[Any]":
        if self._pool is None:
            self._pool = ProcessPoolExecutor(
                max_workers=1,
                mp_context=multiprocessing.get_context("spawn"),
                initializer=_end_with_parent,
            )
        # The process is started in here; what the pool has started before would end the hold.
        with _ctrl_c_held():
            return self._pool.submit(function, *arguments)


def _pass_on(answer: "Future[Any]", outcome: "Future[Any]") -> None:
    if answer.cancelled():
        outcome.cancel()
        return
    error = answer.exception()
    if isinstance(error, BrokenProcessPool):
        outcome.set_exception(
            WorkerError(
                "the process that computes the light has died (killed, or out of memory); "
                "the next exposure starts another"
            )
        )
    elif error is not None:
        outcome.set_exception(error)
    else:
        outcome.set_result(answer.result())


@contextmanager
def _ctrl_c_held() -> Iterator[None]:
    """A process that is started within never sees Ctrl-C, which is the parent's to act on; the parent does, later."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _end_with_parent() -> None:
    """In the worker: do not outlive a parent that was killed."""
    parent = multiprocessing.parent_process()

    def watch() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=watch, name="parent watch", daemon=True).start()
