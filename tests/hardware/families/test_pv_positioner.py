"""PV positioners against a dictionary of PVs: how they know that they have arrived, and what can go wrong."""

from typing import Any

import pytest

from beamtwin.hardware.channel import Metadata
from beamtwin.hardware.device import pv
from beamtwin.hardware.pv_positioner import PVPositioner, PVPositionerIsClose, PVPositionerPC
from beamtwin.hardware.signals import Kind, SignalR, SignalRW, SignalW
from beamtwin.hardware.soft import SoftTransport
from beamtwin.orchestration.errors import (
    LimitsError,
    MoveError,
    NotConnectedError,
    StatusTimeoutError,
)
from beamtwin.orchestration.status import Status, finished
from beamtwin.twin.clock import SimClock

MM = Metadata("<f8", units="mm", precision=3, limits=(-10.0, 10.0))


class Server:
    """Moves in a second.

    Attributes
    ----------
    completes : bool
        Its put completes when it is there, else at once.
    late_s : float
        How long DMOV says nothing of a new move.
    lost : float
        How far from its target it comes to rest.
    deaf : bool
        Nothing moves.
    """

    def __init__(self, transport: SoftTransport, completes: bool = False):
        self.transport = transport
        self.clock = transport.clock
        self.completes = completes
        self.late_s = self.lost = 0.0
        self.deaf = False
        self._timers: list[Any] = []
        for name, value in {"SP": 0.0, "RBV": 0.0}.items():
            transport.serve(f"P:{name}", (value, MM))
        for name in ("DMOV", "GO", "STOP"):
            transport.serve(f"P:{name}", int(name == "DMOV"))
        transport.on_put("P:SP", self.put)
        transport.on_put("P:STOP", lambda _: self.stop())

    def put(self, target: float) -> Status | None:
        status = Status(self.clock, name="server")
        now = self.clock.time()
        if self.deaf:
            return finished(self.clock)

        def arrive() -> None:
            self.transport.set("P:RBV", target + self.lost)
            self.transport.set("P:DMOV", 1)
            status.set_finished()

        def begin() -> None:
            self.transport.set("P:DMOV", 0)
            self._timers = [self.clock.call_at(now + 1.0, arrive)]

        if self.late_s:
            self.clock.call_at(now + self.late_s, begin)
        else:
            begin()
        return status if self.completes else None

    def stop(self) -> None:
        for timer in self._timers:
            timer.cancel()
        self.transport.set("P:RBV", 0.5)
        self.transport.set("P:DMOV", 1)

    def monitors(self) -> int:
        return sum(
            len(self.transport.channel(f"P:{name}")._callbacks) for name in ("SP", "RBV", "DMOV")
        )


class ByDone(PVPositioner):
    readback: SignalR[float] = pv("RBV", kind=Kind.hinted, primary=True)
    setpoint: SignalRW[float] = pv("SP")
    done: SignalR[bool] = pv("DMOV", kind=Kind.omitted)
    stop_signal: SignalW[bool] = pv("STOP", kind=Kind.omitted, completion=False)


class ByCompletion(PVPositionerPC):
    readback: SignalR[float] = pv("RBV", kind=Kind.hinted, primary=True)
    setpoint: SignalRW[float] = pv("SP")


class ByReadback(PVPositionerIsClose):
    readback: SignalR[float] = pv("RBV", kind=Kind.hinted, primary=True)
    setpoint: SignalRW[float] = pv("SP")


class Actuated(PVPositionerPC):
    readback: SignalR[float] = pv("RBV", kind=Kind.hinted, primary=True)
    setpoint: SignalRW[float] = pv("SP")
    actuate: SignalRW[bool] = pv("GO", kind=Kind.omitted)


@pytest.fixture
def transport(clock: SimClock) -> SoftTransport:
    return SoftTransport(clock)


def make(cls: type[Any], transport: SoftTransport, **arguments: Any) -> Any:
    axis = cls("P:", "axis", transport, **arguments)
    axis.connect()
    return axis


@pytest.mark.parametrize("completes", [False, True])
@pytest.mark.parametrize("late_s", [0.0, 0.5])
@pytest.mark.parametrize("cls", [ByDone, ByReadback])
def test_a_move_is_done_when_it_is_there(
    transport: SoftTransport, clock: SimClock, cls: type[Any], completes: bool, late_s: float
) -> None:
    server = Server(transport, completes)
    server.late_s = late_s
    axis = make(cls, transport)
    before = server.monitors()
    axis.set(2.0).wait()
    assert clock.time() - clock.epoch == 1.0
    assert axis.locate() == {"setpoint": 2.0, "readback": 2.0}
    assert list(axis.read()) == ["axis", "axis_setpoint"]
    assert server.monitors() == before


def test_put_completion_says_when_it_is_there(transport: SoftTransport, clock: SimClock) -> None:
    Server(transport, completes=True)
    axis = make(ByCompletion, transport)
    status = axis.set(2.0)
    assert axis.moving
    status.wait()
    assert (clock.time() - clock.epoch, axis.position, axis.moving) == (1.0, 2.0, False)


def test_actuating_begins_the_move_and_its_completion_ends_it(
    transport: SoftTransport, clock: SimClock
) -> None:
    server = Server(transport)
    transport.on_put("P:SP", lambda _: None)
    server.completes = True
    transport.on_put("P:GO", lambda _: server.put(transport.channel("P:SP").get().value))
    make(Actuated, transport).set(3.0).wait()
    assert clock.time() - clock.epoch == 1.0


def test_a_move_to_where_it_is_ends_at_once(transport: SoftTransport, clock: SimClock) -> None:
    server = Server(transport)
    server.deaf = True
    make(ByDone, transport).set(0.0005).wait()
    assert clock.time() == clock.epoch


@pytest.mark.parametrize(
    ("arguments", "ask", "message"),
    [
        ({"limits": (0.0, 1.0)}, 2.0, r"axis: 2 mm is outside \[0, 1\] mm \(limits of axis\)"),
        (
            {},
            12.5,
            r"axis_setpoint: 12.5 mm is outside \[-10, 10\] mm \(control limits of P:SP\)",
        ),
    ],
)
def test_limits_are_checked_before_anything_moves(
    transport: SoftTransport, arguments: dict[str, Any], ask: float, message: str
) -> None:
    Server(transport)
    axis = make(ByDone, transport, **arguments)
    for attempt in (axis.set, axis.check_value):
        with pytest.raises(LimitsError, match=message):
            attempt(ask)
    assert axis.setpoint.get() == 0.0


def test_it_fails_where_it_comes_to_rest_elsewhere(transport: SoftTransport) -> None:
    Server(transport).lost = 0.1
    message = r"axis: did not get to 2 mm: it came to rest before; it is at 2.1 mm \(P:SP\)"
    with pytest.raises(MoveError, match=message):
        make(ByDone, transport).set(2.0).wait()
    make(ByDone, transport, tolerance=0.2).set(3.0).wait()


def test_it_fails_where_nothing_moves(transport: SoftTransport, clock: SimClock) -> None:
    Server(transport).deaf = True
    with pytest.raises(MoveError, match="axis: did not get to 2 mm: nothing moved within 2 s"):
        make(ByDone, transport).set(2.0).wait()
    assert clock.time() - clock.epoch == 2.0


def test_a_move_that_never_ends_times_out_and_leaves_no_monitor(transport: SoftTransport) -> None:
    server = Server(transport)
    server.lost = 1.0
    axis = make(ByReadback, transport, timeout_s=5.0)
    before = server.monitors()
    with pytest.raises(StatusTimeoutError, match="axis: move to 2 mm: not done after 5 s"):
        axis.set(2.0).wait()
    assert server.monitors() == before
    assert not axis.moving
    with pytest.raises(StatusTimeoutError, match=r"not done after 0\.5 s"):
        axis.set(2.0, timeout=0.5).wait()


def test_stopping_fails_the_move_unless_on_purpose(
    transport: SoftTransport, clock: SimClock
) -> None:
    Server(transport)
    axis = make(ByDone, transport)
    status = axis.set(2.0)
    clock.sleep(0.5)
    axis.stop()
    with pytest.raises(MoveError, match=r"it was stopped; it is at 0.5 mm"):
        status.wait()
    status = axis.set(2.0)
    axis.stop(success=True)
    status.wait()
    axis.stop()  # at rest: nothing to fail


def test_without_a_stop_pv_it_is_held_where_it_is(
    transport: SoftTransport, clock: SimClock
) -> None:
    server = Server(transport)
    axis = make(ByReadback, transport)
    before = server.monitors()
    status = axis.set(2.0)
    transport.set("P:RBV", 0.7)
    axis.stop()
    assert isinstance(status.exception(), MoveError)
    assert (axis.setpoint.get(), server.monitors()) == (0.7, before)
    axis.stop()  # at rest, the setpoint is left alone
    assert axis.setpoint.get() == 0.7


def test_a_new_move_ends_the_one_before(transport: SoftTransport, clock: SimClock) -> None:
    server = Server(transport)
    axis = make(ByReadback, transport)
    before = server.monitors()
    first, second = axis.set(2.0), axis.set(3.0)
    with pytest.raises(MoveError, match="did not get to 2 mm: it was sent to 3 mm instead"):
        first.wait()
    second.wait()
    assert (axis.position, server.monitors()) == (3.0, before)


def test_settling_takes_its_time_without_a_break(transport: SoftTransport, clock: SimClock) -> None:
    Server(transport)
    axis = make(ByReadback, transport, settle_s=2.0, tolerance=0.1)
    status = axis.set(2.0)
    clock.sleep(2.0)  # it is there after 1 s
    transport.set("P:RBV", 2.5)
    transport.set("P:RBV", 2.05)
    status.wait()
    assert clock.time() - clock.epoch == 4.0


@pytest.mark.parametrize("lost", ["P:DMOV", "P:RBV", "P:SP"])
def test_a_server_that_is_lost_on_the_way_fails_the_move_at_once(
    transport: SoftTransport, clock: SimClock, lost: str
) -> None:
    Server(transport)
    axis = make(ByDone, transport)
    status = axis.set(2.0)
    clock.sleep(0.5)
    transport.disconnect(lost)
    with pytest.raises(NotConnectedError, match=rf"axis: move to 2 mm: {lost} was disconnected"):
        status.wait()
    assert clock.time() - clock.epoch == 0.5


def test_a_lost_server_fails_the_move(transport: SoftTransport) -> None:
    Server(transport)
    axis = make(ByDone, transport)
    transport.disconnect("P:SP")
    with pytest.raises(Exception, match="P:SP: not connected"):
        axis.set(2.0).wait()
