"""One plan and one set of device classes, on the twin in process and over Channel Access."""

from contextlib import ExitStack
from math import sqrt

import numpy as np
import pytest

from beamtwin.app.beamtime import Settings, open_beamtime
from beamtwin.scenarios.chx import SCENARIO
from beamtwin.scenarios.serve import make_database
from beamtwin.twin.ioc import IOCProcess

SEEDS = {"twin": 1, "ioc": 2}
GAPS_UM = ((7.5, 5.8), (12.0, 12.21))


class Taken:
    """What a plan made on a target."""

    def __init__(self, beamtime, plan, **arguments):
        devices = beamtime.devices
        self.classes = {name: type(devices[name]) for name in SCENARIO.needs}
        uids = beamtime.engine(SCENARIO.plan(plan)(devices, **arguments))
        runs = [beamtime.broker[uid] for uid in uids]
        self.start = runs[0].start
        self.data = [run.primary.columns().data for run in runs]
        self.data_keys = runs[0].primary.data_keys
        self.config = runs[0].primary.config
        self.images = [run.primary.read().get("eiger4m_image") for run in runs]
        self.images = [None if image is None else image.to_numpy() for image in self.images]


@pytest.fixture(scope="module")
def taken(tmp_path_factory):
    """By target and noise, two plans on the target."""
    folder = tmp_path_factory.mktemp("data")
    outcome = {}
    for target, seed in SEEDS.items():
        for noise in (False, True):
            with ExitStack() as stack:
                settings = {"target": target, "seed": seed, "noise": noise}
                if target == "ioc":
                    served = IOCProcess(make_database, "chx", "fast", seed, noise)
                    settings["port"] = stack.enter_context(served).port
                beamtime = stack.enter_context(
                    open_beamtime(SCENARIO, Settings(folder, **settings))
                )
                outcome[target, noise] = (
                    Taken(beamtime, "diffraction", gaps_um=GAPS_UM, exposure_s=0.05),
                    Taken(beamtime, "slit_scan", points=5, range_mm=0.1, exposure_s=0.05),
                )
    return outcome


@pytest.mark.parametrize("noise", [False, True])
@pytest.mark.parametrize("plan", [0, 1], ids=["diffraction", "slit_scan"])
def test_positions_are_the_same(taken, noise, plan):
    here, there = taken["twin", noise][plan], taken["ioc", noise][plan]
    assert here.classes == there.classes
    for one, other in zip(here.data, there.data, strict=True):
        positions = [key for key in one if key.startswith("s2_")]
        assert len(positions) >= 2
        for key in positions:
            assert one[key].tolist() == other[key].tolist()


def test_images_and_counts_are_the_same_to_the_last_bit_without_noise(taken):
    (here, scan_here), (there, scan_there) = taken["twin", False], taken["ioc", False]
    for one, other in zip(here.images, there.images, strict=True):
        assert one.dtype == other.dtype == np.uint32
        assert one.sum() > 100_000
        np.testing.assert_array_equal(one, other)
    for key in ("scaler_s2_flux", "scaler_time"):
        assert scan_here.data[0][key].tolist() == scan_there.data[0][key].tolist()


def test_images_differ_by_counting_statistics_with_noise(taken):
    """The difference of two Poisson variates has the sum of their means as its variance."""
    means = taken["twin", False][0].images
    pairs = zip(taken["twin", True][0].images, taken["ioc", True][0].images, strict=True)
    for mean, (one, other) in zip(means, pairs, strict=True):
        bright = mean > 10
        difference = one[bright].astype(float) - other[bright]
        assert np.count_nonzero(difference) > 0.5 * bright.sum()
        chi2 = difference**2 / (2.0 * mean[bright])
        assert chi2.mean() == pytest.approx(1, abs=5 * sqrt(2 / bright.sum()))


def test_what_is_described_differs_only_in_where_it_comes_from(taken):
    for plan in (0, 1):
        here, there = taken["twin", False][plan], taken["ioc", False][plan]
        assert here.data_keys.keys() == there.data_keys.keys()
        for key, one in here.data_keys.items():
            other = there.data_keys[key]
            for name in ("dtype", "shape", "units", "precision", "object_name"):
                assert one.get(name) == other.get(name), (key, name)
        assert here.config.keys() == there.config.keys()


def test_the_twin_behind_channel_access_says_what_it_is(taken):
    """Of the start document's provenance only the target and the epoch differ."""
    one, other = (taken[target, True][0].start["twin"] for target in ("twin", "ioc"))
    assert (one["target"], other["target"]) == ("twin", "ioc")
    assert (one["seed"], other["seed"]) == (1, 2)
    assert isinstance(other["epoch"], float)
    for name in ("scenario", "model", "level", "noise", "version"):
        assert one[name] == other[name]
