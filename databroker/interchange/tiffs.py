"""Frames as a folder of TIFF files, numbered from 1."""

import json
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

from beamtwin.databroker.interchange.files import safe_name
from beamtwin.databroker.interchange.frames import frames_of
from beamtwin.databroker.interchange.options import Options
from beamtwin.databroker.run import Run
from beamtwin.databroker.stores import jsontext

__all__ = ["export_tiffs"]


def export_tiffs(runs: Sequence[Run], path: Path, options: Options) -> None:
    """Write each frame to a file of its own, and beside them the run's metadata as JSON.

    Each file's description says which run, key, event and frame it is.
    """
    import tifffile

    (run,) = runs
    stream = run[options.stream]
    frames = frames_of(stream, options.key)
    total, name = len(frames.data) * frames.per_event, safe_name(frames.key)
    path.mkdir()
    number = 0
    for block in frames.blocks(range(len(frames.data))):
        for frame in block:
            event, part = divmod(number, frames.per_event)
            number += 1
            about = {"run": run.uid, "stream": stream.name, "key": frames.key}
            about |= {"event": event + 1, "frame": part + 1}
            image = frame.astype("u1") if frame.dtype.kind == "b" else frame
            buffer = BytesIO()
            tifffile.imwrite(buffer, image, description=json.dumps(about), metadata=None)
            (path / f"{name}_{number:05d}.tif").write_bytes(buffer.getbuffer())
            options.watch(path.name, number, total)
    text = jsontext.dumps({"start": run.start, "stop": run.stop})
    (path / "run.json").write_text(text, encoding="ascii")
