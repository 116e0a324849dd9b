"""Metadata that lasts."""

from pathlib import Path

import pytest

from beamtwin.orchestration.engine import RunEngine
from beamtwin.orchestration.errors import PlanError
from beamtwin.orchestration.messages import Msg
from beamtwin.orchestration.metadata import PersistentDict
from beamtwin.twin.clock import SimClock


def test_it_is_there_again(tmp_path: Path) -> None:
    md = PersistentDict(tmp_path / "md.json")
    md["proposal"] = {"id": 12}
    md["gone"] = 1
    del md["gone"]
    assert dict(PersistentDict(tmp_path / "md.json")) == {"proposal": {"id": 12}}


def test_what_json_cannot_say_changes_nothing(tmp_path: Path) -> None:
    md = PersistentDict(tmp_path / "md.json")
    md["a"] = 1
    with pytest.raises(TypeError):
        md["b"] = object()
    assert dict(md) == {"a": 1}


def test_scan_ids_go_on(tmp_path: Path) -> None:
    for expected in (1, 2):
        RE = RunEngine(PersistentDict(tmp_path / "md.json"), clock=SimClock(epoch=0.0))
        RE([Msg("open_run"), Msg("close_run")])
        assert RE.md["scan_id"] == expected


@pytest.mark.parametrize("sample", [1, ["silica"], None])
def test_a_sample_is_text_or_a_mapping(sample: object) -> None:
    RE = RunEngine(clock=SimClock(epoch=0.0))
    with pytest.raises(PlanError, match="a sample is text or a mapping"):
        RE([Msg("open_run", sample=sample)])
    assert RE.state == "idle"
    RE([Msg("open_run", sample={"name": "silica"}), Msg("close_run")])
