"""Metadata: what is kept from session to session, and what every start document says of itself."""

import json
import os
import sys
from collections.abc import Iterator, Mapping, MutableMapping
from pathlib import Path
from typing import Any

from beamtwin.orchestration.errors import PlanError

__all__ = ["PersistentDict", "check_metadata", "default_scan_id", "library_versions"]

_LIBRARIES = ("beamtwin", "bluesky", "event_model", "ophyd", "ophyd_async")


def library_versions() -> dict[str, str]:
    """The versions of what has been imported by now: nothing is imported to find out."""
    versions = {name: getattr(sys.modules.get(name), "__version__", None) for name in _LIBRARIES}
    return {name: str(version) for name, version in versions.items() if version is not None}


def default_scan_id(md: MutableMapping[str, Any]) -> int:
    """One more than the last."""
    return md.get("scan_id", 0) + 1


def check_metadata(md: Mapping[str, Any]) -> None:
    """What the event model asks of a start document's metadata: that ``sample`` is text or a mapping.

    Raises
    ------
    PlanError
        Naming what was given instead.
    """
    sample = md.get("sample", "")
    if not isinstance(sample, (str, Mapping)):
        raise PlanError(
            f"sample={sample!r}: a sample is text or a mapping: 'silica', {{'name': 'silica', 'number': 5}}"
        )


class PersistentDict(MutableMapping[str, Any]):
    """A dictionary in a JSON file, which is replaced as a whole at each change: it is never half written.

    Parameters
    ----------
    path : path
        Read if it exists.

    Raises
    ------
    TypeError
        For a value that JSON has no form for; the dictionary is as before then.
    """

    def __init__(self, path: str | os.PathLike[str]):
        self._path = Path(path)
        self._items: dict[str, Any] = {}
        self.reload()

    def reload(self) -> None:
        """Take what the file holds now."""
        if self._path.exists():
            self._items = json.loads(self._path.read_text(encoding="utf-8"))

    def flush(self) -> None:
        """Write the file; needed only after a change within a value."""
        self._write(self._items)

    def _write(self, items: dict[str, Any]) -> None:
        text = json.dumps(items, indent=1)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        new = self._path.with_name(f"{self._path.name}.{os.getpid()}.new")
        new.write_text(text, encoding="utf-8")
        new.replace(self._path)
        self._items = items

    def __getitem__(self, key: str) -> Any:
        return self._items[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self._write({**self._items, key: value})

    def __delitem__(self, key: str) -> None:
        if key not in self._items:
            raise KeyError(key)
        self._write({k: v for k, v in self._items.items() if k != key})

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __repr__(self) -> str:
        return f"<PersistentDict {str(self._path)!r}: {self._items!r}>"
