"""Shutters and valves: they take their time, are refused, ignore commands, and jam."""

from collections.abc import Callable
from typing import Any

import pytest

from beamtwin.hardware.shutter import DigitalOutputShutter, EPSShutter, FastShutter, FourPVShutter
from beamtwin.hardware.valve import GateValve, PneumaticActuator
from beamtwin.orchestration import stubs as bps
from beamtwin.orchestration.errors import InterlockError, LimitsError, MoveError
from beamtwin.twin.clock import SimClock
from beamtwin.twin.counterparts.shutters import EPSRecords, FourPVRecords
from beamtwin.twin.database import Database

Twin = Callable[..., Any]


@pytest.mark.parametrize(
    ("cls", "travel_s"),
    [
        (FourPVShutter, 1.0),
        (EPSShutter, 1.0),
        (GateValve, 1.0),
        (FastShutter, 0.005),
        (DigitalOutputShutter, 0.005),
    ],
)
def test_it_opens_and_closes(
    twin: Twin, clock: SimClock, run: Callable[[Any], Any], cls: type[Any], travel_s: float
) -> None:
    shutter = twin(cls, "XF:11IDA-PPS{PSh}", name="sh")
    assert shutter.locate() == {"setpoint": "Close", "readback": "Close"}
    run(bps.mv(shutter, "Open"))
    assert clock.env.now == pytest.approx(travel_s)
    assert shutter.is_open
    assert shutter.locate() == {"setpoint": "Open", "readback": "Open"}
    shutter.open().wait()  # it is
    assert clock.env.now == pytest.approx(travel_s)
    shutter.set("Closed").wait()
    assert not shutter.is_open
    with pytest.raises(LimitsError, match=r"sh: 'Ajar' is not one of 'Open', 'Close', 'Closed'"):
        shutter.set("Ajar")


def test_it_can_begin_open(twin: Twin) -> None:
    for cls in (FourPVShutter, EPSShutter, FastShutter):
        assert twin(cls, cls.__name__, {"open": True}).is_open


def test_a_shutter_is_neither_open_nor_closed_on_its_way(twin: Twin, clock: SimClock) -> None:
    shutter = twin(FourPVShutter, "S")
    shutter.open()
    clock.sleep(0.5)
    assert shutter.is_open is None
    assert shutter.locate() == {"setpoint": "Open", "readback": "Between"}


@pytest.fixture
def four(database: Database) -> tuple[FourPVShutter, FourPVRecords]:
    records = FourPVRecords(database, "S", {})
    shutter = FourPVShutter("S", "sh", database)
    shutter.connect()
    return shutter, records


def test_a_shutter_that_jams_fails(four: tuple[FourPVShutter, FourPVRecords]) -> None:
    shutter, records = four
    records.model.jammed = True
    message = r"sh: did not open within 10 s: it is between \(S\)"
    with pytest.raises(MoveError, match=message):
        shutter.open().wait()


def test_a_shutter_without_a_permit_fails(four: tuple[FourPVShutter, FourPVRecords]) -> None:
    shutter, records = four
    records.model.permitted = False
    with pytest.raises(MoveError, match=r"sh: did not open within 10 s: it is close"):
        shutter.open().wait()


def test_a_shutter_that_is_sent_back_goes_back(
    four: tuple[FourPVShutter, FourPVRecords], clock: SimClock
) -> None:
    shutter, _ = four
    shutter.open()
    clock.sleep(0.5)
    shutter.close().wait()
    clock.sleep(5.0)
    assert shutter.is_open is False


@pytest.fixture
def eps(database: Database) -> tuple[EPSShutter, EPSRecords]:
    records = EPSRecords(database, "S", {})
    shutter = EPSShutter("S", "sh", database)
    shutter.connect()
    return shutter, records


def test_a_command_that_is_ignored_is_given_again(
    eps: tuple[EPSShutter, EPSRecords], clock: SimClock
) -> None:
    shutter, records = eps
    records.model.deaf = 2
    shutter.open().wait()
    assert clock.time() - clock.epoch == 2 * shutter.timeout_s + 1.0
    records.model.deaf = 10
    with pytest.raises(MoveError, match="sh: did not close within 5 s in 4 attempts: it is open"):
        shutter.close().wait()


def test_what_is_not_enabled_is_refused_at_once(eps: tuple[EPSShutter, EPSRecords]) -> None:
    shutter, records = eps
    records.enabled.post("VAL", 0)
    message = r"sh: cannot open: it is not enabled \(SEnbl-Sts\); ask the control room"
    with pytest.raises(InterlockError, match=message):
        shutter.open()


def test_a_permit_that_goes_meanwhile_is_named(eps: tuple[EPSShutter, EPSRecords]) -> None:
    shutter, records = eps
    records.model.deaf = 1
    status = shutter.open()
    records.enabled.post("VAL", 0)
    with pytest.raises(MoveError, match="it is close; SSts:FailOpn-Sts is set"):
        status.wait()


def test_an_actuator_is_inserted_and_retracted(twin: Twin) -> None:
    screen = twin(PneumaticActuator, "P")
    screen.set("Insert").wait()
    assert screen.locate()["readback"] == "Insert"
    with pytest.raises(LimitsError, match="'Open' is not one of 'Insert', 'Retract'"):
        screen.set("Open")


def test_a_shutter_may_be_wired_the_other_way_round(twin: Twin, database: Database) -> None:
    class Inverted(DigitalOutputShutter):
        open_value = False

    shutter = twin(Inverted, "DO:8", {"open": False})
    assert database.channel("DO:8-Sts").get().value == 1
    shutter.open().wait()
    assert database.channel("DO:8-Cmd").get().value == 0
