"""LiveTable: the events of a run as a table that grows by a line with each."""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from beamtwin.orchestration.live.base import CallbackBase, Document, get_obj_fields
from beamtwin.orchestration.live.columns import Column, column_of, fitted, unit_of

__all__ = ["LiveTable"]

#: Widths of the first two columns, which every table has.
_SEQ_NUM_WIDTH, _TIME_WIDTH = 5, 10


class LiveTable(CallbackBase):
    """Prints events as they come, in columns with the units and the precision of the data keys.

    Parameters
    ----------
    fields : list of str or devices
        The data keys to show; a device stands for those that it hints at.
    stream_name : str
        The stream whose events are shown.
    print_header_interval : int
        Lines after which the headings come again.
    min_width : int
        Characters that a column has at least, where the terminal is wide enough.
    default_prec : int
        Digits after the point of numbers whose data key has no ``precision``.
    extra_pad : int
        Blanks on either side of a column.
    separator_lines : bool
        Whether empty lines stand before and after the table.
    logbook : callable, optional
        Given the whole table as text at the end of the run.
    out : callable
        Takes each line.

    The time is the documents': virtual, where the clock is.
    """

    def __init__(
        self,
        fields: Iterable[Any],
        *,
        stream_name: str = "primary",
        print_header_interval: int = 50,
        min_width: int = 12,
        default_prec: int = 3,
        extra_pad: int = 1,
        separator_lines: bool = True,
        logbook: Callable[[str], object] | None = None,
        out: Callable[[str], object] = print,
    ):
        self.fields = get_obj_fields(fields)
        self._stream = stream_name
        self._interval = print_header_interval
        self._min_width = min_width
        self._default_prec = default_prec
        self._pad = " " * extra_pad
        self._separated = separator_lines
        self._logbook = logbook
        self._out = out
        self._begin({})

    def start(self, doc: Document) -> None:
        """Say which run this is."""
        self._begin(doc)
        if self._separated:
            self._print("")
        self._print(_title(doc), "bold")

    def descriptor(self, doc: Document) -> None:
        """Head the columns."""
        if doc["name"] != self._stream:
            return
        again = bool(self._descriptors)
        self._descriptors.add(doc["uid"])
        columns = self._lay_out(doc["data_keys"])
        if not again or [each.heading for each in columns] != [
            each.heading for each in self._columns
        ]:
            if again:
                self._print(self._rule("└┴┘"), "dim")
            self._columns = columns
            self._print_header("┌┬┐")
        self._columns = columns

    def event(self, doc: Document) -> None:
        """Print a line."""
        if doc["descriptor"] not in self._descriptors:
            return
        if self._lines and self._lines % self._interval == 0:
            self._print_header("├┼┤")
        self._lines += 1
        data = doc["data"]
        cells = [f"{doc['seq_num']:>{_SEQ_NUM_WIDTH}}", self._clock_face(doc["time"])]
        cells += [
            column.show(data[key]) if (key := column.key) in data else " " * column.width
            for column in self._columns
        ]
        self._print(self._row(cells))

    def stop(self, doc: Document) -> None:
        """Close the table, and say how the run ended."""
        if doc.get("run_start") != self._start.get("uid"):
            return
        if self._descriptors:
            self._print(self._rule("└┴┘"), "dim")
        self._print(
            _ending(self._start, doc, self._lines),
            None if doc["exit_status"] == "success" else "bold red",
        )
        if self._separated:
            self._print("")
        if self._logbook is not None:
            self._logbook("\n".join(self._kept))

    # --- lines ----------------------------------------------------------------------------------

    def _begin(self, start: Document) -> None:
        self._start = start
        self._descriptors: set[str] = set()
        self._columns: list[Column] = []
        self._lines = 0
        self._second: tuple[int, str] = (-1, "")
        self._kept: list[str] = []

    def _print(self, line: str, style: str | None = None) -> None:
        if self._logbook is not None:
            self._kept.append(line)
        self._out(_painted(line, style) if style and self._out is print else line)

    def _row(self, cells: Iterable[str]) -> str:
        pad = self._pad
        return f"│{pad}{f'{pad}│{pad}'.join(cells)}{pad}│"

    def _rule(self, corners: str) -> str:
        left, cross, right = corners
        widths = [_SEQ_NUM_WIDTH, _TIME_WIDTH, *(column.width for column in self._columns)]
        return left + cross.join("─" * (width + 2 * len(self._pad)) for width in widths) + right

    def _print_header(self, corners: str) -> None:
        columns = self._columns
        names = [fitted(column.key, column.width) for column in columns]
        units = [fitted(column.unit, column.width) for column in columns]
        self._print(self._rule(corners), "dim")
        self._print(
            self._row([f"{'#':>{_SEQ_NUM_WIDTH}}", f"{'time':>{_TIME_WIDTH}}", *names]), "bold"
        )
        if any(column.unit for column in columns):
            self._print(self._row([" " * _SEQ_NUM_WIDTH, f"{'UTC':>{_TIME_WIDTH}}", *units]), "dim")
        self._print(self._rule("├┼┤"), "dim")

    def _clock_face(self, time: float) -> str:
        """Hours, minutes, seconds and tenths; worked out once a second."""
        tenths = int(time * 10)
        second, tenth = divmod(tenths, 10)
        if second != self._second[0]:
            self._second = (second, f"{datetime.fromtimestamp(second, UTC):%H:%M:%S}")
        return f"{self._second[1]}.{tenth}"

    # --- columns --------------------------------------------------------------------------------

    def _lay_out(self, data_keys: Mapping[str, Document]) -> list[Column]:
        """The columns of the fields that this stream has, as wide as they would be if there is room."""
        shown = [key for key in self.fields if key in data_keys]
        wanted = [max(self._min_width, len(key), len(unit_of(data_keys[key]))) for key in shown]
        first = _SEQ_NUM_WIDTH + _TIME_WIDTH + 2
        taken = first + (len(shown) + 2) * (2 * len(self._pad) + 1) - 1
        room = (_terminal_width() - taken) // max(1, len(shown))
        least = min(self._min_width, max(wanted, default=0))
        return [
            column_of(key, data_keys[key], min(width, max(least, room)), self._default_prec)
            for key, width in zip(shown, wanted, strict=True)
        ]


# --- the lines before and after -----------------------------------------------------------------


def _title(start: Document) -> str:
    when = f"{datetime.fromtimestamp(start['time'], UTC):%Y-%m-%d %H:%M:%S} UTC"
    parts = [f"scan {start['scan_id']}"] if "scan_id" in start else []
    parts += [start.get("plan_name") or "", start["uid"][:8], when]
    return " · ".join(part for part in parts if part)


def _ending(start: Document, stop: Document, lines: int) -> str:
    seconds = stop["time"] - start["time"]
    ending = f"{lines:,} event{'' if lines == 1 else 's'} in {_duration(seconds)} · {stop['exit_status']}"
    return f"{ending}: {stop['reason']}" if stop.get("reason") else ending


def _duration(seconds: float) -> str:
    """As people say it: ``2 h 05 min``, ``3 min 20 s``, ``4.1 s``."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


# --- the terminal -------------------------------------------------------------------------------


def _terminal_width() -> int:
    from rich.console import Console

    return Console().width


def _painted(line: str, style: str) -> str:
    """With the terminal's codes for a style; as it is, where there is no terminal."""
    from rich.console import Console

    console = Console()
    if not console.is_terminal:
        return line
    with console.capture() as captured:
        console.print(line, style=style, end="", highlight=False, markup=False, soft_wrap=True)
    return captured.get()
