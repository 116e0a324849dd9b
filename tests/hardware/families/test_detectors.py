"""Electrometers and scalers."""

from collections.abc import Callable
from typing import Any

import pytest

from beamtwin.hardware.electrometer import XBPM, ElectrometerSums, PointDetector, QuadEM
from beamtwin.hardware.scaler import Scaler, ScalerCH
from beamtwin.orchestration import plans
from beamtwin.orchestration.errors import DeviceError
from beamtwin.twin.clock import SimClock
from beamtwin.twin.counterparts.detectors import quantities
from beamtwin.twin.counterparts.populate import populate
from beamtwin.twin.database import Database

Twin = Callable[..., Any]
FOUR = {"currents": [1e-6, 2e-6, 3e-6, 2e-6]}


def test_positions_follow_from_four_currents() -> None:
    diamond, square = quantities((1.0, 2.0, 3.0, 2.0)), quantities((1.0, 2.0, 3.0, 2.0), True)
    assert (diamond.SumX, diamond.PosX) == (3.0, pytest.approx(1 / 3))
    assert (diamond.SumY, diamond.PosY) == (5.0, pytest.approx(-0.2))
    assert (square.SumX, square.PosX, square.PosY) == (8.0, 0.25, -0.25)
    assert quantities((0.0,) * 4).PosX == 0.0


def test_a_beam_position_monitor_is_always_there(twin: Twin) -> None:
    currents = list(FOUR["currents"])
    xbpm = twin(XBPM, "XF:11IDB-BI{XBPM:02}", {"currents": lambda: currents}, name="xbpm")
    readings = xbpm.read()
    assert readings["xbpm_total"]["value"] == pytest.approx(8e-6)
    assert readings["xbpm_x"]["value"] == pytest.approx(0.25)
    assert xbpm.hints["fields"] == ["xbpm_x", "xbpm_y", "xbpm_total"]
    currents[:] = [1e-6] * 4
    assert xbpm.read()["xbpm_x"]["value"] == pytest.approx(0.0)


def test_what_is_monitored_is_told_regularly_and_no_longer(twin: Twin, clock: SimClock) -> None:
    count = 0

    def currents() -> list[float]:
        nonlocal count
        count += 1
        return [1e-6 * count] * 4

    heard: list[float] = []

    def hear(reading: Any) -> None:
        heard.append(reading["d_total"]["value"])

    total = twin(XBPM, "X", {"currents": currents}).total
    total.subscribe(hear)
    clock.sleep(3.5)
    assert len(heard) == 4
    assert heard == sorted(set(heard))
    total.clear_sub(hear)
    clock.sleep(10.0)
    assert len(heard) == 4
    assert all(when <= clock.env.now for when, *_ in clock.env._queue)


def test_an_electrometer_averages_and_runs_freely_again(twin: Twin, clock: SimClock) -> None:
    em = twin(QuadEM, "XF:11IDB-BI{EM:1}", {**FOUR, "averaging_s": 0.5}, name="em")
    em.acquire.send(True)
    assert em.current3.mean.get() == 3e-6
    em.stage().wait()
    assert em.acquire_mode.get() == "Single"
    em.trigger().wait()
    assert clock.time() - clock.epoch == 0.5
    readings = em.read()
    assert readings["em_sum_all"]["value"] == pytest.approx(8e-6)
    assert readings["em_pos_x"]["value"] == pytest.approx(1 / 3)
    em.unstage().wait()
    assert (em.acquire_mode.get(), em.acquire.get()) == ("Continuous", True)


def test_an_electrometer_can_be_stopped(twin: Twin, clock: SimClock) -> None:
    em = twin(QuadEM, "Q", {**FOUR, "averaging_s": 5.0})
    em.stage().wait()
    status = em.trigger()
    clock.sleep(1.0)
    em.stop()
    status.wait()
    assert clock.time() - clock.epoch == 1.0
    assert em.current1.mean.get() == 0.0


def test_an_electrometer_in_a_scan(twin: Twin, run: Callable[[Any], Any]) -> None:
    em = twin(QuadEM, "Q", FOUR)
    documents = run(plans.count([em], 2))
    events = [document["data"] for name, document in documents if name == "event"]
    assert [event["d_current2"] for event in events] == [2e-6, 2e-6]
    configuration = next(d for n, d in documents if n == "descriptor")["configuration"]["d"]["data"]
    assert configuration["d_acquire_mode"] == "Single"
    assert configuration["d_geometry"] == "Diamond"


def test_sums_and_single_numbers(twin: Twin) -> None:
    elm = twin(ElectrometerSums, "XF:11IDA-BI{AH401B}AH401B:", FOUR, name="elm")
    assert elm.read()["elm_sum_all"]["value"] == pytest.approx(8e-6)
    gauge = twin(PointDetector, "G", {"value": 1e-8}, name="gauge")
    assert gauge.read()["gauge"]["value"] == 1e-8


def test_a_scalers_channels_are_called_by_their_names(twin: Twin) -> None:
    settings = {"NM2": "i0", "NM3": "diode", "rates": {"2": 1000.0, "3": 10.0}}
    scaler = twin(ScalerCH, "S", settings, name="s")
    scaler.select_channels()
    assert scaler.hints["fields"] == ["s_time", "s_i0", "s_diode"]
    scaler.stage().wait()
    scaler.trigger().wait()
    readings = scaler.read()
    assert readings["s_i0"]["value"] == 1000.0
    assert "s_s4" not in readings
    assert scaler.read_configuration()["s_names_s2"]["value"] == "i0"
    scaler.select_channels(["diode"])
    assert scaler.hints["fields"] == ["s_diode"]
    with pytest.raises(DeviceError, match="s: no channel is called I1; there are time, i0, diode"):
        scaler.select_channels(["I1"])


def test_counts_have_statistics_where_there_is_a_seed(clock: SimClock) -> None:
    def counted(seed: int | None) -> list[float]:
        database = Database(clock)
        scaler = Scaler("S", "s", database, channels={2: "i0"})
        populate(database, scaler, {"rates": {2: 1e4}, "seed": seed})
        counts = []
        for _ in range(3):
            scaler.trigger().wait()
            counts.append(scaler.counts[2].get())
        return counts

    noisy = counted(1)
    assert len(set(noisy)) == 3
    assert all(abs(count - 1e4) < 600 for count in noisy)
    assert counted(None) == [1e4] * 3
    assert counted(1) == noisy
