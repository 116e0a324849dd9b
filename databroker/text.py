"""Words, and what a text search asks of them.

Letters are compared without case and diacritics. A word is a run of letters, digits and underscores: ``s2_h_gap`` is
one. No word is left out as too common, and none is reduced to its stem.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["TextSearch", "strings", "words"]

_WORD = re.compile(r"\w+")
_TERM = re.compile(r'(?P<minus>-?)(?:"(?P<phrase>[^"]*)"?|(?P<word>[^\s"]+))')


def words(text: str) -> list[str]:
    """The words of a text as they are compared."""
    if text.isascii():
        return _WORD.findall(text.lower())
    letters = unicodedata.normalize("NFKD", text.casefold())
    return _WORD.findall("".join(c for c in letters if not unicodedata.combining(c)))


def strings(value: Any) -> Iterator[str]:
    """Every string in a document, however deep; not its keys."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from strings(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from strings(item)
    elif getattr(value, "dtype", None) is not None and value.dtype.kind == "U":
        yield from strings(value.tolist())


@dataclass(frozen=True, slots=True)
class TextSearch:
    """What ``$search`` asks for, as MongoDB reads it; each of the terms is a sequence of words."""

    any_of: tuple[tuple[str, ...], ...]
    all_of: tuple[tuple[str, ...], ...]
    none_of: tuple[tuple[str, ...], ...]

    @classmethod
    def parse(cls, search: str) -> "TextSearch":
        """Of words, ``"phrases"``, and either with a ``-`` before it.

        Where there are phrases all of them must be there, and the single words no longer matter.
        """
        any_of, all_of, none_of = [], [], []
        for term in _TERM.finditer(search):
            parts = tuple(words(term["phrase"] or term["word"] or ""))
            if parts:
                kind = none_of if term["minus"] else any_of if term["phrase"] is None else all_of
                kind.append(parts)
        return cls(tuple(any_of), tuple(all_of), tuple(none_of))

    def holds(self, texts: Iterator[str]) -> bool:
        """Whether these texts, taken together, are what is asked for; a phrase lies within one of them."""
        split = [words(text) for text in texts]

        def found(term: tuple[str, ...]) -> bool:
            return any(_follows(term, text) for text in split)

        if any(map(found, self.none_of)):
            return False
        return all(map(found, self.all_of)) if self.all_of else any(map(found, self.any_of))


def _follows(term: tuple[str, ...], text: list[str]) -> bool:
    """Whether the words of a term follow one another in a text."""
    if len(term) == 1:
        return term[0] in text
    return any(tuple(text[n : n + len(term)]) == term for n in range(len(text) - len(term) + 1))
