"""What goes wrong is told with name, value, limit, unit, PV, and what to do: one row a fault."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import pytest

from beamtwin.hardware.channel import Metadata
from beamtwin.hardware.device import Device, connect, pv
from beamtwin.hardware.signals import SignalR, SignalRW, SignalW
from beamtwin.hardware.soft import SoftTransport
from beamtwin.orchestration.errors import (
    AccessError,
    BeamtwinError,
    LimitsError,
    NotConnectedError,
    PutError,
    StatusTimeoutError,
)
from beamtwin.orchestration.status import Status
from beamtwin.twin.clock import SimClock


class Mode(StrEnum):
    OFF = "off"
    ON = "on"


class Furnace(Device):
    setpoint: SignalRW[float] = pv("T-SP", readback="T-I")
    power: SignalR[float] = pv("W-I")
    mode: SignalRW[Mode] = pv("Mode")
    steps: SignalRW[int] = pv("N")
    label: SignalRW[str] = pv("Label")
    table: SignalRW[np.ndarray] = pv("Table")
    start: SignalW[bool] = pv("Start")


@dataclass(frozen=True)
class Fault:
    """What is done, and what is said then."""

    do: Callable[[Furnace, SoftTransport], Any]
    error: type[BeamtwinError]
    says: str


FAULTS = {
    "limits": Fault(
        lambda f, t: f.setpoint.set(2000.0),
        LimitsError,
        "furnace_setpoint: 2000 K is outside [4, 1500] K (control limits of F:T-SP)",
    ),
    "not a number": Fault(
        lambda f, t: f.setpoint.set(float("nan")),
        LimitsError,
        "furnace_setpoint: nan K is not finite",
    ),
    "choice": Fault(
        lambda f, t: f.mode.set("fast"),  # type: ignore[arg-type]
        LimitsError,
        "furnace_mode: 'fast' is not what F:Mode takes (declared Mode (off, on)): the choices are off, on",
    ),
    "not whole": Fault(
        lambda f, t: f.steps.set(2.5),  # type: ignore[arg-type]
        LimitsError,
        "furnace_steps: 2.5 is not what F:N takes (declared int): not a whole number",
    ),
    "not text": Fault(
        lambda f, t: f.label.set(3),  # type: ignore[arg-type]
        LimitsError,
        "furnace_label: 3 is not what F:Label takes (declared str): not text",
    ),
    "access": Fault(
        lambda f, t: f.label.set("x").wait(),
        AccessError,
        "F:Label: cannot put 'x': it is read-only",
    ),
    "refused": Fault(lambda f, t: f.start.set(True).wait(), PutError, "F:Start: the door is open"),
    "disconnected": Fault(
        lambda f, t: (t.disconnect("F:W-I"), f.power.get()),
        NotConnectedError,
        "F:W-I: not connected",
    ),
    "disconnected put": Fault(
        lambda f, t: (t.disconnect("F:T-SP"), f.setpoint.set(300.0).wait()),
        NotConnectedError,
        "F:T-SP: not connected",
    ),
    "missing": Fault(
        lambda f, t: connect(SignalR(float, t, "F:P-I", name="pressure")),
        NotConnectedError,
        "pressure: 1 of 1 PVs are not there as declared:\n  F:P-I: no answer (pressure)",
    ),
    "type": Fault(
        lambda f, t: connect(SignalR(float, t, "F:Label", name="label")),
        NotConnectedError,
        "label: 1 of 1 PVs are not there as declared:\n"
        "  F:Label: a string (|S40); label is declared float",
    ),
    "choices": Fault(
        lambda f, t: (
            t.serve("F:M2", (0, Metadata("enum", choices=("off", "hot")))),
            connect(SignalR(Mode, t, "F:M2", name="mode")),
        ),
        NotConnectedError,
        "mode: 1 of 1 PVs are not there as declared:\n"
        "  F:M2: an enum (off, hot); mode is declared Mode (off, on)",
    ),
    "too slow": Fault(
        lambda f, t: (
            t.on_put("F:T-SP", lambda _: Status(t.clock)),
            f.setpoint.set(300.0, timeout=5.0).wait(),
        ),
        StatusTimeoutError,
        "put to F:T-SP: not done after 5 s",
    ),
    "never there": Fault(
        lambda f, t: f.setpoint.set_and_wait(300.0, tolerance=0.5, timeout=60.0).wait(),
        StatusTimeoutError,
        "furnace_setpoint: set to 300.0 K, and at 295.0 K 60 s later (F:T-I)",
    ),
}


@pytest.fixture
def furnace(clock: SimClock, transport: SoftTransport) -> Furnace:
    def closed(_: Any) -> Status:
        status = Status(clock)
        status.set_exception(PutError("F:Start: the door is open"))
        return status

    transport.serve(
        "F:T-SP", (295.0, Metadata("<f8", units="K", precision=1, limits=(4.0, 1500.0)))
    )
    transport.serve("F:T-I", (295.0, Metadata("<f8", units="K", precision=1)))
    transport.serve("F:W-I", (0.0, Metadata("<f8", units="W")))
    transport.serve("F:Mode", (0, Metadata("enum", choices=("off", "on"))))
    transport.serve("F:N", 3)
    transport.serve("F:Label", ("a", Metadata("|S40", writable=False)))
    transport.serve("F:Table", np.zeros(4))
    transport.serve("F:Start", 0)
    transport.on_put("F:Start", closed)
    furnace = Furnace("F:", "furnace", transport)
    furnace.connect()
    return furnace


@pytest.mark.parametrize("fault", FAULTS.values(), ids=list(FAULTS))
def test_a_fault_is_told_as_its_row_says(
    furnace: Furnace, transport: SoftTransport, fault: Fault
) -> None:
    with pytest.raises(fault.error) as raised:
        fault.do(furnace, transport)
    assert str(raised.value) == fault.says
