"""Who does the physics: this process, a pool of processes beside it, or a Dask cluster; and what they have ready."""

from beamtwin.twin.workers.cluster import DaskEvaluator
from beamtwin.twin.workers.evaluator import Coherences, Evaluator, Here, OpticalState
from beamtwin.twin.workers.lights import Lights
from beamtwin.twin.workers.pool import WorkerPool
from beamtwin.twin.workers.process import WorkerError

__all__ = [
    "Coherences",
    "DaskEvaluator",
    "Evaluator",
    "Here",
    "Lights",
    "OpticalState",
    "WorkerError",
    "WorkerPool",
]
