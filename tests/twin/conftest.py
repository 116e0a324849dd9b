"""What the tests of conformance tables in the documentation have in common."""

import re
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def table(page: str) -> list[list[str]]:
    lines = (ROOT / "docs" / page).read_text().splitlines()
    rows = [line.strip("|").split("|") for line in lines if re.search(r"`[a-z_0-9]+` \|$", line)]
    return [[cell.strip() for cell in row] for row in rows if len(row) == 4]


@pytest.fixture(scope="session")
def conformance_table() -> Callable[[str], list[list[str]]]:
    """``conformance_table(page)``: the rows of a page of docs/; the last cell of each names its tests."""
    return table


@pytest.fixture(scope="session")
def tests_in() -> Callable[[Iterable[Path]], set[str]]:
    """The names of the tests in some files."""

    def names(files: Iterable[Path]) -> set[str]:
        source = "\n".join(path.read_text() for path in files)
        return set(re.findall(r"^def test_(\w+)", source, re.MULTILINE))

    return names


@pytest.fixture(scope="session")
def tests_named() -> Callable[[list[list[str]]], set[str]]:
    """The names of the tests that rows name."""
    return lambda rows: {name for row in rows for name in re.findall(r"`(\w+)`", row[3])}
