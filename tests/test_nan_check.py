"""`nan_check`: which value or cotangent became NaN or infinite, in which line of the user's."""

import asyncio
import re
import threading

import numpy as np
import pytest

import adjoint as ad
from adjoint import cache
from tests.routes import ROUTES

# What NumPy warns of is what is looked for here.
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")

BEFORE = [name for name in ROUTES if name != "checked"]
X = np.array([1.0, 0.0, 4.0])


@pytest.fixture(params=BEFORE)
def route(request):
    """The other routes, each with checks."""
    with ROUTES[request.param](), ad.nan_check():
        yield request.param


def line_of(function, text):
    """The number of the line of a function in which a text stands."""
    import inspect

    lines, first = inspect.getsourcelines(function)
    return first + next(i for i, line in enumerate(lines) if text in line)


def failure(f, *args, **kwargs):
    with pytest.raises(ad.NonFiniteError) as caught:
        ad.gradient(f, *args, **kwargs)
    return caught.value


def assert_told(error, function, line, caret, *said):
    """The error names a line of the function, has its caret under a text, and says something."""
    message = str(error)
    assert f"line {line_of(function, line)}, in {function.__name__}" in message, message
    shown = message.splitlines()
    at = next(i for i, each in enumerate(shown) if re.fullmatch(r" +\^+", each))
    start, end = shown[at].index("^"), len(shown[at])
    assert shown[at - 1][start:end] == caret, message
    for each in said:
        assert each in message, message


# -- values ------------------------------------------------------------------------------------------


def of_a_root(x):
    shifted = x - 1.0
    y = np.sqrt(shifted)
    return np.sum(y)


def test_a_value_that_becomes_nan(route):
    error = failure(of_a_root, X)
    assert_told(
        error, of_a_root, "y = np.sqrt", "np.sqrt(shifted)",
        "the value of y became NaN: 1 of 3 entries (1 NaN), the first at [1]",
        "It was computed from shifted: of shape (3,), all finite, from -1 to 3",
    )  # fmt: skip
    assert isinstance(error, ad.AdjointError) and isinstance(error, ArithmeticError)


def of_a_quotient(x):
    return np.sum(1.0 / (x * x))


def test_a_value_that_becomes_infinite_and_has_no_name(route):
    assert_told(
        failure(of_a_quotient, X), of_a_quotient, "return", "1.0 / (x * x)",
        "the value of 1.0 / (x * x) became infinite: 1 of 3 entries (1 infinite), the first at [1]",
        "from x * x",
    )  # fmt: skip


def of_numbers(x):
    for _ in range(9):
        x = x * x
    return x


def test_in_a_loop_the_line_of_the_iteration_is_told(route):
    assert_told(
        failure(of_numbers, 10.0**64), of_numbers, "x = x * x", "x * x",
        "the value of x became infinite: it is inf", "computed from x: 1",
    )  # fmt: skip


def helper(v):
    return np.log(v)


def through_calls(x):
    return np.sum(helper(x) * 2.0)


def test_the_line_is_that_of_the_innermost_function_of_the_users(route):
    error = failure(through_calls, X)
    assert_told(error, helper, "return", "np.log(v)", "the value of np.log(v) became infinite")
    if route in ("default", "run-time rules", "not optimised"):  # it is inlined there
        assert "called from: File" in str(error) and "in through_calls" in str(error)


def recursive(x, n):
    return np.log(x) if n == 0 else recursive(x * x, n - 1)


def test_functions_called_at_run_time(route):
    error = failure(lambda x: np.sum(recursive(x, 3)), X)
    assert_told(error, recursive, "np.log", "np.log(x)", "the value of np.log(x) became infinite")


def test_what_is_not_differentiated_is_checked_too(route):
    def f(x, data):
        scale = 1.0 / np.std(data)
        return np.sum(x * scale)

    with pytest.raises(ad.NonFiniteError) as caught:
        ad.grad(f)(X, np.ones(4))
    assert_told(
        caught.value, f, "scale =", "1.0 / np.std(data)", "the value of scale became infinite"
    )


def test_complex_values(route):
    def f(z):
        w = 1.0 / z
        return np.sum(np.abs(w) ** 2)

    error = failure(f, np.array([1.0 + 1j, 0.0]))
    assert_told(error, f, "w = ", "1.0 / z", "the value of w became", "1 of 2 entries")


def test_in_two_dimensions_the_index_has_two_numbers(route):
    x = np.ones((3, 4))
    x[1, 2] = x[2, 0] = 0.0
    assert "2 of 12 entries (2 infinite), the first at [1, 2]" in str(
        failure(lambda x: np.sum(np.log(x)), x)
    )


# -- writes --------------------------------------------------------------------------------------------


def written_items(x):
    u = np.zeros(3, np.float16)
    for i in range(3):
        u[i] = x[i] * 1e4
    return np.sum(u * 1.0)


def test_an_item_that_becomes_infinite_by_being_written(route):
    with pytest.raises(ad.AdjointError) as caught:
        ad.gradient(written_items, np.array([1.0, 7.0, 1.0]))
    if not isinstance(caught.value, ad.NonFiniteError):  # of what it is written to nothing is known
        assert route in ("untyped", "run-time rules")
        return
    assert_told(
        caught.value,
        written_items,
        "u[i] =",
        "u[i]",
        "the value of u[i] became infinite: it is inf",
    )


def written_operator(x):
    u = x * 1.0
    v = u[:]
    v /= x - 4.0
    return np.sum(u)


def test_an_operator_in_place(route):
    with pytest.raises(ad.AdjointError) as caught:
        ad.gradient(written_operator, X)
    if not isinstance(caught.value, ad.NonFiniteError):
        assert route in ("untyped", "run-time rules")
        return
    assert_told(
        caught.value, written_operator, "v /=", "v /= x - 4.0",
        "the value of v became infinite: 1 of 3 entries", "v: of shape (3,), all finite, from 0 to 4",
    )  # fmt: skip


def written_out(x):
    out = np.empty(3)
    np.log(x, out=out)
    return np.sum(out)


def written_where(x):
    out = np.empty(3)
    np.log(x, out=out, where=x > -1.0)
    return np.sum(out)


def skipped_where(x):
    out = np.zeros(3)
    np.log(x, out=out, where=x > 0.0)
    return np.sum(out)


@pytest.mark.parametrize("f", [written_out, written_where])
def test_a_result_written_to_an_array(route, f):
    with pytest.raises(ad.AdjointError) as caught:
        ad.gradient(f, X)
    if not isinstance(caught.value, ad.NonFiniteError):
        assert route in ("untyped", "run-time rules")
        return
    assert "the value of out became infinite: 1 of 3 entries" in str(caught.value)
    assert f"line {line_of(f, 'np.log')}" in str(caught.value)


def test_what_is_not_written_is_not_checked():
    with ad.nan_check():
        np.testing.assert_array_equal(ad.gradient(skipped_where, X)[0], [1.0, 0.0, 0.25])


# -- cotangents ----------------------------------------------------------------------------------------


def slope_of_a_root(x):
    y = np.sqrt(x)
    return np.sum(y)


def test_a_cotangent_that_becomes_infinite(route):
    assert_told(
        failure(slope_of_a_root, X), slope_of_a_root, "y = np.sqrt", "np.sqrt(x)",
        "the cotangent of x became infinite: 1 of 3 entries (1 infinite), the first at [1], "
        "where x is 0.0",
        "in the reverse pass",
    )  # fmt: skip


def test_the_operand_is_named(route):
    def f(x, p):
        base = x * x
        return np.sum(base**p + p)

    error = failure(f, np.array([1.0, 0.0]), 0.5)
    assert_told(error, f, "return", "base**p", "the cotangent of base became infinite")


def test_a_nameless_operand_is_named_by_its_text(route):
    def f(x):
        return np.sum(np.sqrt(3.0 * x))

    assert_told(
        failure(f, X), f, "return", "np.sqrt(3.0 * x)", "the cotangent of 3.0 * x became infinite"
    )


def cotangent_in_a_loop(x):
    total = 0.0
    for i in range(len(x)):
        total = total + np.sqrt(x[i])
    return total


def test_a_cotangent_in_a_loop(route):
    assert_told(
        failure(cotangent_in_a_loop, X), cotangent_in_a_loop, "total = total", "np.sqrt(x[i])",
        "the cotangent of x[i] became infinite: it is inf",
    )  # fmt: skip


def test_a_cotangent_of_what_is_called_at_run_time(route):
    def root(x, n):
        return np.sqrt(x) if n == 0 else root(x * x, n - 1)

    error = failure(lambda x: np.sum(root(x, 2)), X)
    assert_told(error, root, "np.sqrt", "np.sqrt(x)", "the cotangent of x became infinite")


def test_the_pullback_of_a_rule_of_the_users(route):
    def own(x):
        return x * 2.0

    @ad.rule(own)
    def _(x):
        y = own(x)

        def pullback(y_bar):
            return np.log(y_bar - y_bar)

        return y, pullback

    def f(x):
        return np.sum(own(x + 1.0))

    assert_told(
        failure(f, X), f, "return", "own(x + 1.0)", "the cotangent of x + 1.0 became infinite"
    )


def test_a_hook_that_spoils_a_cotangent(route):
    def f(x):
        return np.sum(ad.hook(lambda g: g / 0.0, x))

    error = failure(f, X)
    # The division itself where it is differentiated code; where the hook is run, what came out of it.
    assert_told(
        error, f, "return", "ad.hook(lambda g: g / 0.0, x)", "the cotangent of x became infinite"
    )


# -- what is no failure --------------------------------------------------------------------------------


def test_a_selection_keeps_its_derivative(route):
    """What is not chosen may be infinite, and its cotangent stays zero."""
    found = ad.gradient(lambda x: np.sum(np.where(x > 0.5, np.sqrt(x) * 2.0, 0.0)), X)[0]
    np.testing.assert_allclose(found, [1.0, 0.0, 0.5])
    found = ad.gradient(lambda x: np.sum(np.where(x > 0.5, np.log(x), x)), X)[0]
    np.testing.assert_allclose(found, [1.0, 1.0, 0.25])
    found = ad.gradient(lambda x: np.sum(np.maximum(np.log(x), -2.0)), X)[0]
    np.testing.assert_allclose(found, [1.0, 0.0, 0.25])


def test_of_a_selection_what_was_chosen_is_checked(route):
    def f(x):
        return np.sum(np.where(x < 0.5, np.log(x), 0.0))

    assert_told(failure(f, X), f, "return", "np.where(x < 0.5, np.log(x), 0.0)", "1 of 3 entries")


def masked_attention(scores, mask):
    scores = np.where(mask, scores, -np.inf)
    weights = np.exp(scores - np.max(scores))
    return np.sum(weights[:2] / np.sum(weights))


def test_an_infinity_that_was_written_on_purpose_may_stay(route):
    mask = np.array([True, True, False])
    found = ad.grad(masked_attention)(X, mask)
    with cache.use_options(nan_check=False):
        np.testing.assert_array_equal(found, ad.grad(masked_attention)(X, mask))
    best = ad.gradient(lambda x: min(np.inf, np.sum(x * x)), X)[0]
    np.testing.assert_allclose(best, 2 * X)


def test_but_it_must_not_become_nan_nor_be_returned(route):
    def difference(x):
        y = x * np.inf
        return np.sum(y - y)

    error = failure(difference, 1.0 + X)
    assert_told(error, difference, "return", "y - y", "became NaN: 3 of 3 entries", "3 infinite")

    def unbounded(x):
        return np.sum(x) + np.inf

    error = failure(unbounded, X)
    assert_told(error, unbounded, "np.inf", "np.sum(x) + np.inf", "which is returned, is infinite")


def test_what_a_loop_or_a_branch_gives_must_be_finite_where_it_is_returned(route):
    def cheapest(x):
        best = np.inf
        for i in range(len(x)):
            if x[i] > 9.0:
                best = x[i] * 2.0
        return best

    assert_told(
        failure(cheapest, X), cheapest, "for i", "for i in range(len(x)):",
        "the value of best, which is returned, is infinite: it is inf",
    )  # fmt: skip
    assert ad.gradient(cheapest, 10.0 + X)[0].tolist() == [0.0, 0.0, 2.0]

    def item(x):
        both = np.array([np.sum(x), -np.inf])
        return both[1]

    error = failure(item, X)
    assert_told(error, item, "both[1]", "both[1]", "which is returned, is infinite: it is -inf")


def test_a_function_called_at_run_time_may_give_an_infinity_that_was_written(route):
    def lowest(scores, n):
        return -np.inf * np.ones(3) if n == 0 else lowest(scores, n - 1)

    def f(x):
        return np.sum(np.maximum(x, lowest(x, 2)))

    np.testing.assert_array_equal(ad.gradient(f, X)[0], np.ones(3))


def test_what_is_finite_is_as_without_checks(route):
    def f(x, W):
        h = np.tanh(W @ x)
        for _ in range(3):
            h = np.tanh(W @ h) + 0.1 * h
        return np.sum(np.sqrt(1.0 + h * h))

    W = np.random.default_rng(0).normal(size=(3, 3))
    value, found = ad.value_and_gradient(f, X, W)
    with cache.use_options(nan_check=False):
        plain, expected = ad.value_and_gradient(f, X, W)
    assert value == plain
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-13)


# -- inputs --------------------------------------------------------------------------------------------


class Model:
    def __init__(self, weight):
        self.weight, self.limit = weight, np.inf

    def __call__(self, x):
        return np.sum(self.weight * np.minimum(x, self.limit))


BAD = np.array([1.0, np.nan, np.inf])


def test_an_input_that_came_in_like_this_is_told_as_such(route):
    error = failure(lambda x, y: np.sum(x * y), X, BAD)
    assert (
        "the input y is NaN and infinite already: 2 of 3 entries (1 NaN, 1 infinite), the first at [1]"
        in str(error)
    )
    assert "it came like this" in str(error)
    assert "the input x is NaN already: it is nan" in str(failure(lambda x: x * x, np.nan))


def test_inputs_in_containers(route):
    error = failure(lambda p: np.sum(p["a"][1] * X), {"a": [X, BAD]})
    assert "the input p['a'][1] is NaN and infinite already" in str(error)


def test_data_that_is_not_differentiated(route):
    with pytest.raises(ad.NonFiniteError, match="the input data is NaN"):
        ad.grad(lambda x, data: np.sum(x * data))(X, BAD)


def test_a_setting_may_be_infinite(route):
    found = ad.grad(lambda x, limit: np.sum(np.minimum(x, limit)))(X, np.inf)
    np.testing.assert_array_equal(found, np.ones(3))


def test_what_is_read_of_objects_and_captured(route):
    if route != "untyped":  # what an attribute is nobody knows there, before it is computed with
        assert "the input self.weight is NaN and infinite already" in str(
            failure(lambda m, x: m(x), Model(BAD), X)
        )
    assert ad.gradient(lambda m, x: m(x), Model(X), X)[1].tolist() == X.tolist()
    error = failure(lambda x: np.sum(x * BAD), X)
    assert "the input BAD is NaN and infinite already" in str(error)


def test_the_cotangent_that_a_pullback_is_given(route):
    _, back = ad.pullback(lambda x: x * 2.0, X)
    with pytest.raises(
        ad.NonFiniteError, match="the pullback was given is NaN and infinite already"
    ):
        back(BAD)
    np.testing.assert_array_equal(back(X)[0], 2 * X)


# -- where it holds ------------------------------------------------------------------------------------


def test_it_holds_inside_only_and_nests():
    with ad.nan_check():
        failure(slope_of_a_root, X)
        with ad.nan_check():
            failure(slope_of_a_root, X)
        failure(slope_of_a_root, X)
    assert ad.gradient(slope_of_a_root, X)[0][1] == np.inf
    with ad.nan_check():
        failure(slope_of_a_root, X)


def test_it_ends_when_an_exception_leaves_it():
    with pytest.raises(ad.NonFiniteError), ad.nan_check():
        ad.gradient(slope_of_a_root, X)
    assert ad.gradient(slope_of_a_root, X)[0][1] == np.inf


def test_one_object_may_be_entered_again_inside_itself():
    check = ad.nan_check()
    with check:
        with check:
            pass
        failure(slope_of_a_root, X)
    assert ad.gradient(slope_of_a_root, X)[0][1] == np.inf


def test_other_threads_are_not_concerned():
    entered, done, found = threading.Event(), threading.Event(), []

    def other():
        entered.wait()
        found.append(ad.gradient(slope_of_a_root, X)[0][1])
        done.set()

    thread = threading.Thread(target=other)
    thread.start()
    with ad.nan_check():
        entered.set()
        assert done.wait(30)
        failure(slope_of_a_root, X)
    thread.join()
    assert found == [np.inf]


def test_other_tasks_are_not_concerned():
    async def checked(step):
        with ad.nan_check():
            await step.wait()
            failure(slope_of_a_root, X)

    async def unchecked(step):
        found = ad.gradient(slope_of_a_root, X)[0][1]
        step.set()
        return found

    async def both():
        step = asyncio.Event()
        return (await asyncio.gather(checked(step), unchecked(step)))[1]

    assert asyncio.run(both()) == np.inf


def test_a_pullback_that_was_made_inside_checks_outside():
    with ad.nan_check():
        _, back = ad.pullback(np.sqrt, X)
        _, plain_back = ad.pullback(lambda x: np.sqrt(x), X)
    for each in (back, plain_back):
        with pytest.raises(ad.NonFiniteError, match="the cotangent of"):
            each(np.ones(3))


@pytest.mark.parametrize(
    "derive",
    [
        lambda f: ad.gradient(f, X),
        lambda f: ad.value_and_gradient(f, X),
        lambda f: ad.grad(f)(X),
        lambda f: ad.value_and_grad(f)(X),
        lambda f: ad.grad(lambda x: (f(x), x), has_aux=True)(X),
        lambda f: ad.pullback(f, X)[1](1.0),
        lambda f: ad.gradient(lambda x: np.sum(ad.gradient(f, x)[0]), X),
        lambda f: ad.gradient(lambda x: np.sum(ad.pullback(f, x)[1](1.0)[0]), X),
        lambda f: ad.gradient(lambda: f(X), ad.params(X)),
        lambda f: ad.gradient(lambda: f(X) + f(X), ad.params(X)),
        lambda f: ad.gradient(lambda x: sum(map(f, [x, x])), X),
    ],
)
def test_any_derivative(route, derive):
    with pytest.raises(ad.NonFiniteError) as caught:
        derive(slope_of_a_root)
    assert_told(caught.value, slope_of_a_root, "y = np.sqrt", "np.sqrt(x)", "became infinite")


def test_values_inside_a_derivative_inside(route):
    error = failure(lambda x: np.sum(ad.gradient(of_a_root, x)[0]), X)
    assert_told(error, of_a_root, "y = np.sqrt", "np.sqrt(shifted)", "the value of y became NaN")


def test_what_a_derivative_inside_consists_of_is_no_line_of_the_users(route):
    """The slope of the root is infinite at 0, and is not chosen there."""

    def f(x):
        return np.sum(np.where(x > 0.5, np.sqrt(x), 0.0))

    found = ad.gradient(lambda k: np.sum(k * ad.gradient(f, X)[0]), 2.0)[0]
    np.testing.assert_allclose(found, 0.5 + 0.25)


def test_the_derivative_of_a_derivative_has_lines_of_its_own(route):
    def f(x):
        y = x * np.abs(x) ** 1.5
        return np.sum(y)

    def slope(x):
        return np.sum(ad.gradient(f, x)[0] ** 0.5)

    # The first derivative is 2.5 |x|^1.5: finite; its root has an infinite slope.
    error = failure(slope, X)
    assert "the cotangent of" in str(error) and "in slope" in str(error)


@pytest.mark.parametrize("take", ["gradient", "value_and_gradient", "pullback"])
def test_a_decorated_function(take):
    checked = ad.differentiable(nan_check=True)(slope_of_a_root)
    plain = ad.differentiable(slope_of_a_root)
    assert plain.gradient(X)[0][1] == np.inf and checked(X) == slope_of_a_root(X)

    def derive(f):
        return f(1.0) if take == "pullback" else f

    with pytest.raises(ad.NonFiniteError, match="the cotangent of x"):
        found = getattr(checked, take)(X)
        derive(found[1] if take == "pullback" else found)
    with pytest.raises(ad.NonFiniteError, match="the cotangent of x"):
        found = getattr(ad, take)(checked, X)
        derive(found[1] if take == "pullback" else found)
    with pytest.raises(ad.NonFiniteError, match="the cotangent of x"):
        ad.grad(checked)(X)
    assert "check_cotangent('x', x_bar, x)" in str(checked.source(X)) == str(ad.source(checked, X))
    assert ad.gradient(slope_of_a_root, X)[0][1] == np.inf


class Layer:
    @ad.differentiable(nan_check=True)
    def root(self, x):
        return np.sum(np.sqrt(x))


def test_a_decorated_method():
    with pytest.raises(ad.NonFiniteError, match="the cotangent of x"):
        Layer().root.gradient(X)
    # Inside another derivative it is that one which is checked, or not.
    assert ad.gradient(lambda x: Layer().root(x), X)[0][1] == np.inf


# -- what it costs -------------------------------------------------------------------------------------


def test_the_source_shows_the_checks_inside_and_not_outside():
    plain = str(ad.source(slope_of_a_root, X))
    with ad.nan_check():
        checked = str(ad.source(slope_of_a_root, X))
    assert str(ad.source(slope_of_a_root, X)) == plain and "check_" not in plain.split('"""')[2]
    for line in (
        "    check_input('x', x)",
        "    check_value('y', y, 'x', x)",
        "    check_result('np.sum(y)', y.sum(), 'y', y)",
        "    check_cotangent('x', x_bar, x)",
    ):
        assert line in checked, checked
    compile(checked, "<test>", "exec")


def test_both_are_found_again_without_compiling(monkeypatch):
    def f(x):
        return np.sum(x * x)

    ad.gradient(f, X)
    with ad.nan_check():
        ad.gradient(f, X)
    monkeypatch.setattr(cache, "compile_request", None)  # the next compilation would fail
    monkeypatch.setattr(cache, "known", None)  # and so would a slow look-up
    for _ in range(2):
        ad.gradient(f, X)
        with ad.nan_check():
            ad.gradient(f, X)


# -- planted failures: no statement goes without its check ------------------------------------------------


@pytest.mark.parametrize("call", range(4))
def test_every_statement_is_checked(call):
    """Whichever call of a helper goes wrong, at any depth: it is the one that is told."""
    count = [0]

    def spoil(x):
        count[0] += 1
        return x * np.nan if count[0] == call + 1 else x * 1.0

    ad.rule(spoil)(lambda x: (spoil(x), lambda y_bar: y_bar))

    def f(x):
        a = spoil(x)
        for _ in range(2):
            a = spoil(a)
        b = spoil(a) if np.sum(a) > 0 else a
        return np.sum(b)

    with ad.nan_check():
        error = failure(f, X)
    assert f"the value of {'b' if call == 3 else 'a'} became NaN" in str(error) or (
        call == 3 and "the value of spoil(a) became NaN" in str(error)
    )
    line = ["a = spoil(x)", "a = spoil(a)", "a = spoil(a)", "b = spoil(a)"][call]
    assert f"line {line_of(f, line)}" in str(error)


@pytest.mark.parametrize("call", range(4))
def test_every_cotangent_is_checked(call):
    count = [0]

    def spoil(y_bar):
        count[0] += 1
        return y_bar * np.inf if count[0] == call + 1 else y_bar

    def through(x):
        return x * 1.0

    ad.rule(spoil)(lambda y_bar: (spoil(y_bar), lambda bar: bar))
    ad.rule(through)(lambda x: (through(x), lambda y_bar: spoil(y_bar)))

    def f(x):
        a = through(x)
        for _ in range(2):
            a = through(a)
        b = through(a) if np.sum(a) > 0 else a
        return np.sum(b)

    with ad.nan_check():
        error = failure(f, X)
    line = ["b = through(a)", "a = through(a)", "a = through(a)", "a = through(x)"][call]
    assert f"line {line_of(f, line)}" in str(error)
    assert f"the cotangent of {'x' if call == 3 else 'a'} became infinite" in str(error)
