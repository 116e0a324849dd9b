"""CHX's focusing set-up behind its own PVs."""

from dataclasses import replace

import numpy as np
import pytest

from beamtwin.app.beamtime import Settings, open_beamtime
from beamtwin.orchestration import stubs
from beamtwin.scenarios.chx_focusing import SCENARIO
from beamtwin.scenarios.chx_focusing.twin import DESCRIPTION
from beamtwin.twin.beamline import BeamlineError
from beamtwin.twin.chain import evaluate
from beamtwin.twin.clock import SimClock
from beamtwin.twin.description import load_description
from beamtwin.twin.diagnostics.widths import fwhm


@pytest.fixture(scope="module")
def beamtime(tmp_path_factory):
    """By one electron's light, 1D x 1D: cheap, and its widths are known from SRW."""
    data = tmp_path_factory.mktemp("data")
    with open_beamtime(SCENARIO, Settings(data, level="coherent", noise=False)) as beamtime:
        yield beamtime


def columns(beamtime, plan, **arguments):
    (uid,) = beamtime.engine(SCENARIO.plan(plan)(beamtime.devices, **arguments))
    return beamtime.broker[uid].primary.columns().data


def test_a_slit_scan_sees_the_vertical_focus(beamtime):
    """SRW on Sirepo's mesh, one electron, before S3: 3.4 um high; the slit adds its 2 um to that."""
    seen = columns(beamtime, "slit_scan", points=41, range_um=20.0)
    width_um = 1e3 * fwhm(seen["s3_v_center"], seen["scaler_s3_flux"])
    assert 3.0 < width_um < 5.0


def test_a_knife_edge_sees_the_horizontal_focus(beamtime):
    """Its derivative is the profile: 0.886 wavelength q / aperture of the beam on the kinoform, 6 to 9 um."""
    seen = columns(beamtime, "knife_edge", points=41, range_um=40.0)
    profile = -np.diff(seen["scaler_s3_flux"])
    middles = (seen["s3_h_center"][1:] + seen["s3_h_center"][:-1]) / 2
    assert 5.0 < 1e3 * fwhm(middles, profile) < 12.0
    assert middles[profile.argmax()] == pytest.approx(1.0, abs=0.002)


def test_the_harmonic_of_one_electron_is_where_the_gap_puts_it(beamtime):
    """On the axis, at 9000 eV; red of that it falls off slowly through the slits."""
    seen = columns(beamtime, "energy_scan", points=11, center_eV=8990.0, range_eV=100.0)
    energies, counts = seen["dcm_energy"], seen["scaler_s3_flux"]
    assert energies[counts.argmax()] == pytest.approx(9000.0, abs=11.0)
    assert counts.max() > 1.5 * min(counts[0], counts[-1])
    beamtime.engine(stubs.mv(beamtime.devices.dcm.energy, 9000.0))


def test_all_electrons_through_s0_are_brightest_at_8976_eV():
    """Not at 9000: Sirepo's public model. The monochromator is scanned behind S0, with all else open."""
    beamline = load_description(DESCRIPTION).beamline
    elements = tuple(e for e in beamline.elements if e.name in ("S0", "DCM", "S1"))
    opened = {("S1", "x_gap_m"): 5e-3, ("S1", "y_gap_m"): 5e-3}
    alone = replace(beamline, elements=elements, movable=()).with_parameters(opened)
    energies = np.linspace(8936.0, 9016.0, 9)
    flux = [
        evaluate(alone.with_parameters({("DCM", "energy_eV"): energy}), "S1", "fast").flux_ph_s
        for energy in energies
    ]
    curve = np.polyfit(energies - 8976.0, np.log(flux), 4)
    fine = np.linspace(-40.0, 40.0, 801)
    assert fine[np.polyval(curve, fine).argmax()] == pytest.approx(0.0, abs=5.0)


def test_an_edge_scan_sees_coppers(beamtime):
    """NIST's attenuation (XCOM): 38.3 cm2/g below the K edge at 8979 eV, 278.4 above; 5 um of 8.96 g/cm3."""
    plan = SCENARIO.plan("edge_scan")(beamtime.devices, points=5, range_eV=40.0)
    empty, foil = (
        beamtime.broker[uid].primary.columns().data["scaler_s3_flux"]
        for uid in beamtime.engine(plan)
    )
    mu_t = np.log(empty / foil)
    np.testing.assert_allclose(mu_t[:2], 38.3 * 8.96 * 5e-4, rtol=0.05)
    np.testing.assert_allclose(mu_t[3:], 278.4 * 8.96 * 5e-4, rtol=0.05)
    beamtime.engine(stubs.mv(beamtime.devices.dcm.energy, 9000.0))


def light(beamtime, *moves):
    """What passes S3, with something moved; it is put back."""
    devices = beamtime.devices
    before = {motor: motor.position for motor in moves[::2]}
    counts = []

    def plan():
        yield from stubs.mv(*moves, devices.scaler.preset_time, 1.0)
        yield from stubs.trigger(devices.scaler, group="count")
        yield from stubs.wait("count")
        counts.append(devices.scaler.read()["scaler_s3_flux"]["value"])
        yield from stubs.mv(*(item for pair in before.items() for item in pair))

    beamtime.engine(plan())
    return counts[0]


def test_what_stands_in_the_light_acts_on_it(beamtime):
    devices = beamtime.devices
    devices.connect("s3", "k1", "tran", "scaler")
    s3, kinoform = devices.s3, devices.k1
    small = (s3.h_gap, 0.01, s3.h_center, 0.0, s3.v_gap, 0.01, s3.v_center, 0.0)
    focused = light(beamtime, *small)
    assert light(beamtime, *small, kinoform.y, -10.0) < 0.7 * focused  # out: not focused
    assert light(beamtime, *small, kinoform.y, 2.0) < 1e-2 * focused  # its frame is in the way
    slot = devices.tran.slots[3].motor
    assert light(beamtime, *small, slot, 12.0) < 0.7 * focused
    beamtime.engine(stubs.mv(s3.v_center, 0.1))
    assert light(beamtime, s3.h_gap, 0.01, s3.v_gap, 0.01) < 0.2 * focused
    beamtime.engine(stubs.mv(s3.v_center, 0.0))


def test_the_camera_and_the_xbpm_see_the_beam(beamtime):
    devices = beamtime.devices
    devices.connect("xbpm", "xray_eye3", "s1")
    seen = columns(beamtime, "focus_scan", points=2)
    assert len(seen["k1_z"]) == 2
    there = devices.xbpm.read()
    assert there["xbpm_total"]["value"] > 1e-5
    assert there["xbpm_x"]["value"] == pytest.approx(0.0, abs=1e-6)
    beamtime.engine(stubs.mv(devices.s1.h_center, 0.05))
    assert devices.xbpm.read()["xbpm_x"]["value"] > 0.005
    beamtime.engine(stubs.mv(devices.s1.h_center, 0.0))


@pytest.mark.parametrize("level", ["fast", "wave"])
def test_a_level_of_one_slit_is_refused_at_once(level):
    with pytest.raises(BeamlineError, match=r"CRL2 before it bends .* take coherent, modes or srw"):
        SCENARIO.world(SimClock(0.0), level=level)


def test_srw_follows_it_too():
    with SCENARIO.world(SimClock(0.0), level="srw") as world:
        assert world.provenance["level"] == "srw"
