"""BLAS on one thread: how many share a product decides how its sum is rounded, and so the last bits of a light."""

from contextlib import AbstractContextManager
from functools import cache
from typing import Any

__all__ = ["one_thread"]


def one_thread() -> AbstractContextManager[Any]:
    """Within, matrix products have the same bits on machines with any number of cores, and on a cluster's workers."""
    return _libraries().limit(limits=1, user_api="blas")


@cache
def _libraries() -> Any:
    """Those of NumPy and SciPy, which have to be loaded to be found."""
    import scipy.linalg  # noqa: F401
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
