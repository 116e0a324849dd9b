"""The twin's cameras over Channel Access, under the clients that people use: each in a process of its own."""

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from beamtwin.twin.ioc import IOCProcess

HERE = Path(__file__).parent
PATIENCE_S = 90.0

CLIENTS = ("ophyd", "ophyd_async", "beamtwin")


class Clients:
    """All clients at once, since most of their time goes into starting; asked for what they found one by one."""

    def __init__(self, port: int, folder: Path):
        network = {
            "EPICS_CA_ADDR_LIST": "127.0.0.1",
            "EPICS_CA_AUTO_ADDR_LIST": "NO",
            "EPICS_CA_SERVER_PORT": str(port),
            "EPICS_CA_REPEATER_PORT": str(port + 1),
        }
        self._processes = {
            name: subprocess.Popen(
                [
                    *(sys.executable, str(HERE / f"areadetector_by_{name}.py"), name),
                    f"{folder}/{name}/",
                ],
                env={**os.environ, **network},
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            for name in CLIENTS
        }

    def found(self, name: str) -> dict[str, Any]:
        out, err = self._processes[name].communicate(timeout=PATIENCE_S)
        lines = [line for line in out.splitlines() if line.startswith("{")]
        assert lines, f"{name}:\n{out}\n{err}"
        return json.loads(lines[-1])

    def close(self) -> None:
        for process in self._processes.values():
            process.kill()
            process.communicate()


@pytest.fixture(scope="module")
def clients(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clients]:
    folder = tmp_path_factory.mktemp("frames")
    for name in CLIENTS:
        (folder / name).mkdir()
    sys.path.insert(0, str(HERE))
    database = importlib.import_module("areadetector_database")
    with IOCProcess(database.make, *CLIENTS) as ioc:
        clients = Clients(ioc.port, folder)
        yield clients
        clients.close()
    sys.path.remove(str(HERE))


def test_ophyd(clients: Clients) -> None:
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


def test_ophyd_async(clients: Clients) -> None:
    """SimDetector with ADWriterFactory.hdf, triggered and flown, and .tiff."""
    found = clients.found("ophyd_async")
    assert (found["exit"], found["shape"]) == ("success", [1, 48, 64])
    assert found["documents"].count("stream_datum") == found["documents"].count("event") == 3
    assert (found["file"], found["announced"]) == ([3, 48, 64], 3)
    assert found["flown"] == {"file": [20, 48, 64], "announced": 20}
    assert found["in_parts"]
    assert found["photos"] == [[48, 64]] * 2
    assert found["mimetype"] == "multipart/related;type=image/tiff"


def test_our_own_device_under_blueskys_run_engine(clients: Clients) -> None:
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
