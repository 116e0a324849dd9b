"""``beamtwin list``, ``show`` and ``compare``: what the catalogue holds."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.tree import Tree

from beamtwin.app.beamtime import open_broker
from beamtwin.app.options import UsageError
from beamtwin.app.running import report_interrupted
from beamtwin.databroker.broker import Broker
from beamtwin.databroker.compare.figure import save_figure
from beamtwin.databroker.compare.report import save_report
from beamtwin.databroker.run import Run
from beamtwin.databroker.stream import Stream
from beamtwin.scenarios.scenario import load

__all__ = ["compare_runs", "find", "list_runs", "show_run"]

#: Events shown of a long stream: as many from its end as from its beginning.
SHOWN_EVENTS = 5

_STATE_STYLES = {"success": "green", "interrupted": "yellow", "running": "cyan"}


def find(broker: Broker, key: str) -> Run:
    """The run that a word of the command line means: a uid, its beginning, a scan_id, or -1."""
    try:
        number = int(key)
    except ValueError:
        return broker[key]
    # A uid may begin with digits only; a scan_id that exists comes first.
    return broker[key] if len(key) >= 8 else broker[number]


def list_runs(data: Path, query: str, limit: int) -> None:
    """Print the newest runs that match a query."""
    console = Console()
    with open_broker(data) as broker:
        found = broker.search(_query(query))
        total = len(found)
        table = Table(title=f"{min(limit, total)} of {total} runs in {data}", title_justify="left")
        for heading in ("uid", "scan_id", "plan", "target", "state", "begun (UTC)", "points"):
            table.add_column(
                heading, justify="right" if heading in ("scan_id", "points") else "left"
            )
        for run, _ in zip(found, range(limit), strict=False):
            table.add_row(*_row(run))
        console.print(table)
        report_interrupted(broker, console)


def show_run(data: Path, key: str) -> None:
    """Print a run's metadata and streams."""
    console = Console()
    with open_broker(data) as broker:
        run = find(broker, key)
        console.print(repr(run), highlight=False)
        console.print(_tree("start", run.start))
        if run.stop is not None:
            console.print(_tree("stop", run.stop))
        for name in run.streams:
            console.print(_stream_table(run[name]))


def compare_runs(data: Path, measured: str, simulated: str | None, out: Path) -> None:
    """Compare two runs; print the numbers, write a figure and a report."""
    console = Console()
    with open_broker(data) as broker:
        one, other = _pair(broker, measured, simulated)
        comparison = _scenario(one).compare_runs(one, other)
    title = f"{one.uid[:8]} and {other.uid[:8]}"
    out.mkdir(parents=True, exist_ok=True)
    stem = out / f"compare-{one.uid[:8]}-{other.uid[:8]}"
    numbers = comparison.to_dict()
    table = Table("", "", title=comparison.title or title, title_justify="left", show_header=False)
    for name in ("points", "scale", "shift", "spacing_ratio", "rms", "chi2_red", "correlation"):
        table.add_row(name, _number(numbers[name]))
    console.print(table)
    for verdict in comparison.verdicts:
        console.print(verdict.text, highlight=False)
    console.print(f"figure {save_figure(stem.with_suffix('.png'), [comparison], title)}")
    console.print(f"report {save_report(stem.with_suffix('.html'), [comparison], title)}")


def _query(text: str) -> dict[str, Any]:
    try:
        query = json.loads(text)
    except json.JSONDecodeError as error:
        raise UsageError(f"--query {text}: not JSON: {error}") from error
    if not isinstance(query, dict):
        raise UsageError(f"""--query {text}: expected an object, as '{{"plan_name": "scan"}}'""")
    return query


def _row(run: Run) -> tuple[str, ...]:
    start, state = run.start, run.state
    points = sum(len(run[name]) for name in run.streams)
    return (
        start["uid"][:8],
        str(start.get("scan_id", "-")),
        str(start.get("plan_name", "-")),
        str(start.get("twin", {}).get("target", "-")),
        f"[{_STATE_STYLES.get(state, 'red')}]{state}[/]",
        datetime.fromtimestamp(start["time"], UTC).strftime("%Y-%m-%d %H:%M:%S"),
        str(points),
    )


def _tree(title: str, document: Mapping[str, Any]) -> Tree:
    tree = Tree(f"[bold]{title}[/]")
    _grow(tree, document)
    return tree


def _grow(tree: Tree, document: Mapping[str, Any]) -> None:
    for key, value in document.items():
        if isinstance(value, Mapping) and value:
            _grow(tree.add(key), value)
        else:
            tree.add(f"{key}: {value!r}")


def _stream_table(stream: Stream) -> Table:
    columns = stream.columns().data
    keys = [key for key in columns if columns[key].ndim == 1]
    table = Table(title=f"{stream.name}: {len(stream)} events", title_justify="left")
    table.add_column("seq_num", justify="right")
    for key in keys:
        units = stream.data_keys[key].get("units")
        table.add_column(f"{key} / {units}" if units else key, justify="right")
    count = len(stream)
    first = range(min(SHOWN_EVENTS, count))
    last = range(max(SHOWN_EVENTS, count - SHOWN_EVENTS), count)
    for index in [*first, *last]:
        if index == last.start and last.start > first.stop:
            table.add_row("...", *("..." for _ in keys))
        table.add_row(str(index + 1), *(_number(columns[key][index]) for key in keys))
    return table


def _number(value: Any) -> str:
    match value:
        case {"value": number, "sigma": sigma}:
            return f"{number:.6g} ± {sigma:.2g}"
        case None:
            return "-"
        case str():
            return value
    return f"{value:.6g}"


def _pair(broker: Broker, measured: str, simulated: str | None) -> tuple[Run, Run]:
    """The two runs; where one is named, the other is its counterpart."""
    one = find(broker, measured)
    if simulated is not None:
        return one, find(broker, simulated)
    if "counterpart" in one.start:
        return broker[one.start["counterpart"]], one
    counterparts = broker.search({"counterpart": one.uid})
    if not len(counterparts):
        raise UsageError(f"run {one.uid[:8]} has no counterpart: name the run to compare it with")
    return one, counterparts[-1]


def _scenario(run: Run) -> Any:
    name = run.start.get("twin", {}).get("scenario")
    if name is None:
        raise UsageError(f"run {run.uid[:8]} does not say which scenario it belongs to")
    return load(name)
