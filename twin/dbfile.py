"""EPICS's .db files: ``record(ai, "$(P)x") { field(EGU, "mm") }``.

The grammar is that of "Database Definition" in the EPICS Application Developer's Guide, as far as it declares
records: comments, ``record`` and ``grecord``, ``field``, ``info`` (which is ignored), ``alias``, ``include``, macros.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

from beamtwin.orchestration.errors import BeamtwinError
from beamtwin.twin.described import similar

__all__ = ["Declaration", "RecordFileError", "read_declarations"]


class RecordFileError(BeamtwinError, ValueError):
    """A file of records that cannot be read: naming the file, the line, the record and the field."""


@dataclass
class Declaration:
    """One record of a file."""

    record_type: str
    name: str
    where: str
    """The file and the line: ``motors.db:12``."""
    fields: dict[str, tuple[str, str]] = field(default_factory=dict)
    """The text of each field, and where it is."""
    aliases: list[str] = field(default_factory=list)


MACRO = re.compile(r"\$\(([^()${}=]*)(?:=([^()${}]*))?\)|\$\{([^()${}=]*)(?:=([^()${}]*))?\}")
TOKEN = re.compile(
    r"""\s*(?:\#[^\n]*\s*)*(?P<token>"(?:[^"\\\n]|\\.)*"|[\w\-+:.\[\]<>;/]+|[(),{}]|\Z)""",
    re.VERBOSE,
)
COMMENTED = re.compile(r'^((?:[^"#]|"(?:[^"\\]|\\.)*")*)#.*')
BLANKS = re.compile(r"\s*")
BRACKET = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]]')
ESCAPE = re.compile(r"\\(.)")
ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}

#: How deep macros may stand in macros, and files include files.
DEEPEST = 20


def read_declarations(
    text: str, macros: Mapping[str, str], file: str = "text", folder: Path | None = None
) -> list[Declaration]:
    """The records that a text declares, in its order.

    Parameters
    ----------
    macros : mapping
        What ``$(NAME)`` stands for.
    file : str
        What messages call it.
    folder : Path, optional
        Where the files are that it includes.

    Raises
    ------
    RecordFileError
        Where it cannot be understood.

    Examples
    --------
    >>> [ai] = read_declarations('record(ai, "$(P)x") { field(EGU, "mm") }', {"P": "T:"})
    >>> ai.name, ai.fields["EGU"]
    ('T:x', ('mm', 'text:1'))
    """
    records: dict[str, Declaration] = {}
    _Reader(text, macros, file, folder, records).read()
    return list(records.values())


class _Reader:
    def __init__(
        self,
        text: str,
        macros: Mapping[str, str],
        file: str,
        folder: Path | None,
        records: dict[str, Declaration],
        depth: int = 0,
    ):
        self._file = file
        self._folder = folder
        self._macros = macros
        self._records = records
        self._depth = depth
        self._at = 0
        self._text = ""
        lines = [self._expand(line, number) for number, line in enumerate(text.split("\n"), 1)]
        self._text = "\n".join(lines)

    def read(self) -> None:
        """All of it."""
        while (word := self._next()) != "":
            if word in ("record", "grecord"):
                self._record()
            elif word == "alias":
                name, other = self._arguments(2)
                self._known(name).aliases.append(other)
            elif word == "include":
                self._include(self._value())
            else:
                self._fail(f"{word!r} is not understood; record, alias or include is wanted")

    def _record(self) -> None:
        record_type, name = self._arguments(2)
        record = self._declare(record_type, name)
        if not self._take("{"):
            return
        while not self._take("}"):
            word = self._next()
            if word == "field":
                name, text = self._arguments(2)
                record.fields[name] = text, self._where
            elif word == "alias":
                record.aliases += self._arguments(1)
            elif word == "info":
                self._arguments(2)
            else:
                self._fail(f"{record.name}: {word!r} is not understood; field or }} is wanted")

    def _declare(self, record_type: str, name: str) -> Declaration:
        """A new record, or one that is declared further."""
        known = self._records.get(name)
        if known is None:
            known = self._records[name] = Declaration(record_type, name, self._where)
        elif record_type not in ("*", known.record_type):
            self._fail(f"{name}: it is {known.record_type} at {known.where}, not {record_type}")
        return known

    def _known(self, name: str) -> Declaration:
        if name not in self._records:
            self._fail(f"{name}: there is no such record" + similar(name, self._records))
        return self._records[name]

    def _include(self, file: str) -> None:
        path = (self._folder or Path()) / file
        if self._depth == DEEPEST:
            self._fail(f"{file}: files that include each other")
        try:
            text = path.read_text(encoding="utf-8", errors="replace")
        except OSError as error:
            self._fail(f"{file}: {error.strerror}")
        _Reader(text, self._macros, file, path.parent, self._records, self._depth + 1).read()

    # --- words

    @property
    def _where(self) -> str:
        return f"{self._file}:{self._text.count(chr(10), 0, self._at) + 1}"

    def _fail(self, problem: str) -> NoReturn:
        raise RecordFileError(f"{self._where}: {problem}")

    def _next(self) -> str:
        """The next word; nothing at the end."""
        match = TOKEN.match(self._text, self._at)
        if match is None:
            rest = self._text[self._at :].split()[0]
            self._fail(f"{rest[:20]!r} is not understood")
        self._at = match.end()
        return match["token"]

    def _take(self, sign: str) -> bool:
        """Whether this comes next: if so, it is read."""
        before = self._at
        if self._next() == sign:
            return True
        self._at = before
        return False

    def _expect(self, sign: str) -> None:
        if not self._take(sign):
            self._fail(f"{sign!r} is missing")

    def _arguments(self, count: int) -> list[str]:
        self._expect("(")
        values = [self._value()]
        while len(values) < count:
            self._expect(",")
            values.append(self._value())
        self._expect(")")
        return values

    def _value(self) -> str:
        """A word, a text between quotes, or JSON as it stands."""
        blanks = BLANKS.match(self._text, self._at)
        begin = self._at if blanks is None else blanks.end()
        if self._text[begin : begin + 1] in ("{", "["):
            return self._json(begin)
        token = self._next()
        if token.startswith('"'):
            return ESCAPE.sub(lambda match: ESCAPES.get(match[1], match[1]), token[1:-1])
        if token in ("(", ")", ",", "}", ""):
            self._fail("a value is missing")
        return token

    def _json(self, begin: int) -> str:
        depth, end = 0, None
        for match in BRACKET.finditer(self._text, begin):
            depth += {"{": 1, "[": 1, "}": -1, "]": -1}.get(match[0], 0)
            if depth == 0:
                end = match.end()
                break
        if end is None:
            self._fail("a bracket is not closed")
        self._at = end
        return self._text[begin:end]

    def _expand(self, line: str, number: int) -> str:
        """A line with what its macros stand for."""
        line = COMMENTED.sub(r"\1", line)
        for _ in range(DEEPEST):
            expanded = MACRO.sub(lambda match: self._macro(match, number), line)
            if expanded == line:
                return line
            line = expanded
        raise RecordFileError(f"{self._file}:{number}: macros that stand for each other: {line}")

    def _macro(self, match: re.Match[str], number: int) -> str:
        name = match[1] if match[1] is not None else match[3]
        default = match[2] if match[1] is not None else match[4]
        if name in self._macros:
            return str(self._macros[name])
        if default is None:
            raise RecordFileError(
                f"{self._file}:{number}: nobody says what $({name}) stands for"
                + similar(name, self._macros)
            )
        return default
