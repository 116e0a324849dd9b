"""The figure of one or more comparisons: patterns above, residuals below."""

import io
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from beamtwin.databroker.compare.comparison import Comparison
from beamtwin.databroker.compare.fringes import Fringes

__all__ = ["png", "save_figure", "shown"]

_MEASURED = "#1f3b57"
_SIMULATED = "#d1495b"
_BAND = "#8d99a6"
#: The colour of each side's minima, and how high above the lower edge they stand.
_MARKS = {"measured": (_MEASURED, 0.045), "simulated": (_SIMULATED, 0.015)}
_STYLE: dict[Any, Any] = {
    "font.size": 9.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 10.5,
    "axes.titleweight": "bold",
    "legend.frameon": False,
    "svg.fonttype": "none",
}
_PANEL_IN = 4.4
_HEIGHT_IN = 5.4
_DPI = 150


def save_figure(path: str | Path, comparisons: Sequence[Comparison], title: str = "") -> Path:
    """Write the figure as a PNG file; see `png`."""
    Path(path).write_bytes(png(comparisons, title))
    return Path(path)


def png(comparisons: Sequence[Comparison], title: str = "") -> bytes:
    """The figure as PNG: a column for each comparison.

    Above, the measured points, the simulated curve scaled and shifted to them, and the minima of both; below, the
    residuals, with the measured points' standard uncertainty as a band.
    """
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with matplotlib.rc_context(_STYLE):
        figure = Figure((_PANEL_IN * len(comparisons) + 0.6, _HEIGHT_IN), layout="constrained")
        canvas = FigureCanvasAgg(figure)
        axes = figure.subplots(
            2, len(comparisons), squeeze=False, sharex="col", height_ratios=[3.2, 1]
        )
        for column, comparison in enumerate(comparisons):
            _draw_patterns(axes[0, column], comparison)
            _draw_residuals(axes[1, column], comparison)
        _tidy(axes)
        handles, labels = axes[0, 0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=2 * len(comparisons))
        if title:
            figure.suptitle(title, fontweight="bold")
        out = io.BytesIO()
        figure.set_dpi(_DPI)
        canvas.print_png(out)
    return out.getvalue()


def _draw_patterns(axes: Any, comparison: Comparison) -> None:
    measured = comparison.measured.usable(comparison.space)
    simulated = comparison.simulated.usable(comparison.space)
    position = simulated.axis + comparison.shift.value
    scores = comparison.scores
    curve = simulated.values * scores.scale.value + scores.background.value
    axes.plot(position, curve, color=_SIMULATED, lw=1.5, label="simulated", zorder=2)
    axes.plot(
        measured.axis, measured.values, "o", ms=4, mfc="white", mec=_MEASURED, mew=1.1,
        label="measured", zorder=3,
    )  # fmt: skip
    axes.set_title(comparison.title)
    if comparison.space == "log10":
        axes.set_yscale("log")
    _limit(axes, comparison)
    _mark_minima(axes, comparison.measured_fringes, 0.0, "measured")
    _mark_minima(axes, comparison.simulated_fringes, comparison.shift.value, "simulated")
    axes.set_ylabel(_named(comparison.measured.values_name, comparison.measured.values_units))
    axes.text(
        0.98, 0.98, _summary(comparison), transform=axes.transAxes, ha="right", va="top", fontsize=8.5,
        linespacing=1.5,
    )  # fmt: skip


def _limit(axes: Any, comparison: Comparison) -> None:
    """Show what was measured, with room for marks below and text above."""
    axis, values = comparison.measured.axis, comparison.aligned.measured.values
    margin = 0.03 * np.ptp(axis)
    axes.set_xlim(axis[0] - margin, axis[-1] + margin)
    if comparison.space == "log10":
        span = values.max() / values.min()
        axes.set_ylim(values.min() / span**0.18, values.max() * span**0.25)


def _mark_minima(axes: Any, fringes: Fringes | None, shift: float, side: str) -> None:
    """Little triangles along the lower edge."""
    if fringes is None:
        return
    color, height = _MARKS[side]
    positions = np.array([minimum.position.value for minimum in fringes.minima]) + shift
    inside = positions[(positions >= axes.get_xlim()[0]) & (positions <= axes.get_xlim()[1])]
    axes.plot(
        inside, np.full(len(inside), height), "^", ms=5, color=color, alpha=0.9, lw=0,
        transform=axes.get_xaxis_transform(), clip_on=False, label=f"minima, {side}",
    )  # fmt: skip


def _draw_residuals(axes: Any, comparison: Comparison) -> None:
    points, residuals = comparison.aligned.measured, comparison.scores.residuals
    sigma = points.log10_sigma if comparison.space == "log10" else points.sigma
    axes.axhline(0, color=_SIMULATED, lw=1)
    if sigma is not None:
        axes.fill_between(points.axis, -sigma, sigma, color=_BAND, alpha=0.3, lw=0)
    axes.vlines(points.axis, 0, residuals, color=_MEASURED, lw=0.8, alpha=0.6)
    axes.plot(points.axis, residuals, "o", ms=3, color=_MEASURED)
    extent = 1.15 * np.abs(residuals).max()
    axes.set_ylim(-extent, extent)
    axes.set_xlabel(_named(comparison.measured.axis_name, comparison.measured.units))
    unit = "decades" if comparison.space == "log10" else comparison.measured.values_units
    axes.set_ylabel(_named("residual", unit))


def _tidy(axes: Any) -> None:
    for column in axes.T:
        for panel in column:
            panel.grid(alpha=0.2, lw=0.6)
    for row in axes:
        labels = {panel.get_ylabel() for panel in row}
        for panel in row[1:] if len(labels) == 1 else []:
            panel.set_ylabel("")


def _summary(comparison: Comparison) -> str:
    units = shown(comparison.measured.units)
    lines = []
    for name, fringes in (
        ("measured", comparison.measured_fringes),
        ("simulated", comparison.simulated_fringes),
    ):
        if fringes is not None:
            lines.append(f"fringe spacing, {name}: {fringes.spacing} {units}")
    for verdict in comparison.verdicts:
        fits = "agrees" if verdict.agrees else "DISAGREES"
        unit = shown(verdict.units)
        lines.append(
            f"{verdict.name}: fit {verdict.fitted} {unit}, label {verdict.label:g} {unit}: {fits}"
        )
    scores = comparison.scores
    unit = "decades" if comparison.space == "log10" else shown(comparison.measured.values_units)
    lines.append(f"rms residual {scores.rms:.3g} {unit}, correlation {scores.correlation:.3f}")
    return "\n".join(lines)


def _named(name: str, units: str) -> str:
    words = name.removesuffix(f"_{units}").replace("_", " ")
    return f"{words} ({shown(units)})" if units else words


def shown(text: str) -> str:
    """Units, or a text that has some, as they are printed: µm for um."""
    return re.sub(r"\bum\b", "µm", text)
