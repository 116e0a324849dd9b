"""Temperatures, samples, and places that have names."""

from collections.abc import Callable
from math import exp, log
from typing import Any

import pytest

from beamtwin.hardware.presets import PresetStage
from beamtwin.hardware.sample import RotationStage, SampleChanger
from beamtwin.hardware.temperature import Eurotherm, Lakeshore336, LinkamStage
from beamtwin.orchestration import plans
from beamtwin.orchestration.errors import LimitsError, MoveError
from beamtwin.twin.clock import SimClock

Twin = Callable[..., Any]


def elapsed(clock: SimClock) -> float:
    return clock.env.now


def test_a_temperature_lags_and_then_settles(twin: Twin, clock: SimClock) -> None:
    oven = twin(Eurotherm, "T:", {"VAL": 295.0, "tau_s": 20.0}, name="oven")
    status = oven.set(305.0)
    clock.sleep(20.0)
    assert oven.position == pytest.approx(305.0 - 10.0 * exp(-1.0), abs=1e-6)
    status.wait()
    settled_s = 20.0 * log(10.0 / oven.tolerance) + oven.settle_s
    assert settled_s <= elapsed(clock) <= settled_s + 1.0  # told once a second
    assert oven.describe()["oven"]["units"] == "K"


def test_a_loop_ramps_at_its_rate(twin: Twin, clock: SimClock) -> None:
    settings = {"loop1": {"VAL": 300.0, "tau_s": 5.0, "rate": 6.0, "ramp_on": True}}
    cryostat = twin(Lakeshore336, "LS:", settings, name="cryo")
    loop = cryostat.loop1
    assert loop.time_limit(270.0) == 300.0 + loop.settle_s + loop.timeout_s
    status = loop.set(270.0)
    clock.sleep(100.0)
    # Behind a ramp, a first-order lag follows by rate times time constant.
    assert loop.position == pytest.approx(300.0 - 0.1 * 100.0 + 0.1 * 5.0, abs=1e-6)
    status.wait()
    settled_s = 300.0 + 5.0 * log(0.5 / loop.tolerance) + loop.settle_s
    assert settled_s <= elapsed(clock) <= settled_s + 1.0
    loop.ramp_on.set(False).wait()
    assert loop.time_limit(295.0) == loop.settle_s + loop.timeout_s
    assert cryostat.hints["fields"] == ["cryo_loop1", "cryo_loop2"]


def test_a_stage_heats_when_it_is_set_and_cools_when_it_is_off(twin: Twin, clock: SimClock) -> None:
    linkam = twin(LinkamStage, "XF:11ID-ES:{LINKAM}:", {"rate": 20.0}, name="linkam")
    assert linkam.status_code.get() == 0
    linkam.set(45.0).wait()
    assert linkam.heating.get()
    assert int(linkam.status_code.get()) == 6  # at its set point, heater on
    linkam.heating.set(False).wait()
    clock.sleep(100.0)
    assert linkam.position == pytest.approx(25.0, abs=0.01)


def test_a_stopped_temperature_is_held(twin: Twin, clock: SimClock) -> None:
    linkam = twin(LinkamStage, "L:", {"rate": 20.0})
    status = linkam.set(85.0)
    clock.sleep(90.0)
    linkam.stop()
    with pytest.raises(MoveError, match="d: did not get to 85 C: it was stopped; it is at 5"):
        status.wait()
    held = linkam.setpoint.get()
    clock.sleep(300.0)
    assert linkam.position == pytest.approx(held, abs=0.01)


def test_hours_of_a_ramp_that_nobody_watches_cost_nothing(twin: Twin, clock: SimClock) -> None:
    loop = twin(Lakeshore336, "LS:", {"loop1": {"rate": 0.1, "ramp_on": True}}).loop1
    loop.setpoint.set(305.0).wait()
    clock.sleep(3600.0)
    assert loop.position == pytest.approx(295.0 + 6.0 - 20.0 * 0.1 / 60.0, abs=1e-6)
    assert all(when <= clock.env.now for when, *_ in clock.env._queue)


def test_a_temperature_scan(twin: Twin, run: Callable[[Any], Any]) -> None:
    oven = twin(Eurotherm, "T:", {"VAL": 295.0}, name="oven")
    documents = run(plans.scan([oven], oven, 300.0, 320.0, 3))
    events = [document["data"] for name, document in documents if name == "event"]
    assert [event["oven"] for event in events] == pytest.approx([300.0, 310.0, 320.0], abs=1.0)
    assert [event["oven_setpoint"] for event in events] == [300.0, 310.0, 320.0]


def test_samples_are_called_by_their_names(twin: Twin, run: Callable[[Any], Any]) -> None:
    changer = twin(SampleChanger, "S", samples=["water", "silica"], first=5.0, spacing=12.0)
    assert changer.position == "between"
    documents = run(plans.list_scan([], changer, ["water", "silica"]))
    events = [document["data"] for name, document in documents if name == "event"]
    assert [event["d"] for event in events] == ["water", "silica"]
    assert [event["d_motor"] for event in events] == [5.0, 17.0]
    with pytest.raises(LimitsError, match="d: 'gold' is not one of its places 'water', 'silica'"):
        changer.set("gold")


def test_a_place_beyond_the_limits_is_refused(twin: Twin) -> None:
    screen = twin(PresetStage, "S", {"motor": {"HLM": 5.0}}, positions={"in": 0.0, "out": 10.0})
    with pytest.raises(LimitsError, match=r"d_motor: 10 mm is outside \[-100, 5\] mm"):
        screen.set("out")
    assert screen.position == "in"
    status = screen.motor.set(-50.0)
    screen.stop()
    assert isinstance(status.exception(None), MoveError)


def test_a_rotation_stage_turns(twin: Twin) -> None:
    stage = twin(RotationStage, "R", {"theta": {"EGU": "deg", "VELO": 30.0, "HLM": 360.0}})
    stage.set({"theta": 180.0, "x": 1.0}).wait()
    assert stage.theta.position == 180.0
