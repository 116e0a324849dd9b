"""The ``beamtwin`` command. Each subcommand imports what it needs, so that ``--help`` starts at once."""

import sys
import traceback
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from beamtwin import __version__
from beamtwin.app import DEFAULT_PORT, commands_catalogue

__all__ = ["app", "run"]

app = typer.Typer(
    name="beamtwin",
    help="A beamline and its twin: run plans on either, compare what they saw.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


class Target(StrEnum):
    """Where a plan runs, short of the beamline itself."""

    twin = "twin"
    ioc = "ioc"


class Level(StrEnum):
    """How the twin computes its physics."""

    fast = "fast"
    wave = "wave"
    coherent = "coherent"
    modes = "modes"
    srw = "srw"
    electrons = "electrons"


Data = Annotated[
    Path | None,
    typer.Option(
        "--data",
        help="Folder of the catalogue and its files.",
        envvar="BEAMTWIN_DATA",
        show_default=False,
    ),
]
ScenarioName = Annotated[str, typer.Argument(metavar="SCENARIO", help="For example: chx")]
Engine = Annotated[
    Level | None,
    typer.Option(
        "--engine",
        help="The twin's physics. Of one slit: fast (closed forms), wave (SRW). Of the whole beamline: coherent "
        "(1D x 1D, one electron), modes (1D x 1D, all electrons), srw (SRW 2D, one electron), electrons (SRW 2D, a "
        "sample of all electrons). "
        "[default: the scenario's]",
        show_default=False,
    ),
]
Seed = Annotated[int, typer.Option(help="Of the twin's noise: the same seed, the same bits.")]
Port = Annotated[int, typer.Option(help="Of the twin's IOC.", min=0, max=65535)]
Noise = Annotated[
    bool, typer.Option("--noise/--no-noise", help="Whether anything fluctuates on the twin.")
]
TargetOption = Annotated[
    Target | None,
    typer.Option(
        "--target",
        help="The twin in this process, or the twin's IOC (beamtwin ioc).",
        show_default=Target.twin.value,
    ),
]
Processes = Annotated[
    int,
    typer.Option(
        "--workers",
        min=1,
        help="Processes that compute the twin's light; from 2 on, all of a run's before it begins.",
    ),
]
Dask = Annotated[
    str | None,
    typer.Option(
        "--dask",
        metavar="ADDRESS",
        help="Have a Dask cluster compute it: tcp://HOST:PORT of its scheduler.",
        show_default=False,
    ),
]
Cache = Annotated[
    Path | None,
    typer.Option(
        "--cache",
        metavar="DIR",
        help="Keep SRW's wavefronts here, for other processes and for the next run.",
        show_default=False,
    ),
]
Live = Annotated[bool, typer.Option("--live", help="The real beamline.")]

#: The exit code of what Ctrl-C ended: as shells have it, 128 and the number of SIGINT.
INTERRUPTED = 130


@app.callback()
def main(
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
    version: Annotated[bool, typer.Option("--version", help="Show the version.")] = False,
) -> None:
    """Options of every command; `run` looks for ``--debug`` itself."""
    if version:
        typer.echo(f"beamtwin {__version__}")
        raise typer.Exit


@app.command("run")
def run_plan(
    scenario: ScenarioName,
    plan: Annotated[str, typer.Argument(metavar="PLAN", help="For example: slit_scan")],
    arguments: Annotated[
        list[str] | None, typer.Argument(metavar="NAME=VALUE...", help="The plan's arguments.")
    ] = None,
    target: TargetOption = None,
    live: Live = False,
    engine: Engine = None,
    seed: Seed = 0,
    noise: Noise = True,
    epoch: Annotated[
        float | None,
        typer.Option(
            help="Begin virtual time here (s since 1970): the run is then the same to the last bit, uids too.",
            show_default=False,
        ),
    ] = None,
    port: Port = DEFAULT_PORT,
    workers: Processes = 1,
    dask: Dask = None,
    cache: Cache = None,
    data: Data = None,
) -> None:
    """Run a plan: on the twin, unless --live says otherwise."""
    from beamtwin.app import running
    from beamtwin.app.beamtime import Settings
    from beamtwin.app.options import data_folder, one_target
    from beamtwin.app.workers import Workers

    computing = Workers(workers, dask, cache)
    chosen = one_target(target, live, epoch)
    computing.check_target(chosen)
    settings = Settings(
        target=chosen,
        data=data_folder(data),
        level=engine and engine.value,
        seed=seed,
        noise=noise,
        epoch=epoch,
        port=port,
        workers=computing,
    )
    running.run_plan(scenario, plan, arguments or [], settings)


@app.command()
def ioc(
    scenario: Annotated[
        str, typer.Argument(metavar="SCENARIO|FILE", help="For example: chx, or a devices.yml")
    ],
    port: Port = DEFAULT_PORT,
    interface: Annotated[
        str, typer.Option(help="Where to listen; loopback unless asked.")
    ] = "127.0.0.1",
    speed: Annotated[float, typer.Option(help="Virtual seconds per second of the wall.")] = 1.0,
    autosave: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Keep the motors' positions, offsets and limits here, from one start to the next.",
            show_default=False,
        ),
    ] = None,
    engine: Engine = None,
    seed: Seed = 0,
    noise: Noise = True,
    workers: Processes = 1,
    dask: Dask = None,
    cache: Cache = None,
) -> None:
    """Serve the twin's PVs over Channel Access, until Ctrl-C."""
    from beamtwin.app import serving
    from beamtwin.app.workers import Workers

    twin = {"level": engine and engine.value, "seed": seed, "noise": noise}
    computing = Workers(workers, dask, cache)
    serving.serve(
        scenario, port, interface, speed=speed, autosave=autosave, workers=computing, **twin
    )


@app.command()
def beam(
    scenario: ScenarioName,
    arguments: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="NAME=VALUE...", help="Where things stand: S2.x_gap_um=20, or PV=VALUE."
        ),
    ] = None,
    at: Annotated[
        str, typer.Option("--at", help="An element, a distance from the source in m, or: all.")
    ] = "all",
    level: Annotated[
        Level | None,
        typer.Option(
            "--level", help="The physics, as of run --engine.  [default: modes]", show_default=False
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Numbers for programs, in SI units.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="FILE", help="A figure of the light there.", show_default=False
        ),
    ] = None,
    synoptic: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Draw the beamline, and do no more.", show_default=False),
    ] = None,
) -> None:
    """Show what the light is like: size, divergence, flux, coherence."""
    from beamtwin.app import beam

    if synoptic is not None:
        beam.draw_synoptic(scenario, arguments or [], synoptic)
        return
    beam.show_beam(
        scenario, at, arguments or [], level=level and level.value, as_json=as_json, out=out
    )


@app.command()
def devices(
    scenario: Annotated[
        str, typer.Argument(metavar="SCENARIO|FILE", help="For example: chx, or a devices.yml")
    ],
    check: Annotated[
        bool, typer.Option("--check", help="Connect, and say what is missing, PV by PV.")
    ] = False,
    label: Annotated[str | None, typer.Option(help="Only those that have this label.")] = None,
    target: TargetOption = None,
    live: Live = False,
    port: Port = DEFAULT_PORT,
) -> None:
    """List a beamline's devices; with --check, see whether they are there."""
    from beamtwin.app import devices
    from beamtwin.app.beamtime import Settings
    from beamtwin.app.options import one_target

    if check:
        settings = Settings(Path(), target=one_target(target, live, None), port=port, noise=False)
        devices.check_devices(scenario, label, settings)
    else:
        devices.list_devices(scenario, label)


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="Folder of what it makes.")] = Path("demo"),
    engine: Annotated[Level, typer.Option("--engine", help="The twin's physics.")] = Level.wave,
) -> None:
    """Slit diffraction at NSLS-II CHX: measured, simulated, and simulated over Channel Access."""
    from beamtwin.app import demonstration

    demonstration.run(out, engine.value)


app.add_typer(commands_catalogue.app)


def run(arguments: Sequence[str]) -> int:
    """Do what the command line says; returns the exit code.

    An error that a person can act on is one line on stderr; ``--debug`` shows where it came from.
    """
    debug = "--debug" in arguments
    with _one_line_warnings(), _one_line_errors(debug) as outcome:
        app([argument for argument in arguments if argument != "--debug"], standalone_mode=True)
    return outcome[0]


@contextmanager
def _one_line_errors(debug: bool) -> Iterator[list[int]]:
    outcome = [0]
    try:
        yield outcome
    except SystemExit as end:
        outcome[0] = end.code if isinstance(end.code, int) else 1
        if outcome[0] == INTERRUPTED:  # what typer makes of a KeyboardInterrupt
            print("beamtwin: interrupted by Ctrl-C", file=sys.stderr)
    except Exception as error:
        if debug:
            traceback.print_exc()
        else:
            print(f"beamtwin: {describe(error)}", file=sys.stderr)
        outcome[0] = _exit_code(error)


@contextmanager
def _one_line_warnings() -> Iterator[None]:
    """What Python warns of, without the line of code that it comes from."""

    def show(message: Warning | str, *_: object) -> None:
        print(f"beamtwin: warning: {message}", file=sys.stderr)

    with warnings.catch_warnings():
        warnings.showwarning = show
        yield


def _exit_code(error: Exception) -> int:
    from beamtwin.app.termination import REASON, TERMINATED
    from beamtwin.orchestration.errors import RunEngineInterrupted

    if not isinstance(error, RunEngineInterrupted):
        return 1
    return TERMINATED if str(error).endswith(REASON) else INTERRUPTED


def describe(error: Exception) -> str:
    """What to tell a person: an error that was foreseen says it itself."""
    from beamtwin.databroker.errors import DataBrokerError
    from beamtwin.orchestration.errors import BeamtwinError

    text = str(error) or type(error).__name__
    if isinstance(error, (BeamtwinError, DataBrokerError)):
        return text
    return f"unforeseen {type(error).__name__}: {text} (--debug shows where)"
