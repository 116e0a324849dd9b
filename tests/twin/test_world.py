"""CHX's world: what its records are, what its detectors see, and what happens when the physics fails."""

import os
import signal
import threading

import numpy as np
import pytest

from beamtwin.hardware.device import connect
from beamtwin.orchestration.documents import random_uid
from beamtwin.orchestration.engine import RunEngine
from beamtwin.orchestration.plans import count
from beamtwin.scenarios.chx.devices import chx_registry, make_devices
from beamtwin.scenarios.chx.twin import DESCRIPTION, make_world
from beamtwin.twin.beamline import BeamlineError
from beamtwin.twin.chain import evaluate
from beamtwin.twin.clock import PacedClock, SimClock
from beamtwin.twin.description import load_description
from beamtwin.twin.detectors.photon_counter import PhotonCounter
from beamtwin.twin.optics import PixelDetector
from beamtwin.twin.provenance import read_provenance
from beamtwin.twin.workers import WorkerError
from beamtwin.twin.world import World

SCALER = chx_registry()["scaler"].prefix
S2 = chx_registry()["s2"].prefix


@pytest.fixture
def world(clock):
    with make_world(clock, noise=False) as world:
        yield world


@pytest.fixture(scope="module")
def shared():
    """A world for tests of which none minds what another did."""
    with make_world(SimClock(epoch=0.0), noise=False) as world:
        yield world


def set_blades(world, **positions_mm):
    """Move blades, by the letter of their axis."""
    for axis, position in positions_mm.items():
        status = world.database.channel(f"{S2}-Ax:{axis}}}Mtr.VAL").put(position)
        world.database.clock.wait(lambda status=status: status.done)


def count_once(world):
    """What passes S2 in the preset time."""
    status = world.database.channel(f"{SCALER}.CNT").put(1)
    world.database.clock.wait(lambda: status.done)
    return world.database.channel(f"{SCALER}.S2").get().value, status


def test_the_optics_stand_where_the_records_say(world):
    def slit():
        return world.optics.beamline.part("S2")

    assert (slit().x_gap_m, slit().y_gap_m) == pytest.approx((10e-6, 10e-6))
    set_blades(world, T=0.02, B=-0.01, O=0.5, I=0.4)
    assert slit().y_gap_m == pytest.approx(30e-6)
    assert slit().y_center_m == pytest.approx(5e-6)
    assert slit().x_gap_m == pytest.approx(100e-6)
    assert slit().x_center_m == pytest.approx(450e-6)


def test_the_counter_counts_what_the_optics_let_through(world):
    light = evaluate(world.optics.beamline, "S2", "fast")
    assert count_once(world)[0] == round(light.flux_ph_s * 1e-4)
    world.database.channel(f"{SCALER}.TP").put(0.5)
    assert count_once(world)[0] == round(light.flux_ph_s * 1e-4 / 2)
    set_blades(world, T=-0.006)  # past the bottom blade
    assert count_once(world)[0] == 0


def test_the_detector_sees_the_light_of_the_exposures_beginning(world):
    counter = PhotonCounter("camera", "detector")
    detector = PixelDetector(world.optics, counter)
    light = evaluate(world.optics.beamline, "detector", "fast")
    exposure = detector.expose(0.5)
    set_blades(world, T=0.02)
    frame = exposure.result()
    assert frame.dtype == detector.dtype
    assert frame.shape == detector.shape == light.photons_s.shape
    np.testing.assert_allclose(frame, light.photons_s * 0.5, atol=0.5 + 1e-6)


def test_a_camera_needs_a_detector_to_look_at(shared):
    with pytest.raises(BeamlineError, match="camera: its plane 'S2' is no detector"):
        PixelDetector(shared.optics, PhotonCounter("camera", "S2"))


def test_noise_is_each_detectors_own_and_the_seeds():
    def counts(seed):
        with make_world(SimClock(epoch=0.0), seed=seed) as world:
            return [count_once(world)[0] for _ in range(3)]

    one = counts(1)
    assert len(set(one)) > 1
    assert counts(1) == one
    assert counts(2) != one


# --- what else the light goes through -----------------------------------------------------------------


def put(world, pv, value):
    """Write, and wait for the end."""
    status = world.database.channel(pv).put(value)
    world.database.clock.wait(lambda: status.done)
    assert status.success


@pytest.mark.parametrize("shutter", ["XF:11ID-PPS{Sh:FE}", "XF:11IDA-PPS{PSh}"])
def test_a_closed_shutter_lets_no_light_through(world, shutter):
    lit = count_once(world)[0]
    assert lit > 0
    put(world, f"{shutter}Cmd:Cls-Cmd", 1)
    world.database.clock.sleep(0.5)  # on its way it stops the beam already
    assert world.database.channel(f"{shutter}Cmd:Opn-Sts").get().value == 0
    assert count_once(world)[0] == 0
    put(world, f"{shutter}Cmd:Opn-Cmd", 1)
    world.database.clock.sleep(1.5)
    assert count_once(world)[0] == lit


def test_the_fast_shutter_is_behind_the_counter_and_before_the_detector(world, tmp_path):
    lit = count_once(world)[0]
    put(world, "XF:11IDB-ES{Zebra}:SOFT_IN:B0", 0)
    world.database.clock.sleep(0.1)
    assert count_once(world)[0] == lit
    light = evaluate(world.optics.beamline, "detector", "fast")
    assert light.flux_ph_s == 0.0


@pytest.mark.parametrize(
    ("pv", "value", "element", "parameter", "expected"),
    [
        ("SR:C11-ID:G1{IVU20:1-Ax:Gap}-Mtr", 7.0, "IVU20", "gap_m", 7e-3),
        ("XF:11IDA-OP{Mono:DCM-Ax:Energy}Mtr", 9000.0, "DCM", "energy_eV", 9000.0),
        ("XF:11IDA-OP{Mono:DCM-Ax:B}Mtr", 12.695, "DCM", "energy_eV", 9001.5),
        ("FE:C11A-OP{Slt:12-Ax:X}size", 0.1, "S0", "x_gap_m", 1e-4),
        ("FE:C11A-OP{Slt:12-Ax:Y}center", 0.1, "S0", "y_center_m", 1e-4),
        ("XF:11IDB-OP{Slt:1-Ax:YGap}Mtr", 0.5, "S1", "y_gap_m", 5e-4),
        ("XF:11IDA-OP{Slt:MB-Ax:X}size", 0.4, "MB", "x_gap_m", 4e-4),
        ("XF:11IDA-OP{Slt:PB-Ax:T}Mtr", 0.0, "PB", "y_gap_m", 1e-3),
        ("XF:11IDB-OP{Slt:BDS-Ax:Y}center", 0.02, "S2", "y_center_m", 2e-5),
    ],
)
def test_a_pv_moves_its_part_of_the_beamline(shared, pv, value, element, parameter, expected):
    assert getattr(shared.optics.beamline.part(element), parameter) != pytest.approx(expected)
    put(shared, pv, value)
    part = shared.optics.beamline.part(element)
    assert getattr(part, parameter) == pytest.approx(expected, rel=1e-4)


def test_the_light_is_in_proportion_to_the_stored_current():
    clock = SimClock(epoch=0.0)
    with make_world(clock) as world:
        current = world.database.channel("SR:C03-BI{DCCT:1}I:Real-I")
        assert current.get().value == 500.0
        full = world.optics.irradiance("S2").result().flux_ph_s
        clock.sleep(119.0)
        assert 497.0 < current.get().value < 499.0
        less = world.optics.irradiance("S2").result()
        assert less.flux_ph_s / full == pytest.approx(current.get().value / 500.0, rel=1e-12)
        assert less.photons_s.sum() == pytest.approx(less.flux_ph_s)
        clock.sleep(1.0)
        assert current.get().value == 500.0


def test_without_noise_the_current_stays_as_it_is(shared):
    shared.database.clock.sleep(119.0)
    assert shared.database.channel("SR:C03-BI{DCCT:1}I:Real-I").get().value == 500.0


def test_an_axis_that_names_no_pv_is_said_to(clock):
    description = load_description(DESCRIPTION)
    with World("bare", clock, description) as world, pytest.raises(BeamlineError) as error:
        world.optics.beamline  # noqa: B018
    assert "moves by a PV that is not there: XF:11IDB-OP{Slt:BDS-Ax:T}Mtr" in str(error.value)


def test_a_world_without_optics_says_so(clock):
    with World("bare", clock) as world, pytest.raises(BeamlineError, match=r"bare: .* no optics"):
        world.optics  # noqa: B018


def test_a_world_says_what_it_is_also_through_its_pvs(clock):
    with make_world(clock, seed=3, noise=False) as world:
        said = read_provenance(world.database)
        assert said == world.provenance
        assert {key: said[key] for key in ("scenario", "level", "seed", "noise", "epoch")} == {
            "scenario": "chx",
            "level": "fast",
            "seed": 3,
            "noise": False,
            "epoch": clock.epoch,
        }


def test_physics_that_fails_fails_the_count_and_not_the_timeline(world, monkeypatch):
    def fail(*_):
        raise BeamlineError("the undulator is gone")

    monkeypatch.setattr("beamtwin.twin.workers.evaluator.evaluate", fail)
    error = count_once(world)[1].exception()
    assert "XF:11IDB-ES{Sclr:1}: nothing was counted: " in str(error)
    assert "the undulator is gone" in str(error)
    monkeypatch.undo()
    assert count_once(world)[0] > 0


@pytest.fixture
def paced():
    """In real time, where the physics has a process of its own."""
    with make_world(PacedClock(), noise=False) as world:
        yield world


def kill_soon(world):
    """Keep the process of the physics from what comes next, and kill it; returns who does."""
    pid = world.evaluator.call(os.getpid).result(30)
    world.evaluator.call(signal.sigtimedwait, [signal.SIGUSR1], 0.5)
    killer = threading.Timer(0.3, os.kill, (pid, signal.SIGKILL))
    killer.start()
    return killer


def test_a_killed_physics_process_loses_no_exposure(paced, tmp_path):
    eiger = make_devices(paced.database, tmp_path, random_uid).eiger4m
    connect(eiger)
    engine = RunEngine(clock=paced.database.clock)
    stops: list[dict] = []
    engine.subscribe(lambda _, stop: stops.append(stop), "stop")
    eiger.cam.acquire_time.put(0.01)
    killer = kill_soon(paced)
    engine(count([eiger]))
    killer.join()
    assert stops[-1]["exit_status"] == "success"


def test_a_killed_physics_process_loses_no_count(paced):
    paced.database.channel(f"{SCALER}.TP").put(0.01)
    killer = kill_soon(paced)
    counts, status = count_once(paced)
    killer.join()
    assert status.success
    assert counts > 100


def test_physics_that_kills_every_process_fails_the_exposure_and_says_which(paced, monkeypatch):
    def die(*_):
        raise WorkerError("the process has died")

    monkeypatch.setattr("beamtwin.twin.workers.process.Worker.call", die)
    error = count_once(paced)[1].exception()
    assert "nothing was counted: " in str(error)
    assert "light on S2 at level fast: the process has died, time 3 of at most 3" in str(error)
    monkeypatch.undo()
    assert count_once(paced)[0] > 100


def test_a_count_does_not_hold_up_the_loop_while_its_light_is_computed(paced):
    """An IOC goes on serving: the record counts until the process that does the physics has answered."""
    clock, pool = paced.database.clock, paced.evaluator
    pool.call(os.getpid).result(30)
    busy = pool.call(signal.sigtimedwait, [signal.SIGUSR1], 0.4)
    count = paced.database.channel(f"{SCALER}.CNT")
    paced.database.channel(f"{SCALER}.TP").put(0.01)
    status = count.put(1)
    clock.sleep(0.1)
    assert not busy.done()
    assert (count.get().value, status.done) == (1, False)
    assert paced.database.channel(f"{SCALER}.CNT").put(0)  # too late to stop
    clock.wait(lambda: status.done, 5.0)
    assert status.success
    assert count.get().value == 0
    assert paced.database.channel(f"{SCALER}.S2").get().value > 100
