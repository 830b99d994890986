"""Rules of Python's `math`."""

import math

import pytest
from scipy import special

from adjoint.rules.mathematics import norm
from adjoint.rules.special_functions import bessel_i, polygamma, sinc_derivative
from adjoint.testing import case, check_rule, expand, normal, uniform
from tests.rules.test_elementwise import derivatives

REAL_LINE = [
    *(math.exp, math.exp2, math.expm1, math.sin, math.cos, math.tan, math.atan, math.sinh),
    *(math.cosh, math.tanh, math.asinh, math.erf, math.erfc, math.degrees, math.radians, math.fabs),
]
POSITIVE = [math.sqrt, math.cbrt, math.log, math.log2, math.log10, math.gamma, math.lgamma]
UNIT = [math.asin, math.acos, math.atanh, math.log1p]

CASES = [
    case(REAL_LINE, uniform(0.1, 1.5)),
    case(REAL_LINE, uniform(-1.5, -0.1)),
    case(REAL_LINE, normal().numpy_scalar()),
    case([math.exp, math.sin, math.sqrt], 2),
    case(POSITIVE, uniform(0.5, 4.0)),
    case([math.gamma, math.lgamma], uniform(-2.9, -2.1)),
    case([math.gamma, math.lgamma], uniform(30.0, 40.0)).but(tolerance=1e-5),
    case(math.lgamma, uniform(-31.9, -31.1)),
    case(math.cbrt, uniform(-4.0, -0.5)),
    case(UNIT, uniform(-0.9, 0.9)),
    case(math.acosh, uniform(1.1, 3.0)),
    case(math.log, uniform(0.5, 2.0), uniform(2.0, 3.0)),
    case(math.pow, uniform(0.5, 2.0), normal()),
    case(math.pow, normal(), 2),
    case(math.atan2, normal(), normal()),
    case(math.copysign, normal(), -1),
    case([math.fmod, math.remainder], uniform(2.1, 2.4), uniform(0.9, 1.0)),
    case([math.fmod, math.remainder], uniform(-2.9, -2.6), uniform(0.9, 1.0)),
    case(math.ldexp, normal(), 3),
    case([math.frexp, math.modf], uniform(1.1, 1.9)),
    case([math.frexp, math.modf], uniform(-1.9, -1.1)),
    case(math.nextafter, normal(), 9),
    case(math.hypot, normal()),
    case(math.hypot, normal(), normal(), normal()),
    case(math.dist, (normal(), normal()), [normal(), normal()]),
    case(math.fsum, [normal(), normal(), 1]),
    case(math.fsum, (normal(), normal())),
    case(math.fsum, normal(3)),
    case(math.prod, [normal(), normal(), 2], start=[1, 2.0]),
    case(math.prod, ()),
    # helpers
    case(norm, [normal(), normal()]),
    case(norm, (normal(), normal(), 2)),
    case(polygamma, 0, uniform(0.2, 5.0)),
    case(polygamma, 1, uniform(-1.8, -1.2)),
    case(polygamma, 2, uniform(-25.8, -25.2)).but(tolerance=1e-4),
    case(sinc_derivative, normal(2, 3), 1),
    case(sinc_derivative, normal().numpy_scalar(), 3),
    case(sinc_derivative, uniform(0.8, 1.6, shape=(3,)), 2),
    case(bessel_i, normal(2, 3), 1),
    case(bessel_i, normal(3), 0),
    case(bessel_i, uniform(-5.0, 5.0).numpy_scalar(), 3),
    # constants
    case([math.floor, math.ceil, math.trunc, math.isfinite], normal()),
    case(math.isclose, normal(), normal(), rel_tol=0.1),
]

if hasattr(math, "sumprod"):
    CASES += [
        case(math.sumprod, (normal(), normal()), [normal(), normal()]),
        case(math.sumprod, normal(3), normal(3)),
    ]
if hasattr(math, "fma"):
    CASES += [case(math.fma, normal(), normal(), normal())]


@pytest.mark.parametrize("case", expand(CASES), ids=str)
def test_rule(case):
    check_rule(case)


@pytest.mark.parametrize("function", [math.sqrt, math.cbrt])
def test_roots_have_infinite_slope_at_zero(function):
    assert derivatives(function, 0.0) == (math.inf,)


def test_edges_of_the_domain_have_infinite_slope():
    assert derivatives(math.asin, 1.0) == (math.inf,)
    assert derivatives(math.acos, -1.0) == (-math.inf,)
    assert derivatives(math.acosh, 1.0) == (math.inf,)
    assert derivatives(math.pow, 0.0, 0.5) == (math.inf, 0.0)


def test_power_at_zero():
    assert derivatives(math.pow, 0.0, 0.0) == (0.0, 0.0)
    assert derivatives(math.pow, 0.0, 1.0) == (1.0, 0.0)
    assert derivatives(math.pow, -2.0, 3.0)[0] == 12.0


def test_corners_are_flat():
    assert derivatives(math.fabs, 0.0) == (0.0,)
    assert derivatives(math.atan2, 0.0, 0.0) == (0.0, 0.0)
    assert derivatives(norm, (0.0, 0.0))[0] == (0.0, 0.0)


def test_special_functions_agree_with_scipy():
    for x in (0.3, 1.0, 7.5, 40.0, -0.5, -3.7):
        assert polygamma(0, x) == pytest.approx(special.digamma(x), rel=1e-13)
    for n, x in ((1, 0.3), (2, 5.0), (4, 30.0)):
        assert polygamma(n, x) == pytest.approx(special.polygamma(n, x), rel=1e-12)
    for n, x in ((0, 0.0), (1, 3.0), (2, -40.0), (1, 600.0)):
        assert bessel_i(x, n) == pytest.approx(special.iv(n, x), rel=1e-12)
