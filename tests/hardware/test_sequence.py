import pytest

from beamtwin.hardware.sequence import Steps, regardless, sequence
from beamtwin.orchestration.errors import PutError, StatusTimeoutError
from beamtwin.orchestration.status import Status, finished
from beamtwin.twin.clock import SimClock


def after(clock: SimClock, seconds: float, error: Exception | None = None) -> Status:
    status = Status(clock)
    end = status.set_finished if error is None else lambda: status.set_exception(error)
    clock.call_at(clock.time() + seconds, end)
    return status


def test_each_step_begins_when_the_one_before_has_ended(clock: SimClock) -> None:
    begun: list[float] = []

    def steps() -> Steps:
        for seconds in (2.0, 0.0, 3.0):
            begun.append(clock.time() - clock.epoch)
            yield after(clock, seconds)

    sequence(clock, steps(), "three steps").wait()
    assert begun == [0.0, 2.0, 2.0]
    assert clock.time() - clock.epoch == 5.0


def test_a_failed_step_raises_where_it_was_yielded(clock: SimClock) -> None:
    def steps() -> Steps:
        with pytest.raises(PutError, match="no"):
            yield after(clock, 1.0, PutError("no"))
        yield finished(clock)
        raise PutError("enough")

    assert str(sequence(clock, steps(), "steps").exception(None)) == "enough"


def test_no_step_is_taken_after_the_timeout(clock: SimClock) -> None:
    begun: list[int] = []

    def steps() -> Steps:
        for number in range(3):
            begun.append(number)
            yield after(clock, 2.0)

    status = sequence(clock, steps(), "slow steps", timeout=3.0)
    with pytest.raises(StatusTimeoutError, match="slow steps: not done after 3 s"):
        status.wait()
    clock.sleep(10)
    assert begun == [0, 1]


def test_many_steps_that_are_done_at_once_need_no_deep_stack(clock: SimClock) -> None:
    assert sequence(clock, (finished(clock) for _ in range(10_000)), "many").success


def test_regardless_takes_every_part_and_raises_the_first_failure(clock: SimClock) -> None:
    taken: list[str] = []

    def part(name: str, error: Exception | None = None) -> Steps:
        yield after(clock, 1.0, error)
        taken.append(name)

    parts = [part("a", PutError("first")), part("b"), part("c", PutError("second")), part("d")]
    with pytest.raises(PutError, match="first"):
        sequence(clock, regardless(*parts), "clean up").wait()
    assert taken == ["b", "d"]
