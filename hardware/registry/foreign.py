"""Foreign: arguments of Ophyd's classes as those of the classes that do the same here."""

from collections.abc import Collection, Mapping
from typing import Any

__all__ = ["translated"]


def translated(
    named_class: str, prefix: str | None, arguments: Mapping[str, Any], known: Collection[str]
) -> tuple[str | None, dict[str, Any]]:
    """A prefix and arguments as the equivalent class takes them.

    What it does not take is left out: ``kind``, ``read_attrs`` and the like say how Ophyd presents a device, and move
    nothing.

    Parameters
    ----------
    named_class : str
        The foreign class.
    prefix : str or None
    arguments : mapping
    known : collection of str
        The arguments of the equivalent class.
    """
    rest = dict(arguments)
    reads, writes = rest.pop("read_pv", None), rest.pop("write_pv", None)
    written = prefix or writes or reads
    if reads is not None and reads != written:
        rest["readback"] = reads
    if named_class.endswith("EpicsSignalWithRBV"):
        rest["readback"] = f"{written}_RBV"
    if rest.get("string"):
        rest["datatype"] = "str"
    return written, {key: value for key, value in rest.items() if key in known}
