"""A dry pass of a plan says what light the plan asks for, to the last bit; so it can be ready before."""

import pytest

from beamtwin.orchestration import stubs
from beamtwin.orchestration.documents import SeededUids, random_uid
from beamtwin.orchestration.engine import RunEngine
from beamtwin.orchestration.messages import Msg
from beamtwin.orchestration.plans import scan
from beamtwin.scenarios import chx_focusing as focusing
from beamtwin.scenarios.chx.devices import make_devices
from beamtwin.scenarios.chx.plans import slit_scan
from beamtwin.scenarios.chx.twin import make_world
from beamtwin.twin.clock import SimClock
from beamtwin.twin.prefetch import optical_states
from beamtwin.twin.workers import Here, Lights, WorkerPool

EPOCH = 1_700_000_000.3
FLUX = "scaler_s2_flux"
NEEDED = ("s2", "scaler", "eiger4m")


def devices_of(world, folder):
    devices = make_devices(world.database, folder, random_uid)
    devices.connect(*NEEDED)
    return devices


@pytest.fixture
def rehearse(tmp_path):
    """``rehearse(plan)``: on a twin that is thrown away."""

    def run(plan):
        with make_world(SimClock(EPOCH), seed=3) as stage:
            return optical_states(stage, plan(devices_of(stage, tmp_path)))

    return run


def documents(evaluator, plan, folder, states=()):
    """What a plan's run says, of a twin whose light was computed before or was not."""
    with make_world(SimClock(EPOCH), seed=3) as world:
        world.employ(evaluator)
        devices = devices_of(world, folder)
        ready = world.prefetch(states)
        computed = evaluator.computed if states else 0
        engine = RunEngine(clock=world.database.clock, context_managers=[], new_uid=SeededUids(1))
        said = []
        engine(plan(devices), lambda *document: said.append(document))
        if states:
            assert evaluator.computed == computed == ready == len(states)
        return said


def scanned(devices):
    return slit_scan(devices, points=7, exposure_s=0.1)


def test_a_run_with_its_light_ready_is_the_run_without(rehearse, tmp_path):
    """With noise: its stages are where they are in the dry pass, too."""
    rehearsal = rehearse(scanned)
    assert rehearsal.error is None
    assert len(rehearsal.states) == 7
    without = documents(Lights(Here()), scanned, tmp_path)
    with_it = documents(Lights(WorkerPool(2)), scanned, tmp_path, rehearsal.states)
    assert without == with_it
    readings = [event["data"] for name, event in with_it if name == "event"]
    assert len({data[FLUX] for data in readings}) > 3


def test_what_is_seen_while_something_moves_is_found_too(rehearse, tmp_path):
    def on_the_fly(devices):
        yield from stubs.mv(devices.scaler.preset_time, 0.01)
        yield from stubs.abs_set(devices.s2.v_center, 0.3, group="way")
        for _ in range(4):
            yield from stubs.trigger_and_read([devices.scaler])
            yield from stubs.sleep(0.123)
        yield from stubs.wait("way")

    def run(devices):
        yield from stubs.open_run()
        yield from on_the_fly(devices)
        yield from stubs.close_run()

    rehearsal = rehearse(run)
    assert len(rehearsal.states) == 4
    documents(Lights(Here()), run, tmp_path, rehearsal.states)


def test_states_are_found_once_and_in_order(rehearse):
    def there_and_back(devices):
        yield from scan([devices.scaler], devices.s2.v_center, 0.0, 0.1, 3)
        yield from scan([devices.scaler], devices.s2.v_center, 0.1, 0.0, 3)

    states = rehearse(there_and_back).states
    centers = [state.beamline.part("S2").y_center_m for state in states]
    assert centers[:3] == sorted(centers[:3])
    assert {state.plane for state in states} == {"S2"}
    assert len(states) == len(set(states))


def test_a_plan_that_fails_in_the_dark_is_found_as_far_as_that(rehearse):
    def needs_light(devices):
        yield from stubs.open_run()
        reading = yield from stubs.trigger_and_read([devices.scaler])
        assert reading[FLUX]["value"] > 0, "it is dark"
        yield from stubs.trigger_and_read([devices.scaler])

    rehearsal = rehearse(needs_light)
    assert len(rehearsal.states) == 1
    assert "it is dark" in str(rehearsal.error)


def test_a_plan_that_waits_for_light_comes_to_an_end(rehearse, monkeypatch):
    monkeypatch.setattr("beamtwin.twin.prefetch.MOST_EXPOSURES", 5)

    def waits(devices):
        yield from stubs.open_run()
        while True:
            yield from stubs.trigger_and_read([devices.scaler])

    assert "the dry pass ends after 5 exposures" in str(rehearse(waits).error)


def test_nobody_is_asked_in_a_dry_pass(rehearse):
    def asks(devices):
        answer = yield Msg("input", prompt="Well? ")
        assert answer == ""
        yield from stubs.open_run()
        yield from stubs.trigger_and_read([devices.scaler])
        yield from stubs.close_run()

    rehearsal = rehearse(asks)
    assert (len(rehearsal.states), rehearsal.error) == (1, None)


def test_a_frame_in_the_dark_is_as_large_as_in_the_light(rehearse):
    def frame(devices):
        yield from stubs.open_run()
        yield from stubs.stage(devices.eiger4m)
        yield from stubs.trigger_and_read([devices.eiger4m])
        yield from stubs.unstage(devices.eiger4m)
        yield from stubs.close_run()

    rehearsal = rehearse(frame)
    assert rehearsal.error is None
    assert [state.plane for state in rehearsal.states] == ["detector"]


def test_in_a_dry_pass_nobody_asks_how_coherent_darkness_is(tmp_path):
    """Frames of a sample are dark there, and cost nothing."""
    with focusing.SCENARIO.world(SimClock(EPOCH), level="modes") as stage:
        devices = focusing.SCENARIO.devices(stage.database, tmp_path, random_uid)
        devices.connect("eiger4m")
        rehearsal = optical_states(stage, focusing.SCENARIO.plan("xpcs")(devices, frames=3))
    assert rehearsal.error is None
    assert {state.plane for state in rehearsal.states} == {"sample"}
