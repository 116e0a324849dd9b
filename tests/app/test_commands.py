"""What the commands print, and what they leave in the catalogue."""

import json
import re

import pytest

from beamtwin.databroker.broker import Broker
from beamtwin.scenarios.chx.analysis import import_measurement

EPOCH = "1700000000"
SLIT_SCAN = ("run", "chx", "slit_scan", "points=12", "exposure_s=0.5", "--epoch", EPOCH)


def import_all(data) -> list[str]:
    """File the measured patterns; their uids."""
    data.mkdir(exist_ok=True)
    with Broker.open(data / "catalog.sqlite") as broker:
        return [run.uid for run in import_measurement(broker)]


def test_run_says_what_it_made_and_where(beamtwin, data, catalogue):
    done = beamtwin(*SLIT_SCAN)
    assert (done.code, done.err) == (0, "")
    run = catalogue()[-1]
    first, last = done.out.splitlines()
    began = "2023-11-14 22:13:20 UTC"
    assert first == f"<Run {run.uid[:8]}: slit_scan, scan_id 1, success, {began}, 12 in primary>"
    assert last == f"10.3 s of beam time on target 'twin', in {data}"


def test_every_run_says_where_it_came_from(beamtwin, catalogue):
    beamtwin(*SLIT_SCAN, "--seed", "3", "--no-noise")
    twin = catalogue()[-1].start["twin"]
    assert {
        key: twin[key] for key in ("target", "scenario", "level", "seed", "noise", "epoch")
    } == {
        "target": "twin",
        "scenario": "chx",
        "level": "fast",
        "seed": 3,
        "noise": False,
        "epoch": 1.7e9,
    }
    assert len(twin["model"]) == 64


def test_list_shows_the_newest_first_and_what_a_query_finds(beamtwin, data):
    import_all(data)
    beamtwin("run", "chx", "slit_scan", "points=2", "--epoch", EPOCH)
    beamtwin("run", "chx", "slit_scan", "points=3", "--epoch", EPOCH, "--seed", "1")
    heading, titles, _, *rows = beamtwin("list").out.splitlines()
    assert heading == f"5 of 5 runs in {data}"
    assert titles.split() == [
        "uid",
        "scan_id",
        "plan",
        "kind",
        "state",
        "begun",
        "(UTC)",
        "points",
    ]
    assert [row.split()[1:] for row in rows[:3]] == [
        ["2", "slit_scan", "simulation", "success", "2023-11-14", "22:13", "3"],
        ["1", "slit_scan", "simulation", "success", "2023-11-14", "22:13", "2"],
        ["-", "import_table", "experiment", "success", "2018-10-23", "00:00", "40"],
    ]
    measured = beamtwin("list", "--query", json.dumps({"twin.target": "live"})).out
    assert measured.startswith("3 of 3 runs")
    assert "slit_scan" not in measured
    assert beamtwin("list", "--limit", "1").out.startswith("1 of 5 runs")


@pytest.mark.usefixtures("slit_scanned")
def test_scan_ids_go_on_after_an_import(beamtwin, data, catalogue):
    """Imported runs have none."""
    import_all(data)
    beamtwin("run", "chx", "slit_scan", "points=2")
    assert catalogue()[-1].start["scan_id"] == 2


@pytest.mark.parametrize("columns", [80, 100, 200])
def test_list_fits_the_terminal(beamtwin, data, monkeypatch, columns):
    import_all(data)
    monkeypatch.setenv("COLUMNS", str(columns))
    _, *table = beamtwin("list").out.splitlines()
    assert max(map(len, table)) <= columns
    assert all("import_table  experiment  success  2018-10-23 00:00" in row for row in table[2:])


def test_show_has_provenance_units_and_the_ends_of_the_stream(beamtwin):
    beamtwin(*SLIT_SCAN)
    shown = beamtwin("show", "-1").out
    for line in ("target: 'twin'", "seed: 0", "exit_status: 'success'", "primary: 12 events"):
        assert line in shown
    heading = next(line for line in shown.splitlines() if "seq_num" in line)
    cells = [cell.strip() for cell in heading.strip("┃").split("┃")]
    assert cells[:4] == ["seq_num", "scaler_time / sec", "scaler_s2_flux", "s2_v_center / mm"]
    rows = [line.strip("│").split("│") for line in shown.splitlines() if line.startswith("│ ")]
    numbers = [row[0].strip() for row in rows if len(row) == len(cells)]
    assert numbers == ["1", "2", "3", "4", "5", "...", "8", "9", "10", "11", "12"]
    assert "…" not in shown
    assert shown == beamtwin("show", "1").out


def test_show_turns_a_table_that_is_too_wide(beamtwin):
    beamtwin("run", "chx", "diffraction", "gaps_um=7.5x5.8", "--epoch", EPOCH)
    shown = beamtwin("show", "-1").out
    rows = [
        [cell.strip() for cell in line.strip("┃│").split(line[0])]
        for line in shown.splitlines()
        if line[:1] in "┃│" and line[1:2] == " " and line[:2] != "│ " * 2
    ]
    values = {row[0]: row[1] for row in rows if len(row) == 2}
    assert values["seq_num"] == "1"
    assert values["s2_h_gap / mm"] == "0.0075"
    assert values["eiger4m_stats1_total"].isdigit()
    assert "…" not in shown
    assert "eiger4m_image: array of 1 x 2167 x 2070 in each event" in shown


def test_the_same_measurement_is_imported_once(data, catalogue):
    assert import_all(data) == import_all(data)
    broker = catalogue()
    assert len(broker) == 3
    assert [run.start["labels"]["gap_v_um"] for run in broker] == [13.9, 9.0, 5.8]


def test_compare_finds_the_counterpart_and_says_what_there_is_to_say(beamtwin, data, tmp_path):
    third = import_all(data)[2]
    gaps, out = "gaps_um=12x12.21", str(tmp_path / "out")
    assert beamtwin("run", "chx", "diffraction", gaps, f"counterparts={third}").code == 0
    done = beamtwin("compare", third[:8], "--out", out)
    assert (done.code, done.err) == (0, "")
    assert "S2 12 x 13.9 µm (h x v, as labelled)" in done.out
    table = dict(re.findall(r"│ (\S.*?)\s+│ (\S.*?)\s+│", done.out))
    assert re.fullmatch(r"319\.\d+ ± 0\.\d+", table["fringe spacing, measured"])
    assert float(table["simulated / measured spacing"]) == pytest.approx(1, abs=0.02)
    assert re.search(r"shift of the simulation\s+│ \S+ ± \S+\s+│ µm", done.out)
    said = " ".join(done.out.split())
    assert "the fit gives 12.21 ± 0.13 µm (1 % systematic) and the label says 13.9 µm" in said
    assert "It agrees with the label horizontal (12 µm)." in said
    kinds = {file.suffix: file.stat().st_size for file in (tmp_path / "out").iterdir()}
    assert kinds.keys() == {".png", ".html"}
    assert min(kinds.values()) > 10_000
    # The counterpart leads to the measurement, too.
    assert beamtwin("compare", "-1", "--out", out).out == done.out


def test_help_names_every_command(beamtwin):
    shown = beamtwin("--help").out
    for name in ("run", "ioc", "list", "show", "compare", "demo"):
        assert re.search(rf"│ {name} ", shown)
