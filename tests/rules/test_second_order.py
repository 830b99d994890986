"""All rules at second order, computed from the table: each mode over each mode."""

import collections
import os

import numpy as np
import pytest

import adjoint as ad
from adjoint.rules import registry
from adjoint.testing import WAYS, case, check_second_order, normal
from adjoint.testing.cases import name_of
from adjoint.testing.rules import RuleError
from tests.rules.test_completeness import all_cases

NOT_REVERSE_OVER_FORWARD = (*WAYS[:2], *WAYS[3:])
NOT_FORWARD_OVER_REVERSE = (*WAYS[:1], *WAYS[2:])

# Functions that are a pullback already, of a function that they are given, or call one in a loop: their second
# derivative is the third of what a program calls (`brentq`, `np.roots` …), which has all ways of the second.
PULLBACKS = "the third derivative of a function that only running tells"
# Their forward derivative is the transpose of a pullback that takes parts of the cotangent, of sizes that only
# running tells, and so writes into buffers. `hessian` and `hvp` are forward over reverse.
TRANSPOSED = "a forward derivative that adds up in buffers"
# A parameter has no derivative, and in reverse over forward only running tells that it carries none.
UNDERIVED = "an operand of which no derivative is known"
QUADRATURE = "adjoint.rules.scipy.integrate_quadrature."
BESSEL = "scipy.special._spherical_bessel.spherical_"
#: The ways that are checked; of the others the first is refused.
REFUSED = {
    "adjoint.rules.implicit.scalar_root_cotangents": (WAYS[:1], PULLBACKS),
    "adjoint.rules.implicit.root_cotangents": (WAYS[:1], PULLBACKS),
    "adjoint.rules.implicit.implicit_cotangents": (WAYS[:1], PULLBACKS),
    "adjoint.rules.polynomials.roots_bar": (WAYS[:2], PULLBACKS),
    "adjoint.rules.scipy.optimize_minima.slope_of": (WAYS[:1], PULLBACKS),
    "adjoint.rules.scipy.optimize_minima.gradient_of": (WAYS[:1], PULLBACKS),
    "adjoint.rules.scipy.optimize_minima.curvature": ((), PULLBACKS),
    "adjoint.rules.scipy.optimize_fits.least_slope": (WAYS[:1], PULLBACKS),
    "adjoint.rules.scipy.optimize_fits.cost_slope": (WAYS[:1], PULLBACKS),
    "adjoint.rules.scipy.optimize_fits.cost_curvature": ((), PULLBACKS),
    QUADRATURE + "at_limit": (NOT_FORWARD_OVER_REVERSE, PULLBACKS),
    QUADRATURE + "at_limit_cotangents": (WAYS[:1], PULLBACKS),
    QUADRATURE + "integral_cotangents": (WAYS[::2], PULLBACKS),
    QUADRATURE + "integrated_cotangents": (WAYS[::2], PULLBACKS),
    "scipy.optimize._minpack_py.curve_fit": (
        (),
        "bounds, which are arguments between those that move",
    ),
    "scipy.special._basic.zeta": (NOT_REVERSE_OVER_FORWARD, UNDERIVED),
    **dict.fromkeys(
        (BESSEL + x for x in ("jn", "yn", "in", "kn")), (NOT_REVERSE_OVER_FORWARD, UNDERIVED)
    ),
    "adjoint.rules.scipy.stats_multivariate.dirichlet_logpdf": (WAYS[:2], TRANSPOSED),
    "scipy.signal._signaltools.lfilter": (WAYS[:2], TRANSPOSED),
    "adjoint.rules.scipy.signal.lfilter_cotangents": (WAYS[:2], TRANSPOSED),
    "scipy.linalg._decomp_svd.svd": (WAYS[:2], TRANSPOSED),
    "scipy.linalg._decomp_polar.polar": (WAYS[:2], TRANSPOSED),
}
#: Single cases, and why they are not checked.
EXCEPT = {
    "scipy.signal._signaltools.sosfilt(": "whose coefficients have ones among them, which stay",
    "scipy.signal._signaltools.sosfiltfilt": "whose coefficients have no derivative",
    "scipy.signal._signaltools.filtfilt": "whose coefficients have no derivative",
    "np.linalg.det(float64[2, 2])": "of a singular matrix, whose second derivative is an inverse",
    "np.eval_laguerre(int64[4, 1]": "of integer orders in an array, whose forward derivative is not reversed",
    "scipy.special._lambertw.lambertw(uniform(-0.3": "of another branch k, which has no derivative",
    "scipy.special._lambertw.lambertw(uniform(0.3..1.5, 3, complex128), k": "likewise",
    "adjoint.rules.reductions.product_of_others(float64[2, 3, 4], axis=-1": "with zeros: a third of np.prod",
}
LOOSE = 1e-5
#: Those of which the compiler finds out after a minute only.
LATE = {
    "adjoint.rules.scipy.optimize_minima.curvature",
    "adjoint.rules.scipy.optimize_fits.cost_curvature",
}
TABLE = all_cases()
#: Ten seconds a way, only if all are: its rule is that of dblquad.
SLOW = {"scipy.integrate._quadpack_py.tplquad"}
#: With this set, every first case in each way and every other case in one: six minutes.
ALL = bool(os.environ.get("ADJOINT_SECOND_ORDER"))
EVERY = 1 if ALL else 16


def cases_and_ways():
    """Of each function its first case, and one in `EVERY` of all others.

    The first in two ways, which together have each mode inside and outside: which two changes from function
    to function; the others in one, in turn. Not those whose result has many fields, of which some are
    read: solvers, in tests/rules/scipy.
    """
    seen = collections.Counter()
    for place, each in enumerate(TABLE):
        declared = registry.lookup(each.function)
        if str(each).startswith(tuple(EXCEPT)):
            continue
        if declared.kind == "constant" or not each.second or each.read:
            continue
        count, _ = seen[each.function], seen.update([each.function])
        name = name_of(each.function)
        if ALL:
            ways = WAYS if count == 0 else (WAYS[count % 4],)
        elif name in SLOW or count and place % EVERY:
            ways = ()
        else:
            ways = (WAYS[count % 4],) if count else (WAYS[::3], WAYS[1:3])[len(seen) % 2]
        allowed = REFUSED.get(name, (WAYS, ""))[0]
        if declared.kind == "rule" and declared.underived:  # see UNDERIVED
            allowed = tuple([way for way in allowed if way in NOT_REVERSE_OVER_FORWARD])
        if each.function is np.einsum and not isinstance(each.args[0], str):
            allowed = WAYS[:2]  # with lists for letters the forward derivative is not reversed
        ways = tuple([way for way in ways if way in allowed])
        if ways:
            yield each.but(tolerance=max(each.tolerance, LOOSE)), ways


@pytest.mark.parametrize(
    ("case", "ways"), [pytest.param(*pair, id=str(pair[0])) for pair in cases_and_ways()]
)
def test_second_order(case, ways):
    check_second_order(case, ways)


@pytest.mark.parametrize("name", sorted(REFUSED.keys() - LATE))
def test_what_is_refused_is_refused(name):
    """Were it not, it would belong to those that are checked."""
    first = next(c for c in TABLE if name_of(c.function) == name)
    allowed, _ = REFUSED[name]
    with pytest.raises(ad.AdjointError):
        check_second_order(first, tuple([way for way in WAYS if way not in allowed])[:1])


# -- the checker finds what is wrong -------------------------------------------------------------------------


def cubed(x):
    return x**3


def wrong_slope(x_bar, x):
    return 3 * x**2 * x_bar


@ad.rule(wrong_slope, linear="x_bar", like=1)
def _(x_bar, x):
    """Its own derivative with respect to x is wrong by a factor."""

    def pullback(y_bar):
        return 3 * x**2 * y_bar, 5 * x * x_bar * y_bar

    return wrong_slope(x_bar, x), pullback


@ad.rule(cubed, like=0)
def _(x):
    def pullback(y_bar):
        return wrong_slope(y_bar, x)

    return x**3, pullback


@pytest.mark.parametrize("way", WAYS[:2])
def test_a_planted_wrong_rule_is_found(way):
    with pytest.raises(RuleError, match=f"second order, {way}"):
        check_second_order(case(cubed, normal(3)), (way,))
