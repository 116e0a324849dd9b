"""Crystals: which lattice planes reflect, where, and how strongly."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np

from beamtwin.orchestration.errors import LimitsError
from beamtwin.twin.checks import check_positive
from beamtwin.twin.constants import HC_EV_M

__all__ = ["LAB6", "SILICON", "Crystal", "Reflection"]

#: Where a structure factor squared is no more than this part of one atom's electrons squared, planes are extinct.
EXTINCT = 1e-3


@dataclass(frozen=True)
class Reflection:
    """One powder line: planes of one spacing."""

    hkl: tuple[int, int, int]
    """Of one of them: the one with the highest indices."""
    spacing_m: float
    multiplicity: int
    strength: float
    """The sum of |F|^2 over all planes of the line, in electrons squared."""

    def two_theta_rad(self, wavelength_m: float) -> float:
        """Bragg's angle, doubled; raises LimitsError where the wavelength is too long for it."""
        sine = wavelength_m / (2 * self.spacing_m)
        if not 0 < sine <= 1:
            raise LimitsError(
                f"{self.hkl}: a wavelength of {wavelength_m:g} m is outside (0, {2 * self.spacing_m:g}] m: "
                "Bragg's law has no angle for it"
            )
        return 2 * float(np.arcsin(sine))


@dataclass(frozen=True)
class Crystal:
    """A unit cell and the atoms in it. Atoms do not vibrate."""

    name: str
    lengths_m: tuple[float, float, float]
    """a, b, c."""
    atoms: tuple[tuple[str, tuple[float, float, float]], ...]
    """Element, and place in parts of a, b and c."""
    angles_deg: tuple[float, float, float] = (90.0, 90.0, 90.0)
    """alpha, beta, gamma."""

    def __post_init__(self) -> None:
        for axis, length in zip("abc", self.lengths_m, strict=True):
            check_positive(self.name, **{f"{axis}_m": length})
        if not (np.linalg.det(_angles_metric(self.angles_deg)) > 0):
            raise LimitsError(f"{self.name}: no cell has the angles {self.angles_deg} degrees")

    def spacing_m(self, hkl: tuple[int, int, int]) -> float:
        """Distance of lattice planes (International Tables B, 1.1): 1/d^2 = h G^-1 h, G the metric."""
        if not any(hkl):
            raise LimitsError(f"{self.name}: (0, 0, 0) is no set of planes")
        index = np.asarray(hkl, dtype=float)
        return float((index @ self._reciprocal_metric @ index) ** -0.5)

    def structure_factor(self, hkl: tuple[int, int, int], energy_eV: float) -> complex:
        """F, in electrons, with dispersion, from xraylib's tables."""
        import xraylib

        energy_keV = energy_eV * 1e-3
        momentum = 1e-10 / (2 * self.spacing_m(hkl))  # sin(theta) / wavelength, in 1/angstrom
        total = 0j
        for element, place in self.atoms:
            number = xraylib.SymbolToAtomicNumber(element)
            atom = xraylib.FF_Rayl(number, momentum) + xraylib.Fi(number, energy_keV)
            atom += 1j * abs(xraylib.Fii(number, energy_keV))
            total += atom * np.exp(2j * np.pi * np.dot(hkl, place))
        return complex(total)

    def reflections(self, energy_eV: float, smallest_spacing_m: float) -> list[Reflection]:
        """All lines with spacings from this one up, the widest first; extinct ones are left out."""
        check_positive(self.name, energy_eV=energy_eV, smallest_spacing_m=smallest_spacing_m)
        shortest = max(smallest_spacing_m, HC_EV_M / energy_eV / 2)
        lines: dict[int, list[tuple[int, int, int]]] = {}
        for hkl in self._planes(shortest):
            lines.setdefault(round(self.spacing_m(hkl) * 1e16), []).append(hkl)
        found = (self._reflection(planes, energy_eV) for planes in lines.values())
        return sorted(
            (line for line in found if line.strength > EXTINCT * line.multiplicity),
            key=lambda line: -line.spacing_m,
        )

    @property
    def _reciprocal_metric(self) -> np.ndarray:
        lengths = np.asarray(self.lengths_m)
        return np.linalg.inv(np.outer(lengths, lengths) * _angles_metric(self.angles_deg))

    def _planes(self, shortest_m: float) -> Iterator[tuple[int, int, int]]:
        most = [int(length / shortest_m) for length in self.lengths_m]
        for h, k, l in product(*(range(-n, n + 1) for n in most)):  # noqa: E741
            if (h or k or l) and self.spacing_m((h, k, l)) >= shortest_m:
                yield h, k, l

    def _reflection(self, planes: list[tuple[int, int, int]], energy_eV: float) -> Reflection:
        squares = [abs(self.structure_factor(hkl, energy_eV)) ** 2 for hkl in planes]
        first = max(planes)
        return Reflection(first, self.spacing_m(first), len(planes), sum(squares))


def _angles_metric(angles_deg: tuple[float, float, float]) -> np.ndarray:
    alpha, beta, gamma = np.cos(np.radians(angles_deg))
    return np.array([[1, gamma, beta], [gamma, 1, alpha], [beta, alpha, 1]])


#: NIST SRM 660c at 22.5 degrees; borons make octahedra around the middle of the cell.
LAB6 = Crystal(
    "LaB6",
    (4.156826e-10, 4.156826e-10, 4.156826e-10),
    (
        ("La", (0.0, 0.0, 0.0)),
        ("B", (0.1991, 0.5, 0.5)),
        ("B", (0.8009, 0.5, 0.5)),
        ("B", (0.5, 0.1991, 0.5)),
        ("B", (0.5, 0.8009, 0.5)),
        ("B", (0.5, 0.5, 0.1991)),
        ("B", (0.5, 0.5, 0.8009)),
    ),
)

#: NIST SRM 640f at 22.5 degrees.
SILICON = Crystal(
    "Si",
    (5.431144e-10, 5.431144e-10, 5.431144e-10),
    tuple(
        ("Si", (x + s, y + s, z + s))
        for x, y, z in ((0.0, 0.0, 0.0), (0.0, 0.5, 0.5), (0.5, 0.0, 0.5), (0.5, 0.5, 0.0))
        for s in (0.0, 0.25)
    ),
)
