"""What a query is asked of, what the runs are put in order by, and the values that they have: for all stores."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from beamtwin.databroker.errors import QueryError
from beamtwin.databroker.query import Query, matches, rank, same, values
from beamtwin.databroker.stores.base import Header, Sort

__all__ = [
    "PARTS",
    "Searched",
    "answers",
    "check_sort",
    "different",
    "in_order",
    "place",
    "reads_descriptors",
]

#: A run as it is searched.
Searched = Mapping[str, Any]
#: The keys under which other documents than the start are searched.
PARTS = ("stop", "descriptors", "annotations")


def reads_descriptors(query: Query, keys: Iterable[str] = ()) -> bool:
    """Whether an answer needs the descriptors, which are not read otherwise."""
    return any(key.split(".")[0] == "descriptors" for key in (*_keys(query), *keys))


def answers(
    query: Query,
    headers: Iterable[Header],
    descriptors: Callable[[str], list[dict[str, Any]]] | None = None,
) -> Iterator[tuple[Header, Searched]]:
    """The runs that match, each with what was searched of it.

    Parameters
    ----------
    query : dict
    headers : iterable of Header
    descriptors : callable, optional
        Gives the descriptors of the run with that uid; without it, they are left out.
    """
    for header in headers:
        searched = _searched(header)
        if descriptors is not None:
            searched["descriptors"] = descriptors(header.start["uid"])
        if matches(query, searched):
            yield header, searched


def check_sort(sort: Sort) -> None:
    """Refuse what is no order.

    Raises
    ------
    QueryError
    """
    for item in sort:
        if not isinstance(item, tuple | list) or len(item) != 2 or item[1] not in (1, -1):
            raise QueryError(f"{item!r}: sort by pairs such as ('time', 1), or -1 to descend")


def in_order(found: Iterable[tuple[Header, Searched]], sort: Sort) -> list[Header]:
    """The runs by the values that they have under some keys; where those are the same, as they came.

    As in MongoDB: of a list the least value counts, or the greatest where the order descends.
    """
    rows = list(found)
    for key, direction in reversed(sort):
        rows.sort(key=lambda row: place(key, direction, row[1]), reverse=direction == -1)
    return [header for header, _ in rows]


def place(key: str, direction: int, searched: Searched) -> tuple[Any, ...]:
    """Where a run comes by what it has under a key; to be compared with those of other runs."""
    found = [rank(value) for value in values(key, searched) if not isinstance(value, list)]
    return (min if direction == 1 else max)(found or [rank(None)])


def different(key: str, found: Iterable[Searched]) -> list[Any]:
    """The values under a key, each once, in ascending order; those in a list one by one."""
    kept: dict[tuple[Any, ...], list[Any]] = {}
    for searched in found:
        for value in values(key, searched):
            if not isinstance(value, list):
                alike = kept.setdefault(rank(value), [])
                if not any(same(value, known) for known in alike):
                    alike.append(value)
    return [value for place in sorted(kept) for value in kept[place]]


def _searched(header: Header) -> dict[str, Any]:
    searched = {key: value for key, value in header.start.items() if key not in PARTS}
    if header.stop is not None:
        searched["stop"] = header.stop
    if header.annotations:
        searched["annotations"] = header.annotations
    return searched


def _keys(query: Query) -> Iterator[str]:
    for key, operand in query.items():
        if not key.startswith("$"):
            yield key
        elif isinstance(operand, list | tuple):
            for clause in operand:
                yield from _keys(clause)
