"""``beamtwin run``: a plan, its progress, and what came of it."""

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from beamtwin.app.beamtime import Beamtime, Settings, open_beamtime
from beamtwin.app.options import plan_arguments
from beamtwin.databroker.broker import Broker
from beamtwin.orchestration.errors import RunEngineInterrupted
from beamtwin.scenarios.scenario import load

__all__ = ["RunProgress", "report_interrupted", "run_plan"]


class RunProgress:
    """A subscriber that shows how many of a run's points are taken."""

    def __init__(self, console: Console):
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
            transient=True,
        )
        self._task: Any = None

    def __enter__(self) -> "RunProgress":
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def __call__(self, name: str, document: dict[str, Any]) -> None:
        """Take a document."""
        if name == "start":
            title = f"scan {document['scan_id']} {document.get('plan_name', '')}"
            self._task = self._progress.add_task(title, total=document.get("num_points"))
        elif name == "event":
            self._progress.advance(self._task)


def report_interrupted(broker: Broker, console: Console) -> None:
    """Say which runs an earlier process left without an end."""
    for run in broker.interrupted():
        scan, uid = run.start.get("scan_id", "?"), run.uid
        console.print(
            f"[yellow]scan {scan} ({uid[:8]}) has no end: its process died. "
            f"What it had stored is there: beamtwin show {uid[:8]}[/]"
        )


def run_plan(
    scenario_name: str, plan_name: str, assignments: Sequence[str], settings: Settings
) -> None:
    """Run a scenario's plan and show what it made."""
    console = Console()
    scenario = load(scenario_name)
    plan = scenario.plan(plan_name)
    arguments = plan_arguments(plan, assignments)
    with open_beamtime(scenario, settings) as beamtime:
        report_interrupted(beamtime.broker, console)
        uids: list[str] = []
        try:
            with RunProgress(console) as progress:
                subscribers = {"all": progress, "start": lambda _, start: uids.append(start["uid"])}
                began = beamtime.engine.clock.time()
                beamtime.engine(plan(beamtime.devices, **arguments), subscribers)
        except RunEngineInterrupted as error:
            _show(console, beamtime, uids)
            raise RunEngineInterrupted(f"the plan was ended: {error}") from error
        duration = beamtime.engine.clock.time() - began
        _show(console, beamtime, uids)
        target = beamtime.provenance["target"]
        console.print(f"{duration:,.1f} s of beam time on target {target!r}, in {settings.data}")


def _show(console: Console, beamtime: Beamtime, uids: Sequence[str]) -> None:
    for uid in uids:
        console.print(repr(beamtime.broker[uid]), highlight=False)
