"""Bluesky's handler classes, taken as they are: ``Handler(path, **resource_kwargs)(**datum_kwargs)``."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from beamtwin.databroker.assets.rows import fitting
from beamtwin.databroker.errors import AssetError

if TYPE_CHECKING:
    import numpy as np

__all__ = ["DatumRows", "is_handler_class"]


class DatumRows:
    """A row for each datum of a resource, of whatever the handler answers.

    Parameters
    ----------
    handler : class
    path : Path
    parameters : dict
        The ``resource_kwargs``.
    datums : sequence of dict
        The ``datum_kwargs``, in order.
    shape : sequence of int
        One event's data, as the data key says.
    """

    def __init__(
        self,
        handler: Callable[..., Callable[..., Any]],
        path: Path,
        parameters: Mapping[str, Any],
        datums: Sequence[Mapping[str, Any]],
        shape: Sequence[int],
    ):
        self._name = getattr(handler, "__name__", repr(handler))
        self._path = path
        self._datums = datums
        self._shape = tuple(shape)
        self._handler = self._guarded(lambda: handler(str(path), **parameters))

    def describe(self, row: int = 0) -> tuple[tuple[int, ...], "np.dtype[Any]"]:
        """The shape of one row, and the dtype."""
        values = self.read(row, 1)
        return values.shape[1:], values.dtype

    def read(self, first: int, count: int) -> "np.ndarray":
        """What the datums ``first`` to ``first + count`` stand for, shape (count, ...).

        Raises
        ------
        AssetError
            Naming handler and file, whatever the handler raised.
        """
        import numpy as np

        values = [
            self._guarded(lambda kwargs=kwargs: np.asarray(self._handler(**kwargs)))
            for kwargs in self._datums[first : first + count]
        ]
        stacked = self._guarded(lambda: np.stack(values))
        return stacked.reshape(count, *fitting(self._shape, stacked.shape[1:]))

    def _guarded(self, action: Callable[[], Any]) -> Any:
        """The handler is foreign code: whatever it raises names it and the file."""
        try:
            return action()
        except Exception as error:
            raise AssetError(
                f"{self._path}: {self._name}: {type(error).__name__}: {error}"
            ) from error


def is_handler_class(factory: object) -> bool:
    """Whether something is a class whose instances can be called, as Bluesky's handlers are."""
    return isinstance(factory, type) and any("__call__" in vars(base) for base in factory.__mro__)
