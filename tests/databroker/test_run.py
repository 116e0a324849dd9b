"""Reading runs."""

import numpy as np
import pandas
import pytest

from beamtwin.databroker.errors import RunNotFoundError

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


def test_a_run_is_followed_while_it_is_written(db, make, fill):
    documents = make.run(3)
    fill(db, documents[:3])
    run = db[-1]
    assert (run.state, run.stop, len(run.primary)) == ("running", None, 1)
    fill(db, documents[3:-1])
    assert run.primary.read().sizes["time"] == 3
    fill(db, documents[-1:])
    assert (run.state, run.stop) == ("success", documents[-1][1])
