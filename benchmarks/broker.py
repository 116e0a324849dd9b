"""The broker beside tiled and databroker: rows for `make bench`. Each side is measured in a process of its own.

Databroker pins other versions than we take: it has an environment of its own, which is made at the first run.
"""

import json
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from broker_figures import SIZES
from broker_limits import RATE_PER_S, RUNS
from broker_sides import SEARCHES
from run import Figure, Result

HERE = Path(__file__).parent
DATABROKER = HERE.parent / "tests" / "servers" / "databroker"
SEARCHED, SEARCHED_IN_TILED = SIZES["beamtwin"][-1], SIZES["tiled"][-1]


@cache
def measured(script: str, part: str, python: str = sys.executable) -> dict[str, Any]:
    """What a script finds: the last line that it prints."""
    done = subprocess.run(
        [python, "-W", "ignore", str(HERE / script), part],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        timeout=600,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def side(name: str) -> dict[str, float]:
    """The figures of beamtwin or tiled."""
    return measured("broker_figures.py", name)


@cache
def databroker() -> dict[str, float] | None:
    """The figures of databroker 1.2.5, where it can be installed."""
    program = [sys.executable, str(DATABROKER / "install.py"), "1"]
    made = subprocess.run(program, capture_output=True, text=True, check=False)
    if made.returncode:
        return None
    return measured("broker_figures.py", "databroker", made.stdout.strip())


@dataclass(frozen=True)
class Beside:
    """A row: the broker against tiled, by a rate or a duration; databroker is named where it can be installed."""

    what: str
    figure: str
    wanted: float

    def measure(self) -> Result:
        """The ratio is to tiled."""
        ours, tiled = side("beamtwin")[self.figure], side("tiled")[self.figure]
        peers = [f"tiled: {self._shown(tiled)}"]
        if theirs := databroker():
            peers.append(f"databroker 1.2.5 on mongomock: {self._shown(theirs[self.figure])}")
        ratio = tiled / ours if self._is_duration else ours / tiled
        return Result(self.what, self._shown(ours), ", ".join(peers), ratio, self.wanted)

    @property
    def _is_duration(self) -> bool:
        return not self.figure.endswith("/s")

    def _shown(self, value: float) -> str:
        if self._is_duration:
            return milliseconds(value)
        return f"{value:,.0f} /s" if value >= 100 else f"{value:.3g} /s"


@dataclass(frozen=True)
class Search:
    """A row: the first runs that a search finds, beside tiled's among fewer."""

    kind: str

    @property
    def what(self) -> str:
        """As the table says."""
        return f"search by {SEARCHES[self.kind]} among {SEARCHED:,} runs, the first 20"

    def measure(self) -> Figure:
        """The ratio is to tiled."""
        ours, tiled = side("beamtwin")[self.kind], side("tiled")[self.kind]
        peer = f"tiled, among {SEARCHED_IN_TILED}: {milliseconds(tiled)}"
        return Figure(self.what, milliseconds(ours), peer, tiled / ours, "10 ms")


@dataclass(frozen=True)
class Duration:
    """A row: something that may take so long."""

    what: str
    part: str
    figure: str
    most_s: float

    def measure(self) -> Figure:
        """The ratio is to what was asked."""
        took = measured("broker_limits.py", self.part)[self.figure]
        asked = milliseconds(self.most_s)
        return Figure(self.what, milliseconds(took), "-", self.most_s / took, asked)


@dataclass(frozen=True)
class Seen:
    """A row: events that another process sees at once."""

    what: str = "events, each seen by another process at once"

    def measure(self) -> Figure:
        """The ratio is that of the rates."""
        ours = measured("broker_limits.py", "seen")
        tiled = side("tiled")["visible: events/s"]
        shown = f"{ours['rate']:,.0f} /s, seen after {milliseconds(ours['late'])} at most"
        asked = f"{RATE_PER_S:,} /s, 500 ms"
        peer = f"tiled, batch_size=1: {tiled:,.3g} /s"
        return Figure(self.what, shown, peer, ours["rate"] / tiled, asked)


@dataclass(frozen=True)
class Mongo:
    """A row: the MongoDB store takes events."""

    what: str = "MongoDB store: event pages of 100"
    least_per_s: float = 50_000

    def measure(self) -> Figure:
        """The ratio is to what was asked."""
        found = measured("broker_limits.py", "mongodb")
        shown = f"{found['pages']:,.0f} events/s (one by one: {found['singly']:,.0f})"
        ratio = found["pages"] / self.least_per_s
        peer = f"on {found['server']}"
        return Figure(self.what, shown, peer, ratio, f"{self.least_per_s:,.0f} events/s")


def milliseconds(duration_s: float) -> str:
    """As a table shows it."""
    return f"{1000 * duration_s:,.3g} ms"


def rows() -> list[Any]:
    """All of them; the first that needs a process measures for all that do."""
    return [
        Beside("events into the broker, one by one", "events/s", 10),
        Beside("events into the broker, pages of 100", "pages: events/s", 40),
        Beside("runs of 100 events into the broker", "runs/s", 17),
        Beside("10,000 events of 7 numbers back as columns", "columns", 15),
        *map(Search, SEARCHES),
        Duration(f"search without an index among {RUNS:,} runs", "many", "unindexed", 0.150),
        Duration(f"open, and find the last of {RUNS:,} runs", "many", "last", 0.060),
        Seen(),
        Mongo(),
        Duration(
            "MongoDB store: a database of 10,000 events, all back as columns",
            "mongodb",
            "columns",
            0.060,
        ),
    ]


def main() -> None:
    """Print the rows."""
    for row in rows():
        print(" | ".join(row.measure().cells()), flush=True)


if __name__ == "__main__":
    main()
