"""Expressions, against the reference and against EPICS base's own compiler."""

import ctypes
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beamtwin.twin.calc import CalcError, compile_expression

LETTERS = "ABCDEFGHIJKLMNOPQRSTU"
ARGUMENTS = (3.0, -2.5, 0.0, 1e10, -7.0, 0.5, 100.0, 4294967295.0, 2147483648.0, -1e-3, 12.0, 5.0)
VAL, RANDOM = 7.0, 0.25


def ours(expression, arguments=ARGUMENTS):
    values = [*arguments, *(0.0,) * (len(LETTERS) - len(arguments))]
    result = compile_expression(expression, LETTERS)(values, VAL, lambda: RANDOM)
    return result, values


class EpicsCalc:
    """``postfix`` and ``calcPerform`` of EPICS base."""

    def __init__(self):
        path = pytest.importorskip("epicscorelibs.path")
        self._com = ctypes.CDLL(path.get_lib("Com"))

    def __call__(self, expression, arguments=ARGUMENTS):
        code, error = ctypes.create_string_buffer(4000), ctypes.c_short()
        if self._com.postfix(expression.encode(), code, ctypes.byref(error)):
            raise CalcError(str(error.value))
        values = (ctypes.c_double * len(LETTERS))(*arguments)
        result = ctypes.c_double(VAL)
        assert self._com.calcPerform(values, ctypes.byref(result), code) == 0
        return result.value, list(values)


@pytest.fixture(scope="module")
def epics():
    return EpicsCalc()


EXPRESSIONS = (
    *(
        "A",
        "VAL",
        "PI",
        "D2R",
        "R2D",
        "1",
        "1.5",
        ".5",
        "1e3",
        "1E-3",
        "0x10",
        "0xFFFFFFFF",
        "Inf",
        "NaN",
    ),
    *(
        "A+B",
        "A-B-E",
        "A*B",
        "A/B",
        "A/C",
        "C/C",
        "B/C",
        "A%2",
        "E%3",
        "A%C",
        "D%7",
        "A**B",
        "A^2",
        "E**F",
    ),
    *(
        "C**0",
        "C**-1",
        "E**3",
        "D**D",
        "-A**2",
        "2**-1",
        "2**-A**2",
        "-A*-B",
        "--A",
        "A--B",
        "a+b",
        "A +\tB",
    ),
    *("A=3", "A==3", "A!=3", "A#3", "A<B", "A<=3", "A>B", "A>=4", "1<2<3", "A=A=1", "A+1<B*2"),
    *(
        "A&&B",
        "C&&A",
        "C||A",
        "C||C",
        "!A",
        "!C",
        "!A+1",
        "A AND 1",
        "AANDB",
        "A OR 4",
        "AORK",
        "A XOR G",
    ),
    *(
        "A&5",
        "A|4",
        "~A",
        "NOT A",
        "NOT 0",
        "H&255",
        "I|0",
        "~H",
        "E&3",
        "A<<2",
        "G>>2",
        "E>>1",
        "E>>>28",
    ),
    *(
        "A<<33",
        "H>>4",
        "H>>>4",
        "1<<31",
        "B|0",
        "A&1|8",
        "A|8&12",
        "A+1&2",
        "A<3|A>1",
        "1 OR 2 XOR 3",
    ),
    *(
        "C?A:B",
        "A?A:B",
        "A>2?1:0",
        "A?C?1:2:3",
        "C?1:A?2:3",
        "A<B?A:B+1",
        "(A?B:G)+1",
        "1+A?2:3",
        "MAX(A?1:2,0)",
    ),
    *(
        "ABS(B)",
        "ABS B",
        "-ABS(B)",
        "SQR(G)",
        "SQRT(B)",
        "MAX(A,B)",
        "MIN(A,B,E)",
        "MAX(A)",
        "MAX(A,NAN)",
    ),
    *(
        "MIN(NAN,A)",
        "MAX(NAN,NAN)",
        "NINT(B)",
        "NINT(F)",
        "NINT(-F)",
        "NINT(2.4)",
        "CEIL(B)",
        "FLOOR(B)",
    ),
    *(
        "CEIL(INF)",
        "FLOOR(NAN)",
        "LOG(G)",
        "LN(A)",
        "LOGE(A)",
        "LOG(C)",
        "LN(E)",
        "EXP(A)",
        "EXP(D)",
        "EXP(-D)",
    ),
    *(
        "SIN(A)",
        "COS(A)",
        "TAN(A)",
        "ASIN(F)",
        "ACOS(F)",
        "ATAN(A)",
        "ASIN(A)",
        "ATAN2(A,B)",
        "ATAN2(C,E)",
    ),
    *(
        "SINH(A)",
        "COSH(A)",
        "TANH(A)",
        "COSH(G*100)",
        "SINH(-G*100)",
        "SIN(INF)",
        "FMOD(D,A)",
        "FMOD(A,C)",
    ),
    *(
        "FINITE(A)",
        "FINITE(A,INF)",
        "ISINF(INF)",
        "ISINF(-INF)",
        "ISINF(A)",
        "ISNAN(NAN)",
        "ISNAN(A,B,NAN)",
    ),
    *(
        "A:=5;A+1",
        "A+1;A:=9",
        "B:=A*2;C:=B+1;C",
        "A:=A+1;B:=A;A+B",
        "U:=3;U",
        "SIN(30*D2R)",
        "(A+B)*(C+D)",
    ),
    *(
        "((A))",
        "A+B>C?MAX(A,B)*2:MIN(A,B)/2",
        "D2R*180",
        "AB"[:1],
        "E",
        "1E1",
        "2*E",
        "FINITE(1,2)*A",
    ),
)
ERRORS = (
    *("", "A+", "A B", "(A", "A)", "A?B", "A:B", "1;2", "A:=1", "1:=A", "A:=B:=1;2", "MAX()", "ATAN2(A)", "FOO(A)"),
    *("A,B", "()", "A?:B", "*A", "A**", ";", "V", "AB", "1.5.2", "(A,B)", "A==", "ATAN2(A,B,C)", "A=:B"),
)  # fmt: skip


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_expressions_come_to_what_epics_makes_of_them(epics, expression):
    result, values = ours(expression)
    expected, changed = epics(expression)
    assert result == pytest.approx(expected, rel=1e-12, nan_ok=True)
    assert values == pytest.approx(changed, nan_ok=True)


@pytest.mark.parametrize("expression", ERRORS)
def test_what_has_no_meaning_is_refused_as_by_epics(epics, expression):
    with pytest.raises(CalcError):
        epics(expression)
    with pytest.raises(CalcError):
        ours(expression)


@pytest.mark.parametrize(
    ("expression", "problem"),
    [
        ("A+*B", r"'A\+\*B', at 3: an operand is wanted"),
        ("A B", "at 3: an operator is wanted"),
        ("(A", "at 3: a parenthesis is not closed"),
        ("A?B", r"at 4: \? without :"),
        ("A:=1", "at 5: 0 results instead of 1"),
        ("ATAN2(A)", "ATAN2 takes 2 and not 1"),
    ],
)
def test_errors_say_what_and_where(expression, problem):
    with pytest.raises(CalcError, match=problem):
        ours(expression)


def test_random_numbers_come_from_outside():
    assert ours("RNDM*2")[0] == 2 * RANDOM


def test_precedence_of_the_reference():
    assert ours("2+3*4**2/8")[0] == 2 + 3 * 16 / 8
    assert ours("NOT 1 + 1")[0] == -1.0  # ~1 + 1
    assert math.isnan(ours("0/0")[0])


numbers = st.sampled_from(
    ("0", "1", "2", "3.5", "0x1F", "1e6", "PI", "A", "B", "E", "F", "J", "K", "VAL")
)


def compound(inner):
    arithmetic, compared = ["+", "-", "*", "/", "%", "**"], ["<", "<=", "=", "#", ">", ">="]
    logical = ["&&", "||", "&", "|", " XOR ", "<<", ">>", ">>>"]
    operator = st.sampled_from((*arithmetic, *compared, *logical))
    binary = st.tuples(inner, operator, inner).map("".join)
    unary = st.tuples(
        st.sampled_from(("-", "!", "~", "ABS ", "CEIL ", "FLOOR ", "ATAN ")), inner
    ).map("".join)
    calls = st.tuples(
        st.sampled_from(("MAX", "MIN", "ISNAN", "FINITE")), st.lists(inner, min_size=1, max_size=3)
    )
    return st.one_of(
        binary,
        unary,
        inner.map(lambda text: f"({text})"),
        calls.map(lambda call: f"{call[0]}({','.join(call[1])})"),
        st.tuples(inner, inner, inner).map(lambda parts: "{}?{}:{}".format(*parts)),
    )


def is_reproducible(value):
    """Not where C leaves it open what a number that no integer can hold becomes."""
    return math.isnan(value) or abs(value) < 1e15


@settings(max_examples=400, deadline=None)
@given(expression=st.recursive(numbers, compound, max_leaves=8).filter(lambda text: len(text) < 70))
def test_any_expression_comes_to_what_epics_makes_of_it(epics, expression):
    arguments = tuple(value if abs(value) < 1e9 else 9.0 for value in ARGUMENTS)
    expected, _ = epics(expression, arguments)
    if is_reproducible(expected):
        assert ours(expression, arguments)[0] == pytest.approx(
            expected, rel=1e-9, abs=1e-9, nan_ok=True
        )
