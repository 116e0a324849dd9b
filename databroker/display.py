"""How runs look: in a terminal as lines, in a notebook as tables. Whatever a run says is escaped."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from beamtwin.databroker.run import Run
    from beamtwin.databroker.stream import Stream

__all__ = [
    "broker_html",
    "counted",
    "lines",
    "moment",
    "printable",
    "row",
    "run_html",
    "stream_html",
]

_COLUMNS = ("scan_id", "uid", "plan", "began (UTC)", "took", "state", "streams", "tags")
_LONGEST = 60
_MINUTE_S, _HOUR_S = 60, 3600
_COLOURS = {"success": "#2e7d32", "running": "#1565c0"}
_TROUBLE = "#b3261e"
_CELL = 'style="text-align:left;padding:2px 10px 2px 0;vertical-align:top"'
_SHOWN_APART = frozenset({"uid", "time", "scan_id", "plan_name", "hints"})


def moment(seconds: float) -> str:
    """``2023-11-14 22:13:20``, in UTC; a time that no calendar has as it is."""
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")
    except (OverflowError, OSError, ValueError):
        return repr(seconds)


def counted(number: int, what: str) -> str:
    """``1 event``, ``2 events``."""
    return f"{number} {what}{'s' * (number != 1)}"


def row(run: "Run") -> dict[str, str]:
    """What a list of runs says of one."""
    start = run.start
    streams = ", ".join(f"{name} {count}" for name, count in run.counts.items())
    return {
        "scan_id": str(start.get("scan_id", "")),
        "uid": run.uid[:8],
        "plan": str(start.get("plan_name", "")),
        "began (UTC)": moment(start["time"]),
        "took": _took(run),
        "state": run.state,
        "streams": streams or "none",
        "tags": ", ".join(run.annotations.get("tags", [])),
    }


def lines(runs: Iterable["Run"]) -> list[str]:
    """A table of runs, a line each, below one with the columns' names."""
    rows = [dict(zip(_COLUMNS, _COLUMNS, strict=True)), *map(row, runs)]
    cells = [[_short(entry[name]) for name in _COLUMNS] for entry in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return ["  ".join(map(str.ljust, line, widths)).rstrip() for line in cells]


def broker_html(title: str, runs: Iterable["Run"], more: int) -> str:
    """A table of runs, the last column first to be read."""
    body = [
        [_state(cell) if name == "state" else _text(cell) for name, cell in row(run).items()]
        for run in runs
    ]
    rest = f"<p>and {more} more</p>" if more > 0 else ""
    return f"<div><p><b>{escape(title)}</b></p>{_table(_COLUMNS, body)}{rest}</div>"


def run_html(run: "Run") -> str:
    """A run at a glance: what, when, how it ended, its streams, what was said of it."""
    start, notes = run.start, run.annotations.get("notes", [])
    plan, number = start.get("plan_name", "no plan"), start.get("scan_id", "-")
    facts = {
        "state": _state(run.state),
        "began": f"{moment(start['time'])} UTC",
        "took": _took(run) or "-",
        **{key: _text(_plain(value)) for key, value in start.items() if key not in _SHOWN_APART},
        "tags": _text(", ".join(run.annotations.get("tags", [])) or "-"),
        **{f"note {n}": _text(_note(note)) for n, note in enumerate(notes, 1)},
    }
    title = f"<p><b>{escape(str(plan))}</b>, scan_id {escape(str(number))}, <code>{escape(run.uid)}</code></p>"
    streams = [
        [_text(name), str(count), _text(", ".join(run[name].data_keys))]
        for name, count in run.counts.items()
    ]
    return f"<div>{title}{_facts(facts)}{_table(('stream', 'events', 'data keys'), streams)}</div>"


def stream_html(stream: "Stream") -> str:
    """A stream's data keys."""
    title = f"{stream.name} of run {stream.start['uid'][:8]}: {counted(len(stream), 'event')}"
    body = [[_text(cell) for cell in _key(name, key)] for name, key in stream.data_keys.items()]
    head = ("data key", "units", "dtype", "shape", "where", "source")
    return f"<div><p><b>{escape(title)}</b></p>{_table(head, body)}</div>"


def _key(name: str, key: Mapping[str, Any]) -> list[Any]:
    shape = " × ".join(str(size) for size in key.get("shape", []))
    where = "in files" if key.get("external") else "in events"
    return [
        name,
        key.get("units") or "",
        key.get("dtype", ""),
        shape,
        where,
        key.get("source", ""),
    ]


def _took(run: "Run") -> str:
    stop = run.stop
    if stop is None:
        return ""
    seconds = stop.get("time", float("nan")) - run.start["time"]
    if not 0 <= seconds < float("inf"):
        return ""
    if seconds < _MINUTE_S:
        return f"{seconds:.1f} s"
    hours, rest = divmod(round(seconds), _HOUR_S)
    return f"{hours}:{rest // _MINUTE_S:02d}:{rest % _MINUTE_S:02d}"


def _note(note: Mapping[str, Any]) -> str:
    when = f"{moment(note['time'])} UTC" if "time" in note else ""
    about = ", ".join(filter(None, [str(note.get("author", "")), when]))
    return f"{note['text']} ({about})" if about else str(note["text"])


def _plain(value: Any) -> str:
    """A dictionary as people write one."""
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {_plain(item)}" for key, item in value.items())
    return str(value)


def _state(state: str) -> str:
    return f'<span style="color:{_COLOURS.get(state, _TROUBLE)}">{escape(state)}</span>'


def _text(value: Any) -> str:
    return escape(_short(str(value), 3 * _LONGEST))


def printable(text: str) -> str:
    """A text on one line, without what terminals would obey."""
    line = " ".join(text.split())
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in line)


def _short(text: str, longest: int = _LONGEST) -> str:
    line = printable(text)
    return line if len(line) <= longest else line[: longest - 1] + "…"


def _facts(facts: Mapping[str, str]) -> str:
    rows = "".join(
        f"<tr><th {_CELL}>{_text(name)}</th><td {_CELL}>{html}</td></tr>"
        for name, html in facts.items()
    )
    return f"<table>{rows}</table>"


def _table(head: Sequence[str], body: Iterable[Sequence[str]]) -> str:
    titles = "".join(f"<th {_CELL}>{escape(name)}</th>" for name in head)
    rows = "".join(
        "<tr>" + "".join(f"<td {_CELL}>{cell}</td>" for cell in cells) + "</tr>" for cells in body
    )
    return f"<table><thead><tr>{titles}</tr></thead><tbody>{rows}</tbody></table>"
