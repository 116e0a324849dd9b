"""Pixel detectors made of modules, with blind strips between them."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from beamtwin.orchestration.errors import LimitsError
from beamtwin.twin.checks import check_fraction
from beamtwin.twin.detectors.photon_counter import PhotonCounter
from beamtwin.twin.detectors.sensor import Sensor

__all__ = ["EIGERS", "Modules", "eiger", "random_bad_pixels"]

Ranges = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Modules:
    """Columns and rows of equal modules."""

    across: int
    up: int
    module: tuple[int, int] = (514, 1030)
    """Rows and columns of pixels of each; by default DECTRIS Eiger's."""
    gap: tuple[int, int] = (37, 10)
    """Rows and columns between modules."""

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the whole, gaps too."""
        rows, columns = (
            count * size + (count - 1) * gap
            for count, size, gap in zip((self.up, self.across), self.module, self.gap, strict=True)
        )
        return rows, columns

    @property
    def row_gaps(self) -> Ranges:
        """Blind rows: of each strip, the first, and the next that sees again."""
        return _gaps(self.up, self.module[0], self.gap[0])

    @property
    def column_gaps(self) -> Ranges:
        """Blind columns, likewise."""
        return _gaps(self.across, self.module[1], self.gap[1])


#: DECTRIS Eiger by its usual name; pixels of 75 um.
EIGERS: Mapping[str, Modules] = {
    "500K": Modules(1, 1),
    "1M": Modules(1, 2),
    "4M": Modules(2, 4),
    "9M": Modules(3, 6),
    "16M": Modules(4, 8),
}


def eiger(
    model: str,
    name: str,
    plane: str,
    energy_eV: float,
    *,
    sensor: Sensor | None = None,
    dead_time_s: float = 0.0,
    bad_pixels: Ranges = (),
) -> PhotonCounter:
    """A DECTRIS Eiger, as a counter of photons.

    Parameters
    ----------
    model : str
        One of `EIGERS`.
    name, plane : str
        Its own, and its detector's among the beamline's elements.
    energy_eV : float
        Of the photons, for the quantum efficiency.
    sensor : Sensor, optional
        By default 0.45 mm of silicon.
    dead_time_s, bad_pixels
        See `PhotonCounter`.

    Raises
    ------
    LimitsError
        For a model that there is not.
    """
    if model not in EIGERS:
        raise LimitsError(f"{name}: there is no Eiger {model!r}; there are {', '.join(EIGERS)}")
    modules = EIGERS[model]
    return PhotonCounter(
        name,
        plane,
        quantum_efficiency=(sensor or Sensor("Si", 0.45e-3)).efficiency(energy_eV),
        dead_time_s=dead_time_s,
        column_gaps=modules.column_gaps,
        row_gaps=modules.row_gaps,
        bad_pixels=bad_pixels,
    )


def random_bad_pixels(
    shape: tuple[int, int], fraction: float, noise: np.random.Generator
) -> Ranges:
    """Rows and columns of pixels that see nothing, anywhere on a detector."""
    check_fraction("bad pixels", fraction=fraction)
    total = shape[0] * shape[1]
    places = np.sort(noise.choice(total, round(fraction * total), replace=False))
    return tuple((int(place) // shape[1], int(place) % shape[1]) for place in places)


def _gaps(count: int, size: int, gap: int) -> Ranges:
    ends = [size + i * (size + gap) for i in range(count - 1)]
    return tuple((end, end + gap) for end in ends)
