"""``beamtwin run``: a plan, its progress, and what came of it."""

from collections.abc import Iterable, Sequence
from typing import Any

from rich.console import Console
from rich.progress import TaskID

from beamtwin.app.beamtime import Beamtime, Settings, open_beamtime
from beamtwin.app.catalogue import report_interrupted
from beamtwin.app.options import plan_arguments
from beamtwin.app.progress import progress_bar
from beamtwin.app.workers import prefetch
from beamtwin.orchestration.errors import BeamtwinError, RunEngineInterrupted
from beamtwin.orchestration.messages import Msg
from beamtwin.scenarios.scenario import load

__all__ = ["RunProgress", "run_plan"]


class RunProgress:
    """A subscriber that shows how many of a run's points are taken: one that is taken again counts once."""

    def __init__(self, console: Console):
        self._progress = progress_bar(console)
        #: By the uids of runs, and of the descriptors of their points.
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> "RunProgress":
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def __call__(self, name: str, document: dict[str, Any]) -> None:
        """Take a document."""
        if name == "start":
            title = f"scan {document['scan_id']} {document.get('plan_name', '')}"
            total = document.get("num_points")
            self._tasks[document["uid"]] = self._progress.add_task(title, total=total)
        elif name == "descriptor" and document["name"] == "primary":
            self._tasks[document["uid"]] = self._tasks[document["run_start"]]
        elif name == "event" and document["descriptor"] in self._tasks:
            task = self._tasks[document["descriptor"]]
            self._progress.update(task, completed=document["seq_num"])


def run_plan(
    scenario_name: str, plan_name: str, assignments: Sequence[str], settings: Settings
) -> None:
    """Run a scenario's plan and show what it made."""
    console = Console()
    scenario = load(scenario_name)
    plan = scenario.plan(plan_name)
    arguments = plan_arguments(plan, assignments)
    with open_beamtime(scenario, settings) as beamtime:
        report_interrupted(beamtime.broker, console, settings.data)
        if beamtime.world is not None and settings.workers.parallel:
            prefetch(console, scenario, beamtime.world, lambda devices: plan(devices, **arguments))
        began = beamtime.engine.clock.time()
        _take(console, beamtime, plan(beamtime.devices, **arguments))
        duration = beamtime.engine.clock.time() - began
        target = beamtime.provenance["target"]
        console.print(
            f"{duration:,.1f} s of beam time on target {target!r}, in {settings.data}",
            highlight=False,
            soft_wrap=True,
        )


def _take(console: Console, beamtime: Beamtime, plan: Iterable[Msg]) -> None:
    """Run a plan, and show its runs however it ends."""
    reasons: list[str] = []
    try:
        with RunProgress(console) as progress:
            beamtime.engine(
                plan,
                {"all": progress, "stop": lambda _, stop: reasons.append(stop["reason"])},
            )
    except RunEngineInterrupted as error:
        raise RunEngineInterrupted(f"the plan was ended: {error}") from error
    except BeamtwinError as error:
        first = next(filter(None, reasons), "")
        if first in ("", str(error)):
            raise
        # The plan's own cleaning up failed too; what counts is why it had to.
        raise BeamtwinError(f"{first}; then, cleaning up: {error}") from error
    finally:
        for uid in beamtime.uids:
            console.print(repr(beamtime.broker[uid]), highlight=False, soft_wrap=True)
