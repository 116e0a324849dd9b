"""``beamtwin beam``: what the light is like at a place of a beamline, and a drawing of it."""

import json
from collections.abc import Sequence
from dataclasses import fields
from math import isfinite
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from beamtwin.app.options import UsageError
from beamtwin.scenarios.scenario import Scenario, ScenarioError, load
from beamtwin.twin.beamline import Beamline
from beamtwin.twin.description import Description, load_description
from beamtwin.twin.diagnostics.probe import Diagnosis, diagnose, places
from beamtwin.twin.levels.level import FieldCache
from beamtwin.twin.toml_tables import UNITS

__all__ = ["draw_synoptic", "show_beam"]

#: What `--at` takes for a table down the beamline.
EVERYWHERE = "all"


def show_beam(
    scenario_name: str,
    at: str,
    assignments: Sequence[str],
    *,
    level: str | None = None,
    as_json: bool = False,
    out: Path | None = None,
) -> None:
    """Print what the light is like at a place, or all along the beamline.

    Parameters
    ----------
    at : str
        An element, a distance from the source in metres, or ``all``.
    assignments : sequence of str
        Where things stand: ``S2.x_gap_um=20``, or a PV of the table of axes and its value.
    level : str, optional
        Of the physics; ``modes`` by default.
    as_json : bool
        Numbers for programs, in SI units.
    out : path, optional
        A figure of the light at the place.
    """
    scenario = load(scenario_name)
    beamline = _standing(scenario, assignments)
    level = level or "modes"
    if at == EVERYWHERE and out is not None:
        raise UsageError("--out: a figure is of one place: name it with --at")
    names = _one_each(beamline) if at == EVERYWHERE else [at]
    cache = FieldCache()
    found = [diagnose(beamline, name, level, cache) for name in names]
    if as_json:
        numbers = [as_numbers(diagnosis) for diagnosis in found]
        print(json.dumps(numbers if at == EVERYWHERE else numbers[0], indent=2))
    else:
        console = Console()
        console.print(_down_the_beamline(found) if at == EVERYWHERE else _one_place(found[0]))
    if out is not None:
        from beamtwin.twin.diagnostics.figure import save_figure

        here = found[0]
        title = f"{scenario.title}: {at}, {here.z_m:.2f} m, {here.energy_eV:.0f} eV, level {level}"
        save_figure(out, here, title)


def draw_synoptic(scenario_name: str, assignments: Sequence[str], out: Path) -> None:
    """Write a drawing of a beamline."""
    from beamtwin.twin.diagnostics.synoptic import save_synoptic

    scenario = load(scenario_name)
    save_synoptic(out, _standing(scenario, assignments), scenario.title)


def as_numbers(diagnosis: Diagnosis) -> dict[str, Any]:
    """A diagnosis as JSON can hold it: SI units, None for what is not known or is infinite."""
    light = diagnosis.light

    def pair(values: tuple[float, float] | None) -> dict[str, float | None]:
        x, y = values or (None, None)
        return {"x": _finite(x), "y": _finite(y)}

    return {
        "at": diagnosis.at,
        "z_m": diagnosis.z_m,
        "level": light.level,
        "flux_ph_s": light.flux_ph_s,
        "flux_error": light.flux_error,
        "peak_ph_s_mm2": diagnosis.peak_ph_s_mm2,
        "pattern_error": light.pattern_error,
        "fwhm_m": pair(diagnosis.fwhm_m),
        "rms_m": pair(diagnosis.rms_m),
        "center_m": pair(diagnosis.center_m),
        "divergence_rad": pair(diagnosis.divergence_rad),
        "coherence_length_m": pair(diagnosis.coherence_length_m),
        "coherent_fraction": pair(diagnosis.coherent_fraction),
        "energy_eV": diagnosis.energy_eV,
        "bandwidth": diagnosis.bandwidth,
        "mesh": light.mesh,
        "cpu_s": light.cpu_s,
    }


def _finite(value: float | None) -> float | None:
    return value if value is not None and isfinite(value) else None


def _one_each(beamline: Beamline) -> list[str]:
    """Of the elements in one place, the last."""
    known = set(places(beamline))
    return list({e.z_m: e.name for e in beamline.elements if e.name in known}.values())


def _standing(scenario: Scenario, assignments: Sequence[str]) -> Beamline:
    if scenario.description is None:
        raise ScenarioError(f"{scenario.name}: its optics are not described")
    description = load_description(scenario.description)
    beamline = description.beamline
    for assignment in assignments:
        name, equals, text = assignment.rpartition("=")
        if not equals:
            raise UsageError(f"{assignment!r}: expected ELEMENT.PARAMETER_UNIT=VALUE, or PV=VALUE")
        try:
            value = float(text)
        except ValueError:
            raise UsageError(f"{assignment}: {text!r} is not a number") from None
        beamline = _moved(description, beamline, name, value)
    return beamline


def _moved(description: Description, beamline: Beamline, name: str, value: float) -> Beamline:
    """With one parameter, or all that a single PV moves by itself, at another value."""
    axes = [axis for axis in description.axes if [pv for pv, _ in axis.pvs] == [name]]
    if axes:
        moved = {(axis.element, axis.parameter): axis.value({name: value}) for axis in axes}
        return beamline.with_parameters(moved)
    element, _, key = name.partition(".")
    part = beamline.part(element)
    stem, _, unit = key.rpartition("_")
    for base, units in UNITS.items():
        if unit in units and f"{stem}_{base}" in {field.name for field in fields(part)}:
            return beamline.with_parameters(
                {(element, f"{stem}_{base}"): value * 10 ** units[unit]}
            )
    return beamline.with_parameters({(element, key): value})


def _one_place(diagnosis: Diagnosis) -> Table:
    light = diagnosis.light
    table = Table(
        title=f"{diagnosis.at}: light {diagnosis.z_m:.6g} m from the source, level {light.level}"
    )
    for heading in ("", "horizontal", "vertical", "unit"):
        table.add_column(heading, justify="left" if heading in ("", "unit") else "right")
    pairs = (
        ("FWHM", diagnosis.fwhm_m, 1e6, "µm"),
        ("rms", diagnosis.rms_m, 1e6, "µm"),
        ("centre of gravity", diagnosis.center_m, 1e6, "µm"),
        ("divergence, FWHM", diagnosis.divergence_rad, 1e6, "µrad"),
        ("coherence length, rms", diagnosis.coherence_length_m, 1e6, "µm"),
        ("coherent fraction", diagnosis.coherent_fraction, 1.0, ""),
    )
    for name, values, factor, unit in pairs:
        x, y = ("not known",) * 2 if values is None else (_number(v * factor) for v in values)
        table.add_row(name, x, y, unit)
    table.add_section()
    wide_eV = diagnosis.bandwidth * diagnosis.energy_eV
    singles = (
        ("flux", f"{light.flux_ph_s:.3g}", _error(light.flux_error), "photons/s"),
        (
            "brightest",
            f"{diagnosis.peak_ph_s_mm2:.3g}",
            _error(light.pattern_error),
            "photons/s/mm²",
        ),
        ("photon energy", f"{diagnosis.energy_eV:.1f}", f"band {wide_eV:.2f}", "eV"),
    )
    for row in singles:
        table.add_row(*row)
    table.caption = f"mesh: {light.mesh}"
    return table


def _down_the_beamline(found: Sequence[Diagnosis]) -> Table:
    table = Table(title=f"level {found[0].light.level}; pairs are horizontal × vertical")
    for heading in (
        "behind",
        "z (m)",
        "flux (ph/s)",
        "FWHM (µm)",
        "divergence (µrad)",
        "coherence (µm)",
    ):
        table.add_column(heading, justify="left" if heading == "behind" else "right")
    for each in found:
        table.add_row(
            each.at,
            f"{each.z_m:.3f}",
            f"{each.light.flux_ph_s:.3g}",
            *(
                _pair(values)
                for values in (each.fwhm_m, each.divergence_rad, each.coherence_length_m)
            ),
        )
    return table


def _pair(values: tuple[float, float] | None) -> str:
    return "not known" if values is None else " × ".join(_number(value * 1e6) for value in values)


def _number(value: float) -> str:
    if not isfinite(value):
        return "the whole beam"
    return f"{0.0 if abs(value) < 1e-6 else value:.4g}"


def _error(relative: float) -> str:
    """An estimate, as people say it."""
    if relative >= 1:
        return f"up to × {relative:.0f}"
    return f"± {100 * relative:.2g} %"
