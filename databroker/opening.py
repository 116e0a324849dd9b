"""Which store a path, a URI or a catalogue's name means."""

import re
from collections.abc import Callable, Mapping
from inspect import signature
from os import PathLike
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

from beamtwin.databroker.catalogs import Catalog, named
from beamtwin.databroker.errors import DataBrokerError, StoreError
from beamtwin.databroker.stores.base import Store
from beamtwin.databroker.stores.redaction import redact

__all__ = ["ASSETS", "asset_folder", "catalog_of", "open_store"]

#: The folder of the detectors' files, beside the file of a catalogue.
ASSETS = "assets"
_NAME = re.compile(r"[\w-]+")
_MONGODB = ("mongodb", "mongodb+srv")


def catalog_of(target: str | Path) -> Catalog:
    """What is to be opened: a bare word that is no file is a catalogue's name.

    Raises
    ------
    DataBrokerError
        If no catalogue has that name, or it is no name at all.
    """
    if not isinstance(target, str | PathLike):
        raise DataBrokerError(f"{target!r}: open a path, a URI, or a catalogue's name")
    is_name = isinstance(target, str) and _NAME.fullmatch(target) and not Path(target).is_file()
    return named(str(target)) if is_name else Catalog(str(target))


def open_store(target: str, **options: Any) -> Store:
    """The store of a path, ``:memory:``, ``sqlite:///path`` or ``mongodb://...``.

    Raises
    ------
    StoreError
        If it cannot be opened.
    DataBrokerError
        If the scheme or an option is not known, or a package is missing.
    """
    scheme = target.partition("://")[0] if "://" in target else "sqlite"
    if scheme in _MONGODB:
        from beamtwin.databroker.stores.mongo import open_mongo

        return open_mongo(target, **_known(options, open_mongo))
    if scheme != "sqlite":
        raise DataBrokerError(
            f"{redact(target)}: {scheme}:// is not known; known: sqlite:///path, mongodb://, mongodb+srv://"
        )
    from beamtwin.databroker.stores.sqlite import SqliteStore

    return SqliteStore(_path_of(target), **_known(options, SqliteStore))


def asset_folder(store: Store) -> Path | None:
    """Where the files of a store's runs lie by default: beside its own file, if it has one."""
    path = Path(str(getattr(store, "path", "")))
    return path.absolute().parent / ASSETS if path.is_file() else None


def _known(options: Mapping[str, Any], opener: Callable[..., Store]) -> Mapping[str, Any]:
    """The options, if this kind of store has them all."""
    known = [name for name, p in signature(opener).parameters.items() if p.kind is p.KEYWORD_ONLY]
    for name in options:
        if name not in known:
            raise DataBrokerError(
                f"{name!r} is no option here; a store of this kind has: {', '.join(known)}"
            )
    return options


def _path_of(target: str) -> str:
    """As in SQLAlchemy: three slashes begin a relative path, four an absolute one."""
    if "://" not in target:
        return target
    parts = urlparse(target)
    if parts.netloc or len(parts.path) <= 1:
        raise StoreError(
            f"{redact(target)}: say sqlite:///relative/path or sqlite:////absolute/path"
        )
    return unquote(parts.path[1:])
