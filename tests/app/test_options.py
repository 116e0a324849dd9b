import pytest

from beamtwin.app.options import UsageError, data_folder, plan_arguments


def plan(
    devices,
    *,
    points: int = 21,
    exposure_s: float = 1.0,
    gaps_um: tuple[tuple[float, float], ...] = ((7.5, 5.8),),
    note: str | None = None,
):
    yield


def test_values_get_the_types_that_the_plan_declares():
    given = ["points=5", "exposure_s=0.25", "gaps_um=7.5x5.8,11x9", "note=dark"]
    assert plan_arguments(plan, given) == {
        "points": 5,
        "exposure_s": 0.25,
        "gaps_um": ((7.5, 5.8), (11.0, 9.0)),
        "note": "dark",
    }


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ("points=many", "points=many: expected int"),
        ("gaps_um=7.5", "gaps_um=7.5: expected 2 values separated by 'x'"),
        (
            "speed=3",
            "'speed=3' is no argument of the plan; its arguments are: points=21, exposure_s=1.0",
        ),
        ("points", "'points' is no argument of the plan"),
        ("devices=x", "'devices=x' is no argument of the plan"),
    ],
)
def test_what_cannot_be_meant_is_said(assignment, message):
    with pytest.raises(UsageError) as error:
        plan_arguments(plan, [assignment])
    assert message in str(error.value)


def test_data_folder_is_the_one_given_then_the_environments(tmp_path, monkeypatch):
    monkeypatch.setenv("BEAMTWIN_DATA", str(tmp_path / "environment"))
    assert data_folder(tmp_path / "given") == tmp_path / "given"
    assert data_folder(None) == tmp_path / "environment"
    monkeypatch.delenv("BEAMTWIN_DATA")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    assert data_folder(None) == tmp_path / "home" / "beamtwin"


def test_data_folder_that_is_a_file_is_an_error_with_a_way_out(tmp_path):
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(UsageError, match=r"data folder .*file: .*choose another with --data"):
        data_folder(file)
