"""Radiographs: what a camera sees of a sample, of no sample, and of no light."""

from dataclasses import dataclass

import numpy as np

from beamtwin.orchestration.errors import LimitsError
from beamtwin.twin.checks import check_at_least_zero, check_light

__all__ = ["Radiography", "flat_corrected", "pixel_gains"]


def pixel_gains(shape: tuple[int, int], spread: float, noise: np.random.Generator) -> np.ndarray:
    """How differently pixels respond to the same light: 1 on average, Gaussian, never below 0.

    Where they change between flats and projections, every slice gets rings.

    Parameters
    ----------
    shape : (int, int)
        Rows and columns.
    spread : float
        Rms, relative.
    """
    check_at_least_zero("pixels", spread=spread)
    return np.maximum(1 + spread * noise.standard_normal(shape), 0)


@dataclass(frozen=True, eq=False)
class Radiography:
    """Light, camera and what they do to a projection. A flat is the frame of a projection of 0."""

    light: np.ndarray
    """On each pixel without a sample; shape (ny, nx). Photons/s for a detector, or counts."""
    gains: np.ndarray | float = 1.0
    """Of the pixels."""
    dark: np.ndarray | float = 0.0
    """What the pixels give without light."""

    def __post_init__(self) -> None:
        check_light("radiography", self.light)
        for name in ("gains", "dark"):
            check_light(
                f"radiography: {name}", np.broadcast_to(getattr(self, name), self.light.shape)
            )

    def frame(self, projection: np.ndarray | float) -> np.ndarray:
        """What is seen through a sample of these line integrals (Lambert, Beer); shape (ny, nx)."""
        if np.shape(projection) not in ((), self.light.shape):
            raise LimitsError(
                f"radiography: a projection of shape {np.shape(projection)} is not {self.light.shape}, the light's"
            )
        return self.light * np.exp(-np.asarray(projection)) * self.gains + self.dark


def flat_corrected(frame: np.ndarray, flat: np.ndarray, dark: np.ndarray) -> np.ndarray:
    """The projection that a frame shows: -log((frame - dark) / (flat - dark)). NaN where there was no light."""
    light = np.asarray(flat, dtype=float) - dark
    through = np.asarray(frame, dtype=float) - dark
    seen = (light > 0) & (through > 0)
    ratio = np.divide(through, light, out=np.full(through.shape, np.nan), where=seen)
    return -np.log(ratio)
