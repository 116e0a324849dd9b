"""try, except, finally for plans. `preprocessors` has these for the user; they need no stubs, and stubs need them."""

from collections.abc import Callable, Iterable
from typing import Any

from beamtwin.orchestration.messages import Msg, Plan, as_generator

__all__ = ["AnyPlan", "contingency_wrapper", "finalize_wrapper", "rewindable_wrapper"]

AnyPlan = Iterable[Msg]
_PAUSE = Msg("pause", None, defer=False)


def contingency_wrapper(
    plan: AnyPlan,
    *,
    except_plan: Callable[[Exception], AnyPlan] | None = None,
    else_plan: Callable[[], AnyPlan] | None = None,
    final_plan: Callable[[], AnyPlan] | None = None,
    pause_for_debug: bool = False,
    auto_raise: bool = True,
) -> Plan[Any]:
    """``try: plan; except: except_plan(error); else: else_plan(); finally: final_plan()`` for plans.

    A halted plan does none of these. With ``pause_for_debug`` an error pauses the plan first.
    """
    halted = False
    try:
        result = yield from as_generator(plan)
    except GeneratorExit:
        halted = True
        raise
    except Exception as error:
        if pause_for_debug:
            yield _PAUSE
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


def finalize_wrapper(
    plan: AnyPlan,
    final_plan: Callable[[], AnyPlan] | AnyPlan,
    *,
    pause_for_debug: bool = False,
) -> Plan[Any]:
    """Do ``final_plan`` at the end, whatever happened, unless the plan is halted."""
    make = final_plan if callable(final_plan) else lambda: final_plan
    return contingency_wrapper(plan, final_plan=make, pause_for_debug=pause_for_debug)


def rewindable_wrapper(plan: AnyPlan, rewindable: bool) -> Plan[Any]:
    """Do not replay this plan's messages after a pause, unless ``rewindable``."""
    if rewindable:
        return (yield from as_generator(plan))
    before = yield Msg("rewindable", None, None)
    if before is False:
        return (yield from as_generator(plan))
    yield Msg("rewindable", None, False)
    return (yield from finalize_wrapper(plan, [Msg("rewindable", None, True)]))
