"""Simulators: what a plan would do, without an engine, and with no device moved."""

from beamtwin.orchestration.simulators.imagination import Imagination, walk
from beamtwin.orchestration.simulators.limits import (
    check_limits,
    check_limits_async,
    find_violations,
)
from beamtwin.orchestration.simulators.recorder import (
    END,
    RunEngineSimulator,
    assert_message_and_return_remaining,
)
from beamtwin.orchestration.simulators.summary import (
    plan_lines,
    plot_raster_path,
    print_summary,
    raster_path,
    summarize_plan,
)

__all__ = [
    "END",
    "Imagination",
    "RunEngineSimulator",
    "assert_message_and_return_remaining",
    "check_limits",
    "check_limits_async",
    "find_violations",
    "plan_lines",
    "plot_raster_path",
    "print_summary",
    "raster_path",
    "summarize_plan",
    "walk",
]
