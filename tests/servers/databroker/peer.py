"""What the scripts for both databrokers have in common.

A database is carried in a file, as extended JSON, and put into mongomock: FerretDB 1.24 knows none of the
aggregations that databroker 2 reads by.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bson import json_util


def load(file: str, database: Any) -> Any:
    """Fill a database with what is in a file; give it back."""
    for collection, rows in json_util.loads(Path(file).read_text()).items():
        database[collection].insert_many(rows)
    return database


def dump(database: Any) -> str:
    """A database as a file has it."""
    rows = {name: list(database[name].find()) for name in database.list_collection_names()}
    return json_util.dumps({name: found for name, found in rows.items() if found})


def attempt(read: Callable[[], Any]) -> Any:
    """What is read; where that fails, the name of the error."""
    try:
        return read()
    except Exception as error:
        return {"raised": type(error).__name__}


@dataclass(frozen=True)
class Reader:
    """How one databroker is asked."""

    documents: Callable[[Any], Iterable[Any]]
    """Those of a run."""
    data: Callable[[Any], Any]
    """What a stream's events are read from."""
    config: Callable[[Any], Any]
    """What the settings of a stream's devices are read from."""

    def survey(self, catalog: Any, searches: dict[str, Any]) -> str:
        """What a catalogue has, as extended JSON: the runs by their uids, and what finds them."""
        last = catalog[-1].metadata["start"]
        keys = {"scan_id": last["scan_id"], "part of its uid": last["uid"][:8]}
        found = {
            "length": len(catalog),
            "last": last["uid"],
            "last by": {how: catalog[key].metadata["start"]["uid"] for how, key in keys.items()},
            "searches": {what: list(catalog.search(query)) for what, query in searches.items()},
            "runs": {uid: self._run(catalog[uid]) for uid in catalog},
        }
        return json_util.dumps(found)

    def _run(self, run: Any) -> dict[str, Any]:
        stop = run.metadata["stop"]
        return {
            "start": dict(run.metadata["start"]),
            "stop": None if stop is None else dict(stop),
            "documents": attempt(lambda: list(self.documents(run))),
            "streams": attempt(lambda: {name: self._stream(run[name]) for name in run}),
        }

    def _stream(self, stream: Any) -> dict[str, Any]:
        config = self.config(stream)
        return {
            "data": attempt(lambda: _lists(self.data(stream))),
            "config": {name: attempt(lambda name=name: _lists(config[name])) for name in config},
        }


def _lists(source: Any) -> dict[str, Any]:
    """The variables of what is read as an xarray Dataset."""
    dataset = source.read()
    return {str(key): variable.values.tolist() for key, variable in dataset.data_vars.items()}
