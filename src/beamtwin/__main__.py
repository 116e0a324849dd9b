"""``beamtwin`` and ``python -m beamtwin``."""

import sys


def main() -> None:
    """Run the command line."""
    from beamtwin.app.cli import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
