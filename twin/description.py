"""A beamline's description in TOML: `[optics]` and `[[axis]]`, checked key by key.

Every quantity has its unit at the end of its key (``y_gap_um = 5.8``), and the key is the name of a field of the
part it describes, in any unit of the same kind. Other top-level tables belong to others and are left alone.

.. code-block:: toml

    [optics.beam]                   # ElectronBeam
    [optics.undulator]              # Undulator; table = "a file of gap_mm,k beside this one"; or a peak_field_T
    [optics.bending_magnet]         # BendingMagnet, instead of the undulator
    [optics.gaussian]               # GaussianBeam, instead of both, and of the beam of electrons
    [[optics.element]]              # kind = one of ELEMENTS
    [[optics.counter]]              # kind = one of COUNTERS: what counts the light of a plane
    [[optics.sample]]               # kind = one of SAMPLES: what stands in the light and scatters it
    [optics.grid]                   # Grid: the mesh of the level "srw"; [[optics.grid.resize]]: Resize
    [[axis]]                        # a parameter of a part = offset + the sum of PVs, each times a factor
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from beamtwin.twin.beamline import Beamline, BeamlineError, check_parameter
from beamtwin.twin.bending_magnet import BendingMagnet
from beamtwin.twin.detectors.photon_counter import PhotonCounter
from beamtwin.twin.detectors.point_counter import PointCounter
from beamtwin.twin.detectors.scintillator_camera import ScintillatorCamera
from beamtwin.twin.detectors.xbpm import Xbpm
from beamtwin.twin.elements import (
    CRL,
    Aperture,
    Attenuator,
    Detector,
    Filter,
    Lens,
    Mirror,
    Monochromator,
    Obstacle,
    ZonePlate,
)
from beamtwin.twin.gaussian_beam import GaussianBeam
from beamtwin.twin.grid import Grid, Resize
from beamtwin.twin.ring import NO_ELECTRONS, ElectronBeam
from beamtwin.twin.samples.colloid import Colloid
from beamtwin.twin.source import FieldUndulator, Source, Undulator
from beamtwin.twin.toml_tables import DescriptionError, Place, build, number

__all__ = ["Axis", "Description", "DescriptionError", "load_description"]

T = TypeVar("T")

Counter = PhotonCounter | PointCounter | ScintillatorCamera | Xbpm

ELEMENTS = {
    "aperture": Aperture,
    "attenuator": Attenuator,
    "crl": CRL,
    "detector": Detector,
    "filter": Filter,
    "lens": Lens,
    "mirror": Mirror,
    "monochromator": Monochromator,
    "obstacle": Obstacle,
    "screen": Detector,
    "window": Filter,
    "zone plate": ZonePlate,
}
COUNTERS = {
    "photon": PhotonCounter,
    "point": PointCounter,
    "scintillator camera": ScintillatorCamera,
    "xbpm": Xbpm,
}
SAMPLES = {"suspension": Colloid}

#: By the table that describes it: a beamline has one of them.
SOURCES: dict[str, type] = {
    "undulator": Undulator,
    "bending_magnet": BendingMagnet,
    "gaussian": GaussianBeam,
}


@dataclass(frozen=True)
class Axis:
    """How PVs move a part of the beamline: ``parameter = offset + sum(factor * PV)``, in SI units."""

    element: str
    parameter: str
    pvs: tuple[tuple[str, float], ...]
    """Names and factors (SI per the PV's unit)."""
    offset: float = 0.0

    def value(self, readings: Mapping[str, float]) -> float:
        """The parameter, from the values of all its PVs."""
        return self.offset + sum(factor * readings[pv] for pv, factor in self.pvs)


@dataclass(frozen=True)
class Description:
    """What a file says."""

    beamline: Beamline
    """With the parameters as they are written, wherever its axes are."""
    axes: tuple[Axis, ...]
    counters: Mapping[str, Counter]
    samples: Mapping[str, Colloid] = field(default_factory=dict)

    @property
    def pvs(self) -> tuple[str, ...]:
        """Every PV that moves something, once."""
        return tuple(dict.fromkeys(pv for axis in self.axes for pv, _ in axis.pvs))

    def counter(self, name: str, kind: type[T]) -> T:
        """The counter of that name; raises DescriptionError where there is none of that kind."""
        counter = self.counters.get(name)
        if not isinstance(counter, kind):
            kinds = ", ".join(f"{n} ({type(c).__name__})" for n, c in self.counters.items())
            raise DescriptionError(
                f"there is no {kind.__name__} {name!r} among the counters: {kinds or 'none'}"
            )
        return counter

    def beamline_at(self, readings: Mapping[str, float]) -> Beamline:
        """The beamline with all axes where these values of `pvs` put them."""
        moved = {(axis.element, axis.parameter): axis.value(readings) for axis in self.axes}
        return self.beamline.with_parameters(moved)


def load_description(path: Path) -> Description:
    """Read and check a description.

    Raises
    ------
    DescriptionError
        Naming the file, the table and the key: for an unknown or missing key, a value without a unit or of the
        wrong type, a file that is not there or not TOML, and an axis that moves nothing.
    """
    place = Place(path, "")
    try:
        content = tomllib.loads(path.read_text())
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise place.error(str(error)) from error
    optics = place.table(content, "optics")
    place.check_keys(optics, ("beam", *SOURCES, "element", "counter", "sample", "grid"), "optics")
    axes = place.tables(content, "axis")
    movable = tuple(dict.fromkeys(str(axis.get("element")) for axis in axes))
    beamline = _beamline(place, optics, movable)
    counters = _tables(place, optics, "optics.counter", COUNTERS)
    samples = _tables(place, optics, "optics.sample", SAMPLES)
    return Description(
        beamline=beamline,
        axes=tuple(_axis(place, table, beamline) for table in axes),
        counters={counter.name: counter for counter in counters},
        samples={sample.name: sample for sample in samples},
    )


def _beamline(place: Place, optics: dict[str, Any], movable: tuple[str, ...]) -> Beamline:
    source = _source(place, optics)
    beam = NO_ELECTRONS
    if not isinstance(source, GaussianBeam) or "beam" in optics:
        beam = build(place.at("optics.beam"), ElectronBeam, place.table(optics, "beam"))
    elements = _tables(place, optics, "optics.element", ELEMENTS)
    try:
        return Beamline(beam, source, tuple(elements), _grid(place, optics), movable)
    except BeamlineError as error:
        raise place.at("optics").error(str(error)) from error


def _source(place: Place, optics: dict[str, Any]) -> Source:
    given = [name for name in SOURCES if name in optics]
    if len(given) != 1:
        raise place.at("optics").error(
            f"there must be one source, [optics.{'] or [optics.'.join(SOURCES)}]; "
            f"there are: {', '.join(given) or 'none'}"
        )
    name, table = given[0], place.table(optics, given[0])
    kind = FieldUndulator if name == "undulator" and "peak_field_T" in table else SOURCES[name]
    return build(place.at(f"optics.{name}"), kind, table)


def _grid(place: Place, optics: dict[str, Any]) -> Grid | None:
    if "grid" not in optics:
        return None
    table, here = dict(place.table(optics, "grid")), place.at("optics.grid")
    resizes = [
        build(place.at(f"optics.grid.resize {index}"), Resize, entry)
        for index, entry in enumerate(here.tables(table, "resize"), start=1)
    ]
    table.pop("resize", None)
    return replace(build(here, Grid, table), resizes=tuple(resizes))


def _tables(
    place: Place, optics: dict[str, Any], where: str, kinds: Mapping[str, type]
) -> list[Any]:
    """One object for each table of a list, of the class that its ``kind`` names."""
    built = []
    for index, table in enumerate(place.tables(optics, where.rpartition(".")[2]), start=1):
        here = place.at(f"{where} {table.get('name', index)!r}")
        rest = dict(table)
        kind = rest.pop("kind", None)
        if kind not in kinds:
            raise here.error(f"kind = {kind!r}: there are {', '.join(map(repr, kinds))}")
        built.append(build(here, kinds[kind], rest))
    return built


def _axis(place: Place, table: dict[str, Any], beamline: Beamline) -> Axis:
    here = place.at(f"axis {table.get('element')}.{table.get('parameter')}")
    place.check_keys(table, ("element", "parameter", "pvs", "offset"), here.where)
    pvs = here.table(table, "pvs")
    axis = Axis(
        element=str(table.get("element")),
        parameter=str(table.get("parameter")),
        pvs=tuple((pv, number(here, pv, factor)) for pv, factor in pvs.items()),
        offset=number(here, "offset", table.get("offset", 0.0)),
    )
    try:
        check_parameter(beamline.part(axis.element), axis.parameter)
    except BeamlineError as error:
        raise here.error(str(error)) from error
    return axis
