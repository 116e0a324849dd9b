"""Fly scans, under our engine and Bluesky's, and position compare."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import bluesky.plans as bp
import numpy as np
import pytest
from bluesky import RunEngine as BlueskyEngine
from event_model import DocumentNames, schema_validators

from beamtwin.hardware.flyer import Flight, MotorFlyer
from beamtwin.hardware.motor import Motor
from beamtwin.hardware.scaler import Scaler
from beamtwin.hardware.zebra import PulseTrain, Zebra
from beamtwin.orchestration import plans
from beamtwin.orchestration import stubs as bps
from beamtwin.orchestration.errors import AcquisitionError, DeviceError, LimitsError
from beamtwin.orchestration.preprocessors import run_wrapper
from beamtwin.twin.clock import SimClock
from beamtwin.twin.counterparts.flyers import PositionCompare
from beamtwin.twin.counterparts.populate import populate
from beamtwin.twin.database import Database

Twin = Callable[..., Any]
Run = Callable[[Any], list[tuple[str, dict[str, Any]]]]
AXIS = {"VELO": 2.0, "ACCL": 0.2, "LLM": -5.0, "HLM": 5.0}


@pytest.fixture
def motor(twin: Twin) -> Motor:
    return twin(Motor, "M", AXIS, name="m")


@pytest.fixture
def scaler(twin: Twin) -> Scaler:
    return twin(Scaler, "S", {"rates": {2: 1000.0}}, name="s", channels={2: "i0"})


def pages(documents: list[tuple[str, dict[str, Any]]]) -> list[dict[str, Any]]:
    return [document for name, document in documents if name == "event_page"]


@pytest.mark.parametrize("sign", [1, -1])
def test_points_are_taken_in_flight(motor: Motor, scaler: Scaler, run: Run, sign: int) -> None:
    flyer = MotorFlyer("fly", motor, [scaler], flight=Flight(0.0, sign * 1.0, 10, 0.1))
    documents = run(plans.fly([flyer]))
    for name, document in documents:
        schema_validators[DocumentNames[name]].validate(document)
    (page,) = pages(documents)
    # Each exposure's middle, at constant speed.
    assert page["data"]["m"] == pytest.approx(sign * np.arange(0.05, 1.0, 0.1), abs=2e-4)
    assert page["data"]["s_i0"] == [100.0] * 10
    assert np.diff(page["time"]) == pytest.approx(0.1, abs=1e-6)
    assert motor.velocity.get() == 2.0
    descriptor = next(document for name, document in documents if name == "descriptor")
    assert descriptor["name"] == "primary"
    assert descriptor["data_keys"]["m"]["units"] == "mm"


def test_a_flight_can_be_prepared(motor: Motor, scaler: Scaler, run: Run) -> None:
    flyer = MotorFlyer("fly", motor, [scaler])

    def plan() -> Any:
        flight = {"start": -1.0, "stop": 1.0, "points": 4, "exposure_s": 0.4, "dead_time_s": 0.1}
        yield from bps.prepare(flyer, flight, wait=True)
        assert motor.position < -1.0
        yield from plans.fly([flyer])

    (page,) = pages(run(plan()))
    # 80 % of the time is exposure: the middles are before those of the steps.
    assert page["data"]["m"] == pytest.approx([-0.8, -0.3, 0.2, 0.7], abs=2e-4)


def test_a_detector_that_is_too_slow_is_found_out(motor: Motor, scaler: Scaler, run: Run) -> None:
    flyer = MotorFlyer("fly", motor, [scaler], flight=Flight(0.0, 1.0, 10, 0.1))
    scaler.count_time.set(0.1).wait()
    slow = scaler.trigger

    def trigger() -> Any:
        scaler.preset_time.put(0.25)
        return slow()

    scaler.trigger = trigger  # type: ignore[method-assign]
    with pytest.raises(Exception, match=r"fly: point 2 of 10 is 0.15 s late: .* more dead_time_s"):
        run(plans.fly([flyer]))
    assert motor.velocity.get() == 2.0


def test_limits_are_checked_before_anything_moves(motor: Motor, clock: SimClock) -> None:
    flyer = MotorFlyer("fly", motor, [], flight=Flight(0.0, 4.95, 10, 0.1))
    with pytest.raises(LimitsError, match=r"m: 5.9\d+ mm is outside \[-5, 5\] mm"):
        flyer.kickoff()
    motor.max_velocity.set(0.5).wait()
    with pytest.raises(LimitsError, match=r"m_velocity: 1 EGU/sec|m_velocity: 1 mm/sec is outside"):
        MotorFlyer("fly", motor, [], flight=Flight(0.0, 1.0, 10, 0.1)).kickoff()
    assert clock.env.now == 0.0
    with pytest.raises(LimitsError, match="must be more than 0"):
        Flight(0.0, 0.0, 10, 0.1)
    with pytest.raises(DeviceError, match="fly: there is no flight to begin: prepare one"):
        MotorFlyer("fly", motor, []).kickoff()
    with pytest.raises(DeviceError, match="fly: complete without kickoff"):
        MotorFlyer("fly", motor, []).complete()


def test_a_flight_can_be_stopped(motor: Motor, scaler: Scaler, clock: SimClock) -> None:
    flyer = MotorFlyer("fly", motor, [scaler], flight=Flight(0.0, 1.0, 10, 0.1))
    flyer.kickoff().wait()
    clock.sleep(0.5)
    flyer.stop()
    with pytest.raises(AcquisitionError, match="fly: stopped in flight"):
        flyer.complete().wait()
    assert not motor.moving
    assert motor.velocity.get() == 2.0
    flyer.kickoff().wait()
    clock.sleep(0.55)
    flyer.stop(success=True)
    flyer.complete().wait()
    (page,) = flyer.collect_pages()
    assert 0 < len(page["data"]["m"]) < 10


@pytest.fixture
def bluesky_engine() -> Iterator[BlueskyEngine]:
    engine = BlueskyEngine({}, context_managers=[], loop=asyncio.new_event_loop())
    yield engine
    engine.loop.call_soon_threadsafe(engine.loop.stop)
    engine._th.join()
    engine.loop.close()


def test_it_flies_under_blueskys_engine(bluesky_engine: BlueskyEngine) -> None:
    """On a virtual clock of its own: whatever waits steps it."""
    clock = SimClock(epoch=0.0)
    database = Database(clock)
    motor = Motor("M", "m", database)
    scaler = Scaler("S", "s", database, channels={2: "i0"})
    populate(database, motor, AXIS)
    populate(database, scaler, {"rates": {2: 1000.0}})
    motor.connect()
    scaler.connect()
    flyer = MotorFlyer("fly", motor, [scaler], flight=Flight(0.0, 1.0, 5, 0.1))
    kickoff, complete = flyer.kickoff, flyer.complete
    flyer.kickoff = lambda: _stepped(kickoff())  # type: ignore[method-assign]
    flyer.complete = lambda: _stepped(complete())  # type: ignore[method-assign]
    documents: list[tuple[str, dict[str, Any]]] = []
    bluesky_engine(bp.fly([flyer]), lambda name, document: documents.append((name, document)))
    (page,) = pages(documents)
    assert page["data"]["m"] == pytest.approx([0.1, 0.3, 0.5, 0.7, 0.9], abs=2e-4)


def _stepped(status: Any) -> Any:
    status.wait()
    return status


@pytest.fixture
def zebra(twin: Twin, motor: Motor) -> Zebra:
    return twin(Zebra, "XF:11IDB-ES{Zebra}:", {"encoders": {1: "M"}}, name="z")


def compare(zebra: Zebra, motor: Motor, comparison: Any, *stops: float) -> Any:
    def plan() -> Any:
        yield from bps.prepare(zebra, comparison, wait=True)
        yield from bps.mv(motor, stops[0])
        yield from bps.kickoff(zebra, wait=True)
        for stop in stops[1:]:
            yield from bps.mv(motor, stop)
        yield from bps.complete(zebra, wait=True)
        yield from bps.collect(zebra)

    return run_wrapper(plan())


@pytest.mark.parametrize("step", [0.1, -0.1])
def test_positions_are_compared_and_captured(
    zebra: Zebra, motor: Motor, run: Run, step: float
) -> None:
    stops = (-1.0, 1.0) if step > 0 else (1.0, -1.0)
    comparison = {"start": 0.0, "step": step, "count": 5}
    documents = run(compare(zebra, motor, comparison, *stops))
    (page,) = pages(documents)
    assert page["data"]["z_position"] == pytest.approx(step * np.arange(5))
    assert np.diff(page["data"]["z_time"]) == pytest.approx(0.05)  # 0.1 mm at 2 mm/s
    assert np.diff(page["time"]) == pytest.approx(0.05, abs=1e-6)
    descriptor = next(document for name, document in documents if name == "descriptor")
    assert list(descriptor["data_keys"]) == ["z_time", "z_position"]


def test_pulses_wait_for_a_motor_that_stops_on_its_way(
    zebra: Zebra, motor: Motor, run: Run
) -> None:
    documents = run(compare(zebra, motor, PulseTrain(0.0, 0.1, 5), -1.0, 0.25, -0.5, 1.0))
    (page,) = pages(documents)
    assert page["data"]["z_position"] == pytest.approx([0.0, 0.1, 0.2, 0.3, 0.4])


def test_a_stopped_motor_gives_no_pulse(zebra: Zebra, motor: Motor, clock: SimClock) -> None:
    zebra.prepare({"start": 0.0, "step": 0.1, "count": 5}).wait()
    motor.set(-1.0).wait()
    zebra.kickoff().wait()
    move = motor.set(1.0)
    clock.sleep(0.62)  # it comes to rest 0.24 mm behind the first position
    motor.stop(success=True)
    move.wait()
    clock.sleep(5.0)
    captured = zebra.captured.get()
    assert (captured, motor.position) == (3, pytest.approx(0.24))
    status = zebra.complete()
    zebra.stop()
    with pytest.raises(AcquisitionError, match=rf"z: {captured} of 5 pulses came before it was"):
        status.wait()
    assert len(zebra.positions1.get()) == captured


def test_pulses_trigger_what_listens(database: Database, motor: Motor, clock: SimClock) -> None:
    records = PositionCompare(database, "Z:", {2: "M"})
    zebra = Zebra("Z:", "z", database)
    zebra.connect()
    heard: list[tuple[float, float]] = []
    records.on_pulse.append(lambda place: heard.append((place, motor.position)))
    zebra.prepare({"start": 0.5, "step": 0.25, "count": 3, "encoder": 2}).wait()
    zebra.kickoff().wait()
    motor.set(2.0).wait()
    zebra.complete().wait()
    assert [place for place, _ in heard] == [0.5, 0.75, 1.0]
    assert [here for _, here in heard] == pytest.approx([0.5, 0.75, 1.0], abs=2e-4)
    with pytest.raises(LimitsError, match="the encoder 1 to 4"):
        zebra.prepare({"start": 0.0, "step": 0.1, "count": 1, "encoder": 5})
