from typing import Any

from beamtwin.hardware.connected import Connected
from beamtwin.hardware.device import connect
from beamtwin.hardware.signals import SignalR, SignalRW
from beamtwin.hardware.soft import SoftTransport
from beamtwin.twin.clock import SimClock


def test_it_is_true_while_all_are_connected(clock: SimClock, transport: SoftTransport) -> None:
    for name in ("X", "X_RBV", "Y"):
        transport.serve(name, 1.0)
    x = SignalRW(float, transport, "X", readback="X_RBV", name="x")
    y = SignalR(float, transport, "Y", name="y")
    connect(x, y)
    connected = Connected(x, y)
    heard: list[bool] = []

    def hear(reading: dict[str, Any]) -> None:
        heard.append(reading["x_connected"]["value"])

    connected.subscribe(hear)
    transport.disconnect("X_RBV")
    transport.disconnect("Y")
    assert connected.missing() == ["X_RBV", "Y"]
    transport.reconnect("X_RBV")
    assert heard == [True, False]
    clock.sleep(1.0)
    transport.reconnect("Y")
    assert heard == [True, False, True]
    assert connected.read() == {"x_connected": {"value": True, "timestamp": clock.epoch + 1.0}}
    assert connected.describe()["x_connected"]["dtype"] == "boolean"
    connected.clear_sub(hear)
    transport.disconnect("X")
    assert heard == [True, False, True]
