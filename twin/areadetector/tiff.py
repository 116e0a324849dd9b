"""TIFFPlugin: a frame a file."""

from pathlib import Path

from beamtwin.twin.areadetector.file_plugin import FilePlugin
from beamtwin.twin.areadetector.frame import Attribute, Frame
from beamtwin.twin.areadetector.paths import WriteError
from beamtwin.twin.areadetector.plugin import Network
from beamtwin.twin.areadetector.templates.file import TIFF
from beamtwin.twin.database import Database

__all__ = ["TIFFPlugin"]

#: NDFileTIFF's own tags: time stamp, number, EPICS time; further ones for attributes.
TIMESTAMP, UNIQUE_ID, EPICS_SECONDS, EPICS_NANOSECONDS = range(65000, 65004)
FIRST_ATTRIBUTE = 65010
MAKE, MODEL = 271, 272


class TIFFPlugin(FilePlugin):
    """NDFileTIFF.template."""

    plugin_type = "NDFileTIFF"

    def __init__(self, network: Network, database: Database, prefix: str, name: str, source: str):
        super().__init__(network, database, prefix, name, source, TIFF)

    def open_file(self, path: str, frame: Frame) -> "TIFFFile":
        """A file for this frame."""
        return TIFFFile(path)


class TIFFFile:
    """A file with room for one frame; what is there is replaced.

    Parameters
    ----------
    path : str
    """

    def __init__(self, path: str):
        self.path = path

    def append(self, frame: Frame) -> None:
        """Write the frame.

        Raises
        ------
        WriteError
            Where there is no room, or the folder may not be written to; there is no file then.
        """
        import tifffile

        try:
            tifffile.imwrite(
                self.path,
                frame.data,
                photometric="minisblack",
                metadata=None,
                software="EPICS areaDetector",
                extratags=list(_tags(frame)),
            )
        except (OSError, ValueError) as error:
            Path(self.path).unlink(missing_ok=True)
            reason = getattr(error, "strerror", None) or str(error)
            raise WriteError(f"{self.path}: {reason}") from error

    def close(self) -> None:
        """Nothing to do: the frame is written as a whole."""


def _tags(frame: Frame) -> list[tuple[int, str, int, object, bool]]:
    seconds, nanoseconds = frame.epics_time
    named = {name: frame.attributes[name] for name in frame.attributes}
    make, model = (
        str(named.get(name, Attribute("Unknown", "|S256")).value)
        for name in ("Manufacturer", "Model")
    )
    numbers = [
        (TIMESTAMP, "d", 1, frame.epics_timestamp, True),
        (UNIQUE_ID, "I", 1, frame.unique_id, True),
        (EPICS_SECONDS, "I", 1, seconds, True),
        (EPICS_NANOSECONDS, "I", 1, nanoseconds, True),
    ]
    texts = [
        (MAKE, "s", 0, make, True),
        (MODEL, "s", 0, model, True),
        *(
            (FIRST_ATTRIBUTE + number, "s", 0, f"{name}:{_written(attribute)}", True)
            for number, (name, attribute) in enumerate(named.items())
        ),
    ]
    return numbers + texts


def _written(attribute: Attribute) -> str:
    """As NDFileTIFF prints it."""
    return f"{attribute.value:f}" if attribute.dtype[1] == "f" else str(attribute.value)
