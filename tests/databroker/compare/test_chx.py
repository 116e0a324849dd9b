"""The measured patterns of CHX's slit S2, against the closed form, and the report of that."""

import json
import re

import numpy as np
import pytest

from beamtwin.databroker.compare.comparison import compare
from beamtwin.databroker.compare.figure import save_figure
from beamtwin.databroker.compare.fit import Parameter, fit_profile
from beamtwin.databroker.compare.fringes import find_fringes
from beamtwin.databroker.compare.labels import judge
from beamtwin.databroker.compare.profile import Profile, from_stream
from beamtwin.databroker.compare.report import save_report
from beamtwin.databroker.interchange.tables import import_table

#: Wavelength (9.65 keV) times the distance from slit to detector, and the detector's pixel.
LAMBDA_Z_UM2 = 1.2848e-10 * 30.44 * 1e12
PIXEL_UM = 75.0
READING_DECADES = 0.025
STEP_UM = 5.0


def pattern(x, gap, centre, log_scale, log_background, blur):
    """sinc²(gap x / λz), integrated over a pixel and blurred by a Gaussian, with a background."""
    fine = np.arange(-4500, 4500 + STEP_UM / 2, STEP_UM)
    kernel_x = np.arange(-600, 600 + STEP_UM / 2, STEP_UM)
    pixel = (np.abs(kernel_x) <= PIXEL_UM / 2).astype(float)
    gauss = np.exp(-0.5 * (kernel_x / max(blur, 0.2 * STEP_UM)) ** 2)
    kernel = np.convolve(pixel / pixel.sum(), gauss / gauss.sum(), "same")
    intensity = np.convolve(np.sinc(gap * fine / LAMBDA_Z_UM2) ** 2, kernel, "same")
    return 10**log_scale * np.interp(x - centre, fine, intensity) + 10**log_background


@pytest.fixture
def measured(db, chx_table):
    runs = import_table(
        db,
        chx_table,
        axis="position_um",
        group_by=["gap_h_um", "gap_v_um"],
        units={"position_um": "um", "log10_intensity": "log10(1e5 ph/s)"},
        time=1_528_800_000.0,
        metadata={"twin": {"target": "live", "scenario": "chx"}},
    )
    return [
        from_stream(run.primary, "log10_intensity", log10=True, sigma=READING_DECADES)
        for run in runs
    ]


def fit(profile):
    fringes = find_fringes(profile)
    assert fringes is not None
    low, high = profile.log10.min(), profile.log10.max()
    parameters = {
        "gap": Parameter(LAMBDA_Z_UM2 / fringes.spacing.value, 1, 30),
        "centre": Parameter(0.0, -PIXEL_UM, PIXEL_UM),
        "log_scale": Parameter(high),
        "log_background": Parameter(low - 1, low - 6, high),
        "blur": Parameter(40.0, 0, 200),
    }
    return fit_profile(pattern, profile, parameters)


def verdict(profile, fitted):
    labels = {key.removesuffix("_um"): value for key, value in profile.source["labels"].items()}
    return judge(fitted.parameters["gap"], labels, "gap_v", units="um", systematic=0.01)


def test_fringe_spacings(measured):
    """Those read from the published figure: 675 ± 3, 422 ± 2, 320 ± 1 um."""
    for profile, (spacing, sigma) in zip(measured, [(675, 3), (422, 2), (320, 1)], strict=True):
        fringes = find_fringes(profile)
        assert fringes is not None
        assert fringes.spacing.value == pytest.approx(spacing, abs=sigma)
        assert 0.3 * sigma < fringes.spacing.sigma < 2 * sigma


def test_fitted_gaps(measured):
    """5.79, 9.26 and 12.2 um; without blur 9.26, with it 9.22."""
    expected = [(5.79, 0.04), (9.24, 0.05), (12.2, 0.05)]
    for profile, (gap, tolerance) in zip(measured, expected, strict=True):
        fitted = fit(profile)
        assert fitted.parameters["gap"].value == pytest.approx(gap, abs=tolerance)
        assert 0.005 < fitted.parameters["gap"].sigma < 0.05
        assert fitted.rms < 2 * READING_DECADES


def test_the_third_label_is_doubted_and_the_other_named(measured):
    verdicts = [verdict(profile, fit(profile)) for profile in measured]
    assert [v.agrees for v in verdicts] == [True, True, False]
    assert verdicts[2].instead == ("gap_h",)
    assert verdicts[2].text.endswith("It agrees with the label gap_h (12 um).")


@pytest.fixture
def comparisons(measured):
    """Beside a stand-in for a simulation: the closed form, in metres, with counting noise."""
    found = []
    for profile in measured:
        fitted = fit(profile)
        x = np.arange(-3200.0, 3200.0, 15.0)
        counts = pattern(x, fitted.parameters["gap"].value, 0.0, 7.0, 0.0, 28.0)
        noisy = np.random.default_rng(1).poisson(counts).astype(float)
        labels = profile.source["labels"]
        found.append(
            compare(
                profile,
                Profile(
                    x * 1e-6, noisy, "m", source={"uid": "stand-in", "twin": {"level": "fast"}}
                ),
                title=f"{labels['gap_h_um']:g} × {labels['gap_v_um']:g} µm",
                shift_limit=PIXEL_UM,
                background=True,
                fit=fitted,
                verdicts=[verdict(profile, fitted)],
            )
        )
    return found


def test_the_simulation_at_the_fitted_gap_has_the_measured_fringes(comparisons):
    for comparison in comparisons:
        assert comparison.spacing_ratio == pytest.approx(1, abs=0.01)
        assert comparison.scores.correlation > 0.99
        assert comparison.scores.rms < 2.2 * READING_DECADES
        assert comparison.aligned.coverage == 1.0


def test_all_numbers_are_json(comparisons):
    numbers = json.loads(json.dumps(comparisons[2].to_dict(), allow_nan=False))
    assert len(numbers["axis"]) == len(numbers["measured"]) == len(numbers["residuals"]) == 40
    assert numbers["fringes"]["measured"]["minima"]["1"]["value"] == pytest.approx(292, abs=5)
    assert numbers["fit"]["gap"]["value"] == pytest.approx(12.2, abs=0.05)
    assert numbers["provenance"]["simulated"]["uid"] == "stand-in"
    assert "It agrees with the label gap_h" in numbers["verdicts"][0]


def test_figure(comparisons, tmp_path):
    content = save_figure(tmp_path / "figure.png", comparisons, "CHX S2").read_bytes()
    assert content.startswith(b"\x89PNG")
    width, height = (int.from_bytes(content[at : at + 4], "big") for at in (16, 20))
    assert width > 1800
    assert height > 700


def test_the_report_needs_no_other_file(comparisons, tmp_path):
    page = save_report(tmp_path / "report.html", comparisons, "CHX <S2>").read_text("utf-8")
    assert "<h1>CHX &lt;S2&gt;</h1>" in page
    assert page.count("data:image/png;base64,") == 1
    assert not re.search(r"(src|href)\s*=\s*[\"'](?!data:)", page)
    assert not re.search(r"https?://", page)
    assert page.count('<p class="doubt">gap_v: the fit gives 12.2') == 1
    assert page.count('<p class="agrees">') == 2
    for told in (
        comparisons[0].measured.source["uid"],
        "stand-in",
        "twin.level",
        "imported.sha256",
    ):
        assert told in page


def test_a_linear_comparison_keeps_points_below_zero(tmp_path):
    x = np.linspace(-3, 3, 61)
    measured = Profile(x, 5 * np.exp(-(x**2)) - 0.01, "mm", values_units="counts")
    comparison = compare(measured, Profile(x, np.exp(-(x**2)), "mm"), space="linear")
    assert len(comparison.scores.residuals) == 61
    assert comparison.measured_fringes is None
    assert save_figure(tmp_path / "figure.png", [comparison]).stat().st_size > 10_000
