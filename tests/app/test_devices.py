"""``beamtwin devices``: what there is, and whether it is there."""

import re
import textwrap

import pytest

from beamtwin.scenarios.serve import make_database
from beamtwin.twin.ioc import IOCProcess

DEVICES = """
    ophyd.EpicsMotor:
    - {name: m1, prefix: "gp:m1", labels: ["motors"]}
    - {name: m2, prefix: "gp:m2", labels: ["motors"]}
    ophyd.EpicsSignalRO:
    - {name: load, read_pv: "gp:LOAD"}
"""


@pytest.fixture
def devices_yml(tmp_path):
    path = tmp_path / "devices.yml"
    path.write_text(textwrap.dedent(DEVICES))
    return path


def rows(out):
    """The table's rows, without its lines."""
    lines = (line for line in out.splitlines() if line.startswith("│"))
    return [[cell.strip() for cell in line.strip("│").split("│")] for line in lines]


def test_chx_is_listed(beamtwin, monkeypatch):
    monkeypatch.setenv("COLUMNS", "160")
    done = beamtwin("devices", "chx")
    assert (done.code, done.err) == (0, "")
    assert "NSLS-II CHX (11-ID), slit diffraction: " in done.out
    by_name = {row[0]: row for row in rows(done.out)}
    assert len(by_name) > 45
    assert by_name["s2"] == ["s2", "Slits", "XF:11IDB-OP{Slt:BDS", "slits, optics, baseline", "116"]
    last = done.out.splitlines()[-1]
    assert re.fullmatch(r"\d+ devices, \d+,\d{3} PVs", last)


def test_only_those_with_a_label(beamtwin):
    done = beamtwin("devices", "chx", "--label", "shutters")
    assert [row[0] for row in rows(done.out)] == ["fe_sh", "foe_sh", "fast_sh"]
    assert "there are baseline, cameras, " in beamtwin("devices", "chx", "--label", "x").complaint


def test_a_file_without_a_scenario(beamtwin, devices_yml):
    done = beamtwin("devices", str(devices_yml))
    assert [row[:3] for row in rows(done.out)] == [
        ["m1", "Motor", "gp:m1"],
        ["m2", "Motor", "gp:m2"],
        ["load", "EpicsSignalRO", "gp:LOAD"],
    ]


def test_the_twin_has_them_all(beamtwin):
    done = beamtwin("devices", "chx", "--check")
    assert (done.code, done.err) == (0, "")
    match = re.search(r"(\S+) of \1 PVs are there as declared, on target 'twin'", done.out)
    assert match


def test_what_an_ioc_does_not_have_is_named_pv_by_pv(beamtwin, devices_yml, tmp_path, monkeypatch):
    monkeypatch.setattr("beamtwin.app.devices.PATIENCE_S", 1.0)
    fewer = tmp_path / "fewer.yml"
    fewer.write_text('ophyd.EpicsMotor:\n- {name: m1, prefix: "gp:m1"}\n')
    with IOCProcess(make_database, str(fewer), "fast", 0, True) as ioc:
        over_ca = ("--check", "--target", "ioc", "--port", str(ioc.port))
        assert beamtwin("devices", str(fewer), *over_ca).code == 0
        done = beamtwin("devices", str(devices_yml), *over_ca)
    assert [(row[0], row[-2] == row[-1]) for row in rows(done.out)] == [
        ("m1", True),
        ("m2", False),
        ("load", False),
    ]
    assert "  gp:m2.RBV: no answer (m2)\n" in done.out
    assert done.out.endswith("  gp:LOAD: no answer (load)\n")
    assert re.fullmatch(
        r"(\d+) of (\d+) PVs are not there as declared, on target 'ioc'", done.complaint
    )


def test_a_file_with_mistakes_says_them_all(beamtwin, tmp_path):
    path = tmp_path / "devices.toml"
    path.write_text('[a]\nclass = "Motr"\nprefix = "x"\n[b]\nclass = "Slts"\nprefix = "y"\n')
    for command in ("devices", "ioc"):
        done = beamtwin(command, str(path))
        assert done.code == 1
        assert f"beamtwin: {path}: 2 problems:" in done.err
        assert "a: class: there is no Motr; did you mean Motor" in done.err


def test_a_file_is_no_scenario_to_run(beamtwin, devices_yml):
    complaint = beamtwin("run", str(devices_yml), "count").complaint
    assert complaint == "scenario 'devices' has no plan 'count': there are: none"
