"""``beamtwin show`` and ``compare``: what runs are."""

import math
from collections.abc import Mapping
from numbers import Real
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.tree import Tree

from beamtwin.app.catalogue import find, open_catalogue, print_json, summary
from beamtwin.app.options import UsageError
from beamtwin.databroker.broker import Broker
from beamtwin.databroker.compare.comparison import Comparison
from beamtwin.databroker.compare.estimate import Estimate
from beamtwin.databroker.compare.figure import save_figure, shown
from beamtwin.databroker.compare.report import save_report
from beamtwin.databroker.display import counted, printable
from beamtwin.databroker.run import Run
from beamtwin.databroker.stream import Stream

__all__ = ["compare_runs", "show_run"]

#: Events shown of a long stream: as many from its end as from its beginning. Where one is a row, and a column.
SHOWN_ROWS, SHOWN_COLUMNS = 5, 2

#: What an event is called by.
NUMBER = "seq_num"

#: From here on even whole numbers are written with an exponent.
LONGEST_WHOLE = 1e15

#: Characters that a table's column takes besides its text.
_MARGIN = 3


def show_run(given: str | None, key: str, as_json: bool = False) -> None:
    """Print a run's metadata and streams."""
    console = Console()
    with open_catalogue(given) as catalogue:
        run = find(catalogue.broker, key)
        if as_json:
            print_json(_everything(run))
            return
        console.print(repr(run), highlight=False, soft_wrap=True, markup=False)
        console.print(_tree("start", run.start))
        if run.stop is not None:
            console.print(_tree("stop", run.stop))
        if run.annotations:
            console.print(_tree("annotations", run.annotations))
        for name in run.streams:
            console.print(_stream_table(run[name], console.width))
            console.print(_arrays(run[name]), end="", highlight=False)


def compare_runs(given: str | None, measured: str, simulated: str | None, out: Path) -> None:
    """Compare two runs; print the numbers, write a figure and a report."""
    console = Console()
    with open_catalogue(given) as catalogue:
        one, other = _pair(catalogue.broker, measured, simulated)
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


def _everything(run: Run) -> dict[str, Any]:
    """A run for programs: its metadata, and what its streams are of."""
    streams = {
        name: {"points": count, "data_keys": run[name].data_keys, "config": run[name].config}
        for name, count in run.counts.items()
    }
    metadata = {"start": run.start, "stop": run.stop, "annotations": run.annotations}
    return {**summary(run), **metadata, "streams": streams}


def _tree(title: str, document: Mapping[str, Any]) -> Tree:
    tree = Tree(f"[bold]{title}[/]")
    _grow(tree, document)
    return tree


def _grow(tree: Tree, document: Mapping[str, Any]) -> None:
    for key, value in document.items():
        if isinstance(value, Mapping) and value:
            _grow(tree.add(escape(printable(key))), value)
        elif isinstance(value, list) and value and all(isinstance(v, Mapping) for v in value):
            for number, item in enumerate(value, 1):
                _grow(tree.add(escape(printable(f"{key} {number}"))), item)
        else:
            tree.add(escape(printable(f"{key}: {value!r}")))


def _stream_table(stream: Stream, width: int) -> Table:
    """Its first and last events, one a row; where that is wider than ``width`` characters, one a column."""
    rows = [*zip(*_columns(stream, SHOWN_ROWS), strict=True)]
    if sum(max(map(len, column)) + _MARGIN for column in zip(*rows, strict=True)) >= width:
        rows = _columns(stream, SHOWN_COLUMNS)
    headings, *rest = rows
    title = escape(printable(f"{stream.name}: {counted(len(stream), 'event')}"))
    table = Table(title=title, title_justify="left")
    for heading in headings:
        justify = "left" if heading == NUMBER else "right"
        table.add_column(escape(printable(heading)), justify=justify)
    for row in rest:
        table.add_row(*(escape(printable(cell)) for cell in row))
    return table


def _columns(stream: Stream, ends: int) -> list[list[str]]:
    """What is shown of a stream, column by column, headings first."""
    columns = stream.columns()
    count = len(columns.time)
    indices = sorted({*range(count)[:ends], *range(count)[-ends:]})
    table = [[NUMBER, *(str(index + 1) for index in indices)]]
    for key, column in columns.data.items():
        if column.ndim == 1:
            units = stream.units(key)
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
    from beamtwin.scenarios.scenario import load

    return load(name)
