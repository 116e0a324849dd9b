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

REPORT = Path(__file__).parents[1] / "docs" / "benchmarks.md"
REPEAT = 7


@dataclass(frozen=True)
class Row:
    """One comparison of two ways to do the same thing."""

    what: str
    counted: tuple[str, int, int]
    """The unit of the rates, and how many are done at a time: of ours, and of the peer's."""
    work: tuple[Callable[[int], object], Callable[[int], object]]
    """Does so many: ours, and the peer's."""
    peer_name: str
    wanted: float
    """The least ratio, ours to the peer's, that the project asks for."""


@dataclass(frozen=True)
class Result:
    """Rates in units per CPU second."""

    row: Row
    ours: float
    peer: float

    @property
    def ratio(self) -> float:
        """How many times faster ours is."""
        return self.ours / self.peer

    def cells(self) -> list[str]:
        """As printed: what, ours, the peer's, the ratio, and the ratio wanted."""
        row, unit = self.row, self.row.counted[0]
        return [
            row.what,
            f"{self.ours:,.0f} {unit}",
            f"{row.peer_name}: {self.peer:,.0f} {unit}",
            f"{self.ratio:.1f}",
            f">= {row.wanted:g}",
        ]


HEADINGS = ["what", "beamtwin", "peer", "ratio", "wanted"]


def measure(row: Row) -> Result:
    """The best of several turns of each side, in units per CPU second."""
    best = [float("inf"), float("inf")]
    for turn in range(REPEAT + 1):
        for side, (work, count) in enumerate(zip(row.work, row.counted[1:], strict=True)):
            start = time.process_time()
            work(count)
            if turn:  # the first warms up
                best[side] = min(best[side], (time.process_time() - start) / count)
    return Result(row, 1 / best[0], 1 / best[1])


def markdown(results: list[Result]) -> str:
    """docs/benchmarks.md."""
    table = [HEADINGS, ["---"] * len(HEADINGS), *(result.cells() for result in results)]
    rows = "\n".join("| " + " | ".join(cells) + " |" for cells in table)
    return f"""# Benchmarks

Written by `make bench` (CPU time, best of {REPEAT}, both sides in one run; Python {platform.python_version()} on
{platform.machine()}). Rates differ from machine to machine; the ratios are what is promised.

{rows}
"""


def main() -> int:
    """Measure every row; the exit code says whether all ratios are as wanted."""
    import rows
    from rich.console import Console
    from rich.table import Table

    console = Console(width=120)
    results = []
    for row in rows.all_rows():
        with console.status(row.what):
            results.append(measure(row))
    table = Table(*HEADINGS, title="beamtwin against its peers (per CPU second)")
    for result in results:
        missed = result.ratio < result.row.wanted
        table.add_row(*result.cells(), style="red" if missed else None)
    console.print(table)
    REPORT.write_text(markdown(results), encoding="utf-8")
    console.print(f"make bench: written to {REPORT.relative_to(Path.cwd())}")
    return int(any(result.ratio < result.row.wanted for result in results))


if __name__ == "__main__":
    sys.exit(main())
