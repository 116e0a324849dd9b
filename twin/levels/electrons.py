"""Level ``electrons``: SRW's fields of many electrons through the whole chain, their intensities added up.

Partial coherence by brute force: each electron has a place, angles and an energy of its own, and goes through the
chain as the one of the level ``srw`` does, on the mesh that SRW chooses for it. They are quasi-random (Sobol's
sequence, scrambled by a fixed seed): the same arguments give the same bits.

Electrons whose light passes by the first opening are most of the beam, and say nothing. So electrons are drawn more
often where they shine into it, and count for less: importance sampling in ``s = x + x' z``, where the light of an
electron has its middle in the plane of that opening.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import hypot, sqrt

import numpy as np

from beamtwin.twin.beamline import Beamline, BeamlineError
from beamtwin.twin.levels import srw2d
from beamtwin.twin.levels.emission import Shining
from beamtwin.twin.levels.level import FieldCache, Light
from beamtwin.twin.levels.separable import Passage, dark, passage
from beamtwin.twin.levels.train import Train
from beamtwin.twin.ring import Electron
from beamtwin.twin.source import natural_divergence_rad

__all__ = ["ELECTRONS", "drawn", "light"]

#: A minute or more on CHX's mesh. The flux is known to some 25 %, by a scatter that is itself not well known: a few
#: electrons carry most of it. For more, call `light`.
ELECTRONS = 32

#: Their scatter is what the errors are estimated from.
BATCHES = 8

#: How much wider than what the first opening accepts electrons are drawn.
MARGIN = 1.5


def light(
    beamline: Beamline,
    plane: str,
    cache: FieldCache,
    *,
    electrons: int = ELECTRONS,
    seed: int = 1,
) -> Light:
    """The light on a plane, averaged over electrons.

    Parameters
    ----------
    electrons : int
        A power of two, 16 or more. Each takes as long as the level ``srw`` does from scratch.
    seed : int
        Of the scrambling: other seeds give other electrons.

    Raises
    ------
    MeshError
        Where the mesh of any electron has too few points in an opening, or far too many in all.
    """
    if electrons < 2 * BATCHES or electrons & (electrons - 1):
        raise BeamlineError(
            f"{electrons} electrons: take a power of two that is {2 * BATCHES} or more"
        )
    there = passage(beamline, plane, coherent=False)
    if there.is_dark:
        return dark(there.way)
    if beamline.grid is None:
        raise BeamlineError(
            f"{plane}: the level electrons needs a mesh: give the beamline an [optics.grid]"
        )
    total = _Sum()
    for index, (electron, weight) in enumerate(drawn(there, electrons, seed)):
        seen = srw2d.light_of(electron, beamline, beamline.grid, there)
        total.add(index * BATCHES // electrons, seen, weight / electrons)
    return total.mean(electrons)


class _Sum:
    """Of lights, and of the lights in each batch."""

    def __init__(self) -> None:
        self._flux = np.zeros(BATCHES)
        self._photons_s: list[np.ndarray | float] = [0.0] * BATCHES
        self._mesh_error = 0.0
        self._last: Light | None = None

    def add(self, batch: int, seen: Light, weight: float) -> None:
        self._flux[batch] += weight * seen.flux_ph_s
        self._photons_s[batch] = self._photons_s[batch] + weight * seen.photons_s
        self._mesh_error += weight * seen.pattern_error * seen.flux_ph_s
        self._last = seen

    def mean(self, electrons: int) -> Light:
        assert self._last is not None
        flux_ph_s, photons_s = self._flux.sum(), np.array(self._photons_s)
        image = photons_s.sum(axis=0)
        if not flux_ph_s > 0:
            return replace(self._last, photons_s=image, flux_ph_s=0.0)
        return replace(
            self._last,
            photons_s=image,
            flux_ph_s=float(flux_ph_s),
            mesh=f"{electrons} electrons, the last on {self._last.mesh}",
            flux_error=_scatter(self._flux),
            pattern_error=min(1.0, self._mesh_error / flux_ph_s + self._pattern_scatter()),
        )

    def _pattern_scatter(self) -> float:
        """Of the brightest pixel, relative to the flux of its batch."""
        batches = np.array(self._photons_s)
        image = batches.sum(axis=0)
        peaks = batches[:, *np.unravel_index(image.argmax(), image.shape)]
        shape = peaks / peaks.sum() - self._flux / self._flux.sum()
        return float(shape.std(ddof=1) * sqrt(BATCHES)) if peaks.any() else 0.0


def _scatter(batches: np.ndarray) -> float:
    """The relative standard error of a sum of independent batches."""
    return float(batches.std(ddof=1) * sqrt(BATCHES) / batches.sum())


def drawn(there: Passage, electrons: int, seed: int) -> Iterator[tuple[Electron, float]]:
    """Electrons, and how much each counts; on average 1."""
    from scipy.stats import norm, qmc

    normal = norm.ppf(qmc.Sobol(5, seed=seed).random(electrons))  # pyright: ignore[reportCallIssue]
    beam, shining = there.shining.beam, there.shining
    x, y = (
        _Draw.of(shining, line, size, divergence)
        for line, size, divergence in (
            (there.trains[0], beam.x_sigma_m, beam.x_divergence_rad),
            (there.trains[1], beam.y_sigma_m, beam.y_divergence_rad),
        )
    )
    for a, b, c, d, e in normal.tolist():
        place = (*x.at(a, b), *y.at(c, d))
        yield Electron(*place, e * beam.energy_spread), x.weight(a) * y.weight(c)


@dataclass(frozen=True)
class _Draw:
    """Electrons in one direction, by the normal variables of ``s`` and of what is left of x for a given s."""

    z_m: float
    sigma_m: float
    """Of s, in the beam."""
    drawn_sigma_m: float
    """Of s, as drawn."""
    per_shift: float
    """The mean x of electrons with a given s, over s."""
    rest_m: float
    """Rms x of electrons with the same s."""

    @classmethod
    def of(cls, shining: Shining, line: Train, size_m: float, divergence_rad: float) -> "_Draw":
        spread_m = divergence_rad * shining.z_m
        sigma_m = hypot(size_m, spread_m)
        cone_m = (
            natural_divergence_rad(shining.wavelength_m, shining.undulator.length_m) * shining.z_m
        )
        half_m = max(map(abs, line.stops[0].line.edges_m))
        accepted_m = MARGIN * hypot(half_m, cone_m)
        return cls(
            z_m=shining.z_m,
            sigma_m=sigma_m,
            drawn_sigma_m=1 / sqrt(sigma_m**-2 + accepted_m**-2),
            per_shift=size_m**2 / sigma_m**2,
            rest_m=size_m * spread_m / sigma_m,
        )

    def at(self, shift: float, rest: float) -> tuple[float, float]:
        """Place and angle."""
        shift_m = shift * self.drawn_sigma_m
        x_m = self.per_shift * shift_m + rest * self.rest_m
        return x_m, (shift_m - x_m) / self.z_m

    def weight(self, shift: float) -> float:
        """The beam's density over that of the drawing."""
        ratio = self.drawn_sigma_m / self.sigma_m
        return ratio * float(np.exp((1 - ratio**2) * shift**2 / 2))
