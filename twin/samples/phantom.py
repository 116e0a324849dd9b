"""Phantoms for tomography: ellipsoids, whose projections are closed forms.

The sample stands on an axis of rotation along y; at angle 0 its x and z are the beamline's. A rotation by the angle t
takes (x, z) to (x cos t + z sin t, z cos t - x sin t), and the beam sums along z.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import cos, pi, radians, sin

import numpy as np

from beamtwin.orchestration.errors import LimitsError
from beamtwin.twin.checks import check_positive

__all__ = ["Ellipsoid", "Phantom", "shepp_logan"]


@dataclass(frozen=True)
class Ellipsoid:
    """Of one material, in another or in air: its attenuation adds to what else is there."""

    attenuation_per_m: float
    """Below 0 for a hole."""
    x_m: float
    y_m: float
    z_m: float
    x_semiaxis_m: float
    y_semiaxis_m: float
    z_semiaxis_m: float
    angle_rad: float = 0.0
    """By which it is turned about its own vertical axis, in the sense of the sample's rotation."""

    def __post_init__(self) -> None:
        check_positive(
            "ellipsoid",
            x_semiaxis_m=self.x_semiaxis_m,
            y_semiaxis_m=self.y_semiaxis_m,
            z_semiaxis_m=self.z_semiaxis_m,
        )
        if not np.isfinite([self.attenuation_per_m, self.x_m, self.y_m, self.z_m]).all():
            raise LimitsError(f"ellipsoid: place and attenuation must be numbers: {self}")

    @property
    def mass_m2(self) -> float:
        """Attenuation times volume: what every projection of it sums to."""
        volume = 4 / 3 * pi * self.x_semiaxis_m * self.y_semiaxis_m * self.z_semiaxis_m
        return self.attenuation_per_m * volume

    def shadow(self, angle_rad: float) -> tuple[float, float]:
        """The middle and the half width, in x, of its projection."""
        middle = self.x_m * cos(angle_rad) + self.z_m * sin(angle_rad)
        turned = angle_rad + self.angle_rad
        return middle, float(
            np.hypot(self.x_semiaxis_m * cos(turned), self.z_semiaxis_m * sin(turned))
        )

    def add_projection(
        self, total: np.ndarray, angle_rad: float, x_m: np.ndarray, y_m: np.ndarray
    ) -> None:
        """Add its line integrals to an image of ascending x and y.

        A chord through an ellipsoid of semi-axes a, b, c is 2 a c sqrt(1 - (u/s)^2 - (v/b)^2) / s, with the half
        width s of its shadow.
        """
        middle, half = self.shadow(angle_rad)
        across = slice(*np.searchsorted(x_m, (middle - half, middle + half)))
        up = slice(
            *np.searchsorted(y_m, (self.y_m - self.y_semiaxis_m, self.y_m + self.y_semiaxis_m))
        )
        u, v = (x_m[across] - middle) / half, (y_m[up] - self.y_m) / self.y_semiaxis_m
        inside = np.maximum(np.subtract.outer(1 - v**2, u**2), 0)
        chord = 2 * self.x_semiaxis_m * self.z_semiaxis_m / half
        total[up, across] += self.attenuation_per_m * chord * np.sqrt(inside)

    def contains(self, x_m: np.ndarray, y_m: float, z_m: np.ndarray) -> np.ndarray:
        """Whether points of a horizontal plane lie in it; arguments broadcast."""
        x, z = x_m - self.x_m, z_m - self.z_m
        c, s = cos(self.angle_rad), sin(self.angle_rad)
        along_x = (x * c - z * s) / self.x_semiaxis_m
        along_z = (z * c + x * s) / self.z_semiaxis_m
        return along_x**2 + along_z**2 + ((y_m - self.y_m) / self.y_semiaxis_m) ** 2 <= 1


@dataclass(frozen=True)
class Phantom:
    """Ellipsoids that add up."""

    ellipsoids: tuple[Ellipsoid, ...]

    def projection(
        self, angle_rad: float, x_m: np.ndarray, y_m: np.ndarray, *, axis_m: float = 0.0
    ) -> np.ndarray:
        """Line integrals of the attenuation, exact at the middle of each pixel; shape (ny, nx).

        Parameters
        ----------
        angle_rad : float
        x_m, y_m : ndarray
            The pixels' middles, at the sample; ascending.
        axis_m : float
            Where on the detector the axis of rotation is.
        """
        _check_ascending(x_m, y_m)
        total = np.zeros((len(y_m), len(x_m)))
        for ellipsoid in self.ellipsoids:
            ellipsoid.add_projection(total, angle_rad, x_m - axis_m, y_m)
        return total

    def slice(self, x_m: np.ndarray, z_m: np.ndarray, y_m: float = 0.0) -> np.ndarray:
        """Attenuation per metre in a horizontal plane, at angle 0; shape (nz, nx). A reconstruction should give it."""
        total = np.zeros((len(z_m), len(x_m)))
        for ellipsoid in self.ellipsoids:
            total += ellipsoid.attenuation_per_m * ellipsoid.contains(x_m, y_m, z_m[:, None])
        return total


def shepp_logan(radius_m: float, attenuation_per_m: float) -> Phantom:
    """The head of Shepp and Logan, in three dimensions (Kak and Slaney, Principles of Computerized Tomographic Imaging,
    table 3.1), with Toft's contrasts (1996).

    Parameters
    ----------
    radius_m : float
        Of the cylinder about the axis in which it fits.
    attenuation_per_m : float
        Of the skull, whose contrast is 1.
    """
    check_positive("phantom", radius_m=radius_m, attenuation_per_m=attenuation_per_m)
    return Phantom(tuple(_head_part(row, radius_m, attenuation_per_m) for row in SHEPP_LOGAN))


def _head_part(row: tuple[float, ...], radius_m: float, attenuation_per_m: float) -> Ellipsoid:
    contrast, x, z, y, a, c, b, turned = row
    place = (size * radius_m for size in (x, y, z, a, b, c))
    return Ellipsoid(contrast * attenuation_per_m, *place, angle_rad=-radians(turned))


#: Contrast, three coordinates, three semi-axes (the second along z, the beam; the third along y, up), and degrees from
#: x towards z.
SHEPP_LOGAN = (
    (1.0, 0.0, 0.0, 0.0, 0.69, 0.92, 0.9, 0.0),
    (-0.8, 0.0, 0.0, 0.0, 0.6624, 0.874, 0.88, 0.0),
    (-0.2, -0.22, 0.0, -0.25, 0.41, 0.16, 0.21, 108.0),
    (-0.2, 0.22, 0.0, -0.25, 0.31, 0.11, 0.22, 72.0),
    (0.1, 0.0, 0.35, -0.25, 0.21, 0.25, 0.5, 0.0),
    (0.1, 0.0, 0.1, -0.25, 0.046, 0.046, 0.046, 0.0),
    (0.1, -0.08, -0.65, -0.25, 0.046, 0.023, 0.02, 0.0),
    (0.1, 0.06, -0.65, -0.25, 0.046, 0.023, 0.02, 90.0),
    (0.1, 0.06, -0.105, 0.625, 0.056, 0.04, 0.1, 90.0),
    (0.1, 0.0, 0.1, 0.625, 0.056, 0.056, 0.1, 0.0),
)


def _check_ascending(*axes: Iterable[float]) -> None:
    for axis in axes:
        if not (np.diff(np.asarray(axis)) > 0).all():
            raise LimitsError("phantom: the pixels' middles must ascend, in x and in y")
