"""What an area detector consists of: a camera and its plugins."""

from collections.abc import Collection, Mapping
from typing import Any, TypeVar

from beamtwin.hardware.areadetector.cam import Cam
from beamtwin.hardware.areadetector.files import FilePlugin, HDF5Plugin, TIFFPlugin
from beamtwin.hardware.areadetector.plugins import (
    CircularBufferPlugin,
    ImagePlugin,
    Plugin,
    ROIPlugin,
    StatsPlugin,
)
from beamtwin.hardware.channel import Transport
from beamtwin.hardware.device import Device, sub
from beamtwin.hardware.signals import Kind
from beamtwin.orchestration.errors import DeclarationError

__all__ = ["Parts", "known"]

T = TypeVar("T")


class Parts(Device):
    """The camera and plugins of ADCore's usual IOCs.

    Parameters
    ----------
    prefix, name, transport, parent
        As of every `Device`.
    without : collection of str
        Plugins that this IOC does not have: ``["tiff1", "stats5"]``.
    """

    cam: Cam = sub("cam1:")
    image: ImagePlugin = sub("image1:", kind=Kind.omitted)
    stats1: StatsPlugin = sub("Stats1:")
    stats2: StatsPlugin = sub("Stats2:", kind=Kind.omitted)
    stats3: StatsPlugin = sub("Stats3:", kind=Kind.omitted)
    stats4: StatsPlugin = sub("Stats4:", kind=Kind.omitted)
    stats5: StatsPlugin = sub("Stats5:", kind=Kind.omitted)
    roi1: ROIPlugin = sub("ROI1:", kind=Kind.omitted)
    roi2: ROIPlugin = sub("ROI2:", kind=Kind.omitted)
    roi3: ROIPlugin = sub("ROI3:", kind=Kind.omitted)
    roi4: ROIPlugin = sub("ROI4:", kind=Kind.omitted)
    cb1: CircularBufferPlugin = sub("CB1:", kind=Kind.omitted)
    hdf1: HDF5Plugin = sub("HDF1:", kind=Kind.omitted)
    tiff1: TIFFPlugin = sub("TIFF1:", kind=Kind.omitted)

    def __init__(
        self,
        prefix: str,
        name: str,
        transport: Transport,
        *,
        without: Collection[str] = (),
        parent: Any = None,
    ):
        super().__init__(prefix, name, transport, parent=parent)
        for plugin in without:
            known(name, "without", plugin, self._by_name(Plugin))
            del self._children[plugin]
            delattr(self, plugin)

    def plugins(self) -> list[Plugin]:
        """All of them."""
        return list(self._by_name(Plugin).values())

    def file_plugin(self, name: str) -> FilePlugin:
        """The file plugin of that name."""
        return known(self.name, "writer", name, self._by_name(FilePlugin))

    def _by_name(self, kind: type[T]) -> dict[str, T]:
        return {name: part for name, part in self.children().items() if isinstance(part, kind)}


def known(device: str, argument: str, name: str, choices: Mapping[str, T]) -> T:
    """The choice of that name.

    Raises
    ------
    DeclarationError
        Where there is none: an argument of a device that means nothing.
    """
    if name not in choices:
        raise DeclarationError(f"{device}: {argument}={name!r}: there are {', '.join(choices)}")
    return choices[name]
