"""Run: what was recorded from one start document to its stop."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from beamtwin.databroker.errors import RunNotFoundError
from beamtwin.databroker.stores.base import Header, NamedDocument, Store
from beamtwin.databroker.stream import Stream

__all__ = ["Run"]


class Run:
    """One run: its metadata at once, its data as they are asked for, also while it is being written.

    `Broker` makes them: ``db[-1]["primary"].read()`` is the last run's data as an `xarray.Dataset`.

    Parameters
    ----------
    store : Store
    header : Header
    """

    def __init__(self, store: Store, header: Header):
        self.store = store
        self._header = header

    @property
    def start(self) -> dict[str, Any]:
        """The start document."""
        return self._header.start

    @property
    def uid(self) -> str:
        """Globally unique."""
        return self.start["uid"]

    @property
    def stop(self) -> dict[str, Any] | None:
        """The stop document; None while the run is being written, and where its writer died."""
        return self._current().stop

    @property
    def state(self) -> str:
        """``running``, ``interrupted`` (its writer died), or the exit status: ``success``, ``abort``, ``fail``."""
        return self._current().state

    @property
    def metadata(self) -> dict[str, Any]:
        """The start and the stop document, by these names."""
        return {"start": self.start, "stop": self.stop}

    @property
    def streams(self) -> list[str]:
        """The names of the streams so far."""
        return list(self.store.counts(self.uid))

    @property
    def primary(self) -> Stream:
        """The stream of the plan's own points."""
        return self["primary"]

    def __getitem__(self, stream: str) -> Stream:
        descriptors = [
            doc for _, doc in self.documents(["descriptor"]) if doc.get("name") == stream
        ]
        if not descriptors:
            known = ", ".join(self.streams) or "none"
            raise RunNotFoundError(f"run {self.uid[:8]} has no stream {stream!r}; it has: {known}")
        return Stream(self.store, self.start, stream, descriptors)

    def documents(self, names: Iterable[str] | None = None) -> Iterator[NamedDocument]:
        """The documents as they were emitted, in that order; ``names``: only those kinds."""
        return self.store.documents(self.uid, names)

    def __repr__(self) -> str:
        counts = self.store.counts(self.uid)
        points = ", ".join(f"{n} in {name}" for name, n in counts.items()) or "no events"
        began = datetime.fromtimestamp(self.start["time"], UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        plan, number = self.start.get("plan_name", "no plan"), self.start.get("scan_id", "-")
        return f"<Run {self.uid[:8]}: {plan}, scan_id {number}, {self.state}, {began}, {points}>"

    def _current(self) -> Header:
        if self._header.stop is None:
            self._header = next(self.store.find({"uid": self.uid}, limit=1))
        return self._header
