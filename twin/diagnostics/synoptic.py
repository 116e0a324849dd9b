"""Synoptic: a drawing of a beamline, its elements in the order of the light, their distances not to scale."""

from collections.abc import Callable
from math import isfinite
from pathlib import Path
from typing import Any

from beamtwin.twin.beamline import Beamline
from beamtwin.twin.elements import (
    CRL,
    Aperture,
    Attenuator,
    Detector,
    Element,
    Filter,
    Lens,
    Mirror,
    Monochromator,
    Obstacle,
    ZonePlate,
)
from beamtwin.twin.source import FieldUndulator, Source, Undulator

__all__ = ["length", "save_synoptic", "setting"]

#: By their ends: lengths as people write them.
UNITS = ((1e-6, 1e9, "nm"), (1e-3, 1e6, "µm"), (1.0, 1e3, "mm"))

BEAM, METAL, GLASS, CRYSTAL, SENSOR, OUT = (
    *("#e0a030", "#4a5560", "#5fa8d3", "#7e57c2", "#2e7d32", "#c5cbd1"),
)


def length(value_m: float) -> str:
    """A length with three digits, in the unit that suits it."""
    if not isfinite(value_m):
        return "open"
    for limit, factor, unit in UNITS:
        if abs(value_m) < limit:
            return f"{value_m * factor:.3g} {unit}"
    return f"{value_m:.4g} m"


def setting(element: Element) -> str:
    """What there is to say of an element, in a few words."""
    return SETTINGS.get(type(element), lambda _: "")(element)


SETTINGS: dict[type, Callable[[Any], str]] = {
    Aperture: lambda e: f"{length(e.x_gap_m)} × {length(e.y_gap_m)}",
    Attenuator: lambda e: "open" if e.transmission == 1 else f"× {e.transmission:.3g}",
    CRL: lambda e: f"{e.lenses} × {e.material}, R {length(e.radius_m)}",
    Detector: lambda e: f"{e.columns} × {e.rows}, {length(e.pixel_m)}",
    Filter: lambda e: f"{e.material}, {length(e.thickness_m)}",
    Lens: lambda e: " ".join(
        f"f{axis} {length(f)}"
        for axis, f in (("x", e.x_focal_length_m), ("y", e.y_focal_length_m))
        if isfinite(f)
    ),
    Mirror: lambda e: f"{e.grazing_rad * 1e3:.3g} mrad",
    Monochromator: lambda e: f"{e.energy_eV:.0f} eV",
    Obstacle: lambda e: f"{length(e.x_size_m)} × {length(e.y_size_m)}",
    ZonePlate: lambda e: f"Ø {length(e.diameter_m)}",
}


def save_synoptic(path: Path, beamline: Beamline, title: str) -> Path:
    """Write the drawing, in the format of the path's suffix. What is out of the beam is pale."""
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    count = len(beamline.elements) + 1
    with matplotlib.rc_context({"font.size": 8.5, "svg.hashsalt": "beamtwin"}):
        figure = Figure((max(7.0, 0.78 * count + 0.8), 3.6), layout="constrained")
        FigureCanvasAgg(figure)
        axis = figure.subplots()
        axis.set(xlim=(-0.75, count - 0.35), ylim=(-2.7, 1.9), title=title)
        axis.axis("off")
        axis.plot([0, count - 1], [0, 0], color=BEAM, linewidth=2.2, zorder=1)
        _draw_source(axis, beamline.source)
        for place, element in enumerate(beamline.elements, start=1):
            is_screen = isinstance(element, Detector) and place < count - 1
            (_draw_screen if is_screen else _draw_element)(axis, place, element)
        axis.text(
            -0.7,
            -2.65,
            "distances from the middle of the source; not to scale; pale: out of the beam",
            color=METAL,
            fontsize=7.5,
        )
        figure.savefig(path, dpi=130)
    return path


def _draw_source(axis: Any, source: Source) -> None:
    for pole in range(5):
        for side in (-1, 1):
            colour = ("#b03a2e", METAL)[(pole + (side > 0)) % 2]
            x = -0.4 + 0.16 * pole
            y = 0.16 if side > 0 else -0.52
            axis.add_patch(_rectangle(x, y, 0.14, 0.36, colour))
    _label(axis, 0, source.name, 0.0, _setting_of_source(source), METAL)


def _setting_of_source(source: Source) -> str:
    if isinstance(source, Undulator):
        return f"gap {length(source.gap_m)}"
    return f"K {source.K:.3f}" if isinstance(source, FieldUndulator) else ""


def _draw_element(axis: Any, place: int, element: Element) -> None:
    inserted = _is_in_beam(element)
    draw, colour = SYMBOLS.get(type(element), (_plate, METAL))
    draw(axis, place, colour if inserted else OUT)
    text = "black" if inserted else "#9aa3ab"
    _label(axis, place, element.name, element.z_m, setting(element), text)


def _draw_screen(axis: Any, place: int, element: Element) -> None:
    """Where the light is looked at, and goes on."""
    axis.plot([place, place], [-0.6, 0.6], color=SENSOR, linewidth=1.2, linestyle="--", zorder=2)
    _label(axis, place, element.name, element.z_m, "", SENSOR)


def _is_in_beam(element: Element) -> bool:
    """Whether the light meets it: an open shutter is out of it."""
    if isinstance(element, Attenuator):
        return element.transmission < 1
    return getattr(element, "inserted", 1.0) >= 0.5


def _label(axis: Any, place: int, name: str, z_m: float, said: str, colour: str) -> None:
    axis.text(place, 0.75, name, rotation=45, ha="left", va="bottom", color=colour, weight="bold")
    axis.text(place, -0.72, f"{z_m:.5g} m", ha="center", va="top", color=colour, fontsize=7.5)
    turned = {"rotation": -45, "rotation_mode": "anchor", "ha": "left", "va": "top"}
    axis.text(place + 0.12, -1.0, said, color=colour, fontsize=7.5, **turned)


def _rectangle(x: float, y: float, width: float, height: float, colour: str) -> Any:
    from matplotlib.patches import Rectangle

    return Rectangle((x, y), width, height, color=colour, linewidth=0, zorder=2)


def _blades(axis: Any, place: int, colour: str) -> None:
    for bottom in (0.1, -0.6):
        axis.add_patch(_rectangle(place - 0.07, bottom, 0.14, 0.5, colour))


def _plate(axis: Any, place: int, colour: str) -> None:
    axis.add_patch(_rectangle(place - 0.05, -0.45, 0.1, 0.9, colour))


def _lens(axis: Any, place: int, colour: str) -> None:
    from matplotlib.patches import Ellipse

    axis.add_patch(Ellipse((place, 0), 0.26, 1.1, color=colour, linewidth=0, zorder=2))


def _crystals(axis: Any, place: int, colour: str) -> None:
    for x, y in ((-0.3, -0.26), (-0.02, 0.1)):
        axis.add_patch(_rectangle(place + x, y, 0.34, 0.15, colour))


def _mirror(axis: Any, place: int, colour: str) -> None:
    axis.plot([place - 0.3, place + 0.3], [-0.2, 0.0], color=colour, linewidth=5, zorder=2)


def _sensor(axis: Any, place: int, colour: str) -> None:
    axis.add_patch(_rectangle(place - 0.03, -0.6, 0.22, 1.2, colour))


#: By kind: how it is drawn, and in which colour.
SYMBOLS: dict[type, tuple[Callable[[Any, int, str], None], str]] = {
    Aperture: (_blades, METAL),
    CRL: (_lens, GLASS),
    Detector: (_sensor, SENSOR),
    Lens: (_lens, GLASS),
    Mirror: (_mirror, METAL),
    Monochromator: (_crystals, CRYSTAL),
    ZonePlate: (_lens, GLASS),
}
