"""Import of a beamline from Sirepo's SRW application (its exported ``.json``), as far as the twin has the parts.

Lengths of openings are in mm there, angles in mrad, radii of lenses in m, positions in m from the middle of the
straight. Vectors and orientations that only say which way a mirror or crystal points are left out: the optical axis
is folded. Watch points become screens.
"""

import json
from collections.abc import Callable, Mapping
from math import inf, sin
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from beamtwin.twin.beamline import Beamline
from beamtwin.twin.bending_magnet import BendingMagnet
from beamtwin.twin.constants import ELECTRON_CHARGE_C, HC_EV_M
from beamtwin.twin.description import Description, DescriptionError
from beamtwin.twin.elements import (
    CRL,
    Aperture,
    Detector,
    Element,
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
from beamtwin.twin.source import FieldUndulator, Source

__all__ = ["load_sirepo"]

Item = Mapping[str, Any]

MM = MRAD = 1e-3
UM = 1e-6
NM = 1e-9

#: A screen's pixels: there are none in Sirepo, which shows SRW's mesh.
SCREEN: dict[str, Any] = {
    "pixel_m": 0.5e-6,
    "columns": 401,
    "rows": 401,
    "center_column": 200.0,
    "center_row": 200.0,
}

#: A focal length or radius as large as this is none.
FLAT_M = 1e20


def load_sirepo(path: Path, *, bandwidth: float = 1e-3) -> Description:
    """Read a simulation that was exported from Sirepo.

    Height profiles are looked for beside the file; a mirror whose profile is not there is flat.

    Parameters
    ----------
    bandwidth : float
        Of the light, where there is no crystal: by default, fluxes are per 0.1 % as Sirepo's own.

    Raises
    ------
    DescriptionError
        Naming what there is no counterpart for: a source, as of a tabulated field, or an element.
    """
    try:
        models = json.loads(path.read_text())["models"]
        beamline = _beamline(models, path.parent, bandwidth)
    except (OSError, ValueError, KeyError, TypeError) as error:
        if isinstance(error, DescriptionError):
            raise
        raise DescriptionError(f"{path}: not a simulation of Sirepo's SRW: {error!r}") from error
    return Description(beamline=beamline, axes=(), counters={})


def _beamline(models: Item, folder: Path, bandwidth: float) -> Beamline:
    kind = models["simulation"]["sourceType"]
    if kind not in SOURCES:
        known = ", ".join(f"{source.name} ({key!r})" for key, source in SOURCES.items())
        raise DescriptionError(
            f"source {kind!r}: the twin has {known} from Sirepo, and no {UNKNOWN.get(kind, 'such source')}"
        )
    source = SOURCES[kind]
    item = models[source.table]
    energy_eV = float(models["simulation"]["photonEnergy"])
    middle_m = float(item.get(source.middle) or 0.0)
    elements = [_element(part, energy_eV, middle_m, folder) for part in models["beamline"]]
    if not any(isinstance(element, Monochromator) for element in elements):
        elements.insert(0, Monochromator("band", elements[0].z_m, energy_eV, bandwidth))
    beam = NO_ELECTRONS if kind == "g" else _beam(models["electronBeam"])
    return Beamline(beam, source.build(item), tuple(elements), _grid(models))


#: Sources that there is no counterpart for.
UNKNOWN = {"a": "arbitrary field", "t": "tabulated undulator"}


def _beam(item: Item) -> ElectronBeam:
    return ElectronBeam(
        energy_eV=float(item["energy"]) * 1e9,
        current_A=float(item["current"]),
        x_emittance_m=float(item["horizontalEmittance"]) * NM,
        y_emittance_m=float(item["verticalEmittance"]) * NM,
        x_beta_m=float(item["horizontalBeta"]),
        y_beta_m=float(item["verticalBeta"]),
        energy_spread=float(item["rmsSpread"]),
        x_alpha=float(item.get("horizontalAlpha", 0.0)),
        y_alpha=float(item.get("verticalAlpha", 0.0)),
        x_dispersion_m=float(item.get("horizontalDispersion", 0.0)),
        y_dispersion_m=float(item.get("verticalDispersion", 0.0)),
        x_dispersion_slope=float(item.get("horizontalDispersionDerivative", 0.0)),
        y_dispersion_slope=float(item.get("verticalDispersionDerivative", 0.0)),
    )


def _undulator(item: Item) -> FieldUndulator:
    if float(item["horizontalAmplitude"]):
        raise DescriptionError("undulator: it has a horizontal field, which the twin's have not")
    return FieldUndulator(
        name="undulator",
        period_m=float(item["period"]) * MM,
        length_m=float(item["length"]),
        peak_field_T=float(item["verticalAmplitude"]),
    )


def _bending_magnet(item: Item) -> BendingMagnet:
    """Its field is ``by``, or in older files ``field`` of a normal multipole."""
    if int(item["order"]) != 1:
        raise DescriptionError(
            f"multipole: order = {item['order']}: the twin has bending magnets (1)"
        )
    if float(item.get("bx", 0.0)) or item.get("distribution", "n") != "n":
        raise DescriptionError("multipole: it has a horizontal field, which the twin's have not")
    field_T = float(item["by"] if "by" in item else item["field"])
    return BendingMagnet("bending magnet", field_T, float(item["length"]))


def _gaussian(item: Item) -> GaussianBeam:
    """One pulse a second, all of it in 0.1 % of bandwidth: Sirepo has pulses, and the twin a flux."""
    moved = [key for key in ("waistX", "waistY", "waistAngleX", "waistAngleY") if float(item[key])]
    if moved:
        raise DescriptionError(f"gaussianBeam: {', '.join(moved)}: the twin's is on the axis")
    if str(item.get("sizeDefinition", "1")) != "1":
        raise DescriptionError("gaussianBeam: give it by its sizes, not by its divergences")
    return GaussianBeam(
        name="gaussian beam",
        x_sigma_m=float(item["rmsSizeX"]) * UM,
        y_sigma_m=float(item["rmsSizeY"]) * UM,
        spectral_flux=float(item["energyPerPulse"])
        / (float(item["photonEnergy"]) * ELECTRON_CHARGE_C),
    )


class _Source(NamedTuple):
    name: str
    table: str
    middle: str
    """The key of where it is."""
    build: Callable[[Item], Source]


#: By Sirepo's letter.
SOURCES = {
    "u": _Source("idealised undulators", "undulator", "longitudinalPosition", _undulator),
    "m": _Source("bending magnets", "multipole", "longitudinalPosition", _bending_magnet),
    "g": _Source("Gaussian beams", "gaussianBeam", "waistZ", _gaussian),
}


#: What the twin has no mesh for: its resizing, and that of the free space behind an element, goes to the next one.
UNMESHED = ("crystal", "watch")

#: Propagation parameters that change nothing.
PLAIN = (0, 0, 1, 1, 0, 1, 1, 1, 1)


def _grid(models: Item) -> Grid:
    simulation, propagation = models["simulation"], models["propagation"]
    resizes, pending = [], np.ones(4)
    for item in models["beamline"]:
        here, drift = propagation[str(item["id"])]
        drift = drift or PLAIN
        factors = pending * np.array(here[5:9], float)
        pending = np.array(drift[5:9], float)
        if item["type"] in UNMESHED:
            pending *= factors
        else:
            resizes.append(Resize(item["title"], *factors.tolist(), drift=int(float(drift[3]))))
    return Grid(
        x_window_m=float(simulation["horizontalRange"]) * MM,
        y_window_m=float(simulation["verticalRange"]) * MM,
        sampling=float(simulation["sampleFactor"]),
        resizes=tuple(resizes),
    )


def _element(item: Item, energy_eV: float, middle_m: float, folder: Path) -> Element:
    kind = item["type"]
    if kind not in ELEMENTS:
        raise DescriptionError(
            f"{item['title']}: {kind!r}: there are {', '.join(map(repr, ELEMENTS))}"
        )
    place = {"name": str(item["title"]), "z_m": float(item["position"]) - middle_m}
    return ELEMENTS[kind](place, item, energy_eV, folder)


def _sizes(item: Item, name: str) -> dict[str, Any]:
    """Sizes and centres in x and y."""
    return {
        f"x_{name}_m": float(item["horizontalSize"]) * MM,
        f"y_{name}_m": float(item["verticalSize"]) * MM,
        **_centers(item),
    }


def _centers(item: Item) -> dict[str, Any]:
    return {
        "x_center_m": float(item.get("horizontalOffset", 0.0)) * MM,
        "y_center_m": float(item.get("verticalOffset", 0.0)) * MM,
    }


def _aperture(place: Item, item: Item, energy_eV: float, folder: Path) -> Element:
    if item["shape"] != "r":
        raise DescriptionError(f"{item['title']}: a round opening, which the twin has not")
    return Aperture(**place, **_sizes(item, "gap"))


def _obstacle(place: Item, item: Item, energy_eV: float, folder: Path) -> Element:
    return Obstacle(**place, **_sizes(item, "size"))


def _lens(place: Item, item: Item, energy_eV: float, folder: Path) -> Element:
    focal: dict[str, Any] = {
        f"{axis}_focal_length_m": _finite(item[f"{word}FocalLength"])
        for axis, word in (("x", "horizontal"), ("y", "vertical"))
    }
    return Lens(**place, **focal, **_centers(item))


def _crl(place: Item, item: Item, energy_eV: float, folder: Path) -> Element:
    if str(item["shape"]) != "1":
        raise DescriptionError(
            f"{item['title']}: lenses that are not parabolic, which the twin has not"
        )
    return CRL(
        **place,
        lenses=int(item["numberOfLenses"]),
        radius_m=float(item["radius"]),
        focuses={"1": "x", "2": "y", "3": "xy"}[str(item["focalPlane"])],
        x_aperture_m=float(item["horizontalApertureSize"]) * MM,
        y_aperture_m=float(item["verticalApertureSize"]) * MM,
        wall_m=float(item["wallThickness"]),
        delta=float(item["refractiveIndex"]),
        attenuation_length_m=float(item["attenuationLength"]),
        **_centers(item),
    )


def _zone_plate(place: Item, item: Item, energy_eV: float, folder: Path) -> Element:
    return ZonePlate(
        **place,
        diameter_m=2 * float(item["outerRadius"]) * MM,
        outer_zone_m=float(item["outerZoneWidth"]) * NM,
        **_centers(item),
    )


def _flat_mirror(place: Item, item: Item, energy_eV: float, folder: Path) -> Element:
    """Its sizes are those of the beam's cross-section."""
    across = {
        "x": float(item["horizontalTransverseSize"]) * MM,
        "y": float(item["verticalTransverseSize"]) * MM,
    }
    plane = item["orientation"]
    shape: dict[str, Any] = {
        "length_m": across.pop(plane) / sin(float(item["grazingAngle"]) * MRAD),
        "width_m": next(iter(across.values())),
    }
    return Mirror(**place, **_grazing(item, folder), deflects=plane, **shape)


def _curved_mirror(place: Item, item: Item, energy_eV: float, folder: Path) -> Element:
    plane = _plane(item)
    radii: dict[str, Any] = {
        "tangential_radius_m": _finite(item.get("tangentialRadius", item.get("radius", inf))),
        "sagittal_radius_m": _finite(item.get("sagittalRadius", item.get("radius", inf))),
    }
    return Mirror(**place, **_grazing(item, folder), deflects=plane, **radii, **_extent(item))


def _elliptical_mirror(place: Item, item: Item, energy_eV: float, folder: Path) -> Element:
    """As the parabola that images the one focus onto the other."""
    plane = _plane(item)
    near, far = float(item["focalLength"]), float(item["firstFocusLength"])
    radius = 2 / (sin(float(item["grazingAngle"]) * MRAD) * (1 / near + 1 / far))
    curved: dict[str, Any] = {"tangential_radius_m": radius}
    return Mirror(**place, **_grazing(item, folder), deflects=plane, **curved, **_extent(item))


def _plane(item: Item) -> str:
    """Of incidence: new files have a word for it, and all have the normal vector."""
    word = item.get("autocomputeVectors")
    if word in PLANES:
        return PLANES[word]
    return "x" if abs(float(item["normalVectorX"])) > abs(float(item["normalVectorY"])) else "y"


PLANES = {"horizontal": "x", "vertical": "y"}


def _grazing(item: Item, folder: Path) -> dict[str, Any]:
    file = item.get("heightProfileFile") or ""
    found = bool(file) and (folder / file).is_file()
    return {
        "grazing_rad": float(item["grazingAngle"]) * MRAD,
        "profile": HeightProfile.from_file(folder / file) if found else HeightProfile(),
        "profile_scale": float(item.get("heightAmplification") or 1.0),
    }


def _extent(item: Item) -> dict[str, Any]:
    return {"length_m": float(item["tangentialSize"]), "width_m": float(item["sagittalSize"])}


def _crystal(place: Item, item: Item, energy_eV: float, folder: Path) -> Element:
    """Darwin's width as a band: |chi_h| / sin^2 of Bragg's angle."""
    bragg = HC_EV_M / float(item["energy"]) / (2 * float(item["dSpacing"]) * 1e-10)
    strength = abs(complex(float(item["psiHr"]), float(item["psiHi"])))
    return Monochromator(**place, energy_eV=energy_eV, bandwidth=strength / bragg**2)


def _watch(place: Item, item: Item, energy_eV: float, folder: Path) -> Element:
    return Detector(**place, **SCREEN)


def _finite(value: Any) -> float:
    number = float(value)
    return inf if abs(number) > FLAT_M else number


ELEMENTS: dict[str, Callable[[Any, Item, float, Path], Element]] = {
    "aperture": _aperture,
    "crl": _crl,
    "crystal": _crystal,
    "ellipsoidMirror": _elliptical_mirror,
    "lens": _lens,
    "mirror": _flat_mirror,
    "obstacle": _obstacle,
    "sphericalMirror": _curved_mirror,
    "toroidalMirror": _curved_mirror,
    "watch": _watch,
    "zonePlate": _zone_plate,
}
