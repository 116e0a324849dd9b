"""CHX's world: what its records are, what its detectors see, and what happens when the physics fails."""

import os
import signal
import threading

import numpy as np
import pytest

from beamtwin.hardware.device import connect
from beamtwin.orchestration.documents import random_uid
from beamtwin.orchestration.engine import RunEngine
from beamtwin.orchestration.errors import FailedStatus
from beamtwin.orchestration.plans import count
from beamtwin.scenarios.chx.devices import PREFIXES, make_devices
from beamtwin.scenarios.chx.twin import make_world
from beamtwin.twin.beamline import BeamlineError
from beamtwin.twin.chain import evaluate
from beamtwin.twin.clock import PacedClock
from beamtwin.twin.detectors.photon_counter import PhotonCounter
from beamtwin.twin.world import PixelDetector, read_provenance

SCALER = PREFIXES["scaler"]


@pytest.fixture
def world(clock):
    with make_world(clock, noise=False) as world:
        yield world


def set_blades(world, **positions_mm):
    """Move blades, by the letter of their axis."""
    for axis, position in positions_mm.items():
        status = world.database.channel(f"{PREFIXES['s2']}-Ax:{axis}}}Mtr.VAL").put(position)
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


def test_a_camera_needs_a_detector_to_look_at(world):
    with pytest.raises(BeamlineError, match="camera: its plane 'S2' is no detector"):
        PixelDetector(world.optics, PhotonCounter("camera", "S2"))


def test_noise_is_each_detectors_own_and_the_seeds(clock):
    def counts(seed):
        with make_world(clock, seed=seed) as world:
            return [count_once(world)[0] for _ in range(3)]

    one = counts(1)
    assert len(set(one)) > 1
    assert counts(1) == one
    assert counts(2) != one


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

    monkeypatch.setattr("beamtwin.twin.world.evaluate", fail)
    error = count_once(world)[1].exception()
    assert "XF:11IDB-ES{Sclr:1}: nothing was counted: " in str(error)
    assert "the undulator is gone" in str(error)
    monkeypatch.undo()
    assert count_once(world)[0] > 0


def test_a_killed_physics_process_fails_the_exposure_and_the_next_one_works(tmp_path):
    """In real time, where the physics has a process of its own."""
    with make_world(PacedClock(), noise=False) as world:
        worker = world._worker
        pid = worker.submit(os.getpid).result(30)
        worker.submit(signal.pause)  # keeps it from the frame
        transport = world.database
        eiger = make_devices(transport, tmp_path, random_uid).eiger4m
        connect(eiger)
        engine = RunEngine(clock=transport.clock)
        stops: list[dict] = []
        engine.subscribe(lambda _, stop: stops.append(stop), "stop")
        eiger.cam.acquire_time.put(0.01)
        killer = threading.Timer(0.3, os.kill, (pid, signal.SIGKILL))
        killer.start()
        died = "No frame: the process that computes the light has died .* the next exposure starts"
        with pytest.raises(FailedStatus, match=died):
            engine(count([eiger]))
        killer.join()
        assert stops[-1]["exit_status"] == "fail"
        assert "has died" in stops[-1]["reason"]
        engine(count([eiger]))
        assert stops[-1]["exit_status"] == "success"


def test_a_killed_physics_process_fails_the_count_and_the_next_one_works():
    with make_world(PacedClock(), noise=False) as world:
        pid = world._worker.submit(os.getpid).result(30)
        world._worker.submit(signal.pause)
        world.database.channel(f"{SCALER}.TP").put(0.01)
        killer = threading.Timer(0.3, os.kill, (pid, signal.SIGKILL))
        killer.start()
        error = count_once(world)[1].exception()
        killer.join()
        assert "nothing was counted" in str(error)
        assert "has died" in str(error)
        assert count_once(world)[0] > 100
