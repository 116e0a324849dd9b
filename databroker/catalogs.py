"""Catalogues by name: a file of the user's says where each is.

In ``$XDG_CONFIG_HOME/beamtwin/catalogs.toml`` (by default below ``~/.config``)::

    [chx]
    open = "mongodb://db.example.org/chx"
    root_map = {"/nsls2/data/chx" = "/mnt/chx"}

    [home]
    open = "~/runs/catalog.sqlite"
    options = {synchronous = "FULL"}
"""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from beamtwin.databroker.errors import DataBrokerError

__all__ = ["Catalog", "catalogs", "named"]


@dataclass(frozen=True, slots=True)
class Catalog:
    """Where a catalogue is, and how to open it."""

    open: str
    """A path, or a URI of MongoDB's."""
    root_map: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    """Of the store, such as ``readonly``."""


def catalogs() -> dict[str, Catalog]:
    """The catalogues that the user's configuration names.

    Raises
    ------
    DataBrokerError
        Naming the file and what is wrong with it.
    """
    path = _path()
    if not path.exists():
        return {}
    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8"))
        return {name: _catalog(entry, path.parent) for name, entry in entries.items()}
    except (OSError, ValueError, TypeError) as error:
        raise DataBrokerError(f"{path}: {error}") from error


def named(name: str) -> Catalog:
    """The catalogue of a name.

    Raises
    ------
    DataBrokerError
        If there is none, naming those there are.
    """
    known = catalogs()
    if name not in known:
        raise DataBrokerError(
            f"{name!r} is no catalogue; {_path()} has: {', '.join(known) or 'none'}; "
            f"for a file of that name, say './{name}'"
        )
    return known[name]


def _path() -> Path:
    home = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(home, "beamtwin", "catalogs.toml")


def _catalog(entry: Any, folder: Path) -> Catalog:
    if not isinstance(entry, Mapping) or not isinstance(entry.get("open"), str):
        raise TypeError("a catalogue is a table with open = '<path or URI>'")
    catalog = Catalog(**entry)
    if "://" in catalog.open:
        return catalog
    return Catalog(str(folder / Path(catalog.open).expanduser()), catalog.root_map, catalog.options)
