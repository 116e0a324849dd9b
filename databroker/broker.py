"""Broker: finds runs, and takes the documents of new ones."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, overload

from beamtwin.databroker.errors import QueryError, RunNotFoundError
from beamtwin.databroker.query import Query, both, validate
from beamtwin.databroker.run import Run
from beamtwin.databroker.stores.base import Header, Store

__all__ = ["Broker"]

#: What a partial uid must have, lest it be anything's.
_LEAST_CHARACTERS = 5
_LISTED = 5
_SIMULATED = ["twin", "ioc"]


class Broker:
    """The runs of a store, or those among them that match a query.

    Parameters
    ----------
    store : Store
    query : dict, optional
        In MongoDB's query language, of start documents; ``stop.`` leads to the stop document.

    Examples
    --------
    >>> with Broker.open(":memory:") as db:
    ...     db("start", {"uid": "5f0c2a81-1b6e", "time": 1.7e9, "scan_id": 7, "plan_name": "scan"})
    ...     db[7].uid, db["5f0c2"].state, len(db.search({"plan_name": "count"}))
    ('5f0c2a81-1b6e', 'running', 0)

    An engine feeds it: ``RE.subscribe(db.insert)``. ``db[-1]`` is the run filed last, ``db[7]`` the
    last with that scan_id, ``db["5f0c2"]`` the one whose uid begins so; ``list(db)`` and
    ``db[-3:]`` are runs, newest first. Newest is what was filed last: on a virtual clock a run may
    begin at any time.
    """

    def __init__(self, store: Store, query: Query | None = None):
        self.store = store
        self.query = dict(query or {})

    @classmethod
    def open(
        cls,
        path: str | Path,
        *,
        synchronous: Literal["NORMAL", "FULL"] = "NORMAL",
        readonly: bool = False,
    ) -> "Broker":
        """The runs of a SQLite file, made if it is not there; see `SqliteStore`."""
        from beamtwin.databroker.stores.sqlite import SqliteStore

        return cls(SqliteStore(path, synchronous=synchronous, readonly=readonly))

    # --- documents in -------------------------------------------------------

    def insert(self, name: str, doc: Mapping[str, Any]) -> None:
        """Keep a document; what returned is kept, whatever becomes of the process."""
        self.store.insert(name, doc)

    __call__ = insert

    # --- runs out -----------------------------------------------------------

    def search(self, query: Query) -> "Broker":
        """Those of these runs that match, as a broker that can be searched and indexed further.

        Raises
        ------
        QueryError
            Naming the operator that is not known.
        """
        validate(query)
        return Broker(self.store, both(self.query, query))

    @property
    def simulation(self) -> "Broker":
        """The runs that the twin answered, in process or as an IOC."""
        return self.search({"twin.target": {"$in": _SIMULATED}})

    @property
    def experiment(self) -> "Broker":
        """The runs that were measured, or imported."""
        return self.search({"twin.target": {"$nin": _SIMULATED}})

    def interrupted(self, *, new: bool = False) -> list[Run]:
        """The runs whose writer died, newest first; ``new``: since anybody last began to write in this store."""
        return [self._run(header) for header in self.store.interrupted(new=new)]

    def __len__(self) -> int:
        return self.store.count(self.query)

    def __iter__(self) -> Iterator[Run]:
        return map(self._run, self.store.find(self.query))

    def __contains__(self, uid: object) -> bool:
        return isinstance(uid, str) and self.store.count(both(self.query, {"uid": uid})) > 0

    @overload
    def __getitem__(self, key: str | int) -> Run: ...
    @overload
    def __getitem__(self, key: slice) -> list[Run]: ...
    def __getitem__(self, key: str | int | slice) -> Run | list[Run]:
        match key:
            case str():
                return self._by_uid(key)
            case int():
                return self._by_number(key)
            case slice():
                return self._by_slice(key)
        raise QueryError(f"{key!r}: ask for a uid, a scan_id, -1 for the last run, or [-5:]")

    def _by_uid(self, uid: str) -> Run:
        exact = self._find({"uid": uid}, 1)
        if exact:
            return exact[0]
        if len(uid) < _LEAST_CHARACTERS:
            raise RunNotFoundError(
                f"{uid!r}: give at least {_LEAST_CHARACTERS} characters of a uid"
            )
        found = self._find({"uid": {"$gte": uid, "$lt": uid + chr(0x10FFFF)}}, _LISTED + 1)
        if not found:
            raise RunNotFoundError(f"no run {self._scope()} has a uid that begins with {uid!r}")
        if len(found) > 1:
            names = [run.uid for run in found[:_LISTED]] + ["..."] * (len(found) > _LISTED)
            raise RunNotFoundError(
                f"{uid!r} begins several uids: {', '.join(names)}; give more of it"
            )
        return found[0]

    def _by_number(self, number: int) -> Run:
        if number < 0:
            found = [*map(self._run, self.store.find(self.query, skip=-number - 1, limit=1))]
            missing = f"there are {len(self)} runs {self._scope()}, and no number {number}"
        else:
            found = self._find({"scan_id": number}, 1)
            missing = f"no run {self._scope()} has the scan_id {number}"
        if not found:
            raise RunNotFoundError(missing)
        return found[0]

    def _by_slice(self, wanted: slice) -> list[Run]:
        first, last = wanted.start, wanted.stop
        if wanted.step is not None or any(n is not None and n >= 0 for n in (first, last)):
            raise QueryError("slices count from the last run: [-5:] is the last five, newest first")
        skip = 0 if last is None else -last
        limit = None if first is None else max(-first - skip, 0)
        return [self._run(header) for header in self.store.find(self.query, skip=skip, limit=limit)]

    def _find(self, query: Query, limit: int) -> list[Run]:
        return [
            self._run(header) for header in self.store.find(both(self.query, query), limit=limit)
        ]

    def _run(self, header: Header) -> Run:
        return Run(self.store, header)

    def _scope(self) -> str:
        return "that this search found" if self.query else "in this store"

    # --- the end ------------------------------------------------------------

    def close(self) -> None:
        """Let go of the store."""
        self.store.close()

    def __enter__(self) -> "Broker":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        number = len(self)
        return f"<Broker: {number} run{'s' * (number != 1)} {self._scope()}, {self.store!r}>"
