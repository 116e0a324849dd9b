"""Instrument and sample of a run, as NXinstrument and NXsample."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from beamtwin.databroker.interchange.columns import hinted
from beamtwin.databroker.interchange.nexusfiles import group, nexus_name, put, text
from beamtwin.databroker.run import Run
from beamtwin.databroker.stream import Stream

if TYPE_CHECKING:
    import h5py

__all__ = ["add_instrument", "add_sample"]


def add_instrument(entry: "h5py.Group", run: Run, streams: Mapping[str, "h5py.Group"]) -> None:
    """Each device with what it was set to, and links to what it gave."""
    instrument: Any = group(entry, "instrument", "NXinstrument")
    name = run.start.get("twin", {}).get("scenario") or run.start.get("beamline_id") or "unknown"
    instrument["name"] = str(name)
    for stream_name, data in streams.items():
        stream = run[stream_name]
        places = {dataset.attrs.get("long_name"): dataset for dataset in data.values()}
        for device, keys in stream.descriptors[-1].get("object_keys", {}).items():
            own = nexus_name(device, None)
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
            put(settings, nexus_name(key, settings), value, about.get("units"))


def _device_class(stream: Stream, keys: Sequence[str]) -> str:
    if any(key in stream.dimensions for key in keys):
        return "NXpositioner"
    frames = any(stream.data_keys.get(key, {}).get("dtype") == "array" for key in keys)
    return "NXdetector" if frames or any(key in hinted(stream) for key in keys) else "NXcollection"


def add_sample(entry: "h5py.Group", start: Mapping[str, Any]) -> None:
    """What the start document says of the sample: a name, or a dictionary."""
    about = start.get("sample", start.get("sample_name"))
    if not about:
        return
    sample = group(entry, "sample", "NXsample")
    known = about if isinstance(about, Mapping) else {"name": about}
    for key, value in known.items():
        put(
            sample,
            nexus_name(key, sample),
            text(value) if isinstance(value, Mapping | list) else value,
        )
