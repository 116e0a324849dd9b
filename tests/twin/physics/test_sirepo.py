"""Import of Sirepo's simulations: a made-up beamline of every part that is understood."""

import json
from math import inf

import pytest

from beamtwin.twin.bending_magnet import BendingMagnet
from beamtwin.twin.chain import evaluate
from beamtwin.twin.description import DescriptionError
from beamtwin.twin.elements import CRL, Aperture, Detector, Lens, Mirror, Monochromator
from beamtwin.twin.levels.level import FieldCache
from beamtwin.twin.levels.spectrum import spectrum
from beamtwin.twin.sirepo import load_sirepo

MIRROR = {
    "autocomputeVectors": "vertical",
    "grazingAngle": 3.0,
    "heightProfileFile": "no such file.dat",
    "tangentialSize": 0.5,
    "sagittalSize": 0.04,
}
ITEMS = [
    {"type": "aperture", "title": "FE", "position": "20.6", "shape": "r", "horizontalSize": "0.2",
     "verticalSize": 0.4, "horizontalOffset": 0, "verticalOffset": "0.01"},
    {"type": "crystal", "title": "C1", "position": 21.6, "energy": 9000, "dSpacing": 3.1355713563754857,
     "psiHr": -6.3e-6, "psiHi": 1e-7},
    {"type": "mirror", "title": "M1", "position": 25.6, "grazingAngle": "3.0", "orientation": "x",
     "horizontalTransverseSize": "0.9", "verticalTransverseSize": 1, "heightProfileFile": None},
    {"type": "sphericalMirror", "title": "M2", "position": 28.6, "radius": 9000, **MIRROR},
    {"type": "ellipsoidMirror", "title": "M3", "position": 30.6, "focalLength": 5.0,
     "firstFocusLength": 25.0, **MIRROR},
    {"type": "crl", "title": "CRL", "position": 31.6, "shape": "1", "numberOfLenses": 2, "radius": "5e-4",
     "focalPlane": "1", "horizontalApertureSize": 1, "verticalApertureSize": 1, "wallThickness": 8e-5,
     "refractiveIndex": "4.2e-6", "attenuationLength": "0.0073"},
    {"type": "lens", "title": "L", "position": 32.6, "horizontalFocalLength": "10",
     "verticalFocalLength": "1.e+23"},
    {"type": "watch", "title": "W", "position": 40.6},
]  # fmt: skip


@pytest.fixture
def simulation():
    for number, item in enumerate(ITEMS):
        item["id"] = number
    plain = [0, 0, 1, 1, 0, 1, 1, 1, 1]
    return {
        "models": {
            "simulation": {
                "sourceType": "u", "photonEnergy": "9000", "horizontalRange": "0.4",
                "verticalRange": 0.6, "sampleFactor": 0.5,
            },
            "electronBeam": {
                "energy": 3, "current": 0.5, "horizontalEmittance": 0.9, "verticalEmittance": 0.008,
                "horizontalBeta": 2.02, "verticalBeta": 1.06, "rmsSpread": 8.9e-4,
            },
            "undulator": {
                "period": "20", "length": 3, "verticalAmplitude": "0.8877", "horizontalAmplitude": "0",
                "longitudinalPosition": 0.6,
            },
            "beamline": ITEMS,
            "propagation": {
                **{str(item["id"]): [plain, plain] for item in ITEMS},
                "0": [[0, 0, 1, 0, 0, "2", "3", 1, 1], [0, 0, 1, 1, 0, 1, 1, "2", 1]],
                "1": [[0, 0, 1, 0, 0, 1, 1, "1.5", 1], plain],
            },
        }
    }  # fmt: skip


@pytest.fixture
def file(tmp_path, simulation):
    def write():
        path = tmp_path / "simulation.json"
        path.write_text(json.dumps(simulation))
        return path

    return write


def test_parts_have_their_sizes_in_metres(file):
    beamline = load_sirepo(file()).beamline
    slit, crystal, flat, sphere, ellipse, crl, lens, screen = beamline.elements
    assert slit == Aperture("FE", 20.0, 0.2e-3, 0.4e-3, 0.0, pytest.approx(1e-5))
    assert isinstance(crystal, Monochromator)
    assert crystal.bandwidth == pytest.approx(1.305e-4, rel=0.01)
    assert isinstance(flat, Mirror)
    assert (flat.deflects, flat.tangential_radius_m) == ("x", inf)
    assert flat.length_m * 3e-3 == pytest.approx(0.9e-3, rel=1e-4)
    assert isinstance(sphere, Mirror)
    assert (sphere.deflects, sphere.tangential_radius_m) == ("y", 9000)
    assert isinstance(ellipse, Mirror)
    assert ellipse.tangential_radius_m * 3e-3 / 2 == pytest.approx(5 * 25 / 30, rel=1e-4)
    assert isinstance(crl, CRL)
    assert (crl.lenses, crl.focuses, crl.delta) == (2, "x", 4.2e-6)
    assert isinstance(lens, Lens)
    assert (lens.x_focal_length_m, lens.y_focal_length_m) == (10, inf)
    assert isinstance(screen, Detector)
    assert beamline.beam.x_sigma_m == pytest.approx(42.64e-6, rel=1e-4)
    assert pytest.approx(1.6577, rel=1e-4) == beamline.source.K


def test_resizing_goes_where_the_mesh_is(file):
    """That of a crystal, and of the free space before it, to the element behind."""
    grid = load_sirepo(file()).beamline.grid
    assert (grid.x_window_m, grid.y_window_m, grid.sampling) == (0.4e-3, 0.6e-3, 0.5)
    first, second = grid.resizes[:2]
    assert (first.at, first.x_range, first.x_resolution) == ("FE", 2.0, 3.0)
    assert (second.at, second.y_range) == ("M1", 3.0)


def test_it_runs(file):
    beamline = load_sirepo(file()).beamline
    assert evaluate(beamline, "W", "coherent", FieldCache()).flux_ph_s > 1e12


def test_without_a_crystal_flux_is_per_tenth_of_a_percent(file, simulation):
    del simulation["models"]["beamline"][1]
    band = load_sirepo(file()).beamline.elements[0]
    assert isinstance(band, Monochromator)
    assert (band.bandwidth, band.energy_eV) == (1e-3, 9000)
    simulation["models"]["beamline"].insert(1, ITEMS[1])


@pytest.mark.parametrize(
    ("table", "key", "value", "message"),
    [
        ("simulation", "sourceType", "t", r"source 't': .*bending magnets \('m'\).* no tabulated"),
        ("undulator", "horizontalAmplitude", 0.1, "undulator: it has a horizontal field"),
        ("simulation", "photonEnergy", "many", "simulation.json: not a simulation"),
    ],
)
def test_what_has_no_counterpart_is_named(file, simulation, table, key, value, message):
    simulation["models"][table][key] = value
    with pytest.raises(DescriptionError, match=message):
        load_sirepo(file())


def test_unknown_element_is_named(file, simulation):
    simulation["models"]["beamline"] = [{**ITEMS[0], "type": "grating", "title": "G"}]
    with pytest.raises(DescriptionError, match="G: 'grating': there are 'aperture', 'crl'"):
        load_sirepo(file())


#: TES of NSLS-II: bending magnet, collimating mirror, monochromator, toroid; narrower than it is, for speed.
TES = {
    "simulation": {"sourceType": "m", "photonEnergy": 2500, "horizontalRange": 3, "verticalRange": 4,
                   "sampleFactor": 0.02},
    "electronBeam": {
        "energy": 3, "current": 0.5, "horizontalEmittance": 0.55, "verticalEmittance": 0.008,
        "horizontalBeta": 1.5, "verticalBeta": 22.5, "verticalAlpha": -0.9, "horizontalDispersion": 0.137,
        "horizontalDispersionDerivative": -0.1, "rmsSpread": 8.9e-4,
    },
    "multipole": {"bx": 0, "by": 0.4, "length": 3, "order": 1},
    "beamline": [
        {"type": "aperture", "title": "FE", "id": 1, "position": 10, "shape": "r", "horizontalSize": 2,
         "verticalSize": 3},
        {"type": "sphericalMirror", "title": "CM", "id": 2, "position": 11, "radius": 2700, "grazingAngle": 6.8,
         "heightProfileFile": "", "sagittalSize": 0.08, "tangentialSize": 0.8, "normalVectorX": 0,
         "normalVectorY": 0.99998},
        {"type": "crystal", "title": "C1", "id": 3, "position": 25, "energy": 2500, "dSpacing": 3.1355713563754857,
         "psiHr": -7.9127e-5, "psiHi": 2.006e-5},
        {"type": "toroidalMirror", "title": "Toroid", "id": 4, "position": 26.57, "grazingAngle": 7,
         "heightProfileFile": "", "sagittalRadius": 0.186, "tangentialRadius": 24500, "sagittalSize": 0.08,
         "tangentialSize": 0.96, "autocomputeVectors": "vertical"},
        {"type": "watch", "title": "SSA", "id": 5, "position": 53.142},
    ],
    "propagation": {
        str(number): [[0, 0, 1, 0, 0, *factors], [0, 0, 1, 1, 0, 1, 1, 1, 1]]
        for number, factors in enumerate([(1.5, 8, 1.5, 5), *[(1, 1, 1, 1)] * 4], start=1)
    },
}  # fmt: skip


def test_tes_runs_from_its_json(tmp_path):
    """The toroid images the arc onto the slit (f_s = R / 2 sin = 13.29 m, 1:1); the flux is the closed form's."""
    path = tmp_path / "tes.json"
    path.write_text(json.dumps({"models": TES}))
    beamline = load_sirepo(path).beamline
    beam, source = beamline.beam, beamline.source
    assert isinstance(source, BendingMagnet)
    # Sirepo's own figures for these Twiss parameters: 125.27 um, 91.04 urad, -10.852 nm; 13.416 um.
    assert beam.x_sigma_m == pytest.approx(125.267e-6, rel=1e-4)
    assert beam.x_divergence_rad == pytest.approx(91.037e-6, rel=1e-4)
    assert beam.x_covariance_m == pytest.approx(-1.085177e-8, rel=1e-5)
    assert beam.y_sigma_m == pytest.approx(13.416e-6, rel=1e-4)
    seen = evaluate(beamline, "SSA", "srw")
    (through_slit,) = spectrum(beamline, "FE", [2500.0])
    assert seen.flux_ph_s / 0.1305 == pytest.approx(through_slit, rel=0.06)
    bright = seen.x_m[seen.photons_s.sum(axis=0) > seen.photons_s.sum(axis=0).max() / 2]
    assert abs(bright.mean()) < 5e-6
    assert bright.max() - bright.min() < 2 * 0.886 * 4.96e-10 * 26.57 / (2e-3 * 2.657)
