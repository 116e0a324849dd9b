"""``beamtwin list`` and ``search``: which runs there are."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from beamtwin.app.catalogue import (
    kind_of,
    open_catalogue,
    print_json,
    report_interrupted,
    summary,
)
from beamtwin.app.options import UsageError
from beamtwin.databroker.broker import Broker
from beamtwin.databroker.display import printable
from beamtwin.databroker.run import Run
from beamtwin.databroker.search import FullText, TimeRange

__all__ = ["Wanted", "list_runs", "moment"]

#: What a column is called, and whether it holds numbers.
_COLUMNS = {
    "uid": False,
    "scan_id": True,
    "plan": False,
    "kind": False,
    "state": False,
    "begun (UTC)": False,
    "points": True,
}
_STATE_STYLES = {"success": "green", "interrupted": "yellow", "running": "cyan"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which runs are asked for, as the command line says it."""

    query: str = "{}"
    text: str | None = None
    since: str | None = None
    until: str | None = None
    kind: str | None = None
    """``experiment`` or ``simulation``."""
    sort: str | None = None
    """A key of the start document; ``-`` before it turns the order round."""
    removed: bool = False
    """Those that were removed, and only those."""
    limit: int = 20


def list_runs(given: str | None, wanted: Wanted, as_json: bool) -> None:
    """Print the runs that are asked for, the newest first."""
    console = Console()
    with open_catalogue(given) as catalogue:
        found = _found(catalogue.broker, wanted)
        runs = list(islice(found, wanted.limit))
        if as_json:
            print_json([summary(run) for run in runs])
            return
        of = f"{len(runs)} of {len(found)} {'removed ' * wanted.removed}runs in {catalogue.name}"
        console.print(escape(of), highlight=False, soft_wrap=True)
        if runs:
            console.print(_table(runs))
        if not wanted.removed:
            report_interrupted(catalogue.broker, console, catalogue.name)


def moment(text: str) -> float:
    """A moment of the command line in seconds since the Unix epoch: ISO 8601 (UTC), or such seconds."""
    return TimeRange(since=_moment(text))["time"]["$gte"]


def _found(broker: Broker, wanted: Wanted) -> Broker | list[Run]:
    if wanted.removed:
        return broker.removed
    found = broker.search(_query(wanted.query))
    if wanted.text:
        found = found.search(FullText(wanted.text))
    if wanted.since or wanted.until:
        since, until = (_moment(text) if text else None for text in (wanted.since, wanted.until))
        found = found.search(TimeRange(since, until))
    if wanted.kind:
        found = found.simulation if wanted.kind == "simulation" else found.experiment
    return found.sorted(wanted.sort) if wanted.sort else found


def _moment(text: str) -> str | float:
    try:
        return float(text)
    except ValueError:
        return text


def _query(text: str) -> dict[str, Any]:
    try:
        query = json.loads(text)
    except json.JSONDecodeError as error:
        raise UsageError(f"--query {text}: not JSON: {error}") from error
    if not isinstance(query, dict):
        raise UsageError(f"""--query {text}: expected an object, as '{{"plan_name": "scan"}}'""")
    return query


def _table(runs: list[Run]) -> Table:
    table = Table(box=SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0))
    for heading, numeric in _COLUMNS.items():
        table.add_column(heading, justify="right" if numeric else "left", no_wrap=heading != "plan")
    tagged = any(run.tags for run in runs)
    if tagged:
        table.add_column("tags")
    for run in runs:
        tags = [escape(printable(", ".join(run.tags)))] if tagged else []
        table.add_row(*_row(run), *tags)
    return table


def _row(run: Run) -> tuple[str, ...]:
    start, state = run.start, run.state
    return (
        escape(printable(run.uid[:8])),
        str(start.get("scan_id", "-")),
        escape(printable(str(start.get("plan_name", "-")))),
        kind_of(run),
        f"[{_STATE_STYLES.get(state, 'red')}]{escape(printable(state))}[/]",
        datetime.fromtimestamp(start["time"], UTC).strftime("%Y-%m-%d %H:%M"),
        str(sum(run.counts.values())),
    )
