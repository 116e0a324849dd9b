"""Temperature controllers: axes that have arrived when they are, and stay, near their set point."""

from typing import Any

from beamtwin.hardware.channel import Transport
from beamtwin.hardware.device import Device, pv
from beamtwin.hardware.pv_positioner import PVPositionerIsClose
from beamtwin.hardware.signals import Kind, Signal, SignalR, SignalRW

__all__ = ["Eurotherm", "Lakeshore336", "LakeshoreLoop", "LinkamStage", "TemperatureAxis"]

#: Seconds that a temperature may take to settle, beyond its ramp.
SETTLING_S = 900.0


class TemperatureAxis(PVPositionerIsClose):
    """A controlled temperature. Stopped, it is held where it is.

    Subclasses with a ramp declare ``ramp_rate``, per minute.
    """

    tolerance = 0.5
    settle_s = 10.0
    timeout_s = SETTLING_S
    ramp_rate: Any = None

    @property
    def rate(self) -> float:
        """Of its ramp, per minute; 0: it does not ramp."""
        return 0.0 if self.ramp_rate is None else self.ramp_rate.get()

    def time_limit(self, value: float) -> float:
        """The ramp's time, and the settling's."""
        rate = self.rate
        ramp_s = 60.0 * abs(value - self.position) / rate if rate > 0 else 0.0
        return ramp_s + self.settle_s + self.timeout_s


class Eurotherm(TemperatureAxis):
    """A Eurotherm controller with NSLS-II's names."""

    readback: SignalR[float] = pv("T-RB", kind=Kind.hinted, primary=True)
    setpoint: SignalRW[float] = pv("T-SP")

    tolerance = 1.0
    settle_s = 5.0


class LinkamStage(TemperatureAxis):
    """A Linkam heating and freezing stage (T96), in °C; the rate is in °C per minute. The names of CHX's profile."""

    readback: SignalR[float] = pv("TEMP", kind=Kind.hinted, primary=True)
    setpoint: SignalRW[float] = pv("SETPOINT:SET")
    ramp_rate: SignalRW[float] = pv("RAMPRATE:SET", readback="RAMPRATE", kind=Kind.config)
    heating: SignalRW[bool] = pv("STARTHEAT", kind=Kind.config)
    status_code: SignalR[float] = pv("STATUS", kind=Kind.omitted)
    power: SignalR[float] = pv("POWER")

    def __init__(self, prefix: str, name: str, transport: Transport, **arguments: Any):
        super().__init__(prefix, name, transport, **arguments)
        self.actuate = self.heating
        self.actuate_value = True


#: A loop's signals: attribute, its PV by the loop's number, whether with _RBV, class, type, kind.
LOOP: tuple[tuple[str, str, bool, type[Signal[Any]], type, Kind], ...] = (
    ("readback", "IN{}", False, SignalR, float, Kind.hinted),
    ("setpoint", "OUT{}:SP", True, SignalRW, float, Kind.normal),
    ("heater", "HTR{}", False, SignalR, float, Kind.normal),
    ("heater_range", "HTR{}:Range", True, SignalRW, str, Kind.config),
    ("ramp_rate", "RampR{}", True, SignalRW, float, Kind.config),
    ("ramp_on", "OnRamp{}", True, SignalRW, bool, Kind.config),
    ("pid_p", "P{}", True, SignalRW, float, Kind.config),
    ("pid_i", "I{}", True, SignalRW, float, Kind.config),
    ("pid_d", "D{}", True, SignalRW, float, Kind.config),
)


class LakeshoreLoop(TemperatureAxis):
    """A control loop of a `Lakeshore336`, in K; its rate is in K per minute.

    Parameters
    ----------
    loop : int
        1 or 2.
    """

    tolerance = 0.1

    def __init__(
        self, prefix: str, name: str, transport: Transport, *, loop: int = 1, **arguments: Any
    ):
        super().__init__(prefix, name, transport, **arguments)
        self.loop = loop
        self.ramp_on: Any = None
        for attribute, suffix, rbv, signal, datatype, kind in LOOP:
            pv_name = prefix + suffix.format(loop)
            one = signal(
                datatype,
                transport,
                pv_name,
                readback=f"{pv_name}_RBV" if rbv else None,
                name=name if attribute == "readback" else f"{name}_{attribute}",
                kind=kind,
                parent=self,
            )
            self.add(attribute, one)

    @property
    def rate(self) -> float:
        """Of its ramp, per minute; 0: it does not ramp."""
        return super().rate if self.ramp_on.get() else 0.0


class Lakeshore336(Device):
    """A LakeShore 336: two control loops, and two inputs that are only read; apstools' names."""

    input3: SignalR[float] = pv("IN3")
    input4: SignalR[float] = pv("IN4")

    def __init__(self, prefix: str, name: str, transport: Transport, *, parent: Any = None):
        super().__init__(prefix, name, transport, parent=parent)
        for number in (1, 2):
            loop = LakeshoreLoop(
                prefix, f"{name}_loop{number}", transport, loop=number, parent=self
            )
            self.add(f"loop{number}", loop)

    def stop(self, *, success: bool = False) -> None:
        """Hold both loops where they are."""
        for part in self.children().values():
            if isinstance(part, LakeshoreLoop):
                part.stop(success=success)
