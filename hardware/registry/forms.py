"""Forms: three ways of writing a beamline down, told apart by what stands in them.

Own, a table for each device::

    [s2]
    class = "Slits"
    prefix = "XF:11IDB-OP{Slt:BDS"
    labels = ["slits"]
    arguments = {}
    twin = { "*" = { VELO = 0.5 } }

Guarneri's (and BITS's ``devices.yml``), a list of devices for each class; tables that are no lists are not for us::

    ophyd.EpicsMotor:
    - name: m1
      prefix: "gp:m1"
      labels: ["motors"]

Happi's, an item for each device, whose arguments may quote the item itself::

    {"m1": {"device_class": "ophyd.EpicsMotor", "prefix": "gp:m1",
            "args": ["{{prefix}}"], "kwargs": {"name": "{{name}}"}}}
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from beamtwin.hardware.registry.entry import RegistryError, meant

__all__ = ["Raw", "read_form"]

OWN_KEYS = ("class", "prefix", "labels", "arguments", "twin")

#: ``{{prefix}}``, the only templates that are understood.
TEMPLATE = re.compile(r"\{\{\s*(\w+)\s*\}\}")

Content = Mapping[str, Any]


@dataclass
class Raw:
    """A device as it is written, its class not yet found."""

    name: str
    named_class: Any
    prefix: str | None = None
    labels: Sequence[str] = ()
    arguments: dict[str, Any] = field(default_factory=dict)
    twin: Mapping[str, Any] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def read_form(content: Content) -> list[Raw]:
    """The devices of a file, in whichever form it is.

    Raises
    ------
    RegistryError
        Where it is in none of them.
    """
    if any(isinstance(value, list) for value in content.values()):
        return list(_guarneri(content))
    if not all(isinstance(value, Mapping) for value in content.values()):
        odd = next(key for key, value in content.items() if not isinstance(value, Mapping))
        raise RegistryError(f"{odd}: a device is a table with a class and a prefix")
    if any("device_class" in value for value in content.values()):
        return list(_happi(content))
    return [_own(name, table) for name, table in content.items()]


def _own(name: str, table: Content) -> Raw:
    raw = Raw(
        name,
        table.get("class"),
        table.get("prefix"),
        table.get("labels", ()),
        dict(table.get("arguments", {})),
        table.get("twin", {}),
    )
    raw.problems += [
        f"{key}: no such key; {meant(key, OWN_KEYS)}" for key in table if key not in OWN_KEYS
    ]
    raw.problems += [f"{key}: is missing" for key in ("class", "prefix") if key not in table]
    return raw


def _guarneri(content: Content) -> Iterator[Raw]:
    for named_class, tables in content.items():
        for number, table in enumerate(tables if isinstance(tables, list) else [], start=1):
            rest = dict(table)
            raw = Raw(str(rest.pop("name", "")), named_class, rest.pop("prefix", None))
            raw.labels, raw.twin = rest.pop("labels", ()), rest.pop("twin", {})
            raw.arguments = rest
            if not raw.name:
                raw.name = f"{named_class}[{number}]"
                raw.problems.append("name: is missing")
            yield raw


def _happi(content: Content) -> Iterator[Raw]:
    for name, item in content.items():
        if item.get("active", True):
            raw = Raw(str(item.get("name", name)), item.get("device_class"), item.get("prefix"))
            raw.labels, raw.twin = _happi_labels(item), item.get("twin", {})
            _fill_in(raw, {"name": name, **item})
            yield raw


def _happi_labels(item: Content) -> Sequence[str]:
    group = item.get("functional_group")
    return [*item.get("labels", ()), *([group] if group else ())]


def _fill_in(raw: Raw, item: Content) -> None:
    """Take up args and kwargs, with what they quote."""

    def filled(value: Any) -> Any:
        if not isinstance(value, str):
            return value
        whole = TEMPLATE.fullmatch(value.strip())
        return quoted(whole) if whole else TEMPLATE.sub(lambda match: str(quoted(match)), value)

    def quoted(match: re.Match[str]) -> Any:
        key = match[1]
        if key not in item:
            raw.problems.append(f"{match[0]}: the item has no {key!r}")
        return item.get(key)

    arguments = [filled(value) for value in item.get("args", ["{{prefix}}"])]
    raw.arguments = {key: filled(value) for key, value in item.get("kwargs", {}).items()}
    raw.arguments.pop("name", None)
    if arguments:
        raw.prefix = arguments[0]
    if len(arguments) > 1:
        raw.problems.append(f"args: {arguments[1:]!r} have no names; give them as kwargs")
    raw.prefix = raw.arguments.pop("prefix", raw.prefix)
