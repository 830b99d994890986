"""Events of `solve_ivp`, and the continuous solution that `dense_output` gives."""

import numpy as np
import pytest
from scipy import integrate

import adjoint as ad

CLOSE = {"rtol": 1e-8, "atol": 1e-9}


def spring(t, y, a):
    return np.array([y[1], -a * y[0]])


def level(t, y, a):
    return y[0] - 0.3 * a


def stop(t, y, a):
    return y[0] + 0.5


def ground(t, y):
    return y[0]


stop.terminal = ground.terminal = True
ground.direction = -1


def sprung(a, events=None, **options):
    return integrate.solve_ivp(
        spring, (0, 6), [1.0, 0.2], events=events, args=(a,), rtol=1e-9, atol=1e-10, **options
    )


def at_the_end(found):
    return 2 * found.t[-1] + found.y[1, -1]


EVENTS = {
    "a time": (lambda a: sprung(a, level).t_events[0][1], 1.3),
    "a state": (lambda a: sprung(a, [stop, level]).y_events[1][0, 1], 1.3),
    "the end": (lambda a: at_the_end(sprung(a, stop)), 1.3),
    "the end, of given times": (lambda a: at_the_end(sprung(a, stop, t_eval=[0.5, 1.0, 4.0])), 1.3),
    "one that does not end it": (lambda a: at_the_end(sprung(a, (level,))), 1.3),
    "one that never comes": (
        lambda a: np.sum(sprung(a, lambda t, y, a: y[0] - 9).y ** 2) / 50, 1.3,
    ),
    "the solution at some times": (
        lambda a, t: np.sum(sprung(a, dense_output=True).sol(t) ** 2), 1.3, np.array([1.0, 0.4, 2.0]),
    ),
    "the solution at a time": (lambda a, t: sprung(a, dense_output=True).sol(t)[0], 1.3, 0.4),
    "the solution at an event": (
        lambda a: (lambda r: r.sol(0.5 * r.t_events[0][0])[1])(sprung(a, level, dense_output=True)), 1.3,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", EVENTS)
def test_events_and_continuous_solutions(name):
    f, *args = EVENTS[name]
    steps = name == "one that never comes"  # which are others for another parameter
    if not steps:
        ad.check_gradient(f, *args, modes=("reverse", "forward"), rtol=1e-4)
    if name in ("a time", "the solution at an event"):
        ad.check_gradient(f, *args, order=2, rtol=1e-4)
    along, slope = ad.jvp(f, tuple(args), (1.0, *args[1:]))[1], ad.gradient(f, *args)
    by_pullback = slope[0] + sum(np.sum(b * x) for b, x in zip(slope[1:], args[1:]))
    np.testing.assert_allclose(along, by_pullback, rtol=1e-6)


def test_a_bouncing_ball_has_a_closed_form():
    """The third bounce, of a fall from h with restitution e, is at √(2h/g) (1 + 2e + 2e²)."""

    def third(e, h):
        t, y = 0.0, np.array([h, 0.0])
        for _ in range(3):
            found = integrate.solve_ivp(
                lambda t, y: np.array([y[1], -9.81]), (t, t + 10), y, events=ground, **CLOSE
            )
            t = found.t_events[0][0]
            y = np.array([0.0, -e * found.y_events[0][0, 1]])
        return t

    first = np.sqrt(2 / 9.81)
    expected = first * (2 + 4 * 0.8), first * (1 + 1.6 + 2 * 0.64) / 2
    np.testing.assert_allclose(ad.gradient(third, 0.8, 1.0), expected, rtol=1e-6)
    along = ad.jvp(third, (0.8, 1.0), (1.0, 1.0))[1]
    np.testing.assert_allclose(along, sum(expected), rtol=1e-6)
