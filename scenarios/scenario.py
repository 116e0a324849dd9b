"""Scenario: a whole experiment by name, as the command line finds it."""

import difflib
import importlib
import pkgutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import beamtwin.scenarios
from beamtwin.hardware.channel import Transport
from beamtwin.hardware.registry import SUFFIXES, Devices, Registry
from beamtwin.orchestration.errors import BeamtwinError
from beamtwin.orchestration.messages import Msg

if TYPE_CHECKING:
    from beamtwin.databroker.compare.comparison import Comparison
    from beamtwin.databroker.run import Run

__all__ = ["Scenario", "ScenarioError", "available", "load", "no_comparison"]


class ScenarioError(BeamtwinError):
    """A scenario, or something in it, that does not exist."""


@dataclass(frozen=True)
class Scenario:
    """A beamline, its twin, and what is done there."""

    name: str
    title: str
    registry: Callable[[], Registry]
    """The list of its devices."""
    devices: Callable[[Transport, Path, Callable[[], str]], Devices]
    """Makes the devices on a transport. Their files go into the folder; the function makes uids."""
    world: Callable[..., Any]
    """Makes the twin: ``world(clock, level=..., seed=..., noise=...)``, see `beamtwin.twin.world.World`."""
    plans: Mapping[str, Callable[..., Iterable[Msg]]]
    """By name; each takes the devices, and keyword arguments of its own."""
    compare_runs: "Callable[[Run, Run], Comparison]"
    """A measured and a simulated run, side by side."""
    needs: tuple[str, ...] = ()
    """The devices that have to be there before any plan begins; others are connected when a plan takes them."""
    level: str = "fast"
    """Of its twin's physics, where none is asked for."""
    description: Path | None = None
    """The file that describes its optics, if it has any."""

    def plan(self, name: str) -> Callable[..., Iterable[Msg]]:
        """The plan function of that name.

        Raises
        ------
        ScenarioError
            Naming those there are.
        """
        if name not in self.plans:
            raise ScenarioError(_unknown(f"scenario {self.name!r} has no plan", name, self.plans))
        return self.plans[name]


def available() -> list[str]:
    """The names of all scenarios."""
    modules = pkgutil.iter_modules(beamtwin.scenarios.__path__)
    return sorted(module.name for module in modules if module.ispkg)


def load(name: str) -> Scenario:
    """The scenario of that name; or one of the devices in a registry's file, if it is the path of such.

    Raises
    ------
    ScenarioError
        Naming those there are.
    RegistryError
        Where a registry's file has mistakes.
    """
    if Path(name).suffix in SUFFIXES:
        return importlib.import_module("beamtwin.scenarios.declared").scenario_of(Path(name))
    if name not in available():
        raise ScenarioError(_unknown("there is no scenario", name, available()))
    return importlib.import_module(f"beamtwin.scenarios.{name}").SCENARIO


def no_comparison(measured: "Run", simulated: "Run") -> "Comparison":
    """For scenarios without a measurement that runs could be compared with."""
    raise ScenarioError("this scenario does not say by what a measured and a simulated run compare")


def _unknown(what: str, name: str, known: Iterable[str]) -> str:
    known = sorted(known)
    close = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {close[0]!r}? " if close else ""
    return f"{what} {name!r}: {hint}there are: {', '.join(known) or 'none'}"
