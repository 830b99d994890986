"""Rules of `scipy.optimize`."""

import numpy as np
import pytest
from scipy import optimize

import adjoint as ad
from adjoint.errors import MissingRuleError
from adjoint.rules.scipy import optimize as rules
from adjoint.testing import case, check_rule, check_second_order, expand


def cubic(x, a, b):
    return x**3 + a * x - b


def system(x, a):
    return np.array([x[0] ** 2 + a[0] * x[1] - 2, x[1] ** 3 + x[0] - a[1]])


BRACKETED = [optimize.brentq, optimize.brenth, optimize.bisect, optimize.ridder]
START = np.ones(2)
CASES = [
    case(BRACKETED, cubic, -5, 5, (1.3, 2.0)),
    case(optimize.newton, cubic, 1, None, (1.3, 2.0)),
    case(optimize.newton, cubic, np.array([1, 2]), None, (1.3, np.array([2.0, 3.0]))),
    case(optimize.fsolve, system, np.array([1, 1]), (np.array([1.2, 1.5]),)).but(tolerance=1e-4),
    case(rules.check_plain, "newton", False),
]
EXPANDED = expand(CASES)


@pytest.mark.parametrize("case", EXPANDED, ids=str)
def test_rule(case):
    check_rule(case.but(float32=False))


@pytest.mark.parametrize("case", EXPANDED, ids=str)
def test_second_order(case):
    check_second_order(case)


@pytest.mark.parametrize("solve", BRACKETED)
def test_what_the_function_captures(solve):
    def root(a, b):
        return solve(lambda x: cubic(x, a, b), -5.0, 5.0) ** 2

    a, b = 1.3, 2.0
    x = solve(cubic, -5.0, 5.0, (a, b))
    slope = 3 * x * x + a
    np.testing.assert_allclose(ad.gradient(root, a, b), (-2 * x * x / slope, 2 * x / slope))
    ad.check_gradient(root, a, b, order=2)


def test_a_system_by_its_arguments_and_by_what_it_captures():
    def by_arguments(a):
        return np.sum(optimize.fsolve(system, START, args=(a,)) * np.array([1.0, 2.0]))

    def by_capture(a):
        return np.sum(optimize.fsolve(lambda x: system(x, a), START) * np.array([1.0, 2.0]))

    a = np.array([1.2, 1.5])
    ad.check_gradient(by_arguments, a, order=2, rtol=1e-4)
    np.testing.assert_allclose(ad.gradient(by_capture, a)[0], ad.gradient(by_arguments, a)[0])


def test_further_output_is_refused():
    with pytest.raises(MissingRuleError, match="full_output"):
        ad.gradient(lambda a: optimize.brentq(cubic, -5, 5, (a, 2.0), full_output=True)[0], 1.3)
