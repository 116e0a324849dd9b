"""Every command of the table: what it does, what it answers, and where it has no place."""

from collections.abc import Callable
from typing import Any

import pytest

from beamtwin.orchestration.clock import WallClock
from beamtwin.orchestration.commands import COMMANDS
from beamtwin.orchestration.engine import RunEngine
from beamtwin.orchestration.errors import (
    DeadlockError,
    DeviceError,
    FailedStatus,
    IllegalMessageSequence,
    InvalidCommand,
    ReadingError,
    WaitForTimeoutError,
)
from beamtwin.orchestration.messages import Msg
from beamtwin.orchestration.status import Status, finished
from beamtwin.twin.clock import SimClock

EPOCH = 1_700_000_000.0
Make = Callable[..., Any]


@pytest.fixture
def answers(RE: RunEngine) -> Callable[..., list[Any]]:
    """Run messages; their answers."""

    def run(*messages: Msg) -> list[Any]:
        answers: list[Any] = []

        def plan() -> Any:
            for msg in messages:
                answers.append((yield msg))

        RE(plan())
        return answers

    return run


def in_run(*messages: Msg) -> list[Msg]:
    return [Msg("open_run"), *messages, Msg("close_run")]


def event(*devices: Any, name: str = "primary") -> list[Msg]:
    return [Msg("create", name=name), *[Msg("read", device) for device in devices], Msg("save")]


def test_the_engine_knows_its_commands(RE: RunEngine) -> None:
    of_the_engine = {"open_run", "close_run", "subscribe", "unsubscribe", "RE_class"}
    of_suspenders = {"install_suspender", "remove_suspender"}
    internal = {"_start_suspender", "_resume_from_suspender"}
    assert set(RE.commands) == COMMANDS.keys() | of_the_engine | of_suspenders | internal


def test_null_does_nothing(answers: Any, clock: SimClock) -> None:
    assert answers(Msg("null")) == [None]
    assert clock.time() == EPOCH


def test_re_class_answers_the_kind_of_engine(answers: Any) -> None:
    assert answers(Msg("RE_class")) == [RunEngine]


def test_an_unknown_command_lists_the_known(RE: RunEngine) -> None:
    with pytest.raises(InvalidCommand, match="the plan said 'nul'; the engine knows: RE_class, "):
        RE([Msg("nul")])


@pytest.mark.parametrize("slip", [None, (Msg("null") for _ in range(1)), 5])
def test_what_is_no_message_is_said_to_be_none(RE: RunEngine, slip: Any) -> None:
    """As in ``yield sleep(1)`` for ``yield from sleep(1)``."""
    with pytest.raises(InvalidCommand, match="not a Msg: 'yield from' it"):
        RE([slip])


def test_a_command_can_be_added_and_removed(RE: RunEngine, answers: Any) -> None:
    RE.register_command("double", lambda msg: 2 * msg.args[0])
    assert answers(Msg("double", None, 21)) == [42]
    RE.unregister_command("double")
    with pytest.raises(InvalidCommand):
        RE([Msg("double", None, 21)])


def test_a_command_can_be_replaced_for_one_engine(RE: RunEngine, clock: SimClock) -> None:
    slept: list[float] = []
    RE.register_command("sleep", lambda msg: slept.append(msg.args[0]))
    RE([Msg("sleep", None, 60)])
    assert (slept, clock.time()) == ([60], EPOCH)
    assert COMMANDS["sleep"].__name__ == "sleep"


# --- time --------------------------------------------------------------------------------------


def test_sleep_lets_time_pass(answers: Any, clock: SimClock) -> None:
    assert answers(Msg("sleep", None, 86400), Msg("sleep", None, 0)) == [None, None]
    assert clock.time() == EPOCH + 86400


def test_short_sleeps_add_up(RE: RunEngine, clock: SimClock) -> None:
    RE([Msg("sleep", None, 0.1)] * 1000)
    assert clock.env.now == pytest.approx(100.0, abs=1e-9)


def test_elapsed_answers_the_plans_own_time(answers: Any) -> None:
    assert answers(Msg("elapsed"), Msg("sleep", None, 8), Msg("elapsed")) == [0.0, None, 8.0]
    assert answers(Msg("elapsed")) == [0.0]


# --- set, trigger, wait ------------------------------------------------------------------------


def test_set_begins_a_move_and_wait_ends_it(answers: Any, slow: Any, clock: SimClock) -> None:
    status, waited = answers(Msg("set", slow, 5, group="a"), Msg("wait", None, "a"))
    assert isinstance(status, Status)
    assert waited is True
    assert (slow.value, clock.time()) == (5, EPOCH + 2)


def test_set_hands_its_arguments_on(RE: RunEngine, clock: SimClock) -> None:
    class Picky:
        name = "picky"

        def set(self, *args: Any, **kwargs: Any) -> Status:
            calls.append((args, kwargs))
            return finished(clock)

    calls: list[Any] = []
    RE([Msg("set", Picky(), 1, 2, group="a", speed=3)])
    assert calls == [((1, 2), {"speed": 3})]


def test_devices_of_a_group_move_together(RE: RunEngine, make: Make, clock: SimClock) -> None:
    one, two = make("Motor", "one", seconds=3.0), make("Motor", "two", seconds=5.0)
    RE([Msg("set", one, 1, group="a"), Msg("set", two, 2, group="a"), Msg("wait", group="a")])
    assert clock.time() == EPOCH + 5


def test_groups_are_apart(RE: RunEngine, make: Make, clock: SimClock) -> None:
    one, two = make("Motor", "one", seconds=3.0), make("Motor", "two", seconds=5.0)
    RE([Msg("set", one, 1, group="a"), Msg("set", two, 2, group="b"), Msg("wait", None, "a")])
    assert clock.time() == EPOCH + 3


def test_trigger_begins_an_exposure(answers: Any, make: Make, clock: SimClock) -> None:
    det = make("Detector", "det", seconds=1.5)
    answers(Msg("trigger", det, group="a"), Msg("wait", None, "a"))
    assert (det.value, clock.time()) == (1, EPOCH + 1.5)


def test_a_group_that_nobody_joined_is_done(answers: Any) -> None:
    assert answers(Msg("wait", None, "nobody"), Msg("wait")) == [True, True]


def test_a_wait_that_takes_too_long_names_who_is_late(RE: RunEngine, slow: Any) -> None:
    plan = [Msg("set", slow, 5, group="a"), Msg("wait", None, "a", timeout=0.5)]
    with pytest.raises(
        WaitForTimeoutError, match=r"group 'a': not done after 0\.5 s: slow: move to 5 mm"
    ):
        RE(plan)


def test_a_wait_may_come_again(answers: Any, slow: Any, clock: SimClock) -> None:
    again = Msg("wait", None, "a", timeout=1.5, error_on_timeout=False)
    assert answers(Msg("set", slow, 5, group="a"), again, again)[1:] == [False, True]
    assert clock.time() == EPOCH + 2


def test_a_group_remains_after_a_timeout(RE: RunEngine, slow: Any, clock: SimClock) -> None:
    def plan() -> Any:
        yield Msg("set", slow, 5, group="a")
        with pytest.raises(WaitForTimeoutError):
            yield Msg("wait", None, "a", timeout=0.5)
        assert (yield Msg("wait", None, "a"))

    RE(plan())
    assert clock.time() == EPOCH + 2


def test_after_a_failure_the_others_of_the_group_can_be_waited_for(
    RE: RunEngine, slow: Any, clock: SimClock
) -> None:
    broken = Stalling("broken", clock, after=0.5)

    def plan() -> Any:
        yield Msg("set", slow, 5, group="a")
        yield Msg("set", broken, 5, group="a")
        with pytest.raises(FailedStatus):
            yield Msg("wait", None, "a")
        yield Msg("wait", None, "a")

    RE(plan())
    assert clock.time() == EPOCH + 2


def test_waited_groups_are_forgotten(RE: RunEngine, motor: Any, slow: Any) -> None:
    def plan() -> Any:
        for n in range(3):
            yield Msg("set", motor, n, group=f"done-{n}")
            yield Msg("wait", None, f"done-{n}")
        yield Msg("set", slow, 1, group="slow")
        yield Msg("wait", None, "slow")
        assert RE._session is not None
        assert RE._session.statuses.groups == {}

    RE(plan())


class Stalling:
    """Its move fails after a while."""

    def __init__(self, name: str, clock: SimClock, after: float):
        self.name = name
        self.clock = clock
        self.after = after

    def set(self, value: float) -> Status:
        status = Status(self.clock, name=f"{self.name}: move")
        error = OSError(f"{self.name} stalled")
        self.clock.call_at(self.clock.time() + self.after, lambda: status.set_exception(error))
        return status


@pytest.mark.parametrize("msg", [Msg("sleep", None, 60), Msg("wait", None, "slow")])
def test_a_failure_is_noticed_whatever_the_plan_waits_for(
    RE: RunEngine, slow: Any, clock: SimClock, msg: Msg
) -> None:
    caught: list[FailedStatus] = []

    def plan() -> Any:
        yield Msg("set", slow, 5, group="slow")
        yield Msg("set", Stalling("m", clock, after=1.5), 1, group="other")
        try:
            yield msg
        except FailedStatus as error:
            caught.append(error)

    RE(plan())
    (error,) = caught
    assert clock.time() == EPOCH + 1.5
    assert str(error) == "m stalled"
    assert isinstance(error.__cause__, OSError)
    assert isinstance(error.args[0], Status)


def test_a_move_that_fails_at_once_fails_there(RE: RunEngine, clock: SimClock) -> None:
    class Refusing:
        name = "refusing"

        def set(self, value: float) -> Status:
            status = Status(clock)
            status.set_exception(OSError("no power"))
            return status

    with pytest.raises(FailedStatus, match="no power"):
        RE([Msg("set", Refusing(), 1)])


def test_what_set_raises_is_thrown_into_the_plan(RE: RunEngine) -> None:
    class Refusing:
        name = "refusing"

        def set(self, value: float) -> Status:
            raise OSError("no power")

    def plan() -> Any:
        with pytest.raises(OSError, match="no power"):
            yield Msg("set", Refusing(), 1)

    RE(plan())


def test_a_device_that_returns_no_status_is_named(RE: RunEngine) -> None:
    class Silent:
        name = "silent"

        def set(self, value: float) -> None:
            return None

    with pytest.raises(DeviceError, match="silent: returned None where a Status is due"):
        RE([Msg("set", Silent(), 1)])


def test_a_device_of_another_clock_is_told_from_the_first_move(make: Make, slow: Any) -> None:
    with pytest.raises(DeviceError, match=r"slow: move to 1 mm: .* another clock than the engine"):
        RunEngine(clock=SimClock(0.0))([Msg("set", slow, 1)])
    with pytest.raises(DeviceError, match="another clock"):
        RunEngine(clock=WallClock())([Msg("set", slow, 1)])
    on_the_wall = make("Motor", "m", WallClock(), seconds=0.01)
    RunEngine(clock=WallClock())([Msg("set", on_the_wall, 1, group=1), Msg("wait", None, 1)])


def test_a_deadlock_names_what_is_awaited(RE: RunEngine, clock: SimClock) -> None:
    class Stuck:
        def __init__(self, name: str):
            self.name = name

        def set(self, value: float) -> Status:
            return Status(clock, name=f"{self.name}: open")

    plan = [
        Msg("set", Stuck("shutter"), 1, group="a"),
        Msg("set", Stuck("valve"), 1, group="a"),
        Msg("wait", None, "a"),
    ]
    with pytest.raises(DeadlockError, match="shutter: open, valve: open"):
        RE(plan)
    assert RE.state == "idle"


def test_a_progress_bar_hears_of_waits(RE: RunEngine, slow: Any, motor: Any) -> None:
    heard: list[Any] = []
    RE.waiting_hook = heard.append
    plan = [
        Msg("set", slow, 1, group="a"),
        Msg("set", motor, 1, group="a"),
        Msg("wait", None, "a"),
        Msg("wait", None, "nobody joined"),
    ]
    RE(plan)
    awaited, end = heard
    assert slow.move in awaited
    assert len(awaited) == 2
    assert end is None


def test_a_progress_bar_hears_of_moves_that_are_done_already(RE: RunEngine, motor: Any) -> None:
    heard: list[Any] = []
    RE.waiting_hook = heard.append
    RE([Msg("set", motor, 1, group="a"), Msg("wait", None, "a")])
    (status,), end = heard
    assert status.done
    assert end is None


def test_a_progress_bar_hears_once_of_a_wait_that_comes_again(RE: RunEngine, slow: Any) -> None:
    heard: list[Any] = []
    RE.waiting_hook = heard.append
    wait = Msg("wait", None, "a", timeout=0.7, error_on_timeout=False)
    RE([Msg("set", slow, 1, group="a"), wait, wait, wait])
    assert heard == [{slow.move}, None]


def test_a_status_may_forget_to_call(RE: RunEngine, clock: SimClock) -> None:
    """It is asked whether it is done once in each wait that comes again, as in Bluesky."""

    class Silent:
        asked = 0

        def add_callback(self, callback: Any) -> None:
            """Forget it."""

        @property
        def done(self) -> bool:
            self.asked += 1
            return self.asked == 3

    silent = Silent()

    class Flier:
        name = "flier"

        def complete(self) -> Silent:
            return silent

    def plan() -> Any:
        yield Msg("complete", Flier(), group="a")
        while not (yield Msg("wait", None, "a", timeout=1.0, error_on_timeout=False)):
            pass

    RE(plan())
    assert silent.asked == 3
    assert clock.time() == EPOCH + 3


# --- reading and events ------------------------------------------------------------------------


def test_read_answers_the_reading(answers: Any, det: Any, documents: Any) -> None:
    assert answers(Msg("read", det)) == [{"det": {"value": 0.0, "timestamp": EPOCH}}]
    assert documents == []


def test_a_device_must_read_something(RE: RunEngine) -> None:
    class Mute:
        name = "mute"

        def read(self) -> None:
            return None

    with pytest.raises(DeviceError, match=r"mute: read\(\) returned None"):
        RE([Msg("read", Mute())])


def test_a_saved_bundle_is_an_event(RE: RunEngine, det: Any, motor: Any, documents: Any) -> None:
    det.value, motor.value = 3.5, 7.0
    RE(in_run(*event(det, motor), Msg("sleep", None, 1), *event(det, motor)))
    assert documents.names == ["start", "descriptor", "event", "event", "stop"]
    first, second = documents.events()
    assert first["data"] == {"det": 3.5, "m": 7.0}
    assert first["timestamps"] == {"det": EPOCH, "m": EPOCH}
    assert (first["seq_num"], second["seq_num"]) == (1, 2)
    assert (first["time"], second["time"]) == (EPOCH, EPOCH + 1)
    assert documents.stop["num_events"] == {"primary": 2}


def test_streams_have_descriptors_of_their_own(
    RE: RunEngine, det: Any, motor: Any, documents: Any
) -> None:
    RE(in_run(*event(det), *event(motor, name="baseline"), *event(det)))
    assert [each["name"] for each in documents.of("descriptor")] == ["primary", "baseline"]
    assert documents.seq_nums() == [1, 2]
    assert documents.stop["num_events"] == {"primary": 2, "baseline": 1}


def test_a_dropped_bundle_leaves_nothing(RE: RunEngine, det: Any, documents: Any) -> None:
    RE(in_run(Msg("create"), Msg("read", det), Msg("drop"), *event(det)))
    assert documents.seq_nums() == [1]


def test_an_empty_bundle_leaves_nothing(RE: RunEngine, documents: Any) -> None:
    RE(in_run(Msg("create"), Msg("save")))
    assert documents.names == ["start", "stop"]


def test_a_stream_keeps_to_its_devices(RE: RunEngine, det: Any, motor: Any) -> None:
    with pytest.raises(
        IllegalMessageSequence, match="stream 'primary' has events of det, and not of m: give them"
    ):
        RE(in_run(*event(det), *event(motor)))


def test_the_order_of_reading_is_free(RE: RunEngine, det: Any, motor: Any, documents: Any) -> None:
    RE(in_run(*event(det, motor), *event(motor, det)))
    assert documents.seq_nums() == [1, 2]


def test_two_devices_of_one_name_are_told(RE: RunEngine, make: Make, det: Any) -> None:
    with pytest.raises(ReadingError, match=r"det: \['det'\] were read already"):
        RE(in_run(*event(det, make("Detector", "det"))))


def test_readings_must_be_what_was_described(RE: RunEngine, det: Any) -> None:
    det.read = lambda: {"dat": {"value": 1, "timestamp": 0}}
    with pytest.raises(ReadingError, match="missing: det; not described: dat"):
        RE(in_run(*event(det)))


@pytest.mark.parametrize(
    ("plan", "complaint"),
    [
        ([Msg("create")], "'create' without an open run"),
        ([Msg("save")], "'save' without an open run"),
        ([Msg("close_run")], "'close_run' without an open run"),
        ([Msg("create", run="b")], "'create' without an open run of key 'b'"),
        ([Msg("open_run"), Msg("open_run")], "'open_run' while a run is open"),
        (in_run(Msg("save")), "'save' without a 'create'"),
        (in_run(Msg("drop")), "'drop' without a 'create'"),
        (
            in_run(Msg("create"), Msg("create", name="b")),
            "'create' for stream 'b' while an event of 'primary' is open",
        ),
        (in_run(Msg("create"), Msg("checkpoint")), "'checkpoint' between 'create' and 'save'"),
    ],
)
def test_messages_have_an_order(RE: RunEngine, plan: Any, complaint: str) -> None:
    with pytest.raises(IllegalMessageSequence, match=complaint):
        RE(plan)
    assert RE.state == "idle"


def test_a_stream_can_be_declared_before_its_data(
    answers: Any, det: Any, motor: Any, documents: Any
) -> None:
    declare = Msg("declare_stream", None, det, motor, name="primary")
    answer = answers(*in_run(declare, declare, Msg("sleep", None, 5), *event(det, motor)))[1]
    assert documents.names == ["start", "descriptor", "event", "stop"]
    assert documents.of("descriptor") == [answer]
    assert answer["time"] == EPOCH


def test_a_stream_that_is_declared_again_has_a_descriptor_for_the_events_to_come(
    RE: RunEngine, det: Any, documents: Any
) -> None:
    declare = Msg("declare_stream", None, det, name="primary")
    RE(in_run(declare, *event(det), declare, *event(det)))
    assert documents.names == ["start", *["descriptor", "event"] * 2, "stop"]
    assert [each["descriptor"] for each in documents.of("event")] == [
        each["uid"] for each in documents.of("descriptor")
    ]
    assert documents.seq_nums() == [1, 2]


def test_a_stream_is_declared_of_the_same_devices_only(RE: RunEngine, det: Any, motor: Any) -> None:
    plan = [Msg("declare_stream", None, each, name="primary") for each in (det, motor)]
    with pytest.raises(IllegalMessageSequence, match="has events of det, and not of m"):
        RE(in_run(*plan))


def test_runs_of_different_keys_are_apart(RE: RunEngine, det: Any, documents: Any) -> None:
    def on(key: str, *messages: Msg) -> list[Msg]:
        return [msg._replace(run=key) for msg in messages]

    uids = RE(
        [
            *on("a", Msg("open_run")),
            *on("b", Msg("open_run")),
            *on("a", *event(det)),
            *on("b", *event(det)),
            *on("b", *event(det)),
            *on("a", Msg("close_run")),
            *on("b", Msg("close_run")),
        ]
    )
    assert len(uids) == 2
    counts = {stop["run_start"]: stop["num_events"]["primary"] for stop in documents.of("stop")}
    assert counts == {uids[0]: 1, uids[1]: 2}


class Camera:
    """Writes files, and says so before its events."""

    name = "cam"
    parent = None

    def __init__(self) -> None:
        self.exposure = 1.0
        self.shape = [2, 2]
        self.announced = False
        self.pending: list[Any] = []

    def read(self) -> dict[str, Any]:
        new = [("stream_resource", {**RESOURCE, "data_key": "cam_stream"})]
        if self.announced:
            new = []
        self.announced = True
        self.pending = [
            *new,
            ("stream_datum", {**DATUM, "uid": "res/0"}),
            ("resource", {**OLD_RESOURCE}),
            ("datum", {"resource": "old", "datum_id": "old/0", "datum_kwargs": {}}),
        ]
        return {"cam_image": {"value": "old/0", "timestamp": EPOCH}}

    def describe(self) -> dict[str, Any]:
        key = {"source": "a test", "dtype": "array", "shape": self.shape}
        return {
            "cam_image": {**key, "external": "OLD:"},
            "cam_stream": {**key, "external": "STREAM:"},
        }

    def read_configuration(self) -> dict[str, Any]:
        return {"cam_exposure": {"value": self.exposure, "timestamp": EPOCH}}

    def describe_configuration(self) -> dict[str, Any]:
        return {"cam_exposure": {"source": "a test", "dtype": "number", "shape": []}}

    def configure(self, exposure: float) -> tuple[Any, Any]:
        old, self.exposure, self.shape = self.read_configuration(), exposure, [4, 4]
        return old, self.read_configuration()

    def collect_asset_docs(self) -> list[Any]:
        documents, self.pending = self.pending, []
        return documents


RESOURCE = {"uid": "res", "mimetype": "application/x-hdf5", "uri": "file://h/a", "parameters": {}}
DATUM = {
    "stream_resource": "res",
    "indices": {"start": 0, "stop": 1},
    "seq_nums": {"start": 0, "stop": 0},
    "descriptor": "",
}
OLD_RESOURCE = {
    "uid": "old",
    "spec": "HDF5",
    "root": "/",
    "resource_path": "a",
    "resource_kwargs": {},
    "path_semantics": "posix",
}


def test_files_are_announced_before_their_event(RE: RunEngine, documents: Any) -> None:
    camera = Camera()
    RE(in_run(*event(camera), *event(camera)))
    each = ["stream_datum", "resource", "datum", "event"]
    assert documents.names == ["start", "descriptor", "stream_resource", *each * 2, "stop"]
    first, second = documents.events()
    assert first["data"] == {"cam_image": "old/0"}
    assert first["filled"] == {"cam_image": False}
    assert first["filled"] is not second["filled"]
    uid = documents.start["uid"]
    assert {each["run_start"] for each in documents.of("stream_resource")} == {uid}
    assert {each["run_start"] for each in documents.of("resource")} == {uid}
    data = documents.of("stream_datum")
    assert [each["seq_nums"] for each in data] == [
        {"start": 1, "stop": 2},
        {"start": 2, "stop": 3},
    ]
    assert {each["descriptor"] for each in data} == {documents.of("descriptor")[0]["uid"]}


def test_configure_answers_old_and_new_and_renews_descriptors(
    answers: Any, det: Any, documents: Any
) -> None:
    camera = Camera()
    plan = in_run(
        *event(camera), *event(det, name="other"), Msg("configure", camera, 5.0), *event(camera)
    )
    old, new = answers(*plan)[7]
    assert (old["cam_exposure"]["value"], new["cam_exposure"]["value"]) == (1.0, 5.0)
    before, other, after = documents.of("descriptor")
    assert (before["name"], other["name"], after["name"]) == ("primary", "other", "primary")
    assert after["configuration"]["cam"]["data"] == {"cam_exposure": 5.0}
    assert after["data_keys"]["cam_image"]["shape"] == [4, 4]
    assert [e["descriptor"] for e in documents.events()] == [before["uid"], after["uid"]]
    assert documents.seq_nums() == [1, 2]


def test_configure_needs_no_run(answers: Any) -> None:
    camera = Camera()
    answers(Msg("configure", camera, 5.0))
    assert camera.exposure == 5.0


def test_configure_has_no_place_in_an_event(RE: RunEngine, det: Any) -> None:
    camera = Camera()
    with pytest.raises(IllegalMessageSequence, match="'configure' of cam between 'create' and"):
        RE(in_run(Msg("create"), Msg("configure", camera, 5.0)))
    assert camera.exposure == 1.0


# --- staging, stopping, locating ---------------------------------------------------------------


def test_stage_and_unstage(answers: Any, det: Any) -> None:
    assert answers(Msg("stage", det), Msg("unstage", det)) == [[det], [det]]
    assert det.calls == ["stage", "unstage"]


def test_what_cannot_be_staged_is_passed_over(answers: Any, motor: Any) -> None:
    assert answers(Msg("stage", motor), Msg("unstage", motor)) == [[], []]


def test_staging_may_take_time(RE: RunEngine, clock: SimClock) -> None:
    class Slow:
        name = "slow"

        def stage(self) -> Status:
            status = Status(clock, name="slow: stage")
            clock.call_at(clock.time() + 4, status.set_finished)
            return status

        unstage = stage

    RE([Msg("stage", Slow(), group="s"), Msg("wait", None, "s")])
    assert clock.time() == EPOCH + 4 + 4


def test_stop(RE: RunEngine, motor: Any) -> None:
    RE([Msg("stop", motor)])
    assert motor.calls == [("stop", True)]


def test_locate(answers: Any, motor: Any, make: Make) -> None:
    motor.value = 5.0
    here = {"setpoint": 5.0, "readback": 5.0}
    other = make("Motor", "other")
    assert answers(
        Msg("locate", motor), Msg("locate", motor, squeeze=False), Msg("locate", motor, other)
    ) == [here, [here], [here, other.locate()]]


# --- subscriptions -----------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["positional", "named", "all"])
def test_a_plan_subscribes_as_blueskys_do(RE: RunEngine, form: str) -> None:
    heard: list[str] = []

    def listen(name: str, document: Any) -> None:
        heard.append(name)

    msg = {
        "positional": Msg("subscribe", None, listen, "stop"),
        "named": Msg("subscribe", None, listen, name="stop"),
        "all": Msg("subscribe", None, listen),
    }[form]
    RE([msg, *in_run()])
    RE(in_run())  # a subscription lasts no longer than the call
    assert heard == (["start", "stop"] if form == "all" else ["stop"])


@pytest.mark.parametrize("positional", [True, False])
def test_a_plan_unsubscribes(RE: RunEngine, positional: bool) -> None:
    heard: list[str] = []

    def plan() -> Any:
        token = yield Msg("subscribe", None, lambda name, _: heard.append(name))
        yield Msg("open_run")
        if positional:
            yield Msg("unsubscribe", None, token)
        else:
            yield Msg("unsubscribe", None, token=token)
        yield Msg("close_run")

    RE(plan())
    assert heard == ["start"]


# --- checkpoints -------------------------------------------------------------------------------


def test_rewindable_answers_and_sets(answers: Any) -> None:
    ask = Msg("rewindable", None, None)
    assert answers(
        ask, Msg("rewindable", None, False), ask, Msg("rewindable", None, True), ask
    ) == [
        True,
        False,
        False,
        True,
        True,
    ]


def test_clear_checkpoint_makes_a_plan_unresumable(RE: RunEngine) -> None:
    def plan() -> Any:
        yield Msg("null")
        assert RE.resumable
        yield Msg("clear_checkpoint")
        assert not RE.resumable
        yield Msg("checkpoint")
        assert not RE.resumable

    RE(plan())
    assert not RE.resumable
