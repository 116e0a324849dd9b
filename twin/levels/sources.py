"""Which sources a level knows, and where their light begins."""

from collections.abc import Callable
from functools import partial

from beamtwin.twin.beamline import Beamline, BeamlineError
from beamtwin.twin.bending_magnet import BendingMagnet
from beamtwin.twin.gaussian_beam import GaussianBeam
from beamtwin.twin.levels import emission, gaussian
from beamtwin.twin.levels.fresnel import Line
from beamtwin.twin.levels.level import FieldCache
from beamtwin.twin.levels.modes import Emission
from beamtwin.twin.levels.opening import Opening
from beamtwin.twin.levels.train import Axis, Beginning
from beamtwin.twin.source import FieldUndulator, Source, Undulator

__all__ = ["KNOWN", "beginning", "check_source", "emitter"]

Emitter = Callable[[emission.Shining, Line, Line, FieldCache], Emission]

UNDULATORS = (Undulator, FieldUndulator)

#: By the level: the sources whose light it can follow.
KNOWN: dict[str, tuple[type, ...]] = {
    "fast": (*UNDULATORS, BendingMagnet, GaussianBeam),
    "wave": UNDULATORS,
    "coherent": (*UNDULATORS, GaussianBeam),
    "modes": (*UNDULATORS, GaussianBeam),
    "srw": (*UNDULATORS, BendingMagnet, GaussianBeam),
    "electrons": UNDULATORS,
}

#: Levels that take position and angle of electrons as independent in the middle of the source.
WAIST = ("modes", "electrons")

#: Of a Gaussian beam, what is beyond so many rms sizes is none.
DEVIATIONS = 6.0


def check_source(beamline: Beamline, level: str) -> None:
    """Raise BeamlineError, naming the levels to take, where a level does not know a beamline's source."""
    source, beam = beamline.source, beamline.beam
    kind = type(source)
    if kind not in KNOWN[level]:
        others = [name for name, kinds in KNOWN.items() if kind in kinds]
        raise BeamlineError(
            f"{source.name}: the level {level} does not know a {kind.__name__}: take {' or '.join(others)}"
        )
    if level in WAIST and not isinstance(source, GaussianBeam) and not beam.has_waist:
        raise BeamlineError(
            f"{beam.name}: alpha or dispersion in the middle of {source.name}, where the level {level} wants "
            "the beam's waist: take fast, coherent or srw"
        )


def emitter(source: Source, coherent: bool) -> Emitter:
    """What makes the functions that the separable levels send on their way."""
    if isinstance(source, GaussianBeam):
        return partial(gaussian.emitted, source)
    return emission.one_electron if coherent else emission.all_electrons


def beginning(shining: emission.Shining, axis: Axis, coherent: bool) -> Beginning:
    """The light in the plane of the first element, in one direction: of one electron, or of all."""
    source, z_m = shining.source, shining.z_m
    if isinstance(source, GaussianBeam):
        half_m = source.sigma_m(axis, shining.wavelength_m, z_m)
        return Beginning(DEVIATIONS * source.waist_m(axis), Opening(0.0, 2 * DEVIATIONS * half_m))
    if isinstance(source, BendingMagnet):
        half_rad = {
            "x": source.length_m / (2 * source.radius_m(shining.beam)),
            "y": source.reach_rad(shining.beam, shining.energy_eV),
        }[axis]
        return Beginning(0.0, Opening(0.0, 2 * half_rad * z_m))
    beam, every = shining.beam, not coherent
    size_m = {"x": beam.x_sigma_m, "y": beam.y_sigma_m}[axis] * every
    divergence_rad = {"x": beam.x_divergence_rad, "y": beam.y_divergence_rad}[axis] * every
    lit = emission.illuminated(shining, size_m, divergence_rad)
    return Beginning(emission.source_half_m(shining, size_m), lit)
