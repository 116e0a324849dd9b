from typing import Any

import pytest

from beamtwin.orchestration.engine import RunEngine
from beamtwin.orchestration.live import (
    CallbackBase,
    CallbackCounter,
    collector,
    get_obj_fields,
    print_metadata,
)
from beamtwin.orchestration.plans import count


def test_documents_go_to_the_methods_of_their_names(RE: RunEngine, det: Any) -> None:
    class Counts(CallbackBase):
        seen: tuple[Any, ...] = ()

        def event(self, doc: dict[str, Any]) -> None:
            self.seen += (doc["data"]["det"],)

    counts = Counts()
    RE(count([det], 3), counts)
    assert counts.seen == (1.0, 2.0, 3.0)


def test_a_page_is_taken_event_by_event() -> None:
    events = []

    class Events(CallbackBase):
        def event(self, doc: dict[str, Any]) -> None:
            events.append(doc)

    page = {
        "uid": ["a", "b"],
        "descriptor": "d",
        "time": [1.0, 2.0],
        "seq_num": [1, 2],
        "data": {"x": [5, 6]},
        "timestamps": {"x": [1.0, 2.0]},
        "filled": {},
    }
    Events()("event_page", page)
    assert events[1] == {
        "uid": "b",
        "descriptor": "d",
        "time": 2.0,
        "seq_num": 2,
        "data": {"x": 6},
        "timestamps": {"x": 2.0},
        "filled": {},
    }


def test_counting_and_collecting(RE: RunEngine, det: Any) -> None:
    counter, values = CallbackCounter(), []
    RE(count([det], 2), {"all": counter, "event": collector("det", values)})
    assert counter.value == 5
    assert values == [1.0, 2.0]


def test_metadata_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    print_metadata("start", {"uid": "a", "time": 0.0, "sample": "water"})
    assert capsys.readouterr().out == "sample: water\n"


def test_devices_stand_for_the_fields_they_hint_at(motor: Any, det: Any) -> None:
    assert get_obj_fields(["x", motor, det]) == ["x", "m", "det"]
