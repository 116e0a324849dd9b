"""What bluesky's own engine emits with ophyd's devices goes into every store, and comes back as it was."""

import copy
import warnings

import numpy as np
import pytest
from event_model import unpack_event_page

from beamtwin.databroker.broker import Broker
from beamtwin.databroker.errors import AssetError
from beamtwin.databroker.stores.mongo.normalized import NormalizedStore


@pytest.fixture(scope="module")
def ophyd_sim():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import ophyd.sim
    return ophyd.sim


@pytest.fixture
def engine():
    """Bluesky's; what it emits, as it was emitted, is in ``engine.emitted``."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from bluesky import RunEngine
    engine = RunEngine({"beamline": "sim"}, context_managers=[], during_task=None)
    engine.emitted = []
    engine.subscribe(lambda name, doc: engine.emitted.append((str(name), copy.deepcopy(doc))))
    yield engine
    engine._loop.call_soon_threadsafe(engine._loop.stop)
    engine._th.join(5)
    engine._loop.close()


@pytest.fixture
def camera(ophyd_sim, tmp_path):
    return ophyd_sim.SynSignalWithRegistry(
        func=lambda: np.arange(12.0).reshape(3, 4), name="camera", save_path=str(tmp_path)
    )


@pytest.fixture
def every_broker(every_store):
    return Broker(every_store)


def plain(documents):
    """With Python's floats for numpy's float64, which is one of them: that is how events are kept."""
    return [
        (name, {**doc, "data": _floats(doc["data"])} if name == "event" else doc)
        for name, doc in documents
    ]


def _floats(data):
    return {key: float(v) if isinstance(v, np.float64) else v for key, v in data.items()}


def normalized(documents):
    """As suitcase-mongo keeps them: pages as single events, lists and Python's numbers for numpy's."""
    for name, doc in documents:
        if name in ("event", "event_page"):
            for event in unpack_event_page(doc) if name == "event_page" else [doc]:
                yield "event", {**event, "data": _lists(event["data"])}
        else:
            yield name, doc


def _lists(data):
    return {key: v.tolist() if hasattr(v, "tolist") else v for key, v in data.items()}


def scanned(engine, db, ophyd_sim, detectors, points=3):
    from bluesky.plans import scan
    from bluesky.preprocessors import baseline_wrapper

    engine.subscribe(db.insert)
    motor = ophyd_sim.SynAxis(name="motor", labels={"motors"})
    plan = scan(detectors, motor, -1, 1, points, md={"sample": {"name": "water", "T_K": 290.5}})
    engine(baseline_wrapper(plan, [ophyd_sim.motor2]))
    return db[-1]


def test_a_scan_comes_back_identical(engine, every_broker, ophyd_sim, make):
    db = every_broker
    motor = ophyd_sim.motor
    detector = ophyd_sim.SynGauss("gauss", motor, "motor", center=0, Imax=1, sigma=1)
    run = scanned(engine, db, ophyd_sim, [detector])
    assert make.same(list(run.documents()), plain(engine.emitted))
    assert run.streams == ["baseline", "primary"]
    assert run.baseline.read()["motor2"].shape == (2,)
    assert run.primary.read()["motor"].values.tolist() == [-1, 0, 1]
    assert run.primary.dimensions == ["motor"]


def test_flights_monitors_and_images_come_back_identical(engine, every_broker, ophyd_sim, make):
    db, hardware = every_broker, ophyd_sim.hw()
    engine.subscribe(db.insert)
    engine(flown_and_monitored(hardware))
    emitted = plain(engine.emitted)
    assert {name for name, _ in emitted} == {"start", "descriptor", "event_page", "event", "stop"}
    if isinstance(db.store, NormalizedStore):
        emitted = list(normalized(emitted))
    run = db[-1]
    assert make.same(list(run.documents()), emitted)
    assert run.state == "fail"
    assert {name: len(run[name]) for name in run.streams} == run.stop["num_events"]


def flown_and_monitored(hardware):
    from bluesky import plan_stubs

    yield from plan_stubs.open_run()
    yield from plan_stubs.monitor(hardware.signal, name="watched")
    yield from plan_stubs.kickoff(hardware.flyer1, wait=True)
    yield from plan_stubs.complete(hardware.flyer1, wait=True)
    yield from plan_stubs.collect(hardware.flyer1)
    yield from plan_stubs.mv(hardware.signal, 1)
    yield from plan_stubs.mv(hardware.signal, 2.5)
    yield from plan_stubs.trigger_and_read([hardware.direct_img])
    yield from plan_stubs.close_run("fail", "there was no beam")


def test_frames_in_files_come_back_and_are_read(engine, every_broker, ophyd_sim, camera, make):
    db = every_broker
    run = scanned(engine, db, ophyd_sim, [camera])
    assert make.same(list(run.documents()), plain(engine.emitted))
    assert {name for name, _ in run.documents()} >= {"resource", "datum"}
    frame = np.arange(12.0).reshape(3, 4)
    np.testing.assert_array_equal(run.primary.read()["camera"].values, [frame] * 3)
    for name, doc in run.documents(["event"], filled=True):
        if "camera" in doc["data"]:
            np.testing.assert_array_equal(doc["data"]["camera"], frame)
            assert name == "event"
            assert doc["filled"]["camera"].endswith(str(doc["seq_num"] - 1))


def test_their_handlers_are_taken_as_they_are(engine, db, ophyd_sim, camera):
    db.register_handler("NPY_SEQ", ophyd_sim.NumpySeqHandler, overwrite=True)
    run = scanned(engine, db, ophyd_sim, [camera])
    image = run.primary.read()["camera"]
    np.testing.assert_array_equal(image[[2, 0]].values, [np.arange(12.0).reshape(3, 4)] * 2)


def test_what_their_handlers_raise_names_them(engine, db, ophyd_sim, camera, tmp_path):
    db.register_handler("NPY_SEQ", ophyd_sim.NumpySeqHandler, overwrite=True)
    run = scanned(engine, db, ophyd_sim, [camera])
    for file in tmp_path.glob("*.npy"):
        file.unlink()
    with pytest.raises(AssetError, match=r"camera: .*: NumpySeqHandler: FileNotFoundError"):
        run.primary.read()["camera"].load()
