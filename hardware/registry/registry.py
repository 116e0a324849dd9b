"""Registry: what a beamline has, before any of it is made."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from beamtwin.hardware.channel import Transport
from beamtwin.hardware.registry.classes import arguments_of
from beamtwin.hardware.registry.devices import Devices
from beamtwin.hardware.registry.entry import Entry, RegistryError, meant

__all__ = ["Registry"]


class Registry(Mapping[str, Entry]):
    """The entries of a beamline, by name, in their order.

    Parameters
    ----------
    entries : iterable of Entry
    source : str
        Where they come from, for messages.
    """

    def __init__(self, entries: Iterable[Entry], source: str = "registry"):
        self._entries = {entry.name: entry for entry in entries}
        self.source = source

    def __getitem__(self, name: str) -> Entry:
        return self._entries[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __repr__(self) -> str:
        return f"<Registry of {len(self)} devices from {self.source}>"

    def labelled(self, label: str) -> list[Entry]:
        """The entries that have a label.

        Raises
        ------
        RegistryError
            Naming the labels there are, where none has it.
        """
        found = [entry for entry in self._entries.values() if label in entry.labels]
        if not found:
            known = {label for entry in self._entries.values() for label in entry.labels}
            raise RegistryError(f"{self.source}: no label {label!r}: {meant(label, known)}")
        return found

    def make(self, transport: Transport, **offered: Any) -> Devices:
        """Its devices on a transport, not yet connected; see `Devices`."""
        return Devices(self, transport, **offered)

    def make_one(self, name: str, transport: Transport, offered: Mapping[str, Any]) -> Any:
        """One device; ``offered`` are arguments for it to take, if it takes them.

        Raises
        ------
        RegistryError
            Where its class wants an argument that it does not get.
        """
        entry = self._entries[name]
        taken, _ = arguments_of(entry.cls)
        arguments = {key: offered[key] for key in offered if key in taken} | dict(entry.arguments)
        try:
            return entry.cls(entry.prefix, entry.name, transport, **arguments)
        except TypeError as error:
            raise RegistryError(
                f"{self.source}: {name}: {entry.cls.__name__} cannot be made: {error}"
            ) from error
