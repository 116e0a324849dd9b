"""``beamtwin import``: files as runs."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from beamtwin.app.catalogue import open_catalogue, print_json, progress, summary
from beamtwin.databroker.interchange.formats import import_file
from beamtwin.databroker.interchange.options import Options
from beamtwin.databroker.run import Run

__all__ = ["import_files"]


def import_files(
    given: str | None, paths: Sequence[Path], form: str | None, options: Options, as_json: bool
) -> None:
    """File the runs of each file, all of one file or none, and say which they are."""
    console = Console(stderr=as_json)
    filed: list[Run] = []
    with open_catalogue(given, write=True) as catalogue:
        with progress(console) as watch:
            own = replace(options, assets=catalogue.assets, watch=watch)
            for path in paths:
                filed += import_file(catalogue.broker, path, form, own)
        if as_json:
            print_json([summary(run) for run in filed])
            return
        for run in filed:
            console.print(repr(run), highlight=False, soft_wrap=True, markup=False)
        total = f"{len(filed)} run{'s' * (len(filed) != 1)} in {catalogue.name}"
        console.print(total, highlight=False, soft_wrap=True, markup=False)
