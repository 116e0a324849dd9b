"""A figure of the light at one place: its image, and its profiles with their widths."""

from pathlib import Path
from typing import Any

import numpy as np

from beamtwin.twin.diagnostics.probe import Diagnosis
from beamtwin.twin.diagnostics.widths import half_maxima

__all__ = ["save_figure"]

UM = 1e6


def save_figure(path: Path, diagnosis: Diagnosis, title: str) -> Path:
    """Write the figure, in the format of the path's suffix."""
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with matplotlib.rc_context({"font.size": 9, "axes.titlesize": 10, "svg.hashsalt": "beamtwin"}):
        figure = Figure((10.5, 3.7), layout="constrained")
        FigureCanvasAgg(figure)
        image, across, up = figure.subplots(1, 3, width_ratios=(1.1, 1, 1))
        _draw_image(figure, image, diagnosis)
        light = diagnosis.light
        for axis, position_m, profile, name in zip(
            (across, up),
            (light.x_m, light.y_m),
            diagnosis.profiles,
            ("horizontal", "vertical"),
            strict=True,
        ):
            _draw_profile(axis, position_m * UM, profile / UM, name)
        figure.suptitle(title)
        figure.savefig(path, dpi=130)
    return path


def _draw_image(figure: Any, axis: Any, diagnosis: Diagnosis) -> None:
    light = diagnosis.light
    half = (light.x_m[1] - light.x_m[0]) / 2
    extent = tuple(
        edge * UM
        for position in (light.x_m, light.y_m)
        for edge in (position[0] - half, position[-1] + half)
    )
    per_um2 = light.photons_s / (4 * half**2 * UM**2)
    shown = axis.imshow(per_um2, origin="lower", extent=extent, cmap="inferno", aspect="auto")
    axis.set(xlabel="x, outboard (µm)", ylabel="y, up (µm)", title="both axes to their own scale")
    figure.colorbar(shown, ax=axis, label="photons/s/µm²")


def _draw_profile(axis: Any, position_um: np.ndarray, profile: np.ndarray, name: str) -> None:
    low, high = half_maxima(position_um, profile)
    peak = float(profile.max())
    axis.plot(position_um, profile, color="#1f4e79", linewidth=1.3)
    axis.fill_between(position_um, profile, color="#1f4e79", alpha=0.12, linewidth=0)
    axis.hlines(peak / 2, low, high, color="#c0392b", linewidth=1.2)
    axis.annotate(
        f"FWHM {high - low:.4g} µm",
        ((low + high) / 2, peak / 2),
        xytext=(0, 4),
        textcoords="offset points",
        ha="center",
        color="#c0392b",
        bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1},
    )
    axis.set(
        xlabel=f"{'x' if name == 'horizontal' else 'y'} (µm)", ylabel="photons/s/µm", title=name
    )
    axis.set_ylim(0, 1.08 * peak)
    axis.margins(x=0)
    axis.grid(visible=True, alpha=0.25)
