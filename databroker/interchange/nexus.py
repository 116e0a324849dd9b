"""NeXus files: an NXentry a run, with data to be plotted, instrument, sample, and every document as JSON.

The chain of defaults leads from the file over the entry to an NXdata with signal and axes
(https://manual.nexusformat.org/datarules.html), so that any NeXus viewer shows a plot at once.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from beamtwin.databroker.errors import ExportError
from beamtwin.databroker.interchange.columns import hinted
from beamtwin.databroker.interchange.frames import Frames, frames_of
from beamtwin.databroker.interchange.options import Options, Watch
from beamtwin.databroker.run import Run
from beamtwin.databroker.stores import jsontext
from beamtwin.databroker.stream import Stream

if TYPE_CHECKING:
    import h5py
    import numpy as np

__all__ = ["add_documents", "add_entry", "copy_frames", "export_nexus", "group", "hdf5", "when"]

_CREATOR = "beamtwin"
_FRAMES = "frames of {}"
#: Of the numeric kinds of numpy, those that can be an axis or a signal.
_NUMERIC = "biuf"


def export_nexus(runs: Sequence[Run], path: Path, options: Options) -> None:
    """Write each run as an entry, its frames too."""
    with hdf5(path) as file:
        for number, run in enumerate(runs):
            name = "entry" if len(runs) == 1 else f"entry_{number + 1}"
            entry = add_entry(file, name, run)
            streams = {stream: _data(entry, run[stream], options.watch) for stream in run.streams}
            if streams:
                entry.attrs["default"] = str(next(iter(streams.values())).name).rpartition("/")[2]
            _add_instrument(entry, run, streams)
            add_documents(entry, run)
        file.attrs["default"] = next(iter(file))


@contextmanager
def hdf5(path: Path) -> Iterator["h5py.File"]:
    """A new file that begins as NeXus asks.

    Raises
    ------
    OSError
        If there was no room for it.
    """
    import h5py

    with path.open("w+b", buffering=0) as raw:
        disk = _Disk(raw)
        with h5py.File(disk, "w") as file:
            file.attrs.update(NX_class="NXroot", creator=_CREATOR)
            file.attrs["HDF5_Version"] = h5py.version.hdf5_version
            yield file
        if disk.error is not None:
            raise disk.error


class _Disk:
    """A file that takes everything, and remembers what it had no room for.

    HDF5 cannot close a file that it fails to write to: it would try again until the process ends, and crash it then.
    """

    def __init__(self, raw: IO[bytes]):
        self._raw = raw
        self.error: OSError | None = None
        self.seek, self.tell, self.read = raw.seek, raw.tell, raw.read

    def write(self, data: Any) -> int:
        """All of the data, unless an earlier part is missing."""
        rest = memoryview(data).cast("B")
        size = len(rest)
        try:
            while rest and self.error is None:
                rest = rest[self._raw.write(rest) :]
        except OSError as error:
            self.error = error
        return size

    def truncate(self, size: int) -> int:
        """Make it so long."""
        try:
            return self._raw.truncate(size)
        except OSError as error:
            self.error = self.error or error
            return size

    def flush(self) -> None:
        """Nothing is held back."""


def add_entry(file: "h5py.File", name: str, run: Run) -> "h5py.Group":
    """What a run is, and when it was."""
    start, stop = run.start, run.stop or {}
    entry = group(file, name, "NXentry")
    entry["title"] = str(
        start.get("title") or f"{start.get('plan_name', 'run')} {start.get('scan_id', '')}"
    ).strip()
    entry["entry_identifier"] = entry["entry_identifier_uuid"] = run.uid
    entry["program_name"] = _CREATOR
    entry["start_time"] = when(start["time"])
    if "time" in stop:
        entry["end_time"] = when(stop["time"])
        _put(entry, "duration", float(stop["time"] - start["time"]), "s")
    entry["run_state"] = run.state
    _add_sample(entry, start)
    return entry


def add_documents(entry: "h5py.Group", run: Run) -> None:
    """The metadata as they are, which no definition has a place for."""
    notes = group(entry, "documents", "NXcollection")
    texts = {"start": run.start, "stop": run.stop}
    texts["descriptors"] = [doc for _, doc in run.documents(["descriptor"])]
    for name, document in texts.items():
        note = group(notes, name, "NXnote")
        note["type"] = "application/json"
        note["data"] = jsontext.dumps(document)


def copy_frames(
    parent: "h5py.Group",
    name: str,
    parts: Sequence[tuple[Frames, Sequence[int]]],
    watch: Watch,
    *,
    flat: bool = True,
) -> "h5py.Dataset":
    """The frames of these events, a block at a time.

    Shape (frames, rows, columns); if not ``flat``, and an event has several: (events, frames, rows, columns).
    """
    import numpy as np

    shapes = {frames.shape for frames, _ in parts}
    if len(shapes) > 1:
        raise ExportError(f"{parts[0][0].label}: frames of several shapes: {sorted(shapes)}")
    (shape,), total = shapes, sum(frames.per_event * len(events) for frames, events in parts)
    per_event = 1 if flat else parts[0][0].per_event
    lead = (total,) if per_event == 1 else (total // per_event, per_event)
    chunk = (*[1] * len(lead), *shape)
    compression = {"chunks": chunk, "compression": "gzip", "compression_opts": 1}
    dtype = np.result_type(*(frames.dtype for frames, _ in parts))
    out = parent.create_dataset(
        name, (*lead, *shape), dtype, **(compression if total and min(shape) else {})
    )
    done = 0
    for frames, events in parts:
        for block in frames.blocks(events):
            _place(out, done, block, per_event)
            done += len(block)
            watch(_FRAMES.format(frames.key), done, total)
    return out


def _place(out: "h5py.Dataset", first: int, block: "np.ndarray", per_event: int) -> None:
    """A block of consecutive frames: whole events, or part of one."""
    event, within = divmod(first, per_event)
    if per_event == 1:
        out[first : first + len(block)] = block
    elif len(block) % per_event:
        out[event, within : within + len(block)] = block
    else:
        rows = block.reshape(-1, per_event, *block.shape[1:])
        out[event : event + len(rows)] = rows


def group(parent: "h5py.Group", name: str, nx_class: str) -> "h5py.Group":
    """A group of a NeXus class."""
    made = parent.create_group(name)
    made.attrs["NX_class"] = nx_class
    return made


def when(time: float) -> str:
    """A time in seconds since the Unix epoch as ISO 8601, in UTC."""
    return datetime.fromtimestamp(time, UTC).isoformat(timespec="microseconds")


# --- data -------------------------------------------------------------------


def _data(entry: "h5py.Group", stream: Stream, watch: Watch) -> "h5py.Group":
    """A stream as NXdata; the primary one is called ``data``."""
    name = "data" if stream.name == "primary" else _nexus_name(stream.name, entry)
    data = group(entry, name, "NXdata")
    columns = stream.columns()
    _put(data, "EPOCH", columns.time, "s").attrs["long_name"] = "time, seconds since 1970"
    for key, about in stream.data_keys.items():
        dataset = _dataset(data, stream, key, columns.data.get(key), watch)
        dataset.attrs["long_name"] = key
        for attribute in ("units", "source"):
            if about.get(attribute):
                dataset.attrs[attribute] = str(about[attribute])
    _mark(data, stream)
    return data


def _dataset(
    data: "h5py.Group", stream: Stream, key: str, column: "np.ndarray | None", watch: Watch
) -> "h5py.Dataset":
    name = _nexus_name(key, data)
    if not stream.data_keys[key].get("external"):
        return _put(data, name, column)
    if len(stream.data_keys[key]["shape"]) < 2:
        return _put(data, name, stream.read([key])[key].to_numpy())
    frames = frames_of(stream, key)
    return copy_frames(data, name, [(frames, range(len(frames.data)))], watch, flat=False)


def _mark(data: Any, stream: Stream) -> None:
    """Say what is plotted, and over what."""
    by_key = {dataset.attrs.get("long_name"): name for name, dataset in data.items()}
    count = len(data["EPOCH"])
    fits = {key: name for key, name in by_key.items() if _plots(data[name], count)}
    axes = [fits[key] for key in stream.dimensions if key in fits] or ["EPOCH"]
    candidates = [key for key in (*hinted(stream), *stream.data_keys) if key in fits]
    signals = [fits[key] for key in candidates if fits[key] not in axes] or [axes[0]]
    signal = data[signals[0]]
    data.attrs["signal"] = signals[0]
    data.attrs["axes"] = [axes[0], *["."] * (signal.ndim - 1)]
    for axis in axes:
        data.attrs[f"{axis}_indices"] = [0]
    others = [name for name in dict.fromkeys(signals[1:]) if data[name].shape == signal.shape]
    if others:
        data.attrs["auxiliary_signals"] = others


def _plots(dataset: "h5py.Dataset", count: int) -> bool:
    return dataset.dtype.kind in _NUMERIC and dataset.ndim > 0 and len(dataset) == count


def _put(parent: "h5py.Group", name: str, values: Any, units: str | None = None) -> "h5py.Dataset":
    """A dataset of numbers or texts; what is neither, as JSON."""
    import h5py
    import numpy as np

    array = np.asarray(values)
    if array.dtype.kind in "OUSMm":
        texts = np.array([_text(value) for value in array.ravel()], object).reshape(array.shape)
        dataset = parent.create_dataset(name, data=texts, dtype=h5py.string_dtype())
    else:
        dataset = parent.create_dataset(name, data=array)
    if units:
        dataset.attrs["units"] = units
    return dataset


def _text(value: Any) -> str:
    text = value if isinstance(value, str) else jsontext.dumps(value)
    return text.replace("\0", "")  # which ends a string in HDF5


# --- instrument and sample --------------------------------------------------


def _add_instrument(entry: "h5py.Group", run: Run, streams: Mapping[str, "h5py.Group"]) -> None:
    """Each device with what it was set to, and links to what it gave."""
    instrument: Any = group(entry, "instrument", "NXinstrument")
    name = run.start.get("twin", {}).get("scenario") or run.start.get("beamline_id") or "unknown"
    instrument["name"] = str(name)
    for stream_name, data in streams.items():
        stream = run[stream_name]
        places = {dataset.attrs.get("long_name"): dataset for dataset in data.values()}
        for device, keys in stream.descriptors[-1].get("object_keys", {}).items():
            own = _nexus_name(device, None)
            if own not in instrument:
                _add_device(instrument, own, stream, device, keys)
            values = instrument[own].require_group(stream_name.replace("/", "_"))
            values.attrs["NX_class"] = "NXcollection"
            for key in keys:
                if key in places:
                    places[key].attrs.setdefault("target", places[key].name)
                    values[places[key].name.rpartition("/")[2]] = places[key]


def _add_device(
    instrument: "h5py.Group", name: str, stream: Stream, device: str, keys: Sequence[str]
) -> None:
    made = group(instrument, name, _device_class(stream, keys))
    made["name" if made.attrs["NX_class"] == "NXpositioner" else "local_name"] = device
    configuration = stream.descriptors[-1].get("configuration", {}).get(device, {})
    if configuration.get("data"):
        settings = group(made, "configuration", "NXcollection")
        for key, value in configuration["data"].items():
            about = configuration.get("data_keys", {}).get(key, {})
            _put(settings, _nexus_name(key, settings), value, about.get("units"))


def _device_class(stream: Stream, keys: Sequence[str]) -> str:
    if any(key in stream.dimensions for key in keys):
        return "NXpositioner"
    frames = any(stream.data_keys.get(key, {}).get("dtype") == "array" for key in keys)
    return "NXdetector" if frames or any(key in hinted(stream) for key in keys) else "NXcollection"


def _add_sample(entry: "h5py.Group", start: Mapping[str, Any]) -> None:
    """What the start document says of the sample: a name, or a dictionary."""
    about = start.get("sample", start.get("sample_name"))
    if not about:
        return
    sample = group(entry, "sample", "NXsample")
    known = about if isinstance(about, Mapping) else {"name": about}
    for key, value in known.items():
        _put(
            sample,
            _nexus_name(key, sample),
            _text(value) if isinstance(value, Mapping | list) else value,
        )


def _nexus_name(key: str, parent: "h5py.Group | None") -> str:
    """A key as NeXus has names, and as no other in its group."""
    name = re.sub(r"[^A-Za-z0-9_.]", "_", key).strip(".") or "_"
    number, unique = 1, name
    while parent is not None and unique in parent:
        number += 1
        unique = f"{name}_{number}"
    return unique
