"""``beamtwin beam``: numbers, figures, and what is not there."""

import json

import pytest

from beamtwin.app.cli import Level
from beamtwin.scenarios import scenario
from beamtwin.twin.chain import LEVELS


def test_the_command_line_knows_every_level():
    assert {level.value for level in Level} == set(LEVELS)
    assert all(scenario.load(name).level in LEVELS for name in scenario.available())


def test_numbers_for_people(beamtwin):
    done = beamtwin("beam", "chx", "--at", "S2", "--level", "fast")
    assert (done.code, done.err) == (0, "")
    assert "S2: light 34.301 m from the source, level fast" in done.out
    for name in ("FWHM", "divergence", "coherence length", "flux", "photon energy"):
        assert name in done.out


def test_numbers_for_programs(beamtwin):
    done = beamtwin("beam", "chx", "S2.x_gap_um=20", "--at", "S2", "--level", "fast", "--json")
    numbers = json.loads(done.out)
    assert numbers["fwhm_m"]["x"] == pytest.approx(20e-6, rel=0.05)
    assert numbers["energy_eV"] == 9650.0
    assert numbers["coherence_length_m"] == {"x": None, "y": None}


def test_pvs_move_what_they_move(beamtwin):
    pv = "XF:11IDB-ES{Slt:3-Ax:XGap}Mtr"
    at_s3 = ("--at", "S3", "--level", "coherent", "--json")
    wide, narrow = (
        json.loads(beamtwin("beam", "chx_focusing", f"{pv}={gap_mm}", *at_s3).out)
        for gap_mm in (0.1, 0.004)
    )
    assert narrow["flux_ph_s"] < 0.8 * wide["flux_ph_s"]


@pytest.mark.slow
def test_down_the_beamline(beamtwin):
    done = beamtwin("beam", "chx", "--level", "fast", "--at", "all", "--json")
    rows = json.loads(done.out)
    assert [row["at"] for row in rows][-1] == "detector"
    assert [row["z_m"] for row in rows] == sorted(row["z_m"] for row in rows)
    assert "divergence" in beamtwin("beam", "chx", "--level", "fast").out


def test_a_figure_and_a_drawing(beamtwin, tmp_path):
    figure, drawing = tmp_path / "beam.png", tmp_path / "line.svg"
    assert beamtwin("beam", "chx", "--at", "S2", "--level", "fast", "--out", str(figure)).code == 0
    assert figure.read_bytes().startswith(b"\x89PNG")
    assert beamtwin("beam", "chx", "--synoptic", str(drawing)).code == 0
    assert "<svg" in drawing.read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--at", "S9"), "'S9' is no place where the light is known: there are DCM, S1"),
        (("--at", "S2", "S2.gap=3"), "S2 has no parameter 'gap'; it has: z_m, x_gap_m"),
        (("--at", "S2", "S7.x_gap_um=3"), "no part 'S7'; there are: ring, IVU20"),
        (("--at", "S2", "S2.x_gap_um"), "expected ELEMENT.PARAMETER_UNIT=VALUE, or PV=VALUE"),
        (("--at", "S2", "S2.x_gap_um=wide"), "'wide' is not a number"),
        (("--at", "S2", "S2.x_gap_um=0"), "something before it is closed"),
        (("--out", "all.png"), "--out: a figure is of one place"),
    ],
)
def test_what_is_not_there(beamtwin, arguments, message):
    done = beamtwin("beam", "chx", "--level", "fast", *arguments)
    assert done.code == 1
    assert message in done.err
