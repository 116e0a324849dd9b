"""Keys: a plane's key hashes everything upstream of it."""

import hashlib
from collections.abc import Iterable, Iterator

__all__ = ["chained", "digest"]


def digest(*parts: object) -> str:
    """The SHA-256 of values whose ``repr`` says all of them: numbers to the last bit, frozen dataclasses, tuples."""
    return hashlib.sha256("\0".join(map(repr, parts)).encode()).hexdigest()


def chained(first: str, links: Iterable[object]) -> Iterator[str]:
    """The key behind each link: of that link, and of the key before it."""
    key = first
    for link in links:
        key = digest(key, link)
        yield key
