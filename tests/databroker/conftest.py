"""Runs to store."""

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from beamtwin import scenarios
from beamtwin.databroker.broker import Broker
from beamtwin.databroker.stores.sqlite import SqliteStore

EPOCH = 1_700_000_000.0
_NUMBERS = count(1)


@pytest.fixture(scope="session")
def chx_table() -> Path:
    """The measured cuts through the patterns of slit S2 at CHX."""
    return Path(scenarios.__file__).parent / "chx" / "data" / "s2_diffraction_vertical.csv"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "runs.db"


@pytest.fixture
def store(path) -> Iterator[SqliteStore]:
    with SqliteStore(path) as opened:
        yield opened


@pytest.fixture
def db(store) -> Broker:
    return Broker(store)


def make_run(events: int = 3, *, stop: bool = True, **metadata: Any) -> list[tuple[str, Any]]:
    """The documents of a scan of ``m`` with the counter ``d``, one event a second."""
    number = next(_NUMBERS)
    run, descriptor = f"run-{number:06d}", f"descriptor-{number:06d}"
    start = {"uid": run, "time": EPOCH + number, "scan_id": number, "plan_name": "scan", **metadata}
    start.setdefault("hints", {"dimensions": [[["m"], "primary"]]})
    run = start["uid"]
    documents = [("start", start), ("descriptor", make_descriptor(run, descriptor))]
    documents += [("event", make_event(descriptor, n)) for n in range(1, events + 1)]
    if stop:
        documents.append(("stop", make_stop(run, events)))
    return documents


def make_descriptor(run: str, uid: str, name: str = "primary", **data_keys: Any) -> dict[str, Any]:
    keys = {
        "m": {"dtype": "number", "shape": [], "source": "twin:m", "units": "mm", "precision": 3},
        "d": {"dtype": "integer", "shape": [], "source": "twin:d"},
    }
    return {
        "uid": uid,
        "run_start": run,
        "time": EPOCH,
        "name": name,
        "data_keys": data_keys or keys,
        "object_keys": {"m": ["m"], "d": ["d"]},
        "configuration": {"m": {"data": {"m_velocity": 1.5}, "timestamps": {}, "data_keys": {}}},
        "hints": {"d": {"fields": ["d"]}},
    }


def make_event(descriptor: str, number: int, **data: Any) -> dict[str, Any]:
    values = data or {"m": number / 10, "d": number * 7 % 5}
    return {
        "uid": f"{descriptor}/event-{number}",
        "descriptor": descriptor,
        "seq_num": number,
        "time": EPOCH + number,
        "data": values,
        "timestamps": dict.fromkeys(values, EPOCH + number - 0.25),
        "filled": {},
    }


def make_stop(run: str, events: int = 0) -> dict[str, Any]:
    return {
        "uid": f"{run}/stop",
        "run_start": run,
        "time": EPOCH + events + 1,
        "exit_status": "success",
        "num_events": {"primary": events},
    }


def same(left: Any, right: Any) -> bool:
    """Equal in every bit and type, which ``==`` does not tell of NaN, arrays, and 1 and 1.0."""
    if isinstance(left, np.ndarray | np.generic):
        alike = type(left) is type(right) and left.dtype == right.dtype
        return alike and left.shape == right.shape and left.tobytes() == right.tobytes()
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(same(left[k], right[k]) for k in left)
    if isinstance(left, list | tuple):
        return len(left) == len(right) and all(map(same, left, right))
    return type(left) is type(right) and repr(left) == repr(right)


@pytest.fixture(scope="session")
def make() -> SimpleNamespace:
    """Documents to order, and `same`."""
    return SimpleNamespace(
        run=make_run, descriptor=make_descriptor, event=make_event, stop=make_stop, same=same
    )


@pytest.fixture(scope="session")
def fill() -> Callable[..., list[tuple[str, Any]]]:
    """Insert documents one by one; give them back."""

    def insert(target: Any, documents: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
        for name, doc in documents:
            target.insert(name, doc)
        return documents

    return insert
