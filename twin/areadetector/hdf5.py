"""HDF5Plugin: the ``HDF1:`` PVs."""

from beamtwin.twin.areadetector.file_plugin import SINGLE, FilePlugin
from beamtwin.twin.areadetector.frame import Frame
from beamtwin.twin.areadetector.hdf5_file import FILTERS, HDF5File, Layout
from beamtwin.twin.areadetector.plugin import Network
from beamtwin.twin.areadetector.templates.file import COMPRESSIONS, HDF5
from beamtwin.twin.database import Database

__all__ = ["HDF5Plugin"]

#: What cannot be changed while a file is open.
LOCKED = (
    *("NumRowChunks", "NumColChunks", "NumFramesChunks", "StoreAttr", "StorePerform"),
    *("ZLevel", "NumExtraDims"),
)


class HDF5Plugin(FilePlugin):
    """NDFileHDF5.template. Extra dimensions, position mode and layouts from XML files are not simulated."""

    plugin_type = "NDFileHDF5"
    multiple = True

    def __init__(self, network: Network, database: Database, prefix: str, name: str, source: str):
        super().__init__(network, database, prefix, name, source, HDF5)
        for parameter in LOCKED:
            self.port.accept_if(parameter, lambda value: self._file is None and value >= 0)
        self.port.accept_if("Compression", self._can_compress)
        self.port.accept_if("NumCapture", lambda number: number >= 0)
        self.port.on_put("FlushNow", self._flush)

    def open_file(self, path: str, frame: Frame) -> HDF5File:
        """A file as the settings say."""
        port = self.port
        layout = self._layout(frame)
        _, port["NumRowChunks"], port["NumColChunks"] = layout.chunk
        port["NumFramesChunks"] = layout.chunk[0]
        port["NumFramesFlush"] = layout.flush_every
        file = HDF5File(path, frame, layout)
        port["SWMRActive"] = int(layout.swmr)
        port["SWMRCbCounter"] = 0
        return file

    def handle(self, frame: Frame) -> Frame | None:
        """Do with a frame what FileWriteMode says; own attributes are noted too."""
        written = super().handle(self.port.with_attributes(frame))
        if written is not None and self.port["SWMRActive"]:
            self.port["SWMRCbCounter"] += 1
        return None if written is None else frame

    def _layout(self, frame: Frame) -> Layout:
        port, (rows, columns) = self.port, frame.data.shape
        chunk_rows, chunk_columns = rows, columns
        if not port["ChunkSizeAuto"]:
            chunk_rows = min(port["NumRowChunks"] or rows, rows)
            chunk_columns = min(port["NumColChunks"] or columns, columns)
        frames = max(1, port["NumFramesChunks"])
        several = port["FileWriteMode"] != SINGLE
        return Layout(
            several=several,
            chunk=(frames, chunk_rows, chunk_columns),
            compression=port.choice("Compression"),
            zlib_level=port["ZLevel"],
            swmr=bool(port["SWMRMode"]) and several,
            flush_every=max(frames, port["NumFramesFlush"]),
            with_attributes=bool(port["StoreAttr"]),
        )

    def _close(self) -> None:
        super()._close()
        self.port["SWMRActive"] = 0

    def _can_compress(self, number: int) -> bool:
        return self._file is None and _is_available(COMPRESSIONS[number])

    def _flush(self, start: int) -> None:
        if start and isinstance(self._file, HDF5File):
            self._attempt(self._file.flush)
        self.port.reset("FlushNow", 0)


def _is_available(compression: str) -> bool:
    """Whether this machine's HDF5 can write it."""
    import h5py

    return compression == "None" or (
        compression in FILTERS and bool(h5py.h5z.filter_avail(FILTERS[compression]))
    )
