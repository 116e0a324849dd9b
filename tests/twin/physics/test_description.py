"""The description of a beamline in TOML: what CHX's says, and what is said of mistakes."""

import shutil

import pytest

from beamtwin.orchestration.errors import BeamtwinError
from beamtwin.twin.description import DescriptionError, load_description
from beamtwin.twin.detectors.photon_counter import PhotonCounter

BLADES = [f"XF:11IDB-OP{{Slt:BDS-Ax:{blade}}}Mtr" for blade in "TBOI"]


def test_chx_is_as_its_facts_say(description):
    beamline = description.beamline
    places = {element.name: element.z_m for element in beamline.elements}
    assert (places["S0"], places["S1"], places["S2"]) == (20.5, 29.9, 34.3)
    assert places["detector"] - places["S2"] == pytest.approx(30.44)
    assert beamline.photon_energy_eV == 9650.0
    assert beamline.part("S2").y_gap_m == 5.8e-6
    assert beamline.source.periods == 150
    assert isinstance(description.counters["Eig4M"], PhotonCounter)
    assert description.counters["diode"].plane == "S2"


def test_blades_make_gaps_and_centres(description):
    assert list(description.pvs)[:4] == BLADES
    top, bottom, outboard, inboard = BLADES
    blades = {top: 0.0102, bottom: -0.0037, outboard: 0.006, inboard: -0.006}
    beamline = description.beamline_at(dict.fromkeys(description.pvs, 0.0) | blades)
    slit = beamline.part("S2")
    assert slit.y_gap_m == pytest.approx(13.9e-6)
    assert slit.y_center_m == pytest.approx(3.25e-6)
    assert slit.x_gap_m == pytest.approx(12e-6)
    assert slit.x_center_m == 0.0
    assert slit.z_m == 34.3


@pytest.fixture
def changed(tmp_path, chx_folder):
    """``changed(old, new)``: CHX's description with one thing changed, as a path."""
    shutil.copytree(chx_folder / "data", tmp_path / "data")
    text = (chx_folder / "beamline.toml").read_text()

    def change(old: str, new: str):
        assert old in text
        path = tmp_path / "beamline.toml"
        path.write_text(text.replace(old, new, 1))
        return path

    return change


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("y_gap_um = 5.8", "y_gp_um = 5.8", r"element 'S2': unknown key 'y_gp_um': did you mean 'y_gap_um'\?"),
        ("y_gap_um = 5.8", "y_gap = 5.8", r"'S2': y_gap has no unit: write y_gap_m or y_gap_mm or"),
        ("y_gap_um = 5.8", 'y_gap_um = "5.8"', r"'S2': y_gap_um = '5.8' is not a number"),
        ("y_gap_um = 5.8", "y_gap_um = true", r"'S2': y_gap_um = True is not a number"),
        ("y_gap_um = 5.8", "", r"'S2': y_gap_m is missing"),
        ("y_gap_um = 5.8", "y_gap_um = 5.8\ny_gap_mm = 1", r"'S2': y_gap_mm: y_gap_m is given twice"),
        ("rows = 2167", "rows = 2167.0", r"'detector': rows = 2167.0 is not a whole number"),
        ('name = "S2"', "name = 2", r"element 2: name = 2 is not text"),
        ('kind = "attenuator"', 'kind = "prism"', r"shutter': kind = 'prism': there are 'aperture'"),
        ("column_gaps = [[1030, 1040]]", "column_gaps = [1030]", r"\[1030\] is not a list of \[first, stop\]"),
        ("energy_GeV = 3.0", "energy = 3.0", r"optics.beam: energy has no unit: write energy_eV or"),
        ("ivu20_magnet_lab.csv", "nothing.csv", r"optics.undulator: table: .*nothing.csv is no table"),
        ("ivu20_magnet_lab.csv", "README.md", r"README.md is no table of gap_mm,k"),
        ("[optics.undulator]", "[optics.wiggler]", r"unknown key 'wiggler': .*it takes beam, undulator"),
        ("z_m = 34.3", "z_m = 20.0", r"optics: S2: z_m = 20 m lies before photon shutter at 32 m"),
        ('element = "S2"', 'element = "S9"', r"axis S9.y_gap_m: the beamline has no part 'S9'"),
        ('parameter = "y_gap_m"', 'parameter = "gap"', r"axis S2.gap: S2 has no parameter 'gap'"),
        ("Ax:B}Mtr\" = -1e-3", "Ax:B}Mtr\" = \"-1\"", r"axis S2.y_gap_m: XF.*B}Mtr = '-1' is not a number"),
        ("[[axis]]\n", "[[axis]]\nscale = 1\n", r"axis S2.y_gap_m: unknown key 'scale'"),
        ("[optics.beam]", "[optics.beam", r"beamline.toml: .*line"),
    ],
)  # fmt: skip
def test_mistakes_are_named(changed, old, new, message):
    path = changed(old, new)
    with pytest.raises(DescriptionError, match=message) as error:
        load_description(path)
    assert str(error.value).startswith(str(path))
    assert isinstance(error.value, BeamtwinError)


def test_missing_file_and_missing_optics_are_named(tmp_path):
    with pytest.raises(DescriptionError, match=r"nowhere.toml: .*No such file"):
        load_description(tmp_path / "nowhere.toml")
    path = tmp_path / "empty.toml"
    path.write_text("[records]\n")
    with pytest.raises(DescriptionError, match=r"empty.toml: there must be a table \[optics\]"):
        load_description(path)


def test_tables_of_others_are_left_alone(changed):
    path = changed("[optics.beam] ", "[records.diode]\nscan = 1\n\n[optics.beam] ")
    assert load_description(path).beamline.beam.name == "ring"
