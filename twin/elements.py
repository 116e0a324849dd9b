"""What stands in the beam: frozen values with a name and a place.

``z_m`` is the distance from the middle of the source; ``x`` is horizontal, positive outboard; ``y`` is vertical,
positive upwards; both are measured from the straight line along the undulator's axis.
"""

from dataclasses import dataclass

import numpy as np

__all__ = ["Aperture", "Attenuator", "Detector", "Element", "Monochromator"]


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
    """A screen of square pixels across the beam.

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


Element = Aperture | Monochromator | Attenuator | Detector
