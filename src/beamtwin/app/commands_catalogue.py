"""The commands that look at a catalogue, take runs out of it, and bring runs in."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["RUNS_FROM_THE_END", "app"]

app = typer.Typer()

#: ``beamtwin show -1`` means the last run, and no option.
RUNS_FROM_THE_END = {"ignore_unknown_options": True}


class Form(StrEnum):
    """The names of `beamtwin.databroker.interchange.formats.FORMATS`, which takes long to import."""

    csv = "csv"
    spec = "spec"
    nexus = "nexus"
    nxtomo = "nxtomo"
    dx = "dx"
    tiff = "tiff"
    jsonl = "jsonl"
    msgpack = "msgpack"
    beamtwin = "beamtwin"


class Kind(StrEnum):
    """Who answered: the beamline, or the twin."""

    experiment = "experiment"
    simulation = "simulation"


CatalogueName = Annotated[
    str | None,
    typer.Option(
        "--data",
        metavar="FOLDER|NAME",
        help="Folder of the catalogue and its files, or a name in catalogs.toml.",
        envvar="BEAMTWIN_DATA",
        show_default=False,
    ),
]
RunName = Annotated[
    str, typer.Argument(metavar="RUN", help="A uid, its beginning, a scan_id, or -1.")
]
Json = Annotated[bool, typer.Option("--json", help="For programs.")]
Query = Annotated[
    str, typer.Option("--query", help="""Mongo's query language: '{"plan_name": "scan"}'""")
]
Since = Annotated[
    str | None, typer.Option(metavar="TIME", help="Begun then or later: 2026-03-01T14:30 (UTC).")
]
Until = Annotated[str | None, typer.Option(metavar="TIME", help="Begun before.")]
KindOption = Annotated[Kind | None, typer.Option(help="Measured, or simulated.")]
Limit = Annotated[int, typer.Option(help="The most runs to list.", min=1)]
Sort = Annotated[
    str | None,
    typer.Option(metavar="KEY", help="By this key: sample.name; --sort=-time begins at the end."),
]
FormOption = Annotated[
    Form | None,
    typer.Option("--format", help="By default, what the file's name says.", show_default=False),
]


@app.command("list")
def list_runs(
    query: Query = "{}",
    text: Annotated[str | None, typer.Option(help="Words in the metadata.")] = None,
    since: Since = None,
    until: Until = None,
    kind: KindOption = None,
    sort: Sort = None,
    removed: Annotated[bool, typer.Option("--removed", help="Those that were removed.")] = False,
    limit: Limit = 20,
    as_json: Json = False,
    data: CatalogueName = None,
) -> None:
    """List runs, the newest first."""
    from beamtwin.app import listing

    wanted = listing.Wanted(query, text, since, until, kind, sort, removed, limit)
    listing.list_runs(data, wanted, as_json)


@app.command()
def search(
    words: Annotated[
        list[str], typer.Argument(metavar="WORD...", help="""Any of them; '"a phrase"', -not.""")
    ],
    query: Query = "{}",
    since: Since = None,
    until: Until = None,
    kind: KindOption = None,
    limit: Limit = 20,
    as_json: Json = False,
    data: CatalogueName = None,
) -> None:
    """List the runs whose metadata contain these words."""
    from beamtwin.app import listing

    wanted = listing.Wanted(query, " ".join(words), since, until, kind, limit=limit)
    listing.list_runs(data, wanted, as_json)


@app.command(context_settings=RUNS_FROM_THE_END)
def show(run: RunName, as_json: Json = False, data: CatalogueName = None) -> None:
    """Show a run: where it came from, its streams, its first and last events."""
    from beamtwin.app import showing

    showing.show_run(data, run, as_json)


@app.command(context_settings=RUNS_FROM_THE_END)
def compare(
    measured: Annotated[
        str, typer.Argument(metavar="RUN", help="The measured run, or one of a pair.")
    ],
    simulated: Annotated[
        str | None,
        typer.Argument(metavar="[RUN]", help="The simulated one; default: the newest counterpart."),
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder of the figure and the report.")] = Path("."),
    data: CatalogueName = None,
) -> None:
    """Compare a measured run with a simulated one: numbers, a figure, a report."""
    from beamtwin.app import showing

    showing.compare_runs(data, measured, simulated, out)


@app.command(context_settings=RUNS_FROM_THE_END)
def export(
    runs: Annotated[
        list[str], typer.Argument(metavar="RUN...", help="Uids, their beginnings, scan_ids, -1.")
    ],
    out: Annotated[Path, typer.Option(help="A file, or a folder.")] = Path("."),
    form: FormOption = None,
    stream: Annotated[str, typer.Option(help="For csv, spec, tiff, nxtomo, dx.")] = "primary",
    key: Annotated[str | None, typer.Option(help="Of the frames: tiff, nxtomo, dx.")] = None,
    angle: Annotated[str | None, typer.Option(help="Of the rotation: nxtomo, dx.")] = None,
    flat: Annotated[str | None, typer.Option(help="Stream of the flats.")] = None,
    dark: Annotated[str | None, typer.Option(help="Stream of the darks.")] = None,
    image_key: Annotated[
        str | None, typer.Option(help="Column: 0 projection, 1 flat, 2 dark.")
    ] = None,
    assets: Annotated[bool, typer.Option(help="beamtwin: take the frames along.")] = True,
    root: Annotated[
        list[Path] | None,
        typer.Option(metavar="FOLDER", help="Files there may be taken along, too."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace files.")] = False,
    as_json: Json = False,
    data: CatalogueName = None,
) -> None:
    """Write runs to files."""
    from beamtwin.app import exporting
    from beamtwin.databroker.interchange.options import Options

    options = Options(
        stream=stream,
        key=key,
        angle=angle,
        flat=flat,
        dark=dark,
        image_key=image_key,
        with_assets=assets,
        force=force,
    )
    exporting.export(data, runs, out, form and form.value, options, root or (), as_json)


@app.command("import")
def import_files(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="What export writes.")],
    form: FormOption = None,
    axis: Annotated[str | None, typer.Option(help="csv: the column that was scanned.")] = None,
    time: Annotated[str | None, typer.Option(help="csv: when it was measured (UTC).")] = None,
    as_json: Json = False,
    data: CatalogueName = None,
) -> None:
    """File runs that were written by export, by SPEC, or as tables."""
    from beamtwin.app import importing, listing
    from beamtwin.databroker.interchange.options import Options

    options = Options(axis=axis, time=None if time is None else listing.moment(time))
    importing.import_files(data, files, form and form.value, options, as_json)


@app.command("serve-files")
def serve_files(
    host: Annotated[
        str, typer.Option(help="Where to listen; loopback unless asked.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="0 takes a free one.", min=0, max=65535)] = 8765,
    data: CatalogueName = None,
) -> None:
    """Let others read the catalogue over HTTP, until Ctrl-C."""
    from beamtwin.app import files_server

    files_server.serve(data, host, port)


@app.command(context_settings=RUNS_FROM_THE_END)
def tag(
    run: RunName,
    tags: Annotated[list[str], typer.Argument(metavar="TAG...")],
    away: Annotated[bool, typer.Option("--away", help="Take them away.")] = False,
    data: CatalogueName = None,
) -> None:
    """Add tags to a run, or take them away."""
    from beamtwin.app import annotating

    annotating.tag(data, run, tags, away)


@app.command(context_settings=RUNS_FROM_THE_END)
def note(
    run: RunName,
    text: Annotated[str, typer.Argument(metavar="TEXT")],
    author: Annotated[str | None, typer.Option(help="Who says so.")] = None,
    data: CatalogueName = None,
) -> None:
    """Add a note to a run."""
    from beamtwin.app import annotating

    annotating.note(data, run, text, author)


@app.command(context_settings=RUNS_FROM_THE_END)
def remove(run: RunName, data: CatalogueName = None) -> None:
    """Put a run out of sight; restore brings it back, purge deletes it."""
    from beamtwin.app import annotating

    annotating.remove(data, run)


@app.command()
def restore(uid: Annotated[str, typer.Argument(metavar="UID")], data: CatalogueName = None) -> None:
    """Bring a removed run back."""
    from beamtwin.app import annotating

    annotating.restore(data, uid)


@app.command()
def purge(
    uid: Annotated[str, typer.Argument(metavar="UID")],
    yes: Annotated[bool, typer.Option("--yes", help="It is meant.")] = False,
    data: CatalogueName = None,
) -> None:
    """Delete a removed run for good."""
    from beamtwin.app import annotating

    annotating.purge(data, uid, yes)
