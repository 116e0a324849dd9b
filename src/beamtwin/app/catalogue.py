"""The catalogue that a command means, and the runs in it."""

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from beamtwin.app.options import CATALOG, data_folder, data_path
from beamtwin.databroker.broker import Broker
from beamtwin.databroker.catalogs import catalogs
from beamtwin.databroker.display import printable
from beamtwin.databroker.interchange.options import Watch
from beamtwin.databroker.opening import ASSETS
from beamtwin.databroker.run import Run
from beamtwin.orchestration.clock import WallClock

__all__ = [
    "Catalogue",
    "find",
    "find_all",
    "kind_of",
    "open_catalogue",
    "print_json",
    "progress",
    "report_interrupted",
    "summary",
]

_SIMULATED = ("twin", "ioc")


@dataclass(frozen=True, slots=True)
class Catalogue:
    """An open catalogue, what it was called, and where its imported files go."""

    broker: Broker
    name: str
    assets: Path


@contextmanager
def open_catalogue(
    given: str | None, *, write: bool = False, roots: Iterable[Path] = ()
) -> Iterator[Catalogue]:
    """The catalogue of a data folder, of a URI, or of a name in the user's configuration.

    Parameters
    ----------
    given : str, optional
        As the command line has it; default: `data_path`'s.
    write : bool
        Whether a folder is made where there is none.
    roots : iterable of Path
        The folders of which files may go into exports, besides the data folder's own.
    """
    elsewhere = given is not None and ("://" in given or _is_name(given, write))
    if elsewhere:
        assets, target = data_path(None) / ASSETS, given
        options: dict[str, Any] = {}
    else:
        folder = Path(given) if given else None
        data = data_folder(folder) if write else data_path(folder)
        assets, target, options = data / ASSETS, data / CATALOG, {"readonly": not write}
    shared = [assets, *roots]
    with Broker.open(str(target), clock=WallClock(), roots=shared, **options) as broker:
        name = str(given if elsewhere else assets.parent)
        yield Catalogue(broker, name, assets / "imported")


def find(broker: Broker, key: str) -> Run:
    """The run that a word of the command line means: a uid, its beginning, a scan_id, or -1."""
    try:
        number = int(key)
    except ValueError:
        return broker[key]
    # Eight characters of a uid, as lists print them, may all be digits; no scan_id has so many.
    return broker[key] if len(key) >= 8 else broker[number]


def kind_of(run: Run) -> str:
    """``simulation``, if the twin answered; else ``experiment``."""
    return "simulation" if run.start.get("twin", {}).get("target") in _SIMULATED else "experiment"


def summary(run: Run) -> dict[str, Any]:
    """A run in a few words, for programs."""
    start, counts = run.start, run.counts
    return {
        "uid": run.uid,
        "scan_id": start.get("scan_id"),
        "plan_name": start.get("plan_name"),
        "time": start["time"],
        "state": run.state,
        "kind": kind_of(run),
        "points": sum(counts.values()),
        "streams": counts,
        "tags": run.tags,
    }


def print_json(value: Any) -> None:
    """For programs: no colours, no folding; what JSON lacks as the next best thing."""
    print(json.dumps(_plain(value), indent=1, allow_nan=False))


def report_interrupted(broker: Broker, console: Console, data: Path | str) -> None:
    """Say which runs were left without an end since anybody last began to write in the data folder."""
    for run in broker.interrupted(new=True):
        scan, uid = run.start.get("scan_id", "?"), run.uid[:8]
        points = sum(len(run[name]) for name in run.streams)
        said = (
            f"scan {scan} ({uid}) has no end: its process died, or could write no more. "
            f"What it had stored is there, {points} points: beamtwin show {uid} --data {data}"
        )
        console.print(printable(said), style="yellow", markup=False, soft_wrap=True)


@contextmanager
def progress(console: Console) -> Iterator[Watch]:
    """Who is told how far something is; on a terminal a bar shows it."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
    with Progress(
        *columns,
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    ) as bars:
        tasks: dict[str, Any] = {}

        def watch(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=total)
            bars.update(tasks[what], completed=done, total=total)

        yield watch


def find_all(broker: Broker, keys: Sequence[str]) -> list[Run]:
    """The runs that these words mean, each once."""
    return list({run.uid: run for run in (find(broker, key) for key in keys)}.values())


def _is_name(given: str, write: bool) -> bool:
    """A word that is no folder is a catalogue's name, unless a folder of that name may be made."""
    is_word = not Path(given).exists() and Path(given).name == given
    return is_word and (not write or given in catalogs())


def _plain(value: Any) -> Any:
    """Arrays as lists, bytes as hexadecimal digits, dates as ISO 8601, NaN and infinity as null."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, bytes):
        return value.hex()
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
