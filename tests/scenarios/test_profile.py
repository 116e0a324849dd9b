"""A start-up profile as the beamline's is written runs against the twin's IOC as against the beamline."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from beamtwin.scenarios.serve import make_database
from beamtwin.twin.ioc import IOCProcess

PROFILE = Path(__file__).parent / "chx_profile.py"


@pytest.fixture(scope="module")
def done():
    """What the profile printed."""
    with IOCProcess(make_database, "chx", "fast", 3, False) as ioc:
        where = {
            "EPICS_CA_ADDR_LIST": "127.0.0.1",
            "EPICS_CA_AUTO_ADDR_LIST": "NO",
            "EPICS_CA_SERVER_PORT": str(ioc.port),
            "EPICS_CA_MAX_ARRAY_BYTES": "100000000",
        }
        outcome = subprocess.run(
            [sys.executable, str(PROFILE)],
            env={**os.environ, **where},
            capture_output=True,
            text=True,
            timeout=110,
            check=False,
        )
    assert outcome.returncode == 0, outcome.stderr
    return json.loads(outcome.stdout)


def test_it_connects_completely(done):
    assert done["connected"]
    assert done["devices"] == 27
    assert done["signals"] > 1500


def test_it_moves(done):
    assert done["s2"] == pytest.approx({"xg": 0.02, "yg": 0.02, "xc": 0.0, "yc": 0.01})
    assert done["blades"] == pytest.approx({"top": 0.02, "bottom": 0.0})
    assert done["diff_xh"] == 1.5
    assert done["centres"] == pytest.approx([-0.01, 0.0, 0.01])


def test_it_takes_images_and_none_behind_a_closed_shutter(done):
    assert done["exit"] == ["success"] * 3
    lit, again, dark = done["totals"]
    assert lit == again > 1e6
    assert dark == 0.0
    assert done["image"] == [2167 * 2070, 0]
    assert done["sequence"] == 3
