"""What can be said of an export or an import, whatever the format."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Options", "Watch"]

#: Told what is being done, how much of it is done, and how much there is.
Watch = Callable[[str, int, int], None]


def _unwatched(what: str, done: int, total: int) -> None:
    """Nobody looks."""


@dataclass(frozen=True, slots=True)
class Options:
    """What of a run goes into a format that has no room for all of it, and what a table does not say."""

    stream: str = "primary"
    key: str | None = None
    """Of the frames; default: the only key that has frames."""
    angle: str | None = None
    """Key of the rotation angle of a tomogram; default: what was scanned."""
    flat: str | None = None
    """Stream of the frames without sample; default: ``flat``, if there is one."""
    dark: str | None = None
    """Stream of the frames without beam; default: ``dark``, if there is one."""
    image_key: str | None = None
    """Key that says, event by event, 0 projection, 1 flat, 2 dark; others are left out."""
    axis: str | None = None
    """Column of a table that was scanned."""
    time: float | None = None
    """When a table was measured, in seconds since the Unix epoch."""
    assets: Path | None = None
    """Folder for the frames that an imported file brings."""
    with_assets: bool = True
    """Whether a packed run takes along the files that it refers to."""
    force: bool = False
    """Whether a file may be replaced."""
    watch: Watch = _unwatched
