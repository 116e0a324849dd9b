"""``beamtwin demo``: slit diffraction at CHX, measured, simulated, and simulated over Channel Access."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from beamtwin.app.beamtime import Settings, open_beamtime, open_broker
from beamtwin.app.catalogue import report_interrupted
from beamtwin.app.options import data_folder
from beamtwin.app.running import RunProgress
from beamtwin.databroker.broker import Broker
from beamtwin.databroker.compare.comparison import Comparison
from beamtwin.databroker.compare.figure import save_figure
from beamtwin.databroker.compare.report import save_report
from beamtwin.databroker.run import Run
from beamtwin.orchestration.clock import WallClock
from beamtwin.orchestration.errors import BeamtwinError
from beamtwin.scenarios.chx import SCENARIO
from beamtwin.scenarios.chx.analysis import (
    compare_runs,
    fit_gap,
    frame,
    import_measurement,
    labels,
    vertical_cut,
)
from beamtwin.scenarios.chx.figures import save_patterns
from beamtwin.scenarios.chx.plans import diffraction
from beamtwin.scenarios.serve import make_database
from beamtwin.twin.ioc import IOCProcess

__all__ = ["run"]

TITLE = "NSLS-II CHX: diffraction of slit S2, measured (2018) and simulated"

#: How far simulated fringes may be from the measured ones, relative.
TOLERANCE = 0.02

#: How far the reduced chi-squared of two noisy images of hundreds of pixels may be from 1.
TOLERANCE_CHI2 = 0.2

#: Of the twin in process and of the IOC: two measurements of the same thing differ in their noise.
SEEDS = {"twin": 1, "ioc": 2}


@dataclass(frozen=True)
class Exposures:
    """The uids of the twin's runs on one target, one a gap."""

    quiet: list[str]
    """Without counting statistics."""
    noisy: list[str]


@dataclass(frozen=True)
class TargetsCompared:
    """How far the same exposure in process and over Channel Access agree."""

    gap_um: tuple[float, float]
    same_positions: bool
    same_image: bool
    """To the last bit, without noise."""
    chi2_red: float
    """Of the difference of two noisy images; 1 is what counting statistics makes."""
    counts: int

    @property
    def agree(self) -> bool:
        """Whether all is as it should be of one twin, seen twice."""
        return self.same_positions and self.same_image and abs(self.chi2_red - 1) < TOLERANCE_CHI2


class DemonstrationError(BeamtwinError):
    """The demonstration went through, and did not show what it should."""


def run(out: Path, level: str) -> None:
    """Do it all, in the folder ``out``."""
    console = Console()
    wall = WallClock()
    began = wall.time()
    settings = Settings(data=data_folder(out), level=level)
    console.print(f"[bold]{TITLE}[/]\n")
    console.print("1. the measured patterns, into the catalogue")
    with open_broker(settings.data) as broker:
        report_interrupted(broker, console, settings.data)
        measured = import_measurement(broker)
        gaps = _fitted_gaps(measured)
    uids = tuple(each.uid for each in measured)
    arguments = {"gaps_um": gaps, "counterparts": uids}
    console.print(f"2. the same exposures on the twin in process: {level} physics, virtual time")
    in_process = _expose(console, settings, "twin", arguments)
    console.print("3. the same plan through Channel Access, on the twin's IOC, in real time")
    over_ca = _expose(console, settings, "ioc", arguments)
    console.print("4. measured and simulated, side by side\n")
    with open_broker(settings.data) as broker:
        comparisons = _compare(broker, uids, in_process.noisy)
        targets = _compare_targets(broker, in_process, over_ca)
        simulated = [broker[uid] for uid in in_process.noisy]
        _report(console, settings, comparisons, targets, simulated)
    _check(comparisons, targets)
    console.print(f"\nbeamtwin demo: done in {wall.time() - began:.0f} s")


def _check(comparisons: Sequence[Comparison], targets: Sequence[TargetsCompared]) -> None:
    """Raise DemonstrationError where the twin is not what the tables are there to show."""
    wrong = [
        f"{each.title}: fringes {each.spacing_ratio} times as far apart as measured"
        for each in comparisons
        if each.spacing_ratio is None or abs(each.spacing_ratio - 1) > TOLERANCE
    ] + [
        f"{each.gap_um[0]:g} x {each.gap_um[1]:g} µm: in process and over Channel Access differ"
        for each in targets
        if not each.agree
    ]
    if wrong:
        raise DemonstrationError("; ".join(wrong))


def _report(
    console: Console,
    settings: Settings,
    comparisons: Sequence[Comparison],
    targets: Sequence[TargetsCompared],
    simulated: Sequence[Run],
) -> None:
    """Print the tables; write the figures and the report."""
    folder = settings.data
    console.print(_table_of_gaps(comparisons, settings.level))
    for comparison in comparisons:
        for verdict in comparison.verdicts:
            console.print(f"{comparison.title}: {verdict.text}", highlight=False)
    console.print()
    console.print(_table_of_targets(targets))
    made = {
        "cuts": save_figure(folder / "chx-diffraction.png", comparisons, TITLE),
        "patterns": save_patterns(folder / "chx-patterns.png", simulated),
        "report": save_report(folder / "chx-diffraction.html", comparisons, TITLE),
        "catalogue": f"beamtwin list --data {folder}",
    }
    for what, where in made.items():
        console.print(f"{what:<10}{where}", highlight=False, soft_wrap=True)


def _fitted_gaps(measured: Sequence[Run]) -> tuple[tuple[float, float], ...]:
    """For each measured run: its horizontal gap as labelled, and the vertical one that fits, in µm."""
    fits = [fit_gap(vertical_cut(each)) for each in measured]
    return tuple(
        (labels(each)[0], round(fit.parameters["gap_um"].value, 2))
        for each, fit in zip(measured, fits, strict=True)
    )


def _expose(
    console: Console, settings: Settings, target: str, arguments: dict[str, Any]
) -> Exposures:
    """Take the exposures without and with noise."""
    seed = SEEDS[target]
    settings = replace(settings, target=target, seed=seed)
    runs = []
    for noise in (False, True):
        wanted = replace(settings, noise=noise)
        if target == "ioc":
            with IOCProcess(make_database, "chx", settings.level, seed, noise) as ioc:
                runs.append(_take(console, replace(wanted, port=ioc.port), arguments))
        else:
            runs.append(_take(console, wanted, arguments))
    return Exposures(*runs)


def _take(console: Console, settings: Settings, arguments: dict[str, Any]) -> list[str]:
    with open_beamtime(SCENARIO, settings) as beamtime, RunProgress(console) as progress:
        return list(beamtime.engine(diffraction(beamtime.devices, **arguments), progress))


def _compare(broker: Broker, measured: Sequence[str], simulated: Sequence[str]) -> list[Comparison]:
    pairs = zip(measured, simulated, strict=True)
    return [compare_runs(broker[one], broker[other]) for one, other in pairs]


def _compare_targets(broker: Broker, one: Exposures, other: Exposures) -> list[TargetsCompared]:
    return [
        _compare_target(*(broker[uid] for uid in uids))
        for uids in zip(one.quiet, other.quiet, one.noisy, other.noisy, strict=True)
    ]


def _compare_target(quiet: Run, quiet_ca: Run, noisy: Run, noisy_ca: Run) -> TargetsCompared:
    image, image_ca = frame(quiet), frame(quiet_ca)
    first, second = frame(noisy).astype(float), frame(noisy_ca).astype(float)
    lit = first + second > 0
    # Twice the mean is the best estimate of a difference's variance that the noise does not bias.
    variance = 2.0 * image[lit]
    expected = variance > 10
    chi2 = (first - second)[lit][expected] ** 2 / variance[expected]
    return TargetsCompared(
        gap_um=(quiet.start["gap_h_um"], quiet.start["gap_v_um"]),
        same_positions=_positions(quiet) == _positions(quiet_ca),
        same_image=bool(np.array_equal(image, image_ca)),
        chi2_red=float(chi2.mean()),
        counts=int(first.sum()),
    )


def _positions(run: Run) -> dict[str, list[float]]:
    data = run.primary.columns().data
    return {key: data[key].tolist() for key in data if key.startswith("s2_")}


def _table_of_gaps(comparisons: Sequence[Comparison], level: str | None) -> Table:
    title = f"measured and simulated ({level}), vertical cuts; lengths in µm"
    table = Table(title=title, title_justify="left")
    for heading in ("label h x v", "fitted gap v", "fringes measured", "simulated"):
        table.add_column(heading, justify="right")
    table.add_column("ratio", justify="right")
    table.add_column("label")
    for comparison in comparisons:
        fit, verdict = comparison.fit, comparison.verdicts[0]
        measured, simulated = comparison.measured_fringes, comparison.simulated_fringes
        table.add_row(
            comparison.title.removeprefix("S2 ").partition(" µm")[0],
            str(fit.parameters["gap_um"]) if fit else "",
            str(measured.spacing) if measured else "none",
            str(simulated.spacing) if simulated else "none",
            f"{comparison.spacing_ratio:.4f}" if comparison.spacing_ratio else "",
            "agrees" if verdict.agrees else "[red]disagrees[/]",
        )
    return table


def _table_of_targets(targets: Sequence[TargetsCompared]) -> Table:
    table = Table(title="twin in process and over Channel Access", title_justify="left")
    for heading in (
        "S2, h x v",
        "positions",
        "image, no noise",
        "image, noise: chi2_red",
        "counts",
    ):
        table.add_column(heading, justify="right")
    for each in targets:
        table.add_row(
            f"{each.gap_um[0]:g} x {each.gap_um[1]:g} µm",
            "same" if each.same_positions else "[red]differ[/]",
            "same bits" if each.same_image else "[red]differs[/]",
            f"{each.chi2_red:.3f}",
            f"{each.counts:,}",
        )
    return table
