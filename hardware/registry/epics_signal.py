"""EpicsSignal: a PV of whatever type its server says, for registries that do not tell."""

from typing import Any

import numpy as np

from beamtwin.hardware.channel import Transport
from beamtwin.hardware.conversion import natural_type
from beamtwin.hardware.signals import Kind, SignalR, SignalRW
from beamtwin.orchestration.errors import DeclarationError, NotConnectedError

__all__ = ["EpicsSignal", "EpicsSignalRO"]

#: The types that a registry may name.
DATATYPES = {"float": float, "int": int, "bool": bool, "str": str, "array": np.ndarray}


class _AsServed(SignalR[Any]):
    """What both have."""

    __slots__ = ("_declared",)

    def __init__(
        self,
        prefix: str,
        name: str,
        transport: Transport,
        *,
        datatype: str | None = None,
        readback: str | None = None,
        parent: Any = None,
    ):
        if datatype is not None and datatype not in DATATYPES:
            raise DeclarationError(
                f"{name}: datatype {datatype!r}: there are {', '.join(DATATYPES)}"
            )
        self._declared = None if datatype is None else DATATYPES[datatype]
        super().__init__(
            self._declared or object,
            transport,
            prefix,
            readback=readback,
            name=name,
            kind=Kind.hinted,
            parent=parent,
        )

    def bind(self) -> list[str]:
        """Settle the type, where none is declared, and how values are converted."""
        if self._declared is None:
            try:
                self.datatype = natural_type(self.readback.metadata)
            except NotConnectedError as error:
                return [f"{error} ({self.name})"]
        return super().bind()


class EpicsSignalRO(_AsServed):
    """A PV to read.

    Parameters
    ----------
    prefix : str
        The PV.
    name, transport
        As of a device.
    datatype : str, optional
        ``float``, ``int``, ``bool``, ``str`` or ``array``; default: as the server has it.
    """

    __slots__ = ()


class EpicsSignal(_AsServed, SignalRW[Any]):
    """A PV to read and write, or one to write and its ``readback``; else as `EpicsSignalRO`."""

    __slots__ = ()
