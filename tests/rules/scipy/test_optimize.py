"""Roots and fixed points: rules of `scipy.optimize`."""

import numpy as np
import pytest
from scipy import optimize

import adjoint as ad
from adjoint.errors import AdjointError, MissingRuleError
from adjoint.testing import case, check_rule, expand


def cubic(x, a, b):
    return x**3 + a * x - b


def cubic_and_slope(x, a, b):
    return cubic(x, a, b), 3 * x * x + a


def system(x, a):
    return np.array([x[0] ** 2 + a[0] * x[1] - 2, x[1] ** 3 + x[0] - a[1]])


def cosine(x, a):
    return np.cos(a * x)


BRACKETED = [optimize.brentq, optimize.brenth, optimize.bisect, optimize.ridder, optimize.toms748]
START = np.ones(2)
CASES = [
    case(BRACKETED, cubic, -5, 5, (1.3, 2.0), full_output=[False, True]),
    case(optimize.newton, cubic, 1, None, (1.3, 2.0), full_output=[False, True]),
    case(optimize.newton, cubic, np.array([1, 2]), None, (1.3, np.array([2.0, 3.0]))),
    case(optimize.root_scalar, cubic, (1.3, 2.0), bracket=[(-5, 5)]),
    case(optimize.root_scalar, cubic_and_slope, (1.3, 2.0), x0=1.0, fprime=True),
    case(optimize.fsolve, system, START, (np.array([1.2, 1.5]),), full_output=[0]),
    case(optimize.fsolve, system, START, (np.array([1.2, 1.5]),), full_output=[1]).but(
        read=lambda found: found[0]
    ),
    case(
        optimize.root, system, START, (np.array([1.2, 1.5]),), method=["hybr", "lm", "krylov"]
    ).but(read=lambda found: found.x),
    case(optimize.fixed_point, cosine, 0.5, (0.8,), method=["del2", "iteration"]).but(
        tolerance=1e-4
    ),
]


@pytest.mark.parametrize("case", expand(CASES), ids=str)
def test_rule(case):
    check_rule(case)


A = np.array([1.2, 1.5])
W = np.array([1.0, 2.0])
PROGRAMS = {
    **{
        f"{solve.__name__}, {name}": (f, 1.3, 2.0)
        for solve in BRACKETED
        for name, f in {
            "captured": lambda a, b, s=solve: s(lambda x: cubic(x, a, b), -5.0, 5.0) ** 2,
            "args": lambda a, b, s=solve: s(cubic, -5, 5, (a, b)) ** 2,
            "full output": lambda a, b, s=solve: s(
                cubic, -5, 5, (a, b), full_output=True
            )[1].root ** 2,
        }.items()
    },
    "newton": (lambda a, b: optimize.newton(cubic, 1.0, args=(a, b)) ** 2, 1.3, 2.0),
    "newton, each its own": (
        lambda a, b: np.sum(optimize.newton(cubic, START, args=(a, b)) ** 2 * W), 1.3, W + 1,
    ),
    "root_scalar": (lambda a, b: optimize.root_scalar(cubic, (a, b), x0=1.0).root, 1.3, 2.0),
    "root_scalar, fprime=True": (
        lambda a, b: optimize.root_scalar(cubic_and_slope, (a, b), x0=1.0, fprime=True).root, 1.3, 2.0,
    ),
    "fsolve, args": (lambda a: optimize.fsolve(system, START, args=a, xtol=1e-13) @ W, A),
    "fsolve, captured, a list": (
        lambda a: optimize.fsolve(lambda x: list(system(x, a)), [1, 1], xtol=1e-13) @ W, A,
    ),
    "fsolve, full output": (
        lambda a: optimize.fsolve(system, START, (a,), full_output=True, xtol=1e-13)[0] @ W, A,
    ),
    "root": (lambda a: optimize.root(system, START, args=(a,), tol=1e-13).x @ W, A),
    "root, by lm": (lambda a: optimize.root(system, START, a, "lm", tol=1e-13)["x"] @ W, A),
    "root, jac=True": (
        lambda a: optimize.root(
            lambda x: (system(x, a), np.array([[2 * x[0], a[0]], [1, 3 * x[1] ** 2]])), START,
            jac=True, tol=1e-13).x @ W, A,
    ),
    "fixed_point": (lambda a: optimize.fixed_point(cosine, 0.5, (a,), xtol=1e-13) ** 2, 0.8),
    "fixed_point, coupled": (
        lambda a: optimize.fixed_point(lambda x: np.cos(a * x[::-1]), START / 2, xtol=1e-13) @ W,
        np.array([0.8, 0.3]),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PROGRAMS)
def test_both_modes_and_the_second_derivative(name):
    f, *args = PROGRAMS[name]
    ad.check_gradient(f, *args, order=2, rtol=1e-4)
    ad.check_gradient(f, *args, modes=("forward",), rtol=1e-4)


def test_closed_forms():
    a, b = 1.3, 2.0
    x = optimize.brentq(cubic, -5, 5, (a, b))
    slope = 3 * x * x + a
    for solve in (*BRACKETED[:1], optimize.newton):
        ends = (-5.0, 5.0) if solve is optimize.brentq else (1.0,)
        found = ad.gradient(lambda a, b, s=solve, e=ends: s(lambda x: cubic(x, a, b), *e), a, b)
        np.testing.assert_allclose(found, (-x / slope, 1 / slope))
    second = -6 * x / slope**3  # ∂²x/∂b²
    f = lambda b: optimize.brentq(cubic, -5, 5, (a, b))  # noqa: E731
    np.testing.assert_allclose(ad.hvp(f, b, 1.0), second)
    np.testing.assert_allclose(ad.gradient(lambda b: ad.jvp(f, (b,), (1.0,))[1], b)[0], second)
    np.testing.assert_allclose(
        ad.jvp(lambda b: ad.jvp(f, (b,), (1.0,))[1], (b,), (1.0,))[1], second
    )


def test_the_first_guess_has_no_derivative():
    f = lambda x0, a: optimize.root(system, x0, args=(a,)).x @ W  # noqa: E731
    x0_bar, a_bar = ad.gradient(f, START, A)
    assert not np.any(x0_bar)
    assert np.all(a_bar)


def test_what_remains_of_the_equations_is_constant():
    assert not np.any(ad.gradient(lambda a: np.sum(optimize.root(system, START, (a,)).fun), A)[0])


def test_what_is_not_known_is_refused():
    def unsolved(a):
        return optimize.root(system, START * 100, (a,), options={"maxfev": 3}).x[0]

    with pytest.raises(AdjointError, match="root did not come to a solution"):
        ad.gradient(unsolved, A)
    with pytest.raises(AdjointError, match="root did not come to a solution"):
        ad.jvp(unsolved, (A,), (A,))

    def unsolved_each(a):
        return optimize.newton(lambda x: x**3 - a, np.full(2, 50.0), tol=1e3)

    for mode in (lambda f: ad.gradient(lambda a: f(a)[0], A), lambda f: ad.jvp(f, (A,), (A,))):
        with pytest.raises(AdjointError, match="newton did not come to a solution"):
            mode(unsolved_each)
    for name in ("fjac", "qtf", "r"):
        f = lambda a, n=name: np.sum(optimize.root(system, START, (a,))[n])  # noqa: E731
        with pytest.raises(MissingRuleError, match=f"the field {name!r} of a OptimizeResult"):
            ad.gradient(f, A)
        with pytest.raises(MissingRuleError, match=f"the field {name!r} of a OptimizeResult"):
            ad.jvp(f, (A,), (A,))
    with pytest.raises(MissingRuleError, match="full_output"):
        ad.gradient(
            lambda a: optimize.newton(cubic, START, args=(a, 2.0), full_output=True)[0][0], 1.3
        )


def test_counts_and_messages_are_constants():
    def f(a):
        found = optimize.root(system, START, (a,))
        return found.x[0] * found.nfev if found.success and "converged" in found.message else 0.0

    count = optimize.root(system, START, (A,)).nfev
    x_bar = ad.gradient(lambda a: optimize.root(system, START, (a,)).x[0], A)[0]
    np.testing.assert_allclose(ad.gradient(f, A)[0], count * x_bar)
    np.testing.assert_allclose(ad.jvp(f, (A,), (W,))[1], count * (x_bar @ W))
