"""Kind: what a device does with one of its parts."""

from enum import IntFlag
from typing import Any

__all__ = ["Kind", "Part"]


class Kind(IntFlag):
    """What a device does with one of its parts; Ophyd's names and numbers."""

    omitted = 0
    """Neither read nor recorded."""
    normal = 1
    """Read at every point."""
    config = 2
    """Recorded once a run."""
    hinted = 5
    """Read at every point, and worth showing."""


class Part:
    """One key of a device's readings: what it has of its kind."""

    __slots__ = ()

    name: str
    parent: Any
    _kind: Kind

    @property
    def kind(self) -> Kind:
        """What the device does with it; may be changed at any time."""
        return self._kind

    @kind.setter
    def kind(self, kind: Kind | str) -> None:
        self._kind = Kind[kind] if isinstance(kind, str) else Kind(kind)
        if self.parent is not None:
            self.parent.forget_readings()

    @property
    def hints(self) -> dict[str, Any]:
        """Its own name, if it is hinted."""
        return {"fields": [self.name] if self._kind & Kind.hinted == Kind.hinted else []}
