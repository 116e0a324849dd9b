"""Store: what the broker asks of whoever keeps its documents."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol

from beamtwin.databroker.query import Query

if TYPE_CHECKING:
    import numpy as np

__all__ = ["Columns", "Header", "NamedDocument", "Store"]

#: An event-model document with its name: ``("event", {...})``.
NamedDocument = tuple[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Header:
    """What is known of a run without reading its data."""

    start: dict[str, Any]
    stop: dict[str, Any] | None
    """None while the run is being written, and for ever if its writer died."""
    alive: bool
    """Whether the process that writes the run is there; of no meaning once there is a stop document."""

    @property
    def state(self) -> str:
        """``running``, ``interrupted``, or the exit status: ``success``, ``abort``, ``fail``."""
        if self.stop is not None:
            return self.stop.get("exit_status", "success")
        return "running" if self.alive else "interrupted"


@dataclass(frozen=True, slots=True)
class Columns:
    """The events of one stream as arrays, in the order of their emission."""

    seq_num: "np.ndarray"
    """Shape (n,)."""
    time: "np.ndarray"
    """Shape (n,), seconds since the Unix epoch."""
    data: "dict[str, np.ndarray]"
    """By data key, shape (n, ...); for data kept outside the store, what refers to it."""


class Store(Protocol):
    """Keeps event-model documents. An `insert` that returned is not undone by the death of the process."""

    def insert(self, name: str, doc: Mapping[str, Any]) -> None:
        """Keep one document.

        Raises
        ------
        DocumentError
            If it cannot be stored as it is, or belongs to no run that is open here.
        StoreError
            If the store cannot be written: then nothing of the document is kept.
        """
        ...

    def insert_all(self, documents: Iterable[tuple[str, Mapping[str, Any]]]) -> None:
        """Keep the documents of one or more whole runs: all of them or, on an error, none."""
        ...

    def find(self, query: Query, *, skip: int = 0, limit: int | None = None) -> Iterator[Header]:
        """The runs that match, the last filed first."""
        ...

    def count(self, query: Query) -> int:
        """How many runs match."""
        ...

    def interrupted(self, *, new: bool = False) -> list[Header]:
        """The runs whose writer died, the last filed first; ``new``: since anybody last began to write here."""
        ...

    def documents(self, uid: str, names: Iterable[str] | None = None) -> Iterator[NamedDocument]:
        """The documents of a run as they were emitted, or those of the given names."""
        ...

    def columns(self, uid: str, stream: str) -> Columns:
        """The events of one stream so far."""
        ...

    def counts(self, uid: str) -> dict[str, int]:
        """How many events each stream of a run has so far."""
        ...

    def close(self) -> None:
        """Let go of the store. Idempotent."""
        ...

    def __enter__(self) -> "Store": ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...
