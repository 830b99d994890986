"""Forward mode as users call it: jvp, pushforward, Jacobians and Hessians."""

import math
from types import SimpleNamespace

import numpy as np
import pytest

import adjoint as ad
from adjoint.testing import check_gradient

rng = np.random.default_rng(0)
x3, v3 = rng.normal(size=3), rng.normal(size=3)
A33 = rng.normal(size=(3, 3))


def cubes(x):
    return np.sum(np.sin(x) * x**3)


def slope_of(f, x, v, h=1e-5):
    return (f(x + h * v) - f(x - h * v)) / (2 * h)


# -- values and tangents of every form ---------------------------------------------------------------


def test_value_and_slope():
    y, y_dot = ad.jvp(cubes, (x3,), (v3,))
    assert y == cubes(x3)
    np.testing.assert_allclose(y_dot, ad.gradient(cubes, x3)[0] @ v3, rtol=1e-13)


def test_none_is_zero_and_several_arguments():
    def f(x, y):
        return x * y, x + 1

    assert ad.jvp(f, (2.0, 3.0), (1.0, None)) == ((6.0, 3.0), (3.0, 1.0))
    assert ad.jvp(f, (2.0, 3.0), (None, 1.0)) == ((6.0, 3.0), (2.0, 0.0))
    assert ad.jvp(f, (2.0, 3.0), (None, None))[1] == (0.0, 0.0)


def test_integers_are_reals():
    y, y_dot = ad.jvp(lambda n: n * n, (3,), (1.0,))
    assert (y, y_dot) == (9, 6.0)
    assert ad.jvp(np.sum, (np.arange(3),), (np.ones(3),)) == (3, 3.0)


def test_containers_and_objects():
    def loss(model, data):
        return {"loss": model.W @ data["x"] + model.b, "name": model.name}

    model = SimpleNamespace(W=np.ones(3), b=2.0, name="model", n=3)
    data = {"x": x3}
    dot = ad.Tangent(W=v3, b=1.0)
    y, y_dot = ad.jvp(loss, (model, data), (dot, None))
    np.testing.assert_allclose(y_dot["loss"], v3 @ x3 + 1.0)
    assert y_dot["name"] is None and y["name"] == "model"
    alike = SimpleNamespace(W=v3, b=1.0, name="model", n=0)
    np.testing.assert_allclose(ad.jvp(loss, (model, data), (alike, None))[1]["loss"], y_dot["loss"])


def test_dtypes_stay():
    x = x3.astype(np.float32)
    assert ad.jvp(cubes, (x,), (x,))[1].dtype == np.float32


def test_what_is_given_stays_as_it_is():
    def f(x):
        x[0] = x[1] * x[2]
        return np.sum(x * x)

    x, v = x3.copy(), v3.copy()
    _, y_dot = ad.jvp(f, (x,), (v,))
    np.testing.assert_array_equal(v, v3)
    np.testing.assert_allclose(y_dot, slope_of(lambda x: f(x.copy()), x3, v3), rtol=1e-6)
    y, y_dot = ad.jvp(lambda x: x, (x3,), (v3,))
    assert y is x3 and y_dot is not v3


@pytest.mark.parametrize(
    ("primals", "tangents", "error"),
    [
        ((1.0,), (1.0, 2.0), ValueError),
        ((x3,), (np.ones(2),), ValueError),
        ((x3,), ("text",), TypeError),
        ((x3,), (1j * v3,), TypeError),
    ],
)
def test_tangents_that_do_not_fit(primals, tangents, error):
    with pytest.raises(error):
        ad.jvp(np.sum, primals, tangents)


# -- edges ---------------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:divide by zero")
def test_a_tangent_that_is_zero_stays_zero_through_a_singular_slope():
    x = np.array([0.0, 4.0])
    np.testing.assert_array_equal(ad.jvp(np.sqrt, (x,), (np.array([0.0, 1.0]),))[1], [0.0, 0.25])
    np.testing.assert_array_equal(ad.jacfwd(lambda x: np.sum(np.sqrt(x)))(x), [np.inf, 0.25])
    masked = ad.jvp(lambda x: np.where(x > 0, np.sqrt(x), 0.0), (x,), (np.ones(2),))[1]
    np.testing.assert_array_equal(masked, [0.0, 0.25])
    assert ad.jvp(lambda x: math.log(x) + x if x > 0 else x, (0.0,), (2.0,))[1] == 2.0


def test_constants_have_no_tangent():
    assert ad.jvp(lambda x: ad.stop_gradient(x) * x, (3.0,), (1.0,))[1] == 3.0
    assert ad.jvp(lambda x: np.floor(x), (2.5,), (1.0,))[1] == 0.0
    assert ad.jvp(lambda x: "text", (2.5,), (1.0,)) == ("text", None)


def test_numbers_read_back_from_text_are_refused():
    with pytest.raises(ad.UnsupportedSyntaxError, match="text"):
        ad.jvp(lambda x: float(f"{x:.2f}") * x, (3.0,), (1.0,))
    assert ad.jvp(lambda x: x * x if f"{x}" else 0.0, (3.0,), (1.0,))[1] == 6.0


def test_arguments_that_share_written_memory_are_refused():
    def f(x, y):
        x[0] = 2.0 * y[1]
        return np.sum(x * y)

    x = x3.copy()
    with pytest.raises(ad.UnsupportedSyntaxError, match="share memory"):
        ad.jvp(f, (x, x), (v3, v3))


def test_a_function_without_rule_or_source():
    with pytest.raises(ad.MissingRuleError):
        ad.jvp(lambda x: np.busday_count(x, x), (x3,), (v3,))


def fibonacci_like(x, n):
    return x if n < 2 else fibonacci_like(np.sin(x), n - 1) + fibonacci_like(x * x, n - 2)


def test_recursion():
    _, y_dot = ad.jvp(lambda x: fibonacci_like(x, 6), (0.7,), (1.0,))
    np.testing.assert_allclose(y_dot, slope_of(lambda x: fibonacci_like(x, 6), 0.7, 1.0), rtol=1e-7)


# -- complex -------------------------------------------------------------------------------------------


def test_complex_values():
    z, w = 1.0 + 2.0j, 0.5 - 1.0j
    assert ad.jvp(np.exp, (z,), (w,))[1] == pytest.approx(np.exp(z) * w)
    y, y_dot = ad.jvp(lambda t: np.abs(np.exp(1j * t) + t), (0.3,), (1.0,))
    np.testing.assert_allclose(
        y_dot, slope_of(lambda t: abs(np.exp(1j * t) + t), 0.3, 1.0), rtol=1e-8
    )
    np.testing.assert_allclose(ad.jacfwd(np.sin)(z), np.cos(z))
    np.testing.assert_allclose(ad.jacobian(lambda z: z**3, z)[0], 3 * z**2)
    with pytest.raises(ValueError, match="holomorphic"):
        ad.jacfwd(np.conj)(z)
    with pytest.raises(TypeError, match="jacfwd"):
        ad.jacrev(np.sin)(z)


# -- Jacobians and Hessians --------------------------------------------------------------------------------


def outer(x, y):
    return np.outer(np.sin(x), y)


def test_jacobians_agree():
    y2 = x3[:2]
    by_rows = ad.jacrev(outer, (0, 1))(x3, y2)
    by_columns = ad.jacfwd(outer, (0, 1))(x3, y2)
    both = ad.jacobian(outer, x3, y2)
    for rows, columns, chosen in zip(by_rows, by_columns, both, strict=True):
        assert rows.shape == columns.shape == chosen.shape
        np.testing.assert_allclose(rows, columns, rtol=1e-13)
        np.testing.assert_allclose(rows, chosen, rtol=1e-13)
    assert both[0].shape == (3, 2, 3) and both[1].shape == (3, 2, 2)
    np.testing.assert_allclose(ad.jacobian(cubes, x3)[0], ad.gradient(cubes, x3)[0])
    assert ad.jacfwd(outer, -1)(x3, y2).shape == (3, 2, 2)
    assert ad.jacfwd(lambda x: x**2)(3.0) == 6.0 == ad.jacrev(lambda x: x**2)(3.0)


def test_what_has_no_jacobian():
    with pytest.raises(TypeError, match="Jacobian"):
        ad.jacobian(lambda x: x, [1.0])
    with pytest.raises(TypeError, match="Jacobian"):
        ad.jacfwd(lambda x: (x, x))(1.0)
    with pytest.raises(IndexError):
        ad.jacfwd(cubes, 1)(x3)


def quadratic(x):
    return np.sum((A33 @ x) ** 2) + np.sum(x**4)


class Growing:
    """Begins each call where the last one ended, or where it began."""

    def __init__(self, resets):
        self.resets, self.count = resets, 1.0

    def __call__(self, x):
        self.count = 1.0 if self.resets else self.count + 1
        return self.count * x**3

    def total(self, x):
        return np.sum(self(x))


@pytest.mark.parametrize(
    "derivative",
    [
        lambda f: ad.jacfwd(f)(x3),
        lambda f: ad.jacobian(lambda x: np.concatenate([f(x), x]), x3),
        lambda f: ad.hessian(f.total, x3),
        lambda f: ad.diaghessian(f.total, x3),
    ],
)
def test_columns_of_a_function_that_changes_between_calls_are_refused(derivative):
    """Each column was taken of another function, in silence."""
    with pytest.raises(ValueError, match="gave another value when it was called again"):
        derivative(Growing(False))
    derivative(Growing(True))


def test_hessians():
    expected = 2 * A33.T @ A33 + np.diag(12 * x3**2)
    np.testing.assert_allclose(ad.hessian(quadratic, x3), expected, rtol=1e-12)
    np.testing.assert_allclose(ad.hvp(quadratic, x3, v3), expected @ v3, rtol=1e-12)
    np.testing.assert_allclose(ad.diaghessian(quadratic, x3), np.diag(expected), rtol=1e-12)
    assert ad.hessian(lambda x: x**3, 2.0) == ad.diaghessian(lambda x: x**3, 2.0) == 12.0


def test_pushforward():
    push = ad.pushforward(outer, x3, x3)
    np.testing.assert_allclose(push(v3, None) + push(None, v3), push(v3, v3), rtol=1e-13)


# -- nesting ---------------------------------------------------------------------------------------------


def slope(x, v):
    return ad.jvp(cubes, (x,), (v,))[1]


def test_every_order_of_modes_agrees():
    H = ad.hessian(cubes, x3)
    np.testing.assert_allclose(ad.gradient(slope, x3, v3)[0], H @ v3, rtol=1e-11)
    np.testing.assert_allclose(ad.gradient(slope, x3, v3)[1], ad.gradient(cubes, x3)[0], rtol=1e-11)
    twice = ad.jvp(lambda x: slope(x, v3), (x3,), (v3,))[1]
    np.testing.assert_allclose(twice, v3 @ H @ v3, rtol=1e-11)
    back = ad.jvp(lambda x: ad.pullback(cubes, x)[1](1.0)[0], (x3,), (v3,))[1]
    np.testing.assert_allclose(back, H @ v3, rtol=1e-11)


def test_third_derivatives():
    def f(x):
        return x**5

    assert ad.gradient(lambda x: ad.hvp(f, x, 1.0), 2.0)[0] == pytest.approx(240.0)
    assert ad.hvp(lambda x: ad.jvp(f, (x,), (1.0,))[1], 2.0, 1.0) == pytest.approx(240.0)


# -- rules of users -------------------------------------------------------------------------------------------


def cube(x):
    return x**3


def twice(x):
    return 2 * x


def square(x):
    return x * x


@ad.rule(cube)
def _(x):
    y = cube(x)

    def pullback(y_bar):
        return 30 * y_bar * x**2  # of its own, to be told apart

    return y, pullback


@ad.jvp_rule(twice)
def _(primals, tangents):
    return twice(*primals), 20 * tangents[0]


@ad.partials(square)
def _(x, y):
    return 200 * x


def test_declarations_of_users():
    assert ad.jvp(lambda x: cube(x) + 1, (2.0,), (1.0,))[1] == 120.0
    assert ad.jvp(lambda x: twice(x) + 1, (2.0,), (1.0,))[1] == 20.0
    assert ad.jvp(lambda x: square(x) + 1, (2.0,), (1.0,))[1] == 400.0
    assert ad.jvp(twice, (2.0,), (1.0,))[1] == 20.0
    assert ad.gradient(lambda x: twice(x) * x, 3.0) == (12.0,)


# -- inspection --------------------------------------------------------------------------------------------------


@ad.differentiable
def decorated(x, w):
    return np.sum(np.tanh(w * x))


def test_decorated():
    assert decorated.jvp((x3, 2.0), (v3, None)) == ad.jvp(decorated.function, (x3, 2.0), (v3, None))


def test_source():
    text = str(ad.source(decorated, x3, 2.0, mode="jvp"))
    assert text.startswith("def decorated_jvp(x, w, x_dot, w_dot):") and "return y, y_dot" in text
    run = ad.source(decorated, x3, 2.0, mode="jvp").function
    assert run is not None and run(x3, 2.0, v3, 0.0) == ad.jvp(decorated, (x3, 2.0), (v3, 0.0))


def test_an_error_of_the_function_names_its_line():
    def fails(x):
        return np.linalg.inv(x) @ x

    with pytest.raises(np.linalg.LinAlgError) as caught:
        ad.jvp(fails, (np.zeros((2, 2)),), (np.ones((2, 2)),))
    assert any("np.linalg.inv(x) @ x" in note for note in caught.value.__notes__)


def test_check_gradient_in_both_modes():
    check_gradient(cubes, x3, modes=("reverse", "forward"), order=2)


# -- what forward mode passes by, and what it refuses -----------------------------------------------


def test_a_hook_is_the_identity():
    y, y_dot = ad.jvp(lambda x: 3.0 * ad.hook(lambda bar: 0.0 * bar, x * x), (2.0,), (1.0,))
    assert (y, y_dot) == (12.0, 12.0)


def test_a_checkpointed_function_is_the_function():
    def segment(x, W):
        return np.tanh(x @ W)

    def loss(apply, x, W):
        return np.sum(apply(apply(x, W), W) ** 2)

    rng = np.random.default_rng(0)
    primals = rng.normal(size=3), rng.normal(size=(3, 3))
    dots = rng.normal(size=3), rng.normal(size=(3, 3))
    plain = ad.jvp(lambda x, W: loss(segment, x, W), primals, dots)
    again = ad.jvp(lambda x, W: loss(ad.checkpoint(segment), x, W), primals, dots)
    assert plain == again


def roots(x):
    y = 2 * x
    return np.sum(np.sqrt(y))


def logarithms(x):
    total = 0.0
    for v in x:
        total += np.log(v)
    return total


def written_roots(x):
    y = np.zeros(2)
    y[0] = np.sqrt(x[1])
    return y.sum()


def infinite_from_a_loop(x):
    best = np.inf
    for v in x:
        best = best if v > 9 else np.inf
    return best


NOT_FINITE = [
    (roots, "the tangent of np.sqrt(y) became infinite", "np.sqrt(y)"),
    (logarithms, "the value of np.log(v) became infinite", "np.log(v)"),
    (written_roots, "the tangent of np.sqrt(x[1]) became infinite", "np.sqrt(x[1])"),
    (infinite_from_a_loop, "infinite_from_a_loop, which is returned, is infinite", "def "),
]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize(
    ("f", "said", "text"), NOT_FINITE, ids=lambda p: getattr(p, "__name__", "")
)
def test_nan_check_names_the_line(f, said, text):
    with ad.nan_check(), pytest.raises(ad.NonFiniteError) as caught:
        ad.jvp(f, (np.array([1.0, 0.0]),), (np.ones(2),))
    assert said in str(caught.value)
    assert f"in {f.__name__}" in str(caught.value)
    assert text in str(caught.value)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("f", [roots, logarithms, written_roots])
def test_nan_check_of_a_slope_inside_another_derivative(f):
    def slope(x):
        return ad.jvp(f, (x,), (np.ones(2),))[1]

    for derivative in (ad.gradient, lambda g, x: ad.jvp(g, (x,), (x,))):
        with ad.nan_check(), pytest.raises(ad.NonFiniteError, match=f"in {f.__name__}"):
            derivative(slope, np.array([1.0, 0.0]))


def test_nan_check_lets_finite_derivatives_pass():
    x = np.array([1.0, 2.0])
    with ad.nan_check():
        assert ad.jvp(written_roots, (x,), (x,)) == ad.jvp(written_roots, (x,), (x,))
        with pytest.raises(ad.NonFiniteError, match=r"the input tangents\[0\] is NaN already"):
            ad.jvp(logarithms, (x,), (np.array([np.nan, 1.0]),))


class Counter:
    def __init__(self, total):
        self.total = total

    def add(self, x):
        self.total = self.total + x


def object_that_changes(x):
    counter = Counter(0.0)
    counter.add(x)
    counter.add(x * x)
    return counter.total


def list_that_grows(x):
    items = []
    for i in range(3):
        items.append(x * i)
    return sum(items)


def variable_of_the_outer_function(x):
    total = 0.0

    def add(v):
        nonlocal total
        total = total + v

    add(x)
    add(x * x)
    return total


def squares(x, n):
    for i in range(n):
        yield x * x * i


def generator(x):
    return sum([item for item in squares(x, 3)])


def read_from_an_exception(x):
    try:
        raise ValueError(x * x)
    except ValueError as error:
        return error.args[0]


def kept_from_an_exception(x):
    found = None
    try:
        raise ValueError(x * x)
    except ValueError as error:
        found = error
    return found.args[0]


def kept_in_a_loop(x):
    found = None
    for _ in range(2):
        try:
            raise ValueError(x * x)
        except ValueError as error:
            found = error
    return found.args[0]  # pyright: ignore[reportOptionalMemberAccess]


class Failure(Exception):
    def __init__(self, value):
        super().__init__("failed")
        self.value = value


def attribute_of_an_exception(x):
    try:
        raise Failure(x * x)
    except Failure as error:
        return error.value


@pytest.mark.parametrize(
    "function", [object_that_changes, list_that_grows, variable_of_the_outer_function, generator]
)
def test_state_and_generators(function):
    y, slope = ad.jvp(function, (3.0,), (1.0,))
    assert y == function(3.0)
    assert slope == ad.gradient(function, 3.0)[0]


def counted(x):
    counter = Counter(x[0])
    for v in x:
        counter.add(v * counter.total)
    return counter.total


def test_hessian_through_state():
    x = np.array([0.3, 1.2, 0.7])
    plain = ad.hessian(lambda x: x[0] * (1 + x[0]) * (1 + x[1]) * (1 + x[2]), x)
    assert np.allclose(ad.hessian(counted, x), plain, rtol=1e-14)
    assert np.allclose(ad.hvp(counted, x, np.ones(3)), plain.sum(1), rtol=1e-14)


def test_the_gradient_of_a_slope_through_state_is_refused():
    def slope(x):
        return ad.jvp(counted, (x,), (x,))[1]

    with pytest.raises(ad.UnsupportedSyntaxError, match="gradient of a gradient through an object"):
        ad.gradient(slope, np.array([0.3, 1.2, 0.7]))


REFUSED = [
    read_from_an_exception, kept_from_an_exception, kept_in_a_loop, attribute_of_an_exception,
]  # fmt: skip


@pytest.mark.parametrize("function", REFUSED, ids=lambda f: f.__name__)
def test_what_is_not_known_yet_is_refused(function):
    with pytest.raises(ad.AdjointError) as caught:
        ad.jvp(function, (3.0,), (1.0,))
    assert "gradient" in str(caught.value) or "Return the value" in str(caught.value)
    assert "test_forward.py" in str(caught.value)


def test_a_constant_cotangent_of_an_inner_pullback():
    """Its tangent is None, and known only when the program runs; it is added to slices all the same."""
    x, v, seed = np.arange(6.0).reshape(2, 3), np.ones((2, 3)), np.array([[1.0, 2.0], [3.0, 4.0]])

    def sums(x):
        return x[:, 1:] + x[:, :-1]

    def slope(x):
        return np.sum(ad.pullback(sums, x)[1](seed)[0] * x * x)

    def of_a_number(x):
        total = np.sum(x * x)
        return np.sum(ad.pullback(lambda a: a.copy() * 2, total)[1](np.float64(3.0))[0] * x)

    for f in (slope, of_a_number):
        np.testing.assert_allclose(ad.jvp(f, (x,), (v,))[1], np.sum(ad.gradient(f, x)[0] * v))


def left_by_the_shorter(xs, ys):
    items, total = iter(xs), 0.0
    for x, y in zip(items, ys[:2]):
        total = total + x * y
    return total * total + sum(v * v for v in items)


def left_within_pairs(xs, ys):
    items, total = map(lambda v: v * v, xs), 0.0
    for i, ((x, y), z) in enumerate(zip(zip(items, ys), ys[:2])):
        total = total + x * y * z * i
    return total * total + sum(v * v for v in items)


@pytest.mark.parametrize("f", [left_by_the_shorter, left_within_pairs])
def test_an_iterator_that_zip_took_an_item_too_many_of(f):
    x, y = np.array([0.3, 0.7, -0.4, 0.9]), np.array([0.5, -1.2, 0.8, 0.2])
    ad.check_gradient(f, x, y, modes=("reverse", "forward"))
    with pytest.raises(ad.UnsupportedSyntaxError, match="that others may go on with"):
        ad.gradient(lambda x: ad.jvp(f, (x, y), (x, y))[1], x)


def test_words_of_a_text_that_is_joined_from_keys():
    def f(x):
        table = {"a": x, "bc": x * x}
        return sum(table[word] * len(word) for word in ",".join(table).split(","))

    assert ad.jvp(f, (3.0,), (1.0,)) == (21.0, 13.0)
    assert ad.gradient(f, 3.0) == (13.0,)
