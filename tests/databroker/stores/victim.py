"""Processes to be killed: for every line of standard input, ``job how place seed``, one that works without end.

It says its number as a process, then a dot for everything that is acknowledged and ``!`` for what was refused, which
it tries again; when it has ended, the line does. They are copies of one process, since 1,000 interpreters take long
to start.
"""

import os
import sys
from collections.abc import Callable, Iterator
from itertools import count, islice
from random import Random  # noqa: TID251  # the parent process makes the same documents of it
from typing import Any

import numpy as np

from beamtwin.databroker.errors import StoreError
from beamtwin.databroker.stores import writing
from beamtwin.databroker.stores.base import Store
from beamtwin.databroker.stores.mongo import open_mongo
from beamtwin.databroker.stores.mongo.shelves import LiveShelf
from beamtwin.databroker.stores.sqlite import SqliteStore
from beamtwin.orchestration.clock import WallClock

#: How many events a page has: with few, writers die at work on one.
PAGE_EVENTS = (5, 50, 500)


def documents(seed: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Runs of all sorts, one after the other, without end; the same for the same seed."""
    chance = Random(seed)
    for number in count(1):
        yield from _run(f"run-{seed}-{number}", chance)


def _run(run: str, chance: Random) -> Iterator[tuple[str, dict[str, Any]]]:
    yield "start", {"uid": run, "time": 1.7e9, "scan_id": chance.randrange(9), "of": {"µ": [run]}}
    for name in ("primary", "monitor"):
        keys = {"x": {"dtype": "number", "shape": [], "source": name}}
        descriptor = {"uid": f"{run}/{name}", "run_start": run, "time": 1.7e9, "name": name}
        yield "descriptor", {**descriptor, "data_keys": keys}
    yield "resource", {"uid": f"{run}/r", "run_start": run, "spec": "NPY_SEQ", "resource_path": "f"}
    numbers = {"primary": count(1), "monitor": count(1)}
    for place in range(chance.choice([0, 3, 70, 1200])):
        yield _EMITTED[chance.choices(list(_EMITTED), [90, 10, 3, 3])[0]](run, place, numbers)
    yield "stop", {"uid": f"{run}/stop", "run_start": run, "time": 1.7e9, "exit_status": "success"}


def _event(run: str, place: int, stream: str, number: int, value: Any) -> dict[str, Any]:
    """One event; what it holds tells of its place."""
    return {
        "uid": f"{run}/{place}",
        "descriptor": f"{run}/{stream}",
        "seq_num": number,
        "time": 1.7e9 + place,
        "data": {"x": value},
        "timestamps": {"x": 1.7e9 + place},
    }


def _reading(run: str, place: int, numbers: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    return "event", _event(run, place, "primary", next(numbers["primary"]), place / 7)


def _monitored(run: str, place: int, numbers: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    return "event", _event(run, place, "monitor", next(numbers["monitor"]), np.arange(place % 9))


def _datum(run: str, place: int, _: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    datum = {"datum_id": f"{run}/r/{place}", "resource": f"{run}/r", "datum_kwargs": {"n": place}}
    return "datum", datum


def _page(run: str, place: int, numbers: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    events = [
        _event(run, place, "primary", next(numbers["primary"]), float(place)) for _ in range(3)
    ]
    page = {key: [event[key] for event in events] for key in ("uid", "seq_num", "time")}
    for section in ("data", "timestamps"):
        page[section] = {"x": [event[section]["x"] for event in events]}
    return "event_page", {"descriptor": events[0]["descriptor"], **page}


_EMITTED = {"reading": _reading, "monitored": _monitored, "datum": _datum, "page": _page}


def opened(how: str, place: str) -> Store:
    """A store of that kind, once that can be had; of MongoDB, a place is a connection string."""
    while True:
        try:
            if how == "mongodb":
                return open_mongo(place)
            return SqliteStore(place, synchronous="FULL" if how == "full" else "NORMAL")
        except StoreError:
            _refused()


def write(how: str, place: str, seed: int) -> None:
    """Insert `documents` one by one."""
    writing.PAGE_EVENTS = LiveShelf.page_events = PAGE_EVENTS[seed % len(PAGE_EVENTS)]
    store = opened(how, place)
    for name, doc in documents(seed):
        _until_done(lambda: store.insert(name, doc))  # noqa: B023  # called at once


def edit(how: str, place: str, seed: int) -> None:
    """Of one run after the other: all of it at once, a note, out of sight, gone for good."""
    store = opened(how, place)
    for number in count(1):
        uid = f"edited-{seed}-{number}"
        run = list(_run(uid, Random(f"{seed} {number}")))
        for action in (
            lambda: store.insert_all(run),  # noqa: B023
            lambda: store.annotate(uid, lambda old: {**old, "notes": [uid]}),  # noqa: B023
            lambda: store.hide(uid),  # noqa: B023
            lambda: store.delete(uid),  # noqa: B023
        ):
            _until_done(action)


def bulk(how: str, place: str, seed: int) -> None:
    """File one run without end, all at once: the dots are for what was taken, and nothing is acknowledged."""
    opened(how, place).insert_all(_endless(f"bulk-{seed}"))


def _endless(run: str) -> Iterator[tuple[str, dict[str, Any]]]:
    begun = _run(run, Random(run))
    yield from islice(begun, 4)
    numbers = {"primary": count(1)}
    for place in count():
        yield _page(run, place, numbers)
        os.write(1, b".")


def open_only(how: str, place: str, _: int) -> None:
    """Open a store, which may bring it up to date."""
    opened(how, place)
    os.write(1, b".")


def _until_done(action: Callable[[], Any]) -> None:
    while True:
        try:
            action()
        except StoreError:
            _refused()
        else:
            os.write(1, b".")
            return


def _refused() -> None:
    os.write(1, b"!")
    WallClock().sleep(0.005)


_JOBS = {"write": write, "edit": edit, "bulk": bulk, "open": open_only}


def main() -> None:
    """Start a process for every line, one after the other."""
    for line in sys.stdin:
        job, how, place, seed = line.split()
        child = os.fork()
        if not child:
            os.write(1, b"%d\n" % os.getpid())
            _JOBS[job](how, place, int(seed))
            WallClock().sleep(60)
        os.waitpid(child, 0)
        os.write(1, b"\n")


if __name__ == "__main__":
    main()
