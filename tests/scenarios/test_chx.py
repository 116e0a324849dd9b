"""CHX's main job: the measured patterns, the gaps that fit them, and the twin beside them."""

import numpy as np
import pytest

from beamtwin.app.beamtime import Settings, open_beamtime
from beamtwin.databroker.broker import Broker
from beamtwin.databroker.errors import ComparisonError
from beamtwin.orchestration.errors import PlanError
from beamtwin.scenarios.chx import SCENARIO
from beamtwin.scenarios.chx.analysis import (
    compare_runs,
    fit_gap,
    import_measurement,
    judge_gap,
    labels,
    vertical_cut,
)
from beamtwin.scenarios.chx.plans import GAPS_UM, diffraction, slit_scan

#: What fits the published cuts, in µm; the third is labelled 13.9 µm.
FITTED_UM = (5.79, 9.26, 12.21)


@pytest.fixture(scope="module")
def beamtime(tmp_path_factory):
    """The twin by wave optics, without noise; the measurement is filed."""
    data = tmp_path_factory.mktemp("data")
    with open_beamtime(SCENARIO, Settings(data, level="wave", noise=False)) as beamtime:
        import_measurement(beamtime.broker)
        yield beamtime


@pytest.fixture(scope="module")
def measured(beamtime):
    return import_measurement(beamtime.broker)


@pytest.fixture(scope="module")
def fits(measured):
    return [fit_gap(vertical_cut(run)) for run in measured]


@pytest.fixture(scope="module")
def simulated(beamtime, measured):
    """At the gaps that fit."""
    gaps = tuple((labels(run)[0], v_um) for run, v_um in zip(measured, FITTED_UM, strict=True))
    plan = diffraction(
        beamtime.devices, gaps_um=gaps, counterparts=tuple(run.uid for run in measured)
    )
    return [beamtime.broker[uid] for uid in beamtime.engine(plan)]


def test_fitted_gaps_have_uncertainties(fits):
    """From position readings of a quarter of a pixel over 3 mm: below half a percent."""
    for fit, gap_um in zip(fits, FITTED_UM, strict=True):
        gap = fit.parameters["gap_um"]
        assert gap.value == pytest.approx(gap_um, abs=0.005)
        assert 0.001 < gap.sigma / gap.value < 0.005


def test_the_third_label_disagrees_and_is_the_horizontal_one(measured, fits):
    verdicts = [judge_gap(run, fit) for run, fit in zip(measured, fits, strict=True)]
    assert [verdict.agrees for verdict in verdicts] == [True, True, False]
    assert verdicts[2].instead == ("horizontal",)
    assert "12.21 ± 0.13 µm (1 % systematic) and the label says 13.9 µm" in verdicts[2].text
    assert verdicts[2].text.endswith("It agrees with the label horizontal (12 µm).")


def test_simulated_fringes_are_as_far_apart_as_the_measured_ones(measured, simulated):
    """Within 2 %, at the fitted gaps, by wave optics."""
    for one, other in zip(measured, simulated, strict=True):
        assert other.start["counterpart"] == one.uid
        assert other.start["twin"]["level"] == "wave"
        comparison = compare_runs(one, other)
        assert comparison.spacing_ratio == pytest.approx(1, abs=0.02)
        # Wavelength times distance over gap, within what the fit leaves open.
        gap_um = labels(other)[1]
        spacing = comparison.simulated_fringes.spacing.value
        assert spacing == pytest.approx(1.2848e-10 * 30.44 * 1e12 / gap_um, rel=0.02)
        assert comparison.scores.correlation > 0.98
        assert abs(comparison.shift.value) <= 56.0


def test_a_simulated_pattern_fits_its_own_gap(simulated):
    """Wave optics judged by the closed form, as far out as was measured; beyond, counts are few and whole."""
    for run in simulated:
        cut = vertical_cut(run).within(-3000.0, 3000.0)
        gap = fit_gap(cut).parameters["gap_um"]
        assert gap.value == pytest.approx(labels(run)[1], rel=0.01)


def test_what_has_no_pattern_cannot_be_compared(beamtime, measured):
    (uid,) = beamtime.engine(slit_scan(beamtime.devices, points=2))
    run = beamtime.broker[uid]
    with pytest.raises(ComparisonError, match=r"slit_scan.* says no 'gap_h_um'"):
        compare_runs(run, run)
    with pytest.raises(ComparisonError, match=r"no diffraction pattern \(eiger4m_image\)"):
        compare_runs(measured[0], run)


def test_counterparts_are_one_a_gap(beamtime):
    runs = len(beamtime.broker)
    with pytest.raises(PlanError, match="counterparts: 1 given for 3 gaps"):
        beamtime.engine(diffraction(beamtime.devices, counterparts=("a",)))
    assert len(beamtime.broker) == runs


def test_the_labels_are_the_gaps_that_are_set_by_default(measured):
    assert tuple(labels(run) for run in measured) == GAPS_UM


def test_importing_again_finds_what_was_filed(tmp_path):
    with Broker.open(tmp_path / "catalog.sqlite") as broker:
        first = import_measurement(broker)
        assert [run.uid for run in import_measurement(broker)] == [run.uid for run in first]
        assert len(broker) == 3
        assert [len(run.primary) for run in first] == [40, 40, 40]
        assert {run.start["twin"]["target"] for run in first} == {"live"}
        assert all("SRI-2018" in run.start["imported"]["source"] for run in first)


def test_counts_go_with_the_slits_area(beamtime):
    """Small slits see a flat beam."""
    counts = []
    for gap_um in (10.0, 20.0):
        plan = slit_scan(beamtime.devices, points=3, range_mm=0.01, gap_um=gap_um)
        (uid,) = beamtime.engine(plan)
        counts.append(beamtime.broker[uid].primary.columns().data["scaler_s2_flux"])
    np.testing.assert_allclose(counts[1] / counts[0], 4.0, rtol=1e-3)
