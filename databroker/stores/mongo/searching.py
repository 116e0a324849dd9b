"""How runs are found in the layout "pages"."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from beamtwin.databroker.query import Query, validate
from beamtwin.databroker.stores.base import Header, Sort
from beamtwin.databroker.stores.mongo.layout import Tables
from beamtwin.databroker.stores.mongo.leases import Leases
from beamtwin.databroker.stores.mongo.narrowing import narrow
from beamtwin.databroker.stores.mongo.reading import as_header, descriptors
from beamtwin.databroker.stores.mongo.shelves import Row
from beamtwin.databroker.stores.searched import (
    Searched,
    answers,
    check_sort,
    different,
    in_order,
    reads_descriptors,
)

__all__ = ["RunSearch"]

#: By what the server sorts: values that every run has, and that MongoDB orders as we do.
_SORTED = {"time", "scan_id"}
#: What a header is not made of.
_NOT_READ = {"search": 0, "words": 0, "partial": 0, "streams": 0}
_BATCH = 256


class RunSearch:
    """The search of one store.

    Parameters
    ----------
    tables : Tables
    leases : Leases
    """

    def __init__(self, tables: Tables, leases: Leases):
        self._tables = tables
        self._leases = leases

    def find(
        self, query: Query, *, sort: Sort, skip: int, limit: int | None, hidden: bool
    ) -> Iterator[Header]:
        """See `Store.find`."""
        validate(query)
        check_sort(sort)
        last = None if limit is None else skip + limit
        if all(key in _SORTED for key, _ in sort):
            found = self._answers(query, hidden=hidden, sort=sort, at_first=last)
            return islice((header for header, _ in found), skip, last)
        keys = [key for key, _ in sort]
        return islice(in_order(self._answers(query, hidden=hidden, keys=keys), sort), skip, last)

    def count(self, query: Query) -> int:
        """How many runs match."""
        validate(query)
        if not query:
            return self._tables.runs.count_documents({"hidden": False})
        return sum(1 for _ in self._answers(query))

    def distinct(self, key: str, query: Query) -> list[Any]:
        """See `Store.distinct`."""
        validate(query)
        return different(key, (searched for _, searched in self._answers(query, keys=[key])))

    def unfinished(self, *, signed: bool) -> list[Header]:
        """The runs that have no stop document, the last filed first; or those of a writer of which nobody knows ill."""
        rows = list(self._tables.runs.find({"open": True, "hidden": False}).sort("number", -1))
        living = self._leases.living()
        return [as_header(row, living) for row in rows if row["writer"] is not None or not signed]

    def _answers(
        self,
        query: Query,
        *,
        hidden: bool = False,
        keys: Sequence[str] = (),
        sort: Sort = (),
        at_first: int | None = None,
    ) -> Iterator[tuple[Header, Searched]]:
        needed = reads_descriptors(query, keys)
        seen: dict[str, Row] = {}

        def headers() -> Iterator[Header]:
            living: set[str] | None = None
            for row in self._rows(query, hidden, sort, needed, at_first):
                if row["stop"] is None and living is None:
                    living = self._leases.living()
                if needed:
                    seen.clear()
                    seen[row["_id"]] = row
                yield as_header(row, living or set())

        return answers(query, headers(), (lambda uid: descriptors(seen[uid])) if needed else None)

    def _rows(
        self, query: Query, hidden: bool, sort: Sort, needed: bool, at_first: int | None
    ) -> Iterator[Row]:
        """The runs that may match, the last filed first or sorted; ``at_first``: so many are wanted soon."""
        chosen = narrow(query)
        by_uid = isinstance(chosen.get("_id"), str)
        if not by_uid:  # which servers that have no better index answer by this one
            chosen = {**chosen, "hidden": hidden}
        left_out = _NOT_READ if needed else {**_NOT_READ, "descriptors": 0}
        found = self._tables.runs.find(chosen, left_out)
        if not by_uid:
            order = [(f"search.start.{key}", direction) for key, direction in sort]
            found = found.sort([*order, ("number", -1)])
        found = found.batch_size(_BATCH if query or at_first is None else min(at_first + 1, _BATCH))
        return (row for row in found if row["hidden"] == hidden and "deleting" not in row)
