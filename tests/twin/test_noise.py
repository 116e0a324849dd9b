import numpy as np

from beamtwin.twin.noise import Streams, stream


def test_the_same_seed_and_name_give_the_same_bits():
    assert np.array_equal(stream(7, "diode").random(100), stream(7, "diode").random(100))


def test_streams_of_other_names_or_seeds_have_nothing_in_common():
    one = stream(7, "diode").normal(size=10_000)
    for other in (stream(7, "camera"), stream(8, "diode")):
        # Correlation of independent normals: 0 with a standard deviation of 1/sqrt(10,000).
        assert abs(np.corrcoef(one, other.normal(size=10_000))[0, 1]) < 0.05


def test_a_stream_does_not_depend_on_what_others_draw():
    first = stream(7, "diode")
    stream(7, "camera").random(1000)
    assert first.random() == stream(7, "diode").random()


def test_streams_that_are_kept_go_on():
    streams = Streams(7)
    drawn = [stream(streams, "diode").random() for _ in range(2)]
    assert drawn == stream(7, "diode").random(2).tolist()
    assert list(streams.generators) == ["diode"]
