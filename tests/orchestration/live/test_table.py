from typing import Any

import numpy as np
import pytest

from beamtwin.orchestration.engine import RunEngine
from beamtwin.orchestration.live import LiveTable
from beamtwin.orchestration.messages import Msg
from beamtwin.orchestration.plans import count, scan

START = {"uid": "12345678-0000", "time": 0.0, "scan_id": 7, "plan_name": "scan"}
STOP = {"run_start": "12345678-0000", "time": 100.0, "exit_status": "success", "reason": ""}


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")


def table(data_keys: dict[str, Any], *rows: dict[str, Any], **options: Any) -> list[str]:
    lines: list[str] = []
    live = LiveTable(list(data_keys), out=lines.append, separator_lines=False, **options)
    live("start", START)
    live("descriptor", {"uid": "d", "name": "primary", "data_keys": data_keys})
    for number, row in enumerate(rows, 1):
        live(
            "event", {"descriptor": "d", "seq_num": number, "time": 86400.25 + number, "data": row}
        )
    live("stop", STOP)
    return lines


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("│").split("│")]


def test_a_table_looks_like_this() -> None:
    keys = {
        "th": {"dtype": "number", "units": "deg", "precision": 4},
        "i0": {"dtype": "integer", "units": "counts"},
    }
    assert table(keys, {"th": 1.5, "i0": 12}) == [
        "scan 7 · scan · 12345678 · 1970-01-01 00:00:00 UTC",
        "┌───────┬────────────┬──────────────┬──────────────┐",
        "│     # │       time │           th │           i0 │",
        "│       │        UTC │          deg │       counts │",
        "├───────┼────────────┼──────────────┼──────────────┤",
        "│     1 │ 00:00:01.2 │       1.5000 │           12 │",
        "└───────┴────────────┴──────────────┴──────────────┘",
        "1 event in 1 min 40 s · success",
    ]


@pytest.mark.parametrize(
    ("data_key", "value", "shown"),
    [
        ({"dtype": "number"}, 1.23456, "1.235"),
        ({"dtype": "number"}, 0.0, "0.000"),
        ({"dtype": "number"}, 2.5e-7, "2.500e-07"),
        ({"dtype": "number"}, 1.25e12, "1.250e+12"),
        ({"dtype": "number", "precision": 1}, 2.5e-7, "0.0"),
        ({"dtype": "number", "precision": 0}, 1234.0, "1234"),
        ({"dtype": "number", "precision": 9}, 123456.0, "1.2346e+05"),
        ({"dtype": "number", "precision": None}, None, "None"),
        ({"dtype": "integer"}, 42, "42"),
        ({"dtype": "integer"}, 42.0, "42"),
        ({"dtype": "integer"}, 42.5, "42.5"),
        ({"dtype": "integer"}, np.int64(1234567), "1234567"),
        ({"dtype": "integer"}, None, "None"),
        ({"dtype": "boolean"}, True, "True"),
        ({"dtype": "string"}, "a long text of a sample", "a lon…sample"),
        ({"dtype": "array", "shape": [512, 512]}, [[0]], "[512 × 512]"),
    ],
)
def test_values_are_shown_as_their_keys_say(data_key: Any, value: Any, shown: str) -> None:
    (row,) = [line for line in table({"x": data_key}, {"x": value}) if "00:00:01" in line]
    assert cells(row)[2] == shown
    assert len(row) == len(table({"x": data_key})[1])


def test_headings_come_again() -> None:
    keys = {"x": {"dtype": "number"}}
    lines = table(keys, *[{"x": 0.0}] * 5, print_header_interval=2)
    assert sum("time" in line for line in lines) == 3


def test_a_table_fits_its_terminal() -> None:
    keys = {f"a_detector_with_a_long_name_{n}": {"dtype": "number"} for n in range(4)}
    lines = table(keys, dict.fromkeys(keys, 1.0))
    assert max(map(len, lines)) <= 100
    assert cells(lines[2])[2:] == [
        "a_detec…g_name_0",
        "a_detec…g_name_1",
        "a_detec…g_name_2",
        "a_detec…g_name_3",
    ]


def test_fields_that_are_not_in_an_event_stay_empty() -> None:
    keys = {"x": {"dtype": "number"}, "image": {"dtype": "array", "external": "STREAM:"}}
    (row,) = [line for line in table(keys, {"x": 1.0}) if "00:00:01" in line]
    assert cells(row)[2:] == ["1.000", ""]


def test_the_logbook_has_the_whole_table() -> None:
    entries: list[str] = []
    lines = table({"x": {"dtype": "number"}}, {"x": 1.0}, logbook=entries.append)
    assert entries == ["\n".join(lines)]


def test_of_an_engine_it_shows_its_stream_in_virtual_time(
    RE: RunEngine, motor: Any, det: Any
) -> None:
    lines: list[str] = []
    RE(count([det], 3, 3600), LiveTable([det, motor], out=lines.append))
    rows = [cells(line) for line in lines if line.startswith("│")][1:]
    assert [row[2] for row in rows[-3:]] == ["1.000", "2.000", "3.000"]
    hours = [int(row[1][:2]) for row in rows[-3:]]
    assert [(hour - hours[0]) % 24 for hour in hours] == [0, 1, 2]
    assert "3 events in 2 h 00 min · success" in lines


def test_other_streams_are_left_out(RE: RunEngine, det: Any) -> None:
    lines: list[str] = []
    RE(count([det], 2), LiveTable([det], stream_name="baseline", out=lines.append))
    assert not any(line.startswith("│") for line in lines)


def test_a_run_that_fails_says_so(RE: RunEngine, det: Any) -> None:
    lines: list[str] = []
    with pytest.raises(KeyError):
        RE([Msg("open_run"), Msg("nonsense")], LiveTable([det], out=lines.append))
    assert any("fail: the plan said 'nonsense'" in line for line in lines)


def test_it_prints(RE: RunEngine, motor: Any, det: Any, capsys: pytest.CaptureFixture[str]) -> None:
    RE(scan([det], motor, 0, 1, 2), LiveTable([det, motor]))
    printed = capsys.readouterr().out
    assert " m │" in printed
    assert "\x1b" not in printed  # not a terminal
