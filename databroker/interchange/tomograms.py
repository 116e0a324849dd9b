"""Tomograms as other programs want them: NXtomo, and Data Exchange.

NXtomo: https://manual.nexusformat.org/classes/applications/NXtomo.html. Data Exchange: De Carlo et al., J. Synchrotron
Rad. 21 (2014) 1224, doi 10.1107/S160057751401604X; ``theta`` is in degrees there.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from beamtwin.databroker.errors import ExportError
from beamtwin.databroker.interchange.frames import Frames, frames_of
from beamtwin.databroker.interchange.nexus import add_documents, add_entry, when
from beamtwin.databroker.interchange.nexusdata import copy_frames
from beamtwin.databroker.interchange.nexusfiles import group, hdf5
from beamtwin.databroker.interchange.options import Options
from beamtwin.databroker.run import Run
from beamtwin.databroker.stores import jsontext
from beamtwin.databroker.stream import Stream

if TYPE_CHECKING:
    import h5py
    import numpy as np

__all__ = ["Part", "export_data_exchange", "export_nxtomo", "parts_of"]

PROJECTION, FLAT, DARK = 0, 1, 2
#: Degrees in a unit of angle.
_DEGREES = {"deg": 1.0, "degree": 1.0, "degrees": 1.0, "°": 1.0}
_RADIANS = {"rad": 180 / math.pi, "radian": 180 / math.pi, "radians": 180 / math.pi}
_ANGLES = {"": 1.0, **_DEGREES, **_RADIANS, "mrad": 0.18 / math.pi}


@dataclass(frozen=True)
class Part:
    """Frames of one kind."""

    kind: int
    """`PROJECTION`, `FLAT` or `DARK`: NXtomo's ``image_key``."""
    frames: Frames
    events: Sequence[int]
    """Numbers of the events, from 0."""
    angles_deg: "np.ndarray"
    """Shape (frames,); NaN where it is not known."""


def export_nxtomo(runs: Sequence[Run], path: Path, options: Options) -> None:
    """Write a run as NXtomo: darks, flats and projections one after the other, told apart by ``image_key``."""
    import numpy as np

    (run,) = runs
    parts = sorted(parts_of(run, options), key=lambda part: -part.kind)
    with hdf5(path) as file:
        entry = add_entry(file, "entry", run)
        file.attrs["default"], entry.attrs["default"] = "entry", "data"
        entry["definition"] = "NXtomo"
        instrument = group(entry, "instrument", "NXinstrument")
        _add_source(instrument)
        detector = group(instrument, "detector", "NXdetector")
        pairs = [(part.frames, part.events) for part in parts]
        frames = copy_frames(detector, "data", pairs, options.watch)
        kinds = [np.full(len(part.angles_deg), part.kind, "i4") for part in parts]
        detector["image_key"] = np.concatenate(kinds)
        sample: Any = entry["sample"] if "sample" in entry else group(entry, "sample", "NXsample")
        if "name" not in sample:
            sample["name"] = "unknown"
        angles = sample.create_dataset(
            "rotation_angle", data=np.concatenate([part.angles_deg for part in parts])
        )
        angles.attrs["units"] = "degree"
        _link_data(entry, frames, angles, detector["image_key"])
        add_documents(entry, run)


def export_data_exchange(runs: Sequence[Run], path: Path, options: Options) -> None:
    """Write a run as Data Exchange: ``/exchange`` with data, data_white, data_dark and theta."""
    import numpy as np

    (run,) = runs
    names = {PROJECTION: "data", FLAT: "data_white", DARK: "data_dark"}
    parts = parts_of(run, options)
    with hdf5(path) as file:
        file["implements"] = "exchange:measurement"
        exchange = file.create_group("exchange")
        for kind, name in names.items():
            own = [part for part in parts if part.kind == kind]
            if own:
                pairs = [(part.frames, part.events) for part in own]
                dataset = copy_frames(exchange, name, pairs, options.watch)
                dataset.attrs.update(units="counts", axes="theta:y:x")
        projections = [part.angles_deg for part in parts if part.kind == PROJECTION]
        exchange["theta"] = np.concatenate(projections)
        exchange["theta"].attrs["units"] = "degrees"
        _add_measurement(file, run)


def parts_of(run: Run, options: Options) -> list[Part]:
    """A run's projections, flats and darks.

    Which they are is said by the options, else by ``start["tomography"]`` with the same names (``key``, ``angle``,
    ``flat``, ``dark``, ``image_key``, ``stream``); else flats and darks are the streams ``flat`` and ``dark``.

    Raises
    ------
    ExportError
        Naming run, stream and key of what is not there.
    """
    said = _said(run, options)
    streams = {kind: said[name] for kind, name in ((FLAT, "flat"), (DARK, "dark"))}
    primary = _stream(run, said["stream"] or "primary")
    if said["image_key"]:
        return _by_image_key(primary, said)
    parts = [_part(PROJECTION, primary, said)]
    for kind, default in ((FLAT, "flat"), (DARK, "dark")):
        name = streams[kind] or default
        if streams[kind] or name in run.streams:
            parts.append(_part(kind, _stream(run, name), said))
    return parts


def _said(run: Run, options: Options) -> dict[str, str | None]:
    metadata = run.start.get("tomography")
    known: Mapping[str, Any] = metadata if isinstance(metadata, Mapping) else {}
    names = ("key", "angle", "flat", "dark", "image_key")
    said = {name: getattr(options, name) or known.get(name) for name in names}
    default = options.stream == Options().stream
    return {**said, "stream": known.get("stream") if default else options.stream}


def _stream(run: Run, name: str) -> Stream:
    if name not in run.streams:
        known = ", ".join(run.streams) or "none"
        raise ExportError(f"run {run.uid[:8]}: has no stream {name!r}; it has: {known}")
    return run[name]


def _part(kind: int, stream: Stream, said: Mapping[str, str | None]) -> Part:
    frames = frames_of(stream, said["key"])
    events = range(len(frames.data))
    return Part(kind, frames, events, _angles(stream, frames, said["angle"], kind != PROJECTION))


def _by_image_key(stream: Stream, said: Mapping[str, str | None]) -> list[Part]:
    import numpy as np

    frames, columns = frames_of(stream, said["key"]), stream.columns().data
    kinds = columns.get(str(said["image_key"]))
    if kinds is None or kinds.ndim != 1:
        raise ExportError(f"{frames.label}: there is no column {said['image_key']!r} beside it")
    angles = _angles(stream, frames, said["angle"], False).reshape(len(frames.data), -1)
    events = {kind: np.flatnonzero(kinds == kind) for kind in (PROJECTION, FLAT, DARK)}
    return [
        Part(kind, frames, own.tolist(), angles[own].ravel())
        for kind, own in events.items()
        if len(own) or kind == PROJECTION
    ]


def _angles(stream: Stream, frames: Frames, key: str | None, optional: bool) -> "np.ndarray":
    """The angle of each frame; that of an event holds for all of its frames."""
    import numpy as np

    columns = stream.columns().data
    chosen = key or next(iter(stream.dimensions), None)
    if chosen not in columns:
        if optional:
            return np.full(len(frames.data) * frames.per_event, np.nan)
        raise ExportError(
            f"{frames.label}: there is no column {chosen!r} of the rotation angle beside it; name one with --angle"
        )
    unit = stream.units(chosen)
    if unit not in _ANGLES:
        raise ExportError(f"{frames.label}: {chosen} is in {unit!r}, which is no unit of angle")
    angles = np.asarray(columns[chosen], float) * _ANGLES[unit]
    return np.repeat(angles, frames.per_event) if angles.ndim == 1 else angles.ravel()


def _add_source(instrument: "h5py.Group") -> None:
    instrument["name"] = "unknown"
    source = group(instrument, "source", "NXsource")
    source["type"], source["probe"], source["name"] = "Synchrotron X-ray Source", "x-ray", "unknown"


def _link_data(entry: "h5py.Group", *datasets: Any) -> None:
    data = group(entry, "data", "NXdata")
    for dataset in datasets:
        dataset.attrs["target"] = dataset.name
        data[str(dataset.name).rpartition("/")[2]] = dataset
    data.attrs["signal"], data.attrs["axes"] = "data", ["rotation_angle", ".", "."]
    data.attrs["rotation_angle_indices"] = [0]


def _add_measurement(file: "h5py.File", run: Run) -> None:
    measurement = file.create_group("measurement")
    measurement["start_date"] = when(run.start["time"])
    measurement["run_uid"] = run.uid
    measurement["start_document"] = jsontext.dumps(run.start)
    sample = run.start.get("sample", {})
    if sample:
        name = sample.get("name", "") if isinstance(sample, Mapping) else sample
        measurement.create_group("sample")["name"] = str(name)
