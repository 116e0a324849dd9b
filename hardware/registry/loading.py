"""Loading: from what stands in a file to a registry, with all that is wrong said at once."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from beamtwin.hardware.registry.classes import UnknownClass, arguments_of, find_class
from beamtwin.hardware.registry.devices import Devices
from beamtwin.hardware.registry.entry import Entry, RegistryError, meant
from beamtwin.hardware.registry.files import read_file
from beamtwin.hardware.registry.foreign import translated
from beamtwin.hardware.registry.forms import Raw, read_form
from beamtwin.hardware.registry.registry import Registry

__all__ = ["load_registry"]


def load_registry(path: Path | str) -> Registry:
    """Read a registry's file.

    Parameters
    ----------
    path : path
        Of a TOML, YAML or JSON file, or a Python module; see `beamtwin.hardware.registry.forms`.

    Raises
    ------
    RegistryError
        Naming file, entry and key, and all that is wrong, at once.
    """
    path = Path(path)
    raws = _read(path)
    counted = Counter(raw.name for raw in raws)
    problems = [f"{name}: given {count} times" for name, count in counted.items() if count > 1]
    entries = [_entry(raw, problems) for raw in raws]
    if problems:
        count = "" if len(problems) == 1 else f"{len(problems)} problems:\n  "
        raise RegistryError(f"{path}: {count}" + "\n  ".join(problems))
    return Registry([entry for entry in entries if entry is not None], str(path))


def _read(path: Path) -> list[Raw]:
    content = read_file(path)
    try:
        raws = read_form(content)
    except RegistryError as error:
        raise RegistryError(f"{path}: {error}") from None
    for raw in raws:
        raw.arguments = _as_meant(raw.arguments, path.parent)
    return raws


def _entry(raw: Raw, problems: list[str]) -> Entry | None:
    """The entry, if it can be made; what stands against it joins the problems."""
    found, entry = list(raw.problems), None
    if raw.named_class is not None:
        try:
            entry = _checked(raw, found)
        except UnknownClass as error:
            found.append(f"class: {error}")
    problems += [f"{raw.name}: {problem}" for problem in found]
    return entry


def _checked(raw: Raw, problems: list[str]) -> Entry:
    cls, is_equivalent = find_class(raw.named_class)
    prefix, arguments = raw.prefix, dict(raw.arguments)
    known, is_open = arguments_of(cls)
    if is_equivalent:
        prefix, arguments = translated(str(raw.named_class), prefix, arguments, known)
    unknown = [] if is_open else sorted(arguments.keys() - known)
    problems += [
        f"{key}: {cls.__name__} has no such argument; {meant(key, known)}" for key in unknown
    ]
    if not raw.name.isidentifier() or hasattr(Devices, raw.name):
        problems.append("name: must be fit for an attribute, and is none of a mapping's own")
    if prefix is not None and not isinstance(prefix, str):
        problems.append(f"prefix: {prefix!r} is not text")
    labels = (raw.labels,) if isinstance(raw.labels, str) else tuple(raw.labels)
    return Entry(raw.name, cls, str(prefix or ""), labels, arguments, raw.twin)


def _as_meant(value: Any, folder: Path) -> Any:
    """What TOML and JSON have no way to say: keys that are numbers; and ``{file = "..."}``, a file beside this one."""
    if not isinstance(value, Mapping):
        return value
    if value.keys() == {"file"}:
        return folder / value["file"]
    are_numbers = all(isinstance(key, str) and key.isdecimal() for key in value)
    return {
        int(key) if are_numbers else key: _as_meant(each, folder) for key, each in value.items()
    }
