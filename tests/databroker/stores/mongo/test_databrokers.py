"""The layout "normalized" and the real databrokers, 1.2.5 and 2.0.2: they read what we wrote, and we what they wrote.

They run in environments of their own; the database goes between them and us in a file (``tests/servers/databroker``).
"""

import copy
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import mongomock
import numpy as np
import pytest
from bson import json_util
from event_model import pack_event_page, unpack_datum_page, unpack_event_page

from beamtwin.databroker.broker import Broker
from beamtwin.databroker.interchange.composing import Points, compose
from beamtwin.databroker.stores.mongo.normalized import NormalizedStore
from beamtwin.hardware.areadetector import SimDetector
from beamtwin.hardware.motor import Motor
from beamtwin.orchestration import RunEngine
from beamtwin.orchestration.plans import scan
from beamtwin.orchestration.preprocessors import baseline_wrapper
from beamtwin.twin.areadetector import Camera, Pattern, SimDriver
from beamtwin.twin.clock import SimClock
from beamtwin.twin.database import Database
from beamtwin.twin.records import MotorRecord

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

SCRIPTS = Path(__file__).parents[3] / "servers" / "databroker"
GENERATIONS = ("1", "2")
EPOCH = 1_700_000_000.0
#: What both read to the last document and number.
READ_WHOLLY = (
    "datum hdf1",
    "datum tiff1",
    "imported",
    "every type",
    "pages",
    "failed",
    "newest",
)
#: What is done to a scan's documents, and what either reads then of its motor's positions.
REFUSED = "refused"
ODD: dict[str, tuple[Callable[[Any], object], dict[str, Any]]] = {
    "holes": (lambda run: run[3][1].update(seq_num=5), {"1": [0.1, 0.2], "2": REFUSED}),
    "repeated": (lambda run: run[3][1].update(seq_num=1), {"1": [0.1, 0.2], "2": [0.2]}),
    "no object_keys": (lambda run: run[1][1].pop("object_keys"), {"1": REFUSED, "2": REFUSED}),
    "no configuration": (
        lambda run: run[1][1].update(configuration={}),
        {"1": [0.1, 0.2], "2": [0.1, 0.2]},
    ),
    "no events": (lambda run: run.__delitem__(slice(2, 4)), {"1": [], "2": REFUSED}),
}
PAGES = {"event_page": unpack_event_page, "datum_page": unpack_datum_page}

Run = list[tuple[str, dict[str, Any]]]

IMPORTED = "1c3d6f5e-6b7e-4a42-9d5b-0f0b3c0a5d10"
POINTS = Points("primary", "table", "file:cuts.csv", [{"x": 0.5, "y": 2.0}], [EPOCH], {"x": "mm"})


@cache
def python(generation: str) -> str:
    """Of an environment that has a databroker."""
    program = [sys.executable, SCRIPTS / "install.py", generation]
    done = subprocess.run(program, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"databroker {generation} could not be installed: {done.stderr[-500:]}")
    return done.stdout.strip()


def run_script(generation: str, name: str, *arguments: object) -> Any:
    """What a script prints, in a databroker's environment."""
    script = SCRIPTS / f"{name}{generation}.py"
    command = [python(generation), "-W", "ignore", script, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return json_util.loads(done.stdout)


# --- what is written ------------------------------------------------------------


@pytest.fixture(scope="module")
def runs(tmp_path_factory, make) -> dict[str, Run]:
    """The documents of runs, by what they are; the last is the newest."""
    return {
        **scans(tmp_path_factory.mktemp("frames")),
        "imported": list(compose({"uid": IMPORTED, "time": EPOCH, "scan_id": 1}, [POINTS])),
        "every type": every_type(make),
        "pages": paged(make),
        "not ended": make.run(3, stop=False),
        "failed": failed(make),
        **{what: odd(make, what) for what in ODD},
        "newest": make.run(2, uid="newest-of-all", time=EPOCH + 1000, plan_name="count"),
    }


@pytest.fixture(scope="module")
def store(runs) -> NormalizedStore:
    store = NormalizedStore(mongomock.MongoClient()["facility"], "mongomock")
    for documents in runs.values():
        for name, doc in documents:
            store.insert(name, doc)
    return store


def scans(folder: Path) -> dict[str, Run]:
    """By our engine and our devices: frames in HDF5 and TIFF files, announced as datums and as stream documents."""
    clock = SimClock(epoch=EPOCH)
    database = Database(clock)
    database.add(MotorRecord(clock, "m1", VELO=1.0, EGU="mm", PREC=4, HLM=10, LLM=-10))
    motor = Motor("m1", "m", database)
    Camera(database, "Det:", Pattern((4, 6)), driver=SimDriver)
    engine = RunEngine({}, clock=clock)
    emitted: Run = []
    engine.subscribe(lambda name, doc: emitted.append((name, copy.deepcopy(doc))))
    found = {}
    for assets, writer in (("datum", "hdf1"), ("datum", "tiff1"), ("stream", "hdf1")):
        camera = SimDetector(
            "Det:", "det", database, directory=folder, assets=assets, writer=writer
        )
        for device in (motor, camera):
            device.connect()
        engine(baseline_wrapper(scan([camera], motor, -1, 1, 3), [motor]), md={"assets": assets})
        found[f"{assets} {writer}"] = emitted.copy()
        emitted.clear()
    return found


def every_type(make) -> Run:
    """What MongoDB has a form for, in events."""
    documents = make.run(0)
    about = {
        "text": ("string", []),
        "flag": ("boolean", []),
        "count": ("integer", []),
        "broken": ("number", []),
        "profile": ("array", [3]),
        "grid": ("array", [2, 2]),
    }
    keys = {k: {"dtype": d, "shape": s, "source": "twin"} for k, (d, s) in about.items()}
    descriptor = documents[1][1]
    descriptor |= {"data_keys": keys, "object_keys": {"device": list(keys)}, "hints": {}}
    settings = {"data": {"gain": 2.5, "mode": "fast"}, "timestamps": {"gain": 1.0, "mode": 1.0}}
    described = {
        "gain": {"dtype": "number", "shape": [], "source": "twin"},
        "mode": {"dtype": "string", "shape": [], "source": "twin"},
    }
    descriptor["configuration"] = {"device": {**settings, "data_keys": described}}
    for number in (1, 2, 3):
        values = {
            "text": "µm" * number,
            "flag": number == 2,
            "count": number,
            "broken": float("nan"),
            "profile": [0.5, 1.5, float(number)],
            "grid": [[1.0, 2.0], [3.0, float(number)]],
        }
        documents.insert(-1, ("event", make.event(descriptor["uid"], number, **values)))
    return documents


def paged(make) -> Run:
    """Events in a page."""
    documents = make.run(4)
    events = [doc for name, doc in documents if name == "event"]
    page = pack_event_page(*events)
    return [*documents[:2], ("event_page", page), documents[-1]]


def failed(make) -> Run:
    documents = make.run(2)
    documents[-1][1].update(exit_status="fail", reason="the beam was lost", num_events={})
    return documents


def odd(make, what: str) -> Run:
    documents = make.run(2)
    ODD[what][0](documents)
    return documents


# --- they read --------------------------------------------------------------------


@pytest.fixture(scope="module", params=GENERATIONS)
def found(request, store, tmp_path_factory) -> dict[str, Any]:
    """What a databroker finds."""
    file = tmp_path_factory.mktemp("database") / "database.json"
    file.write_text(dumped(store._database))
    survey = run_script(request.param, "read", file, "count", EPOCH + 500)
    return {"generation": request.param, **survey}


def dumped(database: Any) -> str:
    names = (name for name in database.list_collection_names())
    return json_util.dumps({name: list(database[name].find()) for name in names})


def uid(run: Run) -> str:
    return run[0][1]["uid"]


def test_they_find_the_runs(found, runs):
    every = {uid(run) for run in runs.values()}
    newest = uid(runs["newest"])
    assert found["length"] == len(every)
    assert found["runs"].keys() == every
    assert found["last"] == newest
    assert found["last by"] == {"scan_id": newest, "part of its uid": newest}
    assert found["searches"]["plan"] == [newest]
    assert set(found["searches"]["time"]) == every - {newest}


@pytest.mark.parametrize("what", READ_WHOLLY)
def test_they_read_the_documents(found, runs, what):
    """Every one, to the last bit; in an order of their own."""
    theirs = found["runs"][uid(runs[what])]
    ours = texts(runs[what])
    assert texts([("start", theirs["start"]), ("stop", theirs["stop"])]) == [ours[0], ours[-1]]
    assert sorted(texts(theirs["documents"])) == sorted(ours)


def texts(documents: Any) -> list[str]:
    """Documents to be compared: events and datums for their pages, NaN like NaN, tuples like lists."""
    return [json_util.dumps(pair, sort_keys=True) for pair in singly(documents)]


def singly(documents: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, doc in documents:
        one = name.removesuffix("_page")
        for member in PAGES[name](doc) if name in PAGES else [doc]:
            yield one, {"filled": {}, **member} if one == "event" else member


@pytest.mark.parametrize("what", READ_WHOLLY)
def test_they_read_the_streams_as_we_do(found, store, runs, what):
    run = Broker(store)[uid(runs[what])]
    theirs = found["runs"][run.start["uid"]]["streams"]
    assert theirs.keys() == set(run.streams)
    for name, stream in theirs.items():
        ours = run[name].read()
        expected = {str(key): array.values.tolist() for key, array in ours.data_vars.items()}
        np.testing.assert_equal(stream["data"], expected)


def test_they_read_how_devices_were_set(found, store, runs):
    assert found["runs"][IMPORTED]["streams"]["primary"]["config"] == {"table": {}}
    device = found["runs"][uid(runs["every type"])]["streams"]["primary"]["config"]["device"]
    assert (set(device["gain"]), set(device["mode"])) == ({2.5}, {"fast"})
    motor = found["runs"][uid(runs["datum hdf1"])]["streams"]["primary"]["config"]["m"]
    assert set(motor["m_velocity"]) == {1.0}


def test_of_a_run_that_has_not_ended_they_read_what_is_there(found, runs):
    theirs = found["runs"][uid(runs["not ended"])]
    assert theirs["stop"] is None
    assert theirs["streams"]["primary"]["data"] == {"m": [0.1, 0.2, 0.3], "d": [2, 4, 1]}


def test_of_stream_documents_they_know_nothing(found, runs):
    """Their layout has no place for these: the stream that has the frames is lost to them, and no other."""
    run = found["runs"][uid(runs["stream hdf1"])]
    assert run["stop"]["exit_status"] == "success"
    assert run["streams"]["baseline"]["data"]["m"] == [1.0, 1.0]
    assert "raised" in run["streams"]["primary"]["data"]


@pytest.mark.parametrize("what", ODD)
def test_what_they_make_of_odd_documents(found, runs, what):
    """As ``docs/mongodb.md`` tells."""
    streams = found["runs"][uid(runs[what])]["streams"]
    data = streams if "raised" in streams else streams["primary"]["data"]
    read = REFUSED if "raised" in data else data["m"]
    assert read == ODD[what][1][found["generation"]]


# --- we read ----------------------------------------------------------------------


def test_what_databroker_wrote_is_read(runs, tmp_path):
    """By suitcase-mongo 0.7.0."""
    written = {what: runs[what] for what in (*READ_WHOLLY, "not ended")}
    file = tmp_path / "documents.json"
    file.write_text(json_util.dumps([pair for run in written.values() for pair in run]))
    database = mongomock.MongoClient()["facility"]
    for collection, rows in run_script("1", "write", file).items():
        database[collection].insert_many(rows)
    db = Broker(NormalizedStore(database, "mongomock"))
    assert len(db) == len(written)
    for run in written.values():
        read = db[uid(run)]
        assert texts(read.documents()) == texts(run)
        assert read.state == run[-1][1].get("exit_status", "running")
