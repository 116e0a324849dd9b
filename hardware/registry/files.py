"""Files: what stands in a registry's file, as a mapping; one function for each kind of file."""

import importlib.util
import json
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from beamtwin.hardware.registry.entry import RegistryError

__all__ = ["SUFFIXES", "read_file"]

#: What a Python module calls its devices.
DEVICES = "DEVICES"


def read_file(path: Path) -> Mapping[str, Any]:
    """The content of a file, of the kind that its name ends in.

    Raises
    ------
    RegistryError
        Where it is not there, or not what it seems: with the line, where that is known.
    """
    if path.suffix not in READERS:
        raise RegistryError(f"{path}: a registry's file ends in one of {', '.join(SUFFIXES)}")
    try:
        content = READERS[path.suffix](path)
    except (OSError, ValueError) as error:  # TOML's, JSON's and Unicode's are ValueErrors
        raise RegistryError(f"{path}: {getattr(error, 'strerror', None) or error}") from error
    if not isinstance(content, Mapping) or not content:
        raise RegistryError(f"{path}: has no devices")
    return content


def _read_toml(path: Path) -> Any:
    return tomllib.loads(path.read_text())


def _read_json(path: Path) -> Any:
    return json.loads(path.read_text(), object_pairs_hook=_once)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = [key for key, _ in pairs]
    twice = sorted({key for key in keys if keys.count(key) > 1})
    if twice:
        raise ValueError(f"{', '.join(twice)}: given twice")
    return dict(pairs)


def _read_yaml(path: Path) -> Any:
    import yaml

    class Loader(yaml.SafeLoader):
        """Refuses a key that is given twice, where YAML would keep the last."""

        def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
            _once([(str(key.value), None) for key, _ in node.value if key.tag != MERGE])
            return super().construct_mapping(node, deep)

    try:
        return yaml.load(path.read_text(), Loader)  # a SafeLoader
    except yaml.YAMLError as error:
        raise ValueError(" ".join(str(error).split())) from error


#: Of ``<<``, which takes keys from elsewhere.
MERGE = "tag:yaml.org,2002:merge"


def _read_module(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None or not path.is_file():
        raise FileNotFoundError(2, "No such file or directory")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise ValueError(f"{type(error).__name__}: {error}") from error
    if not hasattr(module, DEVICES):
        raise ValueError(f"says no {DEVICES}: a mapping of name to class, prefix, labels, ...")
    return getattr(module, DEVICES)


READERS: Mapping[str, Callable[[Path], Any]] = {
    ".toml": _read_toml,
    **dict.fromkeys((".yml", ".yaml"), _read_yaml),
    ".json": _read_json,
    ".py": _read_module,
}

#: What the names of such files end in.
SUFFIXES = tuple(READERS)
