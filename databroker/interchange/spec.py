"""SPEC data files: several scans, each with a table of columns; read by silx, spec2nexus, PyMca.

Format: https://certif.com/spec_help/scans.html. Times without a zone, as SPEC writes them (``#D``), are UTC here;
of other files the zone is found by comparing the header's ``#D`` with its ``#E``, the seconds since 1970.
"""

import hashlib
import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid5

from beamtwin.databroker.broker import Broker
from beamtwin.databroker.errors import ImportFileError
from beamtwin.databroker.interchange.columns import hinted, scalars
from beamtwin.databroker.interchange.composing import NAMESPACE, Points, compose
from beamtwin.databroker.interchange.documents import file_runs
from beamtwin.databroker.interchange.options import Options
from beamtwin.databroker.run import Run
from beamtwin.databroker.stores import jsontext
from beamtwin.databroker.stores.base import NamedDocument
from beamtwin.databroker.stream import Stream

__all__ = ["export_spec", "import_spec"]

_DATE = "%a %b %d %H:%M:%S %Y"
#: Of a scan, as long as a database takes it.
_SCAN_ID = re.compile(r"[0-9]{1,18}")
#: Motors on one line of a header, as SPEC has it.
_MOTORS_PER_LINE = 8
#: Names in SPEC files are separated by two blanks, so none may hold two.
_GAP = "  "


# --- out --------------------------------------------------------------------


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
    yield "#C written by beamtwin; times are UTC"
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
        yield f"#MD {_name(key)} = {jsontext.dumps(value)}"
    yield f"#C {run.state}"
    yield f"#N {len(table)}"
    yield f"#L {_GAP.join(map(_name, table))}"
    for row in zip(*table.values(), strict=True):
        yield " ".join(map(_number, row))


def _table(stream: Stream, epoch: int) -> dict[str, list[float]]:
    """The columns in SPEC's order: what was scanned, the rest, the time, and last what is looked at."""
    columns = scalars(stream).items()
    numeric = {key: column.tolist() for key, column in columns if column.dtype.kind in "biuf"}
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


def _number(value: float) -> str:
    return repr(int(value) if isinstance(value, bool) else value)


def _date(time: float) -> str:
    return datetime.fromtimestamp(time, UTC).strftime(_DATE)


# --- in ---------------------------------------------------------------------


@dataclass(slots=True)
class _Scan:
    """A scan of a file, or the header that holds for those after it."""

    line: int
    command: str = ""
    local_s: float | None = None
    """When it began, its date read as if it were UTC."""
    labels: list[str] = field(default_factory=list)
    positions: list[float] = field(default_factory=list)
    rows: list[dict[str, float]] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)
    motors: list[str] = field(default_factory=list)
    epoch: float = 0.0
    zone_s: float = 0.0
    """What is to be subtracted of a date that is read as UTC."""


def import_spec(broker: Broker, path: Path, options: Options) -> list[Run]:
    """File each scan as a run; those that were filed before are found and not filed again.

    Raises
    ------
    ImportFileError
        Naming file, line and what is expected; nothing was filed.
    """
    try:
        content = path.read_bytes()
        text = content.decode("utf-8", errors="surrogateescape").encode("utf-8", "replace").decode()
    except OSError as error:
        raise ImportFileError(f"{path}: cannot be read: {error.strerror}") from error
    scans = _read(path, text.splitlines())
    if not scans:
        raise ImportFileError(f"{path}: has no scan (#S) with columns (#L)")
    sha256 = hashlib.sha256(content).hexdigest()
    runs = {
        str(uuid5(NAMESPACE, json.dumps([sha256, number]))): scan
        for number, scan in enumerate(scans)
    }
    new = [uid for uid in runs if uid not in broker]
    file_runs(broker, (_documents(path, uid, runs[uid], sha256) for uid in new), str(path))
    return [broker[uid] for uid in runs]


def _read(path: Path, lines: Iterable[str]) -> list[_Scan]:
    header, scans, current = _Scan(0), [], None
    for number, line in enumerate(lines, 1):
        if line.startswith("#S "):
            current = _Scan(number, motors=header.motors, epoch=header.epoch, zone_s=header.zone_s)
            scans.append(current)
        elif line.startswith(("#F ", "#E ")) and (current is not None or line.startswith("#F ")):
            header, current = _Scan(number), None
        try:
            _take(line, header if current is None else current)
        except (ValueError, OverflowError) as error:
            raise ImportFileError(f"{path}, line {number}: {error}") from error
    return [scan for scan in scans if scan.labels]


def _take(line: str, scan: _Scan) -> None:
    """Note what a line says of a scan, or of all that follow it."""
    mark, _, rest = line.partition(" ")
    if not line.startswith("#"):
        _take_row(line, scan)
    elif mark == "#S":
        scan.command = rest.strip()
    elif mark == "#E":
        scan.epoch = float(rest)
    elif mark == "#D":
        scan.local_s = _seconds(rest.strip())
        if not scan.command and scan.epoch:
            scan.zone_s = round((scan.local_s - scan.epoch) / 900) * 900
    elif mark == "#L":
        scan.labels = _unique(re.split(r"\s{2,}", rest.strip()))
    elif re.fullmatch(r"#O\d+", mark):
        scan.motors = [*scan.motors, *re.split(r"\s{2,}", rest.strip())]
    elif re.fullmatch(r"#P\d+", mark):
        scan.positions += [float(word) for word in rest.split()]
    elif mark == "#C":
        scan.comments.append(rest.strip())


def _take_row(line: str, scan: _Scan) -> None:
    if not line.strip() or not re.match(r"\s*[-+.\dnNiI]", line):
        return  # an empty line, or an array (@A), which a column has no room for
    words = line.split()
    if len(words) != len(scan.labels):
        raise ValueError(f"has {len(words)} numbers; expected {len(scan.labels)}: {scan.labels}")
    scan.rows.append(dict(zip(scan.labels, map(float, words), strict=True)))


def _unique(labels: Sequence[str]) -> list[str]:
    """Each label once: silx and PyMca count the others too."""
    return [
        label if label not in labels[:number] else f"{label}_{labels[:number].count(label)}"
        for number, label in enumerate(labels)
    ]


def _documents(path: Path, uid: str, scan: _Scan, sha256: str) -> Iterator[NamedDocument]:
    words = scan.command.split()
    time = scan.epoch if scan.local_s is None else scan.local_s - scan.zone_s
    axis = scan.labels[0]
    start = {
        "uid": uid,
        "time": time,
        "scan_id": int(words[0]) if words and _SCAN_ID.fullmatch(words[0]) else 0,
        "plan_name": words[1] if len(words) > 1 else "import_spec",
        "hints": {"dimensions": [[[axis], "primary"]]},
        "imported": {
            "file": path.name,
            "sha256": sha256,
            "command": scan.command,
            "comments": scan.comments,
        },
    }
    source = f"file:{path.name}"
    times = [scan.epoch + row["Epoch"] if "Epoch" in row else time for row in scan.rows]
    streams = [Points("primary", "spec", source, scan.rows, times, axis=axis)]
    if scan.motors and len(scan.motors) == len(scan.positions):
        positions = dict(zip(scan.motors, scan.positions, strict=True))
        streams.append(Points("baseline", "motors", source, [positions], [time]))
    return compose(start, streams)


def _seconds(date: str) -> float:
    """A date as if it were UTC."""
    return datetime.strptime(date, _DATE).replace(tzinfo=UTC).timestamp()
