"""Preprocessors map a plan to a plan: they put things before, after and around it."""

from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from typing import Any

from beamtwin.orchestration import stubs
from beamtwin.orchestration.dispatcher import subscriptions
from beamtwin.orchestration.messages import Msg, Plan, as_generator

__all__ = [
    "contingency_wrapper",
    "finalize_decorator",
    "finalize_wrapper",
    "run_decorator",
    "run_wrapper",
    "stage_decorator",
    "stage_wrapper",
    "subs_decorator",
    "subs_wrapper",
]

AnyPlan = Iterable[Msg]


def contingency_wrapper(
    plan: AnyPlan,
    *,
    except_plan: Callable[[Exception], AnyPlan] | None = None,
    else_plan: Callable[[], AnyPlan] | None = None,
    final_plan: Callable[[], AnyPlan] | None = None,
    auto_raise: bool = True,
) -> Plan[Any]:
    """``try: plan; except: except_plan(error); else: else_plan(); finally: final_plan()`` for plans.

    A halted plan does none of these.
    """
    halted = False
    try:
        result = yield from as_generator(plan)
    except GeneratorExit:
        halted = True
        raise
    except Exception as error:
        if except_plan is None:
            raise
        result = yield from as_generator(except_plan(error))
        if auto_raise:
            raise
    else:
        if else_plan is not None:
            yield from as_generator(else_plan())
    finally:
        if final_plan is not None and not halted:
            yield from as_generator(final_plan())
    return result


def finalize_wrapper(plan: AnyPlan, final_plan: Callable[[], AnyPlan] | AnyPlan) -> Plan[Any]:
    """Do ``final_plan`` at the end, whatever happened, unless the plan is halted."""
    make = final_plan if callable(final_plan) else lambda: final_plan
    return (yield from contingency_wrapper(plan, final_plan=make))


def run_wrapper(plan: AnyPlan, *, md: Mapping[str, Any] | None = None) -> Plan[str]:
    """Enclose a plan in a run; returns its uid. An error in the plan closes the run as failed."""
    uid = yield from stubs.open_run(md)

    def fail(error: Exception) -> Plan[None]:
        exit_status = getattr(error, "exit_status", "fail")
        yield from stubs.close_run(exit_status=exit_status, reason=str(error))

    yield from contingency_wrapper(plan, except_plan=fail, else_plan=stubs.close_run)
    return uid


def stage_wrapper(plan: AnyPlan, devices: Iterable[Any]) -> Plan[Any]:
    """Stage devices before a plan, and unstage them after it, last first, whatever happened."""
    roots = list(dict.fromkeys(_root(device) for device in devices))

    def staged() -> Plan[Any]:
        yield from stubs.stage_all(*roots)
        return (yield from as_generator(plan))

    return (yield from finalize_wrapper(staged(), lambda: stubs.unstage_all(*roots[::-1])))


def _root(device: Any) -> Any:
    """The device that a signal or axis is part of: staging concerns the whole."""
    while getattr(device, "parent", None) is not None:
        device = device.parent
    return device


def subs_wrapper(plan: AnyPlan, subs: Any) -> Plan[Any]:
    """Subscribe functions to documents while a plan runs.

    Parameters
    ----------
    subs : function, list of functions, or {document name: function or list of them}
    """
    tokens: list[int] = []

    def subscribed() -> Plan[Any]:
        for name, function in subscriptions(subs):
            tokens.append((yield from stubs.subscribe(name, function)))
        return (yield from as_generator(plan))

    def unsubscribe() -> Plan[None]:
        for token in tokens:
            yield from stubs.unsubscribe(token)

    return (yield from finalize_wrapper(subscribed(), unsubscribe))


def _decorator(wrapper: Callable[..., Any]) -> Callable[..., Any]:
    """The decorator of plan functions that does what ``wrapper`` does to plans."""

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


finalize_decorator = _decorator(finalize_wrapper)
run_decorator = _decorator(run_wrapper)
stage_decorator = _decorator(stage_wrapper)
subs_decorator = _decorator(subs_wrapper)
