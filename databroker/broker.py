"""Broker: finds runs, and takes the documents of new ones."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, SupportsIndex, overload

from beamtwin.databroker import annotations
from beamtwin.databroker.assets.limits import MOST_BYTES
from beamtwin.databroker.assets.registry import Assets, Handler
from beamtwin.databroker.closing import Closing
from beamtwin.databroker.errors import QueryError, RunNotFoundError, StoreError
from beamtwin.databroker.following import Clock
from beamtwin.databroker.lookup import Scope
from beamtwin.databroker.query import Query, both, validate
from beamtwin.databroker.run import Run
from beamtwin.databroker.search import Tagged
from beamtwin.databroker.stores.base import Header, Sort, Store
from beamtwin.databroker.stores.routing import plain_name

if TYPE_CHECKING:
    from beamtwin.databroker.compare.comparison import Comparison

__all__ = ["Broker"]

_SIMULATED = ["twin", "ioc"]
#: How many runs are shown in a terminal, and in a notebook.
_IN_TERMINAL, _IN_NOTEBOOK = 5, 20


class Broker(Closing):
    """The runs of a store, or those among them that match a query.

    Parameters
    ----------
    store : Store
    query : dict, optional
        In MongoDB's query language, of start documents; ``stop.`` leads to the stop document, ``descriptors.`` to the
        descriptors, ``annotations.`` to what was said afterwards.
    sort : sequence of (key, 1 or -1), optional
    assets : Assets, optional
        Who reads which kind of file, and where files have been moved to.
    clock : Clock, optional
        Dates notes, and waits for documents.

    Examples
    --------
    >>> with Broker.in_memory() as db:
    ...     db("start", {"uid": "5f0c2a81-1b6e", "time": 1.7e9, "scan_id": 7, "plan_name": "scan"})
    ...     db[7].uid, db["5f0c2"].state, len(db.search({"plan_name": "count"}))
    ('5f0c2a81-1b6e', 'running', 0)

    An engine feeds it: ``RE.subscribe(db.insert)``. ``db[-1]`` is the run filed last, ``db[7]`` the
    last with that scan_id, ``db["5f0c2"]`` the one whose uid begins so; ``list(db)`` and
    ``db[-3:]`` are runs, newest first. Newest is what was filed last: on a virtual clock a run may
    begin at any time.
    """

    def __init__(
        self,
        store: Store,
        query: Query | None = None,
        *,
        sort: Sort = (),
        assets: Assets | None = None,
        clock: Clock | None = None,
    ):
        self.store = store
        self.query = {} if query is None else dict(query)
        self.assets = assets or Assets()
        self.clock = clock
        self._scope = Scope(store, self.query, sort)

    @classmethod
    def open(
        cls,
        target: str | Path,
        *,
        handlers: Mapping[str, Handler] | None = None,
        root_map: Mapping[str, str | Path] | None = None,
        most_bytes: int = MOST_BYTES,
        roots: Iterable[str | Path] = (),
        clock: Clock | None = None,
        **options: Any,
    ) -> "Broker":
        """The runs of a file, of a database, or of a catalogue that the user's configuration names.

        Parameters
        ----------
        target : path-like
            The path of a SQLite file, made if it is not there; ``sqlite:///path``; ``mongodb://...``; or a name in
            `beamtwin.databroker.catalogs.catalogs`.
        handlers : dict, optional
            Of files, by mimetype or spec; see `register_handler`.
        root_map : dict, optional
            Where files have been moved to, by recorded root.
        most_bytes : int
            What reading one key's data may take of the memory.
        roots : iterable of path-like
            The folders of which files may go into exports, besides ``assets`` beside a SQLite file, and where
            files have been moved to.
        clock : Clock, optional
            Dates notes, and waits for documents.
        **options
            The store's, such as ``readonly``: see `SqliteStore` and `open_mongo`.

        Raises
        ------
        StoreError
            If it cannot be opened.
        DataBrokerError
            If there is no catalogue of that name, naming those there are.
        """
        from beamtwin.databroker.opening import asset_folder, catalog_of, open_store

        catalog = catalog_of(target)
        store = open_store(catalog.open, **{**catalog.options, **options})
        own = asset_folder(store)
        shared = [*([own] if own else ()), *catalog.roots, *roots]
        assets = Assets(handlers, {**catalog.root_map, **(root_map or {})}, most_bytes, shared)
        return cls(store, assets=assets, clock=clock)

    @classmethod
    def in_memory(cls, **options: Any) -> "Broker":
        """A broker that ends with the process; the options are those of `open`."""
        return cls.open(":memory:", **options)

    def register_handler(self, kind: str, handler: Handler, *, overwrite: bool = False) -> None:
        """Have files of a kind read by a handler, here and in all searches.

        Parameters
        ----------
        kind : str
            A mimetype (of stream_resource documents) or a spec (of resource documents).
        handler : callable
            ``handler(path, parameters, shape)`` returns `Rows`; or a handler class of Bluesky's, as it is.
        overwrite : bool
            Whether another may be replaced.

        Raises
        ------
        AssetError
            If there is another, or this is none.
        """
        self.assets.register(kind, handler, overwrite=overwrite)

    # --- documents in -------------------------------------------------------

    def insert(self, name: str, doc: Mapping[str, Any]) -> None:
        """Keep a document; what returned is kept, whatever becomes of the process. See `Store.insert` for errors.

        Parameters
        ----------
        name : str or event_model.DocumentNames
        doc : dict
        """
        self.store.insert(name if isinstance(name, str) else plain_name(name), doc)

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
        return self._with(both(self.query, dict(query)), self._scope.sort)

    def sorted(self, *keys: str) -> "Broker":
        """These runs by these keys, the first first; ``-`` before a key turns its order round.

        ``[-1]`` and ``[-5:]`` are then the last of that order.

        Raises
        ------
        QueryError
            If a key is no string.
        """
        for key in keys:
            if not isinstance(key, str):
                raise QueryError(f"{key!r}: sort by keys such as 'time', or '-time' from its end")
        sort = [(key.removeprefix("-"), -1 if key.startswith("-") else 1) for key in keys]
        return self._with(self.query, sort)

    def tagged(self, *tags: str) -> "Broker":
        """The runs with all of these tags."""
        return self.search(Tagged(*tags))

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

    def head(self, count: int = 5) -> list[Run]:
        """The first so many, in the order of iteration."""
        return [self._run(header) for header in self._scope.find(limit=count)]

    def distinct(self, key: str) -> list[Any]:
        """The values that these runs have under a key, each once; those in a list one by one."""
        return self.store.distinct(key, self.query)

    def counts(self, key: str) -> dict[Any, int]:
        """How many of these runs have each value under a key.

        Raises
        ------
        QueryError
            If the key leads to dictionaries.
        """
        values = self.distinct(key)
        if any(isinstance(value, dict | list) for value in values):
            raise QueryError(f"{key}: its values have parts; name one of these, as in {key}.name")
        return {
            value: self.store.count(both(self.query, {key: {"$eq": value}})) for value in values
        }

    def __len__(self) -> int:
        return self.store.count(self.query)

    def __iter__(self) -> Iterator[Run]:
        return map(self._run, self.store.find(self.query, sort=self._scope.sort))

    def __contains__(self, key: object) -> bool:
        """Whether ``db[key]`` is a run."""
        if not isinstance(key, str | SupportsIndex):
            return False
        try:
            self._scope.one(key)
        except (RunNotFoundError, QueryError):
            return False
        return True

    @overload
    def __getitem__(self, key: str | SupportsIndex) -> Run: ...
    @overload
    def __getitem__(self, key: slice) -> list[Run]: ...
    def __getitem__(self, key: str | SupportsIndex | slice) -> Run | list[Run]:
        if isinstance(key, slice):
            return [self._run(header) for header in self._scope.several(key)]
        return self._run(self._scope.one(key))

    # --- said afterwards ----------------------------------------------------

    def file(self, comparison: "Comparison") -> dict[str, Any]:
        """Keep a comparison's scores with both of its runs, where they are searched as ``annotations.scores``.

        The same two runs compared again under the same title replace what was kept.

        Returns
        -------
        dict
            The scores; each run's have the other's uid as ``counterpart``.

        Raises
        ------
        ComparisonError
            If a side is of no run.
        RunNotFoundError
            If a run is not in this store.
        """
        summary = comparison.summary()
        everything = Scope(self.store, {})
        sides = {everything.one(uid).start["uid"]: role for role, uid in comparison.runs().items()}
        if self.clock is not None:
            summary["time"] = self.clock.time()
        for uid, role in sides.items():
            other = next((other for other in sides if other != uid), uid)
            self.store.annotate(
                uid, annotations.score({"counterpart": other, "role": role, **summary})
            )
        return summary

    # --- deleting -----------------------------------------------------------

    def remove(self, key: str | int) -> Run:
        """Put a run out of sight, from where `restore` brings it back until `purge` deletes it."""
        run = self[key]
        self.store.hide(run.uid)
        return run

    @property
    def removed(self) -> list[Run]:
        """The runs out of sight, newest first."""
        return [self._run(header) for header in self._removed().find()]

    def restore(self, uid: str) -> Run:
        """Bring a removed run back."""
        run = self._run(self._removed().one(uid))
        self.store.hide(run.uid, hidden=False)
        return run

    def purge(self, uid: str) -> None:
        """Delete a removed run for good: its documents and what was said of it.

        The files that its documents announce are not touched.

        Raises
        ------
        RunNotFoundError
            If the run was not removed before.
        """
        self.store.delete(self._removed().one(uid).start["uid"])

    def _removed(self) -> Scope:
        return Scope(self.store, self.query, hidden=True)

    # --- the end, and the rest ----------------------------------------------

    def close(self) -> None:
        """Let go of the store."""
        self.store.close()

    def __repr__(self) -> str:
        from beamtwin.databroker.display import lines

        try:
            number, shown = len(self), self.head(_IN_TERMINAL)
        except StoreError as error:
            return f"<Broker: {error}>"
        rest = ["..."] if number > len(shown) else []
        return "\n".join([f"<{self._title(number)}>", *(lines(shown) if shown else []), *rest])

    def _repr_html_(self) -> str:
        from beamtwin.databroker.display import broker_html

        number, shown = len(self), self.head(_IN_NOTEBOOK)
        return broker_html(self._title(number), shown, number - len(shown))

    def _title(self, number: int) -> str:
        return f"Broker: {number} run{'s' * (number != 1)} {self._scope.name}, {self.store!r}"

    def _with(self, query: Query, sort: Sort) -> "Broker":
        return Broker(self.store, query, sort=sort, assets=self.assets, clock=self.clock)

    def _run(self, header: Header) -> Run:
        return Run(self.store, header, self.assets, self.clock)
