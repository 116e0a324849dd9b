"""Lenses and attenuators: closed forms, and what moves them."""

from collections.abc import Callable
from math import inf, isnan
from typing import Any

import pytest

from beamtwin.hardware.attenuator import FilterBank, Foil, FoilLadder
from beamtwin.hardware.lenses import LensStack, Transfocator, focal_length_m
from beamtwin.hardware.materials import attenuation_length_m, refraction_decrement
from beamtwin.orchestration import plans
from beamtwin.orchestration.errors import LimitsError
from beamtwin.twin.database import Database

Twin = Callable[..., Any]
OUT = {"*": {"EGU": "mm", "LLM": -5.0, "HLM": 20.0, "VAL": 12.0}}


def test_beryllium_refracts_as_it_should() -> None:
    # Sirepo's CHX example has 4.207568e-6 at 9 keV, from another table.
    assert refraction_decrement("Be", 9000.0) == pytest.approx(4.207568e-6, rel=1e-3)
    # NIST's X-ray mass attenuation coefficients: silicon, 10 keV: 33.89 cm2/g.
    assert attenuation_length_m("Si", 10000.0) == pytest.approx(1e-2 / (33.89 * 2.33), rel=0.01)
    assert attenuation_length_m("kapton", 10000.0) > attenuation_length_m("Al", 10000.0)
    with pytest.raises(
        LimitsError, match="'Unobtainium' is neither an element's symbol nor one of"
    ):
        attenuation_length_m("Unobtainium", 9000.0)
    with pytest.raises(LimitsError, match=r"1e\+06 eV is outside \[100, 100000\] eV"):
        refraction_decrement("Be", 1e6)


def test_focal_lengths_are_those_of_chx() -> None:
    # Sirepo's CHX example at 9 keV: one lens of 1.5 mm, f = 178.25 m; six of 0.5 mm, 9.903 m.
    one, six = LensStack(1.5e-3, 1), LensStack(0.5e-3, 6)
    assert one.focal_length_m(9000.0) == pytest.approx(178.25, rel=1e-3)
    assert six.focal_length_m(9000.0) == pytest.approx(9.903, rel=1e-3)
    both = focal_length_m([one, six], 9000.0)
    assert 1 / both == pytest.approx(1 / 178.25 + 1 / 9.903, rel=1e-3)
    assert focal_length_m([], 9000.0) == inf


def test_a_transfocator_focuses_where_it_says(twin: Twin) -> None:
    tran = twin(Transfocator, "XF:11IDA-OP{Lens:", OUT, name="tran")
    assert tran.inserted() == ()
    focus = tran.focus_for(48.7, 9650.0)
    tran.set(focus.slots).wait()
    assert tran.inserted() == focus.slots
    assert tran.locate()["setpoint"] == focus.slots
    focal = tran.focal_length_m(9650.0)
    image = 1 / (1 / focal - 1 / focus.position_m)
    assert focus.position_m + image == pytest.approx(focus.image_m)
    assert focus.image_m == pytest.approx(48.7, abs=1e-6)  # within the travel, it is exact
    assert tran.read()["tran_slot2"]["value"] == ("in" if 2 in focus.slots else "out")


def test_lenses_that_cannot_focus_there_come_as_near_as_they_can(twin: Twin) -> None:
    tran = twin(Transfocator, "T", OUT, stacks=[LensStack(0.5e-3, 6)], slots=1)
    focus = tran.focus_for(60.0, 9000.0)
    assert focus.position_m in tran.travel_m
    weak = twin(Transfocator, "W", OUT, stacks=[LensStack(1.5e-3, 1)], slots=1)
    with pytest.raises(LimitsError, match="no combination of its lenses makes a real image"):
        weak.focus_for(60.0, 9000.0)


def test_no_lens_moves_unless_all_may(twin: Twin) -> None:
    tran = twin(Transfocator, "T", {**OUT, "slot3": {"motor": {"LLM": 5.0}}})
    with pytest.raises(LimitsError, match=r"d_slot3_motor: 0 mm is outside \[5, 20\] mm"):
        tran.set([1, 3])
    assert tran.inserted() == ()
    with pytest.raises(LimitsError, match=r"d: no slot \[9\]; it has 1 to 8"):
        tran.check_value([9])


def test_a_foil_is_chosen_for_a_transmission(twin: Twin, run: Callable[[Any], Any]) -> None:
    foils = twin(
        FoilLadder,
        "XF:11IDB-OP{Mon:Foil-Ax:X}Mtr",
        {"motor": {"VAL": -18.5}},
        energy_eV=9650.0,
        name="foils",
    )
    assert foils.position == 1.0
    foils.set(1e-2).wait()
    expected = Foil("Si", 600.0).transmission(9650.0)
    assert foils.motor.position == -18.5 + 6.75  # chxtools: 600 um of silicon
    assert foils.position == foils.read()["foils"]["value"] == expected
    foils.set(0.0).wait()
    assert foils.foils[foils.setting()].thickness_um == 1800.0
    foils.motor.set(10.0).wait()
    assert isnan(foils.read()["foils"]["value"])
    with pytest.raises(LimitsError, match=r"foils: 2 is outside \[0, 1\] \(transmission\)"):
        foils.set(2.0)
    events = [d for n, d in run(plans.list_scan([], foils, [1.0, 0.1])) if n == "event"]
    assert events[0]["data"]["foils"] == 1.0


def test_the_transmission_follows_the_energy_of_a_pv(twin: Twin, database: Database) -> None:
    arguments = {"energy_pv": "E", "foils": [{"material": "Al", "thickness_um": 100.0}]}
    ladder = twin(FoilLadder, "L", {"energy": {"VAL": 9000.0}}, **arguments)
    assert ladder.position == pytest.approx(Foil("Al", 100.0).transmission(9000.0))
    database.records["E"].post("VAL", 12000.0)
    assert ladder.read()["d"]["value"] == pytest.approx(Foil("Al", 100.0).transmission(12000.0))
    assert "d_energy" in ladder.read_configuration()
    nowhere = twin(FoilLadder, "N")
    with pytest.raises(LimitsError, match="d: at which photon energy"):
        nowhere.choose(0.5)


def test_filters_go_in_and_out_one_by_one(twin: Twin) -> None:
    slots = {f"filter{n}": {"material": "Si", "thickness_um": 50.0 * 2**n} for n in range(4)}
    settings = {f"filter{n + 1}": slots[f"filter{n}"] for n in range(4)}
    bank = twin(FilterBank, "F:", settings, energy_eV=9000.0)
    assert bank.position == 1.0
    bank.set(0.05).wait()
    chosen, transmission = bank.choose(0.05)
    assert bank.setting() == chosen
    assert bank.position == bank.read()["d"]["value"] == pytest.approx(transmission)
    offered = [bank._transmission_of(way) for way in bank.settings()]
    assert len(offered) == 16
    assert min(abs(each / 0.05 - 1) for each in offered) == pytest.approx(
        abs(transmission / 0.05 - 1)
    )
