"""Preprocessors map a plan to a plan: they put things before, after, around and into it. Names are Bluesky's.

`mutators`: message by message; `around`: runs, staging, subscriptions; `positions`: relative moves; `supplements`:
what is measured beside every run; `decorators`: all of these for functions that make plans.
"""

from beamtwin.orchestration.control import (
    contingency_wrapper,
    finalize_wrapper,
    rewindable_wrapper,
)
from beamtwin.orchestration.preprocessors.around import (
    configure_count_time_wrapper,
    lazily_stage_wrapper,
    run_wrapper,
    stage_wrapper,
    subs_wrapper,
    suspend_wrapper,
)
from beamtwin.orchestration.preprocessors.decorators import (
    baseline_decorator,
    configure_count_time_decorator,
    contingency_decorator,
    finalize_decorator,
    fly_during_decorator,
    inject_md_decorator,
    lazily_stage_decorator,
    monitor_during_decorator,
    relative_set_decorator,
    reset_positions_decorator,
    rewindable_decorator,
    run_decorator,
    set_run_key_decorator,
    stage_decorator,
    stub_decorator,
    subs_decorator,
    suspend_decorator,
)
from beamtwin.orchestration.preprocessors.mutators import (
    inject_md_wrapper,
    msg_mutator,
    pchain,
    plan_mutator,
    print_summary_wrapper,
    set_run_key_wrapper,
    stub_wrapper,
)
from beamtwin.orchestration.preprocessors.positions import (
    relative_set_wrapper,
    reset_positions_wrapper,
)
from beamtwin.orchestration.preprocessors.supplements import (
    SupplementalData,
    baseline_wrapper,
    fly_during_wrapper,
    monitor_during_wrapper,
)

__all__ = [
    "SupplementalData",
    "baseline_decorator",
    "baseline_wrapper",
    "configure_count_time_decorator",
    "configure_count_time_wrapper",
    "contingency_decorator",
    "contingency_wrapper",
    "finalize_decorator",
    "finalize_wrapper",
    "fly_during_decorator",
    "fly_during_wrapper",
    "inject_md_decorator",
    "inject_md_wrapper",
    "lazily_stage_decorator",
    "lazily_stage_wrapper",
    "monitor_during_decorator",
    "monitor_during_wrapper",
    "msg_mutator",
    "pchain",
    "plan_mutator",
    "print_summary_wrapper",
    "relative_set_decorator",
    "relative_set_wrapper",
    "reset_positions_decorator",
    "reset_positions_wrapper",
    "rewindable_decorator",
    "rewindable_wrapper",
    "run_decorator",
    "run_wrapper",
    "set_run_key_decorator",
    "set_run_key_wrapper",
    "stage_decorator",
    "stage_wrapper",
    "stub_decorator",
    "stub_wrapper",
    "subs_decorator",
    "subs_wrapper",
    "suspend_decorator",
    "suspend_wrapper",
]
