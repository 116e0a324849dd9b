"""What a level is asked: light from the undulator, through one rectangular opening, to a screen."""

from dataclasses import dataclass

from beamtwin.twin.beamline import Beamline, BeamlineError
from beamtwin.twin.constants import HC_EV_M
from beamtwin.twin.elements import Aperture, Attenuator, Detector, Monochromator
from beamtwin.twin.ring import ElectronBeam
from beamtwin.twin.source import Undulator

__all__ = ["Opening", "Path", "optical_path"]


@dataclass(frozen=True)
class Opening:
    """What is left open in one direction, in the plane of the slit."""

    center_m: float
    gap_m: float

    def __and__(self, other: "Opening") -> "Opening":
        """What both leave open; a gap of zero where that is nothing."""
        low = max(self.center_m - self.gap_m / 2, other.center_m - other.gap_m / 2)
        high = min(self.center_m + self.gap_m / 2, other.center_m + other.gap_m / 2)
        return Opening((low + high) / 2, max(0.0, high - low))

    def projected(self, magnification: float) -> "Opening":
        """Its shadow's bright part further away from a point source on the axis."""
        return Opening(self.center_m * magnification, self.gap_m * magnification)


@dataclass(frozen=True)
class Path:
    """Source, slit and, unless only the flux behind the slit is asked for, detector."""

    beam: ElectronBeam
    source: Undulator
    energy_eV: float
    slit_z_m: float
    x: Opening
    y: Opening
    efficiency: float
    """Photons that arrive, per photon in 0.1 % bandwidth that goes through the opening."""
    detector: Detector | None = None

    @property
    def wavelength_m(self) -> float:
        """The wavelength of the photon energy."""
        return HC_EV_M / self.energy_eV

    @property
    def screen(self) -> Detector:
        """The detector, where there must be one."""
        if self.detector is None:
            raise BeamlineError("a path that ends behind its slit has no screen")
        return self.detector

    @property
    def to_screen_m(self) -> float:
        """From the slit to the detector."""
        return self.screen.z_m - self.slit_z_m

    @property
    def curvature_m(self) -> float:
        """z of the Fresnel diffraction of a point source's light: 1/z = 1/(source to slit) + 1/(slit to screen)."""
        return 1 / (1 / self.slit_z_m + 1 / self.to_screen_m)

    @property
    def is_open(self) -> bool:
        """Whether any light can pass."""
        return self.x.gap_m > 0 and self.y.gap_m > 0

    def fresnel_number(self, opening: Opening) -> float:
        """gap^2 / (wavelength z): far below 1 the pattern is Fraunhofer's."""
        return opening.gap_m**2 / (self.wavelength_m * self.curvature_m)


def optical_path(beamline: Beamline, plane: str) -> Path:
    """The path to a plane, which is a detector, or an aperture for the light just behind it.

    The last aperture before the plane diffracts. Those before it cast sharp shadows, as a point source would: their
    penumbra (electron beam size times the ratio of distances) and their own fringes are left out, so they
    must be much wider than the last one, or wide of the beam.

    Raises
    ------
    BeamlineError
        Where the plane is neither, or there is no aperture or no monochromator before it.
    """
    end = beamline.part(plane)
    if not isinstance(end, Aperture | Detector):
        raise BeamlineError(
            f"{plane}: light is computed on a detector or behind an aperture, not there"
        )
    until = beamline.elements.index(end) + 1
    upstream = beamline.elements[:until]
    apertures = [element for element in upstream if isinstance(element, Aperture)]
    if not apertures:
        raise BeamlineError(f"{plane}: there is no aperture before it to diffract")
    slit = apertures[-1]
    return Path(
        beam=beamline.beam,
        source=beamline.source,
        energy_eV=beamline.photon_energy_eV,
        slit_z_m=slit.z_m,
        x=_lit(slit, apertures, "x"),
        y=_lit(slit, apertures, "y"),
        efficiency=_efficiency(upstream, plane),
        detector=end if isinstance(end, Detector) else None,
    )


def _lit(slit: Aperture, apertures: list[Aperture], axis: str) -> Opening:
    """The part of the slit that no aperture before it shades."""
    lit = _opening(slit, axis)
    for aperture in apertures:
        lit &= _opening(aperture, axis).projected(slit.z_m / aperture.z_m)
    return lit


def _opening(aperture: Aperture, axis: str) -> Opening:
    return Opening(getattr(aperture, f"{axis}_center_m"), getattr(aperture, f"{axis}_gap_m"))


def _efficiency(upstream: tuple[object, ...], plane: str) -> float:
    """Of the monochromators' band, in units of 0.1 %, and of all transmissions."""
    bands = [element.bandwidth for element in upstream if isinstance(element, Monochromator)]
    if not bands:
        raise BeamlineError(f"{plane}: there is no monochromator before it")
    efficiency = min(bands) / 1e-3
    for element in upstream:
        if isinstance(element, Monochromator | Attenuator):
            efficiency *= element.transmission
    return efficiency
