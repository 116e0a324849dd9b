"""Ophyd's area detectors, on pyepics: prints what it finds as JSON."""

import json
import os
import sys
import warnings
from pathlib import Path
from typing import Any


def detector_class(folder: str) -> Any:
    """A SimDetector as beamlines compose it."""
    from ophyd import Component as Cpt
    from ophyd import SimDetector, SingleTrigger
    from ophyd.areadetector import cam as cams
    from ophyd.areadetector import plugins
    from ophyd.areadetector.filestore_mixins import (
        FileStoreHDF5IterativeWrite,
        FileStoreTIFFIterativeWrite,
    )

    class HDF5(plugins.HDF5Plugin, FileStoreHDF5IterativeWrite):
        pass

    class TIFF(plugins.TIFFPlugin_V34, FileStoreTIFFIterativeWrite):
        pass

    class Sim(SingleTrigger, SimDetector):
        cam = Cpt(cams.SimDetectorCam, "cam1:")
        image = Cpt(plugins.ImagePlugin_V34, "image1:")
        stats1 = Cpt(plugins.StatsPlugin_V34, "Stats1:")
        roi1 = Cpt(plugins.ROIPlugin_V34, "ROI1:")
        hdf1 = Cpt(HDF5, "HDF1:", write_path_template=folder, root="/")
        tiff1 = Cpt(TIFF, "TIFF1:", write_path_template=folder, root="/")

    return Sim


def simulated(prefix: str, folder: str) -> dict[str, Any]:
    """Frames of the simulated camera, with statistics of a region, and in files."""
    import h5py
    import tifffile
    from ophyd import EpicsSignal

    camera = detector_class(folder)(prefix, name="det")
    camera.wait_for_connection(timeout=30)
    camera.stats1.nd_array_port.set("ROI1").wait(5)
    camera.roi1.size.x.set(8).wait(5)
    camera.roi1.size.y.set(8).wait(5)
    for plugin in (camera.image, camera.stats1, camera.roi1):
        plugin.enable.set("Enable").wait(5)
        plugin.kind = "normal"
    camera.stats1.compute_statistics.set("Yes").wait(5)
    camera.stats1.total.kind = "hinted"
    acquire = EpicsSignal(f"{prefix}cam1:Acquire", name="acquire", put_complete=True)
    acquire.wait_for_connection(timeout=30)
    for plugin in (camera.hdf1, camera.tiff1):
        plugin.enable.set("Enable").wait(5)
        plugin.kind = "normal"
    camera.cam.image_mode.set("Single").wait(5)
    camera.cam.num_images.set(1).wait(5)
    acquire.set(1).wait(10)  # so that plugins know the size of frames
    camera.stage()
    assets, totals = [], []
    for _ in range(3):
        camera.trigger().wait(10)
        totals.append(camera.read()["det_stats1_total"]["value"])
        assets += camera.collect_asset_docs()
    shape = camera.describe()["det_image"]["shape"]
    camera.unstage()
    h5 = camera.hdf1.full_file_name.get()
    with h5py.File(h5) as file:
        frames = file["entry/data/data"][:]
    tiffs = sorted(Path(folder).rglob("*.tiff"))
    return {
        "hints": camera.hints["fields"],
        "totals": totals,
        "expected": [int(frame[:8, :8].sum()) for frame in frames],
        "shapes": (frames.shape, shape),
        "tiffs": [
            bool((tifffile.imread(p) == f).all()) for p, f in zip(tiffs, frames, strict=True)
        ],
        "assets": [name for name, _ in assets],
        "specs": [doc["spec"] for name, doc in assets if name == "resource"],
        "restored": (camera.cam.image_mode.get(as_string=True), camera.hdf1.capture.get()),
    }


def continuous(prefix: str) -> dict[str, Any]:
    """The next frames of a camera that goes on and on."""
    from ophyd import Component as Cpt
    from ophyd.areadetector import SimDetector, plugins
    from ophyd.areadetector.trigger_mixins import ContinuousAcquisitionTrigger

    class Continuous(ContinuousAcquisitionTrigger, SimDetector):
        cb = Cpt(plugins.CircularBuffPlugin_V34, "CB1:")

    camera = Continuous(prefix, name="continuous")
    camera.wait_for_connection(timeout=30)
    camera.cb.enable.set("Enable").wait(5)
    camera.cb.post_count.set(2).wait(5)
    camera.stage()
    camera.trigger().wait(10)
    camera.trigger().wait(10)
    triggers = camera.cb.actual_trigger_count.get()
    camera.unstage()
    return {"continuous": triggers}


def eiger(prefix: str) -> dict[str, Any]:
    """All PVs of Ophyd's Eiger; a frame."""
    from ophyd import SingleTrigger
    from ophyd.areadetector import EigerDetector

    class Eiger(SingleTrigger, EigerDetector):
        pass

    camera = Eiger(prefix, name="eiger")
    camera.wait_for_connection(timeout=30, all_signals=True)
    settings = {"num_triggers": 1, "num_images": 2, "data_source": "Stream", "stream_enable": 1}
    for name, value in {**settings, "fw_enable": 0, "array_callbacks": 1}.items():
        getattr(camera.cam, name).set(value).wait(5)
    camera.cam.stage_sigs["trigger_mode"] = "Internal Series"
    camera.stage()
    camera.trigger().wait(10)
    camera.unstage()
    return {
        "model": camera.cam.model.get(),
        "signals": len(list(camera.walk_signals(include_lazy=True))),
        "series": camera.cam.sequence_id.get(),
        "taken": camera.cam.array_counter.get(),
    }


def main(client: str, folder: str) -> dict[str, Any]:
    from ophyd.signal import EpicsSignalBase

    EpicsSignalBase.set_defaults(timeout=30.0, connection_timeout=30.0)
    warnings.simplefilter("ignore")
    return {
        **simulated(f"T:{client}:", folder),
        **continuous(f"T:{client}:"),
        "eiger": eiger(f"E:{client}:"),
    }


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])), flush=True)
    os._exit(0)  # its threads complain of each other's ends
