"""Which store a path, a URI or a catalogue's name means."""

import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

from beamtwin.databroker.catalogs import Catalog, named
from beamtwin.databroker.errors import DataBrokerError, StoreError
from beamtwin.databroker.stores.base import Store

__all__ = ["catalog_of", "open_store"]

_NAME = re.compile(r"[\w-]+")
_MONGODB = ("mongodb", "mongodb+srv")


def catalog_of(target: str | Path) -> Catalog:
    """What is to be opened: a bare word that is no file is a catalogue's name.

    Raises
    ------
    DataBrokerError
        If no catalogue has that name.
    """
    is_name = isinstance(target, str) and _NAME.fullmatch(target) and not Path(target).exists()
    return named(str(target)) if is_name else Catalog(str(target))


def open_store(target: str, **options: Any) -> Store:
    """The store of a path, ``:memory:``, ``sqlite:///path`` or ``mongodb://...``.

    Raises
    ------
    StoreError
        If it cannot be opened.
    DataBrokerError
        If the scheme is not known, or a package is missing.
    """
    scheme = target.partition("://")[0] if "://" in target else "sqlite"
    if scheme in _MONGODB:
        from beamtwin.databroker.stores.mongo import open_mongo

        return open_mongo(target, **options)
    if scheme != "sqlite":
        raise DataBrokerError(
            f"{target}: {scheme}:// is not known; known: sqlite:///path, mongodb://, mongodb+srv://"
        )
    from beamtwin.databroker.stores.sqlite import SqliteStore

    return SqliteStore(_path_of(target), **options)


def _path_of(target: str) -> str:
    """As in SQLAlchemy: three slashes begin a relative path, four an absolute one."""
    if "://" not in target:
        return target
    parts = urlparse(target)
    if parts.netloc or len(parts.path) <= 1:
        raise StoreError(f"{target}: say sqlite:///relative/path or sqlite:////absolute/path")
    return unquote(parts.path[1:])
