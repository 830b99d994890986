"""`scipy.integrate`: initial value problems, y' = f(t, y, θ), y(t₀) = y₀.

Reverse mode integrates the adjoint equation backwards (Pontryagin; Chen et al. 2018, appendix B),

    λ' = -(∂f/∂y)ᵀ λ,  with λ(tᵢ) growing by ȳᵢ at each time that y was asked for,
    ȳ₀ = λ(t₀),  t̄₀ = -λ(t₀)ᵀ f(t₀, y₀),  t̄ᵢ = ȳᵢᵀ f(tᵢ, yᵢ),  θ̄ = ∫ λᵀ ∂f/∂θ dt,

and forward mode the equation of the tangents, ẏ' = ∂f/∂y ẏ + ∂f/∂θ θ̇, beside that of y. θ are the
`args` and what f captures.

This is the derivative of the solution of the equation, not of the solver's steps: it is the same for all
methods, stiff ones among them, whose steps SciPy does not tell, and it does not see that the solver
chooses other steps for other parameters. It differs from the derivative of the numbers that the call gave
by as much as these do from the solution: so it is computed to a relative tolerance of 10⁻⁶, or to the
call's if that is smaller. The state is not integrated backwards, which fails where the equation is
dissipative, but read from a second solution (as in Rackauckas et al. 2020, "interpolating adjoint").

The second derivative in reverse mode is the gradient of the tangents: Σ ȳᵢᵀ ẏᵢ differentiated as it stands.
"""

from __future__ import annotations

import numpy as np
from scipy import integrate

from adjoint.rules.dispatch import apply_rule
from adjoint.rules.pushing import push_rule
from adjoint.rules.registry import jvp_rule, nondifferentiable, rule, source_of
from adjoint.rules.scipy.integrate_adjoint import Solver, adjoint_pass, size_of_tangents, solved_at
from adjoint.rules.scipy.optimize_solutions import solution
from adjoint.rules.scipy.results import as_tuple, held, known, known_unless, plain, with_values
from adjoint.tree import accumulate


def states(found, f, y0, t0, ts, solver):
    """`found`, which is what y' = f(t, y), y(t0) = y0 has reached at the times ts: (times, unknowns)."""
    return found


@rule(states, calls=True)
def _(found, f, y0, t0, ts, solver):
    ys = states(found, f, y0, t0, ts, solver)

    def pullback(ys_bar):
        return state_cotangents(ys_bar, ys, f, y0, t0, ts, solver)

    return ys, pullback


@jvp_rule(states)
def states_jvp(primals, tangents):
    ys = states(*primals)
    return ys, state_tangents(tangents[1:5], ys, *primals[1:])


def state_cotangents(ys_bar, ys, f, y0, t0, ts, solver):
    """The cotangents of what `states` is given."""
    return None, *adjoint_pass(ys_bar, ys, f, y0, t0, ts, solver)


@rule(state_cotangents, calls=True)
def _(ys_bar, ys, f, y0, t0, ts, solver):
    bars = state_cotangents(ys_bar, ys, f, y0, t0, ts, solver)

    def pullback(bars_bar):
        return second_cotangents(bars_bar, ys_bar, ys, f, y0, t0, ts, solver)

    return bars, pullback


def second_cotangents(bars_bar, ys_bar, ys, f, y0, t0, ts, solver):
    dots = bars_bar[1:5]
    ys_dot, pullback = apply_rule(state_tangents, ("*",), dots, ys, f, y0, t0, ts, solver)
    _, _, ys_bar_of, *problem_bars = pullback(ys_bar)[:-1]
    return ys_dot, ys_bar_of, *problem_bars[:4]


@jvp_rule(state_cotangents)
def state_cotangents_jvp(primals, tangents):
    """Their tangent: second derivatives may be taken in any order, so it is a gradient of tangents."""
    ys_bar, ys, *problem = primals
    dots = tangents[2:6]
    bars_dot = None
    if tangents[0] is not None:
        bars_dot = state_cotangents(tangents[0], ys, *problem)
    if any([dot is not None for dot in dots]):
        _, pullback = apply_rule(state_tangents, ("*",), dots, ys, *problem)
        _, _, ys_bars, *problem_bars = pullback(ys_bar)[:-1]
        bars_dot = accumulate(bars_dot, (None, *problem_bars[:4]))
        if ys_bars is not None:  # the states move along with the problem
            bars_dot = accumulate(bars_dot, state_cotangents(ys_bars, ys, *problem))
    return state_cotangents(*primals), bars_dot


def state_tangents(dots, ys, f, y0, t0, ts, solver):
    """The tangent of `states`, from those of f, y0, t0 and ts."""
    f_dot, y0_dot, t0_dot, ts_dot = dots
    n = np.size(y0)
    scale = size_of_tangents(dots, ys, f, y0, t0, ts)
    start = np.zeros_like(ys[0]) if y0_dot is None else y0_dot
    if t0_dot is not None:
        start = start - t0_dot * f(t0, y0)

    def both(t, z):
        y_dot = scale * z[n:]
        velocity, change = push_rule(f, (f_dot, None, y_dot, {}), t, z[:n])
        change = np.zeros_like(z[:n]) if change is None else change / scale
        return np.concatenate((velocity, change))

    z0 = np.concatenate((y0, start / scale))
    zs = states(solved_at(both, z0, t0, ts, solver), both, z0, t0, ts, solver)
    ys_dot = scale * zs[:, n:]
    if ts_dot is not None:
        velocities = np.stack([f(t, y) for t, y in zip(ts, ys)])
        ys_dot = ys_dot + np.expand_dims(ts_dot, 1) * velocities
    return ys_dot


source_of(second_cotangents)(second_cotangents)
source_of(state_tangents)(state_tangents)


# -- SciPy's functions -----------------------------------------------------------------------------------


def at_times(found, times, problem):
    """`states`, of a problem that stands together."""
    f, y0, t0, solver = problem
    return states(found, f, y0, t0, times, solver)


def times_asked(t_eval, t0, end, found):
    """The times of the result of `solve_ivp`; the ends of its steps stay where they are."""
    if t_eval is not None:
        return np.asarray(t_eval)[: len(found)]
    return np.concatenate((np.atleast_1d(t0), found[1:-1], np.atleast_1d(end)))


class Solution(integrate.OdeSolution):
    """What `dense_output` gives: the state as a function of the time, with derivatives."""

    def __init__(self, found, problem):
        self.found, self.problem = found, problem
        self.ts, self.interpolants, self.n_segments = found.ts, found.interpolants, found.n_segments
        self.t_min, self.t_max, self.ascending = found.t_min, found.t_max, found.ascending

    def __call__(self, t):
        times = np.atleast_1d(t)
        order = np.argsort(times if self.ascending else -times)
        rows = np.reshape(np.transpose(plain(self.found, t)), (len(order), -1))
        ys = at_times(rows[order], times[order], self.problem)[np.argsort(order)]
        outside = np.min(times) < self.t_min or np.max(times) > self.t_max
        ys = known_unless(ys, outside, "the solution outside of t_span", "Make t_span longer.")
        return ys[0] if np.ndim(t) == 0 else np.transpose(ys)


# -- events: times at which a function of the state is zero -----------------------------------------------


def happened(found, events, problem, more):
    """The times of the events and the states at them, as `solve_ivp` lists them."""
    times, ys = [], []
    if events is not None:
        for i, event in enumerate((events,) if callable(events) else events):
            times = [
                *times,
                event_times(found.t_events[i], found.y_events[i], event, problem, more),
            ]
            ys = [*ys, found.y_events[i]]
    states_then = [at_times(y, t, problem) if len(t) else y for t, y in zip(times, ys)]
    return times, states_then


def event_times(times, ys, event, problem, more):
    if len(times) == 0:
        return times
    return np.stack([event_time(t, y, event, problem, more) for t, y in zip(times, ys)])


def event_time(found, y, event, problem, more):
    """The root t of event(t, y(t))."""

    def crossing(t):
        return event(t, at_times(np.expand_dims(y, 0), np.reshape(t, (1,)), problem)[0], *more)

    return solution(found, crossing, "solve_ivp, at an event,")


@nondifferentiable
def ending(found):
    """The position of the event at which the solution ends; None if it goes on to the end of t_span."""
    if found.status != 1:
        return None
    ends = [i for i, t in enumerate(found.t_events) if len(t) and t[-1] == found.t[-1]]
    return ends[0] if ends else None


@nondifferentiable
def solver_of(method, options):
    return Solver(
        method,
        options.get("rtol", 1e-3),
        np.asarray(options.get("atol", 1e-6)),
        options.get("max_step", np.inf),
    )


@source_of(integrate.solve_ivp)
def _(
    fun, t_span, y0, method="RK45", t_eval=None, dense_output=False, events=None, vectorized=False,
    args=None, **options,
):  # fmt: skip
    found = plain(
        integrate.solve_ivp, fun, t_span, y0, method, t_eval, dense_output, events, vectorized, args,
        **options,
    )  # fmt: skip
    more = () if args is None else args
    t0, tf = t_span

    def velocity(t, y):
        if vectorized:
            return np.reshape(fun(t, np.expand_dims(y, 1), *more), np.shape(y))
        return np.reshape(np.asarray(fun(t, y, *more)), np.shape(y))

    solver = solver_of(method, held(options, "the tolerances of solve_ivp"))
    problem = (velocity, np.asarray(y0) * 1.0, t0, solver)
    t_events, y_events = happened(found, events, problem, more)
    last = ending(found)
    end = tf if last is None else t_events[last][-1]
    times = known(found.t, times_asked, t_eval, t0, end, found.t)
    ys = at_times(np.transpose(found.y), times, problem)
    what = f"solve_ivp that did not come to the end: {found.message}"
    ys = known_unless(ys, found.status < 0, what, "Solve it as far as it has a solution.")
    names, values = ("t", "y"), (times, np.transpose(ys))
    if dense_output:
        names, values = (*names, "sol"), (*values, Solution(found.sol, problem))
    if events is not None:
        names, values = (*names, "t_events", "y_events"), (*values, t_events, y_events)
    return with_values(found, names, values)


@source_of(integrate.odeint)
def _(
    func, y0, t, args=(), Dfun=None, col_deriv=0, full_output=0, ml=None, mu=None, rtol=None,
    atol=None, tcrit=None, h0=0.0, hmax=None, hmin=0.0, ixpr=0, mxstep=0, mxhnil=0, mxordn=12,
    mxords=5, printmessg=0, tfirst=False,
):  # fmt: skip
    """What `full_output` tells is constant. hmax=None, for 0.0: a number would count as a parameter."""
    found = plain(
        integrate.odeint, func, y0, t, args, Dfun, col_deriv, full_output, ml, mu, rtol, atol, tcrit,
        h0, hmax or 0.0, hmin, ixpr, mxstep, mxhnil, mxordn, mxords, printmessg, tfirst,
    )  # fmt: skip
    more = as_tuple(args)

    def velocity(time, y):
        change = func(time, y, *more) if tfirst else func(y, time, *more)
        return np.reshape(np.asarray(change), np.shape(y))

    start, times = np.atleast_1d(np.asarray(y0) * 1.0), np.asarray(t) * 1.0
    tolerances = held((rtol, atol, hmax), "the tolerances of odeint")
    solver = solver_of("LSODA", odeint_options(*tolerances))
    ys = states(found[0] if full_output else found, velocity, start, times[0], times, solver)
    ys = known_unless(ys, tcrit is not None, "odeint with tcrit=", "Solve it piece by piece.")
    return (ys, found[1]) if full_output else ys


@nondifferentiable
def odeint_options(rtol, atol, hmax):
    return {
        "rtol": 1.49012e-8 if rtol is None else np.min(rtol),
        "atol": 1.49012e-8 if atol is None else atol,
        "max_step": hmax or np.inf,
    }
