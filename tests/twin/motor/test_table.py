"""The conformance table of docs/motor.md."""

from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def rows(conformance_table):
    return conformance_table("motor.md")


def test_every_row_names_its_fields_its_source_and_a_test_that_there_is(
    rows, tests_in, tests_named
):
    assert len(rows) >= 40
    assert all(cell for row in rows for cell in row)
    assert tests_named(rows) <= tests_in(HERE.glob("test_*.py"))


def test_every_test_of_what_the_record_does_is_in_a_row(rows, tests_in, tests_named):
    """But those of the twin's own: plant, snapshots, costs, and what it refuses."""
    files = ("test_stopping.py", "test_buttons.py", "test_coordinates.py", "test_accuracy.py")
    tests = tests_in(HERE / file for file in files)
    assert tests - tests_named(rows) == {"a_base_speed_is_stopped_from_at_once"}
