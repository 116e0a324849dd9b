"""Camera: a driver with its plugins."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from beamtwin.twin.areadetector.circular_buffer import CircularBufferPlugin
from beamtwin.twin.areadetector.driver import Driver
from beamtwin.twin.areadetector.frame import FrameSource
from beamtwin.twin.areadetector.hdf5 import HDF5Plugin
from beamtwin.twin.areadetector.image import ImagePlugin
from beamtwin.twin.areadetector.plugin import Network, Plugin
from beamtwin.twin.areadetector.process import ProcessPlugin
from beamtwin.twin.areadetector.roi import ROIPlugin
from beamtwin.twin.areadetector.stats import StatsPlugin
from beamtwin.twin.areadetector.tiff import TIFFPlugin
from beamtwin.twin.areadetector.transform import (
    ColorConvertPlugin,
    OverlayPlugin,
    TransformPlugin,
)
from beamtwin.twin.database import Database

__all__ = ["PLUGINS", "Camera"]

#: By the PVs' part of the name: class, and the port's name, as ADCore's commonPlugins have them.
PLUGINS: dict[str, tuple[type[Plugin], str]] = {
    "image1": (ImagePlugin, "Image1"),
    **{f"ROI{n}": (ROIPlugin, f"ROI{n}") for n in range(1, 5)},
    **{f"Stats{n}": (StatsPlugin, f"STATS{n}") for n in range(1, 6)},
    "Proc1": (ProcessPlugin, "PROC1"),
    "Trans1": (TransformPlugin, "TRANS1"),
    "Over1": (OverlayPlugin, "OVER1"),
    "CC1": (ColorConvertPlugin, "CC1"),
    "CB1": (CircularBufferPlugin, "CB1"),
    "HDF1": (HDF5Plugin, "FileHDF1"),
    "TIFF1": (TIFFPlugin, "FileTIFF1"),
}


class Camera:
    """An areaDetector camera: ``cam1:`` and its plugins, ``image1:``, ``Stats1:``, ``HDF1:`` and so on.

    Parameters
    ----------
    database : Database
        Takes the records in.
    prefix : str
        Of all PVs: ``XF:11IDB-ES{Det:Eig4M}``.
    frames : FrameSource
        What it looks at.
    driver : callable
        `Driver` or another class of its kind.
    plugins : iterable of str
        Of `PLUGINS`; all by default.
    settings : mapping, optional
        What PVs begin with: ``{"cam1": {"AcquireTime": 0.1}, "image1": {"EnableCallbacks": "Enable"}}``.
    **options
        Of the driver: what it says of itself (``manufacturer``, ``model``), ``readout_s``.

    Attributes
    ----------
    driver : Driver
    plugins : dict of Plugin
        By the PVs' part of the name.
    """

    def __init__(
        self,
        database: Database,
        prefix: str,
        frames: FrameSource,
        *,
        driver: Callable[..., Driver] = Driver,
        plugins: Iterable[str] = tuple(PLUGINS),
        settings: Mapping[str, Mapping[str, Any]] | None = None,
        **options: Any,
    ):
        network = Network()
        self.driver = driver(network, database, f"{prefix}cam1:", frames, **options)
        arguments = {
            ImagePlugin: {"dtype": frames.dtype, "pixels": frames.shape[0] * frames.shape[1]},
            StatsPlugin: {"shape": frames.shape},
        }
        source = self.driver.port.name
        self.plugins: dict[str, Plugin] = {}
        for name in plugins:
            kind, port_name = PLUGINS[name]
            own: Any = arguments.get(kind, {})
            self.plugins[name] = kind(
                network, database, f"{prefix}{name}:", port_name, source, **own
            )
        for name, values in (settings or {}).items():
            self.port(name).begin_with(values)

    def port(self, name: str) -> Any:
        """The parameters of ``"cam1"`` or of a plugin."""
        return self.driver.port if name == "cam1" else self.plugins[name].port
