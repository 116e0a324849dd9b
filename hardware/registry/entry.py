"""Entry: what a registry says of one device."""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from beamtwin.orchestration.errors import BeamtwinError

__all__ = ["Entry", "RegistryError", "meant"]


class RegistryError(BeamtwinError, ValueError):
    """A registry that cannot be understood: it names file, entry and key."""


@dataclass(frozen=True)
class Entry:
    """One device, as it is declared."""

    name: str
    cls: type
    """A device class; called with prefix, name, transport and the arguments."""
    prefix: str
    labels: tuple[str, ...] = ()
    arguments: Mapping[str, Any] = field(default_factory=dict)
    twin: Mapping[str, Any] = field(default_factory=dict)
    """What its twin needs; see `beamtwin.twin.counterparts.populate`."""


def meant(name: str, known: Iterable[str]) -> str:
    """For a message about a name that is unknown: what may have been meant, and what there is."""
    known = sorted(known)
    if not known:
        return "there are none"
    close = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {close[0]!r}? " if close else ""
    return f"{hint}there are {', '.join(known)}"
