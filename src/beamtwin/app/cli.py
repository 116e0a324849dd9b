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
from beamtwin.app import DEFAULT_PORT

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
    Level, typer.Option("--engine", help="The twin's physics: closed forms, or wave optics by SRW.")
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
Live = Annotated[bool, typer.Option("--live", help="The real beamline.")]

#: The exit code of what Ctrl-C ended: as shells have it, 128 and the number of SIGINT.
INTERRUPTED = 130

#: ``beamtwin show -1`` means the last run, and no option.
RUNS_FROM_THE_END = {"ignore_unknown_options": True}


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
    engine: Engine = Level.fast,
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
    data: Data = None,
) -> None:
    """Run a plan: on the twin, unless --live says otherwise."""
    from beamtwin.app import running
    from beamtwin.app.beamtime import Settings
    from beamtwin.app.options import data_folder, one_target

    settings = Settings(
        target=one_target(target, live, epoch),
        data=data_folder(data),
        level=engine.value,
        seed=seed,
        noise=noise,
        epoch=epoch,
        port=port,
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
    engine: Engine = Level.fast,
    seed: Seed = 0,
    noise: Noise = True,
) -> None:
    """Serve the twin's PVs over Channel Access, until Ctrl-C."""
    from beamtwin.app import serving

    twin = {"level": engine.value, "seed": seed, "noise": noise}
    serving.serve(scenario, port, interface, speed=speed, autosave=autosave, **twin)


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


@app.command("list")
def list_runs(
    query: Annotated[
        str, typer.Option("--query", help="""Mongo's query language: '{"plan_name": "scan"}'""")
    ] = "{}",
    limit: Annotated[int, typer.Option(help="The most runs to list.", min=1)] = 20,
    data: Data = None,
) -> None:
    """List runs, the newest first."""
    from beamtwin.app import showing
    from beamtwin.app.options import data_path

    showing.list_runs(data_path(data), query, limit)


@app.command(context_settings=RUNS_FROM_THE_END)
def show(
    uid: Annotated[
        str, typer.Argument(metavar="RUN", help="A uid, its beginning, a scan_id, or -1.")
    ],
    data: Data = None,
) -> None:
    """Show a run: where it came from, its streams, its first and last events."""
    from beamtwin.app import showing
    from beamtwin.app.options import data_path

    showing.show_run(data_path(data), uid)


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
    data: Data = None,
) -> None:
    """Compare a measured run with a simulated one: numbers, a figure, a report."""
    from beamtwin.app import showing
    from beamtwin.app.options import data_path

    showing.compare_runs(data_path(data), measured, simulated, out)


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="Folder of what it makes.")] = Path("demo"),
    engine: Engine = Level.wave,
) -> None:
    """Slit diffraction at NSLS-II CHX: measured, simulated, and simulated over Channel Access."""
    from beamtwin.app import demonstration

    demonstration.run(out, engine.value)


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
