"""``ophyd_async``'s area detectors, under bluesky's RunEngine: prints what it finds as JSON."""

import json
import sys
from pathlib import Path
from typing import Any


def writers(folder: str) -> tuple[Any, ...]:
    from ophyd_async.core import StaticPathProvider, UUIDFilenameProvider
    from ophyd_async.epics.adcore import ADWriterFactory

    provider = StaticPathProvider(UUIDFilenameProvider(), Path(folder))
    return ADWriterFactory.hdf(provider), ADWriterFactory.tiff(provider)


def make(client: str, folder: str) -> tuple[Any, Any]:
    """The same camera with an HDF5 writer and with a TIFF writer."""
    from ophyd_async.core import init_devices
    from ophyd_async.epics.adcore import NDROIIO, NDStatsIO
    from ophyd_async.epics.adsimdetector import SimDetector

    prefix = f"T:{client}:"
    hdf, tiff = writers(folder)
    plugins = {"stats": NDStatsIO(f"{prefix}Stats1:"), "roi": NDROIIO(f"{prefix}ROI1:")}
    with init_devices(timeout=30):
        det = SimDetector(prefix, hdf, plugins=plugins)
        photos = SimDetector(prefix, tiff)
    return det, photos


def stepped(engine: Any, det: Any) -> dict[str, Any]:
    """A count: a frame an event."""
    import bluesky.plan_stubs as bps
    import bluesky.plans as bp

    documents: list[Any] = []
    engine(bps.mv(det.driver.acquire_time, 0.02, det.driver.num_images, 1))
    engine(bp.count([det], num=3), lambda *pair: documents.append(pair))
    return {
        "documents": [name for name, _ in documents],
        "shape": next(d for name, d in documents if name == "descriptor")["data_keys"]["det"][
            "shape"
        ],
        "exit": documents[-1][1]["exit_status"],
        **contents(documents),
    }


def contents(documents: list[Any]) -> dict[str, Any]:
    import h5py

    (uri,) = {d["uri"] for name, d in documents if name == "stream_resource"}
    with h5py.File(uri.removeprefix("file://localhost")) as file:
        return {
            "file": file["entry/data/data"].shape,
            "announced": max(
                d["indices"]["stop"] for name, d in documents if name == "stream_datum"
            ),
        }


def flown(engine: Any, det: Any) -> dict[str, Any]:
    """Frames that it takes by itself, collected meanwhile."""
    import bluesky.plan_stubs as bps
    from ophyd_async.core import TriggerInfo

    def plan() -> Any:
        yield from bps.stage(det, wait=True)
        yield from bps.open_run()
        yield from bps.prepare(det, TriggerInfo(number_of_events=20, livetime=0.01), wait=True)
        yield from bps.declare_stream(det, name="primary")
        yield from bps.kickoff(det, wait=True)
        yield from bps.collect_while_completing([det], [det], flush_period=0.1)
        yield from bps.unstage(det, wait=True)
        yield from bps.close_run()

    documents: list[Any] = []
    engine(plan(), lambda *pair: documents.append(pair))
    ranges = [d["indices"] for name, d in documents if name == "stream_datum"]
    return {"flown": contents(documents), "in_parts": len(ranges) > 1}


def photographed(engine: Any, det: Any) -> dict[str, Any]:
    """A count into TIFF files."""
    import bluesky.plans as bp
    import tifffile

    documents: list[Any] = []
    engine(bp.count([det], num=2), lambda *pair: documents.append(pair))
    resource = next(d for name, d in documents if name == "stream_resource")
    folder = Path(resource["uri"].removeprefix("file://localhost"))
    images = [folder / resource["parameters"]["template"].format(number) for number in range(2)]
    return {
        "photos": [tifffile.imread(image).shape for image in images],
        "mimetype": resource["mimetype"],
    }


def main(client: str, folder: str) -> dict[str, Any]:
    import bluesky.plan_stubs as bps
    from bluesky import RunEngine

    engine = RunEngine({}, context_managers=[])
    det, photos = make(client, folder)
    engine(
        bps.mv(photos.tiff.enable_callbacks, "Enable")
    )  # so that it has seen a frame when it is to capture
    found = {**stepped(engine, det), **flown(engine, det), **photographed(engine, photos)}
    engine.loop.call_soon_threadsafe(engine.loop.stop)
    return found


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))
