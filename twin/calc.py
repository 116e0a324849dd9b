"""The expressions of calc records: EPICS's own language, compiled to Python functions.

The operators, their precedence and what they do with what is not a number are those of ``postfix.c`` and
``calcPerform.c`` of EPICS base; see "Calc Record" in the EPICS Record Reference.
"""

import math
import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any, NamedTuple

from beamtwin.orchestration.errors import BeamtwinError
from beamtwin.twin.arithmetic import FUNCTIONS, OPERATIONS, i32

__all__ = ["CalcError", "Calculation", "compile_expression"]

#: Computes a result from the variables, which it may change, its last result, and random numbers in [0, 1).
Calculation = Callable[[list[float], float, Callable[[], float]], float]


class CalcError(BeamtwinError, ValueError):
    """An expression that has no meaning."""


class Operator(NamedTuple):
    """A binary operator: how tightly it binds, and its Python."""

    priority: int
    code: str


#: What may stand between operands, the longest first.
OPERATORS: Mapping[str, Operator | None] = {
    **dict.fromkeys(("?", ":", ",", ")", ";")),
    **dict.fromkeys(("|", "OR"), Operator(1, "float(i32({0}) | i32({1}))")),
    "||": Operator(1, "float(({0}) != 0 or ({1}) != 0)"),
    "XOR": Operator(1, "float(i32({0}) ^ i32({1}))"),
    **dict.fromkeys(("&", "AND"), Operator(2, "float(i32({0}) & i32({1}))")),
    "&&": Operator(2, "float(({0}) != 0 and ({1}) != 0)"),
    "<<": Operator(2, "shift_left({0}, {1})"),
    ">>": Operator(2, "float(i32({0}) >> (i32({1}) & 31))"),
    ">>>": Operator(2, "float((i32({0}) & MASK) >> (i32({1}) & 31))"),
    **dict.fromkeys(("=", "=="), Operator(3, "float(({0}) == ({1}))")),
    **dict.fromkeys(("#", "!="), Operator(3, "float(({0}) != ({1}))")),
    **{sign: Operator(3, f"float(({{0}}) {sign} ({{1}}))") for sign in ("<", "<=", ">", ">=")},
    **{sign: Operator(4, f"(({{0}}) {sign} ({{1}}))") for sign in "+-"},
    "*": Operator(5, "(({0}) * ({1}))"),
    "/": Operator(5, "divide({0}, {1})"),
    "%": Operator(5, "modulo({0}, {1})"),
    **dict.fromkeys(("**", "^"), Operator(6, "power({0}, {1})")),
}

UNARY = {"-": "(-({0}))", "!": "float(({0}) == 0)", "~": "float(~i32({0}))"}

#: What may stand for an operand besides variables, numbers and functions.
CONSTANTS = {
    "PI": repr(math.pi),
    "D2R": repr(math.pi / 180.0),
    "R2D": repr(180.0 / math.pi),
    "VAL": "VAL",
    "RNDM": "random()",
}

#: The sign of an exponent belongs to the number.
NUMBER = re.compile(
    r"0X[0-9A-F]+|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:E[+-]?[0-9]+)?|INF(?:INITY)?|NAN", re.IGNORECASE
)


NAMESPACE: Mapping[str, Any] = {
    **{name: function.call for name, function in FUNCTIONS.items()},
    **OPERATIONS,
    "MASK": 2**32 - 1,
    "INF": math.inf,
    "NAN": math.nan,
    "__builtins__": {"float": float},
}


@cache
def compile_expression(text: str, variables: str) -> Calculation:
    """Compile an expression.

    Parameters
    ----------
    text : str
        ``"A*D2R; B:=B+1"``: one result, and any number of assignments.
    variables : str
        The letters that are variables: ``"ABCDEFGHIJKL"``.

    Returns
    -------
    callable
        Of the variables' values, the last result, and a source of random numbers.

    Raises
    ------
    CalcError
        Saying what is wrong, and where.

    Examples
    --------
    >>> compile_expression("A<0 ? -A : A**2", "AB")([3.0, 0.0], 0.0, lambda: 0.5)
    9.0
    """
    return _Compiler(text, variables).function()


class _Compiler:
    """Reads an expression from left to right."""

    def __init__(self, text: str, variables: str):
        self._text = text
        self._upper = text.upper()
        self._at = 0
        self._variables = variables
        self._operands = sorted(
            (*UNARY, *CONSTANTS, *FUNCTIONS, *variables, "("), key=len, reverse=True
        )

    def function(self) -> Calculation:
        """All of it."""
        lines: list[str] = []
        results = 0
        while True:
            name = self._assigned()
            lines.append(f"{name or 'result'} = {self._conditional()}")
            results += name is None
            if not self._take(";"):
                break
        if self._skip() < len(self._text):
            raise self._error("an operator is wanted")
        if results != 1:
            raise self._error(f"{results} results instead of 1")
        body = "\n".join(f"  {line}" for line in lines)
        namespace = dict(NAMESPACE)
        code = f"def calculate(v, VAL, random):\n{body}\n  return result"
        exec(compile(code, f"<{self._text}>", "exec"), namespace)
        return namespace["calculate"]  # pyright: ignore[reportReturnType]

    def _assigned(self) -> str | None:
        """The variable that a statement assigns to."""
        begin = self._skip()
        name = self._upper[begin : begin + 1]
        if name and name in self._variables:
            self._at += 1
            if self._take(":="):
                return f"v[{self._variables.index(name)}]"
            self._at = begin
        return None

    def _conditional(self) -> str:
        condition = self._binary(1)
        if not self._take("?"):
            return condition
        positive = self._conditional()
        if not self._take(":"):
            raise self._error("? without :")
        return f"({positive} if ({condition}) != 0 else {self._conditional()})"

    def _binary(self, least: int) -> str:
        """Operators that bind at least as tightly as that, from left to right."""
        left = self._operand()
        while True:
            sign, operator = self._operator()
            if operator is None or operator.priority < least:
                return left
            self._at += len(sign)
            left = operator.code.format(left, self._binary(operator.priority + 1))

    def _operator(self) -> tuple[str, Operator | None]:
        sign = self._longest(SIGNS)
        return sign, OPERATORS[sign] if sign else None

    def _operand(self) -> str:
        begin = self._skip()
        number = NUMBER.match(self._text, begin)
        name = self._longest(self._operands)
        if number and len(number[0]) >= len(name):
            self._at = number.end()
            return _literal(number[0].upper())
        self._at += len(name)
        if name == "(":
            return self._only(self._arguments(), 1, name)
        if name in UNARY:
            return UNARY[name].format(self._operand())
        if name in FUNCTIONS:
            return self._call(name)
        if name in CONSTANTS:
            return CONSTANTS[name]
        if not name:
            raise self._error("an operand is wanted")
        return f"v[{self._variables.index(name)}]"

    def _call(self, name: str) -> str:
        arguments = self._arguments() if self._take("(") else [self._operand()]
        wanted = FUNCTIONS[name].arguments
        return f"{name}({self._only(arguments, wanted or len(arguments), name)})"

    def _only(self, arguments: list[str], wanted: int, name: str) -> str:
        if len(arguments) != wanted:
            raise self._error(f"{name} takes {wanted} and not {len(arguments)}")
        return ", ".join(arguments)

    def _arguments(self) -> list[str]:
        """What stands between parentheses, of which the first has been read."""
        arguments = [self._conditional()]
        while self._take(","):
            arguments.append(self._conditional())
        if not self._take(")"):
            raise self._error("a parenthesis is not closed")
        return arguments

    def _take(self, sign: str) -> bool:
        """Whether this comes next: if so, it is read."""
        if self._longest((*SIGNS, ":=", "(")) != sign:
            return False
        self._at += len(sign)
        return True

    def _longest(self, names: Iterable[str]) -> str:
        """The longest of these that comes next."""
        begin = self._skip()
        found = [name for name in names if self._upper.startswith(name, begin)]
        return max(found, key=len, default="")

    def _skip(self) -> int:
        while self._text[self._at : self._at + 1].isspace():
            self._at += 1
        return self._at

    def _error(self, problem: str) -> CalcError:
        return CalcError(f"{self._text!r}, at {self._at + 1}: {problem}")


SIGNS = tuple(OPERATORS)


def _literal(text: str) -> str:
    if text.startswith("0X"):
        return repr(float(i32(float(int(text, 16)))))
    value: Any = {"INFINITY": "INF"}.get(text, text)
    return value if value in ("INF", "NAN") else repr(float(value))
