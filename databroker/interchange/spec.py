"""SPEC data files: several scans, each with a table of columns; read by silx, spec2nexus, PyMca, and `specreading`.

Format: https://certif.com/spec_help/scans.html. Times without a zone, as SPEC writes them (``#D``), are UTC here.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from beamtwin.databroker.interchange.columns import hinted, is_numeric, scalars
from beamtwin.databroker.interchange.options import Options
from beamtwin.databroker.run import Run
from beamtwin.databroker.stores import jsontext
from beamtwin.databroker.stream import Stream

__all__ = ["DATE", "OURS", "export_spec"]

DATE = "%a %b %d %H:%M:%S %Y"
#: The comment by which our files are known: what they say of metadata is JSON.
OURS = "written by beamtwin"
#: A key that is written as it is, and not as JSON.
_PLAIN_KEY = re.compile(r"[^\s\"=]+")
#: Motors on one line of a header, as SPEC has it.
_MOTORS_PER_LINE = 8
#: Names in SPEC files are separated by two blanks, so none may hold two.
_GAP = "  "


def export_spec(runs: Sequence[Run], path: Path, options: Options) -> None:
    """Write one stream of each run as a scan of one file."""
    positions = [_positions(run) for run in runs]
    motors = list(dict.fromkeys(name for own in positions for name in own))
    epoch = math.floor(min(run.start["time"] for run in runs))
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(f"{line}\n" for line in _header(path, epoch, motors))
        for number, (run, own) in enumerate(zip(runs, positions, strict=True)):
            options.watch(path.name, number, len(runs))
            file.writelines(
                f"{line}\n" for line in _scan(run, number + 1, epoch, motors, own, options)
            )


def _header(path: Path, epoch: int, motors: Sequence[str]) -> Iterator[str]:
    yield f"#F {_name(path.name)}"
    yield f"#E {epoch}"
    yield f"#D {_date(epoch)}"
    yield f"#C {OURS}; times are UTC"
    for number, names in enumerate(_lines(motors)):
        yield f"#O{number} {_GAP.join(map(_name, names))}"
    for number, names in enumerate(_lines(motors)):
        yield f"#o{number} {' '.join(_name(name).replace(' ', '_') for name in names)}"


def _scan(
    run: Run,
    number: int,
    epoch: int,
    motors: Sequence[str],
    positions: Mapping[str, float],
    options: Options,
) -> Iterator[str]:
    stream = run[options.stream]
    table = _table(stream, epoch)
    yield ""
    yield f"#S {run.start.get('scan_id') or number} {_command(run, stream, table)}"
    yield f"#D {_date(run.start['time'])}"
    for line, names in enumerate(_lines(motors)):
        yield f"#P{line} {' '.join(_number(positions.get(name, math.nan)) for name in names)}"
    for key, value in run.start.items():
        yield f"#MD {_key(key)} = {jsontext.dumps(value)}"
    yield f"#C {run.state}"
    yield f"#N {len(table)}"
    yield f"#L {_GAP.join(map(_name, table))}"
    for row in zip(*table.values(), strict=True):
        yield " ".join(map(_number, row))


def _table(stream: Stream, epoch: int) -> dict[str, list[float]]:
    """The columns in SPEC's order: what was scanned, the rest, the time, and last what is looked at."""
    numeric = {
        key: [math.nan if value is None else value for value in column.tolist()]
        for key, column in scalars(stream).items()
        if is_numeric(column)
    }
    scanned = [key for key in stream.dimensions if key in numeric]
    looked_at = [key for key in hinted(stream) if key in numeric and key not in scanned][:1]
    rest = [key for key in numeric if key not in scanned and key not in looked_at]
    times = stream.columns().time.tolist()
    return {
        **{key: numeric[key] for key in scanned + rest},
        "Epoch": [time - epoch for time in times],
        **{key: numeric[key] for key in looked_at},
    }


def _command(run: Run, stream: Stream, table: Mapping[str, Sequence[float]]) -> str:
    """Such as ``scan  m1 -0.5 0.5 10``, the last being the number of intervals."""
    words = [_name(str(run.start.get("plan_name", "scan")))]
    for key in stream.dimensions:
        if key in table and len(table[key]):
            words.append(f"{_name(key)} {_number(table[key][0])} {_number(table[key][-1])}")
    return f"{words[0]}  {' '.join(words[1:])} {max(len(table['Epoch']) - 1, 0)}"


def _positions(run: Run) -> dict[str, float]:
    """Where everything was at the beginning, as far as the run has a baseline."""
    if "baseline" not in run.streams or not len(run["baseline"]):
        return {}
    first = ((key, column[0]) for key, column in scalars(run["baseline"]).items())
    return {key: float(value) for key, value in first if value.dtype.kind in "biuf"}


def _lines(names: Sequence[str]) -> list[Sequence[str]]:
    return [names[n : n + _MOTORS_PER_LINE] for n in range(0, len(names), _MOTORS_PER_LINE)]


def _name(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


def _key(text: str) -> str:
    """A key, so that it can be told from what follows it."""
    return text if _PLAIN_KEY.fullmatch(text) else json.dumps(text)


def _number(value: float) -> str:
    return repr(int(value) if isinstance(value, bool) else value)


def _date(time: float) -> str:
    return datetime.fromtimestamp(time, UTC).strftime(DATE)
