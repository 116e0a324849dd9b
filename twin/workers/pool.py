"""WorkerPool: processes on this machine. Parameters travel to them and light comes back; wavefronts stay there."""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from beamtwin.twin.beamline import Beamline
from beamtwin.twin.cache import DiskTier
from beamtwin.twin.chain import Irradiance, coherence_job, evaluate_job
from beamtwin.twin.workers.affinity import Affinity, upstream
from beamtwin.twin.workers.evaluator import Coherences, OpticalState
from beamtwin.twin.workers.process import Worker, WorkerError

__all__ = ["WorkerPool"]

#: A job that so many processes have died of is not given to another.
MOST_DEATHS = 3


@dataclass(eq=False)
class _Job:
    """A call to be made, and where its outcome goes."""

    name: str
    keys: Sequence[int]
    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    outcome: "Future[Any]" = field(default_factory=Future)
    deaths: int = 0
    """Processes that died with it."""


@dataclass(eq=False)
class _Station:
    """One process, and what waits for it."""

    worker: Worker = field(default_factory=Worker)
    queue: deque[_Job] = field(default_factory=deque)
    busy: bool = False
    thread: threading.Thread | None = None


class WorkerPool:
    """Processes that evaluate, each with a cache of its own.

    A job goes to the process that knows the longest part of its way (see `Affinity`); one that is idle takes from the
    end of another's queue. What a process was doing when it died is done again by its successor, which begins with an
    empty cache. Processes are started when they are first needed, and end with their parent, however that ends.

    Parameters
    ----------
    size : int
        How many processes.
    folder : path, optional
        Of planes on disk, shared by all of them, and by others; see `DiskTier`.

    Raises
    ------
    CacheError
        Where the folder cannot be one.
    """

    def __init__(self, size: int = 1, folder: Path | None = None):
        if folder is not None:
            DiskTier(folder)
        self._folder = folder
        self._stations = [_Station() for _ in range(size)]
        self._affinity = Affinity()
        self._closed = False
        #: Held for everything above; told when a job has come, a process has become busy, or the pool is closed.
        self._changed = threading.Condition()

    def submit(self, beamline: Beamline, plane: str, level: str) -> "Future[Irradiance]":
        """See `Evaluator.submit`.

        Returns
        -------
        Future
            Fails with `WorkerError` where process after process died of it.
        """
        name = str(OpticalState(beamline, plane, level))
        arguments = (beamline, plane, level, self._folder)
        return self.call(evaluate_job, *arguments, name=name, keys=upstream(beamline, level))

    def coherence(self, beamline: Beamline, plane: str) -> "Future[Coherences]":
        """See `Evaluator.coherence`; fails as `submit` does."""
        return self.call(
            coherence_job,
            *(beamline, plane, self._folder),
            name=f"coherence on {plane}",
            keys=upstream(beamline, "modes"),
        )

    def call(
        self,
        function: Callable[..., Any],
        *arguments: Any,
        name: str = "",
        keys: Sequence[int] = (),
    ) -> "Future[Any]":
        """Have any function called that can be imported there.

        Parameters
        ----------
        name : str
            Of the job, for errors; default: the function's.
        keys : sequence of int
            What decides on the process; see `Affinity.choose`.
        """
        job = _Job(name or getattr(function, "__name__", "a job"), keys, function, arguments)
        with self._changed:
            if self._closed:
                raise WorkerError(f"{job.name}: the processes have been closed")
            loads = {n: len(s.queue) + s.busy for n, s in enumerate(self._stations)}
            station = self._stations[self._affinity.choose(keys, loads)]
            station.queue.append(job)
            self._start_threads()
            self._changed.notify_all()
        return job.outcome

    def close(self) -> None:
        """End the processes, whatever they are doing; what has not been done is cancelled. Idempotent."""
        with self._changed:
            self._closed = True
            left = [job for station in self._stations for job in station.queue]
            self._changed.notify_all()
        for job in left:
            job.outcome.cancel()
        for station in self._stations:
            station.worker.close()

    def _start_threads(self) -> None:
        """One waits for each process."""
        for number, station in enumerate(self._stations):
            if station.thread is None:
                station.thread = threading.Thread(
                    target=self._work, args=(number,), name=f"worker {number}", daemon=True
                )
                station.thread.start()

    def _work(self, number: int) -> None:
        while (job := self._next(number)) is not None:
            self._do(number, job)

    def _next(self, number: int) -> _Job | None:
        """What to do next; None when the pool is closed."""
        station = self._stations[number]
        with self._changed:
            station.busy = False
            while not self._closed:
                job = station.queue.popleft() if station.queue else self._taken_over(number)
                if job is not None:
                    station.busy = True
                    self._changed.notify_all()
                    return job
                self._changed.wait()
        return None

    def _taken_over(self, number: int) -> _Job | None:
        """The last job of the longest queue in front of a process that is busy."""
        busy = [station for station in self._stations if station.busy and station.queue]
        if not busy:
            return None
        job = max(busy, key=lambda station: len(station.queue)).queue.pop()
        self._affinity.note(number, job.keys)
        return job

    def _do(self, number: int, job: _Job) -> None:
        if not job.deaths and not job.outcome.set_running_or_notify_cancel():
            return
        try:
            result = self._stations[number].worker.call(job.function, *job.arguments)
        except WorkerError as error:
            self._bury(number, job, error)
        except Exception as error:
            job.outcome.set_exception(error)
        else:
            job.outcome.set_result(result)

    def _bury(self, number: int, job: _Job, error: WorkerError) -> None:
        """A process has died: its job is the first of its successor's, unless it has had too many."""
        job.deaths += 1
        with self._changed:
            self._affinity.forget(number)
            again = job.deaths < MOST_DEATHS and not self._closed
            if again:
                self._affinity.note(number, job.keys)
                self._stations[number].queue.appendleft(job)
        if not again:
            job.outcome.set_exception(
                WorkerError(
                    f"{job.name}: {error}, time {job.deaths} of at most {MOST_DEATHS}: "
                    "take a coarser mesh or another level"
                )
            )
