"""``beamtwin tag``, ``note``, ``remove``, ``restore`` and ``purge``: what is said of runs, and their end."""

from collections.abc import Sequence

from rich.console import Console

from beamtwin.app.catalogue import find, open_catalogue
from beamtwin.app.options import UsageError
from beamtwin.databroker.run import Run

__all__ = ["note", "purge", "remove", "restore", "tag"]


def tag(given: str | None, key: str, names: Sequence[str], away: bool) -> None:
    """Add tags to a run, or take them away."""
    with open_catalogue(given, write=True) as catalogue:
        run = find(catalogue.broker, key)
        (run.untag if away else run.tag)(*names)
        _say(f"{run.uid[:8]}: {', '.join(run.tags) or 'no tags'}")


def note(given: str | None, key: str, text: str, author: str | None) -> None:
    """Add a note to a run."""
    with open_catalogue(given, write=True) as catalogue:
        run = find(catalogue.broker, key)
        run.note(text, author=author)
        _say(f"{run.uid[:8]}: noted")


def remove(given: str | None, key: str) -> None:
    """Put a run out of sight."""
    with open_catalogue(given, write=True) as catalogue:
        run = find(catalogue.broker, key)
        catalogue.broker.remove(run.uid)
        _say(f"{run.uid[:8]}: removed; beamtwin restore {run.uid[:8]} brings it back")


def restore(given: str | None, uid: str) -> None:
    """Bring a removed run back."""
    with open_catalogue(given, write=True) as catalogue:
        run: Run = catalogue.broker.restore(uid)
        _say(f"{run.uid[:8]}: restored")


def purge(given: str | None, uid: str, yes: bool) -> None:
    """Delete a removed run for good."""
    if not yes:
        raise UsageError(
            f"purge {uid}: deletes the run's documents for good; if that is meant, say --yes"
        )
    with open_catalogue(given, write=True) as catalogue:
        catalogue.broker.purge(uid)
        _say(f"{uid}: deleted; the files that its documents name were left alone")


def _say(text: str) -> None:
    Console().print(text, highlight=False, soft_wrap=True, markup=False)
