"""``beamtwin list``, ``search`` and ``show``, and what is said of runs afterwards."""

import json
import math
import subprocess
import sys
from datetime import UTC, datetime

import numpy as np
import pytest

from beamtwin.databroker.broker import Broker


def uids(done):
    assert (done.code, done.err) == (0, "")
    return [run["uid"][0] for run in json.loads(done.out)]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("", "210"),
        ("--limit 2", "21"),
        ("--kind experiment", "1"),
        ("--kind simulation", "20"),
        ("--since 2023-11-15", "21"),
        ("--since 1700086400", "21"),
        ("--until 2023-11-15", "0"),
        ("--since 2023-11-15 --until 2023-11-16", "1"),
        ("--sort time", "012"),
        ("--sort=-time", "210"),
        ("--text silica --limit 1", "2"),
        ("--text gold", ""),
        ('--query {"scan_id":{"$lt":3}} --kind simulation', "0"),
    ],
)
def test_list_finds(options, expected, beamtwin, filed):
    assert "".join(uids(beamtwin("list", *options.split(), "--json"))) == expected


def test_search_looks_for_words(beamtwin, filed):
    assert uids(beamtwin("search", "silica", "--kind", "experiment", "--json")) == ["1"]
    assert beamtwin("search", "gold").out.startswith("0 of 0 runs")


def test_json_says_what_a_program_needs(beamtwin, filed):
    (run,) = json.loads(beamtwin("list", "--limit", "1", "--json").out)
    assert run == {
        "uid": filed[2],
        "scan_id": 3,
        "plan_name": "scan",
        "time": 1.7e9 + 2 * 86400,
        "state": "success",
        "kind": "simulation",
        "points": 5,
        "streams": {"primary": 5},
        "tags": [],
    }
    shown = json.loads(beamtwin("show", "-1", "--json").out)
    assert shown["start"]["sample"] == {"name": "silica [2]"}
    assert shown["streams"]["primary"]["data_keys"]["x"]["units"] == "mm"


def test_json_of_what_json_lacks(beamtwin, filed, data):
    """Every JSON parser reads it: `json.loads` itself would take NaN."""
    metadata = {
        "nan": math.nan,
        "when": datetime(2024, 1, 1, tzinfo=UTC),
        "array": np.array([1.5, np.inf]),
        "raw": b"\xff",
        "z": np.complex128(1 + 2j),
        "day": np.datetime64("2024-01-01"),
    }
    with Broker.open(data / "catalog.sqlite") as broker:
        broker.insert("start", {"uid": "of-all-kinds", "time": 1.7e9, **metadata})
    shown = json.loads(beamtwin("show", "-1", "--json").out, parse_constant=pytest.fail)
    assert {key: shown["start"][key] for key in metadata} == {
        "nan": None,
        "when": "2024-01-01T00:00:00+00:00",
        "array": [1.5, None],
        "raw": "ff",
        "z": "(1+2j)",
        "day": "2024-01-01",
    }


def test_catalogues_are_listed_without_the_twin():
    """Its physics takes a second to import."""
    code = "import sys, beamtwin.app.listing, beamtwin.app.showing; print('beamtwin.twin' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "False\n"


def test_tags_and_notes_are_shown(beamtwin, filed):
    assert beamtwin("tag", "-1", "good", "[bold]").out == "2bcdef00: [bold], good\n"
    assert beamtwin("note", "-1", "beam was lost [red]", "--author", "me").code == 0
    shown = beamtwin("show", "-1").out
    assert "tags: ['[bold]', 'good']" in shown
    assert "text: 'beam was lost [red]'" in shown
    assert "[bold], good" in beamtwin("list").out
    assert beamtwin("tag", "-1", "good", "--away").out == "2bcdef00: [bold]\n"


def test_a_word_that_is_no_folder_is_a_catalogues_name(beamtwin, monkeypatch):
    monkeypatch.delenv("BEAMTWIN_DATA", raising=False)
    assert "'nowhere' is no catalogue" in beamtwin("list", "--data", "nowhere").complaint
    assert "catalog.sqlite: is not there" in beamtwin("list", "--data", "./nowhere").complaint


def test_deleting_takes_two_steps(beamtwin, filed):
    assert beamtwin("purge", "0bcde", "--yes").code == 1  # not yet removed
    beamtwin("remove", "1")
    assert uids(beamtwin("list", "--json")) == ["2", "1"]
    assert uids(beamtwin("list", "--removed", "--json")) == ["0"]
    assert "say --yes" in beamtwin("purge", "0bcde").complaint
    beamtwin("restore", "0bcde")
    assert uids(beamtwin("list", "--json")) == ["2", "1", "0"]
    beamtwin("remove", "1")
    assert beamtwin("purge", "0bcde", "--yes").code == 0
    assert uids(beamtwin("list", "--removed", "--json")) == []


def test_a_moment_that_is_none(beamtwin, filed):
    assert "'soon' is not a moment" in beamtwin("list", "--since", "soon").complaint


def test_a_catalogue_of_the_configuration(beamtwin, filed, data, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    (tmp_path / "beamtwin").mkdir()
    text = f'[beamline]\nopen = "{data}/catalog.sqlite"\n'
    (tmp_path / "beamtwin" / "catalogs.toml").write_text(text)
    monkeypatch.setenv("BEAMTWIN_DATA", str(tmp_path / "nowhere"))
    assert uids(beamtwin("list", "--json", "--data", "beamline")) == ["2", "1", "0"]


def test_help_imports_nothing_heavy():
    code = (
        "import sys; from beamtwin.app import cli; cli.run(['--help']); "
        "print(sorted({'numpy', 'h5py', 'xarray'} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == "[]\n"
    for command in ("search", "export", "import", "serve-files", "purge"):
        assert command in done.stdout
