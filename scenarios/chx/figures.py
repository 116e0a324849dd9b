"""The twin's patterns as pictures."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from beamtwin.databroker.run import Run
from beamtwin.scenarios.chx.analysis import frame, pattern_detector

__all__ = ["save_patterns"]

#: Half the side of what is shown, in mm, as in the published figure.
HALF_MM = 3.0

#: Decades below the brightest pixel that are shown.
DECADES = 5.0


def save_patterns(path: Path, runs: Sequence[Run]) -> Path:
    """Write a PNG of the runs' diffraction patterns, side by side, on a logarithmic scale of counts."""
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with matplotlib.rc_context({"font.size": 10}):
        figure = Figure((4.2 * len(runs), 4.1), layout="constrained")
        canvas = FigureCanvasAgg(figure)
        axes = figure.subplots(1, len(runs), squeeze=False, sharey=True)[0]
        for axis, run in zip(axes, runs, strict=True):
            _draw(figure, axis, run)
        axes[0].set_ylabel("vertical position (mm)")
        canvas.print_png(path)
    return path


def _draw(figure: Any, axis: Any, run: Run) -> None:
    from matplotlib.colors import LogNorm

    counts = _middle(frame(run))
    extent = (-HALF_MM, HALF_MM, -HALF_MM, HALF_MM)
    brightest = float(counts.max())
    norm = LogNorm(max(1.0, brightest / 10**DECADES), brightest)
    image = axis.imshow(
        np.maximum(counts, 0.5), norm=norm, origin="lower", extent=extent, cmap="inferno"
    )
    axis.set_facecolor("black")
    axis.set_title(f"S2 {run.start['gap_h_um']:g} × {run.start['gap_v_um']:g} µm (h × v)")
    axis.set_xlabel("horizontal position (mm)")
    figure.colorbar(image, ax=axis, label="counts per pixel", shrink=0.85)


def _middle(image: np.ndarray) -> np.ndarray:
    detector = pattern_detector()
    half = round(HALF_MM * 1e-3 / detector.pixel_m)
    row, column = round(detector.center_row), round(detector.center_column)
    return image[row - half : row + half + 1, column - half : column + half + 1]
