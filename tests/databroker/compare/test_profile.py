"""Curves."""

import h5py
import numpy as np
import pytest

from beamtwin.databroker.compare.profile import Profile, cut, from_frame, from_stream
from beamtwin.databroker.errors import ComparisonError


def test_points_are_sorted_and_gaps_left_out():
    profile = Profile(
        np.array([3.0, 1.0, 2.0, 4.0]),
        np.array([30.0, 10.0, np.nan, 40.0]),
        "mm",
        np.array([3.0, 1.0, 2.0, 4.0]),
    )
    assert profile.axis.tolist() == [1, 3, 4]
    assert profile.values.tolist() == [10, 30, 40]
    assert profile.sigma is not None
    assert profile.sigma.tolist() == [1, 3, 4]


def test_lengths_that_differ_are_refused():
    with pytest.raises(ComparisonError, match="position: 2 positions for 3 values"):
        Profile(np.arange(2), np.arange(3), "mm")


def test_units():
    profile = Profile(np.array([0.5, 1.5]), np.ones(2), "mm")
    np.testing.assert_allclose(profile.to("um").axis, [500, 1500])
    np.testing.assert_allclose(profile.to("um").to("m").axis, [5e-4, 1.5e-3])
    with pytest.raises(ComparisonError, match="position in 'mm' cannot be brought to 'deg'"):
        profile.to("deg")


def test_uncertainty_in_decades():
    profile = Profile(np.arange(2.0), np.array([100.0, 10.0]), "mm", np.array([1.0, 0.1]))
    assert profile.log10_sigma == pytest.approx([0.01 / np.log(10)] * 2)


def test_from_a_stream(db, make, fill):
    fill(db, make.run(3))
    profile = from_stream(db[-1].primary, "d", sigma=0.5)
    assert (profile.axis_name, profile.units, profile.values_name) == ("m", "mm", "d")
    assert profile.axis.tolist() == [0.1, 0.2, 0.3]
    assert profile.sigma is not None
    assert profile.sigma.tolist() == [0.5] * 3
    assert profile.source["uid"] == db[-1].uid
    assert profile.source["key"] == "d"


def test_from_a_column_of_logarithms(db, make, fill):
    documents = make.run(0, stop=False)
    key = {"dtype": "number", "shape": [], "source": "", "units": "log10(ph/s)"}
    keys = {"m": key | {"units": "um"}, "log10_intensity": key}
    documents.append(("descriptor", make.descriptor(documents[0][1]["uid"], "cut", "cut", **keys)))
    documents += [("event", make.event("cut", n, m=n, log10_intensity=-n)) for n in (1, 2)]
    fill(db, documents)
    profile = from_stream(db[-1]["cut"], "log10_intensity", axis="m", log10=True, sigma=0.025)
    np.testing.assert_allclose(profile.values, [0.1, 0.01])
    np.testing.assert_allclose(profile.log10_sigma, [0.025] * 2)
    assert (profile.values_name, profile.values_units) == ("intensity", "ph/s")


def test_what_a_stream_lacks_is_named(db, make, fill):
    fill(db, make.run(1, hints={}))
    with pytest.raises(ComparisonError, match="its plan names no dimension; give the axis"):
        from_stream(db[-1].primary, "d")
    with pytest.raises(ComparisonError, match="has no key 'x'"):
        from_stream(db[-1].primary, "x", axis="m")


IMAGE = np.arange(5)[:, None] * 10.0 + np.arange(7)


@pytest.mark.parametrize(
    ("options", "axis", "values"),
    [
        ({}, [-150, -75, 0, 75, 150], IMAGE[:, 3]),
        ({"width": 3}, [-150, -75, 0, 75, 150], IMAGE[:, 2:5].sum(axis=1)),
        ({"width": 7}, [-150, -75, 0, 75, 150], IMAGE.sum(axis=1)),
        ({"along": "horizontal"}, np.arange(-3, 4) * 75, IMAGE[2]),
        ({"centre": (1, 5), "width": 2}, [-75, 0, 75, 150, 225], IMAGE[:, 4:6].sum(axis=1)),
        ({"along": "horizontal", "centre": (0, 6)}, np.arange(-6, 1) * 75, IMAGE[0]),
    ],
)
def test_cuts(options, axis, values):
    profile = cut(IMAGE, pixel_size=75.0, **options)
    assert profile.axis.tolist() == list(axis)
    assert profile.values.tolist() == list(values)


def test_a_band_outside_the_image():
    with pytest.raises(ComparisonError, match="a band of 9 pixels about 3 leaves the image"):
        cut(IMAGE, pixel_size=75.0, width=9)
    with pytest.raises(ComparisonError, match="not of shape \\(5,\\)"):
        cut(IMAGE[:, 0], pixel_size=75.0)


def test_from_a_frame(db, make, fill, tmp_path):
    with h5py.File(tmp_path / "f.h5", "w") as file:
        file["data"] = np.stack([0 * IMAGE, IMAGE])[:, None]
    documents = make.run(0, stop=False)
    run = documents[0][1]["uid"]
    image = {"dtype": "array", "shape": [1, 5, 7], "source": "", "external": "STREAM:"}
    resource = {
        "uid": "r",
        "run_start": run,
        "data_key": "image",
        "mimetype": "application/x-hdf5",
        "uri": (tmp_path / "f.h5").as_uri(),
        "parameters": {"dataset": "data"},
    }
    block = {"start": 0, "stop": 2}
    datum = {"uid": "r/0", "stream_resource": "r", "descriptor": "d", "indices": block}
    documents[1] = ("descriptor", make.descriptor(run, "d", "primary", image=image))
    documents += [
        ("stream_resource", resource),
        ("stream_datum", datum | {"seq_nums": {"start": 1, "stop": 3}}),
    ]
    fill(db, documents)
    profile = from_frame(db[-1].primary, "image", pixel_size=75.0, event=1, width=3)
    assert profile.values.tolist() == IMAGE[:, 2:5].sum(axis=1).tolist()
    assert profile.source["uid"] == run
