"""The twin's cameras over Channel Access, under the clients that people use: each in a process of its own."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

CLIENTS = ("ophyd", "ophyd_async", "beamtwin")


@pytest.fixture(scope="module")
def clients(tmp_path_factory: pytest.TempPathFactory, serve: Callable[..., Any]) -> Iterator[Any]:
    folder = tmp_path_factory.mktemp("frames")
    for name in CLIENTS:
        (folder / name).mkdir()
    commands = {
        name: ((f"areadetector_by_{name}.py", name, f"{folder}/{name}/"), {}) for name in CLIENTS
    }
    with serve("areadetector_database", CLIENTS, commands) as clients:
        yield clients


def test_ophyd(clients: Any) -> None:
    """SingleTrigger with HDF5 and TIFF FileStore mixins, Stats of a ROI; the circular buffer; EigerDetector."""
    found = clients.found("ophyd")
    assert found["hints"] == ["det_stats1_total"]
    assert found["totals"] == found["expected"]
    assert found["shapes"] == [[3, 48, 64], [1, 48, 64]]
    assert found["tiffs"] == [True] * 3
    assert sorted(found["assets"]) == ["datum"] * 6 + ["resource"] * 2
    assert found["specs"] == ["AD_HDF5", "AD_TIFF"]
    assert found["restored"] == ["Single", 0]
    assert found["continuous"] == 2
    assert found["eiger"] == {"model": "Eiger 4M", "signals": 144, "series": 1, "taken": 2}


def test_ophyd_async(clients: Any) -> None:
    """SimDetector with ADWriterFactory.hdf, triggered and flown, and .tiff."""
    found = clients.found("ophyd_async")
    assert (found["exit"], found["shape"]) == ("success", [1, 48, 64])
    assert found["documents"].count("stream_datum") == found["documents"].count("event") == 3
    assert (found["file"], found["announced"]) == ([3, 48, 64], 3)
    assert found["flown"] == {"file": [20, 48, 64], "announced": 20}
    assert found["in_parts"]
    assert found["photos"] == [[48, 64]] * 2
    assert found["mimetype"] == "multipart/related;type=image/tiff"


def test_our_own_device_under_blueskys_run_engine(clients: Any) -> None:
    found = clients.found("beamtwin")
    count, fly = found["count"], found["fly"]
    assert count["exit"] == fly["exit"] == "success"
    assert count["announced"] == count["ranges"] == len(count["totals"]) == 3
    first, second, third = count["totals"]
    assert (
        second - first == third - second == 48 * 64
    )  # each is brighter by one count in each pixel
    assert fly["announced"] == 20
    assert 1 < fly["ranges"] <= 20
    assert fly["names"][:3] == ["start", "descriptor", "stream_resource"]
