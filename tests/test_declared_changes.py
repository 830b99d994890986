"""Functions with a declared derivative that change what they are given: refused, or followed."""

import numpy as np
import pytest

import adjoint as ad


class Notes:
    def __init__(self):
        self.count, self.last = 0, 0.0


def put(notes, x):
    notes.last = np.sin(x)


def scale(a, s):
    a *= s
    return a


def double(a, out):
    return np.multiply(a, 2, out=out)


def twice(x):
    x *= 2
    return x


@ad.rule(put)
def _(notes, x):
    notes.last = np.sin(x)
    return None, lambda y_bar: (None, 100.0)


@ad.rule(scale)
def _(a, s):
    y = a * s
    return y, lambda y_bar: (y_bar * s, np.sum(y_bar * a))


@ad.rule(double)
def _(a, out):
    return double(a, out), lambda y_bar: (2 * y_bar, None)


@ad.rule(twice)
def _(x):
    x *= 2
    return x, lambda y_bar: 2 * y_bar


def puts(x):
    notes = Notes()
    put(notes, x)
    return notes.last * 2


def scales(x):
    a = x + 0
    scale(a, 3.0)
    return np.sum(a)


def doubles(x):
    y = np.zeros_like(x)
    double(x, y)
    return np.sum(y)


@pytest.mark.parametrize(
    ("f", "x", "name"),
    [(puts, 1.0, "notes"), (scales, np.ones(3), "a"), (doubles, np.ones(3), "out")],
)
def test_a_rule_of_a_function_that_changes_its_argument_is_refused(f, x, name):
    """The rule was ignored, and the gradient wrong, in silence."""
    for derive in (lambda: ad.gradient(f, x), lambda: ad.jvp(f, (x,), (x,))):
        with pytest.raises(ad.UnsupportedSyntaxError, match=f"changes its argument `{name}`"):
            derive()


def test_it_is_refused_where_it_is_called_by_a_value():
    with pytest.raises(ad.UnsupportedSyntaxError, match="changes its argument `a`"):
        ad.gradient(lambda f, x: np.sum(f(x + 0, 3.0)), scale, np.ones(3))


def test_an_augmented_number_is_no_change():
    assert ad.gradient(twice, 3.0) == (2.0,)
    assert ad.gradient(lambda x: twice(x) ** 2, 3.0) == (24.0,)
    with pytest.raises(ad.UnsupportedSyntaxError, match="changes its argument `x`"):
        ad.gradient(lambda x: np.sum(twice(x + 0)), np.ones(2))


@ad.nondifferentiable
def note(notes, x):
    notes.count += 1
    notes.last = x


@ad.nondifferentiable
def log(history, x):
    history.append(float(x))


@ad.nondifferentiable
def tally(counts, key):
    counts[key] = counts.get(key, 0) + 1


@ad.nondifferentiable
def fill(a):
    a[:] = 7


def noted(x):
    notes = Notes()
    note(notes, x)
    note(notes, 2 * x)
    return x * notes.count + x * notes.last


def logged(x):
    history = [1.0]
    log(history, x * x)
    return x * len(history) + x * history[-1]


def tallied(x):
    counts = {"a": 5}
    tally(counts, "a")
    return x * counts["a"]


def filled(x):
    a = np.array([x, 2 * x])
    fill(a)
    return np.sum(a * x)


@pytest.mark.parametrize(
    ("f", "slope"), [(noted, 2 + 6.0), (logged, 2 + 9.0), (tallied, 6.0), (filled, 14.0)]
)
def test_what_a_constant_function_changes_is_seen(f, slope):
    """What was there before was read, and the value was wrong, in silence."""
    value, (x_bar,) = ad.value_and_gradient(f, 3.0)
    assert value == f(3.0)
    assert x_bar == slope
    assert ad.jvp(f, (3.0,), (1.0,)) == (f(3.0), slope)


@ad.nondifferentiable
def count_down(items, n):
    items.append(n)
    if n > 0:
        count_down(items, n - 1)


def test_a_constant_function_that_cannot_be_followed_is_refused():
    def f(x):
        items = []
        count_down(items, 3)
        return x * len(items)

    with pytest.raises(
        ad.UnsupportedSyntaxError, match="changes its argument `items`.*calls itself"
    ):
        ad.gradient(f, 2.0)


def test_a_declared_shape_does_not_make_a_view_an_array_of_its_own():
    def half(x):
        return x[:2]

    @ad.rule(half, shape=lambda x: (2,))
    def _(x):
        def pullback(y_bar):
            x_bar = np.zeros(3)
            x_bar[:2] = y_bar
            return (x_bar,)

        return x[:2], pullback

    def written_later(v):
        a = v * 1.0
        y = half(a)
        a[0] = v[1] ** 2
        return np.sum(y * y)

    with pytest.raises(ad.UnsupportedSyntaxError, match="may have kept it"):
        ad.gradient(written_later, np.array([0.7, 1.3, 0.4]))


@ad.nondifferentiable
def by_another_name(a):
    b = np.asarray(a)
    b[0] = 7.0


@ad.nondifferentiable
def row_by_row(a):
    for row in a.reshape(2, 2):
        row[0] = 7.0


@ad.nondifferentiable
def one_of_the_rest(k, *rest):
    rest[0][0] = k


@ad.nondifferentiable
def by_functions(a):
    np.copyto(a[1:], 2.0)
    np.put(a, [0], 1.0)
    a.T[2:].fill(3.0)


@ad.nondifferentiable
def several(a, b):
    a[0] = 1.0
    b[1:3] = 2.0


@ad.nondifferentiable
def copies(a):
    a = a.copy()
    a[0] = 7.0
    b = np.sort(a)
    b += 1
    return b


@pytest.mark.parametrize(
    "change",
    [
        by_another_name,
        row_by_row,
        lambda a: one_of_the_rest(3.0, a),
        by_functions,
        lambda a: several(a, a[1:]),
    ],
)
def test_what_a_constant_function_changes_by_another_name_is_seen(change):
    """Its derivative was that of what was there before, in silence."""

    def f(x):
        a = x * 2
        change(a)
        return np.sum(a * a * np.arange(1.0, 5.0))

    x = np.array([0.3, 0.7, -0.4, 0.9])
    kept = x * 2
    change(kept)
    expected = np.where(kept == x * 2, 8 * x * np.arange(1.0, 5.0), 0.0)
    value, (x_bar,) = ad.value_and_gradient(f, x)
    assert value == f(x)
    np.testing.assert_allclose(x_bar, expected)
    np.testing.assert_allclose(ad.jvp(f, (x,), (np.ones(4),))[1], np.sum(expected))


def test_what_a_constant_function_copies_is_its_own():
    x = np.array([0.3, 0.7, -0.4, 0.9])
    (x_bar,) = ad.gradient(lambda x: np.sum(x * copies(x)), x)
    np.testing.assert_allclose(x_bar, copies(x))
