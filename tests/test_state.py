"""State: what arguments hold, pullbacks called twice, and what is refused rather than wrong."""

import numpy as np
import pytest

import adjoint as ad
from adjoint import UnsupportedSyntaxError


class Model:
    def __init__(self, w, h):
        self.w, self.h, self.log = w, h, []

    def __call__(self, x):
        self.h = np.tanh(self.w * x + self.h)
        self.log.append(self.h)
        return self.h


def total(model, xs):
    return sum([model(x) for x in xs]) + sum(model.log)


XS = np.array([0.3, -0.8, 1.1])


def slope(name, at=1e-6):
    values = []
    for step in (at, -at):
        model = Model(0.7, 0.2)
        setattr(model, name, getattr(model, name) + step)
        values.append(total(model, XS))
    return (values[0] - values[1]) / (2 * at)


def test_the_gradient_of_a_model_is_of_what_it_held_at_the_beginning():
    model, plain = Model(0.7, 0.2), Model(0.7, 0.2)
    value, (bar, _) = ad.value_and_gradient(total, model, XS)
    assert value == total(plain, XS)
    assert (model.h, model.log) == (plain.h, plain.log)  # as the plain call leaves it
    np.testing.assert_allclose([bar.w, bar.h], [slope("w"), slope("h")], rtol=1e-7)
    assert not bar.log


def test_a_pullback_is_called_twice():
    _, back = ad.pullback(total, Model(0.7, 0.2), XS)
    first, second = back(1.0), back(2.0)
    np.testing.assert_allclose(second[0].w, 2 * first[0].w)
    np.testing.assert_allclose(second[1], 2 * first[1])


def test_state_lives_on_between_calls():
    model, plain = Model(0.7, 0.2), Model(0.7, 0.2)
    for _ in range(3):
        ad.gradient(total, model, XS)
        total(plain, XS)
    assert model.log == plain.log and len(model.log) == 9


def appends(a, b, x):
    a.append(x)
    return sum(b) * x


def ahead(xs):
    items = list(xs)
    for i, item in enumerate(items):
        if i < 2:
            items[i + 1] = item * 2
    return sum(items)


LEVEL = 1.0


def raise_level(x):
    global LEVEL
    LEVEL = LEVEL + x


def reads_level(x):
    raise_level(x)
    return x * LEVEL


def through_the_namespace(x):
    model = Model(x, x)
    model.__dict__["w"] = x * x
    return model.w


ALIKE = [1.0, 2.0]
REFUSED = [
    (appends, (ALIKE, ALIKE, 0.5), "more than once"),
    (ahead, (XS,), "ahead of where"),
    (reads_level, (0.5,), "by one function and read by another"),
    (through_the_namespace, (0.5,), "through the dict"),
]


@pytest.mark.parametrize("f, arguments, message", REFUSED, ids=[r[0].__name__ for r in REFUSED])
def test_refused(f, arguments, message):
    with pytest.raises(UnsupportedSyntaxError, match=message) as caught:
        ad.gradient(f, *arguments)
    assert caught.value.hint


def test_an_exception_between_two_changes():
    def f(x):
        model = Model(x, x)
        try:
            model.h = x * x
            model.log.append(x)
            model.w = XS[7]
        except IndexError:
            model.log.append(model.h)
        return model.w * model.h + sum(model.log)

    # w h + x + h with w = x, h = x²
    np.testing.assert_allclose(ad.gradient(f, 0.7)[0], 3 * 0.7**2 + 1 + 2 * 0.7)


def test_in_place_operators_of_arrays_of_unlike_ranks_raise_what_numpy_raises():
    class Model:
        def __init__(self, x):
            self.parts = [x * 1.0, np.outer(x, x)]

    def broadened(x):
        model = Model(x)
        for part in model.parts:
            part += np.ones((1, 1, 3))
        return model.parts[0].sum()

    def made_complex(x):
        model = Model(x)
        for part in model.parts:
            part *= 1j
        return model.parts[0].sum()

    for function, error in ((broadened, ValueError), (made_complex, TypeError)):
        for derivative in (
            function,
            lambda x: ad.gradient(function, x),
            lambda x: ad.jvp(function, (x,), (x,)),
        ):
            with pytest.raises(error, match="output"):
                derivative(np.ones(3))


def logged(value, log=[]):
    log.append(value)
    total = sum(log)
    if len(log) > 2:
        log.clear()
    return total


def tallied(value, *, counts={}):
    counts[len(counts)] = value
    total = sum(counts.values()) * value
    if len(counts) == 2:
        counts.clear()
    return total


TOTAL = np.zeros(2)


def counted(value, total=TOTAL):
    total[0] += value
    total[:] = total[::-1]
    return total @ total


def test_defaults_that_change():
    def f(x):
        a = logged(x[0]) + logged(x[1]) * x[2] + logged(x[2])
        return a * tallied(x[0]) + tallied(x[1])

    def g(x):
        return counted(x[0]) * counted(x[1])

    x = np.array([0.5, 1.5, -0.7])
    ad.check_gradient(f, x)
    assert logged.__defaults__ == ([],)
    before = TOTAL.copy()
    expected = g(x)
    after = TOTAL.copy()
    TOTAL[:] = before
    value, (x_bar,) = ad.value_and_gradient(g, x)
    assert value == expected
    np.testing.assert_array_equal(TOTAL, after)
    slopes = []
    for step in np.eye(3) * 1e-6:
        values = []
        for each in (x + step, x - step):
            TOTAL[:] = before
            values.append(g(each))
        slopes.append((values[0] - values[1]) / 2e-6)
    np.testing.assert_allclose(x_bar, slopes, rtol=1e-6, atol=1e-9)


def test_a_class_made_inside_that_counts_in_itself_counts_anew_each_time():
    """Such a class is made once, when the program is compiled; so it may not change."""

    def counted(x):
        class Counter:
            seen = 1.0

            def add(self, y):
                Counter.seen = Counter.seen + 1
                return y * Counter.seen * x

        return Counter().add(x) + Counter().add(x)

    for _ in range(2):
        with pytest.raises(UnsupportedSyntaxError, match="captures a value"):
            ad.gradient(counted, 2.0)


class Plain:
    def __init__(self, **attributes):
        self.__dict__.update(attributes)


def all_together(thing):
    found = 0.0
    for name in vars(thing):
        found = found + getattr(thing, name)
    return found


def test_the_names_of_attributes_are_known():
    def f(x, thing):
        thing.u = x * thing.u
        return all_together(thing)

    x_bar, thing_bar = ad.gradient(f, 2.0, Plain(u=3.0, v=4.0))
    assert (x_bar, thing_bar.u, thing_bar.v) == (3.0, 2.0, 1.0)


def adds(x, thing):
    thing.new = x * thing.u
    return all_together(thing)


def deletes(x, thing):
    del thing.u
    return all_together(thing) * x


@pytest.mark.parametrize("f", [adds, deletes])
def test_unless_there_are_more_or_fewer_later(f):
    with pytest.raises(UnsupportedSyntaxError, match="read through the dict that keeps it"):
        ad.gradient(f, 2.0, Plain(u=3.0, v=4.0))


def test_which_values_have_attributes_of_their_own():
    def f(x, thing):
        if hasattr(x, "__dict__"):
            return x
        if isinstance(x, int | float | complex) and hasattr(thing, "__dict__"):
            return x * x
        return 0.0

    assert ad.value_and_gradient(f, 3.0, Plain())[1][0] == 6.0
