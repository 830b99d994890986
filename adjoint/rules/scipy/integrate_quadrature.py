"""`scipy.integrate`: integrals of functions.

I = ∫ₐᵇ f(x, θ) dx gives θ̄ = Ī ∫ₐᵇ ∂f/∂θ dx, b̄ = Ī f(b), ā = -Ī f(a) (Leibniz), 0 at an infinite limit.
The integral of the derivatives is one of its own, by `quad` to the same tolerances, so that it is as
accurate as the integral itself. θ are the `args` and what the integrand captures. Where f jumps, or
takes another branch, at a place that depends on θ, what the jump contributes is not seen.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from scipy import integrate, special

from adjoint.rules.dispatch import apply_rule
from adjoint.rules.pushing import push_rule
from adjoint.rules.registry import jvp_rule, rule, source_of
from adjoint.rules.scipy.results import as_tuple, held, inner, known, known_unless, plain, scaled
from adjoint.tree import Number, RootTangent, Tangent, accumulate, same_container


class Settings(NamedTuple):
    """What `quad` is told besides the integrand and the limits."""

    epsabs: float = 1.49e-8
    epsrel: float = 1.49e-8
    limit: int = 50
    points: Any = None


# -- integrals of trees ----------------------------------------------------------------------------------


def integrated(g: Callable, a: float, b: float, settings: Settings) -> Any:
    """∫ₐᵇ g(x) dx, of a number, an array, or a tree of them in which None is zero.

    Each number in it is integrated by itself, with one memory of what g gave for all.
    """
    trees: dict[float, Any] = {}

    def at(x: float) -> Any:
        if x not in trees:
            trees[x] = g(x)
        return trees[x]

    def integral(place: tuple) -> float:
        values = [abs(number_at(tree, place)) for tree in trees.values()]
        size = float(np.mean(values)) * (abs(b - a) if np.isfinite(b - a) else 1.0)
        smallest = min(settings.epsabs, settings.epsrel * size) or settings.epsabs
        return quad(lambda x: number_at(at(x), place), a, b, settings._replace(epsabs=smallest))

    quad(lambda x: 0.0 * (at(x) is None), a, b, settings)  # the first points
    found: dict[tuple, float] = {}
    while True:
        template = functools.reduce(accumulate, trees.values(), None)
        missing = [place for place in places_of(template) if place not in found]
        if not missing:
            return rebuilt(template, found)
        found |= {place: integral(place) for place in missing}


def quad(f: Callable, a: float, b: float, settings: Settings) -> float:
    return integrate.quad(f, a, b, **settings._asdict())[0]


def places_of(tree: Any, path: tuple = ()) -> Iterator[tuple]:
    """Where the numbers of a tree are: keys, an index of an array, and which part of the number."""
    if isinstance(tree, np.ndarray | Number):
        for index in np.ndindex(np.shape(tree)):
            yield from [(path, index, p) for p in ("real", "imag")[: 1 + np.iscomplexobj(tree)]]
    for key, item in items_of(tree):
        yield from places_of(item, (*path, key))


def items_of(tree: Any) -> list[tuple]:
    if isinstance(tree, Tangent):
        return list(vars(tree).items())
    if isinstance(tree, RootTangent):
        return [("own", tree.own), *((key, bar) for key, (_, bar) in tree.roots.items())]
    if isinstance(tree, dict):
        return list(tree.items())
    return list(enumerate(tree)) if isinstance(tree, list | tuple) else []


def number_at(tree: Any, place: tuple) -> float:
    path, index, part = place
    for key in path:
        tree = dict(items_of(tree)).get(key)
    return 0.0 if tree is None else float(getattr(np.asarray(tree)[index], part))


def rebuilt(template: Any, found: dict[tuple, float], path: tuple = ()) -> Any:
    """A tree of this form, of what was found for its numbers."""
    if isinstance(template, np.ndarray | Number):
        total = np.zeros(np.shape(template), np.result_type(template, float))
        for index in np.ndindex(total.shape):
            imaginary = 1j * found[path, index, "imag"] if total.dtype.kind == "c" else 0.0
            total[index] = found[path, index, "real"] + imaginary
        return total if total.shape else total[()]
    items = {key: rebuilt(item, found, (*path, key)) for key, item in items_of(template)}
    if isinstance(template, Tangent):
        return Tangent(**items)
    if isinstance(template, RootTangent):
        roots = {key: (value, items[key]) for key, (value, _) in template.roots.items()}
        return RootTangent(items["own"], roots)
    if isinstance(template, list | tuple):
        return same_container(template, list(items.values()))
    return items if isinstance(template, dict) else None


@rule(integrated, calls=True)
def _(g, a, b, settings):
    y = integrated(g, a, b, settings)

    def pullback(y_bar):
        return integrated_cotangents(y_bar, g, a, b, settings)

    return y, pullback


def integrated_cotangents(y_bar, g, a, b, settings):
    def slope(x):
        _, pullback = apply_rule(g, ("callee",), x)
        return pullback(y_bar)[0]

    a_bar, b_bar = at_limit(y_bar, g, a), at_limit(y_bar, g, b)
    return integrated(slope, a, b, settings), None if a_bar is None else -a_bar, b_bar


@jvp_rule(integrated)
def integrated_jvp(primals, tangents):
    return integrated(*primals), integrated_tangent(primals, tangents)


def integrated_tangent(primals, tangents):
    g, a, b, settings = primals
    g_dot, a_dot, b_dot, _ = tangents

    def slope(x):
        return push_rule(g, (g_dot, None, {}), x)[1]

    y_dot = None if g_dot is None else integrated(slope, a, b, settings)
    if a_dot is not None and np.isfinite(a):
        y_dot = accumulate(y_dot, scaled(g(a), -a_dot))
    if b_dot is not None and np.isfinite(b):
        y_dot = accumulate(y_dot, scaled(g(b), b_dot))
    return y_dot


source_of(integrated_tangent)(integrated_tangent)


def at_limit(y_bar, g, x):
    """ȳ g(x): nothing at an infinite limit; nan where g is singular, and nobody may ask for it."""
    if np.isinf(x):
        return None
    try:
        with np.errstate(all="ignore"):
            return inner(y_bar, g(x))
    except ArithmeticError:
        return np.nan


@rule(at_limit, calls=True)
def _(y_bar, g, x):
    y = at_limit(y_bar, g, x)

    def pullback(bar):
        return at_limit_cotangents(bar, y, y_bar, g, x)

    return y, pullback


@jvp_rule(at_limit)
def at_limit_jvp(primals, tangents):
    return at_limit(*primals), limit_tangent(primals, tangents)


def limit_tangent(primals, tangents):
    y_bar, g, x = primals
    y_bar_dot, g_dot, x_dot = tangents
    if np.isinf(x):
        return None
    try:
        with np.errstate(all="ignore"):
            value, change = push_rule(g, (g_dot, x_dot, {}), x)
            return inner(y_bar_dot, value) + inner(y_bar, change)
    except ArithmeticError:
        return np.nan


def at_limit_cotangents(bar, y, y_bar, g, x):
    """A zero stays zero where g is singular."""
    if y is None or bar is None or not (np.isfinite(y) or np.any(bar)):
        return None, None, None
    value, pullback = apply_rule(g, ("callee", 0), x)
    g_bar, x_bar, _ = pullback(scaled(y_bar, bar))
    return scaled(value, bar), g_bar, x_bar


source_of(integrated_cotangents)(integrated_cotangents)
source_of(at_limit_cotangents)(at_limit_cotangents)


# -- quad ------------------------------------------------------------------------------------------------


def integral(value, g, a, b, settings):
    """`value`, which is the integral of g from a to b."""
    return value


@rule(integral, calls=True)
def _(value, g, a, b, settings):
    y = integral(value, g, a, b, settings)

    def pullback(y_bar):
        return integral_cotangents(y_bar, g, a, b, settings)

    return y, pullback


def integral_cotangents(y_bar, g, a, b, settings):
    return None, *integrated_cotangents(y_bar, g, a, b, settings)


source_of(integral_cotangents)(integral_cotangents)


@jvp_rule(integral)
def integral_jvp(primals, tangents):
    return integral(*primals), integrated_tangent(primals[1:], tangents[1:])


@source_of(integrate.quad)
def _(
    func, a, b, args=(), full_output=0, epsabs=1.49e-8, epsrel=1.49e-8, limit=50, points=None,
    weight=None, wvar=None, wopts=None, maxp1=50, limlst=50, complex_func=False,
):  # fmt: skip
    """The estimate of the error, and what `full_output` tells, are constants."""
    found = plain(
        integrate.quad, func, a, b, args, full_output, epsabs, epsrel, limit, points, weight, wvar,
        wopts, maxp1, limlst, complex_func,
    )  # fmt: skip
    more = as_tuple(args)

    def integrand(x):
        return func(x, *more)

    settings = Settings(epsabs, epsrel, limit, held(points, "the points of quad"))
    value = integral(found[0], integrand, a, b, settings)
    value = known_unless(value, weight is not None, "quad with weight=", "Multiply by it instead.")
    hint = "Integrate the real and the imaginary part."
    return known_unless(value, complex_func, "quad with complex_func=", hint), *found[1:]


@source_of(integrate.quad_vec)
def _(
    f, a, b, epsabs=1e-200, epsrel=1e-8, norm="2", cache_size=100e6, limit=10000, workers=1,
    points=None, quadrature=None, full_output=False, *, args=(),
):  # fmt: skip
    found = plain(
        integrate.quad_vec, f, a, b, epsabs, epsrel, norm, cache_size, limit, workers, points,
        quadrature, full_output, args=args,
    )  # fmt: skip
    more = as_tuple(args)

    def integrand(x):
        return f(x, *more)

    settings = Settings(1.49e-8, epsrel, 200, held(points, "the points of quad_vec"))
    return integral(found[0], integrand, a, b, settings), *found[1:]


@source_of(integrate.fixed_quad)
def _(func, a, b, args=(), n=5):
    if np.isinf(a) or np.isinf(b):
        raise ValueError("Gaussian quadrature is only available for finite limits.")
    x, w = plain(special.roots_legendre, n)
    y = (b - a) * (x + 1) / 2.0 + a
    return (b - a) / 2.0 * np.sum(w * func(y, *args), axis=-1), None


# -- over several variables ---------------------------------------------------------------------------


def nested(func, ranges, tolerances, outer):
    """∫…∫ func(x₀, x₁, …, *outer) dx₀ dx₁ …; a range is a pair, or a function of the variables behind."""
    low, high = ranges[-1](*outer) if callable(ranges[-1]) else ranges[-1]
    epsabs, epsrel = tolerances
    if len(ranges) == 1:
        return integrate.quad(func, low, high, outer, epsabs=epsabs, epsrel=epsrel)[0]

    def without_the_last(x, *more):
        return nested(func, ranges[:-1], tolerances, (x, *more))

    return integrate.quad(without_the_last, low, high, outer, epsabs=epsabs, epsrel=epsrel)[0]


def limit_at(limit, *variables):
    return limit(*variables) if callable(limit) else limit


source_of(nested)(nested)
source_of(limit_at)(limit_at)


@source_of(integrate.nquad)
def _(func, ranges, args=None, opts=None, full_output=False):
    found = plain(integrate.nquad, func, ranges, args, opts, full_output)
    more = () if args is None else as_tuple(args)
    value = known(found[0], nested, func, ranges, (1.49e-8, 1.49e-8), more)
    hint = "Leave them out, or nest calls of quad."
    return known_unless(value, opts is not None, "nquad with opts=", hint), *found[1:]


@source_of(integrate.dblquad)
def _(func, a, b, gfun, hfun, args=(), epsabs=1.49e-8, epsrel=1.49e-8):
    found = plain(integrate.dblquad, func, a, b, gfun, hfun, args, epsabs, epsrel)

    def range_of_y(x, *more):
        return limit_at(gfun, x), limit_at(hfun, x)

    ranges = (range_of_y, (a, b))
    return known(found[0], nested, func, ranges, (epsabs, epsrel), args), *found[1:]


@source_of(integrate.tplquad)
def _(func, a, b, gfun, hfun, qfun, rfun, args=(), epsabs=1.49e-8, epsrel=1.49e-8):
    found = plain(integrate.tplquad, func, a, b, gfun, hfun, qfun, rfun, args, epsabs, epsrel)

    def range_of_z(y, x, *more):
        return limit_at(qfun, x, y), limit_at(rfun, x, y)

    def range_of_y(x, *more):
        return limit_at(gfun, x), limit_at(hfun, x)

    ranges = (range_of_z, range_of_y, (a, b))
    return known(found[0], nested, func, ranges, (epsabs, epsrel), args), *found[1:]
