"""Build the MongoDB of the tests: ``python build.py`` prints the path of the program.

It is kept under ``build``, and built when its sources change. Exits with 1 where there is no Go, with 2 where Go fails.
"""

import os
import shutil
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

HERE = Path(__file__).resolve().parent
BUILD = HERE.parents[2] / "build"
SOURCES = ("go.mod", "go.sum", "main.go")
NO_GO, FAILED = 1, 2


def main() -> int:
    """Print it, or say on standard error why there is none."""
    key = sha256(b"".join((HERE / name).read_bytes() for name in SOURCES)).hexdigest()[:16]
    program = BUILD / f"ferretdb-{key}"
    if not program.exists():
        go = shutil.which("go") or shutil.which("go", path="/usr/local/go/bin")
        if go is None:
            print("it is built with Go, which is not installed", file=sys.stderr)
            return NO_GO
        BUILD.mkdir(exist_ok=True)
        part = program.with_suffix(f".{os.getpid()}")
        if subprocess.run([go, "build", "-o", part, "."], cwd=HERE, check=False).returncode:
            return FAILED
        part.replace(program)
    print(program)
    return 0


if __name__ == "__main__":
    sys.exit(main())
