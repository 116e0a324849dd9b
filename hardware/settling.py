"""Settling: a status for a value that has become, and stays, what it should be."""

from collections.abc import Callable
from typing import Any

from beamtwin.hardware.channel import Reading
from beamtwin.hardware.signals import SignalR
from beamtwin.orchestration.status import Status

__all__ = ["settled"]


def settled(signal: SignalR[Any], condition: Callable[[Any], object], for_s: float) -> Status:
    """A status that is done once ``condition(value)`` has held for ``for_s`` seconds without a break.

    The monitor that it needs ends with it, however that comes.
    """
    clock = signal.transport.clock
    status = Status(clock, name=f"{signal.name}: wait until it has settled for {for_s:g} s")
    timer: Any = None

    def forget() -> None:
        nonlocal timer
        if timer is not None:
            timer.cancel()
            timer = None

    def look(reading: Reading) -> None:
        nonlocal timer
        if status.done:
            return
        if not condition(signal.convert(reading.value)):
            forget()
        elif for_s <= 0:
            status.set_finished()
        elif timer is None:
            timer = clock.call_at(clock.time() + for_s, status.set_finished)

    end = signal.readback.subscribe(look)

    def finish(_: Status) -> None:
        forget()
        end()

    status.add_callback(finish)
    return status
