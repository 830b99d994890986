"""The reference is tested itself: right where a derivative is, wary where none is."""

import math
from collections import namedtuple
from dataclasses import dataclass

import numpy as np
import pytest

from tests.programs.differences import access_text, differentiate, leaves, replaced

X = 0.7
KNOWN = [
    (math.exp, math.exp(X)),
    (math.log, 1 / X),
    (lambda x: x**-8, -8 * X**-9),
    (lambda x: math.sin(20 * x), 20 * math.cos(20 * X)),
    (lambda x: abs(x - 0.695), 1.0),  # a kink between the steps
    (lambda x: 1.0 if x > 0.703 else 0.0, 0.0),  # a jump between the steps
    (lambda x: math.sqrt(x - 0.6915), 0.5 / math.sqrt(0.0085)),  # undefined at the first steps
]


@pytest.mark.parametrize(("function", "slope"), KNOWN)
def test_known_derivatives(function, slope):
    found = differentiate(function, (X,))
    assert found.gradient[("item", 0),] == pytest.approx(slope, rel=2e-7, abs=1e-9)


@pytest.mark.parametrize(
    "function",
    [
        abs,  # a kink: the central difference is 0 and very sure of it
        lambda x: max(x, 2 * x),
        lambda x: 1.0 if x > 0 else 0.0,
        lambda x: 1e-4 * abs(x) + x,
        math.log,
        lambda x: math.sqrt(abs(x)),
        lambda x: x * float("nan"),
    ],
)
def test_no_derivative_is_noticed(function):
    assert not differentiate(function, (0.0,)).reliable()


@dataclass(frozen=True)
class Layer:
    weight: object
    name: str = "layer"


Pair = namedtuple("Pair", "a b")


def test_nested_arguments():
    tree = ([1.0, {"w": np.array([2.0, 3.0])}], Layer(np.float32(4.0)), Pair(5, None), "text", True)

    def function(items, layer, pair, text, flag):
        assert type(pair) is Pair and type(layer) is Layer and text == "text" and flag is True
        return items[0] * np.sum(items[1]["w"] ** 2) * layer.weight * pair.a

    found = differentiate(function, tree).gradient
    assert {access_text(path): np.round(value, 6).tolist() for path, value in found.items()} == {
        "[0][0]": 260.0,
        "[0][1]['w']": [80.0, 120.0],
        "[1].weight": 65.0,
        "[2][0]": 52.0,
    }
    assert access_text(list(leaves(tree))[1][0]) == "[0][1]['w']"


def test_static_arguments_and_integers():
    found = differentiate(lambda x, n: x * sum(range(n)), (3, 4), {1}).gradient
    assert list(found.values()) == [pytest.approx(6.0)]
    found = differentiate(lambda x: np.sum(x * x), (np.array([1, 2]),)).gradient
    np.testing.assert_allclose(found[("item", 0),], [2.0, 4.0])


def test_complex_entries():
    found = differentiate(lambda z: abs(z) ** 2, (np.array(3.0 + 4.0j),)).gradient
    np.testing.assert_allclose(found[("item", 0),], 6.0 + 8.0j)


def test_replacing_writes_nothing():
    tree = ([1.0, Layer(2.0)],)
    twin = replaced(tree, {(("item", 0), ("item", 1), ("attribute", "weight")): 9.0})
    assert twin[0][1].weight == 9.0 and tree[0][1].weight == 2.0
