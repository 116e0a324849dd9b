"""Which run a uid, the beginning of one, a scan_id, or a number from the end means, within a search."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from operator import index
from typing import Any, SupportsIndex

from beamtwin.databroker.errors import QueryError, RunNotFoundError
from beamtwin.databroker.query import Query, both
from beamtwin.databroker.stores.base import Header, Sort, Store

__all__ = ["Scope"]

#: What a partial uid must have, lest it be anything's.
_LEAST_CHARACTERS = 5
_LISTED = 5


@dataclass(frozen=True)
class Scope:
    """The runs of a store that match a query, in an order."""

    store: Store
    query: Query
    sort: Sort = ()
    hidden: bool = False

    @property
    def name(self) -> str:
        """For messages."""
        if self.hidden:
            return "that was removed"
        return "that this search found" if self.query else "in this store"

    def one(self, key: str | SupportsIndex) -> Header:
        """The run that a key means.

        Raises
        ------
        RunNotFoundError
            If there is none, or more than one.
        QueryError
            If it is no key.
        """
        if isinstance(key, str):
            return self._by_uid(key)
        if isinstance(key, bool) or not hasattr(key, "__index__"):
            raise QueryError(f"{key!r}: ask for a uid, a scan_id, -1 for the last run, or [-5:]")
        number = index(key)
        return self._from_end(number) if number < 0 else self._by_scan_id(number)

    def several(self, wanted: slice) -> Sequence[Header]:
        """Those of a slice that counts from the end.

        Raises
        ------
        QueryError
            If it counts from anywhere else.
        """
        first, last = wanted.start, wanted.stop
        if wanted.step is not None or not (_from_the_end(first) and _from_the_end(last)):
            raise QueryError(
                f"{_shown(wanted)}: slices count from the last run: [-5:] is the last five; "
                "head(5) are the first"
            )
        skip = 0 if last is None else -last
        limit = None if first is None else max(-first - skip, 0)
        found = self._backwards().find(skip, limit)
        return found[::-1] if self.sort else found

    def find(self, skip: int = 0, limit: int | None = None) -> list[Header]:
        """In their order, as lists are."""
        runs = self.store.find(
            self.query, sort=self.sort, skip=skip, limit=limit, hidden=self.hidden
        )
        return list(runs)

    def _backwards(self) -> "Scope":
        """From the end: what was filed last comes first unless it was sorted."""
        return replace(self, sort=[(key, -direction) for key, direction in self.sort])

    def _matching(self, query: Query, limit: int) -> list[Header]:
        return replace(self, query=both(self.query, query), sort=()).find(limit=limit)

    def _by_uid(self, uid: str) -> Header:
        exact = self._matching({"uid": uid}, 1)
        if exact:
            return exact[0]
        if len(uid) < _LEAST_CHARACTERS:
            raise RunNotFoundError(
                f"{uid!r}: give at least {_LEAST_CHARACTERS} characters of a uid"
            )
        found = self._matching({"uid": {"$gte": uid, "$lt": uid + chr(0x10FFFF)}}, _LISTED + 1)
        if not found:
            raise RunNotFoundError(f"no run {self.name} has a uid that begins with {uid!r}")
        if len(found) > 1:
            names = [run.start["uid"] for run in found[:_LISTED]] + ["..."] * (len(found) > _LISTED)
            raise RunNotFoundError(
                f"{uid!r} begins several uids: {', '.join(names)}; give more of it"
            )
        return found[0]

    def _by_scan_id(self, number: int) -> Header:
        found = self._matching({"scan_id": number}, 1)
        if not found:
            raise RunNotFoundError(f"no run {self.name} has the scan_id {number}")
        return found[0]

    def _from_end(self, number: int) -> Header:
        found = self._backwards().find(skip=-number - 1, limit=1)
        if not found:
            count = self.store.count(self.query)
            runs = "is 1 run" if count == 1 else f"are {count} runs"
            raise RunNotFoundError(f"there {runs} {self.name}, and no number {number}")
        return found[0]


def _from_the_end(bound: Any) -> bool:
    """Whether this end of a slice is left open, or counted from the last run."""
    return bound is None or (isinstance(bound, int) and bound < 0)


def _shown(wanted: slice) -> str:
    """As it was written."""
    bounds = [wanted.start, wanted.stop] + [wanted.step] * (wanted.step is not None)
    return f"[{':'.join('' if bound is None else repr(bound) for bound in bounds)}]"
