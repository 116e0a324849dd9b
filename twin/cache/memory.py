"""The first tier: bytes in this process's memory."""

from collections import OrderedDict

__all__ = ["MemoryTier"]


class MemoryTier:
    """Keeps what was used last, up to a size.

    Parameters
    ----------
    capacity_bytes : int
        Of all values together; one that is larger by itself is not kept.
    """

    def __init__(self, capacity_bytes: int = 512 * 2**20):
        self.capacity_bytes = capacity_bytes
        self.used_bytes = 0
        self._values: OrderedDict[str, bytes] = OrderedDict()

    def __len__(self) -> int:
        return len(self._values)

    def get(self, key: str) -> bytes | None:
        """The value; None where it is not there."""
        value = self._values.get(key)
        if value is not None:
            self._values.move_to_end(key)
        return value

    def put(self, key: str, value: bytes) -> None:
        """Keep a value, and let go of those that were used least recently."""
        self._forget(key)
        if len(value) > self.capacity_bytes:
            return
        self._values[key] = value
        self.used_bytes += len(value)
        while self.used_bytes > self.capacity_bytes:
            self._forget(next(iter(self._values)))

    def _forget(self, key: str) -> None:
        value = self._values.pop(key, None)
        if value is not None:
            self.used_bytes -= len(value)
