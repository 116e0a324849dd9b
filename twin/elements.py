"""What stands in the beam: frozen values with a name and a place.

``z_m`` is the distance from the middle of the source; ``x`` is horizontal, positive outboard; ``y`` is vertical,
positive upwards; both are measured from the optical axis, which mirrors fold: no coordinate shows their deflection.
Between two elements there is free space. A size of ``inf`` is no limit.
"""

import hashlib
from dataclasses import dataclass, field
from functools import cached_property
from math import inf
from pathlib import Path

import numpy as np

__all__ = [
    "CRL",
    "Aperture",
    "Attenuator",
    "Detector",
    "Element",
    "Filter",
    "HeightProfile",
    "Lens",
    "Mirror",
    "Monochromator",
    "Obstacle",
    "ZonePlate",
]


@dataclass(frozen=True)
class Aperture:
    """A rectangular hole: a slit, or a fixed mask. A gap of zero or less is closed."""

    name: str
    z_m: float
    x_gap_m: float
    y_gap_m: float
    x_center_m: float = 0.0
    y_center_m: float = 0.0


@dataclass(frozen=True)
class Obstacle:
    """An opaque rectangle; with a size of ``inf`` in one direction, a wire."""

    name: str
    z_m: float
    x_size_m: float = inf
    y_size_m: float = inf
    x_center_m: float = 0.0
    y_center_m: float = 0.0


@dataclass(frozen=True)
class HeightProfile:
    """A mirror's height error along its length; flat where there are no points, and beyond them."""

    position_m: tuple[float, ...] = ()
    """Along the mirror from its middle, ascending."""
    height_m: tuple[float, ...] = ()

    def __hash__(self) -> int:
        return hash(self._digest)

    def __repr__(self) -> str:
        return f"HeightProfile({len(self.position_m)} points, sha256 {self._digest})"

    @cached_property
    def _digest(self) -> str:
        return hashlib.sha256(repr((self.position_m, self.height_m)).encode()).hexdigest()

    @classmethod
    def from_file(cls, path: Path) -> "HeightProfile":
        """Read two columns, position and height in metres, as SRW and Sirepo have them."""
        position, height = np.loadtxt(path, unpack=True, ndmin=2)
        if (np.diff(position) <= 0).any() or not np.isfinite(height).all():
            raise ValueError("positions do not ascend, or a height is not finite")
        return cls(tuple(position.tolist()), tuple(height.tolist()))

    def at(self, position_m: np.ndarray) -> np.ndarray:
        """Heights, linear in between."""
        if not self.position_m:
            return np.zeros_like(position_m)
        return np.interp(position_m, self.position_m, self.height_m, left=0.0, right=0.0)


@dataclass(frozen=True)
class Mirror:
    """A grazing mirror, flat or curved, thin along the beam: aberrations of figure are left out."""

    name: str
    z_m: float
    grazing_rad: float
    deflects: str = "x"
    """Its plane of incidence: ``x`` or ``y``."""
    length_m: float = inf
    width_m: float = inf
    tangential_radius_m: float = inf
    sagittal_radius_m: float = inf
    profile: HeightProfile = field(default_factory=HeightProfile)
    profile_scale: float = 1.0
    coating: str = ""
    """A chemical formula, for its reflectivity; without one, it loses nothing."""
    roughness_m: float = 0.0
    pitch_rad: float = 0.0
    """Beyond the angle at which the optical axis is reflected: the beam leaves at twice that."""


@dataclass(frozen=True)
class CRL:
    """A stack of parabolic refractive lenses."""

    name: str
    z_m: float
    lenses: int
    radius_m: float
    """At the apex of each surface; a lens has two."""
    material: str = "Be"
    focuses: str = "xy"
    """``x``, ``y`` or both."""
    x_aperture_m: float = inf
    y_aperture_m: float = inf
    wall_m: float = 0.0
    """Between the apices of each lens."""
    x_center_m: float = 0.0
    y_center_m: float = 0.0
    delta: float = 0.0
    """1 - n at the beamline's photon energy; 0: as xraylib has it."""
    attenuation_length_m: float = 0.0
    """At the same energy; 0: as xraylib has it."""
    inserted: float = 1.0
    """1 in the beam, 0 out of it."""


@dataclass(frozen=True)
class Lens:
    """An ideal thin lens, or a kinoform."""

    name: str
    z_m: float
    x_focal_length_m: float = inf
    y_focal_length_m: float = inf
    design_energy_eV: float = 0.0
    """Where it has these focal lengths, which a diffractive lens has in proportion to the energy; 0: at any."""
    x_aperture_m: float = inf
    y_aperture_m: float = inf
    x_center_m: float = 0.0
    y_center_m: float = 0.0
    transmission: float = 1.0
    inserted: float = 1.0
    """1 in the beam, 0 out of it."""


@dataclass(frozen=True)
class ZonePlate:
    """A Fresnel zone plate in its first order, f = diameter * outer zone / wavelength; other orders are left out."""

    name: str
    z_m: float
    diameter_m: float
    outer_zone_m: float
    efficiency: float = 0.1
    x_center_m: float = 0.0
    y_center_m: float = 0.0


@dataclass(frozen=True)
class Filter:
    """A plate of a material across the whole beam: a filter, or a window."""

    name: str
    z_m: float
    material: str
    thickness_m: float
    density_g_cm3: float = 0.0
    """0: the element's own, from xraylib."""
    inserted: float = 1.0
    """1 in the beam, 0 out of it."""


@dataclass(frozen=True)
class Monochromator:
    """Lets a narrow band through; it decides the beamline's photon energy."""

    name: str
    z_m: float
    energy_eV: float
    bandwidth: float
    """Relative: the width of a rectangle with the same area as the transmission curve."""
    transmission: float = 1.0
    """At the top of that curve."""


@dataclass(frozen=True)
class Attenuator:
    """Anything that takes away a part of the beam and does nothing else."""

    name: str
    z_m: float
    transmission: float


@dataclass(frozen=True)
class Detector:
    """A screen of square pixels across the beam. It takes no light from what stands behind it.

    Column numbers grow outboard and row numbers upwards. The axis x = y = 0 meets the middle of the pixel
    (``center_row``, ``center_column``); fractions are allowed.
    """

    name: str
    z_m: float
    pixel_m: float
    columns: int
    rows: int
    center_column: float
    center_row: float

    @property
    def x_m(self) -> np.ndarray:
        """Pixel middles along a row, shape (columns,)."""
        return (np.arange(self.columns) - self.center_column) * self.pixel_m

    @property
    def y_m(self) -> np.ndarray:
        """Pixel middles along a column, shape (rows,)."""
        return (np.arange(self.rows) - self.center_row) * self.pixel_m


Element = (
    Aperture
    | Obstacle
    | Mirror
    | CRL
    | Lens
    | ZonePlate
    | Filter
    | Monochromator
    | Attenuator
    | Detector
)
