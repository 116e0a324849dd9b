"""A run that is made again from its recorded seed and epoch is the same to the last bit."""

import json
from itertools import pairwise
from math import sqrt

import numpy as np
import pytest

from beamtwin.app.beamtime import Settings, open_beamtime
from beamtwin.databroker.broker import Broker
from beamtwin.orchestration.plans import scan
from beamtwin.scenarios.chx import SCENARIO

EPOCH = 1_700_000_000.0
POINTS, EXPOSURE_S, RANGE_MM = 1000, 1.0, 1.0


def take(data, seed, epoch=EPOCH, points=POINTS):
    """A scan of a PV-level motor against a PV-level counter; the documents, in order."""
    data.mkdir()
    documents = []
    with open_beamtime(SCENARIO, Settings(data, seed=seed, epoch=epoch)) as beamtime:
        s2, scaler = beamtime.devices.s2, beamtime.devices.scaler
        plan = scan([scaler], s2.top, -RANGE_MM / 2, RANGE_MM / 2, points)
        beamtime.engine(plan, lambda *document: documents.append(document))
        stored = [*beamtime.broker[-1].documents()]
    assert stored == as_lists(documents)
    return documents


def as_lists(documents):
    """As JSON has them: a start document's tuples are lists."""
    return [(name, json.loads(json.dumps(document))) for name, document in documents]


def events(documents):
    return [document for name, document in documents if name == "event"]


def counts(documents):
    return np.array([event["data"]["scaler_s2_flux"] for event in events(documents)])


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    return take(tmp_path_factory.mktemp("first") / "data", seed=7)


def test_the_same_seed_and_epoch_make_the_same_documents(first, tmp_path):
    """Data, virtual timestamps, uids, order."""
    assert take(tmp_path / "data", seed=7) == first


def test_another_seed_makes_other_counts_of_the_same_light(first, tmp_path):
    """They differ by the statistics of 10,000 photons a pulse, and by rounding; times and places do not."""
    other = take(tmp_path / "data", seed=8)
    one, two = counts(first), counts(other)
    lit = one > 0  # the slit is closed in the first half
    assert 0.4 < lit.mean() < 0.6
    assert (one != two)[lit].mean() > 0.9
    chi2 = (one - two)[lit] ** 2 / (1e-4 * (one + two)[lit] + 2 / 12)
    assert chi2.mean() == pytest.approx(1, abs=5 * sqrt(2 / lit.sum()))
    for here, there in zip(events(first), events(other), strict=True):
        assert here["time"] == there["time"]
        assert here["data"]["s2_top"] == there["data"]["s2_top"]


def test_without_an_epoch_uids_are_random(first, tmp_path):
    (_, start), *_ = take(tmp_path / "data", 7, epoch=None, points=2)
    assert start["uid"] != first[0][1]["uid"]


def test_virtual_time_is_what_exposures_and_moves_need(first):
    """A move of less than ACCL x VELO = 0.1 s x 0.5 mm/s never cruises: 2 sqrt(distance ACCL / VELO)."""
    step = RANGE_MM / (POINTS - 1)
    move = 2 * sqrt(step * 0.1 / 0.5)
    times = [event["time"] for event in events(first)]
    apart = np.array([later - earlier for earlier, later in pairwise(times)])
    np.testing.assert_allclose(apart, EXPOSURE_S + move, atol=1e-3)
    to_the_start = (RANGE_MM / 2 + 0.005) / 0.5 + 0.1
    duration = first[-1][1]["time"] - EPOCH
    expected = POINTS * EXPOSURE_S + (POINTS - 1) * move + to_the_start
    assert duration == pytest.approx(expected, abs=0.05)
    assert [event["seq_num"] for event in events(first)] == [*range(1, POINTS + 1)]


def test_two_data_folders_hold_the_same_documents(tmp_path, start):
    """By the command line, in two processes."""
    arguments = ["run", "chx", "slit_scan", "points=50", "--seed", "7", "--epoch", "1700000000"]
    folders = [tmp_path / "one", tmp_path / "two"]
    commands = [start(*arguments, "--data", str(folder)) for folder in folders]
    assert [command.outcome().code for command in commands] == [0, 0]
    stored = []
    for folder in folders:
        with Broker.open(folder / "catalog.sqlite", readonly=True) as broker:
            stored.append([*broker[-1].documents()])
    assert stored[0] == stored[1]
    assert len(stored[0]) == 53


def test_frames_too(tmp_path):
    """Only where a file lies may differ, and the name of its folder."""
    frames, documents = [], []
    for name in ("one", "two"):
        data = tmp_path / name
        data.mkdir()
        with open_beamtime(SCENARIO, Settings(data, seed=7, epoch=EPOCH)) as beamtime:
            plan = SCENARIO.plan("diffraction")(beamtime.devices, gaps_um=((7.5, 5.8),))
            beamtime.engine(plan)
            run = beamtime.broker[-1]
            frames.append(run.primary.read(["eiger4m_image"])["eiger4m_image"].to_numpy())
            documents.append(str([*run.documents()]).replace(f"/{name}/", "/"))
    assert frames[0].sum() > 0
    np.testing.assert_array_equal(*frames)
    assert documents[0] == documents[1]
