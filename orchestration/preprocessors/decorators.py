"""What wrappers do to plans, decorators do to the functions that make them."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from beamtwin.orchestration import control
from beamtwin.orchestration.control import AnyPlan
from beamtwin.orchestration.errors import PlanTypeError
from beamtwin.orchestration.preprocessors import around, mutators, positions, supplements

__all__ = [
    "baseline_decorator",
    "configure_count_time_decorator",
    "contingency_decorator",
    "finalize_decorator",
    "fly_during_decorator",
    "inject_md_decorator",
    "lazily_stage_decorator",
    "make_decorator",
    "monitor_during_decorator",
    "relative_set_decorator",
    "reset_positions_decorator",
    "rewindable_decorator",
    "run_decorator",
    "set_run_key_decorator",
    "stage_decorator",
    "stub_decorator",
    "subs_decorator",
    "suspend_decorator",
]


def make_decorator(wrapper: Callable[..., Any]) -> Callable[..., Any]:
    """The decorator of plan functions that does what ``wrapper`` does to plans.

    >>> make_decorator(control.finalize_wrapper).__doc__
    'For plan functions: see `finalize_wrapper`.'
    """

    def decorator(*args: Any, **kwargs: Any) -> Callable[[Any], Any]:
        def decorate(function: Callable[..., AnyPlan]) -> Callable[..., AnyPlan]:
            @wraps(function)
            def decorated(*inner_args: Any, **inner_kwargs: Any) -> AnyPlan:
                plan = function(*inner_args, **inner_kwargs)
                return (yield from wrapper(plan, *args, **kwargs))

            return decorated

        return decorate

    decorator.__doc__ = f"For plan functions: see `{wrapper.__name__}`."
    return decorator


def finalize_wrapper(plan: AnyPlan, final_plan: Callable[[], AnyPlan], **kwargs: Any) -> AnyPlan:
    """That of plans takes a plan too; but a plan is used once, and a function that is decorated is used often."""
    if not callable(final_plan):
        raise PlanTypeError("final_plan: expected a function that makes the plan, not a plan")
    return control.finalize_wrapper(plan, final_plan, **kwargs)


baseline_decorator = make_decorator(supplements.baseline_wrapper)
configure_count_time_decorator = make_decorator(around.configure_count_time_wrapper)
contingency_decorator = make_decorator(control.contingency_wrapper)
finalize_decorator = make_decorator(finalize_wrapper)
fly_during_decorator = make_decorator(supplements.fly_during_wrapper)
inject_md_decorator = make_decorator(mutators.inject_md_wrapper)
lazily_stage_decorator = make_decorator(around.lazily_stage_wrapper)
monitor_during_decorator = make_decorator(supplements.monitor_during_wrapper)
relative_set_decorator = make_decorator(positions.relative_set_wrapper)
reset_positions_decorator = make_decorator(positions.reset_positions_wrapper)
rewindable_decorator = make_decorator(control.rewindable_wrapper)
run_decorator = make_decorator(around.run_wrapper)
set_run_key_decorator = make_decorator(mutators.set_run_key_wrapper)
stage_decorator = make_decorator(around.stage_wrapper)
stub_decorator = make_decorator(mutators.stub_wrapper)
subs_decorator = make_decorator(around.subs_wrapper)
suspend_decorator = make_decorator(around.suspend_wrapper)
