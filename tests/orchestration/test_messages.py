"""Messages: Bluesky's five fields."""

import copy
import pickle
from typing import Any

import pytest
from bluesky import Msg as BlueskyMsg

from beamtwin.orchestration.messages import Msg, as_generator


@pytest.mark.parametrize(
    ("args", "kwargs"),
    [
        (("null",), {}),
        (("set", "motor", 1.5), {"group": "a"}),
        (("create", None), {"name": "primary", "run": "inner"}),
    ],
)
def test_messages_equal_blueskys(args: Any, kwargs: Any) -> None:
    ours, theirs = Msg(*args, **kwargs), BlueskyMsg(*args, **kwargs)
    assert ours == theirs
    assert tuple(ours) == tuple(theirs)
    assert ours._fields == theirs._fields


def test_the_run_key_is_no_argument() -> None:
    msg = Msg("save", run="inner")
    assert (msg.run, msg.kwargs) == ("inner", {})


def test_a_field_can_be_replaced() -> None:
    msg = Msg("set", "m1", 2, group="a")._replace(obj="m2")
    assert msg == Msg("set", "m2", 2, group="a")
    assert isinstance(msg, Msg)


@pytest.mark.parametrize(
    "again", [copy.copy, copy.deepcopy, lambda msg: pickle.loads(pickle.dumps(msg))]
)
def test_messages_survive_copying(again: Any) -> None:
    msg = Msg("set", "m1", 2, group="a", run="inner")
    assert again(msg) == msg


def test_a_message_names_its_device() -> None:
    class Motor:
        name = "th"

    assert (
        repr(Msg("set", Motor(), 2, group="a"))
        == "Msg('set', th, args=(2,), kwargs={'group': 'a'})"
    )
    assert repr(Msg("null")) == "Msg('null')"


def test_anything_that_yields_messages_becomes_a_generator_that_takes_answers() -> None:
    plan = as_generator([Msg("null"), Msg("save")])
    assert plan.send(None) == Msg("null")
    assert plan.send("an answer") == Msg("save")
    with pytest.raises(StopIteration):
        plan.send("another")


def test_a_generator_remains_itself() -> None:
    plan = (Msg("null") for _ in range(1))
    assert as_generator(plan) is plan
