"""Who stores: beamtwin's broker, tiled, and databroker, behind the same few calls."""

import warnings
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from broker_documents import EPOCH, PERIOD_S, NamedDocument

FIRST = 20
SEARCHES = {
    "equality": "one value",
    "range": "a range",
    "two fields": "two fields",
    "pattern": "a pattern",
    "text": "full text",
    "time": "a time range",
}
#: Times that a tenth of the runs, in the middle of all, have.
_MIDDLE = (0.45, 0.55)


class Beamtwin:
    """A SQLite file."""

    def __init__(self, folder: Path):
        from beamtwin.databroker import Broker

        self._db = Broker.open(folder / "runs.sqlite")

    def insert(self, documents: Iterable[NamedDocument]) -> None:
        """One by one, each safe and seen by everybody on return."""
        for name, doc in documents:
            self._db.insert(name, doc)

    insert_visibly = insert

    def insert_headers(self, documents: Iterable[NamedDocument]) -> None:
        """All at once."""
        self._db.store.insert_all(documents)

    def read(self, uid: str) -> Any:
        """The columns of a run."""
        return self._db[uid]["primary"].read()

    def searches(self, runs: int) -> dict[str, Callable[[], list[str]]]:
        """By kind: the uids of the first runs found among so many."""
        from beamtwin.databroker import FullText, Key, TimeRange

        queries = {
            "equality": Key("sample.name") == "sample-42",
            "range": (Key("scan_id") >= runs // 2) & (Key("scan_id") < runs // 2 + runs // 40),
            "two fields": (Key("plan_name") == "scan") & (Key("purpose") == "alignment"),
            "pattern": Key("sample.name").matches("ple-42$"),
            "text": FullText("word42"),
            "time": TimeRange(*(EPOCH + PERIOD_S * runs * part for part in _MIDDLE)),
        }
        return {kind: lambda query=query: self._first(query) for kind, query in queries.items()}

    def _first(self, query: Any) -> list[str]:
        return [run.start["uid"] for run in self._db.search(query).head(FIRST)]


class Tiled:
    """Tiled in process, its catalogue and its tables in SQLite, written to by bluesky's TiledWriter."""

    def __init__(self, folder: Path):
        from bluesky_tiled_plugins import TiledWriter
        from tiled.catalog import from_uri
        from tiled.client import Context, from_context
        from tiled.server.app import build_app

        storage = [f"sqlite:///{folder / 'tables.db'}", str(folder / "files")]
        catalogue = from_uri(
            f"sqlite:///{folder / 'catalogue.db'}",
            writable_storage=storage,
            init_if_not_exists=True,
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self._client = from_context(Context.from_app(build_app(catalogue)).__enter__())
        self._writer = TiledWriter(self._client)
        self._eager = TiledWriter(self._client, batch_size=1)

    def insert(self, documents: Iterable[NamedDocument]) -> None:
        """As TiledWriter does by default: events are kept back until there are 10,000, or the run ends."""
        for name, doc in documents:
            self._writer(name, doc)

    insert_headers = insert

    def insert_visibly(self, documents: Iterable[NamedDocument]) -> None:
        """Each event at once, so that others see it."""
        for name, doc in documents:
            self._eager(name, doc)

    def read(self, uid: str) -> Any:
        """The columns of a run."""
        return self._client[uid]["primary"].read()

    def searches(self, runs: int) -> dict[str, Callable[[], list[str]]]:
        """By kind: the uids of the first runs found among so many."""
        from tiled.queries import FullText, Key, Like

        begin, end = (EPOCH + PERIOD_S * runs * part for part in _MIDDLE)
        number, time = Key("start.scan_id"), Key("start.time")
        queries = {
            "equality": [Key("start.sample.name") == "sample-42"],
            "range": [number >= runs // 2, number < runs // 2 + runs // 40],
            "two fields": [Key("start.plan_name") == "scan", Key("start.purpose") == "alignment"],
            "pattern": [Like("start.sample.name", "%ple-42")],
            "text": [FullText("word42")],
            "time": [time >= begin, time < end],
        }
        return {kind: lambda query=query: self._first(query) for kind, query in queries.items()}

    def _first(self, queries: list[Any]) -> list[str]:
        found = self._client
        for query in queries:
            found = found.search(query)
        return [run.metadata["start"]["uid"] for run in found.values()[:FIRST]]


class Databroker:
    """Databroker 1.2 over mongomock: there is no MongoDB to be had, so only how it writes and reads is compared."""

    def __init__(self, folder: Path):
        import mongomock
        from databroker._drivers.mongo_normalized import BlueskyMongoCatalog

        client = mongomock.MongoClient()
        self._v1 = BlueskyMongoCatalog(client["metadata"], client["assets"]).v1

    def insert(self, documents: Iterable[NamedDocument]) -> None:
        """One by one."""
        for name, doc in documents:
            self._v1.insert(name, doc)

    def read(self, uid: str) -> Any:
        """The columns of a run, the fastest way that it has."""
        return self._v1[uid].table()


SIDES = {"beamtwin": Beamtwin, "tiled": Tiled, "databroker": Databroker}
