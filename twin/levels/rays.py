"""Which light there can be: a convex set of rays (position, angle) in one direction.

It says how wide a mesh has to be, and how fine: free space shears the set, an opening cuts it, and one that does
also spreads its angles by diffraction.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from beamtwin.twin.levels.opening import Opening

__all__ = ["Rays"]

Ray = tuple[float, float]


@dataclass(frozen=True)
class Rays:
    """The convex hull of some rays, positions in m and angles in rad; without any, it is dark."""

    corners: tuple[Ray, ...]
    """Counter-clockwise."""

    @classmethod
    def from_source(cls, half_size_m: float, opening: Opening, distance_m: float) -> "Rays":
        """From anywhere in a source to anywhere in an opening."""
        starts = (-half_size_m, half_size_m)
        return _hull((x, (x - start) / distance_m) for x in opening.edges_m for start in starts)

    @cached_property
    def bounds_m(self) -> tuple[float, float]:
        """From the lowest to the highest position."""
        positions = [x for x, _ in self.corners]
        return min(positions), max(positions)

    def drift(self, distance_m: float) -> "Rays":
        """Further on."""
        return Rays(tuple((x + distance_m * angle, angle) for x, angle in self.corners))

    def lens(self, curvature_per_m: float, axis_m: float) -> "Rays":
        """Behind a lens."""
        return Rays(tuple((x, angle - curvature_per_m * (x - axis_m)) for x, angle in self.corners))

    def through(self, opening: Opening) -> "Rays":
        """Those that an opening lets pass."""
        low, high = opening.edges_m
        if not low < high:
            return Rays(())
        return _hull(_cut(_cut(self.corners, low, 1.0), high, -1.0))

    def spread(self, angle_rad: float) -> "Rays":
        """With all angles up to this much larger or smaller."""
        return _hull(
            (x, angle + change) for x, angle in self.corners for change in (-angle_rad, angle_rad)
        )

    def frequency_per_m(
        self, there: tuple[float, float], distance_m: float, wavelength_m: float
    ) -> float:
        """The highest of the field times Fresnel's kernel to anywhere in an interval."""
        mismatch = (abs(angle + (x - x2) / distance_m) for x, angle in self.corners for x2 in there)
        return max(mismatch) / wavelength_m


def _cut(corners: tuple[Ray, ...], edge_m: float, sign: float) -> tuple[Ray, ...]:
    """The part of a convex polygon where ``sign * (x - edge) >= 0``."""
    kept: list[Ray] = []
    for first, second in zip(corners, corners[1:] + corners[:1], strict=True):
        inside, beyond = sign * (first[0] - edge_m), sign * (second[0] - edge_m)
        if inside >= 0:
            kept.append(first)
        if inside * beyond < 0:
            part = inside / (inside - beyond)
            kept.append((edge_m, first[1] + part * (second[1] - first[1])))
    return tuple(kept)


def _hull(rays: Iterable[Ray]) -> Rays:
    """Andrew's monotone chain, Inf. Process. Lett. 9 (1979) 216."""
    ordered = sorted(set(rays))
    if len(ordered) < 3:
        return Rays(tuple(ordered))
    return Rays(tuple(_half_hull(ordered)[:-1] + _half_hull(ordered[::-1])[:-1]))


def _half_hull(ordered: list[Ray]) -> list[Ray]:
    hull: list[Ray] = []
    for ray in ordered:
        while len(hull) > 1 and _turn(hull[-2], hull[-1], ray) <= 0:
            hull.pop()
        hull.append(ray)
    return hull


def _turn(a: Ray, b: Ray, c: Ray) -> float:
    """Positive to the left."""
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
