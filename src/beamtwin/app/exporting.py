"""``beamtwin export``: runs as files."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from beamtwin.app.catalogue import find_all, open_catalogue, print_json, progress
from beamtwin.databroker.interchange.formats import export_runs
from beamtwin.databroker.interchange.options import Options

__all__ = ["export"]


def export(
    given: str | None,
    keys: Sequence[str],
    out: Path,
    form: str | None,
    options: Options,
    roots: Sequence[Path],
    as_json: bool,
) -> None:
    """Write runs to files, and say which."""
    console = Console(stderr=as_json)
    with open_catalogue(given, roots=roots) as catalogue, progress(console) as watch:
        runs = find_all(catalogue.broker, keys)
        written = export_runs(runs, out, form, replace(options, watch=watch))
    if as_json:
        print_json([{"path": str(path.absolute())} for path in written])
        return
    for path in written:
        console.print(str(path), highlight=False, soft_wrap=True, markup=False)
