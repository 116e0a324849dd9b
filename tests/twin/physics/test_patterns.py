"""Both levels, against closed forms of the same slit and against each other."""

import numpy as np
import pytest

from beamtwin.twin.beamline import Beamline
from beamtwin.twin.chain import evaluate
from beamtwin.twin.levels import wave

#: 3 rows of 800 fine pixels, and the same upright: for positions much finer than 75 um.
FINE_M = 5e-6
LINE = {("detector", "pixel_m"): FINE_M}
ACROSS = LINE | {
    ("detector", "columns"): 800,
    ("detector", "rows"): 3,
    ("detector", "center_column"): 100.0,
    ("detector", "center_row"): 1.0,
}
ALONG = LINE | {
    ("detector", "columns"): 3,
    ("detector", "rows"): 800,
    ("detector", "center_column"): 1.0,
    ("detector", "center_row"): 100.0,
}
LEVELS = ["fast", "wave"]

#: +-3 mm of CHX's detector about the beam's centre.
MIDDLE = np.s_[1209 - 40 : 1209 + 41, 1126 - 40 : 1126 + 41]


def fringe_m(beamline: Beamline, gap_um: float) -> float:
    """Wavelength times distance over gap."""
    return beamline.wavelength_m * 30.44 / (gap_um * 1e-6)


def minima_m(profile: np.ndarray) -> np.ndarray:
    """Positions of the minima beyond the centre at index 100, by a parabola through the lowest three."""
    inner = np.flatnonzero((profile[1:-1] < profile[:-2]) & (profile[1:-1] <= profile[2:])) + 1
    inner = inner[inner > 100]
    left, middle, right = profile[inner - 1], profile[inner], profile[inner + 1]
    return (inner - 100 + (left - right) / (2 * (left - 2 * middle + right))) * FINE_M


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("y_um", [5.8, 9.0, 13.9])
def test_vertical_minima_lie_at_multiples_of_the_fringe(with_gaps, cache, level, y_um):
    line = evaluate(with_gaps(7.5, y_um, ALONG), "detector", level, cache).photons_s[:, 1]
    expected = fringe_m(with_gaps(7.5, y_um), y_um) * np.array([1, 2, 3])
    np.testing.assert_allclose(minima_m(line)[:3], expected, rtol=0.01)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("x_um", [7.5, 11.0, 12.0])
def test_horizontal_minima_lie_there_too_but_for_the_wide_source(with_gaps, cache, level, x_um):
    """The source's image, 38 um rms, shifts the first minimum outwards by 2 to 4 %, as in closed form."""
    fringe = fringe_m(with_gaps(x_um, 5.8), x_um)

    def line(more: dict) -> np.ndarray:
        return evaluate(with_gaps(x_um, 5.8, ACROSS | more), "detector", level, cache).photons_s[1]

    point_source = minima_m(line({("ring", "x_emittance_m"): 1e-18}))
    np.testing.assert_allclose(point_source[:3], fringe * np.array([1, 2, 3]), rtol=0.01)
    fine = (np.arange(4001) - 2000) * FINE_M
    image = np.exp(-((fine / (42.64e-6 * 30.44 / 34.3)) ** 2) / 2)
    closed = np.convolve(np.sinc(fine / fringe) ** 2, image, "same")[1900:2700]
    np.testing.assert_allclose(minima_m(line({}))[:3], minima_m(closed)[:3], rtol=0.01)


@pytest.mark.parametrize("level", LEVELS)
def test_small_slit_gives_fraunhofers_pattern_on_every_pixel(with_gaps, cache, level):
    """sinc^2, blurred by the source's image and averaged over pixels by brute force. gap^2 / (wavelength z) is 0.02."""
    beamline = with_gaps(5.8, 5.8)
    light = evaluate(beamline, "detector", level, cache)
    fine = (np.arange(-150_000, 150_001)) * 1e-7

    def profile(sigma_m: float) -> np.ndarray:
        sharp = np.sinc(fine / fringe_m(beamline, 5.8)) ** 2
        image = np.exp(-((fine / (sigma_m * 30.44 / 34.3)) ** 2) / 2)
        blurred = np.fft.irfft(np.fft.rfft(sharp) * np.fft.rfft(np.fft.ifftshift(image)), fine.size)
        total = np.concatenate([[0.0], np.cumsum(blurred)])
        edges = (np.arange(-40, 42) - 0.5) * 75e-6
        return np.diff(np.interp(edges, np.append(fine, 0.0150001) - 0.5e-7, total))

    expected = np.multiply.outer(profile(beamline.beam.y_sigma_m), profile(beamline.beam.x_sigma_m))
    ours = light.photons_s[MIDDLE]
    difference = ours / ours.max() - expected / expected.max()
    assert np.abs(difference).max() < 1e-3


@pytest.mark.parametrize(("x_um", "y_um"), [(7.5, 5.8), (11.0, 9.0), (12.0, 13.9), (30.0, 60.0)])
def test_levels_agree_on_every_pixel(with_gaps, cache, x_um, y_um):
    fast, wave_ = (evaluate(with_gaps(x_um, y_um), "detector", level, cache) for level in LEVELS)
    a, b = fast.photons_s / fast.flux_ph_s, wave_.photons_s / wave_.flux_ph_s
    rms = np.sqrt(np.mean((a - b)[MIDDLE] ** 2)) / a.max()
    print(
        f"{x_um} x {y_um} um: rms {rms:.1e}, most {np.abs(a - b).max() / a.max():.1e} of the peak"
    )
    assert rms < 2e-5
    assert np.abs(a - b).max() / a.max() < fast.pattern_error + wave_.pattern_error
    far = np.s_[1209, ::100]
    assert np.median(b[far] / a[far]) == pytest.approx(1.0, abs=0.02)


def test_off_centre_slit_moves_the_pattern_by_geometric_projection(with_gaps, cache):
    """(1 + z2 / z1) times as far as the slit."""
    moved = {("S2", "x_center_m"): 40e-6, ("S2", "y_center_m"): -30e-6}
    expected = np.array([40e-6, -30e-6]) * (1 + 30.44 / 34.3)
    for level in LEVELS:
        light = evaluate(with_gaps(12.0, 13.9, moved), "detector", level, cache)
        rows, columns = light.photons_s.sum(1), light.photons_s.sum(0)
        near = np.abs(light.x_m) < 2e-3, np.abs(light.y_m) < 2e-3
        x_m = np.average(light.x_m[near[0]], weights=columns[near[0]])
        y_m = np.average(light.y_m[near[1]], weights=rows[near[1]])
        np.testing.assert_allclose([x_m, y_m], expected, atol=2e-6)


@pytest.mark.parametrize("level", LEVELS)
def test_the_pattern_tells_the_sources_coherence(with_gaps, cache, level):
    """Its spectrum, against that of a point source, is the degree of coherence: exp(-(d / 16.45 um)^2 / 2)."""
    point = {("ring", "x_emittance_m"): 1e-18, ("detector", "columns"): 4096}
    extended = {("detector", "columns"): 4096}
    spectra = [
        np.fft.rfft(
            evaluate(with_gaps(30.0, 5.8, ACROSS | more), "detector", level, cache).photons_s[1]
        )
        for more in (extended, point)
    ]
    ratio = np.abs(spectra[0] / spectra[1])
    separation = np.arange(ratio.size) * 1.2848e-10 * 30.44 / (4096 * FINE_M)
    inner = (separation > 0) & (separation < 25e-6)
    expected = np.exp(-((separation / 16.45e-6) ** 2) / 2)
    np.testing.assert_allclose(ratio[inner] / ratio[0], expected[inner], atol=0.02)


@pytest.mark.parametrize("level", LEVELS)
def test_fringes_wash_out_where_the_slit_is_wider_than_the_coherence(with_gaps, cache, level):
    """Contrast of the first dark fringe against the first bright one, horizontally; none where there is no minimum."""
    contrast = []
    for x_um in (7.5, 12.0, 20.0, 60.0):
        line = evaluate(with_gaps(x_um, 5.8, ACROSS), "detector", level, cache).photons_s[1]
        minima = np.rint(minima_m(line) / FINE_M).astype(int) + 100
        dark = line[minima[0]] if minima.size else 1.0
        bright = line[minima[0] : minima[1]].max() if minima.size else 1.0
        contrast.append((bright - dark) / (bright + dark))
    assert contrast[0] > 0.75
    assert contrast == sorted(contrast, reverse=True)
    assert contrast[-1] == 0.0


@pytest.mark.parametrize("level", LEVELS)
def test_no_light_is_lost_between_pixels(with_gaps, cache, level):
    """Nine pixels hold what one of three times their size does; what is missing falls beside the detector."""
    small = {("detector", "columns"): 600, ("detector", "rows"): 300}
    small |= {("detector", "center_column"): 300.0, ("detector", "center_row"): 150.0}
    large = {("detector", "pixel_m"): 225e-6, ("detector", "columns"): 200}
    large |= {("detector", "center_column"): 299 / 3, ("detector", "center_row"): 149 / 3}
    large |= {("detector", "rows"): 100}
    fine = evaluate(with_gaps(12.0, 9.0, small), "detector", level, cache)
    coarse = evaluate(with_gaps(12.0, 9.0, large), "detector", level, cache)
    binned = fine.photons_s.reshape(100, 3, 200, 3).sum((1, 3))
    np.testing.assert_allclose(binned, coarse.photons_s, rtol=1e-3, atol=1e-7 * binned.max())


@pytest.mark.parametrize("level", LEVELS)
def test_light_beside_the_detector_is_that_of_sinc2s_tails(with_gaps, cache, level):
    """Of sinc^2 lies wavelength z / (gap pi^2) (1/a + 1/b) / 2 beyond -a and b; the two directions add up."""
    light = evaluate(with_gaps(7.5, 5.8), "detector", level, cache)
    x, y = np.abs(light.x_m[[0, -1]]) + 37.5e-6, np.abs(light.y_m[[0, -1]]) + 37.5e-6
    beamline = with_gaps(7.5, 5.8)
    expected = sum(
        fringe_m(beamline, gap) / (2 * np.pi**2) * (1 / edges).sum()
        for gap, edges in ((7.5, x), (5.8, y))
    )
    assert light.outside == pytest.approx(expected, rel=0.03)
    assert light.photons_s.sum() < light.flux_ph_s


def test_scan_of_the_gap_is_no_staircase(with_gaps, cache):
    """An aperture snaps to SRW's mesh; here the mesh follows the slit. The central intensity grows as gap^2."""
    gaps = np.arange(9.00, 9.20, 0.02)
    peaks = [
        evaluate(with_gaps(7.5, y_um, ALONG), "detector", "wave", cache).photons_s[100, 1]
        for y_um in gaps
    ]
    np.testing.assert_allclose(peaks / gaps**2, peaks[0] / gaps[0] ** 2, rtol=2e-4)


@pytest.mark.parametrize(("name", "value"), [("FEWEST_CELLS", 256), ("MARGIN", 4.5)])
def test_waves_mesh_has_converged(with_gaps, cache, monkeypatch, name, value):
    """Twice the resolution, or twice the range: fringe minima change by less than 0.1 %."""
    coarse = evaluate(with_gaps(7.5, 13.9, ALONG), "detector", "wave", cache).photons_s[:, 1]
    monkeypatch.setattr(wave, name, value)
    fine = evaluate(with_gaps(7.5, 13.9, ALONG), "detector", "wave", cache).photons_s[:, 1]
    np.testing.assert_allclose(minima_m(fine)[:3], minima_m(coarse)[:3], rtol=1e-4)
    np.testing.assert_allclose(fine[100:400], coarse[100:400], rtol=1e-3, atol=1e-7 * fine.max())


@pytest.mark.parametrize("level", LEVELS)
def test_wide_slit_shows_its_shadow(with_gaps, cache, level):
    """0.1 mm of slit is a bright stripe of 0.1 (1 + z2 / z1) mm on the screen, with Fresnel's soft edges."""
    line = evaluate(with_gaps(7.5, 100.0, ALONG), "detector", level, cache).photons_s[:, 1]
    half = 50e-6 * (1 + 30.44 / 34.3) / FINE_M
    inside, outside = line[100 : 100 + round(half / 2)], line[100 + round(2 * half) :]
    assert outside.max() < 0.1 * inside.mean()
    edge = 100 + np.flatnonzero(line[100:] < inside.mean() / 4)[0]
    assert edge - 100 == pytest.approx(half, rel=0.15)


def test_error_of_the_wave_level_grows_with_the_slit(with_gaps, cache):
    errors = [
        evaluate(with_gaps(x_um, 5.8, ACROSS), "detector", "wave", cache).pattern_error
        for x_um in (7.5, 50.0, 200.0)
    ]
    assert errors[0] < 1e-3
    assert errors == sorted(errors)
    assert errors[-1] > 0.03
