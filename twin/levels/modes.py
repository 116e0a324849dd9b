"""Partially coherent light as few modes: products of a function of x and one of y, and how they belong together.

The mutual intensity is ``sum of C[m, m', n, n'] X_m(x) X*_m'(x') Y_n(y) Y*_n'(y')``. Thin separable elements and free
space act on the X and on the Y, each by itself, so a beamline costs as many 1D propagations as there are functions,
whatever the number of electrons that C was averaged over.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from beamtwin.twin.levels.fresnel import Line

__all__ = ["Emission", "Family", "flux", "image", "pair", "products", "reduced"]

#: Of the light's energy: what may be lost where modes are dropped.
NEGLIGIBLE = 1e-6

#: Of the strongest function's norm: below, a combination of functions is nothing but rounding errors.
ROUNDING = 1e-13


@dataclass(frozen=True, eq=False)
class Family:
    """Functions in one direction, at one plane."""

    fields: np.ndarray
    """At the middles of the line's cells, shape (functions, points)."""
    mixing: np.ndarray
    """What the emission's functions are in terms of these, shape (emission's functions, functions)."""
    weight: np.ndarray
    """Their coherence matrix, the other direction left out, shape (functions, functions)."""

    @property
    def nbytes(self) -> int:
        """Of its arrays."""
        return self.fields.nbytes + self.mixing.nbytes + self.weight.nbytes


@dataclass(frozen=True, eq=False)
class Emission:
    """The light in the plane of the first element, before it."""

    x: Family
    y: Family
    coupling: np.ndarray
    """C, shape (m, m', n, n'), in photons/s/0.1 % per m^2 and per products of the functions."""
    x_line: Line
    y_line: Line
    radius_m: float
    """The fields are envelopes of a spherical wave from this far upstream."""
    error: float
    """Estimated, relative."""


def reduced(family: Family, step_m: float) -> Family:
    """The same light in orthonormal functions, without those that carry next to nothing of it."""
    norms, rotation = np.linalg.eigh(family.fields @ family.fields.conj().T * step_m)
    independent = norms > ROUNDING * norms[-1]
    size, rotation = np.sqrt(norms[independent]), rotation[:, independent]
    to_basis = rotation * size
    coherence = to_basis.T @ family.weight @ to_basis.conj()
    weights, modes = np.linalg.eigh((coherence + coherence.conj().T) / 2)
    kept = np.cumsum(weights) > NEGLIGIBLE * weights.sum()
    modes = modes[:, kept]
    return Family(
        fields=modes.T @ ((rotation / size).conj().T @ family.fields),
        mixing=family.mixing @ to_basis @ modes.conj(),
        weight=np.diag(weights[kept]).astype(complex),
    )


def pair(emission: Emission, x: Family, y: Family) -> np.ndarray:
    """C in terms of two families that the emission's became, shape (m, m', n, n')."""
    from_x, became_x = x.mixing.shape
    # Matrix products, because tensordot takes longer to shuffle axes this short than to multiply.
    coupling = x.mixing.T @ emission.coupling.reshape(from_x, -1)
    coupling = x.mixing.conj().T @ coupling.reshape(became_x, from_x, -1)
    coupling = coupling.reshape(became_x, became_x, *emission.coupling.shape[2:])
    return y.mixing.T @ coupling @ y.mixing.conj()


def products(fields: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """X_m X*_m' in each pixel: shape (nodes, m, pixels) -> (m, m', pixels)."""
    total: Any = 0.0
    for field, weight in zip(fields, weights, strict=True):
        total = total + (field * weight)[:, np.newaxis] * field.conj()[np.newaxis]
    return total


def flux(coupling: np.ndarray, x: np.ndarray, y: np.ndarray) -> float:
    """Photons, from the integrals of the functions' products, shapes (m, m') and (n, n')."""
    photons: Any = x.ravel() @ coupling.reshape(x.size, y.size) @ y.ravel()
    return float(photons.real)


def image(coupling: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Photons on a grid, from the functions' products; shapes (m, m', columns) and (n, n', rows) -> (rows, columns)."""
    # Both are Hermitian in n and n', so half of the pairs, and of a complex product, is enough.
    first, second, count = _pairs(len(y))
    weights = (coupling[:, :, first, second] * count).reshape(-1, count.size)
    columns: Any = weights.T @ x.reshape(-1, x.shape[-1])
    rows: Any = y[first, second]
    together = np.concatenate([columns.real, -columns.imag])
    light = np.concatenate([rows.real, rows.imag]).T @ together
    return np.maximum(light, 0.0, out=light)


@cache
def _pairs(functions: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(n, n') with n' not below n, and how often each counts."""
    first, second = np.triu_indices(functions)
    return first, second, np.where(first == second, 1.0, 2.0)
