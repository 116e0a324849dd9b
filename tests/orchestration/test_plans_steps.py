"""What plans do at a point: as they are told; and the stream that this goes to."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from beamtwin.orchestration import plans, stubs
from beamtwin.orchestration.engine import RunEngine
from beamtwin.orchestration.errors import PlanTypeError
from beamtwin.orchestration.messages import Msg

Make = Callable[..., Any]


def test_count_takes_readings_as_it_is_told(RE: RunEngine, det: Any, documents: Any) -> None:
    def twice(detectors: Any) -> Any:
        yield from stubs.one_shot(detectors)
        yield from stubs.one_shot(detectors)

    RE(plans.count([det], 3, per_shot=twice))
    assert len(documents.events()) == 6


def test_a_shot_may_be_a_list(RE: RunEngine, det: Any) -> None:
    RE(plans.count([det], 2, per_shot=lambda _: [Msg("trigger", det), Msg("read", det)]))
    assert det.value == 2


def test_scans_take_steps_as_they_are_told(
    RE: RunEngine, det: Any, motor: Any, documents: Any
) -> None:
    def dark_and_light(detectors: Any, step: Any, pos_cache: Any) -> Any:
        yield from stubs.trigger_and_read(detectors, name="dark")
        yield from stubs.one_nd_step(detectors, step, pos_cache)

    RE(plans.scan([det], motor, 0, 1, 2, per_step=dark_and_light))
    assert documents.stop["num_events"] == {"dark": 2, "primary": 2}


def test_steps_of_a_scan_of_one_motor_may_name_it(
    RE: RunEngine, det: Any, motor: Any, documents: Any
) -> None:
    seen: list[Any] = []

    def note(detectors: Any, motor: Any, step: Any, **more: Any) -> Any:
        seen.append((detectors, motor, step))
        yield from stubs.one_1d_step(detectors, motor, step, stubs.trigger_and_read)

    RE(plans.scan([det], motor, 0, 1, 2, per_step=note))
    assert seen == [([det], motor, 0.0), ([det], motor, 1.0)]
    assert documents.column("m") == [0.0, 1.0]
    assert documents.start["plan_args"]["per_step"].endswith("note")


@pytest.mark.parametrize("plan", ["scan", "count"])
def test_readings_are_taken_as_one_is_told(
    RE: RunEngine, det: Any, motor: Any, documents: Any, plan: str
) -> None:
    """What moves and what reads can be replaced one by one."""
    elsewhere = partial(stubs.trigger_and_read, name="elsewhere")
    if plan == "scan":
        step = partial(stubs.one_nd_step, take_reading=elsewhere)
        RE(plans.scan([det], motor, 0, 1, 2, per_step=step))
        assert documents.start["plan_args"]["per_step"] == "partial(one_nd_step)"
    else:
        RE(plans.count([det], 2, per_shot=partial(stubs.one_shot, take_reading=elsewhere)))
    assert documents.stop["num_events"] == {"elsewhere": 2}


@pytest.mark.parametrize(
    ("per_step", "complaint"),
    [
        (lambda detectors, motor: [], r"received: \(detectors, motor\)$"),
        (lambda detectors, step, pos_cache, more: [], r"received: .*, more\)$"),
        (lambda detectors, motor, step, *, more: [], r"received: .*, \*, more\)$"),
        (lambda a, b, c: [], r"received: \(a, b, c\)$"),
        (lambda *args: [], r"received: \(\*args\)$"),
        (lambda detectors, motor, step: [], "assumes 1D trajectory; the scan moves a, b$"),
    ],
)
def test_a_step_takes_what_it_is_given(det: Any, make: Make, per_step: Any, complaint: str) -> None:
    a, b = make("Motor", "a"), make("Motor", "b")
    with pytest.raises(PlanTypeError, match=complaint):
        list(plans.scan([det], a, 0, 1, b, 0, 1, 2, per_step=per_step))


@pytest.mark.parametrize(
    "plan",
    [
        lambda d, m, **own: plans.count([d], 2, **own),
        lambda d, m, **own: plans.scan([d], m, 0, 1, 2, **own),
        lambda d, m, **own: plans.rel_scan([d], m, 0, 1, 2, **own),
        lambda d, m, **own: plans.grid_scan([d], m, 0, 1, 2, **own),
        lambda d, m: plans.adaptive_scan([d], "det", m, 0, 1, 0.1, 0.5, 1, False),
        lambda d, m: plans.tune_centroid([d], "det", m, 0, 1, 0.6, 2),
    ],
)
def test_the_stream_can_be_declared_before_its_first_event(
    RE: RunEngine,
    det: Any,
    motor: Any,
    documents: Any,
    plan: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    keys = []
    for declared in (False, True):
        if declared:
            monkeypatch.setenv("BLUESKY_PREDECLARE", "1")
        documents.clear()
        commands: list[str] = []
        RE.msg_hook = lambda msg, said=commands: said.append(msg.command)
        RE(plan(det, motor))
        assert commands.count("declare_stream") == declared
        assert not declared or commands.index("declare_stream") < commands.index("trigger")
        assert documents.names.count("descriptor") == 1
        keys.append(list(documents.of("descriptor")[0]["data_keys"]))
    assert keys[0] == keys[1]


def test_a_stream_of_the_users_own_steps_is_not_declared(
    RE: RunEngine, det: Any, motor: Any, documents: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BLUESKY_PREDECLARE", "1")
    elsewhere = lambda detectors: stubs.trigger_and_read(detectors, "mine")  # noqa: E731
    RE(plans.count([det], per_shot=elsewhere))
    RE(
        plans.scan(
            [det], motor, 0, 1, 2, per_step=lambda detectors, motor, step: elsewhere(detectors)
        )
    )
    assert {descriptor["name"] for descriptor in documents.of("descriptor")} == {"mine"}
