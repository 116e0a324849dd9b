"""What is measured beside every run: a baseline, monitors, flyers."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from beamtwin.orchestration import stubs
from beamtwin.orchestration.control import AnyPlan
from beamtwin.orchestration.messages import Msg, Plan, as_generator
from beamtwin.orchestration.preprocessors.mutators import plan_mutator, set_run_key_wrapper
from beamtwin.orchestration.stubs.groups import new_group

__all__ = [
    "SupplementalData",
    "baseline_wrapper",
    "fly_during_wrapper",
    "monitor_during_wrapper",
]


def baseline_wrapper(plan: AnyPlan, devices: Sequence[Any], name: str = "baseline") -> Plan[Any]:
    """Read devices at the beginning and at the end of every run, into a stream of their own."""

    def first() -> Plan[None]:
        yield from stubs.declare_stream(*devices, name=name)
        yield from again()

    def again() -> Plan[None]:
        yield from stubs.trigger_and_read(devices, name=name)

    return (yield from _beside_runs(plan, devices, first, again))


def monitor_during_wrapper(plan: AnyPlan, signals: Sequence[Any]) -> Plan[Any]:
    """Emit an event whenever one of the signals has news during a run, to the stream ``<name>_monitor``."""

    def monitor() -> Plan[None]:
        for signal in signals:
            yield from stubs.monitor(signal, name=f"{signal.name}_monitor")

    def unmonitor() -> Plan[None]:
        for signal in signals:
            yield from stubs.unmonitor(signal)

    return (yield from _beside_runs(plan, signals, monitor, unmonitor))


def fly_during_wrapper(plan: AnyPlan, flyers: Sequence[Any]) -> Plan[Any]:
    """Let flyers fly during every run, and collect at its end what they recorded."""

    def kickoff() -> Plan[None]:
        yield from _together("kickoff", flyers)

    def complete() -> Plan[None]:
        yield from _together("complete", flyers)
        for flyer in flyers:
            yield Msg("collect", flyer)

    return (yield from _beside_runs(plan, flyers, kickoff, complete))


def _together(command: str, flyers: Iterable[Any]) -> Plan[None]:
    group = new_group(f"flyers-{command}")
    for flyer in flyers:
        yield Msg(command, flyer, group=group)
    yield Msg("wait", None, group=group)


def _beside_runs(
    plan: AnyPlan,
    devices: Sequence[Any],
    begin: Callable[[], AnyPlan],
    end: Callable[[], AnyPlan],
) -> Plan[Any]:
    """Do ``begin`` after every open_run and ``end`` before every close_run, in the run meant there."""
    if not devices:
        return (yield from as_generator(plan))

    def insert(msg: Msg) -> tuple[AnyPlan | None, AnyPlan | None]:
        if msg.command == "open_run":
            return None, _in_run(begin(), msg.run)
        if msg.command == "close_run":
            return closing(msg), None
        return None, None

    def closing(msg: Msg) -> Plan[None]:
        yield from _in_run(end(), msg.run)
        yield msg

    return (yield from plan_mutator(plan, insert))


def _in_run(plan: AnyPlan, run: Any) -> Plan[Any]:
    return as_generator(plan) if run is None else set_run_key_wrapper(plan, run)


class SupplementalData:
    """A preprocessor for `RunEngine.preprocessors`, whose lists may change at any time.

    Parameters
    ----------
    baseline : iterable of Readable
        Read at the beginning and the end of every run.
    monitors : iterable of Subscribable
        Heard during every run.
    flyers : iterable of Flyable
        Flown during every run.
    """

    def __init__(
        self,
        *,
        baseline: Iterable[Any] | None = None,
        monitors: Iterable[Any] | None = None,
        flyers: Iterable[Any] | None = None,
    ):
        self.baseline = list(baseline or ())
        self.monitors = list(monitors or ())
        self.flyers = list(flyers or ())

    def __repr__(self) -> str:
        lists = ", ".join(f"{name}={devices}" for name, devices in vars(self).items())
        return f"{type(self).__name__}({lists})"

    def __call__(self, plan: AnyPlan) -> Plan[Any]:
        """The plan with these beside its runs."""
        plan = fly_during_wrapper(plan, self.flyers)
        plan = monitor_during_wrapper(plan, self.monitors)
        return (yield from baseline_wrapper(plan, self.baseline))
