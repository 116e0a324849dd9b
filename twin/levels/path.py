"""What a level is asked: light from the source, through one rectangular opening, to a screen."""

from dataclasses import dataclass
from math import prod

from beamtwin.twin.beamline import Beamline, BeamlineError
from beamtwin.twin.constants import HC_EV_M
from beamtwin.twin.elements import Aperture, Detector, Element, Monochromator
from beamtwin.twin.levels.opening import Opening
from beamtwin.twin.levels.thin import EVERYWHERE, Side, Thin, thin
from beamtwin.twin.ring import ElectronBeam
from beamtwin.twin.source import FieldUndulator, PlanarUndulator, Source, Undulator

__all__ = ["Opening", "Path", "band", "optical_path", "planar"]


@dataclass(frozen=True)
class Path:
    """Source, slit and, unless only the flux behind the slit is asked for, detector."""

    beam: ElectronBeam
    source: Source
    energy_eV: float
    slit_z_m: float
    x: Opening
    y: Opening
    efficiency: float
    """Photons that arrive, per photon in 0.1 % bandwidth that goes through the opening."""
    detector: Detector | None = None

    @property
    def undulator(self) -> PlanarUndulator:
        """The source, for what only undulators do."""
        return planar(self.source)

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


def planar(source: Source) -> PlanarUndulator:
    """The source; raises BeamlineError where it is no undulator."""
    if not isinstance(source, Undulator | FieldUndulator):
        raise BeamlineError(
            f"{source.name}: a {type(source).__name__}, where an undulator is needed"
        )
    return source


def optical_path(beamline: Beamline, plane: str) -> Path:
    """The path to a plane, which is a detector, or an aperture for the light just behind it.

    The last aperture before the plane diffracts; nothing bends the light. Those before it cast sharp shadows, as a
    point source would: their penumbra (electron beam size times the ratio of distances) and their own fringes are left
    out, so they must be much wider than the last one, or wide of the beam.

    Raises
    ------
    BeamlineError
        Where the plane is neither, or there is no aperture or no monochromator before it, or an element that does
        more than cut the light and take of it.
    """
    end = beamline.part(plane)
    if not isinstance(end, Aperture | Detector):
        raise BeamlineError(
            f"{plane}: light is computed on a detector or behind an aperture, not there"
        )
    until = beamline.elements.index(end) + 1
    upstream = beamline.elements[:until]
    slits = [element for element in upstream if isinstance(element, Aperture)]
    if not slits:
        raise BeamlineError(f"{plane}: there is no aperture before it to diffract")
    slit, energy_eV = slits[-1], beamline.photon_energy_eV
    acts = [(element, thin(element, energy_eV)) for element in upstream]
    _check_straight(acts, plane)
    return Path(
        beam=beamline.beam,
        source=beamline.source,
        energy_eV=energy_eV,
        slit_z_m=slit.z_m,
        x=_lit(slit, [(element.z_m, act.x) for element, act in acts]),
        y=_lit(slit, [(element.z_m, act.y) for element, act in acts]),
        efficiency=band(upstream, plane) * prod(act.transmission for _, act in acts),
        detector=end if isinstance(end, Detector) else None,
    )


def _check_straight(acts: list[tuple[Element, Thin]], plane: str) -> None:
    for element, act in acts:
        if any(side != Side(side.opening) for side in (act.x, act.y)):
            raise BeamlineError(
                f"{plane}: {element.name} before it bends or blocks light, which the levels of one slit "
                "(fast, wave) do not know: take coherent, modes or srw"
            )


def _lit(slit: Aperture, sides: list[tuple[float, Side]]) -> Opening:
    """The part of the slit that nothing before it shades."""
    lit = EVERYWHERE
    for z_m, side in sides:
        if z_m <= slit.z_m and side.opening != EVERYWHERE:
            shadow = side.opening.projected(slit.z_m / z_m)
            lit = shadow if lit == EVERYWHERE else lit & shadow
    return lit


def band(upstream: tuple[object, ...], plane: str) -> float:
    """What the narrowest monochromator lets through, in units of 0.1 %; raises BeamlineError where there is none."""
    bands = [element.bandwidth for element in upstream if isinstance(element, Monochromator)]
    if not bands:
        raise BeamlineError(f"{plane}: there is no monochromator before it")
    return min(bands) / 1e-3
