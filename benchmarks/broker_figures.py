"""How fast one side stores, reads and searches: ``python broker_figures.py beamtwin|tiled|databroker``.

Prints events, pages and runs per second, and seconds for the rest, by the wall and the best of several turns: peers
leave part of the work to threads.
"""

import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from broker_documents import NamedDocument, headers, run
from broker_sides import SIDES

EVENTS, PAGE, RUN_EVENTS = 10_000, 100, 100
#: Of each side: turns, runs of 100 events, events seen at once, and runs to be searched. Tiled takes 0.1 s a run.
SIZES = {
    "beamtwin": (5, 100, EVENTS, 10_000),
    "tiled": (2, 10, 30, 250),
    "databroker": (2, 20, 0, 0),
}


def main(name: str) -> dict[str, float]:
    """By figure."""
    turns, runs, visible, searched = SIZES[name]
    with tempfile.TemporaryDirectory(prefix="beamtwin-bench-") as folder:
        side = SIDES[name](Path(folder))
        side.insert(run(RUN_EVENTS))  # warms up
        found = {
            "events/s": EVENTS / best(turns, lambda: run(EVENTS), side.insert),
            "pages: events/s": EVENTS / best(turns, lambda: run(EVENTS, page=PAGE), side.insert),
            "runs/s": runs / best(turns, lambda: several(runs), side.insert),
        }
        documents = run(EVENTS)
        side.insert(documents)
        found["columns"] = best(2 * turns, lambda: documents[0][1]["uid"], side.read)
        if visible:
            found["visible: events/s"] = visible / best(
                1, lambda: run(visible), side.insert_visibly
            )
    return found | (search_times(name, searched) if searched else {})


def search_times(name: str, runs: int) -> dict[str, float]:
    """Seconds for each kind of search among so many runs."""
    with tempfile.TemporaryDirectory(prefix="beamtwin-bench-") as folder:
        side = SIDES[name](Path(folder))
        side.insert_headers(headers(runs))
        searches = side.searches(runs)
        return {
            kind: best(5, lambda: None, lambda _, go=go: hits(go)) for kind, go in searches.items()
        }


def hits(search: Callable[[], list[str]]) -> list[str]:
    """What is found, which must be something."""
    found = search()
    assert found, "a search that finds nothing measures nothing"
    return found


def several(runs: int) -> list[NamedDocument]:
    """Short runs, one after the other."""
    return [document for _ in range(runs) for document in run(RUN_EVENTS)]


def best(turns: int, prepare: Callable[[], Any], work: Callable[[Any], object]) -> float:
    """Seconds of the quickest turn, without what prepares it."""
    took = []
    for _ in range(turns):
        prepared = prepare()
        start = time.perf_counter()
        work(prepared)
        took.append(time.perf_counter() - start)
    return min(took)


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1])))
