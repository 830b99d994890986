"""Initial value problems: `scipy.integrate.odeint` and `solve_ivp`."""

import autograd
import autograd.numpy as anp
import autograd.scipy.integrate as autograd_integrate
import numpy as np
import pytest
from autograd import builtins
from scipy import integrate, linalg

import adjoint as ad
from adjoint.errors import MissingRuleError
from adjoint.rules.scipy import integrate_adjoint
from adjoint.testing import case, check_rule, expand


def decay(y, t, a):
    return -a * y


def decay_of(t, y, a):
    return -a * y


TIMES = np.array([0.0, 0.5, 1.0])
CASES = [
    case(integrate.odeint, decay, 1.0, TIMES, (1.3,)),
    case(integrate.odeint, decay, np.ones(2), [0, 1], (1.3,), full_output=[0]),
    case(integrate.odeint, decay, np.ones(2), [0, 1], (1.3,), full_output=[1]).but(
        read=lambda found: found[0]
    ),
    case(
        integrate.solve_ivp, decay_of, (0, 1), [1.0, 2.0], args=(1.3,), method=["RK45", "BDF"]
    ).but(read=lambda found: found.y[:, -1], tolerance=5e-3),  # of the solution, not of the steps
    case(integrate.solve_ivp, decay_of, (0, 1), [1, 2], args=(1.3,), t_eval=[None, [0, 1]]),
    case(integrate.solve_ivp, decay_of, [0, 1], np.ones(2), args=(1.3,), dense_output=[True]).but(
        read=lambda found: (found.y[:, -1], found.sol(0.3)), tolerance=1e-3
    ),
]


@pytest.mark.parametrize("case", expand(CASES), ids=str)
def test_rule(case):
    """The value is the plain call's, whatever `solve_ivp` is told."""
    if not case.kwargs.get("dense_output"):
        check_rule(case)
        return
    args, kwargs = case.operands()
    ours, _ = ad.pullback(lambda a: case.function(*args, **{**kwargs, "args": [a]}), 1.3)
    theirs = case.function(*args, **kwargs)
    assert type(ours) is type(theirs)
    assert ours.keys() == theirs.keys()
    assert isinstance(ours.sol, type(theirs.sol))
    for t in (0.3, TIMES):
        np.testing.assert_array_equal(ours.sol(t), theirs.sol(t))
    np.testing.assert_array_equal(ours.y, theirs.y)


EXPLICIT, STIFF = ("RK45", "RK23", "DOP853"), ("LSODA", "BDF", "Radau")
CLOSE = {"rtol": 1e-8, "atol": 1e-9}


def pendulum(p, y0, end, method):
    def velocity(t, y):
        return np.array([y[1], -p[0] * np.sin(y[0]) - p[1] * y[1]])

    found = integrate.solve_ivp(velocity, (0, end), y0, method=method, **CLOSE)
    return found.y[0, -1] + found.y[1, -1] ** 2


@pytest.mark.parametrize("method", EXPLICIT + STIFF)
def test_parameters_initial_state_and_end(method):
    args = np.array([2.0, 0.3]), np.array([1.0, 0.5]), 1.5

    def f(p, y0, end):
        return pendulum(p, y0, end, method)

    ad.check_gradient(f, *args, modes=("reverse", "forward"), rtol=1e-4)
    if method in ("DOP853", "LSODA"):
        ad.check_gradient(f, *args, order=2, rtol=1e-4)


@pytest.mark.parametrize("method", EXPLICIT + STIFF)
def test_a_linear_equation_has_a_closed_form(method):
    """y' = A y: y(t) = exp(A t) y₀, and the derivatives of the exponential are scipy.linalg's."""
    A, y0 = np.array([[-0.5, 1.0], [-2.0, -0.3]]), np.array([1.0, 2.0])
    w = np.array([0.7, -1.1])

    def solved(A, y0, t):
        return w @ integrate.solve_ivp(lambda _, y: A @ y, (0.2, t), y0, method, **CLOSE).y[:, -1]

    def closed(A, y0, t):
        return w @ (linalg.expm(A * (t - 0.2)) @ y0)

    for ours, theirs in zip(ad.gradient(solved, A, y0, 1.4), ad.gradient(closed, A, y0, 1.4)):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-7)
    tangents = (np.array([[0.3, -1.0], [0.4, 0.1]]), np.array([1.0, -0.5]), 0.6)
    ours, theirs = (ad.jvp(f, (A, y0, 1.4), tangents)[1] for f in (solved, closed))
    np.testing.assert_allclose(ours, theirs, rtol=1e-5)


LOOSE = {"RK45": 1e-3, "RK23": 1e-3, "LSODA": 1e-3}


@pytest.mark.parametrize("method", LOOSE)
def test_with_the_default_tolerances_it_is_the_derivative_of_the_solution(method):
    """Closer than the solution itself, which is only right to 10⁻³."""
    found = ad.gradient(
        lambda a: integrate.solve_ivp(lambda t, y: -a * y, (0, 2), [1.0], method).y[0, -1], 1.3
    )[0]
    np.testing.assert_allclose(found, -2 * np.exp(-2.6), rtol=1e-5)


def robertson(t, y, k):
    """Rate constants over nine orders of magnitude (Robertson 1966)."""
    slow, fast, back = k[0] * y[0], k[1] * y[1] ** 2, k[2] * y[1] * y[2]
    return np.array([-slow + back, slow - fast - back, fast])


@pytest.mark.parametrize("method", STIFF)
@pytest.mark.parametrize("end", [40.0, 1000.0])
def test_a_stiff_equation(method, end):
    """Against differences of Radau's solutions at a closer tolerance."""
    k = np.array([0.04, 3e7, 1e4])

    def at_end(k, method=method, rtol=1e-8):
        start = [1.0, 0.0, 0.0]
        found = integrate.solve_ivp(
            robertson, (0, end), start, method, args=(k,), rtol=rtol, atol=1e-4 * rtol
        )
        return found.y[0, -1]

    steps = 1e-3 * np.diag(k)
    expected = [
        (at_end(k + s, "Radau", 1e-10) - at_end(k - s, "Radau", 1e-10)) / 2e-3 for s in steps
    ]
    np.testing.assert_allclose(ad.gradient(at_end, k)[0] * k, expected, rtol=1e-5)
    for i in range(3):
        along = ad.jvp(at_end, (k,), (1e3 * steps[i],))[1]
        np.testing.assert_allclose(along, expected[i], rtol=1e-5)


def predators(y, t, p):
    return [p[0] * y[0] - p[1] * y[0] * y[1], -p[2] * y[1] + p[3] * y[0] * y[1]]


P, START, T = np.array([1.1, 0.4, 0.4, 0.1]), np.array([10.0, 5.0]), np.linspace(0, 8, 17)


def test_odeint_against_autograd():
    """Autograd's rule of odeint integrates the state backwards; this one does not."""

    def ours(p, y0, t):
        return np.sum(np.log(integrate.odeint(predators, y0, t, args=(p,))) ** 2)

    def theirs(p, y0, t):
        def velocity(y, t, p):
            return anp.array(predators(y, t, p))

        ys = autograd_integrate.odeint(
            velocity, y0, t, builtins.tuple((p,)), rtol=1e-10, atol=1e-10
        )
        return anp.sum(anp.log(ys) ** 2)

    found = ad.gradient(ours, P, START, T)
    for i, bar in enumerate(found):
        expected = autograd.grad(theirs, i)(P, START, T)
        np.testing.assert_allclose(bar, expected, rtol=1e-4, atol=1e-5 * np.max(np.abs(expected)))


def last(ys):
    return np.sum(ys[-1] ** 2) + ys[1, 0]


PROGRAMS = {
    "what is captured": (
        lambda a, y0: last(integrate.odeint(lambda y, t: -a * y + t, y0, TIMES)), 1.3, 2.0,
    ),
    "args": (lambda a, y0: last(integrate.odeint(decay, y0, TIMES, (a,))), 1.3, np.array([1.0, 2.0])),
    "times": (
        lambda a, t: last(integrate.odeint(lambda y, t, a: np.cos(a * t) * y, 1.0, t, (a,))),
        1.3, np.array([0.2, 0.5, 0.9]),
    ),
    "time first": (
        lambda a: last(integrate.odeint(lambda t, y, a: -a * y * t, 1.0, TIMES, (a,), tfirst=True)),
        1.3,
    ),
    "backwards": (
        lambda a, t: last(integrate.odeint(lambda y, t: -a * y + t, 1.0, t)),
        1.3, np.array([1.0, 0.6, 0.1]),
    ),
    "a time twice": (
        lambda a: last(integrate.odeint(lambda y, t: -a * y + t, 1.0, [0.0, 0.5, 0.5, 1.0])), 1.3,
    ),
    "t_eval": (
        lambda a, s: np.sum(integrate.solve_ivp(
            lambda t, y, a: [a[0] * y[1], -np.sin(y[0]) * a[1]], (a[0], 3), [1.0, 0.5],
            t_eval=np.linspace(1, 2, 3) * s, args=(a,), **CLOSE,
        ).y ** 2), np.array([0.5, 1.0]), 1.1,
    ),
    "the first and the last step": (
        lambda a, span: np.sum(integrate.solve_ivp(
            lambda t, y: -a * y + t, span, [1.0], **CLOSE).y[0, [0, -1]] * np.array([2.0, 3.0])),
        1.3, (0.2, 1.1),
    ),
    "the times of the result": (
        lambda s: (lambda r: r.t[-1] * r.y[0, -1])(
            integrate.solve_ivp(lambda t, y: -y, (0, s), [1.0], **CLOSE)), 1.3,
    ),
    "vectorized": (
        lambda a: integrate.solve_ivp(
            lambda t, y: np.stack([-a * y[0], y[0] * y[1]]), (0, 1), [1.0, 0.5], vectorized=True,
            method="BDF", **CLOSE).y[1, -1], 1.3,
    ),
    "by index": (
        lambda a: integrate.solve_ivp(lambda t, y: -a * y, (0, 1), [a], **CLOSE)["y"][0, -1], 1.3,
    ),
    "no parameters in the equation": (
        lambda y0: integrate.solve_ivp(lambda t, y: -y**2, (0, 1), [y0], **CLOSE).y[0, -1], 1.3,
    ),
    "what does not depend on the state": (
        lambda a: integrate.solve_ivp(lambda t, y: [a * t], (0, 1), [a], **CLOSE).y[0, -1], 1.3,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PROGRAMS)
def test_both_modes(name):
    f, *args = PROGRAMS[name]
    ad.check_gradient(f, *args, modes=("reverse", "forward"), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["args", "times", "backwards", "t_eval"])
def test_second_derivatives_in_all_orders(name):
    f, first, *rest = PROGRAMS[name]
    v = np.cos(np.arange(np.size(first))).reshape(np.shape(first))[()]

    def g(x):
        return f(x, *rest)

    expected = (ad.gradient(g, first + 1e-5 * v)[0] - ad.gradient(g, first - 1e-5 * v)[0]) / 2e-5
    found = {
        "reverse over reverse": ad.gradient(lambda x: np.sum(ad.gradient(g, x)[0] * v), first)[0],
        "forward over reverse": ad.hvp(g, first, v),
        "reverse over forward": ad.gradient(lambda x: ad.jvp(g, (x,), (v,))[1], first)[0],
    }
    for order, product in found.items():
        np.testing.assert_allclose(product, expected, rtol=1e-4, atol=1e-5, err_msg=order)
    twice = ad.jvp(lambda x: ad.jvp(g, (x,), (v,))[1], (first,), (v,))[1]
    np.testing.assert_allclose(twice, np.sum(expected * v), rtol=1e-4, atol=1e-5)


def test_second_derivatives_with_respect_to_the_times():
    f, a, t = PROGRAMS["times"]
    ad.check_gradient(lambda t: f(a, t), t, order=2, rtol=1e-4, atol=1e-5)
    f, a, span = PROGRAMS["the first and the last step"]
    ad.check_gradient(lambda s: f(a, (s, 1.1)), 0.2, order=2, rtol=1e-4, atol=1e-5)


def test_a_small_gradient_is_as_accurate_as_a_large_one():
    for scale in (1.0, 1e-9):
        found = ad.gradient(
            lambda a, s=scale: s * integrate.odeint(lambda y, t: -a * y, 1.0, TIMES)[-1, 0], 1.3
        )
        np.testing.assert_allclose(found[0], -scale * np.exp(-1.3), rtol=1e-6)
        along = ad.jvp(
            lambda a: integrate.odeint(lambda y, t: -a * y, 1.0, TIMES)[-1, 0], (1.3,), (scale,)
        )
        np.testing.assert_allclose(along[1], -scale * np.exp(-1.3), rtol=1e-6)


def test_complex_states():
    def f(a):
        found = integrate.solve_ivp(lambda t, y: 1j * a * y, (0, 1), [1.0 + 0.5j], **CLOSE)
        return np.real(found.y[0, -1]) ** 2

    ad.check_gradient(f, 1.3, modes=("reverse", "forward"), rtol=1e-4)


def test_a_pulse_is_not_missed():
    """`max_step` holds for the derivative as well."""

    def f(a):
        def velocity(t, y):
            return [a * np.exp(-(((t - 50.0) / 0.1) ** 2))]

        return integrate.solve_ivp(velocity, (0, 100), [0.0], max_step=0.1, rtol=1e-6).y[0, -1]

    np.testing.assert_allclose(ad.gradient(f, 2.0)[0], 0.1 * np.sqrt(np.pi), rtol=1e-5)


def test_what_is_not_known_is_refused():
    def solved(a, **options):
        return integrate.solve_ivp(lambda t, y: -a * y, (0, 1), [1.0], **options)

    for f, match in (
        (lambda a: solved(a, dense_output=True).sol(1.5)[0], "outside of t_span"),
        (lambda a: solved(1.0, rtol=a).y[0, -1], "tolerances"),
        (lambda a: integrate.odeint(lambda y, t: -y, 1.0, TIMES, rtol=a)[-1, 0], "tolerances"),
        (lambda a: integrate.odeint(decay, 1.0, TIMES, (a,), tcrit=[0.5])[-1, 0], "tcrit="),
    ):
        with pytest.raises(MissingRuleError, match=match):
            ad.gradient(f, 1e-4)
        with pytest.raises(MissingRuleError, match=match):
            ad.jvp(f, (1e-4,), (1.0,))
    with pytest.raises(MissingRuleError, match="did not come to the end"):
        ad.gradient(
            lambda a: integrate.solve_ivp(lambda t, y: a * y**2, (0, 2), [1.0]).y[0, -1], 1.0
        )


def test_a_call_without_derivative_is_plain():
    def f(a):
        found = integrate.solve_ivp(
            lambda t, y: -y, (0, 1), [1.0], events=lambda t, y: y[0] - 0.5, dense_output=True
        )
        return a * found.t_events[0][0] * found.sol(0.5)[0]

    assert ad.gradient(f, 2.0)[0] == f(1.0)


def test_the_points_of_the_quadrature():
    """They integrate polynomials of seventh degree, piece by piece and in both directions."""
    for start, end in ((0.2, 1.7), (1.7, 0.2)):
        points = integrate_adjoint.nodes(start, end, np.array([0.5, 0.9]), np.array([0.1, 1.1]))
        total = sum(w * t**7 for t, w in points)
        np.testing.assert_allclose(total, (end**8 - start**8) / 8)
