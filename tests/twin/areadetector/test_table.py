"""The conformance table of docs/areadetector.md."""

import re
from pathlib import Path

import pytest

from beamtwin.twin.areadetector import EigerDriver, Pattern, ProsilicaDriver, SimDriver

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def rows(conformance_table):
    return conformance_table("areadetector.md")


def test_every_row_names_its_source_and_a_test_that_there_is(rows, tests_in, tests_named):
    assert len(rows) >= 70
    assert all(row[0] and row[2] for row in rows)
    assert tests_named(rows) <= tests_in(HERE.glob("test_*.py"))


def test_every_pv_in_it_is_one_of_a_camera(rows, make_bench, numbers):
    served = set()
    for driver in (SimDriver, ProsilicaDriver, EigerDriver):
        frames = Pattern((4, 4)) if driver is SimDriver else numbers()
        names = make_bench(frames, driver=driver).database.records
        served |= {re.split(r"}[A-Za-z]+[0-9]:", name)[1] for name in names}
    named = {name for row in rows for name in row[1].split() if name not in ("...", "all", "with")}
    assert named - served == {"_RBV"}
