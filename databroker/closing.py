"""Closing: what has to be let go of, as a context."""

from types import TracebackType
from typing import Self

__all__ = ["Closing"]


class Closing:
    """A context that ends with `close`."""

    def close(self) -> None:
        """Let go. Idempotent."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
