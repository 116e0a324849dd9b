"""Runs in MongoDB, where one machine is outgrown: `open_mongo`. Needs pymongo: ``pip install 'beamtwin[mongo]'``."""

from importlib.util import find_spec
from typing import Literal

from beamtwin.databroker.errors import StoreError
from beamtwin.databroker.stores.base import Store

__all__ = ["open_mongo"]


def open_mongo(
    uri: str,
    *,
    database: str | None = None,
    layout: Literal["pages", "normalized"] = "pages",
    readonly: bool = False,
) -> Store:
    """The runs of a MongoDB database, made if it is not there.

    Parameters
    ----------
    uri : str
        A connection string: ``mongodb://host1,host2/beamline?replicaSet=rs0``, ``mongodb+srv://...``. Its options
        hold; what it does not say is write concern "majority" and 5 s for a server to answer.
    database : str, optional
        Instead of the one that the connection string names; "beamtwin" where neither does.
    layout : {"pages", "normalized"}
        ``"pages"``: numbers as binary columns; anything that a document may hold comes back as it was.
        ``"normalized"``: one MongoDB document for every document, as suitcase-mongo writes them and databroker reads
        them.
    readonly : bool
        Inserting is refused, and nothing is written.

    Raises
    ------
    StoreError
        Naming the server (without the password), what is wrong, and the way out.
    """
    if find_spec("pymongo") is None:
        raise StoreError(
            "MongoDB needs pymongo, which is not installed: pip install 'beamtwin[mongo]'"
        )
    from beamtwin.databroker.stores.mongo.connection import connect
    from beamtwin.databroker.stores.mongo.normalized import NormalizedStore
    from beamtwin.databroker.stores.mongo.store import MongoStore

    layouts: dict[str, type[MongoStore | NormalizedStore]]
    layouts = {"pages": MongoStore, "normalized": NormalizedStore}
    if layout not in layouts:
        raise StoreError(f"layout {layout!r} is not known; known: {', '.join(layouts)}")
    opened, where = connect(uri, database)
    try:
        return layouts[layout](opened, where, readonly=readonly)
    except BaseException:
        opened.client.close()
        raise
