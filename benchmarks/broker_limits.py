"""What is asked of beamtwin's stores alone: ``python broker_limits.py many|seen|mongodb`` prints figures as JSON."""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from broker_documents import headers, run
from broker_figures import EVENTS, PAGE, best

HERE = Path(__file__).parent
BUILD_FERRETDB = HERE.parent / "tests" / "servers" / "ferretdb" / "build.py"
RUNS, RATE_PER_S = 100_000, 20_000


def many(folder: Path) -> dict[str, float]:
    """Seconds among 100,000 runs: to open the store and find the last, and to search what no index helps with."""
    from beamtwin.databroker import Broker

    path = folder / "runs.sqlite"
    with Broker.open(path) as db:
        db.store.insert_all(headers(RUNS))

    def last(_: None) -> None:
        with Broker.open(path) as opened:
            assert opened[-1].start["scan_id"] == RUNS - 1

    with Broker.open(path) as db:

        def unindexed(_: None) -> None:
            assert len(db.search({"batch": f"batch-{RUNS // 2}"}).head(20)) == 1

        return {
            "last": best(3, lambda: None, last),
            "unindexed": best(3, lambda: None, unindexed),
        }


def seen(folder: Path) -> dict[str, float]:
    """How fast another process writes events, and how many seconds after that, at most, they are seen here."""
    from beamtwin.databroker import Broker

    path, log = folder / "runs.sqlite", folder / "written.json"
    with Broker.open(path):
        pass
    writer = subprocess.Popen([sys.executable, str(HERE / "broker_writer.py"), path, log])
    polls = []
    with Broker.open(path, readonly=True) as db:
        while writer.poll() is None:
            counts = db[-1].counts if len(db) else {}
            polls.append((time.time(), counts.get("primary", 0)))
    written = json.loads(log.read_text())
    (began, _), (ended, count) = written[0], written[-1]
    late = max(_seen_at(polls, number) - at for at, number in written if number <= polls[-1][1])
    return {"rate": count / (ended - began), "late": max(late, 0.0)}


def _seen_at(polls: list[tuple[float, int]], number: int) -> float:
    return next(at for at, count in polls if count >= number)


def mongodb(folder: Path) -> dict[str, Any]:
    """Events per second into the MongoDB store, and seconds to have 10,000 back as columns.

    They are the only ones in the database then, since FerretDB reads a whole collection for them.
    """
    with mongo_store(folder) as (server, store):

        def insert(documents: Any) -> None:
            for name, doc in documents:
                store.insert(name, doc)

        documents = run(EVENTS, page=PAGE)
        insert(documents)
        uid = documents[0][1]["uid"]
        return {
            "server": server,
            "columns": best(5, lambda: uid, lambda uid: store.columns(uid, "primary")),
            "pages": EVENTS / best(3, lambda: run(EVENTS, page=PAGE), insert),
            "singly": 1000 / best(2, lambda: run(1000), insert),
        }


@contextmanager
def mongo_store(folder: Path) -> Iterator[tuple[str, Any]]:
    """An empty store on FerretDB where Go is there to build it, else on mongomock; and which it is."""
    command = [sys.executable, str(BUILD_FERRETDB)]
    made = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if made.returncode == 1:  # no Go
        yield "mongomock", _on_mongomock()
        return
    made.check_returncode()
    from beamtwin.databroker.stores.mongo import open_mongo

    command = [made.stdout.strip(), "-folder", folder, "-address", "127.0.0.1:0"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, text=True, **pipes) as server:
        assert server.stdout is not None
        try:
            with open_mongo(server.stdout.readline().strip()) as store:
                yield "FerretDB 1.24", store
        finally:
            server.kill()


def _on_mongomock() -> Any:
    """Which has no clock of its own to be asked."""
    from datetime import UTC, datetime

    import mongomock

    from beamtwin.databroker.stores.mongo import leases
    from beamtwin.databroker.stores.mongo.store import MongoStore

    leases.server_time = lambda _: datetime.now(UTC).replace(tzinfo=None)
    return MongoStore(mongomock.MongoClient()["beamtwin"], "mongomock")


PARTS = {"many": many, "seen": seen, "mongodb": mongodb}


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="beamtwin-bench-") as made:
        print(json.dumps(PARTS[sys.argv[1]](Path(made))))
