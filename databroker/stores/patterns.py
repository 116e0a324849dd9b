"""Regular expressions in SQL."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

__all__ = ["Patterns"]

#: All that SQLite says of an exception in a function of Python's.
_SWALLOWED = "user-defined function raised exception"


class Patterns:
    """Lets a connection ask ``fits(pattern, flags, text)``.

    A regular expression such as ``(a+)+$`` can take for ever, and nothing but Ctrl-C ends it.
    """

    def __init__(self, connection: sqlite3.Connection):
        self._raised: BaseException | None = None
        connection.create_function("fits", 3, self._fits, deterministic=True)

    @contextmanager
    def heard(self) -> Iterator[None]:
        """Raise what was raised within a match, such as KeyboardInterrupt, where SQLite swallowed it."""
        self._raised = None
        try:
            yield
        except sqlite3.OperationalError as error:
            if str(error) != _SWALLOWED:
                raise
            # Ctrl-C may come before the first line of the function, which nothing can catch there.
            raise self._raised or KeyboardInterrupt from None

    def _fits(self, pattern: str, flags: int, text: bytes | None) -> bool:
        try:
            found = text is not None and _compiled(pattern, flags).search(
                text.decode("utf-8", "surrogatepass")
            )
        except BaseException as error:
            self._raised = error
            raise
        return bool(found)


_compiled = lru_cache(re.compile)
