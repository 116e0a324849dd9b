"""``beamtwin list``, ``show`` and ``compare``: what the catalogue holds."""

import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from numbers import Real
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.tree import Tree

from beamtwin.app.beamtime import open_broker
from beamtwin.app.options import UsageError
from beamtwin.app.running import report_interrupted
from beamtwin.databroker.broker import Broker
from beamtwin.databroker.compare.comparison import Comparison
from beamtwin.databroker.compare.estimate import Estimate
from beamtwin.databroker.compare.figure import save_figure, shown
from beamtwin.databroker.compare.report import save_report
from beamtwin.databroker.run import Run
from beamtwin.databroker.stream import Stream
from beamtwin.scenarios.scenario import load

__all__ = ["compare_runs", "find", "list_runs", "show_run"]

#: Events shown of a long stream: as many from its end as from its beginning. Where one is a row, and a column.
SHOWN_ROWS, SHOWN_COLUMNS = 5, 2

#: What an event is called by.
NUMBER = "seq_num"

#: From here on even whole numbers are written with an exponent.
LONGEST_WHOLE = 1e15

#: Characters that a table's column takes besides its text.
_MARGIN = 3

_STATE_STYLES = {"success": "green", "interrupted": "yellow", "running": "cyan"}


def find(broker: Broker, key: str) -> Run:
    """The run that a word of the command line means: a uid, its beginning, a scan_id, or -1."""
    try:
        number = int(key)
    except ValueError:
        return broker[key]
    # Eight characters of a uid, as `list_runs` prints them, may all be digits; no scan_id has so many.
    return broker[key] if len(key) >= 8 else broker[number]


def list_runs(data: Path, query: str, limit: int) -> None:
    """Print the newest runs that match a query."""
    console = Console()
    with open_broker(data, readonly=True) as broker:
        found = broker.search(_query(query))
        total = len(found)
        console.print(f"{min(limit, total)} of {total} runs in {data}", soft_wrap=True)
        table = Table(box=SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0))
        for heading in ("uid", "scan_id", "plan", "target", "state", "begun (UTC)", "points"):
            justify = "right" if heading in ("scan_id", "points") else "left"
            table.add_column(heading, justify=justify, no_wrap=heading != "plan")
        for run, _ in zip(found, range(limit), strict=False):
            table.add_row(*_row(run))
        console.print(table)
        report_interrupted(broker, console, data)


def show_run(data: Path, key: str) -> None:
    """Print a run's metadata and streams."""
    console = Console()
    with open_broker(data, readonly=True) as broker:
        run = find(broker, key)
        console.print(repr(run), highlight=False, soft_wrap=True)
        console.print(_tree("start", run.start))
        if run.stop is not None:
            console.print(_tree("stop", run.stop))
        for name in run.streams:
            console.print(_stream_table(run[name], console.width))
            console.print(_arrays(run[name]), end="", highlight=False)


def compare_runs(data: Path, measured: str, simulated: str | None, out: Path) -> None:
    """Compare two runs; print the numbers, write a figure and a report."""
    console = Console()
    with open_broker(data, readonly=True) as broker:
        one, other = _pair(broker, measured, simulated)
        comparison = _scenario(one).compare_runs(one, other)
    title = f"{one.uid[:8]} and {other.uid[:8]}"
    out.mkdir(parents=True, exist_ok=True)
    stem = out / f"compare-{one.uid[:8]}-{other.uid[:8]}"
    console.print(_comparison_table(comparison))
    for verdict in comparison.verdicts:
        console.print(verdict.text, highlight=False)
    for name, save, suffix in (("figure", save_figure, ".png"), ("report", save_report, ".html")):
        file = save(stem.with_suffix(suffix), [comparison], title)
        console.print(f"{name} {file}", highlight=False, soft_wrap=True)


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
        datetime.fromtimestamp(start["time"], UTC).strftime("%Y-%m-%d %H:%M"),
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


def _stream_table(stream: Stream, width: int) -> Table:
    """Its first and last events, one a row; where that is wider than ``width`` characters, one a column."""
    rows = [*zip(*_columns(stream, SHOWN_ROWS), strict=True)]
    if sum(max(map(len, column)) + _MARGIN for column in zip(*rows, strict=True)) >= width:
        rows = _columns(stream, SHOWN_COLUMNS)
    headings, *rest = rows
    table = Table(title=f"{stream.name}: {len(stream)} events", title_justify="left")
    for heading in headings:
        table.add_column(heading, justify="left" if heading == NUMBER else "right")
    for row in rest:
        table.add_row(*row)
    return table


def _columns(stream: Stream, ends: int) -> list[list[str]]:
    """What is shown of a stream, column by column, headings first."""
    columns = stream.columns()
    count = len(columns.time)
    indices = sorted({*range(count)[:ends], *range(count)[-ends:]})
    table = [[NUMBER, *(str(index + 1) for index in indices)]]
    for key, column in columns.data.items():
        if column.ndim == 1:
            units = stream.data_keys[key].get("units")
            heading = f"{key} / {units}" if units else key
            table.append([heading, *(_number(column[index]) for index in indices)])
    if count > len(indices):
        for column in table:
            column.insert(ends + 1, "...")
    return table


def _arrays(stream: Stream) -> str:
    """What no table has room for."""
    return "".join(
        f"{key}: array of {' x '.join(map(str, about['shape']))} in each event\n"
        for key, about in stream.data_keys.items()
        if about["dtype"] == "array"
    )


def _comparison_table(comparison: Comparison) -> Table:
    numbers, length = comparison.to_dict(), shown(comparison.measured.units)
    residual = "decades" if comparison.space == "log10" else comparison.measured.values_units
    table = Table(title=comparison.title, title_justify="left")
    for heading in ("quantity", "value", "unit"):
        table.add_column(heading)
    for side, fringes in numbers["fringes"].items():
        if fringes is not None:
            table.add_row(f"fringe spacing, {side}", _number(fringes["spacing"]), length)
    for name, quantity, unit in (
        ("spacing_ratio", "simulated / measured spacing", ""),
        ("shift", "shift of the simulation", length),
        ("scale", "scale of the simulation", ""),
        ("rms", "residual, rms", residual),
        ("chi2_red", "reduced χ²", ""),
        ("correlation", "correlation", ""),
        ("points", "points compared", ""),
    ):
        table.add_row(quantity, _number(numbers[name]), unit)
    return table


def _number(value: Any) -> str:
    match value:
        case {"value": number, "sigma": sigma}:
            return str(Estimate(number, math.nan if sigma is None else sigma))
        case None:
            return "-"
        case Real():
            number = float(value) + 0.0  # no minus before a zero
            whole = number.is_integer() and abs(number) < LONGEST_WHOLE
            return f"{number:.0f}" if whole else f"{number:.6g}"
    return str(value)


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
