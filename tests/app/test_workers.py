"""``beamtwin run`` with its light computed by others, and before."""

import re

import pytest

from beamtwin.databroker.broker import Broker

SCAN = ("run", "chx", "slit_scan", "points=5", "--epoch", "1700000000")


def counted(data):
    with Broker.open(data / "catalog.sqlite", readonly=True) as broker:
        return list(broker[-1].primary.columns().data["scaler_s2_flux"])


def test_light_is_ready_and_the_run_is_the_same(beamtwin, tmp_path):
    assert beamtwin(*SCAN, "--data", str(tmp_path / "a")).code == 0
    workers = ("--workers", "2", "--cache", str(tmp_path / "planes"))
    done = beamtwin(*SCAN, *workers, "--data", str(tmp_path / "b"))
    assert done.code == 0, done.err
    assert re.search(r"^5 of 5 lights ready after \d+\.\d s$", done.out, re.MULTILINE)
    assert counted(tmp_path / "a") == counted(tmp_path / "b") != []


def test_a_twin_elsewhere_has_its_own_workers(beamtwin):
    complaint = beamtwin("run", "chx", "slit_scan", "--target", "ioc", "--workers", "2").complaint
    assert complaint == (
        "--workers, --dask, --cache: the target is ioc, whose light is not computed here; "
        "give them to `beamtwin ioc`"
    )


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (("--workers", "2", "--dask", "tcp://127.0.0.1:1"), "--workers 2 are on this machine, "),
        (("--cache", "/dev/null/planes"), "cache folder /dev/null/planes: Not a directory; "),
    ],
)
def test_what_cannot_be_is_said(beamtwin, options, complaint):
    assert complaint in beamtwin("run", "chx", "slit_scan", *options).complaint
