"""A stream as NXdata: its columns and frames, and what of them a viewer is to plot."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from beamtwin.databroker.errors import ExportError
from beamtwin.databroker.interchange.columns import hinted
from beamtwin.databroker.interchange.frames import Frames, frames_of
from beamtwin.databroker.interchange.nexusfiles import group, nexus_name, put
from beamtwin.databroker.interchange.options import Watch
from beamtwin.databroker.stream import Stream

if TYPE_CHECKING:
    import h5py
    import numpy as np

__all__ = ["add_data", "copy_frames"]

_FRAMES = "frames of {}"
#: Of the numeric kinds of numpy, those that can be an axis or a signal.
_NUMERIC = "biuf"


def add_data(entry: "h5py.Group", stream: Stream, watch: Watch) -> "h5py.Group":
    """A stream as NXdata; the primary one is called ``data``."""
    name = "data" if stream.name == "primary" else nexus_name(stream.name, entry)
    data = group(entry, name, "NXdata")
    columns = stream.columns()
    put(data, "EPOCH", columns.time, "s").attrs["long_name"] = "time, seconds since 1970"
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
    name = nexus_name(key, data)
    if not stream.data_keys[key].get("external"):
        return put(data, name, column)
    if len(stream.data_keys[key]["shape"]) < 2:
        return put(data, name, stream.read([key])[key].to_numpy())
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
