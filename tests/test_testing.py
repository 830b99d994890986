"""The testers are tested: every planted mistake is caught, and what is right passes."""

import math
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pytest

import adjoint
from adjoint.errors import GradientMismatch
from adjoint.rules import registry
from adjoint.rules.registry import jvp_rule, nondifferentiable, partials, rule, source_of
from adjoint.testing import RuleError, case, check_gradient, check_rule, expand, normal, uniform
from adjoint.testing.leaves import cotangents, leaves, with_leaves
from adjoint.tree import Tangent


@pytest.fixture(autouse=True)
def own_table(monkeypatch):
    """What is declared in a test is forgotten after it."""
    monkeypatch.setattr(registry, "_TABLE", dict(registry._TABLE))
    monkeypatch.setattr(registry, "_JVPS", dict(registry._JVPS))


def cube(x):
    return x * x * x


def scale(x, a):
    return a * x


def rows(x, a):
    """x: (n,), a: (n, m)."""
    return x[:, None] * a


def planted(function, pullback_of, value=None, **options):
    @rule(function, **options)
    def text(*args):
        y = (value or function)(*args)
        return y, pullback_of(*args)


def caught(tested, match):
    with pytest.raises(RuleError, match=match):
        check_rule(tested)


# -- rules that are right --------------------------------------------------------------------------


def test_a_right_rule_passes():
    planted(cube, lambda x: lambda y_bar: 3 * x * x * y_bar)
    for tested in (normal(), normal(2, 3), normal(2, dtype=complex), normal(3).zero_dimensional()):
        if not (isinstance(tested.dtype, type) and tested.dtype is complex):
            check_rule(case(cube, tested))


def test_a_right_holomorphic_rule_passes_and_a_forgotten_conjugate_does_not():
    planted(cube, lambda x: lambda y_bar: np.conj(3 * x * x) * y_bar)
    check_rule(case(cube, normal(3, dtype=complex)))
    planted(cube, lambda x: lambda y_bar: 3 * x * x * y_bar)
    caught(case(cube, normal(3, dtype=complex)), "finite")


def test_right_partials_pass_and_broadcast():
    @partials(scale)
    def _(x, a, y):
        return a, x

    for x, a in [(normal(2, 3), normal(3)), (normal(), normal(2, 1)), (normal(1), normal(4))]:
        check_rule(case(scale, x, a))


# -- rules that are wrong --------------------------------------------------------------------------


def test_wrong_sign():
    planted(cube, lambda x: lambda y_bar: -3 * x * x * y_bar)
    caught(case(cube, normal(3)), "finite")


def test_wrong_factor():
    planted(cube, lambda x: lambda y_bar: 3.001 * x * x * y_bar)
    caught(case(cube, normal(3)), "finite")


def test_wrong_partial():
    @partials(scale)
    def _(x, a, y):
        return x, a

    caught(case(scale, normal(3), normal(3)), "finite")


def test_forgotten_argument():
    planted(scale, lambda x, a: lambda y_bar: a * y_bar)
    caught(case(scale, normal(3), normal(3)), r"operand \[1\]")


def test_missing_sum_over_a_broadcast_axis():
    planted(rows, lambda x, a: lambda y_bar: (a * y_bar, x[:, None] * y_bar))
    caught(case(rows, normal(3), normal(3, 4)), "does not fit|shape")
    caught(case(rows, normal(3), normal(3, 3)), "finite")


def test_wrong_dtype():
    planted(cube, lambda x: lambda y_bar: (3 * x * x * y_bar).astype(np.float64))
    caught(case(cube, normal(3)), "float64")


def test_rounding_to_integers():
    planted(cube, lambda x: lambda y_bar: (3 * x * x * y_bar).astype(int))
    caught(case(cube, normal(3)), "finite")


def test_wrong_value():
    planted(cube, lambda x: lambda y_bar: 3 * x * x * y_bar, value=lambda x: x**3 * (1 + 1e-15))
    caught(case(cube, normal(5)), "value")


def test_value_of_another_class():
    planted(cube, lambda x: lambda y_bar: 3 * x * x * y_bar, value=lambda x: np.asarray(x * x * x))
    caught(case(cube, normal()), "value")


def test_rule_that_changes_its_input():
    def pullback_of(x):
        x *= 1.0 + 1e-9
        return lambda y_bar: 3 * x * x * y_bar

    planted(cube, pullback_of)
    caught(case(cube, normal(3)), "changes its operands")


def test_pullback_that_changes_an_operand():
    def pullback_of(x):
        def pullback(y_bar):
            x_bar = 3 * x * x * y_bar
            x.fill(0.0)
            return x_bar

        return pullback

    planted(cube, pullback_of)
    caught(case(cube, normal(3)), "changes the operands")


def test_pullback_that_changes_y_bar():
    def pullback_of(x):
        slope = 3 * x * x

        def pullback(y_bar):
            y_bar *= slope
            return y_bar

        return pullback

    planted(cube, pullback_of)
    caught(case(cube, normal(3)), "changes y_bar")


def test_pullback_that_cannot_be_called_twice():
    def pullback_of(x):
        slopes = [3 * x * x]
        return lambda y_bar: (slopes.pop() if slopes else 0.0) * y_bar

    planted(cube, pullback_of)
    caught(case(cube, normal(3)), "again")


def test_too_many_cotangents():
    @rule(cube)
    def _(x):
        return x * x * x, lambda y_bar: (3 * x * x * y_bar, y_bar)

    caught(case(cube, normal(3)), "2 cotangents")


def test_too_few_partials():
    @partials(scale)
    def _(x, a, y):
        return a

    caught(case(scale, normal(3), normal(3)), "1 partial")


def test_linear_that_is_not():
    @rule(cube, linear="x")
    def _(x):
        return x * x * x, lambda y_bar: 3 * x * x * y_bar

    caught(case(cube, normal(3)), "linear in x")


def test_affine_is_not_linear():
    def shift(x):
        return x + 1.0

    @rule(shift, linear="x")
    def _(x):
        return x + 1.0, lambda y_bar: y_bar

    caught(case(shift, normal(3)), "linear in x")


def test_linear_that_is():
    @rule(scale, linear=("x", "a"))
    def _(x, a):
        return a * x, lambda y_bar: (y_bar * a, y_bar * x)

    check_rule(case(scale, normal(3), normal(3)))


def test_wrong_forward_rule():
    planted(cube, lambda x: lambda y_bar: 3 * x * x * y_bar)

    @jvp_rule(cube)
    def _(primals, tangents):
        return primals[0] * primals[0] * primals[0], 2 * tangents[0]

    caught(case(cube, normal(3)), "forward")


def test_constant_that_is_not():
    nondifferentiable(cube)
    caught(case(cube, normal(3)), "constant")


def test_definition_with_another_value():
    @source_of(cube)
    def _(x):
        return x**3 + 1e-15

    caught(case(cube, normal(3)), "definition")


def test_no_rule():
    caught(case(cube, normal(3)), "no rule")


def test_wrong_cotangent_of_a_list():
    def pick(xs):
        return xs[0] * xs[1]

    planted(pick, lambda xs: lambda y_bar: ([y_bar * xs[0], y_bar * xs[1]],))
    caught(case(pick, [normal(2), normal(2)]), "finite")
    planted(pick, lambda xs: lambda y_bar: ([y_bar * xs[1], y_bar * xs[0]],))
    check_rule(case(pick, [normal(2), normal(2)]))


def test_wrong_cotangent_of_a_keyword():
    def scaled(x, *, by):
        return x * by

    @rule(scaled)
    def _(x, by):
        return x * by, lambda y_bar: (y_bar * by, y_bar)

    caught(case(scaled, normal(2), by=normal(2)), r"operand \[1\]")


# -- cases -----------------------------------------------------------------------------------------


def test_expand_makes_the_product():
    cases = expand([case([np.sum, np.prod], normal(2), axis=[None, 0], keepdims=[False, True])])
    assert len(cases) == 8
    assert len(set(map(str, cases))) == 8


def test_draws_are_the_same_each_time_and_differ_from_each_other():
    tested = case(np.add, normal(3), normal(3))
    (a, b), _ = tested.operands()
    np.testing.assert_array_equal(a, tested.operands()[0][0])
    assert np.all(a != b)


def test_forms_of_draws():
    forms = (normal(), normal().numpy_scalar(), normal().zero_dimensional(), normal(dtype=complex))
    args, _ = case(print, *forms, uniform(2.0, 3.0, shape=(1000,))).operands()
    assert [type(x) for x in args[:4]] == [float, np.float64, np.ndarray, complex]
    assert args[2].shape == ()
    assert 2 <= args[4].min() < args[4].max() <= 3


def test_single_precision_draws():
    args, kwargs = case(print, normal(2), normal(), a=normal(2, dtype=complex)).operands(np.float32)
    assert args[0].dtype == np.float32 and type(args[1]) is float
    assert kwargs["a"].dtype == np.complex64


# -- leaves ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Layer:
    weight: object
    name: str = "layer"


def test_leaves_of_objects_and_their_cotangents():
    value = {"layers": [Layer(1.0), Layer((2.0, 3))], "text": "no", "flag": True}
    assert [path for path, _ in leaves(value)] == [
        "['layers'][0].weight",
        "['layers'][1].weight[0]",
        "['layers'][1].weight[1]",
    ]
    bar = {"layers": [None, Tangent(weight=(5.0, None))]}
    assert cotangents(value, bar) == [None, 5.0, None]
    other = with_leaves(value, [7.0, 8.0, 9])
    assert other["layers"][1] == Layer((8.0, 9)) and value["layers"][0] == Layer(1.0)


# -- check_gradient --------------------------------------------------------------------------------


def wrong_gradient(factor):
    """A gradient for sums of squares that is off by a factor in its last entry."""

    def gradient(f, *args, **kwargs):
        def double(x):
            if isinstance(x, dict):
                return {key: double(item) for key, item in x.items()}
            if isinstance(x, SimpleNamespace):
                return Tangent(**{key: double(item) for key, item in vars(x).items()})
            if isinstance(x, list | tuple):
                return type(x)(double(item) for item in x)
            if not isinstance(x, float | np.ndarray):
                return None
            x_bar = np.array(2 * np.asarray(x))
            x_bar[(-1,) * x_bar.ndim] *= factor
            return x_bar

        return tuple(double(x) for x in args)

    return gradient


def sum_of_squares(*args):
    return sum(
        float(np.sum(np.square(leaf))) for _, leaf in leaves(args) if not isinstance(leaf, int)
    )


NESTED = (
    {"w": [normal(2, 3).sample(np.random.default_rng(0)), 0.5]},
    (1.5, "text", 3),
    SimpleNamespace(bias=np.ones(3), name="b"),
)


def test_check_gradient_passes_what_is_right(monkeypatch):
    monkeypatch.setattr(adjoint, "gradient", wrong_gradient(1.0), raising=False)
    check_gradient(sum_of_squares, *NESTED)


@pytest.mark.parametrize(
    ("args", "entry"),
    [
        ((2.0,), r"args\[0\]"),
        ((np.ones((2, 3)),), r"args\[0\]\[1, 2\]"),
        (({"w": [np.ones(2)]},), r"args\[0\]\['w'\]\[0\]\[1\]"),
        ((1, SimpleNamespace(bias=np.ones(3))), r"args\[1\]\.bias\[2\]"),
    ],
)
def test_check_gradient_shows_the_worst_entry(monkeypatch, args, entry):
    monkeypatch.setattr(adjoint, "gradient", wrong_gradient(1.01), raising=False)
    with pytest.raises(GradientMismatch, match=entry):
        check_gradient(sum_of_squares, *args)


def test_check_gradient_catches_nan_and_none(monkeypatch):
    monkeypatch.setattr(adjoint, "gradient", lambda f, x: (np.full(2, math.nan),), raising=False)
    with pytest.raises(GradientMismatch, match="nan"):
        check_gradient(sum_of_squares, np.ones(2))
    monkeypatch.setattr(adjoint, "gradient", lambda f, x: (None,), raising=False)
    with pytest.raises(GradientMismatch, match="adjoint gives 0"):
        check_gradient(sum_of_squares, np.ones(2))


def test_check_gradient_catches_a_wrong_shape(monkeypatch):
    monkeypatch.setattr(adjoint, "gradient", lambda f, x: (np.ones(1),), raising=False)
    with pytest.raises(GradientMismatch, match="shape"):
        check_gradient(sum_of_squares, np.ones(2))


def test_check_gradient_of_complex_numbers(monkeypatch):
    def loss(z):
        return float(np.sum(np.abs(z) ** 2))

    monkeypatch.setattr(adjoint, "gradient", lambda f, z: (2 * z,), raising=False)
    check_gradient(loss, np.array([1 + 2j, 3j]))
    monkeypatch.setattr(adjoint, "gradient", lambda f, z: (2 * np.conj(z),), raising=False)
    with pytest.raises(GradientMismatch):
        check_gradient(loss, np.array([1 + 2j, 3j]))


def test_check_gradient_forward(monkeypatch):
    def right(f, primals, tangents):
        return f(*primals), 2 * np.sum(primals[0] * tangents[0])

    monkeypatch.setattr(adjoint, "jvp", right, raising=False)
    check_gradient(sum_of_squares, np.arange(3.0), modes=("forward",))
    monkeypatch.setattr(adjoint, "jvp", lambda f, p, t: (f(*p), 0.0), raising=False)
    with pytest.raises(GradientMismatch, match="jvp"):
        check_gradient(sum_of_squares, np.arange(3.0), modes=("forward",))


def test_check_gradient_second_order(monkeypatch):
    """By a `gradient` that takes differences: right, then wrong in second order only."""

    def by_differences(f, *args):
        bars = []
        for i, x in enumerate(args):
            bar = np.zeros(np.shape(x))
            for index in np.ndindex(bar.shape):
                step = np.zeros(bar.shape)
                step[index] = 1e-4
                ahead, back = list(args), list(args)
                ahead[i], back[i] = x + step, x - step
                bar[index] = (f(*ahead) - f(*back)) / 2e-4
            bars.append(bar)
        return tuple(bars)

    def loss(x):
        return np.sum(x**3)

    monkeypatch.setattr(adjoint, "gradient", by_differences, raising=False)
    check_gradient(loss, np.array([1.0, 2.0]), order=2, rtol=1e-4, atol=1e-4)

    def flat_above(f, x):
        return by_differences(f, x) if f is loss else (np.zeros(2),)

    monkeypatch.setattr(adjoint, "gradient", flat_above, raising=False)
    with pytest.raises(GradientMismatch):
        check_gradient(loss, np.array([1.0, 2.0]), order=2)


def test_unknown_mode_is_refused():
    with pytest.raises(ValueError, match="sideways"):
        check_gradient(sum_of_squares, 1.0, modes=("sideways",))
