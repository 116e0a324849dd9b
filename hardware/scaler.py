"""Scaler: counters that count together for a preset time."""

from collections.abc import Iterable, Mapping
from typing import Any

from beamtwin.hardware.channel import Transport
from beamtwin.hardware.device import Device, pv
from beamtwin.hardware.latest import Latest
from beamtwin.hardware.signals import Kind, Signal, SignalR, SignalRW
from beamtwin.orchestration.errors import DeviceError
from beamtwin.orchestration.status import Status

__all__ = ["Scaler", "ScalerCH"]

#: Seconds that a count may take beyond its preset time.
GRACE_S = 10.0

#: What a channel has: attribute of the scaler, field, class, type, kind. Counts are unsigned 32-bit numbers, which
#: Channel Access carries as doubles.
FIELDS: tuple[tuple[str, str, type[Signal[Any]], type, Kind], ...] = (
    ("counts", "S", SignalR, float, Kind.hinted),
    ("names", "NM", SignalRW, str, Kind.config),
    ("presets", "PR", SignalRW, float, Kind.omitted),
    ("gates", "G", SignalRW, bool, Kind.omitted),
)


class Scaler(Device):
    """A scaler record.

    Parameters
    ----------
    prefix, name, transport, parent
        As of every `Device`.
    channels : mapping of int to str, optional
        The channels that are used, and what their readings are called after the scaler's name:
        ``{2: "i0", 3: "diode"}``. Default: 1 to 8, as ``s1`` to ``s8``.

    Attributes
    ----------
    counts, names, presets, gates : dict
        Signals by channel.
    labels : dict
        What the readings of channels are called, after the scaler's name.
    """

    default: Mapping[int, str] = {n: f"s{n}" for n in range(1, 9)}

    count: SignalRW[bool] = pv(".CNT", kind=Kind.omitted)
    count_mode: SignalRW[str] = pv(".CONT", kind=Kind.config)
    preset_time: SignalRW[float] = pv(".TP", kind=Kind.config)
    time: SignalR[float] = pv(".T")
    frequency: SignalRW[float] = pv(".FREQ", kind=Kind.config)

    def __init__(
        self,
        prefix: str,
        name: str,
        transport: Transport,
        *,
        channels: Mapping[int, str] | None = None,
        parent: Any = None,
    ):
        super().__init__(prefix, name, transport, parent=parent)
        self.counts: dict[int, SignalR[float]] = {}
        self.names: dict[int, SignalRW[str]] = {}
        self.presets: dict[int, SignalRW[float]] = {}
        self.gates: dict[int, SignalRW[bool]] = {}
        self.labels = {int(number): label for number, label in (channels or self.default).items()}
        for number, label in self.labels.items():
            self._add_channel(number, label)
        self.stage_sigs[self.count_mode] = "OneShot"
        self._preset = Latest(transport, (self.preset_time.readback,))

    @property
    def count_time(self) -> SignalRW[float]:
        """Seconds to count for, as plans call it."""
        return self.preset_time

    def trigger(self) -> Status:
        """Count for the preset time."""
        (preset_s,) = self._preset.values()
        return self.count.set(True, timeout=preset_s + GRACE_S)

    def stop(self, *, success: bool = False) -> None:
        """Stop counting; what has been counted stays."""
        self.count.send(False)

    def _add_channel(self, number: int, label: str) -> None:
        for group, field, signal, datatype, kind in FIELDS:
            one = signal(
                datatype,
                self.transport,
                f"{self.prefix}.{field}{number}",
                name=f"{self.name}_{label}"
                if group == "counts"
                else f"{self.name}_{group}_{label}",
                kind=kind,
                parent=self,
            )
            getattr(self, group)[number] = one
            self.add(f"{group}_{number}", one)


class ScalerCH(Scaler):
    """A scaler record whose channels are chosen, and called, by the names that it has for them in NM1, NM2, ...

    All 32 channels are there; `select_channels`, once it is connected, says which are read.
    """

    default: Mapping[int, str] = {n: f"s{n}" for n in range(1, 33)}

    def select_channels(self, names: Iterable[str] | None = None) -> None:
        """Read these channels alone, under these names; default: all that have one.

        Raises
        ------
        DeviceError
            Naming those there are, for a name that the record does not have.
        """
        by_name = {signal.get(): number for number, signal in self.names.items()}
        by_name.pop("", None)
        wanted = list(by_name) if names is None else list(names)
        unknown = [name for name in wanted if name not in by_name]
        if unknown:
            raise DeviceError(
                f"{self.name}: no channel is called {', '.join(unknown)}; there are {', '.join(by_name)}"
            )
        chosen = {by_name[name]: name for name in wanted}
        for number, count in self.counts.items():
            count.kind = Kind.hinted if number in chosen else Kind.omitted
            self.names[number].kind = Kind.config if number in chosen else Kind.omitted
            count.name = f"{self.name}_{chosen.get(number, self.labels[number])}"
        self.forget_readings()
