"""Zebra: position compare. It gives pulses at positions of an encoder, for detectors to begin with, and captures these.

PVs of Diamond's Zebra IOC, as NSLS-II's profiles use them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from beamtwin.hardware.device import Device, pv
from beamtwin.hardware.sequence import Steps, sequence
from beamtwin.hardware.signals import Document, Kind, SignalR, SignalRW
from beamtwin.orchestration.errors import AcquisitionError, DeviceError, LimitsError
from beamtwin.orchestration.status import Status

__all__ = ["PulseTrain", "Zebra"]


@dataclass(frozen=True)
class PulseTrain:
    """Pulses at ``start``, ``start + step``, ...: ``count`` of them, each ``width`` long, all in the encoder's unit."""

    start: float
    step: float
    count: int
    width: float = 0.0
    encoder: int = 1

    def __post_init__(self) -> None:
        if self.count < 1 or self.step == 0 or not 1 <= self.encoder <= 4:
            raise LimitsError(f"{self}: count and step must be more than 0, and the encoder 1 to 4")


class Zebra(Device):
    """A Zebra that compares positions. It flies: armed, it captures until its pulses are out; others move the motor.

    Attributes
    ----------
    stream : str
        Where its events go: one a pulse, with the encoder's position, and the time by the Zebra's clock.
    """

    encoder: SignalRW[str] = pv("PC_ENC", readback="PC_ENC:RBV", kind=Kind.config)
    direction: SignalRW[str] = pv("PC_DIR", readback="PC_DIR:RBV", kind=Kind.config)
    gate_source: SignalRW[str] = pv("PC_GATE_SEL", readback="PC_GATE_SEL:RBV", kind=Kind.config)
    gate_start: SignalRW[float] = pv(
        "PC_GATE_START", readback="PC_GATE_START:RBV", kind=Kind.config
    )
    gate_width: SignalRW[float] = pv("PC_GATE_WID", readback="PC_GATE_WID:RBV", kind=Kind.config)
    gate_count: SignalRW[int] = pv("PC_GATE_NGATE", readback="PC_GATE_NGATE:RBV", kind=Kind.config)
    pulse_source: SignalRW[str] = pv("PC_PULSE_SEL", readback="PC_PULSE_SEL:RBV", kind=Kind.config)
    pulse_start: SignalRW[float] = pv(
        "PC_PULSE_START", readback="PC_PULSE_START:RBV", kind=Kind.config
    )
    pulse_width: SignalRW[float] = pv("PC_PULSE_WID", readback="PC_PULSE_WID:RBV", kind=Kind.config)
    pulse_step: SignalRW[float] = pv(
        "PC_PULSE_STEP", readback="PC_PULSE_STEP:RBV", kind=Kind.config
    )
    pulse_max: SignalRW[int] = pv("PC_PULSE_MAX", readback="PC_PULSE_MAX:RBV", kind=Kind.config)
    time_units: SignalRW[str] = pv("PC_TSPRE", readback="PC_TSPRE:RBV", kind=Kind.config)
    arm: SignalRW[bool] = pv("PC_ARM", kind=Kind.omitted, completion=False)
    disarm: SignalRW[bool] = pv("PC_DISARM", kind=Kind.omitted, completion=False)
    armed: SignalR[bool] = pv("PC_ARM_OUT", kind=Kind.omitted)
    captured: SignalR[int] = pv("PC_NUM_CAP", kind=Kind.hinted)
    times: SignalR[np.ndarray] = pv("PC_TIME", kind=Kind.omitted)
    positions1: SignalR[np.ndarray] = pv("PC_ENC1", kind=Kind.omitted)
    positions2: SignalR[np.ndarray] = pv("PC_ENC2", kind=Kind.omitted)
    positions3: SignalR[np.ndarray] = pv("PC_ENC3", kind=Kind.omitted)
    positions4: SignalR[np.ndarray] = pv("PC_ENC4", kind=Kind.omitted)

    stream = "primary"

    def __init__(self, *arguments: Any, **named: Any):
        super().__init__(*arguments, **named)
        self._pulses: PulseTrain | None = None
        self._armed_at = 0.0
        self._end: Status | None = None

    def prepare(self, value: PulseTrain | Mapping[str, Any]) -> Status:
        """Set up pulses: ``{"start": 0.0, "step": 0.01, "count": 100, "width": 0.001}``."""
        pulses = value if isinstance(value, PulseTrain) else PulseTrain(**value)
        self._pulses = pulses
        return sequence(self.clock, self._set_up(pulses), f"{self.name}: prepare")

    def kickoff(self) -> Status:
        """Arm it; done when it is."""
        pulses = self._pulses
        if pulses is None:
            raise DeviceError(f"{self.name}: there are no pulses to wait for: prepare them")
        begun = sequence(self.clock, self._arm(), f"{self.name}: kickoff")
        # It disarms by itself at the end of its gate.
        end = self._end = self.armed.when(lambda armed: begun.done and not armed)
        begun.add_callback(lambda _: None if begun.success else end.set_finished())
        return begun

    def complete(self) -> Status:
        """Done when all pulses are out; fails where its gate has ended before."""
        if self._end is None:
            raise DeviceError(f"{self.name}: complete without kickoff")
        return sequence(self.clock, self._finish(self._end), f"{self.name}: complete")

    def describe_collect(self) -> dict[str, dict[str, Document]]:
        """The data keys of its stream."""
        pulses = self._pulses or PulseTrain(0.0, 1.0, 1)
        time, position = (
            {**key, "dtype": "number", "shape": [], "dtype_numpy": "<f8"}
            for signal in (self.times, self._positions(pulses))
            for key in signal.describe().values()
        )
        return {self.stream: {f"{self.name}_time": time, f"{self.name}_position": position}}

    def collect_pages(self) -> Iterator[Document]:
        """What it has captured, as one page."""
        pulses, count = self._pulses, self.captured.get()
        if pulses is None or not count:
            return
        times = [float(time) for time in self.times.get()[:count]]
        positions = [float(position) for position in self._positions(pulses).get()[:count]]
        stamps = [self._armed_at + time * self._unit_s() for time in times]
        data = {f"{self.name}_time": times, f"{self.name}_position": positions}
        yield {"time": stamps, "data": data, "timestamps": dict.fromkeys(data, stamps)}

    def stop(self, *, success: bool = False) -> None:
        """Disarm it."""
        self.disarm.send(True)

    def _positions(self, pulses: PulseTrain) -> SignalR[np.ndarray]:
        return getattr(self, f"positions{pulses.encoder}")

    def _unit_s(self) -> float:
        return {"10s": 10.0, "s": 1.0, "ms": 1e-3}[self.time_units.get()]

    def _set_up(self, pulses: PulseTrain) -> Steps:
        """Gate and pulses by position; pulses count from the beginning of the gate."""
        step = abs(pulses.step)
        values: Mapping[SignalRW[Any], Any] = {
            self.encoder: f"Enc{pulses.encoder}",
            self.direction: "Positive" if pulses.step > 0 else "Negative",
            self.time_units: "s",
            self.gate_source: "Position",
            self.gate_start: pulses.start,
            self.gate_width: step * pulses.count,
            self.gate_count: 1,
            self.pulse_source: "Position",
            self.pulse_start: 0.0,
            self.pulse_width: pulses.width or 0.5 * step,
            self.pulse_step: step,
            self.pulse_max: pulses.count,
        }
        for signal, value in values.items():
            yield signal.set(value)

    def _arm(self) -> Steps:
        self.arm.send(True)
        yield self.armed.when(bool, 5.0)
        self._armed_at = self.clock.time()

    def _finish(self, end: Status) -> Steps:
        yield end
        pulses, count = self._pulses, self.captured.get()
        if pulses is not None and count < pulses.count:
            raise AcquisitionError(
                f"{self.name}: {count} of {pulses.count} pulses came before it was disarmed ({self.prefix}PC_)"
            )
