"""NeXus files: an NXentry a run, with data to be plotted, instrument, sample, and every document as JSON.

The chain of defaults leads from the file over the entry to an NXdata with signal and axes
(https://manual.nexusformat.org/datarules.html), so that any NeXus viewer shows a plot at once.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from beamtwin.databroker.interchange.nexusdata import add_data
from beamtwin.databroker.interchange.nexusdevices import add_instrument, add_sample
from beamtwin.databroker.interchange.nexusfiles import CREATOR, group, hdf5, put
from beamtwin.databroker.interchange.options import Options
from beamtwin.databroker.run import Run
from beamtwin.databroker.stores import jsontext

if TYPE_CHECKING:
    import h5py

__all__ = ["add_documents", "add_entry", "export_nexus", "when"]


def export_nexus(runs: Sequence[Run], path: Path, options: Options) -> None:
    """Write each run as an entry, its frames too."""
    with hdf5(path) as file:
        for number, run in enumerate(runs):
            name = "entry" if len(runs) == 1 else f"entry_{number + 1}"
            entry = add_entry(file, name, run)
            streams = {
                stream: add_data(entry, run[stream], options.watch) for stream in run.streams
            }
            if streams:
                entry.attrs["default"] = str(next(iter(streams.values())).name).rpartition("/")[2]
            add_instrument(entry, run, streams)
            add_documents(entry, run)
        file.attrs["default"] = next(iter(file))


def add_entry(file: "h5py.File", name: str, run: Run) -> "h5py.Group":
    """What a run is, and when it was."""
    start, stop = run.start, run.stop or {}
    entry = group(file, name, "NXentry")
    entry["title"] = str(
        start.get("title") or f"{start.get('plan_name', 'run')} {start.get('scan_id', '')}"
    ).strip()
    entry["entry_identifier"] = entry["entry_identifier_uuid"] = run.uid
    entry["program_name"] = CREATOR
    entry["start_time"] = when(start["time"])
    if "time" in stop:
        entry["end_time"] = when(stop["time"])
        put(entry, "duration", float(stop["time"] - start["time"]), "s")
    entry["run_state"] = run.state
    add_sample(entry, start)
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


def when(time: float) -> str:
    """A time in seconds since the Unix epoch as ISO 8601, in UTC."""
    return datetime.fromtimestamp(time, UTC).isoformat(timespec="microseconds")
