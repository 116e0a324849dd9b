"""Coherence of the light on a plane, in one direction: its modes, their number, the coherence length.

In each direction the other one is integrated over; with all electrons, by the level ``modes``.
"""

from dataclasses import dataclass
from math import inf

import numpy as np

from beamtwin.twin.beamline import Beamline, BeamlineError
from beamtwin.twin.elements import Detector
from beamtwin.twin.levels import modes, separable
from beamtwin.twin.levels.fresnel import Line, propagate
from beamtwin.twin.levels.level import FieldCache

__all__ = ["Coherence", "coherence"]

#: Modes with less than this part of the light are left out.
NEGLIGIBLE = 1e-4


@dataclass(frozen=True, eq=False)
class Coherence:
    """The coherent modes of light in one direction: they do not interfere with each other."""

    position_m: np.ndarray
    """Equally spaced, shape (n,)."""
    modes: np.ndarray
    """Complex fields in 1/sqrt(m), the strongest last, shape (modes, n): all squares integrate to 1."""

    @property
    def global_degree(self) -> float:
        """The contrast that speckle has in this direction: the sum of the squares of the modes' parts of the light."""
        parts = (np.abs(self.modes) ** 2).sum(axis=1)
        return float((parts**2).sum() / parts.sum() ** 2)

    @property
    def length_m(self) -> float:
        """The rms width of the degree of coherence: ``exp(-1/2)`` between two points this far apart, about the peak.

        Infinite where it is higher than that all over the beam.
        """
        profile = (np.abs(self.modes) ** 2).sum(axis=0)
        middle = int((self.position_m * profile).sum() / profile.sum() / self._step_m + self._zero)
        reach = min(middle, self.position_m.size - 1 - middle)
        left, right = middle - np.arange(reach), middle + np.arange(reach)
        joint = np.abs((self.modes[:, left] * self.modes[:, right].conj()).sum(axis=0))
        lit = np.minimum(profile[left], profile[right]) > NEGLIGIBLE * profile.max()
        degree = np.where(lit, joint / np.sqrt(profile[left] * profile[right] + 1e-300), 1.0)
        below = np.flatnonzero(degree < np.exp(-0.5))
        if not below.size:
            return inf
        first = int(below[0])
        drop = degree[first - 1] - degree[first]
        return 2 * self._step_m * float(first - (np.exp(-0.5) - degree[first]) / drop)

    def strongest(self, least: float) -> "Coherence":
        """Without the modes that have less than this part of the light."""
        parts = (np.abs(self.modes) ** 2).sum(axis=1)
        return Coherence(self.position_m, self.modes[parts >= least * parts.sum()])

    def at(self, position_m: np.ndarray) -> np.ndarray:
        """The modes' fields at any positions, shape (modes, n): nothing beyond the plane's own."""
        real, imaginary = (
            np.array([np.interp(position_m, self.position_m, mode, 0.0, 0.0) for mode in part])
            for part in (np.real(self.modes), np.imag(self.modes))
        )
        return real + 1j * imaginary

    @property
    def _step_m(self) -> float:
        return float(self.position_m[1] - self.position_m[0])

    @property
    def _zero(self) -> float:
        """The index of position 0."""
        return -float(self.position_m[0]) / self._step_m


def coherence(
    beamline: Beamline, plane: str, cache: FieldCache | None = None
) -> tuple[Coherence, Coherence]:
    """Horizontal and vertical coherence on a detector's plane, at the middles of its columns and rows.

    Raises
    ------
    BeamlineError
        Where the plane is no detector, or no light gets there.
    """
    there = separable.passage(beamline, plane, coherent=False)
    end = there.way.end
    if not isinstance(end, Detector) or there.is_dark:
        raise BeamlineError(f"{plane}: coherence is that of light on a screen: none gets there")
    start, *sides = separable.arrivals(there, cache or FieldCache(), coherent=False)
    coupling = modes.pair(start, sides[0].family, sides[1].family)
    weights = (
        np.einsum("mMnN,nN->mM", coupling, sides[1].integrals),
        np.einsum("mMnN,mM->nN", coupling, sides[0].integrals),
    )
    across = (Line(*_extent(end.x_m)), Line(*_extent(end.y_m)))
    return tuple(  # pyright: ignore[reportReturnType]
        _coherence(
            propagate(
                side.family.fields,
                side.stop.line,
                line,
                end.z_m - side.stop.z_m,
                there.way.wavelength_m,
            ),
            weight,
            line,
        )
        for side, weight, line in zip(sides, weights, across, strict=True)
    )


def _extent(pixels_m: np.ndarray) -> tuple[float, float, int]:
    step_m = float(pixels_m[1] - pixels_m[0])
    return float(pixels_m.mean()), step_m * pixels_m.size, pixels_m.size


def _coherence(fields: np.ndarray, weight: np.ndarray, line: Line) -> Coherence:
    """Modes of ``sum of weight[m, M] F_m(x) F*_M(x')``: the functions are made orthonormal first."""
    left, sizes, right = np.linalg.svd(fields, full_matrices=False)
    core = (left * sizes).T @ weight @ (left * sizes).conj()
    parts, vectors = np.linalg.eigh((core + core.conj().T) / 2)
    kept = parts > NEGLIGIBLE * parts.sum()
    parts = parts[kept] / parts[kept].sum()
    found = np.sqrt(parts)[:, np.newaxis] * (vectors[:, kept].T @ right)
    return Coherence(line.x_m, found / np.sqrt(line.step_m))
