"""DaskEvaluator: the processes of a Dask cluster, on any number of machines."""

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, Future
from functools import partial
from pathlib import Path
from typing import Any

from beamtwin.twin.beamline import Beamline
from beamtwin.twin.chain import Irradiance, coherence_job, evaluate_job
from beamtwin.twin.workers.affinity import Affinity, upstream
from beamtwin.twin.workers.evaluator import Coherences, OpticalState
from beamtwin.twin.workers.process import WorkerError

__all__ = ["DaskEvaluator"]


class DaskEvaluator:
    """Evaluates on a Dask cluster (``dask scheduler``, ``dask worker``) whose workers have beamtwin installed.

    Each worker keeps a cache; jobs are hinted to the one that knows most of their way, and go elsewhere where that is
    busy or gone. Dask itself repeats what a dead worker was doing, as often as its ``allowed-failures`` says.

    Parameters
    ----------
    address : str
        Of the scheduler: ``tcp://127.0.0.1:8786``.
    folder : path, optional
        Of planes on disk: one path on all machines, each of which may have its own disk there.
    timeout_s : float
        To reach the scheduler.

    Raises
    ------
    WorkerError
        Where Dask is not installed, no scheduler answers, or it has no workers.
    """

    def __init__(self, address: str, folder: Path | None = None, timeout_s: float = 5.0):
        self._address = address
        self._folder = folder
        self._affinity = Affinity()
        self._loads: Counter[str | None] = Counter()
        self._lock = threading.Lock()
        self._client = _connected(address, timeout_s)
        if not self._workers():
            self.close()
            raise WorkerError(
                f"the Dask scheduler at {address} has no workers: start some with `dask worker {address}`"
            )

    def submit(self, beamline: Beamline, plane: str, level: str) -> "Future[Irradiance]":
        """See `Evaluator.submit`."""
        name, keys = str(OpticalState(beamline, plane, level)), upstream(beamline, level)
        return self._call(name, keys, evaluate_job, beamline, plane, level, self._folder)

    def coherence(self, beamline: Beamline, plane: str) -> "Future[Coherences]":
        """See `Evaluator.coherence`."""
        name, keys = f"coherence on {plane}", upstream(beamline, "modes")
        return self._call(name, keys, coherence_job, beamline, plane, self._folder)

    def close(self) -> None:
        """Leave the cluster, which goes on without. Idempotent."""
        self._client.close()

    def _call(
        self, name: str, keys: Sequence[int], function: Callable[..., Any], *arguments: Any
    ) -> "Future[Any]":
        outcome: Future[Any] = Future()
        try:
            worker = self._chosen(keys)
            job = self._client.submit(
                function,
                *arguments,
                pure=False,
                workers=worker,
                allow_other_workers=worker is not None,
            )
        except Exception as error:
            outcome.set_exception(self._named(name, error))
        else:
            job.add_done_callback(partial(self._pass_on, outcome, name, worker))
        return outcome

    def _chosen(self, keys: Sequence[int]) -> str | None:
        """The worker that a job is hinted to; None while there is none."""
        workers = self._workers()
        with self._lock:
            loads = {worker: self._loads[worker] for worker in workers}
            chosen = self._affinity.choose(keys, loads) if loads else None
            self._loads[chosen] += 1
        return chosen

    def _workers(self) -> list[str]:
        return sorted(self._client.scheduler_info()["workers"])

    def _pass_on(self, outcome: "Future[Any]", name: str, worker: str | None, job: Any) -> None:
        with self._lock:
            self._loads[worker] -= 1
        try:
            outcome.set_result(job.result())
        except Exception as error:
            outcome.set_exception(self._named(name, error))

    def _named(self, name: str, error: Exception) -> Exception:
        """What Dask raises by itself, with the job's name; the physics' own errors as they are."""
        from distributed import KilledWorker

        if isinstance(error, KilledWorker):
            return WorkerError(f"{name}: worker after worker of {self._address} has died of it")
        if isinstance(error, CancelledError | OSError):
            return WorkerError(f"{name}: the Dask scheduler at {self._address} is gone")
        return error


def _connected(address: str, timeout_s: float) -> Any:
    try:
        from distributed import Client
    except ImportError as error:
        raise WorkerError("a Dask cluster needs Dask: pip install beamtwin[dask]") from error
    try:
        return Client(address, timeout=timeout_s, set_as_default=False)
    except (OSError, ValueError) as error:
        raise WorkerError(
            f"no Dask scheduler answers at {address}: start one with `dask scheduler` ({error})"
        ) from error
