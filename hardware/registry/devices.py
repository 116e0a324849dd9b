"""Devices: those of a registry on one transport, each made when it is first asked for."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from beamtwin.hardware.channel import Transport
from beamtwin.hardware.device import connect
from beamtwin.hardware.registry.entry import meant

if TYPE_CHECKING:
    from beamtwin.hardware.registry.registry import Registry

__all__ = ["Devices"]


class Devices(Mapping[str, Any]):
    """A beamline's devices by name: ``devices.s2``, ``devices["s2"]``, ``devices["s2.top"]``.

    A subclass may annotate the names that plans use with their classes.

    Parameters
    ----------
    registry : Registry
    transport : Transport
        Where their PVs are.
    **offered
        Arguments for the classes that take one of that name: ``directory``, ``uid``.

    Notes
    -----
    Nothing is connected before `connect`; after it, what is asked for anew is connected at once.
    """

    def __init__(self, registry: "Registry", transport: Transport, **offered: Any):
        self._registry = registry
        self._transport = transport
        self._offered = offered
        self._made: dict[str, Any] = {}
        self._connected = False

    def __getitem__(self, name: str) -> Any:
        first, _, rest = name.partition(".")
        device = self._made.get(first)
        if device is None:
            device = self._make(first)
            if self._connected:
                connect(device)
            self._made[first] = device
        for attribute in rest.split(".") if rest else ():
            device = getattr(device, attribute)
        return device

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        try:
            return self[name]
        except KeyError as error:
            raise AttributeError(error.args[0]) from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._registry)

    def __len__(self) -> int:
        return len(self._registry)

    def __repr__(self) -> str:
        return f"<{len(self)} devices of {self._registry.source}>"

    def labelled(self, label: str) -> list[Any]:
        """The devices that have a label, in the registry's order."""
        return [self[entry.name] for entry in self._registry.labelled(label)]

    def connect(self, *names: str, timeout: float | None = None) -> None:
        """Connect some devices at once, and from now on each when it is asked for.

        Parameters
        ----------
        *names : str
            Without any, none yet.
        timeout : float, optional
            As of `beamtwin.hardware.device.connect`, whose errors it raises.
        """
        devices = {name: self._made.get(name) or self._make(name) for name in names}
        connect(*devices.values(), timeout=timeout)
        self._made |= devices
        self._connected = True

    def connect_all(self, timeout: float | None = None) -> None:
        """`connect` all of the registry."""
        self.connect(*self, timeout=timeout)

    def _make(self, name: str) -> Any:
        if name not in self._registry:
            raise KeyError(f"{self._registry.source}: no device {name!r}: {meant(name, self)}")
        return self._registry.make_one(name, self._transport, self._offered)
