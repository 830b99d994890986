"""Items of a list that are read by index: one list of cotangents, whose items are added to in place."""

import adjoint as ad
from adjoint import tree


def products(xs):
    total = 0.0
    for i in range(len(xs)):
        total = total + xs[i] * xs[i - 1]
    return total


def test_no_rule_is_looked_up_where_a_list_is_read():
    source = str(ad.source(products, [1.0, 2.0]))
    assert "apply_rule" not in source
    assert source.count("accumulate_item") == 2


def test_the_cotangents_of_a_list_are_one_list():
    first = tree.accumulate_item(None, [1.0, 2.0, 3.0], 1, 5.0)
    assert first == [None, 5.0, None]
    again = tree.accumulate_item(first, [1.0, 2.0, 3.0], 1, 2.0)
    assert again is first
    assert first == [None, 7.0, None]


def test_what_the_caller_gave_as_a_cotangent_stays_as_it_is():
    y, pullback = ad.pullback(
        lambda xs: [xs[0] * 2, xs[1]] and [xs[i] for i in (0, 1, 0)], [1.0, 2.0]
    )
    assert y == [1.0, 2.0, 1.0]
    given = [1.0, 10.0, 100.0]
    assert pullback(given) == ([101.0, 10.0],)
    assert pullback(given) == ([101.0, 10.0],)
    assert given == [1.0, 10.0, 100.0]


def test_two_names_of_a_list_have_one_list_of_cotangents():
    def f(xs):
        ys = xs
        whole = sum(ys)
        return [xs[0] * whole, ys, ys[1]]

    y, pullback = ad.pullback(f, [1.0, 2.0])
    assert y == [3.0, [1.0, 2.0], 2.0]
    given = [1.0, [10.0, 20.0], 5.0]
    assert pullback(given) == ([14.0, 26.0],)
    assert given == [1.0, [10.0, 20.0], 5.0]
