"""How the body of a device class says what the device is made of."""

import inspect
from dataclasses import dataclass
from typing import Any, get_args, get_origin

from beamtwin.hardware.conversion import DATATYPES, is_datatype
from beamtwin.hardware.signals import Kind, Signal
from beamtwin.orchestration.errors import DeclarationError

__all__ = ["Declaration", "declarations", "pv"]


class Declaration:
    """A part of a device, as its class declares it: ``attribute: annotation = declaration``."""

    def problem(self, annotation: Any) -> str | None:
        """What is wrong with the annotation, if anything."""
        raise NotImplementedError

    def build(self, device: Any, attribute: str, annotation: Any) -> Any:
        """The part, for one device."""
        raise NotImplementedError


def declarations(cls: type) -> dict[str, tuple[Declaration, Any]]:
    """What the body of ``cls`` itself declares, with its annotations, by attribute."""
    declared = {name: part for name, part in vars(cls).items() if isinstance(part, Declaration)}
    annotations = inspect.get_annotations(cls, eval_str=True) if declared else {}
    for name, declaration in declared.items():
        problem = declaration.problem(annotations.get(name))
        if problem is not None:
            raise DeclarationError(f"{cls.__qualname__}.{name}: {problem}")
    return {name: (declaration, annotations[name]) for name, declaration in declared.items()}


def pv(
    suffix: str,
    *,
    rbv: bool = False,
    readback: str | None = None,
    kind: Kind = Kind.normal,
    primary: bool = False,
    completion: bool = True,
    tolerance: float | None = None,
) -> Any:
    """Declare a signal; the annotation says its type and direction: ``x: SignalRW[float] = pv("X")``.

    Parameters
    ----------
    suffix : str
        The PV, after the device's prefix.
    rbv : bool
        It is read from ``suffix + "_RBV"``, the way of areaDetector.
    readback : str, optional
        It is read from this suffix.
    kind : Kind
        Whether it is read at each point, recorded once a run, or neither.
    primary : bool
        Its readings carry the device's own name.
    completion : bool
        False for what must not wait for the server: commands like STOP, which would queue behind the
        very move that they are to end.
    tolerance : float, optional
        How far the readback may be from what was set for `SignalRW.set_and_wait`; default: its last digit.
    """
    read_from = suffix + "_RBV" if rbv else readback
    return _PV(suffix, read_from, kind, primary, completion, tolerance)


@dataclass(frozen=True)
class _PV(Declaration):
    suffix: str
    readback: str | None
    kind: Kind
    primary: bool
    completion: bool
    tolerance: float | None

    def problem(self, annotation: Any) -> str | None:
        origin = get_origin(annotation)
        if not (isinstance(origin, type) and issubclass(origin, Signal)):
            return "annotate it with a signal and its type, as in `x: SignalRW[float] = pv(...)`"
        if not is_datatype(get_args(annotation)[0]):
            types = ", ".join(one.__name__ for one in DATATYPES)
            return f"a signal can be of {types}, or of an enum.StrEnum with its choices"
        return None

    def build(self, device: Any, attribute: str, annotation: Any) -> Signal[Any]:
        return get_origin(annotation)(
            get_args(annotation)[0],
            device.transport,
            device.prefix + self.suffix,
            readback=None if self.readback is None else device.prefix + self.readback,
            name=device.name if self.primary else f"{device.name}_{attribute}",
            kind=self.kind,
            parent=device,
            completion=self.completion,
            tolerance=self.tolerance,
        )
