"""Every device is what Bluesky's protocols call it."""

from pathlib import Path
from typing import Any

import pytest
from bluesky import protocols

from beamtwin.hardware.areadetector import AreaDetector
from beamtwin.hardware.motor import Motor
from beamtwin.hardware.scaler import Scaler
from beamtwin.hardware.signals import SignalR, SignalRW
from beamtwin.hardware.slits import CenterGapSlits, Slits
from beamtwin.hardware.soft import SoftTransport
from beamtwin.orchestration.status import Status

DEVICE = {
    "HasName",
    "HasParent",
    "HasHints",
    "Readable",
    "Configurable",
    "Stageable",
    "Subscribable",
}
AXIS = {"Movable", "Locatable", "Checkable", "Stoppable"}
FLYER = {"Flyable", "Collectable", "Preparable", "WritesStreamAssets"}
KNOWN = {*DEVICE, *AXIS, *FLYER, "Triggerable", "Pausable", "WritesExternalAssets"}


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda t: Motor("M", "m", t), DEVICE | AXIS | {"Flyable", "Preparable", "Pausable"}),
        (lambda t: Slits("S", "s", t), DEVICE | AXIS),
        (lambda t: Slits("S", "s", t).v_gap, DEVICE | AXIS | {"NamedMovable"}),
        (lambda t: CenterGapSlits("S", "s", t), DEVICE | AXIS),
        (lambda t: Scaler("C", "c", t), DEVICE | {"Triggerable", "Stoppable"}),
        (
            lambda t: AreaDetector("D", "d", t, directory=Path("/")),
            DEVICE | FLYER | {"Triggerable", "Stoppable", "Pausable", "WritesExternalAssets"},
        ),
        (
            lambda t: SignalRW(float, t, "X"),
            {"HasName", "HasParent", "HasHints", "Readable", "Subscribable"}
            | {"Movable", "Locatable", "Checkable"},
        ),
        (
            lambda t: SignalR(float, t, "X"),
            {"HasName", "HasParent", "HasHints", "Readable", "Subscribable"},
        ),
    ],
)
def test_a_device_meets_its_protocols_and_no_others(
    transport: SoftTransport, make: Any, expected: set[str]
) -> None:
    device = make(transport)
    met = {name for name in KNOWN if isinstance(device, getattr(protocols, name))}
    assert met == expected - {"NamedMovable"}
    if "NamedMovable" in expected:
        assert isinstance(device, protocols.NamedMovable)


def test_a_status_is_one_for_bluesky(transport: SoftTransport) -> None:
    assert isinstance(Status(transport.clock), protocols.Status)
