"""Rules of elementwise functions and of absolute values and complex parts."""

import math
import operator

import numpy as np
import pytest

from adjoint.rules.complex_numbers import replacements
from adjoint.testing import apply_rule, case, check_rule, expand, normal, uniform
from adjoint.tree import project

ARITHMETIC = [np.add, np.subtract, np.multiply, operator.add, operator.sub, operator.mul]
DIVISION = [np.divide, operator.truediv]
SIGNS = [np.negative, np.positive, operator.neg, operator.pos]
POWERS = [np.power, operator.pow, pow]
POSITIVE = [np.sqrt, np.log, np.log2, np.log10]
REAL_LINE = [
    *(np.exp, np.exp2, np.expm1, np.sin, np.cos, np.tan, np.arctan, np.sinh, np.cosh, np.tanh),
    *(np.arcsinh, np.square),
]
UNIT = [np.arcsin, np.arccos, np.arctanh, np.log1p]
ANGLES = [np.deg2rad, np.rad2deg, np.radians, np.degrees]
CHOICES = [np.maximum, np.minimum, np.fmax, np.fmin]
ABSOLUTE = [np.absolute, abs, operator.abs]
complex_normal = normal(2, 3, dtype=complex)
complex_small = uniform(-0.5, 0.5, shape=(4,), dtype=complex)

CASES = [
    # two arguments, broadcast against each other
    case(ARITHMETIC, normal(2, 3), normal(2, 3)),
    case(ARITHMETIC, normal(2, 1), normal(3)),
    case(ARITHMETIC, normal(), normal(4)),
    case(ARITHMETIC, normal(), normal()),
    case(ARITHMETIC, normal().zero_dimensional(), normal(1, 1)),
    case(ARITHMETIC, normal(3).numpy_scalar(), normal().numpy_scalar()),
    case(ARITHMETIC, normal(0, 3), normal(3)),
    case(ARITHMETIC, complex_normal, normal(3)),
    case(ARITHMETIC, normal(3), complex_normal),
    case(ARITHMETIC, np.arange(3), normal(2, 3)),
    case(ARITHMETIC, 2, normal(2)),
    case(DIVISION, normal(2, 3), uniform(0.5, 2.0, shape=(3,))),
    case(DIVISION, normal(3), uniform(-2.0, -0.5, shape=(2, 1))),
    case(DIVISION, 1, uniform(0.5, 2.0)),
    case(DIVISION, complex_normal, uniform(0.5, 2.0, shape=(3,), dtype=complex)),
    case(DIVISION, normal(3), np.array([1, 2, 4])),
    case(SIGNS, normal(2, 3)),
    case(SIGNS, normal()),
    case(SIGNS, complex_normal),
    case([np.reciprocal], uniform(0.5, 2.0, shape=(2, 3))),
    case([np.reciprocal], uniform(-2.0, -0.5)),
    case([np.reciprocal], uniform(0.5, 2.0, shape=(2,), dtype=complex)),
    # powers
    case(POWERS, uniform(0.5, 2.0, shape=(2, 3)), normal(3)),
    case(POWERS, uniform(0.5, 2.0), normal(2, 1)),
    case(POWERS, uniform(0.5, 2.0), normal()),
    case(POWERS, normal(2, 3), 2),
    case(POWERS, normal(), 3),
    case(POWERS, normal(3), np.array([0, 1, 2])),
    case(POWERS, uniform(0.5, 2.0, shape=(3,)), np.array([-1, 0, 2])),
    case(POWERS, 2, normal(3)),
    case(POWERS, uniform(0.5, 2.0, shape=(3,), dtype=complex), normal(3)),
    case(POWERS, uniform(0.5, 2.0, shape=(3,), dtype=complex), normal(3, dtype=complex)),
    case(np.float_power, uniform(0.5, 2.0, shape=(2, 3)), normal(3)),
    case(np.float_power, normal(3), 2),
    case([np.remainder, operator.mod], uniform(2.1, 2.6, shape=(3,)), uniform(0.9, 1.0)),
    case([np.remainder, operator.mod], uniform(-2.6, -2.1, shape=(3,)), uniform(0.9, 1.0)),
    case([np.remainder, operator.mod], uniform(2.1, 2.6), uniform(-1.0, -0.9)),
    case(np.fmod, uniform(2.1, 2.6, shape=(2, 3)), uniform(0.9, 1.0, shape=(3,))),
    case(np.fmod, uniform(-2.6, -2.1, shape=(2, 3)), uniform(0.9, 1.0, shape=(3,))),
    case([np.divmod, divmod], uniform(2.1, 2.6, shape=(3,)), uniform(0.9, 1.0)),
    case([np.divmod, divmod], uniform(-2.6, -2.1), uniform(0.9, 1.0)),
    # one argument
    case(REAL_LINE, normal(2, 3)),
    case(REAL_LINE, uniform(-1.0, 1.0)),
    case(REAL_LINE, normal().zero_dimensional()),
    case(REAL_LINE, complex_small),
    case(REAL_LINE, np.array([1, 2])),
    case([*POSITIVE, np.cbrt], uniform(0.5, 3.0, shape=(2, 3))),
    case([*POSITIVE, np.cbrt], uniform(0.5, 3.0)),
    case(POSITIVE, uniform(0.5, 2.0, shape=(3,), dtype=complex)),
    case(POSITIVE, uniform(-2.0, -0.5, shape=(3,), dtype=complex)),
    case(np.cbrt, uniform(-2.0, -0.5, shape=(3,))),
    case(UNIT, uniform(-0.9, 0.9, shape=(2, 3))),
    case(UNIT, uniform(-0.9, 0.9)),
    case(UNIT, complex_small),
    case(np.arccosh, uniform(1.1, 3.0, shape=(2, 3))),
    case(np.arccosh, uniform(-3.0, -1.0, shape=(3,), dtype=complex)),
    case(ANGLES, normal(2, 3)),
    case(ANGLES, normal()),
    case(np.logaddexp, normal(2, 3), normal(3)),
    case(np.logaddexp, normal(), normal(2, 1)),
    case(np.logaddexp2, normal(2, 3), normal(3)),
    case([np.hypot, np.arctan2], normal(2, 3), uniform(0.5, 2.0, shape=(3,))),
    case([np.hypot, np.arctan2], uniform(-2.0, -1.0), normal()),
    # choices and signs
    case(CHOICES, normal(2, 3), normal(3)).but(wide=True),
    case(CHOICES, normal(3), 0).but(wide=True),
    case(CHOICES, normal(), normal()),
    case(CHOICES, normal(2, 1, dtype=complex), normal(2, dtype=complex)).but(wide=True),
    case(np.fabs, normal(2, 3)),
    case(np.copysign, normal(2, 3), normal(3)),
    case(np.copysign, normal(), -2.0),
    case(np.heaviside, normal(2, 3), normal(3)),
    case(np.heaviside, np.array([0, 1]), normal(2)),
    case(np.nextafter, normal(3), 0.0),
    case(np.ldexp, normal(3), np.array([1, -2, 0])).but(wide=True),
    case([np.frexp, np.modf], uniform(1.1, 1.9, shape=(2, 3))),
    case([np.frexp, np.modf], uniform(-1.9, -1.1)),
    # special functions
    case(np.sinc, normal(2, 3)),
    case(np.sinc, uniform(-0.01, 0.01, shape=(3,))),
    case(np.sinc, uniform(-9.0, 9.0)),
    case(np.i0, normal(2, 3)),
    case(np.i0, uniform(-12.0, 12.0, shape=(3,))),
    # absolute values and complex parts
    case(ABSOLUTE, normal(2, 3)),
    case(ABSOLUTE, normal()),
    case(ABSOLUTE, complex_normal),
    case(ABSOLUTE, normal(dtype=complex)),
    case([np.real, np.imag, np.conjugate], normal(2, 3)),
    case([np.real, np.imag, np.conjugate], complex_normal),
    case([np.real, np.imag, np.conjugate], normal(dtype=complex)),
    case(np.angle, complex_normal, deg=[False, True]),
    case(np.angle, normal(2, 3)),
    case(np.angle, normal(dtype=complex)),
    case(np.nan_to_num, normal(2, 3)),
    case(np.nan_to_num, complex_normal),
    case(
        np.nan_to_num,
        np.array([np.nan, 1.0, np.inf, -np.inf]),
        nan=normal(),
        posinf=normal(),
        neginf=normal(),
    ),
    case(replacements, normal(4), np.array([np.nan, 1.0, np.inf, -np.inf])),
    case(np.nan_to_num, normal(2), copy=True, nan=[0.0, 1.0], posinf=2.0, neginf=None),
    # constants
    case([np.sign, np.floor, np.ceil, np.rint, np.trunc, np.isfinite, np.signbit], normal(2, 3)),
    case([np.floor_divide, np.greater, np.less_equal], normal(2, 3), uniform(0.5, 1.0)),
    case([operator.floordiv, operator.lt, operator.eq], normal(), uniform(0.5, 1.0)),
]


@pytest.mark.parametrize("case", expand(CASES), ids=str)
def test_rule(case):
    check_rule(case)


# -- values at the edges ---------------------------------------------------------------------------


def derivatives(function, *args, y_bar=1.0):
    """The projected cotangents of a call."""
    bars = apply_rule(function, args, {})[1](y_bar)
    return tuple(project(bar, arg) for bar, arg in zip(bars, args, strict=True))


@pytest.mark.parametrize("choice", [np.maximum, np.minimum, np.fmax, np.fmin])
def test_ties_share_equally(choice):
    assert derivatives(choice, 2.0, 2.0) == (0.5, 0.5)
    assert derivatives(choice, math.inf, math.inf) == (0.5, 0.5)
    a_bar, b_bar = derivatives(choice, np.array([0.0, 1.0]), 0.0, y_bar=np.ones(2))
    assert a_bar[0] == 0.5 and b_bar == (0.5 if a_bar[1] else 1.5)


def test_nan_is_not_chosen_by_fmax_and_chosen_by_maximum():
    assert derivatives(np.fmax, 1.0, math.nan) == (1.0, 0.0)
    assert derivatives(np.fmin, math.nan, 1.0) == (0.0, 1.0)
    assert derivatives(np.maximum, 1.0, math.nan) == (0.0, 0.0)


@pytest.mark.parametrize("function", [np.absolute, np.fabs, abs, operator.abs])
def test_absolute_at_zero_is_flat(function):
    assert derivatives(function, 0.0) == (0.0,)


@pytest.mark.parametrize("function", [np.absolute, abs])
def test_absolute_of_a_complex_zero_is_flat(function):
    (bar,) = derivatives(function, np.array([0j, 3 + 4j]), y_bar=np.ones(2))
    np.testing.assert_allclose(bar, [0, 0.6 + 0.8j])


@pytest.mark.parametrize("power", [np.power, operator.pow, pow, np.float_power])
class TestPower:
    def test_exponent_zero_at_zero(self, power):
        assert derivatives(power, 0.0, 0) == (0.0, 0.0)
        base_bar, _ = derivatives(power, np.array([0.0, 2.0]), 0.0, y_bar=np.ones(2))
        assert base_bar.tolist() == [0.0, 0.0]

    def test_exponent_one_at_zero(self, power):
        assert derivatives(power, 0.0, 1)[0] == 1.0
        assert derivatives(power, np.zeros(1), 1.0, y_bar=np.ones(1))[0] == [1.0]

    def test_base_zero_is_flat_in_the_exponent(self, power):
        assert derivatives(power, 0.0, 2.0) == (0.0, 0.0)
        _, exponent_bar = derivatives(power, 0.0, np.array([2.0, 3.0]), y_bar=np.ones(2))
        assert exponent_bar.tolist() == [0.0, 0.0]

    def test_negative_base_warns_of_nothing(self, power):
        base_bar, exponent_bar = derivatives(power, np.array([-3.0, -2.0]), 2, y_bar=np.ones(2))
        assert base_bar.tolist() == [-6.0, -4.0]
        assert np.isfinite(exponent_bar)


@pytest.mark.filterwarnings("ignore:divide by zero")
def test_infinite_slopes_are_infinite():
    assert derivatives(np.sqrt, 0.0) == (math.inf,)
    assert derivatives(np.cbrt, np.zeros(1))[0] == [math.inf]
    assert derivatives(np.arcsin, 1.0) == (math.inf,)
    assert derivatives(np.power, np.zeros(1), 0.5, y_bar=np.ones(1))[0] == [math.inf]


def test_origin_is_flat():
    assert derivatives(np.hypot, 0.0, 0.0) == (0.0, 0.0)
    assert derivatives(np.arctan2, 0.0, 0.0) == (0.0, 0.0)
    assert derivatives(np.angle, 0j) == (0j,)


def test_sinc_at_zero_is_flat_and_smooth():
    assert derivatives(np.sinc, 0.0) == (0.0,)
    (bar,) = derivatives(np.sinc, np.array([1e-12, 1e-6, 1e-3]), y_bar=np.ones(3))
    np.testing.assert_allclose(bar, -(math.pi**2) / 3 * np.array([1e-12, 1e-6, 1e-3]), rtol=1e-5)


def test_logaddexp_of_impossible_events():
    assert derivatives(np.logaddexp, -math.inf, -math.inf) == (0.0, 0.0)
    assert derivatives(np.logaddexp, 0.0, -math.inf) == (1.0, 0.0)
    assert derivatives(np.logaddexp2, -math.inf, 0.0) == (0.0, 1.0)


def test_copysign_at_zero_is_flat():
    assert derivatives(np.copysign, 0.0, -1.0) == (0.0, None)


def test_nan_to_num_stops_what_it_replaces():
    x = np.array([1.0, math.nan, math.inf, -math.inf])
    assert derivatives(np.nan_to_num, x, y_bar=np.ones(4))[0].tolist() == [1.0, 0.0, 0.0, 0.0]
    z = np.array([complex(1.0, math.nan), complex(math.inf, 1.0)])
    assert derivatives(np.nan_to_num, z, y_bar=np.full(2, 2 + 3j))[0].tolist() == [2 + 0j, 3j]
