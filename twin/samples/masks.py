"""Masks: slits, edges, pinholes and fibres, as the factor by which they change a field.

Each has ``amplitude(x_m, y_m, energy_eV)``, complex, of shape (ny, nx), by which a wave level multiplies a field. Those
that are a product of a horizontal and a vertical factor also have ``profiles``, for levels that keep the two apart.
``x_m`` and ``y_m`` are equally spaced middles of cells; a cell that an edge cuts gets its open part.
"""

from dataclasses import dataclass
from math import pi
from typing import Protocol

import numpy as np

from beamtwin.hardware.materials import attenuation_length_m, refraction_decrement
from beamtwin.orchestration.errors import LimitsError
from beamtwin.twin.checks import check_positive
from beamtwin.twin.constants import HC_EV_M

__all__ = ["DoubleSlit", "Fibre", "KnifeEdge", "Mask", "Pinhole", "Slit"]

Profiles = tuple[np.ndarray, np.ndarray]


class Mask(Protocol):
    """Anything that changes a field in one plane."""

    def amplitude(self, x_m: np.ndarray, y_m: np.ndarray, energy_eV: float) -> np.ndarray:
        """By what the field is multiplied; shape (ny, nx)."""
        ...


class _Separable:
    """A mask that is a product."""

    def profiles(self, x_m: np.ndarray, y_m: np.ndarray, energy_eV: float) -> Profiles:
        """The horizontal factor, shape (nx,), and the vertical one, shape (ny,)."""
        raise NotImplementedError

    def amplitude(self, x_m: np.ndarray, y_m: np.ndarray, energy_eV: float) -> np.ndarray:
        """By what the field is multiplied; shape (ny, nx)."""
        across, up = self.profiles(x_m, y_m, energy_eV)
        return np.multiply.outer(up, across).astype(complex)


@dataclass(frozen=True)
class Slit(_Separable):
    """A rectangular hole. Infinite gaps are allowed: a slit in one direction."""

    x_gap_m: float
    y_gap_m: float
    x_center_m: float = 0.0
    y_center_m: float = 0.0

    def __post_init__(self) -> None:
        if not (self.x_gap_m >= 0 and self.y_gap_m >= 0):
            raise LimitsError(
                f"slit: gaps of {self.x_gap_m:g} m and {self.y_gap_m:g} m must be 0 or above"
            )

    def profiles(self, x_m: np.ndarray, y_m: np.ndarray, energy_eV: float) -> Profiles:
        """See `Mask`."""
        return (
            _opening(x_m, self.x_center_m, self.x_gap_m),
            _opening(y_m, self.y_center_m, self.y_gap_m),
        )


@dataclass(frozen=True)
class DoubleSlit(_Separable):
    """Two equal slits beside each other, long in y."""

    gap_m: float
    separation_m: float
    """From middle to middle."""
    center_m: float = 0.0

    def __post_init__(self) -> None:
        check_positive("double slit", gap_m=self.gap_m, separation_m=self.separation_m)

    def profiles(self, x_m: np.ndarray, y_m: np.ndarray, energy_eV: float) -> Profiles:
        """See `Mask`."""
        sides = (self.center_m + side * self.separation_m / 2 for side in (-1, 1))
        across = sum(_opening(x_m, middle, self.gap_m) for middle in sides)
        return np.minimum(across, 1.0), np.ones(len(y_m))


@dataclass(frozen=True)
class KnifeEdge(_Separable):
    """A blade that takes away all light above its edge; below it, where ``from_above`` is false."""

    edge_m: float = 0.0
    """Its height, y."""
    from_above: bool = True

    def profiles(self, x_m: np.ndarray, y_m: np.ndarray, energy_eV: float) -> Profiles:
        """See `Mask`."""
        below = np.clip((self.edge_m - y_m) / _step(y_m) + 0.5, 0, 1)
        return np.ones(len(x_m)), below if self.from_above else 1 - below


@dataclass(frozen=True)
class Pinhole:
    """A round hole. The open part of a cell at its rim is within 1 % of the exact one where 20 cells cross the hole."""

    diameter_m: float
    x_center_m: float = 0.0
    y_center_m: float = 0.0

    def __post_init__(self) -> None:
        check_positive("pinhole", diameter_m=self.diameter_m)

    def amplitude(self, x_m: np.ndarray, y_m: np.ndarray, energy_eV: float) -> np.ndarray:
        """See `Mask`."""
        radius = np.hypot(x_m - self.x_center_m, (y_m - self.y_center_m)[:, None])
        cell = np.sqrt(_step(x_m) * _step(y_m))
        return np.clip((self.diameter_m / 2 - radius) / cell + 0.5, 0, 1).astype(complex)


@dataclass(frozen=True)
class Fibre(_Separable):
    """A round fibre, upright: it absorbs, and it retards the light's phase by k delta times its thickness."""

    diameter_m: float
    material: str
    """Of `beamtwin.hardware.materials`."""
    center_m: float = 0.0

    def __post_init__(self) -> None:
        check_positive("fibre", diameter_m=self.diameter_m)

    def profiles(self, x_m: np.ndarray, y_m: np.ndarray, energy_eV: float) -> Profiles:
        """See `Mask`; the phase is that of exp(i k z), and advances in matter."""
        thickness = 2 * np.sqrt(
            np.maximum((self.diameter_m / 2) ** 2 - (x_m - self.center_m) ** 2, 0)
        )
        phase_per_m = -2 * pi * energy_eV / HC_EV_M * refraction_decrement(self.material, energy_eV)
        loss_per_m = 0.5 / attenuation_length_m(self.material, energy_eV)
        return np.exp((1j * phase_per_m - loss_per_m) * thickness), np.ones(len(y_m))


def _step(grid_m: np.ndarray) -> float:
    if len(grid_m) < 2:
        raise LimitsError(f"mask: a grid of {len(grid_m)} points has no spacing: give 2 or more")
    step = float(grid_m[1] - grid_m[0])
    check_positive("mask", spacing_m=step)
    return step


def _opening(grid_m: np.ndarray, middle_m: float, gap_m: float) -> np.ndarray:
    """The open part of each cell."""
    step = _step(grid_m)
    upper = np.minimum(grid_m + step / 2, middle_m + gap_m / 2)
    lower = np.maximum(grid_m - step / 2, middle_m - gap_m / 2)
    return np.clip((upper - lower) / step, 0, 1)
