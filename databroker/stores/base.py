"""Store: what the broker asks of whoever keeps its documents."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol

from beamtwin.databroker.query import Query

if TYPE_CHECKING:
    import numpy as np

__all__ = ["Annotations", "Columns", "Header", "NamedDocument", "Sort", "Store"]

#: An event-model document with its name: ``("event", {...})``.
NamedDocument = tuple[str, dict[str, Any]]
#: What people and programs said of a run after it: ``tags``, ``notes``, ``scores`` and what else they like.
Annotations = dict[str, Any]
#: Paths into what a query is asked of, each with 1 (ascending) or -1.
Sort = Sequence[tuple[str, int]]


@dataclass(frozen=True, slots=True)
class Header:
    """What is known of a run without reading its data."""

    start: dict[str, Any]
    stop: dict[str, Any] | None
    """None while the run is being written, and for ever if its writer died."""
    alive: bool
    """Whether the process that writes the run is there; of no meaning once there is a stop document."""
    annotations: Annotations = field(default_factory=dict)
    hidden: bool = False
    """Whether it is out of sight, on its way to be deleted."""

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

    def find(
        self,
        query: Query,
        *,
        sort: Sort = (),
        skip: int = 0,
        limit: int | None = None,
        hidden: bool = False,
    ) -> Iterator[Header]:
        """The runs that match, the last filed first unless sorted otherwise; ``hidden``: only those out of sight.

        What a query is asked of: the start document, with the stop document under ``stop``, the descriptors as a
        list under ``descriptors``, and what was said afterwards, if anything was, under ``annotations``; a start
        document's own keys of these names are not searched. ``$text`` asks all of it but the descriptors. Of a list,
        runs are sorted by the least value, or by the greatest where the order descends; where the values are the
        same, the last filed comes first.

        Raises
        ------
        QueryError
            At once, if the query or the order has no meaning.
        """
        ...

    def count(self, query: Query) -> int:
        """How many runs match."""
        ...

    def distinct(self, key: str, query: Query) -> list[Any]:
        """The values that the matching runs have under a key, each once, ascending; those in a list one by one."""
        ...

    def interrupted(self, *, new: bool = False) -> list[Header]:
        """The runs whose writer died, the last filed first; ``new``: since anybody last began to write here."""
        ...

    def documents(
        self, uid: str, names: Iterable[str] | None = None, *, since: int = 0
    ) -> Iterator[NamedDocument]:
        """The documents of a run as they were emitted, or those of the given names.

        ``since`` leaves out the first so many of all its documents: who has seen n of them asks for the rest.
        """
        ...

    def columns(self, uid: str, stream: str, keys: Iterable[str] | None = None) -> Columns:
        """The events of one stream so far; ``keys``: of the data, only these."""
        ...

    def counts(self, uid: str) -> dict[str, int]:
        """How many events each stream of a run has so far."""
        ...

    def annotate(self, uid: str, change: Callable[[Annotations], Annotations]) -> Annotations:
        """Replace a run's annotations by what ``change`` makes of them; whoever else does so waits or is told again.

        Raises
        ------
        DocumentError
            If they cannot be stored as they are.
        """
        ...

    def hide(self, uid: str, hidden: bool = True) -> None:
        """Put a run out of sight: nothing but ``find(..., hidden=True)`` finds it; or bring it back."""
        ...

    def delete(self, uid: str) -> None:
        """Remove a hidden run for good, all of it or nothing.

        Raises
        ------
        StoreError
            If the run is not hidden, or is being written.
        """
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
