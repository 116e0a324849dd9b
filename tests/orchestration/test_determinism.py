"""The same plan twice, from the same seed and epoch: the same documents to the last bit."""

from collections.abc import Callable
from typing import Any

import pytest

from beamtwin.orchestration import plans, stubs
from beamtwin.orchestration.documents import SeededUids
from beamtwin.orchestration.engine import RunEngine
from beamtwin.orchestration.errors import RunEngineInterrupted
from beamtwin.orchestration.messages import Msg
from beamtwin.twin.clock import SimClock

EPOCH = 1_700_000_000.0
Documents = list[tuple[str, dict[str, Any]]]


def simple(RE: RunEngine, make: Any) -> None:
    motor, det = make("Motor", "m", seconds=0.7), make("Detector", "det", seconds=0.3)
    RE(plans.scan([det], motor, 0, 1, 5), sample="gold")
    RE(plans.count([det], 3, delay=1.1))


def paused(RE: RunEngine, make: Any) -> None:
    motor, det = make("Motor", "m", seconds=0.7), make("Detector", "det", seconds=0.3)
    clock = RE.clock
    for when in (1.0, 7.5, 20.2):
        clock.call_at(EPOCH + when, RE.request_pause)
    scan = plans.grid_scan([det], motor, 0, 1, 4, make("Motor", "n", seconds=0.2), 0, 1, 5)
    action: Callable[[], Any] = lambda: RE(scan)  # noqa: E731
    while True:
        try:
            action()
        except RunEngineInterrupted:
            clock.sleep(4.0)
            action = RE.resume
        else:
            return


def failing(RE: RunEngine, make: Any) -> None:
    """Retries, a timeout in a group with a made-up name, and a run that fails."""
    motor, det = make("Motor", "m", seconds=5.0), make("Detector", "det")

    def plan() -> Any:
        yield from stubs.open_run()
        for _ in range(3):
            status = yield from stubs.abs_set(motor, 1, group="m")
            yield from stubs.wait("m", timeout=1.0, error_on_timeout=False)
            status.set_exception(OSError("stalled"))
            try:
                yield Msg("null")
            except Exception:
                yield from stubs.trigger_and_read([det])
        yield from stubs.abs_set(motor, 1, group="m")
        yield from stubs.wait("m", timeout=1.0)

    with pytest.raises(TimeoutError):
        RE(plan())


@pytest.fixture
def run(make: Any) -> Callable[..., Documents]:
    """Run a story on an engine of its own; the documents it made."""

    def run(story: Callable[[RunEngine, Any], None], seed: int = 1) -> Documents:
        documents: Documents = []
        clock = SimClock(EPOCH)
        RE = RunEngine(clock=clock, context_managers=[], new_uid=SeededUids(seed))
        RE.subscribe(lambda name, document: documents.append((name, document)))
        story(RE, lambda kind, name, **kwargs: make(kind, name, clock, **kwargs))
        return documents

    return run


@pytest.mark.parametrize("story", [simple, paused, failing])
def test_the_same_again(run: Any, story: Any) -> None:
    first = run(story)
    assert len(first) > 5
    for _ in range(20):
        assert run(story) == first


def test_another_seed_makes_other_uids_and_the_same_data(run: Any) -> None:
    def without_uids(documents: Documents) -> list[Any]:
        hidden = {"uid", "run_start", "descriptor"}
        return [
            (name, {key: value for key, value in document.items() if key not in hidden})
            for name, document in documents
        ]

    one, two = run(simple, seed=1), run(simple, seed=2)
    assert one != two
    assert without_uids(one) == without_uids(two)
