"""Sources of Sirepo's files, and the electrons."""

from collections.abc import Callable
from typing import NamedTuple

from beamtwin.twin.bending_magnet import BendingMagnet
from beamtwin.twin.constants import ELECTRON_CHARGE_C
from beamtwin.twin.description import DescriptionError
from beamtwin.twin.gaussian_beam import GaussianBeam
from beamtwin.twin.ring import NO_ELECTRONS, ElectronBeam
from beamtwin.twin.sirepo.units import MM, NM, UM, Item
from beamtwin.twin.source import FieldUndulator, Source

__all__ = ["source_of"]

#: Sources that there is no counterpart for.
UNKNOWN = {"a": "arbitrary field", "t": "tabulated undulator"}


def source_of(models: Item) -> tuple[ElectronBeam, Source, float]:
    """The electrons, what they shine in, and where Sirepo has its middle (m).

    Raises
    ------
    DescriptionError
        Naming a source that there is no counterpart for.
    """
    kind = models["simulation"]["sourceType"]
    if kind not in SOURCES:
        known = ", ".join(f"{source.name} ({key!r})" for key, source in SOURCES.items())
        raise DescriptionError(
            f"source {kind!r}: the twin has {known} from Sirepo, and no {UNKNOWN.get(kind, 'such source')}"
        )
    source = SOURCES[kind]
    item = models[source.table]
    beam = NO_ELECTRONS if kind == "g" else _beam(models["electronBeam"])
    return beam, source.build(item), float(item.get(source.middle) or 0.0)


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
