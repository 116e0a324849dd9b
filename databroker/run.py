"""Run: what was recorded from one start document to its stop."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from beamtwin.databroker import annotations
from beamtwin.databroker.assets.checksums import FileReport, verify
from beamtwin.databroker.assets.registry import Assets
from beamtwin.databroker.errors import DataBrokerError, RunNotFoundError
from beamtwin.databroker.following import POLL_S, Clock, follow, required
from beamtwin.databroker.stores.base import Annotations, Header, NamedDocument, Store
from beamtwin.databroker.stream import Stream

if TYPE_CHECKING:
    import pandas

__all__ = ["Run"]

_FILES = ("resource", "stream_resource")


class Run:
    """One run: its metadata at once, its data as they are asked for, also while it is being written.

    `Broker` makes them: ``db[-1]["primary"].read()`` is the last run's data as an `xarray.Dataset`.

    Parameters
    ----------
    store : Store
    header : Header
    assets : Assets, optional
        Who reads which kind of file.
    clock : Clock, optional
        Dates notes, and waits for documents.
    """

    def __init__(
        self,
        store: Store,
        header: Header,
        assets: Assets | None = None,
        clock: Clock | None = None,
    ):
        self.store = store
        self.assets = assets or Assets()
        self.clock = clock
        self._header = header

    # --- what is known of it ------------------------------------------------

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
    def config(self) -> dict[str, dict[str, dict[str, Any]]]:
        """By stream, each device's configuration."""
        return {name: self[name].config for name in self.streams}

    # --- data ---------------------------------------------------------------

    @property
    def streams(self) -> list[str]:
        """The names of the streams so far."""
        return list(self.counts)

    @property
    def counts(self) -> dict[str, int]:
        """How many events each stream has so far."""
        return self.store.counts(self.uid)

    @property
    def primary(self) -> Stream:
        """The stream of the plan's own points."""
        return self["primary"]

    @property
    def baseline(self) -> Stream:
        """The stream of what was read before and after."""
        return self["baseline"]

    def table(
        self, stream: str = "primary", keys: Iterable[str] | None = None
    ) -> "pandas.DataFrame":
        """A stream's single numbers and texts, a row each event; see `Stream.table`."""
        return self[stream].table(keys)

    def __iter__(self) -> Iterator[str]:
        return iter(self.streams)

    def __contains__(self, stream: object) -> bool:
        return stream in self.streams

    def __getitem__(self, stream: str) -> Stream:
        descriptors = [
            doc for _, doc in self.documents(["descriptor"]) if doc.get("name", "") == stream
        ]
        if not descriptors:
            known = ", ".join(self.streams) or "none"
            raise RunNotFoundError(f"run {self.uid[:8]} has no stream {stream!r}; it has: {known}")
        return Stream(self.store, self.start, stream, descriptors, self.assets)

    def documents(
        self, names: Iterable[str] | None = None, *, filled: bool = False
    ) -> Iterator[NamedDocument]:
        """The documents as they were emitted, in that order.

        Parameters
        ----------
        names : iterable of str, optional
            Only those kinds.
        filled : bool
            With the data in them that lie in other files.
        """
        if not filled:
            return self.store.documents(self.uid, names)
        from beamtwin.databroker.filling import filled as fill

        wanted = None if names is None else set(names)
        everything = fill(self, self.store.documents(self.uid))
        return (pair for pair in everything if wanted is None or pair[0] in wanted)

    def follow(
        self,
        clock: Clock | None = None,
        *,
        timeout_s: float | None = None,
        poll_s: float = POLL_S,
    ) -> Iterator[NamedDocument]:
        """The documents there are, and those to come, as they come, whoever writes them.

        Ends with the stop document, when the writer has died, or when nothing came for ``timeout_s`` seconds; `state`
        tells which.

        Parameters
        ----------
        clock : Clock, optional
            By default the broker's.
        timeout_s : float, optional
        poll_s : float
            How often the store is asked.

        Raises
        ------
        DataBrokerError
            If there is no clock.
        """
        return follow(self, required(clock or self.clock), timeout_s=timeout_s, poll_s=poll_s)

    def verify(self) -> list[FileReport]:
        """Which of the run's files are there, and are as their checksums say, where the documents state one."""
        return [verify(self.assets, doc) for _, doc in self.documents(_FILES)]

    # --- said afterwards ----------------------------------------------------

    @property
    def annotations(self) -> Annotations:
        """Tags, notes and scores, as they are now."""
        return self._fresh().annotations

    @property
    def tags(self) -> list[str]:
        """In alphabetical order."""
        return self.annotations.get("tags", [])

    def tag(self, *names: str) -> None:
        """Add tags, to be found by: ``db.tagged("good")``."""
        self.store.annotate(self.uid, annotations.tag(names))

    def untag(self, *names: str) -> None:
        """Take tags away."""
        self.store.annotate(self.uid, annotations.untag(names))

    def note(self, text: str, *, author: str | None = None) -> None:
        """Add a note, dated by the broker's clock where it has one."""
        time = None if self.clock is None else self.clock.time()
        self.store.annotate(self.uid, annotations.note(text, author, time))

    @property
    def scores(self) -> list[dict[str, Any]]:
        """What comparisons said of this run; see `Broker.file`."""
        return self.annotations.get("scores", [])

    @property
    def counterparts(self) -> list["Run"]:
        """The runs that this one was compared with, measured or simulated, as far as they are in the store."""
        uids = list(dict.fromkeys(score["counterpart"] for score in self.scores))
        found = [header for uid in uids for header in self.store.find({"uid": uid}, limit=1)]
        return [Run(self.store, header, self.assets, self.clock) for header in found]

    # --- how it looks -------------------------------------------------------

    def __repr__(self) -> str:
        from beamtwin.databroker.display import moment, printable

        try:
            state, counts = self.state, self.counts
        except DataBrokerError as error:
            return f"<Run {printable(self.uid[:8])}: {error}>"
        points = ", ".join(f"{n} in {name}" for name, n in counts.items()) or "no events"
        began = f"{moment(self.start['time'])} UTC"
        plan, number = self.start.get("plan_name", "no plan"), self.start.get("scan_id", "-")
        said = f"{self.uid[:8]}: {plan}, scan_id {number}, {state}, {began}, {points}"
        return f"<Run {printable(said)}>"

    def _repr_html_(self) -> str:
        from beamtwin.databroker.display import run_html

        return run_html(self)

    def _current(self) -> Header:
        """With the stop document, once there is one."""
        return self._fresh() if self._header.stop is None else self._header

    def _fresh(self) -> Header:
        was = self._header.hidden
        for hidden in (was, not was):
            for header in self.store.find({"uid": self.uid}, limit=1, hidden=hidden):
                self._header = header
                return header
        return self._header
