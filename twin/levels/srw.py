"""The few words of SRW that the twin speaks: a field, a flux, and a slit with a drift behind it.

SRW (O. Chubar, P. Elleaume, EPAC 1998, 1177; srwpy) is a C library behind thin Python. It works in place, trusts its
caller (a short array is a segmentation fault), and holds the interpreter's lock while it computes: long
work belongs into a process of its own (`beamtwin.twin.chain.evaluate_job`). Energies are in eV and GeV,
lengths in m, flux in photons/s/0.1 %, densities per mm^2.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from beamtwin.twin.levels.opening import Opening
from beamtwin.twin.levels.path import Path
from beamtwin.twin.levels.srw_magnets import (
    FIELD_PRECISION,
    electron_beam,
    library,
    magnets,
    undulator,
)

if TYPE_CHECKING:
    from beamtwin.twin.levels.emission import Shining

__all__ = [
    "Mesh",
    "SourceField",
    "diffract",
    "electron_beam",
    "flux_through",
    "library",
    "magnets",
    "quadrant",
    "source_field",
]

#: Between the points at which the field is computed: with its spherical wave taken out, it is smooth over 0.1 mm.
FIELD_STEP_M = 10e-6

#: Accuracy parameters (longitudinal, azimuthal) of the flux: 3 gives 0.3 % more than 1.5, in three times the time.
FLUX_PRECISION = 1.5

#: SRW's number for the drift that is one Fourier transform, of the field times its quadratic phase.
FROM_WAIST = 3


@dataclass(frozen=True)
class Mesh:
    """Points across the slit and a margin, in one direction; the slit's edges lie midway between two of them."""

    opening: Opening
    cells: int
    """Points in the opening."""
    points: int
    """Points in all; even."""

    @property
    def step_m(self) -> float:
        """Between points."""
        return self.opening.gap_m / self.cells

    @cached_property
    def positions_m(self) -> np.ndarray:
        """Of the points, shape (points,)."""
        index = np.arange(self.points) - (self.points - 1) / 2
        return self.opening.center_m + index * self.step_m


@dataclass(frozen=True, eq=False)
class SourceField:
    """One electron's horizontal field across a plane: a smooth envelope on a spherical wave."""

    radius_m: float
    wavelength_m: float
    envelope: Any
    """Two scipy splines (y, x), of its real and its imaginary part."""

    def on(self, y_m: np.ndarray, x_m: np.ndarray) -> np.ndarray:
        """The field at the points of a mesh, shape (ny, nx), in sqrt(photons/s/0.1 %/mm^2)."""
        real, imaginary = self.envelope
        return (real(y_m, x_m) + 1j * imaginary(y_m, x_m)) * np.multiply.outer(
            _sphere(y_m, self.radius_m, self.wavelength_m),
            _sphere(x_m, self.radius_m, self.wavelength_m),
        )


def source_field(path: Path, x_half_m: float, y_half_m: float) -> SourceField:
    """The field of one electron on the axis, in the plane of the slit, on +-x_half_m by +-y_half_m."""
    from scipy.interpolate import RectBivariateSpline

    srw = library()
    nx, ny = (2 * max(4, round(half / FIELD_STEP_M)) + 1 for half in (x_half_m, y_half_m))
    wavefront = srw.SRWLWfr()
    wavefront.allocate(1, nx, ny)
    _set_mesh(wavefront.mesh, path, Opening(0.0, 2 * x_half_m), Opening(0.0, 2 * y_half_m))
    wavefront.partBeam = electron_beam(path.beam, path.source)
    srw.srwl.CalcElecFieldSR(
        wavefront, 0, magnets(path.undulator), [1, FIELD_PRECISION, 0, 0, 20000, 1, 0]
    )
    x_m, y_m = np.linspace(-x_half_m, x_half_m, nx), np.linspace(-y_half_m, y_half_m, ny)
    radius_m = wavefront.Rx
    field = np.array(wavefront.arEx, np.float32).view(np.complex64).reshape(ny, nx)
    envelope = field / np.multiply.outer(
        _sphere(y_m, radius_m, path.wavelength_m), _sphere(x_m, radius_m, path.wavelength_m)
    )
    splines = [RectBivariateSpline(y_m, x_m, part) for part in (envelope.real, envelope.imag)]
    return SourceField(radius_m=radius_m, wavelength_m=path.wavelength_m, envelope=splines)


def quadrant(
    shining: "Shining", energy_offset: float, x_m: np.ndarray, y_m: np.ndarray
) -> np.ndarray:
    """The envelope of one electron's field where x and y are not negative: it is even in both.

    Parameters
    ----------
    shining : Shining
        The beam, its undulator, the photon energy and the plane.
    energy_offset : float
        Of the electron, relative.
    x_m, y_m : ndarray
        Evenly spaced from zero on.

    Returns
    -------
    ndarray
        Shape (ny, nx), in sqrt(photons/s/0.1 %/m^2), without the spherical wave from the undulator's middle.
    """
    srw = library()
    wavefront = srw.SRWLWfr()
    wavefront.allocate(1, x_m.size, y_m.size)
    mesh = wavefront.mesh
    mesh.zStart = shining.z_m
    mesh.eStart = mesh.eFin = shining.energy_eV
    mesh.xStart, mesh.xFin, mesh.yStart, mesh.yFin = 0.0, x_m[-1], 0.0, y_m[-1]
    electrons = electron_beam(shining.beam, shining.source)
    electrons.partStatMom1.gamma *= 1 + energy_offset
    wavefront.partBeam = electrons
    srw.srwl.CalcElecFieldSR(
        wavefront, 0, magnets(shining.undulator), [1, FIELD_PRECISION, 0, 0, 20000, 1, 0]
    )
    field = np.array(wavefront.arEx, np.float32).view(np.complex64).reshape(y_m.size, x_m.size)
    waves = [_sphere(m, shining.z_m, shining.wavelength_m) for m in (y_m, x_m)]
    return 1e3 * field / np.multiply.outer(*waves)


def flux_through(path: Path) -> float:
    """Photons/s/0.1 % through the opening, from all electrons (SRW's CalcStokesUR: emittance, energy spread).

    SRW's own average over macro-electrons is 4 % lower at the energy of the harmonic, 3 % at its flux maximum.
    """
    srw = library()
    stokes = srw.SRWLStokes()
    stokes.allocate(1, 1, 1)
    _set_mesh(stokes.mesh, path, path.x, path.y)
    highest = path.undulator.harmonic_near(path.beam, path.energy_eV) + 2
    integrated = 1
    srw.srwl.CalcStokesUR(
        stokes,
        electron_beam(path.beam, path.source),
        undulator(path.undulator),
        [1, highest, FLUX_PRECISION, FLUX_PRECISION, integrated],
    )
    return max(0.0, float(stokes.arS[0]))


def diffract(
    path: Path, field: np.ndarray, x: Mesh, y: Mesh
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Intensity on the screen of a field that goes through the path's slit.

    Parameters
    ----------
    field : ndarray of complex
        On the meshes' points, shape (ny, nx).

    Returns
    -------
    intensity, x_m, y_m
        Shape (ny, nx), and the positions on the screen: wavelength * distance / (points * step) apart.
    """
    srw = library()
    wavefront = _wavefront(path, field, x, y)
    slit = srw.SRWLOptA(
        "r", "a", x.opening.gap_m, y.opening.gap_m, x.opening.center_m, y.opening.center_m
    )
    # One element a call: SRW then gives the same bits wherever the chain is resumed.
    for element, method in ((slit, 0), (srw.SRWLOptD(path.to_screen_m), FROM_WAIST)):
        parameters = [0, 0, 1.0, method, 0, 1.0, 1.0, 1.0, 1.0]
        srw.srwl.PropagElecField(wavefront, srw.SRWLOptC([element], [parameters]))
    intensity = np.zeros(x.points * y.points, np.float32)
    srw.srwl.CalcIntFromElecField(intensity, wavefront, 0, 0, 3, path.energy_eV, 0, 0)
    mesh = wavefront.mesh
    x_m = np.linspace(mesh.xStart, mesh.xFin, mesh.nx)
    y_m = np.linspace(mesh.yStart, mesh.yFin, mesh.ny)
    return intensity.reshape(y.points, x.points), x_m, y_m


def _wavefront(path: Path, field: np.ndarray, x: Mesh, y: Mesh) -> Any:
    srw = library()
    wavefront = srw.SRWLWfr(
        _eStart=path.energy_eV,
        _eFin=path.energy_eV,
        _ne=1,
        _xStart=x.positions_m[0],
        _xFin=x.positions_m[-1],
        _nx=x.points,
        _yStart=y.positions_m[0],
        _yFin=y.positions_m[-1],
        _ny=y.points,
        _zStart=path.slit_z_m,
        _partBeam=electron_beam(path.beam, path.source),
    )
    wavefront.arEx = np.ascontiguousarray(field, np.complex64).view(np.float32).ravel()
    # SRW insists on a vertical field; the undulator's is 1e-5 of the intensity.
    wavefront.arEy = np.zeros(2 * field.size, np.float32)
    wavefront.Rx = wavefront.Ry = path.slit_z_m
    wavefront.dRx = wavefront.dRy = 0.01 * path.slit_z_m
    wavefront.avgPhotEn = path.energy_eV
    return wavefront


def _sphere(position_m: np.ndarray, radius_m: float, wavelength_m: float) -> np.ndarray:
    return np.exp(1j * np.pi * position_m**2 / (wavelength_m * radius_m))


def _set_mesh(mesh: Any, path: Path, x: Opening, y: Opening) -> None:
    mesh.zStart = path.slit_z_m
    mesh.eStart = mesh.eFin = path.energy_eV
    mesh.xStart, mesh.xFin = x.center_m - x.gap_m / 2, x.center_m + x.gap_m / 2
    mesh.yStart, mesh.yFin = y.center_m - y.gap_m / 2, y.center_m + y.gap_m / 2
