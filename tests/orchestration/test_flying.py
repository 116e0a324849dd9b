"""kickoff, complete, collect: event pages and documents about files."""

from collections.abc import Iterator
from typing import Any

import pytest

from beamtwin.orchestration.clock import Clock
from beamtwin.orchestration.engine import RunEngine
from beamtwin.orchestration.errors import DeviceError, IllegalMessageSequence
from beamtwin.orchestration.messages import Msg
from beamtwin.orchestration.status import Status, finished

KEY = {"source": "a test", "dtype": "number", "shape": []}


class Flyer:
    """Gathers two events in each of its streams."""

    parent = None

    def __init__(self, name: str, clock: Clock, streams: tuple[str, ...] = ("fast",)):
        self.name, self.clock, self.streams = name, clock, streams

    def kickoff(self) -> Status:
        return finished(self.clock)

    def complete(self) -> Status:
        return finished(self.clock)

    def describe_collect(self) -> dict[str, Any]:
        return {stream: {f"{self.name}_{stream}": KEY} for stream in self.streams}

    def collect(self) -> Iterator[dict[str, Any]]:
        for n in range(2):
            for stream in self.streams:
                key = f"{self.name}_{stream}"
                yield {"data": {key: n}, "timestamps": {key: 10.0 + n}, "time": 10.0 + n}


class Camera:
    """Writes frames to a file; says how many."""

    parent = None

    def __init__(self, name: str, frames: int):
        self.name, self.frames, self.told = name, frames, 0

    def describe_collect(self) -> dict[str, Any]:
        return {self.name: {**KEY, "external": "STREAM:"}}

    def get_index(self) -> int:
        return self.frames

    def collect_asset_docs(self, index: int | None = None) -> Iterator[tuple[str, dict[str, Any]]]:
        uid, stop = f"res-{self.name}", self.frames if index is None else index
        if not self.told:
            file = {"mimetype": "application/x-hdf5", "uri": "file://h/a", "parameters": {}}
            yield "stream_resource", {"uid": uid, "data_key": self.name, **file}
        yield (
            "stream_datum",
            {
                "uid": f"{uid}/{self.told}",
                "stream_resource": uid,
                "descriptor": "",
                "indices": {"start": self.told, "stop": stop},
                "seq_nums": {"start": 0, "stop": 0},
            },
        )
        self.told = stop


def flight(flyer: Any) -> list[Msg]:
    return [Msg("kickoff", flyer), Msg("complete", flyer), Msg("collect", flyer)]


def in_run(*messages: Msg) -> list[Msg]:
    return [Msg("open_run"), *messages, Msg("close_run")]


def test_events_of_nested_streams_become_one_page_each(
    RE: RunEngine, clock: Any, documents: Any
) -> None:
    RE(in_run(*flight(Flyer("f", clock, ("a", "b")))))
    assert documents.names == ["start", *["descriptor"] * 2, *["event_page"] * 2, "stop"]
    first, _ = documents.of("event_page")
    assert first["seq_num"] == [1, 2]
    assert first["time"] == [10.0, 11.0]
    assert first["data"] == {"f_a": [0, 1]}
    assert documents.stop["num_events"] == {"a": 2, "b": 2}


def test_what_the_plan_leaves_is_collected_at_the_end(
    RE: RunEngine, clock: Any, documents: Any
) -> None:
    RE([Msg("open_run"), Msg("kickoff", Flyer("f", clock))])
    assert documents.names == ["start", "descriptor", "event_page", "stop"]


def test_several_detectors_are_cut_to_the_slowest(RE: RunEngine, documents: Any) -> None:
    one, two = Camera("one", 3), Camera("two", 5)
    declare = Msg("declare_stream", None, one, two, name="main", collect=True)
    collect = Msg("collect", one, two, name="main")

    def plan() -> Any:
        yield Msg("open_run")
        yield declare
        yield collect
        one.frames = 5
        yield collect
        yield Msg("close_run")

    RE(plan())
    data = documents.of("stream_datum")
    assert [each["indices"] for each in data] == [
        {"start": start, "stop": stop} for start, stop in [(0, 3)] * 2 + [(3, 5)] * 2
    ]
    assert [each["seq_nums"] for each in data] == [
        {"start": start, "stop": stop} for start, stop in [(1, 4)] * 2 + [(4, 6)] * 2
    ]
    assert documents.stop["num_events"] == {"main": 5}


def test_a_stream_must_be_declared(RE: RunEngine) -> None:
    for msg in (
        Msg("collect", Camera("one", 1), name="main"),
        Msg("collect", Camera("one", 1), Camera("two", 1)),
        Msg("collect", Camera("one", 1)),
    ):
        with pytest.raises(IllegalMessageSequence, match="declare"):
            RE(in_run(msg))


def test_a_key_may_not_be_in_two_streams(RE: RunEngine, clock: Any) -> None:
    flyer = Flyer("f", clock)
    flyer.describe_collect = lambda: {"a": {"x": KEY}, "b": {"x": KEY}}  # type: ignore[method-assign]
    with pytest.raises(DeviceError, match=r"\['x'\] are in several"):
        RE(in_run(Msg("collect", flyer)))
