"""Point spread: light, or charge, that ends beside the pixel that it entered."""

from dataclasses import dataclass

import numpy as np

from beamtwin.orchestration.errors import LimitsError
from beamtwin.twin.checks import check_at_least_zero, check_light

__all__ = ["PointSpread"]


@dataclass(frozen=True)
class PointSpread:
    """A sum of round Gaussians, like a sharp core and a wide halo."""

    sigmas_px: tuple[float, ...]
    """Rms radius of each, along a row or column, in pixels."""
    shares: tuple[float, ...] = (1.0,)
    """Of the light in each; they sum to 1."""

    def __post_init__(self) -> None:
        for sigma in self.sigmas_px:
            check_at_least_zero("point spread", sigma_px=sigma)
        fits = len(self.sigmas_px) == len(self.shares) and abs(sum(self.shares) - 1) < 1e-9
        if not fits or min(self.shares) < 0:
            raise LimitsError(
                f"point spread: {self.shares} are no shares of {len(self.sigmas_px)} parts that sum to 1"
            )

    def spread(self, light: np.ndarray) -> np.ndarray:
        """The image that a detector sees. Light that ends beyond its rim is lost."""
        check_light("point spread", light)
        from scipy.ndimage import gaussian_filter

        parts = (
            share * gaussian_filter(light, sigma, mode="constant") if sigma else share * light
            for share, sigma in zip(self.shares, self.sigmas_px, strict=True)
        )
        return np.sum(list(parts), axis=0)
