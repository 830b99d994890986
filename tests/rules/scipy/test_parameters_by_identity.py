"""`params`: arrays that the functions given to SciPy's solvers read, from the globals as well."""

import numpy as np
import pytest
from scipy import integrate, optimize

import adjoint as ad
from adjoint.errors import MissingRuleError

V = np.array([[-0.3, 0.5], [-0.5, -0.2]])
START = np.array([1.0, 2.0])
CLOSE = {"rtol": 1e-8, "atol": 1e-9}


def velocity(t, y, V):
    return np.tanh(V @ y)


def quad(V):
    return integrate.quad(lambda x: np.sum(np.sin(V * x)), 0, 1)[0]


def dblquad(V):
    return integrate.dblquad(lambda y, x: np.sum(np.sin(V * x * y)), 0, 1, 0, 1)[0]


def solve_ivp(V):
    found = integrate.solve_ivp(lambda t, y: velocity(t, y, V), (0, 1), START, **CLOSE)
    return np.sum(found.y[:, -1] ** 2)


def odeint(V):
    return np.sum(integrate.odeint(lambda y, t: velocity(t, y, V), START, [0, 1])[-1] ** 2)


def root(V):
    return np.sum(optimize.root(lambda x: V @ x + x**3 - 1, START, tol=1e-12).x ** 2)


def brentq(V):
    return optimize.brentq(lambda x: x**3 + V[0, 1] * x - V[0, 0], -5, 5)


def newton(V):
    return optimize.newton(lambda x: x**3 + V[0, 1] * x - V[0, 0], 1.0)


#: The same, of the global V.
GLOBAL = {
    quad: lambda: integrate.quad(lambda x: np.sum(np.sin(V * x)), 0, 1)[0],
    dblquad: lambda: integrate.dblquad(lambda y, x: np.sum(np.sin(V * x * y)), 0, 1, 0, 1)[0],
    solve_ivp: lambda: np.sum(
        integrate.solve_ivp(lambda t, y: velocity(t, y, V), (0, 1), START, **CLOSE).y[:, -1] ** 2
    ),
    odeint: lambda: np.sum(
        integrate.odeint(lambda y, t: velocity(t, y, V), START, [0, 1])[-1] ** 2
    ),
    root: lambda: np.sum(optimize.root(lambda x: V @ x + x**3 - 1, START, tol=1e-12).x ** 2),
    brentq: lambda: optimize.brentq(lambda x: x**3 + V[0, 1] * x - V[0, 0], -5, 5),
    newton: lambda: optimize.newton(lambda x: x**3 + V[0, 1] * x - V[0, 0], 1.0),
}


@pytest.mark.parametrize("f", GLOBAL, ids=lambda f: f.__name__)
def test_first_derivatives(f):
    expected = ad.gradient(f, V)[0]
    assert np.any(expected)
    np.testing.assert_allclose(ad.gradient(GLOBAL[f], ad.params(V))[V], expected, rtol=1e-7)
    captured = V.copy()
    found = ad.gradient(lambda: f(captured), ad.params(captured))[captured]
    np.testing.assert_allclose(found, expected, rtol=1e-7)


@pytest.mark.parametrize("f", GLOBAL, ids=lambda f: f.__name__)
def test_second_derivatives_are_refused(f):
    def slope_along(a):
        scaled = ad.gradient(lambda a: a**2 * GLOBAL[f](), a)[0]  # V itself is no argument of it
        return scaled

    found = ad.gradient(lambda: slope_along(0.7), ad.params(V))[V]
    np.testing.assert_allclose(found, 1.4 * ad.gradient(f, V)[0], rtol=1e-7)

    def within(a):
        if f in (brentq, newton):
            return optimize.brentq(lambda x: x**3 + V[0, 1] * x - a, -5, 5)
        return integrate.quad(lambda x: np.sum(np.sin(V * x * a)), 0, 1)[0]

    with pytest.raises(MissingRuleError, match="the second derivative through"):
        ad.gradient(lambda: ad.gradient(within, 0.7)[0], ad.params(V))


@ad.implicit(lambda x: V[0, 1] * x - V[0, 0])
def solved():
    return V[0, 0] / V[0, 1]


def test_the_residual_of_a_solver_of_ones_own():
    with pytest.raises(MissingRuleError, match="read from the globals"):
        ad.gradient(lambda: solved(), ad.params(V))
