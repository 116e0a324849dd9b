"""Optical elements of Sirepo's files."""

from collections.abc import Callable
from math import inf, sin
from pathlib import Path
from typing import Any

from beamtwin.twin.constants import HC_EV_M
from beamtwin.twin.description import DescriptionError
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
from beamtwin.twin.sirepo.units import MM, MRAD, NM, Item

__all__ = ["element_of"]

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


def element_of(item: Item, energy_eV: float, middle_m: float, folder: Path) -> Element:
    """An element, ``middle_m`` being where Sirepo has the middle of the source.

    Raises
    ------
    DescriptionError
        Naming what there is no counterpart for.
    """
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
