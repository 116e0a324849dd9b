"""Mirror, monochromator, undulator, and the energy that is made of the last two."""

from collections.abc import Callable
from math import exp, log, radians, sin
from pathlib import Path
from typing import Any

import pytest

import beamtwin
from beamtwin.hardware.energy import Energy
from beamtwin.hardware.mirror import HorizontalMirror
from beamtwin.hardware.monochromator import (
    DCM,
    HC_EV_A,
    SI_111,
    Crystal,
    KohzuMonochromator,
)
from beamtwin.hardware.undulator import EnergyTable, Undulator
from beamtwin.orchestration import plans
from beamtwin.orchestration.errors import LimitsError, MoveError
from beamtwin.twin.clock import SimClock
from beamtwin.twin.database import Database

Twin = Callable[..., Any]
TABLE = Path(beamtwin.__file__).parent / "scenarios/chx/data/ivu20_gap_energy_2017-05-27.csv"


@pytest.fixture
def hdm(twin: Twin) -> HorizontalMirror:
    return twin(HorizontalMirror, "XF:11IDA-OP{Mir:HDM", {"pitch": {"VAL": 100.0}}, name="hdm")


def test_a_pitch_follows_its_set_point_as_a_first_order_lag(
    hdm: HorizontalMirror, clock: SimClock, database: Database
) -> None:
    status = hdm.pitch.set(200.0)
    database.channel("XF:11IDA-OP{Mir:HDM-Ax:P}Pos-I").get()
    clock.sleep(0.3)
    assert hdm.pitch.position == pytest.approx(200.0 - 100.0 * exp(-1.0))
    status.wait()
    # Within 0.05 µrad after tau ln(100 / 0.05), told ten times a second, and there for 0.5 s.
    settled_s = 0.3 * log(100.0 / 0.05) + 0.5
    assert settled_s <= clock.time() - clock.epoch <= settled_s + 0.1
    assert hdm.pitch.readback.metadata.units == "urad"
    assert hdm.hints["fields"] == ["hdm_pitch"]


def test_a_pitch_that_nobody_watches_keeps_the_timeline_free(
    hdm: HorizontalMirror, clock: SimClock
) -> None:
    hdm.pitch.setpoint.set(200.0).wait()
    assert clock.env.peek() == float("inf")


def test_a_stopped_pitch_is_held(hdm: HorizontalMirror, clock: SimClock) -> None:
    status = hdm.pitch.set(200.0)
    clock.sleep(0.1)
    hdm.stop()
    with pytest.raises(MoveError, match="hdm_pitch: did not get to 200 urad: it was stopped"):
        status.wait()
    here = hdm.pitch.position
    clock.sleep(10.0)
    assert hdm.pitch.position == pytest.approx(here, abs=1e-9)


def test_braggs_law_and_the_offset_of_two_crystals() -> None:
    angle = SI_111.bragg_deg(9650.0)
    assert 2 * 3.13379852 * sin(radians(angle)) == pytest.approx(HC_EV_A / 9650.0)
    assert SI_111.energy_eV(angle) == pytest.approx(9650.0)
    # The beam runs for gap / sin(theta) between the crystals, at 2 theta.
    gap = Crystal.gap_mm(25.0, angle)
    assert gap / sin(radians(angle)) * sin(radians(2 * angle)) == pytest.approx(25.0)
    assert Crystal.offset_mm(gap, angle) == pytest.approx(25.0)
    with pytest.raises(LimitsError, match=r"photon energy: 1000 eV is below 1978.18 eV"):
        SI_111.bragg_deg(1000.0)


def test_a_monochromators_energy_is_its_bragg_angle(twin: Twin, clock: SimClock) -> None:
    settings = {"energy": {"VAL": 9650.0, "VELO": 100.0}, "bragg": {"VELO": 0.2}}
    dcm = twin(DCM, "XF:11IDA-OP{Mono:DCM", settings, name="dcm")
    assert dcm.bragg.position == pytest.approx(SI_111.bragg_deg(9650.0))
    dcm.energy.set(8000.0).wait()
    assert dcm.bragg.position == pytest.approx(SI_111.bragg_deg(8000.0), abs=1e-5)
    dcm.bragg.set(SI_111.bragg_deg(12000.0)).wait()
    assert dcm.energy.position == pytest.approx(12000.0, abs=0.01)
    assert dcm.energy.egu == "eV"


def test_a_kohzu_monochromator_moves_when_it_is_told_to(twin: Twin, clock: SimClock) -> None:
    mono = twin(KohzuMonochromator, "25ida:", {"energy_keV": 9.0}, name="mono")
    assert mono.read()["mono_energy"]["value"] == pytest.approx(9.0)
    mono.energy.setpoint.set(8.0).wait()
    assert mono.energy.position == pytest.approx(9.0)  # it has not been told to move
    mono.energy.set(8.0).wait()
    travel = SI_111.bragg_deg(8000.0) - SI_111.bragg_deg(9000.0)
    assert clock.env.now == pytest.approx(travel / 0.2)
    assert mono.theta.position == pytest.approx(SI_111.bragg_deg(8000.0))
    assert mono.wavelength.setpoint.get() == pytest.approx(HC_EV_A / 8000.0)
    mono.wavelength.set(1.0).wait()
    assert mono.energy.position == pytest.approx(HC_EV_A * 1e-3)
    status = mono.theta.set(20.0)
    clock.sleep(1.0)
    mono.theta.stop()
    with pytest.raises(MoveError, match="mono_theta: did not get to 20 deg: it was stopped"):
        status.wait()
    assert not mono.moving.get()


def test_an_undulators_energies_are_as_measured(twin: Twin) -> None:
    table = EnergyTable.from_csv(TABLE)
    assert table.gap_for(9650.0, 5) == pytest.approx(
        6.640, abs=5e-4
    )  # the beamline's: see chx's facts
    assert table.harmonic_for(9650.0) == 5
    assert table.harmonic_for(9650.0, lowest_gap_mm=7.0) == 3
    for gap, energy in zip(table.gap_mm, table.e1_eV, strict=True):
        assert table.energy_eV(gap) == energy
        assert table.gap_for(3 * energy, 3) == pytest.approx(gap)
    message = r"undulator energy of harmonic 1: 9650 eV is outside \[1378.59, 3514.85\] eV"
    with pytest.raises(LimitsError, match=message):
        table.gap_for(9650.0)
    with pytest.raises(LimitsError, match=r"undulator gap: 30 mm is outside"):
        table.energy_eV(30.0)
    with pytest.raises(
        LimitsError, match=r"below 1378.59 eV, the least that the undulator reaches"
    ):
        table.harmonic_for(1000.0)
    ivu = twin(Undulator, "SR:C11-ID:G1{IVU20:1", {"gap": {"VAL": 6.64}}, table=TABLE)
    assert ivu.energy_eV(5) == pytest.approx(9650.0, abs=0.5)


@pytest.fixture
def ivu(twin: Twin) -> Undulator:
    settings = {"gap": {"VAL": 7.0, "LLM": 5.2, "HLM": 25.0}, "brakes_disengaged": False}
    return twin(Undulator, "SR:C11-ID:G1{IVU20:1", settings, name="ivu")


def test_an_undulator_does_not_move_against_its_brakes(ivu: Undulator) -> None:
    message = (
        r"ivu: cannot go to 8 mm: its brakes are engaged \(.*BrakesDisengaged-Sts\); .* releases"
    )
    with pytest.raises(MoveError, match=message):
        ivu.set(8.0)
    with pytest.raises(LimitsError, match=r"ivu_gap: 3 mm is outside \[5.2, 25\] mm"):
        ivu.set(3.0)
    # Whoever writes the motor record itself gets nowhere.
    with pytest.raises(Exception, match="ivu_gap: move to 8 mm: not done"):
        ivu.gap.set(8.0).wait()
    assert ivu.position == 7.0


def test_an_undulator_moves_when_its_brakes_are_off(ivu: Undulator, clock: SimClock) -> None:
    ivu.brakes_disengaged.set(True).wait()
    assert clock.time() - clock.epoch == 1.0
    ivu.set(8.0).wait()
    assert ivu.locate() == {"setpoint": 8.0, "readback": 8.0}


def test_an_undulator_can_release_its_brakes_itself(twin: Twin) -> None:
    settings = {"gap": {"VAL": 7.0}, "brakes_disengaged": False}
    ivu = twin(Undulator, "SR:C11-ID:G1{IVU20:1", settings, release_brakes=True)
    ivu.set(8.0).wait()
    assert ivu.position == 8.0


@pytest.fixture
def energy(twin: Twin) -> Energy:
    settings = {
        "bragg": {
            "VAL": SI_111.bragg_deg(9000.0),
            "EGU": "deg",
            "MRES": 1e-6,
            "LLM": -5,
            "HLM": 30,
        },
        "undulator": {"gap": {"VAL": 7.0, "LLM": 5.2, "HLM": 25.0}},
    }
    return twin(Energy, "M", settings, undulator="U", table=TABLE, name="energy")


def test_the_gap_follows_the_energy(energy: Energy) -> None:
    energy.energy.set(9650.0).wait()
    assert energy.bragg.position == pytest.approx(SI_111.bragg_deg(9650.0), abs=1e-5)
    assert energy.undulator.position == pytest.approx(6.640, abs=1e-3)
    assert energy.energy.position == pytest.approx(9650.0, abs=0.01)
    assert energy.energy.egu == "eV"
    assert energy.describe()["energy_energy"]["units"] == "eV"
    energy.set({"energy": 9000.0}).wait()
    assert energy.undulator.energy_eV(5) == pytest.approx(9000.0, abs=0.5)


def test_harmonic_offset_and_tracking_can_be_chosen(energy: Energy) -> None:
    energy.harmonic, energy.undulator_offset_eV = 3, 30.0
    where = energy.position_for({"energy": 9000.0})
    assert where["energy_undulator"] == pytest.approx(energy.undulator.table.gap_for(9030.0, 3))
    energy.track = False
    where = energy.energy.position_for(9000.0)
    assert where == {
        "energy_bragg": pytest.approx(SI_111.bragg_deg(9000.0)),
        "energy_undulator": 7.0,
    }


def test_nothing_moves_towards_an_energy_out_of_reach(energy: Energy) -> None:
    before = energy.bragg.position
    energy.bragg.high_limit_travel.set(10.0).wait()
    with pytest.raises(
        LimitsError, match=r"energy_energy = 9000 eV is out of reach: energy_bragg: 12\.6971 deg"
    ):
        energy.energy.set(9000.0)
    energy.bragg.high_limit_travel.set(30.0).wait()
    energy.undulator.brakes_disengaged.set(False).wait()
    with pytest.raises(
        MoveError, match=r"energy_undulator: cannot go to .*: its brakes are engaged"
    ):
        energy.energy.set(9650.0)
    assert energy.bragg.position == pytest.approx(before, abs=1e-3)


def test_an_energy_scan(energy: Energy, run: Callable[[Any], Any]) -> None:
    documents = run(plans.scan([energy], energy.energy, 9000.0, 9100.0, 3))
    events = [document["data"] for name, document in documents if name == "event"]
    assert [event["energy_energy"] for event in events] == pytest.approx(
        [9000, 9050, 9100], abs=0.01
    )
    gaps = [event["energy_undulator_gap"] for event in events]
    assert gaps == sorted(gaps)
