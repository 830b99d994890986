"""Integrals of functions: `scipy.integrate.quad` and its like."""

import warnings

import numpy as np
import pytest
from scipy import integrate, special

import adjoint as ad
from adjoint.errors import MissingRuleError
from adjoint.rules.scipy import integrate_quadrature as rules
from adjoint.rules.scipy import results
from adjoint.testing import WAYS, case, check_rule, check_second_order, expand, normal


def bell(x, a, b):
    return b * np.exp(-a * x * x)


def rows(x):
    return np.array([np.sin(x), x * x])


def product(y, x, a):
    return np.exp(-a * y * x)


def product_of_three(z, y, x, a):
    return a * x * y + z


def upper(x):
    return 0.5 + x


def upper_of_two(x, y):
    return x + y


def pair(x, a):
    return 0.0, x * a


SETTINGS = rules.Settings()
CASES = [
    case(integrate.quad, bell, 0.0, 1.0, (1.3, 2.0)),
    case(integrate.quad, bell, 0.0, np.inf, (1.3, 2.0)),
    case(integrate.quad_vec, rows, 0.0, 1.0),
    case(integrate.fixed_quad, bell, 0.0, 1.0, (1.3, 2.0), 4),
    case(integrate.dblquad, product, 0.0, 1.0, 0.0, upper, (1.3,)),
    case(integrate.tplquad, product_of_three, 0.0, 1.0, 0.0, upper, 0.0, upper_of_two, (1.3,)),
    case(integrate.nquad, product, [pair, [0.0, 1.0]], (1.3,)),
    case(rules.integrated_cotangents, 0.7, np.sin, 0.2, 1.1, SETTINGS),
    case(rules.integral_cotangents, 0.7, np.sin, 0.2, 1.1, SETTINGS),
    case(rules.at_limit, 0.7, np.sin, 0.2),
    case(rules.at_limit, normal(2), rows, 0.2),
    case(rules.at_limit_cotangents, 0.3, 0.5, 0.7, np.sin, 0.2),
    case(rules.nested, product, (pair, (0.2, 1.0)), (1e-8, 1e-8), (1.3,)),
    case(rules.limit_at, upper, 0.3),
    case(rules.limit_at, 1.0, 0.3),
    case(results.inner, normal(3), normal(3)),
    case(results.inner, (normal(3), None, {"a": normal()}), (normal(3), None, {"a": normal()})),
    case(results.scaled, (normal(3), None, {"a": normal()}), normal()),
    case(results.as_tuple, normal(3)),
]
EXPANDED = expand(CASES)


@pytest.mark.parametrize("case", EXPANDED, ids=str)
def test_rule(case):
    check_rule(case.but(float32=False))


@pytest.mark.parametrize("case", EXPANDED, ids=str)
def test_second_order(case):
    check_second_order(case, WAYS[:1])


def value(f, a, b, *args, **more):
    return integrate.quad(f, a, b, *args, **more)[0]


PROGRAMS = {
    "what is captured": (lambda a: value(lambda x: np.exp(-a * x), 0, 1), 1.3),
    "args and limits": (
        lambda a, b, low, high: value(bell, low, high, args=(a, b)) ** 2, 1.3, 2.0, 0.1, 0.9,
    ),
    "one argument, no tuple": (lambda a: value(lambda x, a: np.sin(a * x), 0, 1, args=a), 1.3),
    "to infinity": (lambda a, low: value(lambda x: np.exp(-a * x * x), low, np.inf), 1.3, 0.4),
    "over the line": (lambda a: value(lambda x: np.exp(-a * x * x), -np.inf, np.inf), 1.3),
    "an array": (
        lambda w, low: value(lambda x: np.tanh(w @ np.array([1, x, x * x])), low, 1) ** 2,
        np.array([0.3, 0.2, 0.5]), 0.4,
    ),
    "points": (
        lambda a: value(lambda x: np.abs(x - 0.3) * a + np.sin(a * x), 0, 1, points=[0.3]), 1.3,
    ),
    "one branch without the parameter": (
        lambda a, b: value(lambda x: a * x if x < 0.5 else b * x * x, 0, 1, points=[0.5]), 1.3, 2.0,
    ),
    "nested": (
        lambda a, b: value(lambda x: value(lambda y: np.exp(-a * x * y), 0, x * b), 0, 1), 1.3, 2.0,
    ),
    "singular at the limit": (lambda a: value(lambda x: x ** (-a), 0, 1), 0.5),
    "of no value at the limit": (lambda a: value(lambda x: np.log(x * a), 0, 1), 0.5),
    "full output": (lambda a: value(lambda x: x * a**2, 0, 1, full_output=1), 0.3),
    "a function of NumPy": (lambda a: value(np.exp, 0, a), 0.3),
    "quad_vec": (
        lambda w, b: np.sum(integrate.quad_vec(lambda x: np.tanh(w * x), 0, b)[0] ** 2),
        np.array([1.0, 2.0]), 2.0,
    ),
    "fixed_quad": (
        lambda a: integrate.fixed_quad(lambda x: np.exp(-a * x), 0, a, n=4)[0] ** 2, 1.3,
    ),
    "dblquad": (
        lambda a, b: integrate.dblquad(product, 0, b, lambda x: x * a, 2.0, args=(b,))[0], 0.5, 0.9,
    ),
    "nquad": (
        lambda a, b: integrate.nquad(lambda y, x: a * x * y, [lambda x: (0, x), (0, b)])[0], 0.5, 0.9,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PROGRAMS)
def test_both_modes_and_the_second_derivative(name):
    f, *args = PROGRAMS[name]
    ad.check_gradient(f, *args, order=2)
    ad.check_gradient(f, *args, modes=("forward",))


def test_three_variables():
    def f(a, b):
        return integrate.tplquad(
            lambda z, y, x: z * y * x + a * z, 0, b, 0, 1, lambda x, y: 0, lambda x, y: x + y * b
        )[0]

    ad.check_gradient(f, 0.5, 0.9)
    ad.check_gradient(f, 0.5, 0.9, modes=("forward",))


def test_closed_forms():
    """∫₀^∞ x^(s-1) e^(-x) dx = Γ(s), whose derivatives are digamma and trigamma functions."""

    def gamma(s):
        return value(lambda x: x ** (s - 1) * np.exp(-x), 0, np.inf)

    s, digamma = 2.5, special.digamma(2.5)
    np.testing.assert_allclose(ad.gradient(gamma, s)[0], special.gamma(s) * digamma, rtol=1e-8)
    second = special.gamma(s) * (digamma**2 + special.polygamma(1, s))
    slope = lambda s: ad.gradient(gamma, s)[0]  # noqa: E731
    np.testing.assert_allclose(ad.gradient(slope, s)[0], second, rtol=1e-7)
    np.testing.assert_allclose(ad.hvp(gamma, s, 1.0), second, rtol=1e-7)
    along = ad.gradient(lambda s: ad.jvp(gamma, (s,), (1.0,))[1], s)[0]
    np.testing.assert_allclose(along, second, rtol=1e-7)


def test_a_small_gradient_is_as_accurate_as_a_large_one():
    """The tolerance for the derivatives is relative to these, not to the integral."""
    for scale in (1.0, 1e-9):
        found = ad.gradient(lambda a, s=scale: s * value(lambda x: np.exp(a * x) + 1e6, 0, 1), 1.0)
        np.testing.assert_allclose(found[0], scale, rtol=1e-8)  # ∫ x eˣ dx = 1


def test_a_tree_of_integrals():
    def tree(x):
        return {"a": (x, None), "b": np.array([x * x, 1j * x])}

    found = rules.integrated(tree, 0.0, 1.0, SETTINGS)
    np.testing.assert_allclose(found["a"][0], 1 / 2)
    assert found["a"][1] is None
    np.testing.assert_allclose(found["b"], [1 / 3, 0.5j])


def test_objects_and_containers():
    class Wave:
        def __init__(self, k):
            self.k = k

        def at(self, x):
            return np.sin(self.k * x)

        def total(self):
            return integrate.quad(self.at, 0, 1)[0]

    expected = np.sin(2) / 2 - (1 - np.cos(2)) / 4
    np.testing.assert_allclose(ad.gradient(lambda m: m.total(), Wave(2.0))[0].k, expected)
    np.testing.assert_allclose(ad.gradient(lambda k: Wave(k).total(), 2.0)[0], expected)

    def of_parameters(p):
        return value(lambda x, p: p["k"] * x + p["l"][0] * x * x, 0, 1, args=(p,))

    (found,) = ad.gradient(of_parameters, {"k": 2.0, "l": [3.0, 4.0]})
    np.testing.assert_allclose([found["k"], *found["l"]], [1 / 2, 1 / 3, 0], rtol=1e-12)


def test_what_is_not_known_is_refused():
    for f, match in (
        (lambda a: value(lambda x: x, 0, 1, points=[a]), "the points of quad"),
        (lambda a: value(lambda x: a * x, 0, 1, weight="cos", wvar=2.0), "weight="),
        (lambda a: value(lambda x: a * x, 0, 1, complex_func=True).real, "complex_func="),
        (lambda a: integrate.nquad(lambda x: a * x, [(0, 1)], opts={"limit": 9})[0], "opts="),
    ):
        with pytest.raises(MissingRuleError, match=match):
            ad.gradient(f, 0.3)
        with pytest.raises(MissingRuleError, match=match):
            ad.jvp(f, (0.3,), (1.0,))


def test_a_call_without_derivative_is_plain():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = ad.gradient(lambda a: a * value(lambda x: x, 0, 1, weight="cos", wvar=2.0), 0.3)
    np.testing.assert_allclose(found[0], integrate.quad(lambda x: x * np.cos(2 * x), 0, 1)[0])
