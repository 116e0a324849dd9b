"""Runs that are worth taking elsewhere."""

import h5py
import numpy as np
import pytest

from beamtwin.databroker.assets.registry import Assets
from beamtwin.databroker.broker import Broker

EPOCH = 1_700_000_000.0
#: Not representable in few digits, very large, very small, and none at all.
VALUES = (0.1 + 0.2, -1e300, 5e-324, float("nan"), float("-inf"))


@pytest.fixture
def db(store, tmp_path):
    """Of a user who vouches for the detector's folder."""
    return Broker(store, assets=Assets(roots=[tmp_path / "detector"]))


@pytest.fixture
def scanned(db, make, fill):
    """A scan with a baseline, a text column and awkward metadata."""
    documents = make.run(0, stop=False, sample={"name": "wäter", "T_K": 290.5}, note='a "b"\n#S 9')
    run = documents[0][1]["uid"]
    keys = {
        "m": {"dtype": "number", "shape": [], "source": "twin:m", "units": "mm"},
        "d": {"dtype": "number", "shape": [], "source": "twin:d", "units": "counts"},
        "state": {"dtype": "string", "shape": [], "source": "twin:s"},
    }
    documents[1] = ("descriptor", make.descriptor(run, f"{run}/p", "primary", **keys))
    base = {"b one": {"dtype": "number", "shape": [], "source": "s", "units": "deg"}}
    descriptor = make.descriptor(run, f"{run}/b", "baseline", **base)
    documents.append(("descriptor", descriptor | {"object_keys": {"b": ["b one"]}, "hints": {}}))
    documents.append(("event", make.event(f"{run}/b", 1, **{"b one": 12.5})))
    for number, value in enumerate(VALUES, 1):
        data = {"m": number / 10, "d": value, "state": f"it's, {number}"}
        documents.append(("event", make.event(f"{run}/p", number, **data)))
    documents.append(("stop", make.stop(run, len(VALUES))))
    fill(db, documents)
    return db[run]


@pytest.fixture
def frames_file(tmp_path):
    path = tmp_path / "detector" / "frames.h5"
    path.parent.mkdir()
    return path


@pytest.fixture
def tomogram(db, make, fill, frames_file):
    """Six projections of 3 x 5 pixels, two frames an event, with two flats and a dark."""
    counts = {"primary": 3, "flat": 1, "dark": 1}
    stack = np.arange(10 * 3 * 5, dtype="u2").reshape(10, 3, 5)
    with h5py.File(frames_file, "w") as file:
        file["data"] = stack
    documents = make.run(0, stop=False, hints={"dimensions": [[["angle"], "primary"]]})[:1]
    run = documents[0][1]["uid"]
    keys = {
        "angle": {"dtype": "number", "shape": [], "source": "s", "units": "deg"},
        "image": {"dtype": "array", "shape": [2, 3, 5], "source": "s", "external": "STREAM:"},
    }
    first = 0
    for stream, count in counts.items():
        uid = f"{run}/{stream}"
        descriptor = make.descriptor(run, uid, stream, **keys)
        about = {"object_keys": {"cam": ["image"], "rot": ["angle"]}, "hints": {}}
        documents.append(("descriptor", descriptor | about))
        documents += _announced(run, uid, frames_file, first, count)
        documents += [("event", make.event(uid, n + 1, angle=60.0 * n)) for n in range(count)]
        first += count
    documents.append(("stop", make.stop(run)))
    fill(db, documents)
    return db[run]


def _announced(run, descriptor, path, first, count):
    resource = f"{descriptor}/file"
    yield (
        "stream_resource",
        {
            "uid": resource,
            "run_start": run,
            "data_key": "image",
            "mimetype": "application/x-hdf5",
            "uri": path.as_uri().replace("file://", "file://localhost"),
            "parameters": {"dataset": "/data", "chunk_shape": [1, 3, 5]},
        },
    )
    yield (
        "stream_datum",
        {
            "uid": f"{resource}/0",
            "descriptor": descriptor,
            "stream_resource": resource,
            "indices": {"start": first, "stop": first + count},
            "seq_nums": {"start": 1, "stop": count + 1},
        },
    )


@pytest.fixture
def elsewhere(tmp_path):
    """Another catalogue."""
    with Broker.open(tmp_path / "elsewhere.sqlite") as broker:
        yield broker
