"""A row of the table: a number of ours beside one of somebody else's, and what is asked of the two."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import floor, log10
from typing import Protocol

#: Ours, and the reference; None where the row is about ours alone.
Pair = tuple[float, float | None]


class Asked(Protocol):
    """What is asked of a pair of numbers."""

    def deviation(self, ours: float, reference: float) -> str:
        """How far apart the two are, as printed."""
        ...

    def holds(self, ours: float, reference: float) -> bool:
        """Whether that is near enough."""
        ...


@dataclass(frozen=True)
class Within:
    """So near to the reference, as a part of it."""

    part: float

    def deviation(self, ours: float, reference: float) -> str:
        """In per cent."""
        return f"{100 * (ours / reference - 1):+.2f} %"

    def holds(self, ours: float, reference: float) -> bool:
        """NaN holds nothing."""
        return abs(ours / reference - 1) <= self.part

    def __str__(self) -> str:
        return f"{100 * self.part:g} %"


@dataclass(frozen=True)
class Apart:
    """So near to the reference, in the row's unit."""

    most: float

    def deviation(self, ours: float, reference: float) -> str:
        """To a hundredth of what is allowed."""
        digits = max(0, 2 - floor(log10(self.most)))
        return f"{ours - reference:+.{digits}f}"

    def holds(self, ours: float, reference: float) -> bool:
        """NaN holds nothing."""
        return abs(ours - reference) <= self.most

    def __str__(self) -> str:
        return f"± {self.most:g}"


@dataclass(frozen=True)
class AtMost:
    """Ours alone: not more than this."""

    limit: float

    def deviation(self, ours: float, reference: float) -> str:
        """There is none."""
        return ""

    def holds(self, ours: float, reference: float) -> bool:
        """NaN holds nothing."""
        return ours <= self.limit

    def __str__(self) -> str:
        return f"≤ {self.limit:g}"


@dataclass(frozen=True)
class AtLeast:
    """Ours alone: not less than this."""

    limit: float

    def deviation(self, ours: float, reference: float) -> str:
        """There is none."""
        return ""

    def holds(self, ours: float, reference: float) -> bool:
        """NaN holds nothing."""
        return ours >= self.limit

    def __str__(self) -> str:
        return f"≥ {self.limit:g}"


class Told:
    """Nothing is asked: the row says how it is."""

    def deviation(self, ours: float, reference: float) -> str:
        """In per cent."""
        return Within(0).deviation(ours, reference)

    def holds(self, ours: float, reference: float) -> bool:
        """Always."""
        return True

    def __str__(self) -> str:
        return "-"


@dataclass(frozen=True)
class Row:
    """Something that can be measured, not yet measured."""

    what: str
    unit: str
    pair: Callable[[], Pair]
    asked: Asked
    source: str
    """Of the reference."""

    def measure(self) -> "Result":
        """Take both numbers."""
        ours, reference = self.pair()
        return Result(self, float(ours), None if reference is None else float(reference))


@dataclass(frozen=True)
class Result:
    """A row measured."""

    row: Row
    ours: float
    reference: float | None

    @property
    def holds(self) -> bool:
        """Whether what is asked is so."""
        return self.row.asked.holds(self.ours, self._reference)

    @property
    def verdict(self) -> str:
        """In a word."""
        if isinstance(self.row.asked, Told):
            return "told"
        return "holds" if self.holds else "MISSES"

    def cells(self) -> list[str]:
        """As printed, in the order of `HEADINGS`."""
        row = self.row
        return [
            f"{row.what} ({row.unit})" if row.unit else row.what,
            number(self.ours),
            "" if self.reference is None else number(self.reference),
            row.asked.deviation(self.ours, self._reference),
            str(row.asked),
            self.verdict,
            row.source,
        ]

    @property
    def _reference(self) -> float:
        return float("nan") if self.reference is None else self.reference


HEADINGS = ("what", "ours", "reference", "off by", "asked", "", "its source")


@dataclass(frozen=True)
class Section:
    """Rows of one subject."""

    title: str
    rows: Sequence[Row]


def number(value: float) -> str:
    """Four digits; large and small ones by powers of ten."""
    if value == 0 or 1e-3 <= abs(value) < 1e5:
        return f"{value:.4g}" if abs(value) < 1e4 else f"{value:,.0f}"
    mantissa, exponent = f"{value:.3e}".split("e")
    return f"{mantissa}e{int(exponent)}"


def markdown(section: Section, results: Sequence[Result]) -> str:
    """A section of docs/validation.md."""
    cells = [list(HEADINGS), ["---"] * len(HEADINGS), *(result.cells() for result in results)]
    lines = ["| " + " | ".join(line) + " |" for line in cells]
    return "\n".join([f"## {section.title}", "", *lines])
