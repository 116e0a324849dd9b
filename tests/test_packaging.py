"""The five folders of the checkout are the five packages of beamtwin, and import light."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ["twin", "hardware", "orchestration", "databroker", "scenarios"]


@pytest.mark.parametrize("folder", FOLDERS)
def test_package_is_the_folder(folder):
    assert (ROOT / "src/beamtwin" / folder).resolve() == ROOT / folder


@pytest.mark.parametrize("folder", FOLDERS)
def test_folder_under_its_bare_name_is_refused(folder):
    """In the checkout ``import databroker`` must not shadow the package that Bluesky users have."""
    done = subprocess.run(
        [sys.executable, "-c", f"import {folder}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert f"import 'beamtwin.{folder}'" in done.stderr


def imported_by(code: str) -> set[str]:
    """The modules that ``code`` pulls in, in a fresh interpreter."""
    script = f"{code}\nimport sys; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


HEAVY = {"srwpy", "lmfit", "matplotlib", "scipy", "xarray", "pandas", "h5py", "caproto", "bluesky"}


@pytest.mark.parametrize(
    ("code", "unwanted"),
    [
        ("import beamtwin.app.cli", HEAVY | {"numpy", "simpy"}),
        ("import beamtwin.orchestration", HEAVY | {"simpy", "event_model"}),
        ("import beamtwin.databroker.broker", HEAVY),
        ("import beamtwin.hardware.motor", HEAVY | {"simpy"}),
        ("import beamtwin.twin.database", HEAVY),
    ],
)
def test_imports_are_light(code, unwanted):
    assert not imported_by(code) & unwanted


def test_help_starts_at_once():
    """In CPU seconds; the limit is the project's promise and about five times what it takes."""
    script = (
        "import resource, subprocess, sys\n"
        "subprocess.run([sys.executable, '-m', 'beamtwin', '--help'], check=True, capture_output=True)\n"
        "used = resource.getrusage(resource.RUSAGE_CHILDREN)\n"
        "print(used.ru_utime + used.ru_stime)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert float(done.stdout) < 0.5
