"""Make an environment for a databroker: ``python install.py 1|2`` prints the path of its Python.

They pin other versions of pymongo and of tiled than beamtwin takes. Environments are kept under ``build``; one is made
when its pins change, or this Python does.
"""

import subprocess
import sys
import venv
from hashlib import sha256
from pathlib import Path

HERE = Path(__file__).resolve().parent
BUILD = HERE.parents[2] / "build"


def main(generation: str) -> None:
    """Print it."""
    pins = HERE / f"{generation}.txt"
    key = sha256(pins.read_bytes() + sys.version.encode()).hexdigest()[:16]
    folder = BUILD / f"databroker-{generation}-{key}"
    ready = folder / "ready"
    if not ready.exists():
        venv.create(folder, clear=True, with_pip=True)
        pip = [
            folder / "bin" / "pip",
            "install",
            "--quiet",
            "--no-deps",
            "--no-compile",
            "-r",
            pins,
        ]
        subprocess.run(pip, check=True, stdout=subprocess.DEVNULL)
        ready.touch()
    print(folder / "bin" / "python")


if __name__ == "__main__":
    main(*sys.argv[1:])
