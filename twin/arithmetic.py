"""Arithmetic as C has it on doubles and 32-bit integers: what calc expressions compute with."""

import math
from collections.abc import Callable, Mapping
from typing import NamedTuple

__all__ = ["FUNCTIONS", "OPERATIONS", "Function", "i32"]

NAN, INFINITY = math.nan, math.inf


def i32(value: float) -> int:
    """A number as 32 bits, truncated: those above 2**31 wrap, as in EPICS."""
    if value != value or abs(value) == INFINITY:
        return -(2**31) if value < 0 else 0
    whole = int(value)
    if whole < -(2**31):
        return -(2**31)
    return (whole + 2**31) % 2**32 - 2**31


def cast(value: float) -> int:
    """A number as 32 bits, as C casts it: what they cannot hold is the least that they can."""
    return int(value) if abs(value) < 2**31 else -(2**31)


def shift_left(value: float, bits: float) -> float:
    """``<<`` of 32 bits."""
    return float(((i32(value) << (i32(bits) & 31)) + 2**31) % 2**32 - 2**31)


def divide(one: float, other: float) -> float:
    """``/`` as floating-point arithmetic has it."""
    if other:
        return one / other
    if one != one or one == 0.0:
        return NAN
    return math.copysign(INFINITY, one) * math.copysign(1.0, other)


def modulo(one: float, other: float) -> float:
    """``%`` of whole numbers; its sign is that of the first."""
    divisor = cast(other)
    return math.fmod(cast(one), divisor) if divisor else NAN


def power(base: float, exponent: float) -> float:
    """``**`` as C's ``pow``."""
    is_odd = exponent % 2.0 == 1.0
    try:
        return math.pow(base, exponent)
    except OverflowError:
        return -INFINITY if base < 0.0 and is_odd else INFINITY
    except ValueError:
        if base:
            return NAN
        return math.copysign(INFINITY, base) if is_odd else INFINITY


def logarithm(function: Callable[[float], float]) -> Callable[[float], float]:
    """A logarithm as C has it."""
    return lambda value: -INFINITY if value == 0.0 else safely(function)(value)


def safely(function: Callable[..., float]) -> Callable[..., float]:
    """A function that is not a number, or infinite, where Python raises."""

    def call(*arguments: float) -> float:
        try:
            return float(function(*arguments))
        except ValueError:
            return NAN
        except OverflowError:  # only of functions that grow with their argument
            return math.copysign(INFINITY, function(math.copysign(1.0, arguments[0])))

    return call


def whole(function: Callable[[float], float]) -> Callable[[float], float]:
    """A rounding, which leaves alone what is not finite."""
    return lambda value: float(function(value)) if math.isfinite(value) else value


def largest(*values: float) -> float:
    """MAX: not a number if one is not."""
    return NAN if any(value != value for value in values) else max(values)


def smallest(*values: float) -> float:
    """MIN: not a number if one is not."""
    return NAN if any(value != value for value in values) else min(values)


def nearest(value: float) -> float:
    """NINT: rounded away from zero, to 32 bits."""
    return float(cast(value + 0.5 if value >= 0 else value - 0.5))


class Function(NamedTuple):
    """A function, and how many arguments it takes; 0 for any number from 1."""

    call: Callable[..., float]
    arguments: int = 1


FUNCTIONS: Mapping[str, Function] = {
    "ABS": Function(math.fabs),
    "ACOS": Function(safely(math.acos)),
    "ASIN": Function(safely(math.asin)),
    "ATAN": Function(math.atan),
    "ATAN2": Function(lambda x, y: math.atan2(y, x), 2),  # the other way round than anywhere else
    "CEIL": Function(whole(math.ceil)),
    "COS": Function(safely(math.cos)),
    "COSH": Function(safely(math.cosh)),
    "EXP": Function(safely(math.exp)),
    "FINITE": Function(lambda *values: float(all(map(math.isfinite, values))), 0),
    "FLOOR": Function(whole(math.floor)),
    "FMOD": Function(safely(math.fmod), 2),
    "ISINF": Function(lambda value: math.copysign(1.0, value) if math.isinf(value) else 0.0),
    "ISNAN": Function(lambda *values: float(any(map(math.isnan, values))), 0),
    **dict.fromkeys(("LN", "LOGE"), Function(logarithm(math.log))),
    "LOG": Function(logarithm(math.log10)),
    "MAX": Function(largest, 0),
    "MIN": Function(smallest, 0),
    "NINT": Function(nearest),
    "NOT": Function(lambda value: float(~i32(value))),
    "SIN": Function(safely(math.sin)),
    "SINH": Function(safely(math.sinh)),
    **dict.fromkeys(("SQR", "SQRT"), Function(safely(math.sqrt))),
    "TAN": Function(safely(math.tan)),
    "TANH": Function(math.tanh),
}

#: What operators call.
OPERATIONS: Mapping[str, Callable[..., float]] = {
    "i32": i32,
    "shift_left": shift_left,
    "divide": divide,
    "modulo": modulo,
    "power": power,
}
