"""What the undulator sends into the first opening: for one electron, and for all of them.

SRW computes the field of electrons on the axis, with energies spread about the beam's (near field, exact harmonics).
Each is a short sum of products of a function of x and one of y. An electron at ``x`` with the angle ``x'`` gives
the same field, shifted by ``s = x + x' z`` and tilted by ``-x / z``; for given s, x is Gaussian, so the average over it
is a Gaussian coherence function, and what is left is a sum over s. x and y are independent, but for the energy:

    J = sum over energies of w(e) sum over (k, l) of A_ekl(x1, x2) B_ekl(y1, y2)

so averaging over x and over y separately is averaging over all electrons. A and B are then written in the few
functions that carry their traces. Angles and places are those of the waist, in the middle of the undulator.
"""

from dataclasses import dataclass
from functools import partial
from math import hypot, pi, sqrt

import numpy as np

from beamtwin.twin.beamline import BeamlineError
from beamtwin.twin.levels import srw
from beamtwin.twin.levels.fresnel import Line, MeshError
from beamtwin.twin.levels.level import FieldCache
from beamtwin.twin.levels.modes import NEGLIGIBLE, Emission, Family
from beamtwin.twin.levels.opening import Opening
from beamtwin.twin.levels.path import planar
from beamtwin.twin.ring import ElectronBeam
from beamtwin.twin.source import PlanarUndulator, Source, natural_divergence_rad

__all__ = ["Shining", "all_electrons", "illuminated", "one_electron", "source_half_m"]

#: How many standard deviations of the electron beam, and of one electron's cone of light, are followed.
DEVIATIONS = 4.0
CONE_DEVIATIONS = 5.0

#: Nodes of the average over the electrons' energies (Gauss and Hermite).
ENERGIES = 21

#: Between the points at which SRW computes, and between those of the sum over electrons.
FIELD_STEP_M = 30e-6
SHIFT_STEP_M = 12e-6

#: Products that one electron's field is a sum of, at most, and what they may leave out of its energy.
MOST_PRODUCTS = 6
LEFT_OUT = 1e-5

#: Points per rms coherence length at which functions are made, and how many there may be.
POINTS_PER_LENGTH = 2.7
MOST_POINTS = 400


@dataclass(frozen=True)
class Shining:
    """What decides the light in a plane: hashable, so it is a key."""

    beam: ElectronBeam
    source: Source
    energy_eV: float
    wavelength_m: float
    z_m: float

    @property
    def undulator(self) -> PlanarUndulator:
        """The source, for what only undulators do."""
        return planar(self.source)


@dataclass(frozen=True)
class _Side:
    """The electrons in one direction, as seen from the plane of the first element."""

    line: Line
    sigma_m: float
    """Of s."""
    per_shift: float
    """The mean x of electrons with a given s, over s."""
    coherence_m: float
    """Rms, of electrons with the same s."""


def source_half_m(shining: Shining, sigma_m: float) -> float:
    """How far from the axis light begins, for a beam of this rms size; 0 is one electron."""
    return DEVIATIONS * sigma_m


def illuminated(shining: Shining, sigma_m: float, divergence_rad: float) -> Opening:
    """Where there is light in the plane."""
    cone_m = CONE_DEVIATIONS * _cone_m(shining)
    return Opening(0.0, 2 * (cone_m + DEVIATIONS * hypot(sigma_m, divergence_rad * shining.z_m)))


def one_electron(shining: Shining, x: Line, y: Line, cache: FieldCache) -> Emission:
    """The field of one electron on the axis: fully coherent, and with all the current in it far too bright."""
    half_m = [max(map(abs, line.edges_m)) for line in (x, y)]
    u, v, _ = _products(shining, 0.0, _rounded(half_m[0]), _rounded(half_m[1]), cache)
    x_line, y_line = _coarse(x, FIELD_STEP_M / 3), _coarse(y, FIELD_STEP_M / 3)
    # All products weigh the same: far from the axis, the weak ones may be all the light there is.
    same = np.eye(len(u), dtype=complex)
    families = [Family(_at(table, line), same, same) for table, line in ((u, x_line), (v, y_line))]
    coupling = np.einsum("mn,MN->mMnN", same, same)
    return Emission(families[0], families[1], coupling, x_line, y_line, shining.z_m, sqrt(LEFT_OUT))


def all_electrons(shining: Shining, x: Line, y: Line, cache: FieldCache) -> Emission:
    """The light of the whole beam, with its emittance and energy spread."""
    beam = shining.beam
    sides = [
        _side(shining, line, size, divergence)
        for line, size, divergence in (
            (x, beam.x_sigma_m, beam.x_divergence_rad),
            (y, beam.y_sigma_m, beam.y_divergence_rad),
        )
    ]
    halves = [_table_half_m(shining, side) for side in sides]
    gammas, chances = _energies(beam.energy_spread)
    kernels: list[list[np.ndarray]] = [[], []]
    for offset, chance in zip(gammas, chances, strict=True):
        u, v, _ = _products(shining, offset, halves[0], halves[1], cache)
        kernels[0].append(_averaged(shining, sides[0], u) * chance)
        kernels[1].append(_averaged(shining, sides[1], v))
    return _in_functions(shining, sides, kernels)


def _in_functions(
    shining: Shining, sides: list[_Side], kernels: list[list[np.ndarray]]
) -> Emission:
    """The kernels (k, l, points, points) of all energies, in the functions that carry their traces."""
    families, projected = [], []
    for own, other in ((0, 1), (1, 0)):
        traces = [
            np.einsum("klii->kl", kernel) * sides[other].line.step_m for kernel in kernels[other]
        ]
        whole = sum(
            np.einsum("klij,kl->ij", kernel, trace)
            for kernel, trace in zip(kernels[own], traces, strict=True)
        )
        weights, functions = np.linalg.eigh(np.asarray(whole))
        kept = np.cumsum(weights) > NEGLIGIBLE * weights.sum()
        functions = functions[:, kept]
        projected.append([
            np.einsum("im,klij,jM->klmM", functions.conj(), kernel, functions, optimize=True)
            for kernel in kernels[own]
        ])  # fmt: skip
        families.append(
            Family(
                functions.T,
                np.eye(len(functions.T), dtype=complex),
                np.diag(weights[kept]).astype(complex),
            )
        )
    coupling = sum(
        np.tensordot(x, y, axes=([0, 1], [0, 1])) for x, y in zip(*projected, strict=True)
    )
    return Emission(
        x=families[0],
        y=families[1],
        coupling=np.asarray(coupling),
        x_line=sides[0].line,
        y_line=sides[1].line,
        radius_m=shining.z_m,
        error=sqrt(LEFT_OUT),
    )


def _energies(spread: float) -> tuple[np.ndarray, np.ndarray]:
    """Relative offsets and probabilities; those that hardly occur are left out."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(ENERGIES)
    chances = weights / weights.sum()
    likely = chances > 1e-5
    return nodes[likely] * spread, chances[likely] / chances[likely].sum()


def _side(shining: Shining, line: Line, sigma_m: float, divergence_rad: float) -> _Side:
    from_angle = divergence_rad * shining.z_m
    shift = hypot(sigma_m, from_angle)
    rest = sigma_m * from_angle / shift
    coherence_m = shining.wavelength_m * shining.z_m / (2 * pi * rest)
    step_m = min(FIELD_STEP_M / 3, coherence_m / POINTS_PER_LENGTH)
    if line.width_m > MOST_POINTS * step_m:
        raise MeshError(
            f"an opening of {line.width_m * 1e3:.3g} mm is {line.width_m / coherence_m:.3g} coherence lengths "
            f"wide, more than {MOST_POINTS * step_m / coherence_m:.3g}: too many modes; narrow it, or take the "
            "level coherent or electrons"
        )
    return _Side(_coarse(line, step_m), shift, sigma_m**2 / shift**2, coherence_m)


def _coarse(line: Line, step_m: float) -> Line:
    return Line(line.center_m, line.width_m, max(8, int(line.width_m / step_m) + 1))


def _averaged(shining: Shining, side: _Side, tables: list["_Table"]) -> np.ndarray:
    """A_kl(x1, x2): u_k(x1 - s) u*_l(x2 - s) averaged over all electrons, shape (k, l, points, points)."""
    reach = min(DEVIATIONS * side.sigma_m, tables[0].half_m + max(map(abs, side.line.edges_m)))
    count = 2 * int(reach / min(SHIFT_STEP_M, side.sigma_m / 4)) + 1
    shifts = np.linspace(-reach, reach, count)
    chances = np.exp(-(shifts**2) / (2 * side.sigma_m**2))
    chances *= (shifts[1] - shifts[0]) / (sqrt(2 * pi) * side.sigma_m)
    x = side.line.x_m
    tilt = -2 * pi * side.per_shift / (shining.wavelength_m * shining.z_m)
    tilts = np.exp(1j * tilt * np.multiply.outer(shifts, x)) * np.sqrt(chances)[:, np.newaxis]
    shifted = [table.at(x - shifts[:, np.newaxis]) * tilts for table in tables]
    coherence = np.exp(-(np.subtract.outer(x, x) ** 2) / (2 * side.coherence_m**2))
    together = np.concatenate(shifted, axis=1)
    ranks, points = len(tables), x.size
    kernel = (together.T @ together.conj()).reshape(ranks, points, ranks, points)
    return kernel.transpose(0, 2, 1, 3) * coherence


@dataclass(frozen=True, eq=False)
class _Table:
    """An even function, by a spline on its right half; nothing beyond."""

    half_m: float
    spline: object

    def at(self, x_m: np.ndarray) -> np.ndarray:
        distance = np.abs(x_m)
        return np.where(distance <= self.half_m, self.spline(distance), 0.0)  # pyright: ignore[reportCallIssue]


def _at(tables: list[_Table], line: Line) -> np.ndarray:
    return np.array([table.at(line.x_m) for table in tables])


def _products(
    shining: Shining, offset: float, x_half_m: float, y_half_m: float, cache: FieldCache
) -> tuple[list[_Table], list[_Table], float]:
    key = ("products", shining, offset, x_half_m, y_half_m)
    return cache.get(key, partial(_compute_products, shining, offset, x_half_m, y_half_m))


def _compute_products(
    shining: Shining, offset: float, x_half_m: float, y_half_m: float
) -> tuple[list[_Table], list[_Table], float]:
    """The envelope of one electron's field, of relative energy 1 + offset, as sum of u_k(x) v_k(y)."""
    from scipy.interpolate import CubicSpline

    x_m, y_m = (
        np.linspace(0, half, max(5, int(half / FIELD_STEP_M) + 2)) for half in (x_half_m, y_half_m)
    )
    field = srw.quadrant(shining, offset, x_m, y_m)
    left, sizes, right = np.linalg.svd(field, full_matrices=False)
    if not sizes[0] > 0:
        raise BeamlineError(
            f"{shining.source.name}: SRW finds no light of {shining.energy_eV:g} eV at {shining.z_m:g} m: "
            "tune it nearer to the monochromator"
        )
    energy = np.cumsum(sizes**2) / (sizes**2).sum()
    ranks = min(MOST_PRODUCTS, int(np.searchsorted(energy, 1 - LEFT_OUT)) + 1)
    u = [_Table(x_half_m, CubicSpline(x_m, np.sqrt(sizes[k]) * right[k])) for k in range(ranks)]
    v = [_Table(y_half_m, CubicSpline(y_m, np.sqrt(sizes[k]) * left[:, k])) for k in range(ranks)]
    return u, v, float(1 - energy[ranks - 1])


def _table_half_m(shining: Shining, side: _Side) -> float:
    """As far as electrons send light that meets the line: their own field, or where no electron is."""
    beam, source = shining.beam, shining.undulator
    window = max(map(abs, side.line.edges_m))
    red = sqrt(2 * DEVIATIONS * beam.energy_spread * (1 + source.K**2 / 2)) / beam.gamma
    ring_m = red * shining.z_m + DEVIATIONS * _cone_m(shining)
    return _rounded(min(window + DEVIATIONS * side.sigma_m, ring_m))


def _rounded(half_m: float) -> float:
    """A little more, the same for many: a slit that moves keeps its table."""
    return 1e-4 * (int(half_m / 1e-4) + 1)


def _cone_m(shining: Shining) -> float:
    return natural_divergence_rad(shining.wavelength_m, shining.undulator.length_m) * shining.z_m
