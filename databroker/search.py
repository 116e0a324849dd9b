"""Queries made by name: each is the plain query that it prints as, and can be combined with ``&``, ``|`` and ``~``.

>>> (Key("plan_name") == "scan") & ~(Key("sample.T_K") > 300)
{'$and': [{'plan_name': {'$eq': 'scan'}}, {'$nor': [{'sample.T_K': {'$gt': 300}}]}]}
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, tzinfo
from numbers import Integral
from typing import Any

from beamtwin.databroker.errors import QueryError

__all__ = ["FullText", "Key", "Moment", "ScanIDRange", "Tagged", "TimeRange", "Where"]

#: A moment as people write it: ISO 8601, a datetime, or seconds since the Unix epoch.
Moment = str | datetime | float


class Where(Mapping[str, Any]):
    """A query that can be combined with others: ``a & b``, ``a | b``, ``~a``."""

    def __init__(self, query: Mapping[str, Any]):
        self._query = dict(query)

    def __getitem__(self, key: str) -> Any:
        return self._query[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._query)

    def __len__(self) -> int:
        return len(self._query)

    def __and__(self, other: Mapping[str, Any]) -> "Where":
        return Where({"$and": [dict(self), dict(other)]})

    def __or__(self, other: Mapping[str, Any]) -> "Where":
        return Where({"$or": [dict(self), dict(other)]})

    def __invert__(self) -> "Where":
        return Where({"$nor": [dict(self)]})

    def __bool__(self) -> bool:
        raise QueryError(
            f"{self!r} is a query, and neither true nor false: say a & b, a | b, ~a for and, or, not, and "
            '(Key("n") > 1) & (Key("n") < 3) for 1 < Key("n") < 3'
        )

    def __repr__(self) -> str:
        return repr(self._query)


class Key:
    """What runs have under a key, to be compared: ``Key("scan_id") >= 5``.

    Parameters
    ----------
    path : str
        Dots lead inwards: ``"sample.name"``, ``"stop.exit_status"``, ``"descriptors.data_keys.eiger.units"``,
        ``"annotations.scores.chi2_red"``.
    """

    def __init__(self, path: str):
        self.path = _text("Key", path)

    def __eq__(self, value: object) -> Where:  # type: ignore[override]  # a query, as in SQLAlchemy
        return self._where("$eq", value)

    def __ne__(self, value: object) -> Where:  # type: ignore[override]
        return self._where("$ne", value)

    __hash__ = None  # type: ignore[assignment]

    def __lt__(self, value: Any) -> Where:
        return self._where("$lt", value)

    def __le__(self, value: Any) -> Where:
        return self._where("$lte", value)

    def __gt__(self, value: Any) -> Where:
        return self._where("$gt", value)

    def __ge__(self, value: Any) -> Where:
        return self._where("$gte", value)

    def isin(self, values: Iterable[Any]) -> Where:
        """One of these values."""
        return self._where("$in", list(values))

    def exists(self, there: bool = True) -> Where:
        """Whether there is anything."""
        return self._where("$exists", there)

    def matches(self, pattern: str, *, ignore_case: bool = False) -> Where:
        """A text in which a regular expression is found; one that takes for ever is ended by Ctrl-C."""
        options = {"$options": "i"} if ignore_case else {}
        return Where({self.path: {"$regex": pattern, **options}})

    def __repr__(self) -> str:
        return f"Key({self.path!r})"

    def _where(self, operator: str, operand: Any) -> Where:
        return Where({self.path: {operator: operand}})


class TimeRange(Where):
    """Runs that began at ``since`` or later, and before ``until``.

    Parameters
    ----------
    since, until : str, datetime or float, optional
        ISO 8601 (``"2026-03-01"``, ``"2026-03-01 14:30"``), a datetime, or seconds since the Unix epoch.
    timezone : str or tzinfo
        Of moments that do not say: ``"America/New_York"``. Default: UTC.

    Raises
    ------
    QueryError
        Naming a moment or a time zone that cannot be understood.

    Examples
    --------
    >>> TimeRange("2023-11-14", "2023-11-15T06:00+01:00")
    {'time': {'$gte': 1699920000.0, '$lt': 1700024400.0}}
    """

    def __init__(
        self,
        since: Moment | None = None,
        until: Moment | None = None,
        *,
        timezone: str | tzinfo = UTC,
    ):
        zone = _zone(timezone)
        limits = {"$gte": since, "$lt": until}
        given = {sign: _seconds(limit, zone) for sign, limit in limits.items() if limit is not None}
        if not given:
            raise QueryError("TimeRange: give since, until, or both")
        if len(given) == 2 and given["$gte"] > given["$lt"]:
            raise QueryError(
                f"TimeRange: {until!r} is before {since!r}: give since first, then until"
            )
        super().__init__({"time": given})


class ScanIDRange(Where):
    """Runs with a scan_id from ``first`` to ``last``, both included.

    Raises
    ------
    QueryError
        If they are no integers, or not in this order.

    Examples
    --------
    >>> ScanIDRange(10, 20)
    {'scan_id': {'$gte': 10, '$lte': 20}}
    """

    def __init__(self, first: int, last: int):
        for number in (first, last):
            if isinstance(number, bool) or not isinstance(number, Integral):
                raise QueryError(f"ScanIDRange: {number!r} is not an integer")
        if first > last:
            raise QueryError(
                f"ScanIDRange: {last} is less than {first}: give the first, then the last"
            )
        super().__init__({"scan_id": {"$gte": int(first), "$lte": int(last)}})


class FullText(Where):
    """Runs whose metadata contain one of these words, anywhere; phrases in quotes must be there, ``-words`` not.

    Examples
    --------
    >>> FullText("silica 300K")
    {'$text': {'$search': 'silica 300K'}}
    """

    def __init__(self, words: str):
        super().__init__({"$text": {"$search": _text("FullText", words)}})


class Tagged(Where):
    """Runs with a tag, or with all of several.

    Examples
    --------
    >>> Tagged("good")
    {'annotations.tags': 'good'}
    """

    def __init__(self, *tags: str):
        if not tags:
            raise QueryError("Tagged: give a tag")
        queries = [{"annotations.tags": _text("Tagged", tag)} for tag in tags]
        super().__init__(queries[0] if len(queries) == 1 else {"$and": queries})


def _text(what: str, value: object) -> str:
    if not isinstance(value, str):
        raise QueryError(f"{what}: takes a string, not {value!r}")
    return value


def _zone(timezone: str | tzinfo) -> tzinfo:
    if isinstance(timezone, tzinfo):
        return timezone
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        return ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise QueryError(
            f"{timezone!r} is not a time zone; give one such as 'Europe/Berlin'"
        ) from error


def _seconds(moment: Moment, zone: tzinfo) -> float:
    if isinstance(moment, int | float) and not isinstance(moment, bool):
        return float(moment)
    try:
        parsed = moment if isinstance(moment, datetime) else datetime.fromisoformat(str(moment))
    except ValueError as error:
        raise QueryError(
            f"{moment!r} is not a moment; give ISO 8601 ('2026-03-01 14:30'), a datetime or seconds"
        ) from error
    return (parsed if parsed.tzinfo else parsed.replace(tzinfo=zone)).timestamp()
