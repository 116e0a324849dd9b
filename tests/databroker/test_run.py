"""Reading runs."""

import subprocess
import sys
from html.parser import HTMLParser
from itertools import islice

import numpy as np
import pandas
import pytest

from beamtwin.databroker import Broker
from beamtwin.databroker.errors import (
    AssetError,
    DataBrokerError,
    DataBrokerWarning,
    RunNotFoundError,
)
from beamtwin.orchestration.clock import WallClock
from beamtwin.twin.clock import SimClock

EPOCH = 1_700_000_000.0


@pytest.fixture
def run(db, make, fill):
    fill(db, make.run(4, uid="5f0c2a81-1b6e", scan_id=12, time=EPOCH))
    return db[-1]


def test_read_gives_a_labelled_dataset(run):
    data = run["primary"].read()
    assert dict(data.sizes) == {"time": 4}
    assert data["m"].values.tolist() == [0.1, 0.2, 0.3, 0.4]
    assert data["m"].attrs == {"units": "mm", "precision": 3, "source": "twin:m"}
    assert data["d"].dtype == np.int64
    assert data["time"].values.tolist() == [EPOCH + n for n in range(1, 5)]
    assert data["seq_num"].values.tolist() == [1, 2, 3, 4]
    assert data.attrs == {"run": "5f0c2a81-1b6e", "stream": "primary"}


def test_read_some_keys(run):
    assert list(run.primary.read(["d"])) == ["d"]
    with pytest.raises(RunNotFoundError, match="has no key 'nothing'"):
        run.primary.read(["nothing"])


def test_one_key_need_not_be_in_a_list(db, make, fill):
    keys = {"det": {"dtype": "number", "shape": [], "source": "s"}}
    documents = make.run(0, stop=False)
    uid = documents[0][1]["uid"]
    documents.append(("descriptor", make.descriptor(uid, "one", "one", **keys)))
    fill(db, [*documents, ("event", make.event("one", 1, det=2.5))])
    stream = db[-1]["one"]
    assert list(stream.read("det")) == list(stream.columns("det").data) == ["det"]
    assert list(stream.table("det")) == ["time", "det"]
    with pytest.raises(RunNotFoundError, match="1 event of det> has no key 'dot'"):
        stream.columns("dot")


def test_arrays_in_events_have_dimensions_of_their_own(db, make, fill):
    documents = make.run(0, stop=False)
    uid = documents[0][1]["uid"]
    image = {"dtype": "array", "shape": [2, 3], "source": "s", "dims": ["y", "x"]}
    line = {"dtype": "array", "shape": [2], "source": "s"}
    documents.append(
        ("descriptor", make.descriptor(uid, "images", "images", image=image, line=line))
    )
    for number in (1, 2):
        data = {"image": np.full((2, 3), number), "line": [1.0, number]}
        documents.append(("event", make.event("images", number, **data)))
    fill(db, documents)
    data = db[-1]["images"].read()
    assert data["image"].dims == ("time", "image_y", "image_x")
    assert data["image"].values.tolist() == [[[n] * 3] * 2 for n in (1, 2)]
    assert data["line"].dims == ("time", "line_dim_0")


def test_a_stream_without_events_is_empty(db, make, fill):
    fill(db, make.run(0))
    assert dict(db[-1].primary.read().sizes) == {"time": 0}
    assert len(db[-1].primary) == 0


def test_table(run):
    table = run.primary.table()
    assert list(table.columns) == ["time", "m", "d"]
    assert table.index.tolist() == [1, 2, 3, 4]
    assert table["time"].iloc[0] == pandas.Timestamp(EPOCH + 1, unit="s", tz="UTC")


def test_table_of_some_keys(run):
    assert list(run.table("primary", ["d"])) == ["time", "d"]
    with pytest.raises(RunNotFoundError, match="has no key 'nothing'"):
        run.table(keys=["nothing"])


def test_a_time_without_a_date_is_none(db, make, fill):
    documents = make.run(3)
    documents[3][1]["time"] = 1e20
    fill(db, documents)
    assert db[-1].table()["time"].isna().tolist() == [False, True, False]
    assert db[-1].primary.columns().time[1] == 1e20


def test_events_that_do_not_fit_are_read_as_they_are(db, make, fill):
    """Bluesky does not hold events against their descriptors, and so they are kept."""
    documents = make.run(0, stop=False)
    uid = documents[1][1]["uid"]
    data = [{"m": 0.5}, {"m": 1.5, "y": 3}, {"m": 2.5, "y": None}]
    documents += [("event", make.event(uid, n, **own)) for n, own in enumerate(data, 1)]
    fill(db, documents)
    run = db[-1]
    said = (
        rf"run {run.uid[:8]}, primary: events do not fit: y \(in events, and in no descriptor\); "
        r"d \(in descriptors, and in no event\); y \(without a value in some events\)$"
    )
    with pytest.warns(DataBrokerWarning, match=said):
        read = run.primary.read()
    assert {key: read[key].values.tolist() for key in read} == {
        "m": [0.5, 1.5, 2.5],
        "y": [None, 3, None],
    }
    with pytest.warns(DataBrokerWarning, match=said):
        assert run.table()["y"].tolist()[1] == 3
    with pytest.warns(DataBrokerWarning, match=r"fit: y \(in events, and in no descriptor\); y"):
        assert list(run.primary.read("y")) == ["y"]
    assert run.primary.read("m")["m"].values.tolist() == [0.5, 1.5, 2.5]
    with pytest.raises(RunNotFoundError, match="has no key 'q'"):
        run.primary.read("q")


def test_a_run_is_made_of_its_streams(run):
    assert list(run) == ["primary"]
    assert "primary" in run
    assert "baseline" not in run


def test_what_the_documents_say_of_a_stream(run):
    assert run.streams == ["primary"]
    assert run.primary.dimensions == ["m"]
    assert run.primary.config == {"m": {"m_velocity": 1.5}}
    assert run.primary.data_keys["d"]["dtype"] == "integer"


def test_an_unknown_stream_names_those_there_are(run):
    with pytest.raises(
        RunNotFoundError, match="run 5f0c2a81 has no stream 'baseline'; it has: primary"
    ):
        run["baseline"]


def test_metadata_and_state(run):
    assert run.metadata["start"]["scan_id"] == 12
    assert run.metadata["stop"]["num_events"] == {"primary": 4}
    assert run.state == "success"


def test_repr(run):
    assert repr(run) == (
        "<Run 5f0c2a81: scan, scan_id 12, success, 2023-11-14 22:13:20 UTC, 4 in primary>"
    )
    assert repr(run.primary) == "<Stream primary of run 5f0c2a81: 4 events of m, d>"


def test_what_is_closed_can_still_be_printed(make, fill):
    with Broker.in_memory() as db:
        fill(db, make.run(1, uid="5f0c2a81-1b6e"))
        run = db[-1]
    assert repr(db).startswith("<Broker: :memory:")
    assert repr(run).startswith("<Run 5f0c2a81: :memory:")


def test_what_is_deleted_can_still_be_printed(db, run):
    db.remove(run.uid)
    db.purge(run.uid)
    assert repr(run).startswith("<Run 5f0c2a81: no run with the uid '5f0c2a81-1b6e'")


def test_a_run_is_followed_while_it_is_written(db, make, fill):
    documents = make.run(3)
    fill(db, documents[:3])
    run = db[-1]
    assert (run.state, run.stop, len(run.primary)) == ("running", None, 1)
    fill(db, documents[3:-1])
    assert run.primary.read().sizes["time"] == 3
    fill(db, documents[-1:])
    assert (run.state, run.stop) == ("success", documents[-1][1])


def test_shortcuts(db, run):
    assert run.config == {"primary": {"m": {"m_velocity": 1.5}}}
    assert run.counts == {"primary": 4}
    assert run.table().equals(run.primary.table())
    with pytest.raises(RunNotFoundError, match="no stream 'baseline'"):
        run.baseline.read()


# --- documents with the frames in them ------------------------------------------


@pytest.fixture
def framed(db, make, fill, tmp_path):
    """Three events and a page of two, whose images lie in NPY files."""
    frames = np.arange(5 * 2 * 3.0).reshape(5, 2, 3)
    documents = make.run(0, stop=False)
    run = documents[0][1]["uid"]
    image = {"dtype": "array", "shape": [2, 3], "source": "s", "external": "FILESTORE:"}
    number = {"dtype": "number", "shape": [], "source": "s"}
    documents[1] = ("descriptor", make.descriptor(run, "d", image=image, n=number))
    resource = {"uid": "r", "spec": "NPY_SEQ", "root": str(tmp_path), "resource_path": "a"}
    documents.append(("resource", resource | {"run_start": run, "resource_kwargs": {}}))
    for index, frame in enumerate(frames):
        np.save(tmp_path / f"a_{index}.npy", frame)
        datum = {"datum_id": f"r/{index}", "resource": "r", "datum_kwargs": {"index": index}}
        documents.append(("datum", datum))
    events = [make.event("d", n, image=f"r/{n - 1}", n=n) for n in range(1, 6)]
    documents += [("event", event | {"filled": {"image": False}}) for event in events[:3]]
    page = {
        "descriptor": "d",
        **{key: [event[key] for event in events[3:]] for key in ("uid", "seq_num", "time")},
        **{
            part: {k: [e[part][k] for e in events[3:]] for k in ("image", "n")}
            for part in ("data", "timestamps")
        },
        "filled": {"image": [False, False]},
    }
    fill(db, [*documents, ("event_page", page), ("stop", make.stop(run, 5))])
    return frames


def test_documents_filled(db, framed, make):
    run = db[-1]
    before = list(run.documents())
    after = list(run.documents(filled=True))
    assert [name for name, _ in after] == [name for name, _ in before]
    assert make.same(after[0], before[0])
    events = [doc for name, doc in after if name == "event"]
    np.testing.assert_array_equal([event["data"]["image"] for event in events], framed[:3])
    assert [event["filled"]["image"] for event in events] == ["r/0", "r/1", "r/2"]
    (page,) = [doc for _, doc in run.documents(["event_page"], filled=True)]
    np.testing.assert_array_equal(page["data"]["image"], framed[3:])
    assert page["filled"]["image"] == ["r/3", "r/4"]
    assert make.same(list(run.documents()), before)


def test_documents_filled_name_the_file_that_is_missing(db, framed, tmp_path):
    (tmp_path / "a_2.npy").unlink()
    events = db[-1].documents(["event"], filled=True)
    assert len(list(islice(events, 2))) == 2
    with pytest.raises(AssetError, match=r"image: .*a_2\.npy is not there"):
        next(events)


def test_moved_files_are_found(store, framed, tmp_path):
    moved = tmp_path / "moved"
    moved.mkdir()
    for file in tmp_path.glob("*.npy"):
        file.rename(moved / file.name)
    with pytest.raises(AssetError, match="if files were moved, say where to") as caught:
        Broker(store)[-1].primary.read()
    words = f"(recorded as {tmp_path / 'a'}: root {str(tmp_path)!r}, resource_path 'a')"
    assert str(caught.value).endswith(words)
    assets = Broker.in_memory(root_map={str(tmp_path): str(moved)}).assets
    image = Broker(store, assets=assets)[-1].primary.read()["image"]
    np.testing.assert_array_equal(image.values, framed)
    (moved / "a_0.npy").unlink()
    with pytest.raises(AssetError) as caught:
        image.load()
    assert f"{moved / 'a_0.npy'} is not there" in str(caught.value)
    assert str(caught.value).endswith(words)


def test_chunks_are_dask_arrays(db, framed):
    dask = pytest.importorskip("dask.array")
    data = db[-1].primary.read(chunks={"time": 2})
    assert isinstance(data["image"].data, dask.Array)
    assert data["image"].chunks == ((2, 2, 1), (2,), (3,))
    np.testing.assert_array_equal(data["image"].sum("time").compute(), framed.sum(0))


def test_chunks_without_dask_say_so(db, framed, monkeypatch):
    monkeypatch.setitem(sys.modules, "dask.array", None)
    with pytest.raises(DataBrokerError, match="chunks need dask: pip install dask"):
        db[-1].primary.read(chunks="auto")


# --- following ------------------------------------------------------------------


def test_what_is_written_is_followed_to_the_stop(db, make, fill):
    clock = SimClock(epoch=EPOCH)
    documents = make.run(3)
    fill(db, documents[:2])
    for number, document in enumerate(documents[2:], 1):
        clock.call_at(EPOCH + number, lambda pair=document: db.insert(*pair))
    assert make.same(list(db[-1].follow(clock)), documents)
    assert clock.time() == pytest.approx(EPOCH + 4, abs=0.2)


def test_silence_ends_it(db, make, fill):
    clock = SimClock(epoch=EPOCH)
    documents = fill(db, make.run(2, stop=False))
    run = db[-1]
    assert len(list(run.follow(clock, timeout_s=5.0))) == len(documents)
    assert clock.time() == pytest.approx(EPOCH + 5.0, abs=0.2)
    assert run.state == "running"


def test_a_run_of_another_process_is_followed_until_it_dies(path, make):
    """The writer kills itself after two events: what it had written comes, and then the end."""
    code = (
        "import os, signal, sys\n"
        "from beamtwin.databroker import Broker\n"
        "db = Broker.open(sys.argv[1])\n"
        "for name, doc in eval(sys.argv[2]): db.insert(name, doc)\n"
        "print('written', flush=True); sys.stdin.readline()\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    documents = make.run(2, stop=False)
    command = [sys.executable, "-c", code, str(path), repr(documents)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout.readline() == "written\n"
        with Broker.open(path, readonly=True, clock=WallClock()) as db:
            run = db[-1]
            following = run.follow(timeout_s=30.0, poll_s=0.01)
            seen = list(islice(following, len(documents)))
            assert run.state == "running"
            writer.stdin.write("\n")
            writer.stdin.flush()
            seen += following
            assert make.same(seen, documents)
            assert run.state == "interrupted"


def test_to_follow_takes_a_clock(run):
    with pytest.raises(
        DataBrokerError, match=r"takes a clock: Broker.open\(..., clock=WallClock\(\)\)"
    ):
        run.follow()


# --- how it looks ---------------------------------------------------------------


class _Tags(HTMLParser):
    """Every tag closed, and which there were."""

    def __init__(self, html):
        super().__init__()
        self.open, self.seen, self.text = [], set(), []
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        self.seen.add(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def test_notebooks_get_tables_and_nothing_that_a_run_smuggled_in(db, make, fill):
    evil = "<script>alert('x')</script>"
    documents = make.run(2, plan_name=evil, sample={"name": evil}, purpose="alignment", time=EPOCH)
    documents[1] = (
        "descriptor",
        make.descriptor(
            documents[0][1]["uid"], documents[1][1]["uid"], evil, m={"dtype": evil, "source": evil}
        ),
    )
    fill(db, documents)
    run = db[-1]
    run.tag(evil)
    run.note(evil, author=evil)
    for shown in (db, run, run[evil]):
        parsed = _Tags(shown._repr_html_())
        assert parsed.seen <= {
            "div",
            "p",
            "b",
            "code",
            "table",
            "thead",
            "tbody",
            "tr",
            "th",
            "td",
            "span",
        }
        assert evil in " ".join(parsed.text)
    assert "2023-11-14 22:13:20" in db._repr_html_()
    assert "alignment" in run._repr_html_()


def test_a_broker_in_a_terminal_lists_the_last_runs(db, make, fill):
    for number in range(7):
        fill(db, make.run(number, uid=f"abcdefgh-{number}", scan_id=number, time=EPOCH - 3600))
    db[6].tag("good")
    first, head, newest, *others = repr(db).splitlines()
    assert first.startswith("<Broker: 7 runs in this store, <SqliteStore")
    assert head.split() == [
        "scan_id",
        "uid",
        "plan",
        "began",
        "(UTC)",
        "took",
        "state",
        "streams",
        "tags",
    ]
    assert newest.split() == [
        "6",
        "abcdefgh",
        "scan",
        "2023-11-14",
        "21:13:20",
        "1:00:07",
        "success",
        "primary",
        "6",
        "good",
    ]
    assert len(others) == 5
    assert others[-1] == "..."
    assert repr(Broker.in_memory()) == "<Broker: 0 runs in this store, <SqliteStore :memory:>>"


def test_what_a_run_says_moves_no_cursor(db, make, fill):
    fill(db.store, make.run(0, plan_name="scan\x1b[2J\x07\u202e"))
    assert "\x1b" not in repr(db)
    assert "scan\N{REPLACEMENT CHARACTER}[2J" in repr(db)
    assert "scan\N{REPLACEMENT CHARACTER}[2J" in repr(db[-1])


def test_what_a_stream_says_moves_no_cursor(db, make, fill):
    documents = make.run(0, stop=False)
    uid = documents[0][1]["uid"]
    key = {"dtype": "number", "shape": [], "source": "s"}
    fill(db, [*documents, ("descriptor", make.descriptor(uid, "e", "evil\x1b[2J", **{"k\n": key}))])
    assert "evil\N{REPLACEMENT CHARACTER}[2J of run" in repr(db[-1]["evil\x1b[2J"])
    assert "\n" not in repr(db[-1]["evil\x1b[2J"])
