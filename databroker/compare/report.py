"""The report of one or more comparisons: one HTML file that needs no other."""

import base64
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import Any

from beamtwin.databroker.compare.comparison import Comparison
from beamtwin.databroker.compare.figure import png, shown

__all__ = ["html", "save_report"]

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ font: 15px/1.5 system-ui, sans-serif; color: #1f2933; max-width: 1100px;
        margin: 2rem auto; padding: 0 1rem; }}
h1 {{ font-size: 1.5rem; }} h2 {{ font-size: 1.15rem; margin-top: 2.2rem; }}
h3 {{ font-size: 1rem; margin-bottom: .2rem; }}
img {{ max-width: 100%; }}
table {{ border-collapse: collapse; margin: .3rem 0 1rem; font-variant-numeric: tabular-nums; }}
th, td {{ text-align: left; padding: .2rem 1.2rem .2rem 0; border-bottom: 1px solid #e4e7eb;
          vertical-align: top; overflow-wrap: anywhere; }}
td:first-child {{ overflow-wrap: normal; white-space: nowrap; }} td:nth-child(n+2) {{ max-width: 30rem; }}
th {{ font-weight: 600; }} thead th {{ color: #52606d; }}
.agrees, .doubt {{ padding: .5rem .8rem; border-left: 4px solid; }}
.agrees {{ border-color: #3f9142; background: #f1f8f1; }}
.doubt {{ border-color: #d1495b; background: #fdf1f3; font-weight: 600; }}
</style>
</head>
<body>
<h1>{title}</h1>
{body}
</body>
</html>
"""


def save_report(path: str | Path, comparisons: Sequence[Comparison], title: str) -> Path:
    """Write the report; see `html`."""
    Path(path).write_text(html(comparisons, title), encoding="utf-8")
    return Path(path)


def html(comparisons: Sequence[Comparison], title: str) -> str:
    """The report: the figure, what the labels are worth, numbers, fringes, and where all comes from."""
    picture = base64.b64encode(png(comparisons)).decode("ascii")
    parts = [f'<img alt="measured and simulated curves" src="data:image/png;base64,{picture}">']
    parts += [part for comparison in comparisons for part in _section(comparison)]
    return _PAGE.format(title=escape(title), body="\n".join(parts))


def _section(comparison: Comparison) -> Iterator[str]:
    yield f"<h2>{escape(comparison.title or 'Comparison')}</h2>"
    for verdict in comparison.verdicts:
        kind = "agrees" if verdict.agrees else "doubt"
        yield f'<p class="{kind}">{escape(shown(verdict.text))}</p>'
    yield _table(["quantity", "value"], _numbers(comparison))
    if comparison.fit is not None:
        yield "<h3>Fitted model</h3>"
        yield _table(["parameter", "value"], comparison.fit.parameters.items())
    yield from _fringes(comparison)
    yield "<h3>Where it comes from</h3>"
    yield _provenance(comparison)


def _numbers(comparison: Comparison) -> Iterator[tuple[str, Any]]:
    scores, units = comparison.scores, shown(comparison.measured.units)
    measured, simulated = comparison.measured_fringes, comparison.simulated_fringes
    decades = "decades" if comparison.space == "log10" else shown(comparison.measured.values_units)
    if measured is not None:
        yield "fringe spacing, measured", f"{measured.spacing} {units}"
    if simulated is not None:
        yield "fringe spacing, simulated", f"{simulated.spacing} {units}"
    if comparison.spacing_ratio is not None:
        yield "simulated / measured spacing", f"{comparison.spacing_ratio:.4f}"
    yield "residual, rms", f"{scores.rms:.4g} {decades}"
    if scores.chi2_red is not None:
        yield "reduced χ²", f"{scores.chi2_red:.4g}"
    yield "residual, rms over range", f"{scores.nrmse:.4g}"
    yield "R factor", f"{scores.r_factor:.4g}"
    yield "correlation", f"{scores.correlation:.5f}"
    yield "scale of the simulation", scores.scale
    yield "background added to it", scores.background
    yield "shift of the simulation", f"{comparison.shift} {units}"
    yield "points compared", f"{len(scores.residuals)} ({100 * comparison.aligned.coverage:.0f} %)"


def _fringes(comparison: Comparison) -> Iterator[str]:
    measured, simulated = comparison.measured_fringes, comparison.simulated_fringes
    if measured is None or simulated is None:
        return
    left = {extremum.order: extremum.position for extremum in measured.extrema}
    right = {extremum.order: extremum.position for extremum in simulated.extrema}
    units, shift = shown(comparison.measured.units), comparison.shift.value
    yield "<h3>Minima (whole orders) and maxima</h3>"
    yield _table(
        ["order", f"measured ({units})", f"simulated, shifted ({units})", f"difference ({units})"],
        (
            (
                f"{order:g}",
                left[order],
                f"{right[order].value + shift:.1f}",
                f"{right[order].value + shift - left[order].value:+.1f}",
            )
            for order in sorted(left.keys() & right.keys())
        ),
    )


def _provenance(comparison: Comparison) -> str:
    sides = [_flat(comparison.measured.source), _flat(comparison.simulated.source)]
    keys = dict.fromkeys(key for side in sides for key in side)
    return _table(
        ["", "measured", "simulated"], ((key, *(s.get(key, "") for s in sides)) for key in keys)
    )


def _flat(source: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    flat: dict[str, str] = {}
    for key, value in source.items():
        if isinstance(value, Mapping):
            flat |= _flat(value, f"{prefix}{key}.")
        elif prefix + key == "time":
            flat["time"] = f"{datetime.fromtimestamp(value, UTC):%Y-%m-%d %H:%M:%S} UTC"
        else:
            flat[prefix + key] = str(value)
    return flat


def _table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    body = "\n".join(f"<tr>{_cells('td', row)}</tr>" for row in rows)
    return f"<table>\n<thead><tr>{_cells('th', head)}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>"


def _cells(tag: str, row: Sequence[Any]) -> str:
    return "".join(f"<{tag}>{escape(str(cell))}</{tag}>" for cell in row)
