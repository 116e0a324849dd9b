"""Assets: who reads which kind of file, and where files have been moved to; one for each broker."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from beamtwin.databroker.assets import eiger, hdf5, npy, text, tiff
from beamtwin.databroker.assets.bluesky_handlers import DatumRows, is_handler_class
from beamtwin.databroker.assets.limits import MOST_BYTES
from beamtwin.databroker.assets.paths import is_there, moved, recorded, stated
from beamtwin.databroker.assets.rows import Picked, Rows
from beamtwin.databroker.assets.sharing import shared_files
from beamtwin.databroker.errors import AssetError

__all__ = ["Assets", "Factory", "Format", "Handler", "parameters_of"]

#: ``factory(path, parameters, shape)``: the rows of a file. The parameters are the document's ``resource_kwargs`` or
#: ``parameters``, the shape is one event's, as the data key says.
Factory = Callable[[Path, Mapping[str, Any], Sequence[int]], Rows]
#: What may be registered: a `Factory`, or a handler class of Bluesky's.
Handler = Callable[..., Any]
#: What of the parameters is for nobody who reads the data.
_NOT_FOR_HANDLERS = frozenset({"sha256"})


@dataclass(frozen=True, slots=True)
class Format:
    """A kind of file that is known here."""

    open: Factory
    number: Callable[[Mapping[str, Any]], int] = lambda datum: datum.get("point_number", 0)
    """Which row a datum's ``datum_kwargs`` mean."""


#: By mimetype (stream_resource) or spec (resource).
_FORMATS: Mapping[str, Format] = {
    "application/x-hdf5": Format(hdf5.stream_resource),
    "application/x-npy": Format(npy.one_file),
    "multipart/related;type=application/x-npy": Format(npy.stream_series),
    "multipart/related;type=image/tiff": Format(tiff.stream_resource),
    "text/csv": Format(text.csv_table),
    "text/plain": Format(text.ascii_table),
    "AD_EIGER": Format(eiger.sequence, eiger.sequence_number),
    "AD_EIGER2": Format(eiger.sequence, eiger.sequence_number),
    "AD_HDF5": Format(hdf5.area_detector),
    "AD_HDF5_SWMR": Format(hdf5.area_detector),
    "AD_TIFF": Format(tiff.area_detector),
    "ASCII": Format(text.ascii_table),
    "CSV": Format(text.csv_table),
    "NPY": Format(npy.one_file),
    "NPY_SEQ": Format(npy.series, lambda datum: datum["index"]),
}


class Assets:
    """Who reads which kind of file, and where files have been moved to.

    Parameters
    ----------
    handlers : dict, optional
        By mimetype or spec, before those that are known here; see `register`.
    root_map : dict, optional
        Recorded root to where it is now.
    most_bytes : int
        What reading one key's data may take.
    roots : iterable of path-like
        The folders of which files may be handed on, besides where files have been moved to.
    """

    def __init__(
        self,
        handlers: Mapping[str, Handler] | None = None,
        root_map: Mapping[str, str | Path] | None = None,
        most_bytes: int = MOST_BYTES,
        roots: Iterable[str | Path] = (),
    ):
        self._handlers: dict[str, Handler | Format] = {**_FORMATS, **(handlers or {})}
        self.root_map = dict(root_map or {})
        self.most_bytes = most_bytes
        self.roots = list(roots)
        self.only_shared = False

    def register(self, kind: str, handler: Handler, *, overwrite: bool = False) -> None:
        """Have files of a mimetype or spec read by a handler.

        Raises
        ------
        AssetError
            If the kind has a handler, and ``overwrite`` is not set; if the handler is none.
        """
        if not callable(handler):
            raise AssetError(f"{kind!r}: a handler is a class or a function, not {handler!r}")
        if kind in self._handlers and not overwrite:
            raise AssetError(f"{kind!r} has a handler; to replace it, give overwrite=True")
        self._handlers[kind] = handler

    def path(self, resource: Mapping[str, Any]) -> Path:
        """Where the file is that a document announces."""
        return moved(recorded(resource), self.root_map)

    def sharing(self) -> "Assets":
        """The same for files that leave this machine: what is not of its roots is not opened."""
        shared = copy(self)
        shared.only_shared = True
        return shared

    def files(self, resource: Mapping[str, Any]) -> list[Path]:
        """The files that a document announces, if they may be handed on; none, if they are not there.

        Raises
        ------
        AssetError
            Naming the first file that lies outside the roots, and the way out.
        """
        return shared_files(resource, self.path(resource), [*self.roots, *self.root_map.values()])

    def open(
        self,
        resource: Mapping[str, Any],
        shape: Sequence[int],
        datums: Sequence[Mapping[str, Any]] | None = None,
    ) -> Rows:
        """The rows that a resource (one for each of its datums) or a stream_resource announces.

        Raises
        ------
        AssetError
            Naming the kind, if nothing reads it, or the file, if it is to be handed on and must not be.
        """
        handler = self._handler(resource)
        path = self.path(resource)
        if self.only_shared:
            self.files(resource)
        parameters = _parameters(resource)
        if is_handler_class(handler):
            return DatumRows(handler, path, parameters, datums or [], shape)
        known = handler if isinstance(handler, Format) else Format(handler)
        try:
            rows = known.open(path, parameters, shape)
            return rows if datums is None else Picked(rows, [known.number(d) for d in datums])
        except KeyError as error:
            raise AssetError(f"{path}: the document that announces it lacks {error}") from error
        except (TypeError, ValueError, AttributeError) as error:
            raise AssetError(
                f"{path}: the document that announces it makes no sense: {error}"
            ) from error

    def was(self, resource: Mapping[str, Any]) -> str:
        """For messages: how the document names a file that was moved, or is not there; else nothing."""
        before, now = recorded(resource), self.path(resource)
        if before == now and is_there(now):
            return ""
        return f" (recorded as {before}: {stated(resource)})"

    def _handler(self, resource: Mapping[str, Any]) -> Any:
        kind = str(resource.get("mimetype") or resource.get("spec", ""))
        if kind not in self._handlers:
            known = ", ".join(self._handlers)
            raise AssetError(
                f"nothing here reads {kind!r}; known: {known}; to add to them: Broker.register_handler"
            )
        return self._handlers[kind]


def parameters_of(resource: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a document says of how its file is to be read.

    Raises
    ------
    AssetError
        If it is no dictionary.
    """
    given = resource.get("parameters" if "uri" in resource else "resource_kwargs")
    if given is not None and not isinstance(given, Mapping):
        raise AssetError(f"the parameters of {resource.get('uid')!s:.40} are no dictionary")
    return given or {}


def _parameters(resource: Mapping[str, Any]) -> dict[str, Any]:
    given = parameters_of(resource)
    return {name: value for name, value in given.items() if name not in _NOT_FOR_HANDLERS}
