import pytest

from beamtwin.scenarios.scenario import ScenarioError, available, load


def test_every_scenario_that_is_available_loads_under_its_name():
    assert available() == ["chx", "chx_focusing"]
    for name in available():
        assert load(name).name == name


def test_an_unknown_name_is_answered_with_those_there_are():
    with pytest.raises(ScenarioError, match=r"'chz': did you mean 'chx'\? there are: chx"):
        load("chz")
    with pytest.raises(ScenarioError, match=r"no plan 'grid': there are: diffraction, slit_scan"):
        load("chx").plan("grid")
