"""What goes wrong is said in one line, with the way out; a run that it ends is closed, and says why."""

import re
import socket
import sqlite3
from dataclasses import replace

import pytest

from beamtwin.app.beamtime import Settings, open_beamtime
from beamtwin.hardware.ca import CATransport, Timeouts
from beamtwin.hardware.motor import Motor
from beamtwin.hardware.registry import Entry, Registry
from beamtwin.orchestration.errors import LimitsError
from beamtwin.orchestration.stubs import mv
from beamtwin.scenarios import chx
from beamtwin.scenarios.chx import SCENARIO, analysis


def run_of(catalogue):
    """The last run, sound and closed."""
    broker = catalogue()
    with sqlite3.connect(f"file:{broker.store.path}?mode=ro", uri=True) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()
    assert broker.interrupted() == []
    return broker[-1]


def test_a_motor_asked_beyond_its_limits(beamtwin, catalogue):
    done = beamtwin("run", "chx", "slit_scan", "range_mm=20")
    reason = (
        "s2_v_center = -10 mm is out of reach: s2_top: -9.99 mm is outside [-3, 3] mm "
        "(soft limits of XF:11IDB-OP{Slt:BDS-Ax:T}Mtr)"
    )
    assert done.complaint == reason
    run = run_of(catalogue)
    assert f"<Run {run.uid[:8]}: slit_scan, scan_id 1, fail," in done.out
    assert (run.stop["exit_status"], run.stop["reason"], run.streams) == ("fail", reason, [])
    listed = beamtwin("list")
    assert (listed.code, listed.err) == (0, "")
    assert "fail" in listed.out


def test_limits_that_are_met_in_the_middle(data):
    """What was taken before is kept."""
    data.mkdir()
    with open_beamtime(SCENARIO, Settings(data)) as beamtime:
        devices = beamtime.devices
        beamtime.engine(mv(devices.s2.top.high_limit_travel, 0.2))
        with pytest.raises(
            LimitsError, match=r"s2_top: 0\.21 mm is outside \[-3, 0\.2\] mm"
        ) as error:
            beamtime.engine(SCENARIO.plan("slit_scan")(devices, points=11))
        run = beamtime.broker[-1]
        assert (run.state, run.stop["reason"]) == ("fail", str(error.value))
        assert run.stop["num_events"] == {"primary": 7}
        centres = run.primary.columns().data["s2_v_center"]
        assert centres.tolist() == pytest.approx([-0.5, -0.4, -0.3, -0.2, -0.1, 0.0, 0.1])
        assert not devices.s2.v_center.moving


def test_debug_shows_where_it_came_from(beamtwin):
    done = beamtwin("--debug", "run", "chx", "slit_scan", "range_mm=20")
    assert done.code == 1
    assert done.err.startswith("Traceback (most recent call last):")
    assert "LimitsError: s2_v_center = -10 mm is out of reach" in done.err
    assert beamtwin("run", "chx", "nothing", "--debug").err.startswith("Traceback")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (
            "run chz slit_scan",
            "there is no scenario 'chz': did you mean 'chx'? there are: chx, chx_focusing",
        ),
        (
            "run chx slitscan",
            "scenario 'chx' has no plan 'slitscan': did you mean 'slit_scan'? "
            "there are: diffraction, slit_scan",
        ),
        (
            "run chx slit_scan point=3",
            "'point=3' is no argument of the plan; its arguments are: "
            "points=41, range_mm=1.0, gap_um=20.0, exposure_s=1.0",
        ),
        ("run chx slit_scan points=3.5", "points=3.5: expected int"),
        ("run chx slit_scan range_mm=nan", "range_mm=nan: expected a finite number"),
        ("run chx slit_scan points=0", "num: 0 is not a number of points; expected 1 or more"),
        (
            "run chx diffraction counterparts=a,b",
            "counterparts: 2 given for 3 gaps; expected one a gap",
        ),
        (
            "run chx slit_scan --live --target ioc",
            "--live is the real beamline, --target ioc is a twin: choose one of them",
        ),
        (
            "run chx slit_scan --target ioc --epoch 0",
            "--epoch 0: only the twin in this process can be run again to the last bit; the target is ioc",
        ),
        ("ioc chx --speed 0", "--speed 0: must be above 0 virtual seconds per second"),
    ],
)
def test_what_cannot_be_meant(beamtwin, arguments, complaint):
    assert beamtwin(*arguments.split()).complaint == complaint


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["show", "7"], "no run in this store has the scan_id 7"),
        (["show", "-2"], "there is 1 run in this store, and no number -2"),
        (["show", "abcdef"], "no run in this store has a uid that begins with 'abcdef'"),
        (["list", "--query", "{"], "--query {: not JSON: "),
        (["list", "--query", "[]"], """--query []: expected an object, as '{"plan_name": "scan"}'"""),
        (["list", "--query", '{"a": {"$foo": 1}}'], "$foo: not an operator that is known here"),
        (["compare", "-1"], "has no counterpart: name the run to compare it with"),
        (["compare", "-1", "-1"], "it says no 'gap_h_um'; only diffraction patterns can be compared"),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("slit_scanned")
def test_runs_that_are_not_what_is_asked_for(beamtwin, arguments, complaint):
    assert complaint in beamtwin(*arguments).complaint


@pytest.mark.parametrize("command", [["list"], ["show", "-1"], ["compare", "-1"]])
def test_looking_makes_nothing(beamtwin, data, command):
    complaint = beamtwin(*command).complaint
    assert complaint == f"{data}/catalog.sqlite: is not there: check the path, or take a run first"
    assert not data.exists()


def test_a_run_made_twice_goes_to_one_store_once(beamtwin, catalogue):
    """The second has the uids of the first."""
    again = ("run", "chx", "slit_scan", "points=2", "--epoch", "1700000000")
    assert beamtwin(*again).code == 0
    done = beamtwin(*again)
    assert done.code == 1
    assert "is stored already; to reproduce a run, use another store" in done.err
    assert done.out == ""
    assert len(catalogue()) == 1
    assert run_of(catalogue).stop["num_events"] == {"primary": 2}


# --- PVs that do not answer -----------------------------------------------------------------------


@pytest.fixture
def hurry(monkeypatch):
    """Give up on PVs sooner."""
    monkeypatch.setitem(CATransport.__init__.__kwdefaults__, "timeouts", Timeouts(connect_s=0.5))


@pytest.fixture
def free_port():
    """One that nobody listens at."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


@pytest.mark.usefixtures("hurry")
def test_no_ioc(beamtwin, free_port):
    done = beamtwin("run", "chx", "slit_scan", "--target", "ioc", "--port", free_port)
    complaint = done.complaint
    assert f"no twin answers at 127.0.0.1:{free_port}, where TWIN:scenario-I was" in complaint
    assert f"`beamtwin ioc chx --port {free_port}`" in complaint


@pytest.mark.usefixtures("hurry")
def test_no_beamline(beamtwin, free_port, monkeypatch):
    monkeypatch.setenv("EPICS_CA_ADDR_LIST", "127.0.0.1")
    monkeypatch.setenv("EPICS_CA_AUTO_ADDR_LIST", "NO")
    monkeypatch.setenv("EPICS_CA_SERVER_PORT", free_port)
    complaint = beamtwin("run", "chx", "slit_scan", "--live").complaint
    beginning = r"s2, eiger4m, scaler: (\d+) of \1 PVs are not there as declared: "
    missing = re.match(beginning, complaint)
    assert missing, complaint
    assert "XF:11IDB-OP{Slt:BDS-Ax:T}Mtr.RBV: no answer (s2_top); " in complaint
    assert f"; and {int(missing[1]) - 3} more, which --debug lists" in complaint
    assert f"searched for at 127.0.0.1:{free_port}: does the IOC run" in complaint


def test_a_pv_that_the_twin_does_not_have(beamtwin, catalogue, monkeypatch):
    registry = Registry([Entry("motor", Motor, "XF:11IDB-OP{Slt:BDS-Ax:U}Mtr")])

    def make_devices(transport, directory, new_uid):
        return registry.make(transport)

    scenario = replace(chx.SCENARIO, devices=make_devices, needs=("motor",))
    monkeypatch.setattr(chx, "SCENARIO", scenario)
    complaint = beamtwin("run", "chx", "slit_scan").complaint
    assert re.match(r"motor: (\d+) of \1 PVs are not there as declared: ", complaint)
    assert (
        "XF:11IDB-OP{Slt:BDS-Ax:U}Mtr.RBV: the twin has no such record; did you mean" in complaint
    )
    assert len(catalogue()) == 0


# --- a measured file ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after", "complaint"),
    [
        (",75,3.926", ",75,o.926", "column 'log10_intensity': 'o.926' is not a number"),
        (",75,3.926", ",75", "has 3 cells; expected 4: gap_h_um, gap_v_um, position_um, log10_"),
        (",position_um,", ",position,", "has no column 'position_um'; it has: gap_h_um, gap_v_um"),
    ],
)
def test_a_corrupt_measurement_is_refused_as_a_whole(
    beamtwin, data, catalogue, monkeypatch, tmp_path, before, after, complaint
):
    """By the demo, which is what imports it."""
    text = analysis.MEASUREMENT.read_text()
    assert before in text
    text = text.replace(before, after, 1)
    corrupt = tmp_path / "corrupt.csv"
    corrupt.write_text(text)
    monkeypatch.setattr(analysis.import_measurement, "__defaults__", (corrupt,))
    said = beamtwin("demo", "--out", str(data)).complaint
    assert said.startswith(f"{corrupt}, line ")
    assert complaint in said
    assert len(catalogue()) == 0
