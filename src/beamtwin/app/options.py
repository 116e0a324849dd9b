"""Where things are kept, and how ``name=value`` on the command line becomes a plan's argument."""

import inspect
import math
import os
import types
import typing
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from beamtwin.orchestration.errors import BeamtwinError

__all__ = ["CATALOG", "UsageError", "data_folder", "data_path", "one_target", "plan_arguments"]

#: The catalogue's file in a data folder.
CATALOG = "catalog.sqlite"


class UsageError(BeamtwinError):
    """Something on the command line that makes no sense."""


def data_path(given: Path | None) -> Path:
    """Where the catalogue and its files are: given, else ``$BEAMTWIN_DATA``, else the user's own folder."""
    home = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    # An IOC, which writes the detectors' files, has a working directory of its own.
    return (given or Path(os.environ.get("BEAMTWIN_DATA") or home / "beamtwin")).absolute()


def data_folder(given: Path | None) -> Path:
    """The folder at `data_path`, made if it is not there, to be written to.

    Raises
    ------
    UsageError
        If it cannot be made or written to.
    """
    folder = data_path(given)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        is_file = isinstance(error, FileExistsError)
        why = "there is a file of this name" if is_file else error.strerror or error
        raise UsageError(
            f"data folder {folder}: {why}; choose another with --data or BEAMTWIN_DATA"
        ) from error
    if not os.access(folder, os.W_OK):
        raise UsageError(
            f"data folder {folder}: it is read-only; choose another with --data or BEAMTWIN_DATA"
        )
    return folder


def one_target(target: str | None, live: bool, epoch: float | None) -> str:
    """Where a plan runs, of what the command line says of it: ``twin``, ``ioc`` or ``live``.

    Raises
    ------
    UsageError
        Where it says two things at once.
    """
    if live and target is not None:
        raise UsageError(
            f"--live is the real beamline, --target {target} is a twin: choose one of them"
        )
    chosen = "live" if live else str(target or "twin")
    if epoch is not None and chosen != "twin":
        raise UsageError(
            f"--epoch {epoch:.15g}: only the twin in this process can be run again to the last bit; "
            f"the target is {chosen}"
        )
    return chosen


def plan_arguments(plan: Callable[..., Any], assignments: Iterable[str]) -> dict[str, Any]:
    """``["points=21", "exposure_s=0.5"]`` as keyword arguments, by the types that the plan declares.

    Raises
    ------
    UsageError
        Naming the argument, what was given, what is expected, and which arguments there are.
    """
    hints = typing.get_type_hints(plan)
    parameters = {
        name: parameter
        for name, parameter in inspect.signature(plan).parameters.items()
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY
    }
    arguments = {}
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        if not equals or name not in parameters:
            known = ", ".join(f"{n}={p.default}" for n, p in parameters.items())
            raise UsageError(
                f"{assignment!r} is no argument of the plan; its arguments are: {known}"
            )
        arguments[name] = _convert(name, text, hints.get(name, str))
    return arguments


def _convert(name: str, text: str, wanted: Any) -> Any:
    """One value; a tuple is written with commas, and pairs as ``7.5x5.8``."""
    origin, inner = typing.get_origin(wanted), typing.get_args(wanted)
    if origin in (typing.Union, types.UnionType):
        wanted = next(kind for kind in inner if kind is not types.NoneType)
        return _convert(name, text, wanted)
    if origin is tuple:
        separator = "," if inner[-1] is Ellipsis else "x"
        kinds = [inner[0]] * (text.count(separator) + 1) if inner[-1] is Ellipsis else inner
        parts = text.split(separator)
        if len(parts) != len(kinds):
            raise UsageError(
                f"{name}={text}: expected {len(kinds)} values separated by {separator!r}"
            )
        return tuple(_convert(name, part, kind) for part, kind in zip(parts, kinds, strict=True))
    try:
        value = wanted(text)
    except ValueError:
        raise UsageError(f"{name}={text}: expected {wanted.__name__}") from None
    if wanted is float and not math.isfinite(value):
        raise UsageError(f"{name}={text}: expected a finite number")
    return value
