"""Who is given what."""

import pytest

from beamtwin.twin.workers.affinity import Affinity, upstream

LEVEL = "srw"


def test_a_way_begins_anew_behind_what_moved(beamline):
    before = upstream(beamline, LEVEL)
    assert len(before) == 4  # in front of S2, of KL, of S3; and all
    for part, same in (("S0", 0), ("S2", 1), ("KL", 2), ("S3", 3)):
        parameter = "x_focal_length_m" if part == "KL" else "x_gap_m"
        moved = beamline.with_parameters({(part, parameter): 33e-6})
        after = upstream(moved, LEVEL)
        assert [a == b for a, b in zip(before, after, strict=True)] == [n < same for n in range(4)]
    assert not set(before) & set(upstream(beamline, "coherent"))


def test_who_knows_most_of_the_way_is_chosen_and_else_who_has_least_to_do():
    affinity = Affinity()
    assert affinity.choose((1, 2, 3), {"a": 1, "b": 0}) == "b"
    assert affinity.choose((7, 8, 9), {"a": 0, "b": 0}) == "a"
    assert affinity.choose((1, 2, 4), {"a": 0, "b": 5}) == "b"
    assert affinity.choose((1, 5, 6), {"a": 0, "b": 5}) == "b"
    affinity.forget("b")
    assert affinity.choose((1, 2, 4), {"a": 0, "b": 5}) == "a"


def test_what_was_long_ago_is_forgotten(monkeypatch):
    monkeypatch.setattr("beamtwin.twin.workers.affinity.MOST_KEYS", 2)
    affinity = Affinity()
    affinity.note("a", (1, 2))
    affinity.note("a", (1, 3))
    assert affinity.choose((2,), {"b": 0, "a": 1}) == "b"
    assert affinity.choose((1,), {"b": 0, "a": 1}) == "a"


@pytest.mark.parametrize("movable", [(), ("S2",)])
def test_without_axes_every_element_may_move(beamline, movable):
    from dataclasses import replace

    keys = upstream(replace(beamline, movable=movable), LEVEL)
    assert len(keys) == (2 if movable else len(beamline.elements) + 1)
