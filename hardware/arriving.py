"""Setting a signal and waiting until its readback is there."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from beamtwin.hardware.sequence import Steps
from beamtwin.orchestration.errors import StatusTimeoutError

if TYPE_CHECKING:
    from beamtwin.hardware.signals import SignalRW

__all__ = ["arrive"]


def arrive(
    signal: "SignalRW[Any]", value: Any, tolerance: float | None, timeout: float | None
) -> Steps:
    """The steps of `SignalRW.set_and_wait`."""
    clock = signal.transport.clock
    began = clock.time()
    try:
        yield signal.set(value, timeout=timeout)
        left = None if timeout is None else max(0.0, timeout - (clock.time() - began))
        yield signal.when(_near(signal, value, tolerance), left)
    except StatusTimeoutError:
        unit = f" {signal.metadata.units}" if signal.metadata.units else ""
        raise StatusTimeoutError(
            f"{signal.name}: set to {value}{unit}, and at {signal.get()}{unit}"
            f" {clock.time() - began:.3g} s later ({signal.readback.name})"
        ) from None


def _near(signal: "SignalRW[Any]", value: Any, tolerance: float | None) -> Callable[[Any], object]:
    if signal.datatype is not float:
        return lambda here: here == value
    within = _tolerance(signal) if tolerance is None else tolerance
    return lambda here: abs(here - value) <= within


def _tolerance(signal: "SignalRW[Any]") -> float:
    if signal.tolerance is not None:
        return signal.tolerance
    precision = signal.metadata.precision
    return 0.0 if precision is None else 10.0**-precision
