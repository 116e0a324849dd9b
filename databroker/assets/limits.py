"""How much memory reading may take: a file of a few bytes can declare an array of any size."""

from collections.abc import Sequence
from math import prod
from typing import TYPE_CHECKING, Any

from beamtwin.databroker.errors import AssetError

if TYPE_CHECKING:
    import numpy as np

__all__ = ["MOST_BYTES", "check_dtype", "check_size"]

#: What one read may take unless a broker says otherwise.
MOST_BYTES = 16 * 2**30


def check_size(
    shape: Sequence[int], dtype: "np.dtype[Any]", what: object, most: int = MOST_BYTES
) -> None:
    """Refuse an array before it is made.

    Raises
    ------
    AssetError
        Naming ``what``, its size and the limit.
    """
    size = prod(shape) * dtype.itemsize
    if size > most:
        raise AssetError(
            f"{what}: an array of {tuple(shape)} {dtype} takes {size / 2**30:.1f} GiB, and the limit is "
            f"{most / 2**30:.1f} GiB; take a part of it (isel), or raise Broker.open(..., most_bytes=)"
        )


def check_dtype(dtype: "np.dtype[Any]", what: object) -> None:
    """Refuse what could only be read by making Python objects of a file's bytes.

    Raises
    ------
    AssetError
        Naming ``what``.
    """
    if dtype.hasobject:
        raise AssetError(f"{what}: holds objects ({dtype}); only numbers and fixed texts are read")
