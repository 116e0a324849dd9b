"""Runs: those that a plan has opened, by their keys."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from beamtwin.orchestration.bundler import RunBundler
from beamtwin.orchestration.clock import Clock
from beamtwin.orchestration.documents import Document
from beamtwin.orchestration.errors import IllegalMessageSequence
from beamtwin.orchestration.messages import Msg

__all__ = ["Runs"]


class Runs:
    """The runs that a plan has opened.

    Parameters
    ----------
    clock : Clock
    emit : callable
        Takes ``(name, document)``.
    new_uid : callable

    Attributes
    ----------
    open : dict of RunBundler
        Those that are, by key.
    uids : list of str
        Of all that have been opened.
    """

    def __init__(
        self, clock: Clock, emit: Callable[[str, Document], None], new_uid: Callable[[], str]
    ):
        self.open: dict[Any, RunBundler] = {}
        self.uids: list[str] = []
        self._make = lambda: RunBundler(clock, emit, new_uid)

    def __iter__(self) -> Iterator[RunBundler]:
        return iter(self.open.values())

    def of(self, msg: Msg) -> RunBundler:
        """The open run that a message is about."""
        try:
            return self.open[msg.run]
        except KeyError:
            raise IllegalMessageSequence(
                f"{msg.command!r} without an open run"
                f"{f' of key {msg.run!r}' if msg.run is not None else ''}: 'open_run' must come first"
            ) from None

    def begin(self, key: Any, metadata: Document) -> RunBundler:
        """Open a run. One whose start document is refused is over at once, for those who have taken it."""
        run = self.open[key] = self._make()
        try:
            run.open(metadata)
        except Exception as error:
            del self.open[key]
            with suppress(
                Exception
            ):  # who has refused the start document refuses the stop document too
                run.close("fail", str(error) or type(error).__name__)
            raise
        self.uids.append(run.uid)
        return run

    def end(self, msg: Msg, exit_status: str, reason: str) -> str:
        """Close the run that a message is about; returns its uid."""
        run = self.of(msg)
        del self.open[msg.run]
        return run.close(exit_status, reason)

    def forbid_amid_event(self, what: str) -> None:
        """Raise where an event is being put together."""
        for run in self:
            if run.bundling:
                raise IllegalMessageSequence(f"{what} between 'create' and 'save'")
