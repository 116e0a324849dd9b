"""The table of ``make validate``: its machinery, and those of its rows that cost next to nothing."""

import importlib
import math
from pathlib import Path
from types import SimpleNamespace

import pytest

FOLDER = Path(__file__).parents[1] / "validation"


@pytest.fixture(scope="module")
def scripts():
    """The scripts, which import each other as siblings."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(FOLDER))
        names = ("table", "run", "sources", "diffraction", "direct_srw")
        yield SimpleNamespace(**{name: importlib.import_module(name) for name in names})


@pytest.mark.parametrize(
    ("asked", "near", "far", "text", "deviation"),
    [
        (("Within", 0.02), (10.1, 10.0), (10.3, 10.0), "2 %", "+1.00 %"),
        (("Apart", 3.0), (8978.0, 8976.0), (8980.0, 8976.0), "± 3", "+2.00"),
        (("AtMost", 10), (9.0, math.nan), (11.0, math.nan), "≤ 10", ""),
        (("AtLeast", 15), (20.0, math.nan), (14.0, math.nan), "≥ 15", ""),
    ],
)
def test_what_is_asked(scripts, asked, near, far, text, deviation):
    kind, *limits = asked
    bound = getattr(scripts.table, kind)(*limits)
    assert bound.holds(*near)
    assert not bound.holds(*far)
    assert not bound.holds(math.nan, near[1])
    assert (str(bound), bound.deviation(*near)) == (text, deviation)


def row(scripts, ours: float, asked=None):
    asked = asked or scripts.table.Within(0.02)
    return scripts.table.Row("width", "µm", lambda: (ours, 10.0), asked, "somebody")


def test_a_row_says_whether_it_holds(scripts):
    assert row(scripts, 10.1).measure().cells() == [
        "width (µm)", "10.1", "10", "+1.00 %", "2 %", "holds", "somebody"
    ]  # fmt: skip
    assert row(scripts, 11.0).measure().verdict == "MISSES"
    assert row(scripts, 11.0, scripts.table.Told()).measure().verdict == "told"


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (9.7234, "9.723"), (8976.0, "8976"), (12345.6, "12,346"), (7.71e12, "7.710e12")],
)
def test_numbers_have_four_digits(scripts, value, text):
    assert scripts.table.number(value) == text


def test_a_miss_is_in_the_report_and_in_the_exit_code(scripts, monkeypatch, tmp_path, capsys):
    report = tmp_path / "validation.md"
    monkeypatch.setattr(scripts.run, "REPORT", report)
    for ours, code, verdict in ((10.1, 0, "Every row holds."), (11.0, 1, "Missed: width.")):
        section = scripts.table.Section("Widths", [row(scripts, ours)])
        monkeypatch.setattr(scripts.run, "sections", lambda full, section=section: [section])
        assert scripts.run.main([]) == code
        assert verdict in report.read_text()
        assert "Widths" in capsys.readouterr().out
    assert "| width (µm) | 11 | 10 | +10.00 % | 2 % | MISSES | somebody |" in report.read_text()


def test_cheap_rows_hold(scripts):
    sections = (
        scripts.sources.undulator(),
        scripts.sources.others(),
        scripts.diffraction.closed_forms(),
    )
    results = [row.measure() for section in sections for row in section.rows]
    assert len(results) > 20
    assert [result.row.what for result in results if not result.holds] == []


def test_stored_references_say_how_they_were_got(scripts):
    for kind in ("one", "many"):
        stored = scripts.direct_srw.reference(kind)
        assert stored["how"] == f"validation/direct_srw.py {kind}"
        assert len(stored["x"]) == len(stored["y"]) == scripts.direct_srw.PLACES_M.size
