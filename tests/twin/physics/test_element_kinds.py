"""Every kind of element, written in TOML, at every level that claims to know it."""

from pathlib import Path

import pytest

from beamtwin.twin.chain import evaluate
from beamtwin.twin.description import ELEMENTS, load_description
from beamtwin.twin.levels.level import FieldCache
from beamtwin.twin.materials import mirror_reflectivity, transmission

WHOLE_CHAIN = ("coherent", "modes", "srw")
ONE_SLIT = ("fast", "wave", *WHOLE_CHAIN)

#: By its kind: what is written of it besides name and place, the levels that know it, and the part of the light behind
#: the slit that it leaves, by a closed form.
KINDS = {
    "aperture": ("x_gap_mm = 1.0\ny_gap_mm = 1.0", ONE_SLIT, 1.0),
    "attenuator": ("transmission = 0.25", ONE_SLIT, 0.25),
    "crl": ("lenses = 2\nradius_mm = 0.5\nwall_um = 400.0", WHOLE_CHAIN, transmission("Be", 0.8e-3, 9000.0)),
    "detector": ("pixel_um = 5.0\ncolumns = 4\nrows = 4\ncenter_column = 1.5\ncenter_row = 1.5", ONE_SLIT, 1.0),
    "filter": ('material = "Al"\nthickness_um = 50.0', ONE_SLIT, transmission("Al", 50e-6, 9000.0)),
    "lens": ("x_focal_length_m = 5.0\ntransmission = 0.8", WHOLE_CHAIN, 0.8),
    "mirror": (
        'grazing_mrad = 3.0\ndeflects = "x"\nlength_m = 0.6\nwidth_mm = 2.0\ncoating = "Rh"',
        WHOLE_CHAIN,
        mirror_reflectivity("Rh", 3e-3, 9000.0),
    ),
    "monochromator": ("energy_keV = 9.0\nbandwidth = 1e-3\ntransmission = 0.7", ONE_SLIT, 0.7),
    "obstacle": ("x_size_um = 10.0", WHOLE_CHAIN, 0.75),
    "screen": ("pixel_um = 5.0\ncolumns = 4\nrows = 4\ncenter_column = 1.5\ncenter_row = 1.5", ONE_SLIT, 1.0),
    "window": ('material = "Be"\nthickness_mm = 1.0', ONE_SLIT, transmission("Be", 1e-3, 9000.0)),
    "zone plate": ("diameter_mm = 1.0\nouter_zone_nm = 50.0\nefficiency = 0.3", WHOLE_CHAIN, 0.3),
}  # fmt: skip

BEAMLINE = """
[optics.beam]
name = "ring"
energy_GeV = 3.0
current_mA = 500.0
x_emittance_nm = 0.9
y_emittance_nm = 0.008
x_beta_m = 2.02
y_beta_m = 1.06
energy_spread = 8.9e-4

[optics.undulator]
name = "IVU20"
period_mm = 20.0
length_m = 3.0
peak_field_T = 0.88770981

[optics.grid]
x_window_mm = 0.2
y_window_mm = 0.2
sampling = 1.0

[[optics.grid.resize]]
at = "slit"
x_resolution = 40.0
y_resolution = 40.0

[[optics.element]]
kind = "monochromator"
name = "DCM"
z_m = 28.5
energy_keV = 9.0
bandwidth = 1e-3

[[optics.element]]
kind = "aperture"
name = "slit"
z_m = 34.3
x_gap_um = 40.0
y_gap_um = 40.0
"""
ONE_MORE = '\n[[optics.element]]\nkind = "{kind}"\nname = "{name}"\nz_m = {z_m}\n{text}\n'
END = ONE_MORE.format(kind="aperture", name="end", z_m=34.5, text="x_gap_mm = 1.0\ny_gap_mm = 1.0")


@pytest.fixture(scope="module")
def kept() -> FieldCache:
    return FieldCache()


def test_no_kind_is_left_out():
    assert KINDS.keys() == ELEMENTS.keys()


@pytest.mark.parametrize(
    ("kind", "level"), [(kind, level) for kind, (_, levels, _) in KINDS.items() for level in levels]
)
def test_kind_takes_its_part_of_the_light(kind: str, level: str, kept: FieldCache, tmp_path: Path):
    text, _, left = KINDS[kind]
    part = ONE_MORE.format(kind=kind, name="part", z_m=34.4, text=text)
    flux = []
    for name, content in (("bare", BEAMLINE + END), ("with", BEAMLINE + part + END)):
        path = tmp_path / f"{name}.toml"
        path.write_text(content)
        flux.append(evaluate(load_description(path).beamline, "end", level, kept).flux_ph_s)
    bare, behind = flux
    assert behind == pytest.approx(left * bare, rel=0.03)
