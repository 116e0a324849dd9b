"""Signals without a PV: settings that live in the program, read and recorded as all others are."""

from dataclasses import dataclass
from typing import Any, get_args, get_origin

import numpy as np

from beamtwin.hardware.channel import Metadata
from beamtwin.hardware.conversion import choices_of, is_choices, is_datatype
from beamtwin.hardware.declaration import Declaration
from beamtwin.hardware.kind import Kind
from beamtwin.hardware.signals import SignalRW
from beamtwin.hardware.soft import SoftTransport
from beamtwin.orchestration.clock import Clock

__all__ = ["local_signal", "soft"]

#: How values of a type are kept.
DTYPES: dict[Any, str] = {float: "<f8", int: "<i8", bool: "<i4", str: "|S40"}


def local_signal(
    datatype: type,
    value: Any,
    clock: Clock,
    *,
    name: str,
    units: str = "",
    precision: int | None = None,
    limits: tuple[float, float] | None = None,
    kind: Kind = Kind.normal,
    parent: Any = None,
) -> SignalRW[Any]:
    """A signal that has this value until it is set.

    Parameters
    ----------
    datatype : type
        As of every signal; choices come from a `StrEnum`.
    clock : Clock
        Stamps its readings.
    """
    metadata = Metadata(
        dtype="enum" if is_choices(datatype) else _dtype(datatype, value),
        count=max(1, np.size(value)),
        is_array=datatype is np.ndarray,
        units=units,
        precision=precision,
        limits=limits,
        choices=choices_of(datatype),
    )
    transport = SoftTransport(clock, {name: (value, metadata)})
    return SignalRW(datatype, transport, name, name=name, kind=kind, parent=parent)


def _dtype(datatype: type, value: Any) -> str:
    return DTYPES.get(datatype) or np.asarray(value).dtype.str


def soft(
    value: Any,
    *,
    units: str = "",
    precision: int | None = None,
    limits: tuple[float, float] | None = None,
    kind: Kind = Kind.normal,
) -> Any:
    """Declare a signal without a PV: ``thickness: SignalRW[float] = soft(0.5, units="mm", kind=Kind.config)``.

    Parameters
    ----------
    value
        That it has until it is set.
    units, precision, limits, kind
        As of every signal.
    """
    return _Soft(value, {"units": units, "precision": precision, "limits": limits, "kind": kind})


@dataclass(frozen=True)
class _Soft(Declaration):
    value: Any
    about: dict[str, Any]

    def problem(self, annotation: Any) -> str | None:
        fits = get_origin(annotation) is SignalRW and is_datatype(get_args(annotation)[0])
        return (
            None if fits else "annotate it with SignalRW and its type, as in `x: SignalRW[float]`"
        )

    def build(self, device: Any, attribute: str, annotation: Any) -> SignalRW[Any]:
        (datatype,) = get_args(annotation)
        name = f"{device.name}_{attribute}"
        return local_signal(
            datatype, self.value, device.clock, name=name, parent=device, **self.about
        )
