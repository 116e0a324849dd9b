"""The conformance table of docs/areadetector.md."""

import re
from pathlib import Path

import pytest

from beamtwin.twin.areadetector import EigerDriver, Pattern, ProsilicaDriver, SimDriver

ROOT = Path(__file__).parents[3]
HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def rows():
    lines = (ROOT / "docs" / "areadetector.md").read_text().splitlines()
    table = [line.strip("|").split("|") for line in lines if re.search(r"`[a-z_0-9]+` \|$", line)]
    return [[cell.strip() for cell in row] for row in table if len(row) == 4]


def test_every_row_names_its_source_and_a_test_that_there_is(rows):
    source = "\n".join(path.read_text() for path in HERE.glob("test_*.py"))
    tests = set(re.findall(r"^def test_(\w+)", source, re.MULTILINE))
    named = {name for row in rows for name in re.findall(r"`(\w+)`", row[3])}
    assert len(rows) >= 70
    assert all(row[0] and row[2] for row in rows)
    assert named <= tests


def test_every_pv_in_it_is_one_of_a_camera(rows, make_bench, numbers):
    served = set()
    for driver in (SimDriver, ProsilicaDriver, EigerDriver):
        frames = Pattern((4, 4)) if driver is SimDriver else numbers()
        names = make_bench(frames, driver=driver).database.records
        served |= {re.split(r"}[A-Za-z]+[0-9]:", name)[1] for name in names}
    named = {name for row in rows for name in row[1].split() if name not in ("...", "all", "with")}
    assert named - served == {"_RBV"}
