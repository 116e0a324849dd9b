"""What is kept, and what is computed once."""

from concurrent.futures import Future
from dataclasses import replace

import numpy as np
import pytest

from beamtwin.twin.beamline import BeamlineError
from beamtwin.twin.chain import evaluate
from beamtwin.twin.workers import Here, Lights, OpticalState


class Later:
    """Evaluates when it is told to."""

    def __init__(self):
        self.asked = []

    def submit(self, *state):
        self.asked.append((state, Future()))
        return self.asked[-1][1]

    def answer(self):
        for state, future in self.asked:
            if not future.done():
                future.set_result(evaluate(*state))

    def close(self):
        self.asked.clear()


def shifted(beamline, n):
    return OpticalState(
        beamline.with_parameters({("S3", "x_center_m"): n * 1e-6}), "sample", "coherent"
    )


def test_who_asks_meanwhile_gets_the_same(beamline):
    later = Later()
    lights = Lights(later)
    asked = [lights.submit(*shifted(beamline, n)) for n in (0, 1, 0)]
    assert len(later.asked) == 2
    later.answer()
    assert asked[0].result() is asked[2].result() is lights.submit(*shifted(beamline, 0)).result()
    assert len(later.asked) == 2


def test_what_is_shared_cannot_be_changed(beamline):
    light = Lights(Here()).submit(*shifted(beamline, 0)).result()
    with pytest.raises(ValueError, match="read-only"):
        light.photons_s += 1
    np.testing.assert_array_equal(light.photons_s, evaluate(*shifted(beamline, 0)).photons_s)


def test_failures_are_not_kept(beamline):
    lights = Lights(Here())
    for _ in range(2):
        with pytest.raises(BeamlineError):
            lights.submit(beamline, "nowhere", "fast").result()
    assert lights.computed == 2


def test_the_least_recently_used_goes_first(beamline):
    states = [shifted(beamline, n) for n in range(4)]
    size = sum(array.nbytes for array in _arrays(evaluate(*states[0])))
    lights = Lights(Here(), capacity_bytes=3 * size)
    for n in (0, 1, 2, 0, 3):
        lights.submit(*states[n])
    assert (lights.computed, lights.used_bytes) == (4, 3 * size)
    for n in (0, 2, 3):
        lights.submit(*states[n])
    assert lights.computed == 4
    lights.submit(*states[1])
    assert lights.computed == 5


def _arrays(light):
    return light.photons_s, light.x_m, light.y_m


def test_prefetch_takes_each_state_once_and_as_many_as_fit(beamline):
    states = [shifted(beamline, n) for n in (0, 1, 1, 2, 3)]
    size = sum(array.nbytes for array in _arrays(evaluate(*states[0])))
    lights, told = Lights(Here(), capacity_bytes=3 * size), []
    assert lights.prefetch(states, lambda *progress: told.append(progress)) == 3
    assert told == [(1, 3), (2, 3), (3, 3)]
    assert lights.computed == 3


def test_prefetch_leaves_failures_to_those_who_ask(beamline):
    missing = OpticalState(beamline, "S2", "no such level")
    assert Lights(Here()).prefetch([missing, shifted(beamline, 0)]) == 1


def test_coherence_is_asked_of_who_is_behind(beamline):
    alone = replace(beamline, elements=tuple(e for e in beamline.elements if e.z_m > 48.0))
    with pytest.raises(BeamlineError, match="no monochromator"):
        Lights(Here()).coherence(alone, "sample").result()
