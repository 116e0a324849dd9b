"""Lights: each is computed once, also for those who ask meanwhile, and kept for those who ask again."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from functools import partial

from beamtwin.orchestration.errors import BeamtwinError
from beamtwin.twin.beamline import Beamline
from beamtwin.twin.chain import Irradiance
from beamtwin.twin.elements import Detector
from beamtwin.twin.workers.evaluator import Coherences, Evaluator, OpticalState

__all__ = ["Lights"]


class Lights:
    """An evaluator in front of another one.

    What it gives is shared, so its arrays cannot be written to.

    Parameters
    ----------
    evaluator : Evaluator
        Closed with this.
    capacity_bytes : int
        Of what is kept; what was used least recently goes first.

    Attributes
    ----------
    computed : int
        How many lights the evaluator was asked for.
    """

    def __init__(self, evaluator: Evaluator, capacity_bytes: int = 2**30):
        self.capacity_bytes = capacity_bytes
        self.used_bytes = 0
        self.computed = 0
        self._evaluator = evaluator
        self._lock = threading.RLock()
        self._pending: dict[OpticalState, Future[Irradiance]] = {}
        self._kept: OrderedDict[OpticalState, Future[Irradiance]] = OrderedDict()

    def submit(self, beamline: Beamline, plane: str, level: str) -> "Future[Irradiance]":
        """See `Evaluator.submit`."""
        state = OpticalState(beamline, plane, level)
        with self._lock:
            if state in self._kept:
                self._kept.move_to_end(state)
                return self._kept[state]
            if state in self._pending:
                return self._pending[state]
            future = self._pending[state] = self._evaluator.submit(*state)
            self.computed += 1
        future.add_done_callback(partial(self._keep, state))
        return future

    def coherence(self, beamline: Beamline, plane: str) -> "Future[Coherences]":
        """See `Evaluator.coherence`; it is not kept here."""
        return self._evaluator.coherence(beamline, plane)

    def prefetch(
        self,
        states: Iterable[OpticalState],
        on_light: Callable[[int, int], object] = lambda done, total: None,
    ) -> int:
        """Have light ready before it is asked for: as much as can be kept, in the order of the states.

        A state that fails is left to whoever asks for it in earnest, and will fail there.

        Parameters
        ----------
        states : iterable of OpticalState
        on_light : callable
            Told, after each, how many there are and how many there will be.

        Returns
        -------
        int
            How many lights are ready.
        """
        futures = [self.submit(*state) for state in self._that_fit(states)]
        ready = 0
        for done, future in enumerate(futures, start=1):
            try:
                future.result()
                ready += 1
            except BeamtwinError:
                pass
            on_light(done, len(futures))
        return ready

    def close(self) -> None:
        """See `Evaluator.close`."""
        self._evaluator.close()

    def _that_fit(self, states: Iterable[OpticalState]) -> Iterator[OpticalState]:
        left = self.capacity_bytes
        for state in dict.fromkeys(states):
            left -= _expected_bytes(state)
            if left < 0:
                return
            yield state

    def _keep(self, state: OpticalState, future: "Future[Irradiance]") -> None:
        with self._lock:
            self._pending.pop(state, None)
            if future.cancelled() or future.exception() is not None:
                return
            self._kept[state] = future
            for array in _arrays(future.result()):
                array.setflags(write=False)
                self.used_bytes += array.nbytes
            while self.used_bytes > self.capacity_bytes:
                _, oldest = self._kept.popitem(last=False)
                self.used_bytes -= sum(array.nbytes for array in _arrays(oldest.result()))


def _arrays(light: Irradiance) -> tuple:
    return light.photons_s, light.x_m, light.y_m


def _expected_bytes(state: OpticalState) -> int:
    """What a light takes that is not there yet: float64, for each pixel, row and column."""
    part = state.beamline.part(state.plane)
    rows, columns = (part.rows, part.columns) if isinstance(part, Detector) else (1, 1)
    return 8 * (rows * columns + rows + columns)
