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

import difflib
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields, replace
from decimal import Decimal
from math import isnan
from pathlib import Path
from typing import Any, TypeVar

from beamtwin.orchestration.errors import BeamtwinError
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
    HeightProfile,
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
from beamtwin.twin.source import FieldUndulator, GapTable, Source, Undulator

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

#: By the type of a field whose value is written as the name of a file: its reader, and what it reads.
READERS: dict[Any, tuple[Callable[[Path], Any], str]] = {
    GapTable: (GapTable.from_csv, "gap_mm,k"),
    HeightProfile: (HeightProfile.from_file, "position and height in metres"),
}

#: By the unit in which a field is kept: the units in which it may be written, as powers of ten.
UNITS = {
    "m": {"m": 0, "mm": -3, "um": -6, "nm": -9},
    "eV": {"eV": 0, "keV": 3, "GeV": 9},
    "A": {"A": 0, "mA": -3},
    "s": {"s": 0, "ms": -3, "us": -6, "ns": -9},
    "Hz": {"Hz": 0, "kHz": 3},
    "rad": {"rad": 0, "mrad": -3, "urad": -6},
    "T": {"T": 0},
}


class DescriptionError(BeamtwinError, ValueError):
    """A description that cannot be understood: it names file, table and key."""


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
    place = _Place(path, "")
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


@dataclass(frozen=True)
class _Place:
    """Where in which file: what an error begins with."""

    file: Path
    where: str

    def at(self, where: str) -> "_Place":
        return _Place(self.file, where)

    def error(self, text: str) -> DescriptionError:
        return DescriptionError(f"{self.file}: {self.where}{': ' if self.where else ''}{text}")

    def table(self, content: Mapping[str, Any], key: str) -> dict[str, Any]:
        value = content.get(key)
        if not isinstance(value, dict):
            raise self.error(f"there must be a table [{key}]")
        return value

    def tables(self, content: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
        value = content.get(key, [])
        if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
            raise self.error(f"{key} must be a list of tables: [[{key}]]")
        return value

    def check_keys(self, table: Mapping[str, Any], known: Iterable[str], where: str) -> None:
        known = list(known)
        for key in table:
            if key not in known:
                close = difflib.get_close_matches(key, known, n=1)
                hint = f"did you mean {close[0]!r}? " if close else ""
                raise self.at(where).error(
                    f"unknown key {key!r}: {hint}it takes {', '.join(known)}"
                )


def _beamline(place: _Place, optics: dict[str, Any], movable: tuple[str, ...]) -> Beamline:
    source = _source(place, optics)
    beam = NO_ELECTRONS
    if not isinstance(source, GaussianBeam) or "beam" in optics:
        beam = _build(place.at("optics.beam"), ElectronBeam, place.table(optics, "beam"))
    elements = _tables(place, optics, "optics.element", ELEMENTS)
    try:
        return Beamline(beam, source, tuple(elements), _grid(place, optics), movable)
    except BeamlineError as error:
        raise place.at("optics").error(str(error)) from error


def _source(place: _Place, optics: dict[str, Any]) -> Source:
    given = [name for name in SOURCES if name in optics]
    if len(given) != 1:
        raise place.at("optics").error(
            f"there must be one source, [optics.{'] or [optics.'.join(SOURCES)}]; "
            f"there are: {', '.join(given) or 'none'}"
        )
    name, table = given[0], place.table(optics, given[0])
    kind = FieldUndulator if name == "undulator" and "peak_field_T" in table else SOURCES[name]
    return _build(place.at(f"optics.{name}"), kind, table)


def _grid(place: _Place, optics: dict[str, Any]) -> Grid | None:
    if "grid" not in optics:
        return None
    table, here = dict(place.table(optics, "grid")), place.at("optics.grid")
    resizes = [
        _build(place.at(f"optics.grid.resize {number}"), Resize, entry)
        for number, entry in enumerate(here.tables(table, "resize"), start=1)
    ]
    table.pop("resize", None)
    return replace(_build(here, Grid, table), resizes=tuple(resizes))


def _tables(
    place: _Place, optics: dict[str, Any], where: str, kinds: Mapping[str, type]
) -> list[Any]:
    """One object for each table of a list, of the class that its ``kind`` names."""
    built = []
    for number, table in enumerate(place.tables(optics, where.rpartition(".")[2]), start=1):
        here = place.at(f"{where} {table.get('name', number)!r}")
        rest = dict(table)
        kind = rest.pop("kind", None)
        if kind not in kinds:
            raise here.error(f"kind = {kind!r}: there are {', '.join(map(repr, kinds))}")
        built.append(_build(here, kinds[kind], rest))
    return built


def _axis(place: _Place, table: dict[str, Any], beamline: Beamline) -> Axis:
    here = place.at(f"axis {table.get('element')}.{table.get('parameter')}")
    place.check_keys(table, ("element", "parameter", "pvs", "offset"), here.where)
    pvs = here.table(table, "pvs")
    axis = Axis(
        element=str(table.get("element")),
        parameter=str(table.get("parameter")),
        pvs=tuple((pv, _number(here, pv, factor)) for pv, factor in pvs.items()),
        offset=_number(here, "offset", table.get("offset", 0.0)),
    )
    try:
        check_parameter(beamline.part(axis.element), axis.parameter)
    except BeamlineError as error:
        raise here.error(str(error)) from error
    return axis


def _build(place: _Place, cls: type[T], table: Mapping[str, Any]) -> T:
    """An instance of a dataclass from a table whose keys are its fields, in any fitting unit."""
    known = {field.name: field for field in fields(cls)}  # pyright: ignore[reportArgumentType]
    spellings = {
        key: (field, power) for field in known.values() for key, power in _spellings(field.name)
    }
    values: dict[str, Any] = {}
    for key, value in table.items():
        if key not in spellings:
            raise place.error(_not_a_key(key, spellings, known))
        field, power = spellings[key]
        if field.name in values:
            raise place.error(f"{key}: {field.name} is given twice, in two units")
        values[field.name] = _converted(place, key, value, field, power)
    for field in known.values():
        if field.name not in values and field.default is field.default_factory is MISSING:
            raise place.error(f"{field.name} is missing")
    return cls(**values)


def _spellings(field: str) -> list[tuple[str, int]]:
    """The keys under which a field may be written, each with the power of ten of its unit."""
    stem, _, unit = field.rpartition("_")
    if unit not in UNITS:
        return [(field, 0)]
    return [(f"{stem}_{other}", power) for other, power in UNITS[unit].items()]


def _not_a_key(key: str, spellings: Iterable[str], fields_known: Iterable[str]) -> str:
    with_unit = [known for known in spellings if known.rpartition("_")[0] == key]
    if with_unit:
        return f"{key} has no unit: write {' or '.join(with_unit)}"
    close = difflib.get_close_matches(key, list(spellings), n=1)
    hint = f"did you mean {close[0]!r}? " if close else ""
    return f"unknown key {key!r}: {hint}it takes {', '.join(fields_known)}"


def _converted(place: _Place, key: str, value: Any, field: Field[Any], power: int) -> Any:
    if field.type is float:
        # In decimals, because 5.8 um then is 5.8e-6 m to the last bit.
        return float(Decimal(repr(_number(place, key, value))).scaleb(power))
    if field.type in READERS:
        return _from_file(place, key, value, field.type)
    if field.type in (int, str):
        if not isinstance(value, field.type) or isinstance(value, bool):  # pyright: ignore[reportArgumentType]
            wanted = "a whole number" if field.type is int else "text"
            raise place.error(f"{key} = {value!r} is not {wanted}")
        return value
    return _ranges(place, key, value)


def _number(place: _Place, key: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise place.error(f"{key} = {value!r} is not a number")
    if isnan(value):
        raise place.error(f"{key} = nan is not a number")
    return float(value)


def _ranges(place: _Place, key: str, value: Any) -> tuple[tuple[int, int], ...]:
    try:
        return tuple((int(first), int(stop)) for first, stop in value)
    except (TypeError, ValueError):
        raise place.error(f"{key} = {value!r} is not a list of [first, stop] pairs") from None


def _from_file(place: _Place, key: str, value: Any, kind: Any) -> Any:
    path, (read, content) = place.file.parent / str(value), READERS[kind]
    try:
        return read(path)
    except (OSError, KeyError, ValueError) as error:
        raise place.error(f"{key}: {path} is no table of {content}: {error!r}") from error
