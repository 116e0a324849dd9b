"""Speed against peers and bounds, measured in one run: prints a table and writes docs/benchmarks.md.

Every row times both sides in this process, in turn, and takes the best of several; the figure to trust is the ratio.
"""

import platform
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from hotspots import Hotspot, hotspots

REPORT = Path(__file__).parents[1] / "docs" / "benchmarks.md"
REPEAT = 7


@dataclass(frozen=True)
class Result:
    """A row measured: what a table says, and the ratio, ours to the peer's, above 1 where ours is better."""

    what: str
    ours: str
    peer: str
    ratio: float
    wanted: float
    """The least ratio that the project asks for."""

    @property
    def missed(self) -> bool:
        """Whether it is less."""
        return self.ratio < self.wanted

    def cells(self) -> list[str]:
        """As printed."""
        return [self.what, self.ours, self.peer, _ratio(self.ratio), f">= {self.wanted:g}"]


@dataclass(frozen=True)
class Figure:
    """A row measured that has a limit in seconds or a rate: shown beside what was asked, and not asserted."""

    what: str
    ours: str
    peer: str
    ratio: float
    """To the peer; where there is none, to what was asked."""
    asked: str

    missed = False

    def cells(self) -> list[str]:
        """As printed."""
        return [self.what, self.ours, self.peer, _ratio(self.ratio), f"asked: {self.asked}"]


@dataclass(frozen=True)
class Rate:
    """Two ways to do the same thing, in how many a CPU second: more is better."""

    what: str
    counted: tuple[str, int, int]
    """The unit of the rates, and how many are done at a time: of ours, and of the peer's."""
    work: tuple[Callable[[int], object], Callable[[int], object]]
    """Does so many: ours, and the peer's."""
    peer_name: str
    wanted: float

    def measure(self) -> Result:
        """The best of several turns of each side."""
        best = [float("inf"), float("inf")]
        for turn in range(REPEAT + 1):
            for side, (work, count) in enumerate(zip(self.work, self.counted[1:], strict=True)):
                start = time.process_time()
                work(count)
                if turn:  # the first warms up
                    best[side] = min(best[side], (time.process_time() - start) / count)
        ours, peer = (self._shown(seconds) for seconds in best)
        return Result(self.what, ours, f"{self.peer_name}: {peer}", best[1] / best[0], self.wanted)

    def _shown(self, seconds: float) -> str:
        us = 1e6 * seconds
        return f"{1 / seconds:,.0f} {self.counted[0]} ({us:{',.0f' if us >= 100 else '.3g'}} µs)"


@dataclass(frozen=True)
class Cost:
    """What each of two sides takes once: less is better."""

    what: str
    unit: str
    take: tuple[Callable[[], float], Callable[[], float]]
    """Measures: ours, and the peer's."""
    peer_name: str
    wanted: float

    def measure(self) -> Result:
        """The best of three."""
        ours, peer = (min(take() for _ in range(3)) for take in self.take)
        cells = [
            f"{value:,.0f} {self.unit}" if value >= 10 else f"{value:.2f} {self.unit}"
            for value in (ours, peer)
        ]
        least = max(ours, 1.0) if self.unit == "bytes" else ours
        return Result(
            self.what, cells[0], f"{self.peer_name}: {cells[1]}", peer / least, self.wanted
        )


def _ratio(ratio: float) -> str:
    return f"{ratio:,.0f}" if ratio >= 100 else f"{ratio:.1f}"


HEADINGS = ["what", "beamtwin", "peer", "ratio", "wanted"]
SPOT_HEADINGS = ["function", "calls an event", "share of the time"]


def markdown(results: list[Result | Figure], spots: list[Hotspot]) -> str:
    """docs/benchmarks.md."""
    spot_cells = [
        [f"`{spot.function}`", f"{spot.calls:.2g}", f"{spot.share:.0%}"] for spot in spots
    ]
    return f"""# Benchmarks

Written by `make bench` (CPU time, best of {REPEAT}, both sides in one run; Python {platform.python_version()} on
{platform.machine()}). Rates differ from machine to machine; the ratios are what is promised.

{_table(HEADINGS, [result.cells() for result in results])}

Instant devices are bare Python objects, so that the engines are measured and not the devices; each side runs its own
plans. Bluesky checks every document that it makes against event-model's schemas; in the rows *validating* a callback
does so with ours. Memory is what is allocated and still held between the 500th and the
2,500th event, a run's baseline having been read.

The broker, its SQLite file on a local disk, stands beside tiled in process (catalogue and tables in SQLite, written to
by bluesky's TiledWriter), by the wall. Tiled searches among fewer runs, because it takes a tenth of a second to file
one; databroker 1.2.5, on mongomock, has a Python environment of its own, where that can be installed. Limits that were
*asked* in seconds or events per second depend on the machine, so they are shown and not asserted; where there is no
peer, the ratio is to them. FerretDB reads a whole collection to find a run's pages: the more runs, the slower it is,
other than MongoDB.

## Where the rest of the time goes

One event of `scan` with instant devices, by the own time of functions under `cProfile`, which makes short functions
look dearer than they are; the {len(spots)} with the most.

{_table(SPOT_HEADINGS, spot_cells)}
"""


def _table(headings: list[str], rows: list[list[str]]) -> str:
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def main() -> int:
    """Measure every row; the exit code says whether all ratios are as wanted."""
    import rows
    from rich.console import Console
    from rich.table import Table

    console = Console(width=140)
    results = []
    for row in rows.all_rows():
        with console.status(row.what):
            results.append(row.measure())
    table = Table(*HEADINGS, title="beamtwin against its peers")
    for result in results:
        table.add_row(*result.cells(), style="red" if result.missed else None)
    console.print(table)
    spots = hotspots(rows.plans("scan")[0])
    REPORT.write_text(markdown(results, spots), encoding="utf-8")
    console.print(f"make bench: written to {REPORT.relative_to(Path.cwd())}")
    return int(any(result.missed for result in results))


if __name__ == "__main__":
    sys.exit(main())
