"""The conformance table of docs/motor.md."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def rows():
    lines = (ROOT / "docs" / "motor.md").read_text().splitlines()
    table = [line.strip("|").split("|") for line in lines if re.search(r"`[a-z_]+` \|$", line)]
    return [[cell.strip() for cell in row] for row in table if len(row) == 4]


def test_every_row_names_its_fields_its_source_and_a_test_that_there_is(rows):
    source = "\n".join(path.read_text() for path in HERE.glob("test_*.py"))
    tests = set(re.findall(r"^def test_(\w+)", source, re.MULTILINE))
    named = {name for row in rows for name in re.findall(r"`(\w+)`", row[3])}
    assert len(rows) >= 40
    assert all(cell for row in rows for cell in row)
    assert named <= tests


def test_every_test_of_what_the_record_does_is_in_a_row(rows):
    """But those of the twin's own: plant, snapshots, costs, and what it refuses."""
    files = ("test_stopping.py", "test_buttons.py", "test_coordinates.py", "test_accuracy.py")
    source = "\n".join((HERE / file).read_text() for file in files)
    tests = set(re.findall(r"^def test_(\w+)", source, re.MULTILINE))
    named = {name for row in rows for name in re.findall(r"`(\w+)`", row[3])}
    assert tests - named == {"a_base_speed_is_stopped_from_at_once"}
