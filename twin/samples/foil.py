"""Foils: absorption edges, as a scan of the photon energy sees them."""

from dataclasses import dataclass

import numpy as np

from beamtwin.hardware.materials import attenuation_length_m
from beamtwin.orchestration.errors import LimitsError
from beamtwin.twin.checks import check_at_least_zero, check_positive

__all__ = ["Foil", "edge_energy_eV"]

#: Equally likely energies of a band.
BAND_POINTS = 64


def edge_energy_eV(element: str, shell: str = "K") -> float:
    """Where an absorption edge lies, from xraylib's tables.

    Parameters
    ----------
    element : str
        Its symbol.
    shell : str
        ``"K"``, ``"L1"``, ``"L2"``, ``"L3"``, ...

    Raises
    ------
    LimitsError
        For an element or a shell that there is not.
    """
    import xraylib

    try:
        number = xraylib.SymbolToAtomicNumber(element)
        return 1e3 * xraylib.EdgeEnergy(number, getattr(xraylib, f"{shell}_SHELL"))
    except (AttributeError, ValueError):
        raise LimitsError(f"edge: the tables have no {shell} edge of {element!r}") from None


@dataclass(frozen=True)
class Foil:
    """A layer of one material. Edges are steps, as in the tables: without near-edge structure or EXAFS."""

    material: str
    """Of `beamtwin.hardware.materials`."""
    thickness_m: float

    def __post_init__(self) -> None:
        check_positive("foil", thickness_m=self.thickness_m)

    def absorbance(self, energy_eV: np.ndarray) -> np.ndarray:
        """mu t at each energy: the logarithm of what comes in over what gets through. Any shape."""
        energies = np.atleast_1d(np.asarray(energy_eV, dtype=float))
        lengths = [attenuation_length_m(self.material, energy) for energy in energies.flat]
        return self.thickness_m / np.reshape(lengths, np.shape(energy_eV))

    def transmission(self, energy_eV: np.ndarray, bandwidth: float = 0.0) -> np.ndarray:
        """The part of the photons that gets through at each energy; the shape of ``energy_eV``.

        Parameters
        ----------
        bandwidth : float
            Of the light, relative and rms (Gaussian). It is photons that are averaged, not absorbances: an edge is
            rounded, and a thick foil's is too low.
        """
        check_at_least_zero("foil", bandwidth=bandwidth)
        if bandwidth == 0:
            return np.exp(-self.absorbance(energy_eV))
        from scipy.special import ndtri

        spread = 1 + bandwidth * ndtri((np.arange(BAND_POINTS) + 0.5) / BAND_POINTS)
        band = np.multiply.outer(np.asarray(energy_eV, dtype=float), spread)
        return np.exp(-self.absorbance(band)).mean(axis=-1)
