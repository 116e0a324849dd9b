"""How trajectories are written: motors, each followed by what is said of it."""

from collections.abc import Iterable, Sequence
from enum import Enum
from typing import Any

from beamtwin.orchestration.errors import PlanError

__all__ = [
    "OuterProductArgsPattern",
    "chunk_outer_product_args",
    "chunks",
    "classify_outer_product_args_pattern",
    "name_of",
    "whole",
]


class OuterProductArgsPattern(Enum):
    """The two ways in which a mesh is written."""

    #: ``motor, start, stop, num`` for each motor.
    PATTERN_1 = 1
    #: The same, and ``snake`` after it for all motors but the first.
    PATTERN_2 = 2

    @property
    def period(self) -> int:
        """Arguments from one motor to the next."""
        return 4 if self is OuterProductArgsPattern.PATTERN_1 else 5

    def fits(self, count: int) -> bool:
        """Whether there can be so many arguments."""
        return count >= self.period and (count - 4) % self.period == 0

    def places(self, count: int) -> list[int]:
        """Where motors are among so many arguments."""
        return [0, *range(4, count, self.period)]


def classify_outer_product_args_pattern(args: Iterable[Any]) -> OuterProductArgsPattern:
    """In which way the arguments of a mesh are written, which is told by the places of the motors.

    Raises
    ------
    PlanError
        If it is neither.
    """
    args = list(args)
    fitting = [pattern for pattern in OuterProductArgsPattern if pattern.fits(len(args))]
    if not fitting:
        raise PlanError(
            f"Wrong number of elements in 'args': {len(args)} arguments; expected, for each motor: "
            "motor, start, stop, num; or for all but the first: motor, start, stop, num, snake"
        )
    motors = _places(args)
    for pattern in fitting:
        if motors == pattern.places(len(args)):
            return pattern
    raise PlanError(
        "Incorrect order of elements in the argument list 'args': motors are expected at "
        f"{' or '.join(str(pattern.places(len(args))) for pattern in fitting)}, and are at {motors}"
    )


def _places(args: Sequence[Any]) -> list[int]:
    """Where motors are; where there are none, as in a document's account of a plan, where names are."""
    motors = [place for place, arg in enumerate(args) if hasattr(arg, "set")]
    return motors or [place for place, arg in enumerate(args) if isinstance(arg, str)]


def chunk_outer_product_args(
    args: Iterable[Any], pattern: OuterProductArgsPattern | None = None
) -> list[tuple[Any, ...]]:
    """Arguments of a mesh as ``(motor, start, stop, num, snake)``, in whichever way they are written.

    Parameters
    ----------
    pattern : OuterProductArgsPattern, optional
        In which way they are; default: see `classify_outer_product_args_pattern`.

    Raises
    ------
    PlanError
        If it is neither.
    """
    args = list(args)
    if pattern is None:
        pattern = classify_outer_product_args_pattern(args)
    elif not isinstance(pattern, OuterProductArgsPattern):
        raise PlanError(f"pattern: {pattern!r}: expected an OuterProductArgsPattern")
    if pattern is OuterProductArgsPattern.PATTERN_1:
        return [(*axis, False) for axis in chunks(args, "motor, start, stop, num")]
    return chunks([*args[:4], False, *args[4:]], "motor, start, stop, num, snake")


def chunks(args: Sequence[Any], each: str) -> list[tuple[Any, ...]]:
    """Arguments motor by motor.

    Parameters
    ----------
    each : str
        What is given for each motor: ``"motor, start, stop"``.

    Raises
    ------
    PlanError
        If they are too few or too many.
    """
    size = each.count(",") + 1
    if not args or len(args) % size:
        raise PlanError(f"{len(args)} arguments; expected, for each motor: {each}")
    return [tuple(args[i : i + size]) for i in range(0, len(args), size)]


def whole(num: Any, what: str) -> int:
    """A number of points, checked.

    Raises
    ------
    PlanError
        If it is none.
    """
    try:
        if int(num) == num and num >= 1:
            return int(num)
    except (TypeError, ValueError):
        pass
    raise PlanError(f"{what}: {num!r} is not a number of points; expected 1 or more")


def name_of(motor: Any) -> str:
    """How a motor is written."""
    return getattr(motor, "name", None) or str(motor)
