"""The code blocks and commands of README.md and docs/ are tests.

A ``python`` block runs in its page's namespace; in a ``console`` block every line after ``$`` runs in a shell that
finds ``beamtwin``, in an empty folder with a data folder of its own.
"""

import gc
import os
import subprocess
import sys
from pathlib import Path

import pytest
from sybil import Example, Sybil
from sybil.parsers.myst import CodeBlockParser, PythonCodeBlockParser, SkipParser

#: What CI runs anyway, and what would make the tests run themselves.
NOT_RUN = ("make ", "git ", "pip ", "cd ")

# Tests start hundreds of processes: each would compile all of beamtwin where the environment forbids to keep that.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False


def pytest_collection_finish() -> None:
    """Thousands of tests are here to stay: spare the garbage collector looking at them again and again."""
    gc.freeze()


def run_console(example: Example) -> None:
    """Run the commands of a console block; each has to succeed."""
    folder = example.namespace["folder"]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "BEAMTWIN_DATA": str(folder / "data")}
    for line in str(example.parsed).splitlines():
        command = line.removeprefix("$ ")
        if command == line or command.startswith(NOT_RUN):
            continue
        done = subprocess.run(
            command,
            shell=True,
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        assert done.returncode == 0, f"$ {command}\n{done.stdout}\n{done.stderr}"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a page's commands run."""
    return tmp_path_factory.mktemp("page")


pytest_collect_file = Sybil(
    parsers=[PythonCodeBlockParser(), CodeBlockParser("console", run_console), SkipParser()],
    patterns=["README.md", "docs/*.md"],
    fixtures=["folder"],
).pytest()
