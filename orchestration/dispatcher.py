"""Documents go to whoever subscribed to them."""

import itertools
import warnings
from collections.abc import Callable, Mapping
from typing import Any

from beamtwin.orchestration.errors import UnknownDocument

__all__ = ["DOCUMENT_NAMES", "Dispatcher", "subscriptions"]

Subscriber = Callable[[str, dict[str, Any]], object]

DOCUMENT_NAMES = (
    "start",
    "descriptor",
    "event",
    "event_page",
    "resource",
    "datum",
    "datum_page",
    "stream_resource",
    "stream_datum",
    "stop",
)


class Dispatcher:
    """Subscriptions, by document name.

    Attributes
    ----------
    ignore_exceptions : bool
        Whether a subscriber's exception is only a warning (True), or ends the plan (False, the default: a store
        that cannot write must not go unnoticed).
    """

    def __init__(self) -> None:
        self.ignore_exceptions = False
        self._tokens = itertools.count()
        self._subscribers: dict[str, dict[int, Subscriber]] = {name: {} for name in DOCUMENT_NAMES}

    def subscribe(self, function: Subscriber, name: str = "all") -> int:
        """Call ``function(name, document)`` for each document of that name; returns a token."""
        if callable(name):
            warnings.warn(
                "subscribe(name, function) is Bluesky's old order: subscribe(function, name)",
                stacklevel=2,
            )
            return self.subscribe(name, str(function))
        _check_name(name)
        token = next(self._tokens)
        for each in DOCUMENT_NAMES if name == "all" else (name,):
            self._subscribers[each][token] = function
        return token

    def unsubscribe(self, token: int) -> None:
        """End a subscription; one that has ended already does not mind."""
        for subscribers in self._subscribers.values():
            subscribers.pop(token, None)

    def unsubscribe_all(self) -> None:
        """End every subscription."""
        for subscribers in self._subscribers.values():
            subscribers.clear()

    def emit(self, name: str, document: dict[str, Any]) -> None:
        """Give a document to all its subscribers, in the order in which they came.

        Raises
        ------
        Exception
            The first that one of them raised; the others have the document nevertheless.
        """
        subscribers = self._subscribers[name]
        if not subscribers:
            return
        failure = None
        for function in tuple(subscribers.values()):
            try:
                function(name, document)
            except Exception as error:
                if self.ignore_exceptions:
                    called = getattr(function, "__qualname__", repr(function))
                    warnings.warn(f"{called} failed on a {name} document: {error!r}", stacklevel=2)
                elif failure is None:
                    failure = error
        if failure is not None:
            raise failure


def subscriptions(subs: Any) -> list[tuple[str, Subscriber]]:
    """Pairs of document name and function.

    Parameters
    ----------
    subs : function, list of functions, or {document name: function or list of them}; None for none

    Raises
    ------
    ValueError
        For a name that no document has.
    """
    if subs is None:
        return []
    table = subs if isinstance(subs, Mapping) else {"all": subs}
    pairs = []
    for name, functions in table.items():
        _check_name(name)
        pairs += [(name, each) for each in ([functions] if callable(functions) else functions)]
    return pairs


def _check_name(name: str) -> None:
    if name != "all" and name not in DOCUMENT_NAMES:
        raise UnknownDocument(
            f"no document is called {name!r}; there are: all, {', '.join(DOCUMENT_NAMES)}"
        )
