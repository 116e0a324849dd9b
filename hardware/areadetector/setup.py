"""What a detector's camera and plugins are set to while it is staged, and what its frames are like."""

from typing import TYPE_CHECKING, Any

from beamtwin.hardware.areadetector.cam import DTYPES
from beamtwin.hardware.areadetector.plugins import ImagePlugin, Plugin
from beamtwin.hardware.signals import Kind, SignalRW
from beamtwin.orchestration.errors import AcquisitionError

if TYPE_CHECKING:
    from beamtwin.hardware.areadetector.detector import AreaDetector

__all__ = ["settings_to_stage", "settings_to_warm_up", "written_frame"]

Settings = dict[SignalRW[Any], Any]


def settings_to_stage(detector: "AreaDetector") -> Settings:
    """What lets frames go to all plugins that are used, and into files."""
    settings: Settings = {
        detector.cam.array_callbacks: True,
        detector.cam.wait_for_plugins: True,
    }
    for plugin in _used(detector):
        settings |= plugin.settings_in_use()
    if detector.writer is not None:
        settings |= detector.writer.settings_to_write()
        settings[detector.writer.create_directory] = -detector.create_depth
    return {**settings, **detector.triggering.stage_sigs(detector)}


def settings_to_warm_up(detector: "AreaDetector") -> Settings:
    """What lets one frame go to all plugins."""
    return {
        **{plugin.enable: True for plugin in detector.plugins()},
        detector.cam.array_callbacks: True,
        **detector.cam.settings_for(1),
    }


def written_frame(detector: "AreaDetector") -> tuple[tuple[int, int], str]:
    """Rows and columns, and the type of the pixels, of the frames that are written.

    Raises
    ------
    AcquisitionError
        Where these are not the camera's, and the file plugin has not seen one yet.
    """
    writer, cam = detector.writer, detector.cam
    assert writer is not None
    source = writer.nd_array_port.get()
    if source == cam.port_name.get():
        return cam.frame_shape, cam.frame_dtype
    if not all(writer.seen_shape):
        raise AcquisitionError(
            f"{writer.name}: it has its frames from {source}, and of which size they are is not known yet"
            f" ({writer.prefix}ArraySize0_RBV is 0): take one with {detector.name}.warm_up()"
        )
    return writer.seen_shape, DTYPES[writer.data_type.get()]


def _used(detector: "AreaDetector") -> list[Plugin]:
    """The plugins that are read, that show the image, that write, and those that these have their frames from."""
    plugins = detector.plugins()
    used: list[Plugin] = [
        plugin
        for plugin in plugins
        if plugin.kind & Kind.normal or isinstance(plugin, ImagePlugin) or plugin is detector.writer
    ]
    by_port = {plugin.port_name.get(): plugin for plugin in plugins}
    for plugin in used:  # which grows
        source = by_port.get(plugin.nd_array_port.get())
        if source is not None and source not in used:
            used.append(source)
    return used
