"""What samples and detectors do not take: lengths below zero, light that is no light."""

from math import isfinite

import numpy as np

from beamtwin.orchestration.errors import LimitsError

__all__ = ["check_at_least_zero", "check_fraction", "check_light", "check_positive"]


def check_positive(owner: str, **values: float) -> None:
    """Raise LimitsError, naming the value, unless all are finite and above zero."""
    for name, value in values.items():
        if not (isfinite(value) and value > 0):
            raise LimitsError(f"{owner}: {name} = {value:g} must be a number above 0")


def check_at_least_zero(owner: str, **values: float) -> None:
    """Raise LimitsError, naming the value, unless all are finite and not below zero."""
    for name, value in values.items():
        if not (isfinite(value) and value >= 0):
            raise LimitsError(f"{owner}: {name} = {value:g} must be a number, 0 or above")


def check_fraction(owner: str, **values: float) -> None:
    """Raise LimitsError, naming the value, unless all lie in [0, 1]."""
    for name, value in values.items():
        if not 0 <= value <= 1:
            raise LimitsError(f"{owner}: {name} = {value:g} is outside [0, 1]")


def check_light(owner: str, light: np.ndarray, shape: tuple[int, ...] | None = None) -> None:
    """Raise LimitsError unless an image of light has this shape, and is finite and nowhere negative.

    Parameters
    ----------
    owner : str
        Who was to take it, for the message.
    light : ndarray
        In photons/s, or any other measure of intensity.
    shape : tuple of int, optional
        By default, any image will do.
    """
    if light.ndim != 2 or (shape is not None and light.shape != shape):
        wanted = "an image (rows, columns)" if shape is None else f"{shape}, its (rows, columns)"
        raise LimitsError(f"{owner}: light of shape {light.shape} is not {wanted}")
    if not light.size or (light.min() >= 0 and light.max() < np.inf):
        return
    wrong = np.argwhere(~((light >= 0) & (light < np.inf)))
    row, column = wrong[0]
    raise LimitsError(
        f"{owner}: the light of pixel ({row}, {column}) is {light[row, column]:g}, as is that of "
        f"{len(wrong) - 1} others: it must be a number, 0 or above"
    )
