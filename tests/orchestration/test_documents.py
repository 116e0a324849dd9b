"""Documents: valid event-model, and uids that come again."""

import uuid
from typing import Any

import pytest
from event_model import DocumentNames, schema_validators

from beamtwin.orchestration.documents import (
    SeededUids,
    compose_descriptor,
    compose_start,
    compose_stop,
    random_uid,
)


def check(name: str, document: dict[str, Any]) -> None:
    schema_validators[DocumentNames[name]].validate(document)


def test_seeded_uids_come_again_in_the_same_order() -> None:
    one, two = SeededUids(7), SeededUids(7)
    uids = [one() for _ in range(100)]
    assert uids == [two() for _ in range(100)]
    assert len(set(uids)) == 100


def test_other_seeds_make_other_uids() -> None:
    assert not {SeededUids(seed)() for seed in range(5)} & {SeededUids("5")()}
    assert len({SeededUids(seed)() for seed in range(50)}) == 50


@pytest.mark.parametrize("make", [random_uid, SeededUids(1)])
def test_uids_are_uuids(make: Any) -> None:
    uid = make()
    assert str(uuid.UUID(uid)) == uid
    assert uuid.UUID(uid).version == 4


def test_a_plan_cannot_override_what_makes_a_run_itself() -> None:
    start = compose_start("u", 5.0, {"uid": "mine", "time": 1.0, "sample": "gold"})
    assert start == {"uid": "u", "time": 5.0, "sample": "gold"}
    check("start", start)


def test_a_stop_document_says_how_it_went() -> None:
    stop = compose_stop("s", 6.0, "u", "fail", "the motor stalled", {"primary": 3})
    check("stop", stop)
    assert stop["num_events"] == {"primary": 3}


class Camera:
    name = "cam"

    @property
    def hints(self) -> dict[str, Any]:
        return {"fields": ["cam_total"]}

    def read_configuration(self) -> dict[str, Any]:
        return {"cam_gain": {"value": 2, "timestamp": 4.0}}

    def describe_configuration(self) -> dict[str, Any]:
        return {"cam_gain": {"source": "a test", "dtype": "integer", "shape": []}}


def test_a_descriptor_says_what_events_hold() -> None:
    class Plain:
        name = "plain"

    key = {"source": "a test", "dtype": "number", "shape": []}
    described = {Camera(): {"cam_total": key, "cam_peak": key}, Plain(): {"plain": key}}
    descriptor = compose_descriptor("d", 5.0, "u", "primary", described)
    check("descriptor", descriptor)
    assert descriptor["object_keys"] == {"cam": ["cam_total", "cam_peak"], "plain": ["plain"]}
    assert descriptor["data_keys"]["cam_peak"]["object_name"] == "cam"
    assert descriptor["hints"] == {"cam": {"fields": ["cam_total"]}}
    assert descriptor["configuration"]["cam"]["data"] == {"cam_gain": 2}
    assert descriptor["configuration"]["cam"]["timestamps"] == {"cam_gain": 4.0}
    assert descriptor["configuration"]["plain"] == {"data": {}, "timestamps": {}, "data_keys": {}}
    assert "object_name" not in key
