"""The demo for one gap, by closed forms; `make demo` is all of it by wave optics, and CI runs that."""

import re

from beamtwin.scenarios.chx import analysis


def test_it_measures_simulates_and_compares_on_both_targets(beamtwin, data, tmp_path, monkeypatch):
    lines = analysis.MEASUREMENT.read_text().splitlines(keepends=True)
    third = tmp_path / "third.csv"
    third.write_text("".join(line for line in lines if not re.match(r"7\.5,|11,|11\.0,", line)))
    monkeypatch.setattr(analysis.import_measurement, "__defaults__", (third,))
    done = beamtwin("demo", "--out", str(data), "--engine", "fast")
    assert (done.code, done.err) == (0, "")
    rows = [[cell.strip() for cell in line.strip("│").split("│")] for line in done.out.splitlines()]
    (gap,) = (row for row in rows if len(row) == 6)
    assert (gap[0], gap[1][:5], gap[5]) == ("12 x 13.9", "12.21", "disagrees")
    assert abs(float(gap[4]) - 1) < 0.02
    assert "It agrees with the label horizontal (12 µm)." in " ".join(done.out.split())
    (targets,) = (row for row in rows if len(row) == 5)
    assert targets[:3] == ["12 x 12.21 µm", "same", "same bits"]
    assert 0.9 < float(targets[3]) < 1.1
    files = re.findall(rf"{data}/(\S+\.(?:png|html))", done.out)
    assert len(files) >= 2
    assert all((data / file).stat().st_size > 10_000 for file in files)
    assert re.search(r"beamtwin demo: done in \d+ s\n$", done.out)
    assert beamtwin("list").out.startswith("5 of 5 runs")
