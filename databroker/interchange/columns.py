"""Tables of text: a stream's single numbers and texts, with what they are in comment lines above.

A table of ours says in one of these lines, as JSON, what it takes to make a run of it again.
"""

import csv
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from beamtwin.databroker.broker import Broker
from beamtwin.databroker.errors import ImportFileError
from beamtwin.databroker.interchange.options import Options
from beamtwin.databroker.interchange.tables import import_table
from beamtwin.databroker.run import Run
from beamtwin.databroker.stores import jsontext
from beamtwin.databroker.stream import Stream

if TYPE_CHECKING:
    import numpy as np

__all__ = ["export_csv", "hinted", "import_csv", "is_numeric", "scalars"]

#: What begins the comment line from which a table of ours is read back.
_ABOUT = "# beamtwin: "
#: The column of when each event was, unless the stream has one of that name.
_TIME = "time"
#: Of which types a table of ours says what it says, and which of it must be there.
_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "time": (int, float),
    "start": dict,
    "units": dict,
    "axis": (str, type(None)),
    "times": str,
    "texts": list,
}
_NEEDED = ("time", "start", "units")


def export_csv(runs: Sequence[Run], path: Path, options: Options) -> None:
    """Write one stream's columns; every number is written in full."""
    (run,) = runs
    stream = run[options.stream]
    columns = stream.columns()
    found = scalars(stream)
    times = _free(_TIME, found)
    table = {times: columns.time, **found}
    total = len(columns.time)
    with path.open("w", encoding="utf-8", newline="") as file:
        file.writelines(f"# {line}\n" for line in _comments(run, stream, table, times))
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(map(_label, table))
        for number, row in enumerate(zip(*(c.tolist() for c in table.values()), strict=True)):
            if number % 1000 == 0:
                options.watch(path.name, number, total)
            writer.writerow(map(_cell, row))


def import_csv(broker: Broker, path: Path, options: Options) -> list[Run]:
    """File a table as a run. One of ours says itself what was scanned and when; for others, the options do.

    Raises
    ------
    ImportFileError
        Naming file, line, column and what is expected; nothing was filed.
    """
    about = _about(path)
    axis, time = options.axis or about.get("axis"), options.time
    time = about.get("time") if time is None else time
    if time is None or (axis is None and not about):
        raise ImportFileError(
            f"{path}: does not say {'when it was measured' if axis else 'which column was scanned'}; "
            "give --axis COLUMN and --time SECONDS (since 1970)"
        )
    left_out = ("hints",) if options.axis else ()
    return import_table(
        broker,
        path,
        axis=axis,
        time=time,
        times=about.get("times", _TIME) if about else None,
        units=about.get("units"),
        texts=about.get("texts", ()),
        metadata={k: v for k, v in about.get("start", {}).items() if k not in left_out},
    )


def scalars(stream: Stream) -> "dict[str, np.ndarray]":
    """Those of a stream's columns that have one value an event; references to files are none."""
    return {
        key: column
        for key, column in stream.columns().data.items()
        if column.ndim == 1 and not stream.data_keys.get(key, {}).get("external")
    }


def is_numeric(column: "np.ndarray") -> bool:
    """Whether a column holds nothing but numbers, with None where there is none."""
    return column.dtype.kind in "biuf" or (
        column.dtype.kind == "O"
        and all(value is None or isinstance(value, int | float) for value in column)
    )


def hinted(stream: Stream) -> list[str]:
    """The keys that are to be looked at first, as the devices say."""
    hints = [device for doc in stream.descriptors for device in doc.get("hints", {}).values()]
    return list(dict.fromkeys(key for device in hints for key in device.get("fields", [])))


def _comments(run: Run, stream: Stream, table: "Mapping[str, np.ndarray]", times: str) -> list[str]:
    """What the table is: for people, then in one line for programs."""
    units = {key: about["units"] for key, about in stream.data_keys.items() if about.get("units")}
    units = {_label(key): unit for key, unit in units.items() if key in table}
    left_out = [key for key in stream.data_keys if key not in table]
    about = {
        "axis": next((_label(key) for key in stream.dimensions if key in table), None),
        "time": run.start["time"],
        "times": times,
        "texts": [_label(key) for key, column in table.items() if not is_numeric(column)],
        "units": units,
        "start": run.start,
        "stop": run.stop,
    }
    lines = [
        f"{key}: {run.start[key]}" for key in ("uid", "scan_id", "plan_name") if key in run.start
    ]
    lines.append(f"stream: {stream.name}")
    lines += [f"{key} in {unit}" for key, unit in units.items()]
    lines += [f"left out, as no single number: {', '.join(left_out)}"] * bool(left_out)
    return [*map(_one_line, lines), f"beamtwin: {jsontext.dumps(about)}"]


def _about(path: Path) -> Mapping[str, Any]:
    """What a table of ours says of itself; nothing, if it is another's."""
    try:
        with path.open(encoding="utf-8") as file:
            for line in file:
                if line.startswith(_ABOUT):
                    about = jsontext.loads(line.removeprefix(_ABOUT))
                    return about if _is_sound(about) else {}
                if not line.startswith("#"):
                    break
    except (ValueError, KeyError, TypeError, RecursionError):
        return {}
    except OSError as error:
        raise ImportFileError(f"{path}: cannot be read: {error.strerror}") from error
    return {}


def _is_sound(about: Any) -> bool:
    """Whether what a table says of itself is what ours say."""
    return (
        isinstance(about, dict)
        and all(key in about for key in _NEEDED)
        and all(isinstance(about[key], kind) for key, kind in _TYPES.items() if key in about)
    )


def _free(name: str, taken: Collection[str]) -> str:
    """The name, or one like it that is not taken."""
    while name in taken:
        name = f"{name}_"
    return name


def _label(key: str) -> str:
    """A key as the name of a column."""
    return _one_line(key).strip()


def _cell(value: Any) -> str:
    """A value as text: floats so that they are read back as they were, truth as 1 and 0."""
    if isinstance(value, bool):
        return str(int(value))
    return "nan" if value is None else _one_line(str(value))


def _one_line(text: str) -> str:
    return " ".join(text.splitlines()) or text.strip()
