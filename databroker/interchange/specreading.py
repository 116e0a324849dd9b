"""Reading SPEC data files: of SPEC and other programs, and those that `spec` writes.

Of other programs' files the zone of the times is found by comparing the header's ``#D`` with its ``#E``, the seconds
since 1970; their ``#MD`` lines, in which everybody writes what he likes, are left aside.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid5

from beamtwin.databroker.broker import Broker
from beamtwin.databroker.errors import ImportFileError
from beamtwin.databroker.interchange.composing import NAMESPACE, Points, compose, metadata_of
from beamtwin.databroker.interchange.documents import file_runs
from beamtwin.databroker.interchange.options import Options
from beamtwin.databroker.interchange.spec import DATE, OURS
from beamtwin.databroker.run import Run
from beamtwin.databroker.stores import jsontext
from beamtwin.databroker.stores.base import NamedDocument

__all__ = ["import_spec"]

#: Of a scan, as long as a database takes it.
_SCAN_ID = re.compile(r"[0-9]{1,18}")


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
    said: dict[str, Any] = field(default_factory=dict)
    """The metadata, in files of ours."""
    is_ours: bool = False


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
            current = _Scan(
                number,
                motors=header.motors,
                epoch=header.epoch,
                zone_s=header.zone_s,
                is_ours=any(said.startswith(OURS) for said in header.comments),
            )
            scans.append(current)
        elif line.startswith(("#F ", "#E ")) and (current is not None or line.startswith("#F ")):
            header, current = _Scan(number), None
        try:
            _take(line, header if current is None else current)
        except (ValueError, OverflowError, RecursionError) as error:
            raise ImportFileError(f"{path}, line {number}: {error}") from error
    return [scan for scan in scans if scan.labels]


def _take(line: str, scan: _Scan) -> None:
    """Note what a line says of a scan, or of all that follow it."""
    if not line.startswith("#"):
        _take_row(line, scan)
        return
    mark, _, rest = line.partition(" ")
    take = _BY_MARK.get(mark.rstrip("0123456789"))
    if take is not None:
        take(scan, rest.strip())


def _take_command(scan: _Scan, text: str) -> None:
    scan.command = text


def _take_epoch(scan: _Scan, text: str) -> None:
    scan.epoch = float(text)


def _take_date(scan: _Scan, text: str) -> None:
    scan.local_s = _seconds(text)
    if not scan.command and scan.epoch:
        scan.zone_s = round((scan.local_s - scan.epoch) / 900) * 900


def _take_labels(scan: _Scan, text: str) -> None:
    scan.labels = _unique(_names(text))


def _take_motors(scan: _Scan, text: str) -> None:
    scan.motors = [*scan.motors, *_names(text)]


def _take_positions(scan: _Scan, text: str) -> None:
    scan.positions += [float(word) for word in text.split()]


def _take_comment(scan: _Scan, text: str) -> None:
    scan.comments.append(text)


def _take_metadatum(scan: _Scan, text: str) -> None:
    if scan.is_ours:
        key, value = _metadatum(text)
        scan.said[key] = value


#: By the mark that begins a line, but for its number.
_BY_MARK: dict[str, Callable[[_Scan, str], None]] = {
    "#S": _take_command,
    "#E": _take_epoch,
    "#D": _take_date,
    "#L": _take_labels,
    "#O": _take_motors,
    "#P": _take_positions,
    "#C": _take_comment,
    "#MD": _take_metadatum,
}


def _metadatum(text: str) -> tuple[str, Any]:
    """A key and its value, as `_scan` writes them."""
    if not text.startswith('"'):
        key, _, value = text.partition(" = ")
        return key, jsontext.loads(value)
    key, end = json.JSONDecoder().raw_decode(text)
    return key, jsontext.loads(text[end:].removeprefix(" = "))


def _take_row(line: str, scan: _Scan) -> None:
    if not line.strip() or not re.match(r"\s*[-+.\dnNiI]", line):
        return  # an empty line, or an array (@A), which a column has no room for
    words = line.split()
    if len(words) != len(scan.labels):
        raise ValueError(f"has {len(words)} numbers; expected {len(scan.labels)}: {scan.labels}")
    scan.rows.append(dict(zip(scan.labels, map(float, words), strict=True)))


def _names(text: str) -> list[str]:
    return re.split(r"\s{2,}", text)


def _unique(labels: Sequence[str]) -> list[str]:
    """Each label once: silx and PyMca count the others too."""
    return [
        label if label not in labels[:number] else f"{label}_{labels[:number].count(label)}"
        for number, label in enumerate(labels)
    ]


def _documents(path: Path, uid: str, scan: _Scan, sha256: str) -> Iterator[NamedDocument]:
    time = scan.epoch if scan.local_s is None else scan.local_s - scan.zone_s
    about = metadata_of(scan.said, scan.labels) if scan.is_ours else _said_by_command(scan)
    start: dict[str, Any] = {"time": time} | about
    start |= {
        "uid": uid,
        "imported": {
            "file": path.name,
            "sha256": sha256,
            "command": scan.command,
            "comments": scan.comments,
        },
    }
    scanned = [key for keys, _ in start["hints"].get("dimensions", ()) for key in keys]
    source = f"file:{path.name}"
    times = [scan.epoch + row["Epoch"] if "Epoch" in row else start["time"] for row in scan.rows]
    axis = scanned[0] if scanned else None
    streams = [Points("primary", "spec", source, scan.rows, times, axis=axis)]
    if scan.motors and len(scan.motors) == len(scan.positions):
        positions = dict(zip(scan.motors, scan.positions, strict=True))
        streams.append(Points("baseline", "motors", source, [positions], [start["time"]]))
    return compose(start, streams)


def _said_by_command(scan: _Scan) -> dict[str, Any]:
    """What a scan of another program is: ``3 ascan  chi 0 1 10 0.1``."""
    words = scan.command.split()
    return {
        "scan_id": int(words[0]) if words and _SCAN_ID.fullmatch(words[0]) else 0,
        "plan_name": words[1] if len(words) > 1 else "import_spec",
        "hints": {"dimensions": [[[scan.labels[0]], "primary"]]},
    }


def _seconds(date: str) -> float:
    """A date as if it were UTC."""
    return datetime.strptime(date, DATE).replace(tzinfo=UTC).timestamp()
