"""The families that wait for more than a put, over Channel Access to the twin's IOC."""

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from beamtwin.hardware.ca import CATransport
from beamtwin.orchestration import RunEngine, plans
from beamtwin.orchestration import stubs as bps
from beamtwin.orchestration.clock import WallClock
from beamtwin.orchestration.errors import InterlockError, MoveError
from beamtwin.orchestration.preprocessors import run_wrapper
from beamtwin.twin.ioc import IOCProcess

HERE = str(Path(__file__).parent)


@pytest.fixture(scope="module")
def transport() -> Iterator[CATransport]:
    sys.path.insert(0, HERE)
    try:
        with IOCProcess(importlib.import_module("served_devices").make) as ioc:
            transport = CATransport(addresses=["127.0.0.1"], port=ioc.port)
            yield transport
            transport.close()
    finally:
        sys.path.remove(HERE)


@pytest.fixture
def device(transport: CATransport) -> Callable[[str], Any]:
    def connect(name: str) -> Any:
        cls, prefix, _ = importlib.import_module("served_devices").DEVICES[name]
        made = cls(prefix, name, transport)
        made.connect()
        return made

    sys.path.insert(0, HERE)
    return connect


def test_virtual_slits_move_and_wait_for_their_blades(device: Callable[[str], Any]) -> None:
    s2 = device("s2")
    for gap in (0.5, 1.0, 0.5, 2.0):  # a readback from before the move would be wrong
        s2.v_gap.set(gap).wait()
        assert s2.top.position - s2.bottom.position == pytest.approx(gap)
    s2.set({"h_gap": 1.0, "h_center": 0.5}).wait()
    assert s2.locate()["readback"] == pytest.approx(
        {"h_gap": 1.0, "h_center": 0.5, "v_gap": 2.0, "v_center": 0.0}
    )


def test_soft_motors_move_and_are_scanned(device: Callable[[str], Any]) -> None:
    pbs, dcm = device("pbs"), device("dcm")
    pbs.set({"v_gap": 1.0, "v_center": 0.25}).wait()
    assert (pbs.top.position, pbs.bottom.position) == pytest.approx((0.75, -0.25))
    documents: list[tuple[str, dict[str, Any]]] = []
    engine = RunEngine({}, clock=WallClock())
    engine(plans.scan([pbs], dcm.energy, 9000, 9100, 3), lambda *args: documents.append(args))
    events = [document["data"]["dcm_energy"] for name, document in documents if name == "event"]
    assert events == pytest.approx([9000.0, 9050.0, 9100.0], abs=0.01)


def test_a_stopped_virtual_gap_is_held(device: Callable[[str], Any]) -> None:
    s2 = device("s2")
    s2.top.velocity.set(0.5).wait()
    status = s2.v_gap.set(4.0)
    WallClock().sleep(0.2)
    s2.v_gap.stop()
    with pytest.raises(MoveError, match="s2_v_gap: did not get to 4 mm: it was stopped"):
        status.wait(10.0)
    assert s2.v_gap.position < 4.0
    s2.top.velocity.set(20.0).wait()


def test_what_settles_settles(device: Callable[[str], Any]) -> None:
    hdm, oven = device("hdm"), device("oven")
    hdm.pitch.settle_s, oven.settle_s, oven.tolerance = 0.1, 0.0, 0.5
    hdm.pitch.set(20.0).wait(10.0)
    assert hdm.pitch.position == pytest.approx(20.0, abs=0.05)
    oven.set(300.0).wait(10.0)
    assert oven.position == pytest.approx(300.0, abs=0.5)


def test_shutters_brakes_and_electrometers(device: Callable[[str], Any]) -> None:
    sh, psh, ivu, em = (device(name) for name in ("sh", "psh", "ivu", "em"))
    sh.open().wait(10.0)
    assert sh.is_open
    with pytest.raises(InterlockError, match="psh: cannot open: it is not enabled"):
        psh.open()
    with pytest.raises(MoveError, match="its brakes are engaged"):
        ivu.set(1.0)
    ivu.brakes_disengaged.set(True).wait(10.0)
    ivu.set(1.0).wait(10.0)
    assert ivu.position == 1.0
    em.stage().wait(10.0)
    em.trigger().wait(10.0)
    assert em.read()["em_sum_all"]["value"] == pytest.approx(8e-6)
    em.unstage().wait(10.0)


def test_position_compare(device: Callable[[str], Any]) -> None:
    zebra, s2 = device("z"), device("s2")

    def plan() -> Any:
        yield from bps.mv(s2.top, -1.0)
        yield from bps.prepare(zebra, {"start": 0.0, "step": 0.1, "count": 5}, wait=True)
        yield from bps.kickoff(zebra, wait=True)
        yield from bps.mv(s2.top, 1.0)
        yield from bps.complete(zebra, wait=True)
        yield from bps.collect(zebra)

    documents: list[tuple[str, dict[str, Any]]] = []
    engine = RunEngine({}, clock=WallClock())
    engine(run_wrapper(plan()), lambda *args: documents.append(args))
    (page,) = (document for name, document in documents if name == "event_page")
    assert page["data"]["z_position"] == pytest.approx(0.1 * np.arange(5))
    assert np.diff(page["data"]["z_time"]) == pytest.approx(0.005)  # 0.1 mm at 20 mm/s
