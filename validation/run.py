"""The physics beside closed forms, SRW and publications: prints a table and writes docs/validation.md.

``--full`` asks SRW again for the stored references (a quarter of an hour) and checks every point of the scans.
"""

import argparse
import platform
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from table import HEADINGS, Result, Section, markdown

REPORT = Path(__file__).parents[1] / "docs" / "validation.md"

WIDTH = 120

#: Of the table's columns.
WIDTHS = (48, 10, 10, 9, 7, 8, 21)


def sections(full: bool) -> Iterator[Section]:
    """The whole table, not yet measured."""
    import cost
    import diffraction
    import focus
    import samples
    import sources
    import states

    yield focus.section(full)
    yield sources.undulator()
    yield sources.others()
    yield diffraction.closed_forms()
    yield diffraction.section()
    yield samples.section()
    yield states.section(full)
    yield cost.section(full)


def printed(section: Section, results: Sequence[Result]):
    """A section as a table for the terminal."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(title=section.title, title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for heading, width in zip(HEADINGS, WIDTHS, strict=True):
        right = heading in ("ours", "reference", "off by")
        table.add_column(heading, width=width, justify="right" if right else "left")
    for result in results:
        table.add_row(*result.cells(), style=None if result.holds else "red")
    return table


def report(measured: Sequence[tuple[Section, Sequence[Result]]], cpu_s: float) -> str:
    """docs/validation.md."""
    results = [result for _, some in measured for result in some]
    missed = [result.row.what for result in results if not result.holds]
    verdict = f"Missed: {'; '.join(missed)}." if missed else "Every row holds."
    tables = "\n\n".join(markdown(section, some) for section, some in measured)
    return f"""# Validation

Written by `make validate` ({len(results)} rows, {cpu_s:.0f} CPU-s; Python {platform.python_version()} on
{platform.machine()}). {verdict}

{NOTES}
{tables}
"""


NOTES = """Each row has a number of ours, the same from somewhere else, and what is asked of the two; *told* means that
nothing is.

- SRW of CHX's focus is SRW by itself, with its own elements and containers, on a mesh finer than the twin's:
  `validation/direct_srw.py`. What it said is stored in `validation/references/`; `validation/run.py --full` asks it
  again. Few of many electrons carry the flux, so theirs is known as well as the table says.
- Of many electrons, each one's mesh ends at some ± 25 µm, so that tails beyond are too low; the flux is the whole
  mesh's. Their profiles are asked to be as near as the electrons know them, 7 % of the peak.
- Profiles are compared at equal area on the screen of ± 30 µm.
- The published cuts of slit S2 were read off a figure. Their gap is fitted, because a label is only as good as the
  slit's zero: the second label is 3 % off, and the third reads as if it were v x h
  (12.2 µm fits; the labels are 12 and 13.9 µm).
- Contrast was measured to ± 0.03. `fast` blurs by the electron beam alone; `modes` knows one electron's own size too.
- The undulator's table is the magnet laboratory's, its calibration the known one (-0.193 mm, 0.9907); finding it is
  what a calibration has to do.
- CPU seconds vary by some ten per cent from run to run, more on a busy machine.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure every row; the exit code says whether all hold."""
    from rich.console import Console

    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--full", action="store_true", help="nothing from store, every point")
    full = parser.parse_args(arguments).full
    console, measured, begun_s = Console(width=WIDTH), [], time.process_time()
    for section in sections(full):
        results = []
        for row in section.rows:
            with console.status(f"{section.title}: {row.what}"):
                results.append(row.measure())
        measured.append((section, results))
        console.print(printed(section, results))
    REPORT.write_text(report(measured, time.process_time() - begun_s), encoding="utf-8")
    missed = sum(not result.holds for _, results in measured for result in results)
    console.print(f"make validate: {missed} of the rows missed; written to docs/{REPORT.name}")
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
