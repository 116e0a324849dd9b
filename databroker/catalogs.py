"""Catalogues by name: a file of the user's says where each is.

In ``$XDG_CONFIG_HOME/beamtwin/catalogs.toml`` (by default below ``~/.config``)::

    [chx]
    open = "mongodb://db.example.org/chx"
    root_map = {"/nsls2/data/chx" = "/mnt/chx"}
    roots = ["/nsls2/data/shared"]

    [home]
    open = "~/runs/catalog.sqlite"
    options = {synchronous = "FULL"}
"""

import os
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
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
    roots: Sequence[str] = ()
    """The folders of which files may go into exports; see `Broker.open`."""


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
    if not isinstance(entry.get("roots", []), list):
        raise TypeError("roots is a list of folders")
    known = [each.name for each in fields(Catalog)]
    for key in entry:
        if key not in known:
            raise TypeError(f"{key!r} is not known; a catalogue has: {', '.join(known)}")
    catalog = Catalog(**entry)
    if "://" in catalog.open or catalog.open == ":memory:":
        return catalog
    return replace(catalog, open=str(folder / Path(catalog.open).expanduser()))
