"""The comparison with the reference is tested itself, with gradients that are wrong on purpose."""

from types import SimpleNamespace

import numpy as np
import pytest

from tests.programs.differences import differentiate
from tests.programs.registry import load_all
from tests.programs.sources import load_source
from tests.routes import mismatches, reference, weighted_gradient


def loss(parameters, layer, scale, name):
    return scale * np.sum(parameters["W"] ** 2) * layer.weight + parameters["b"][0] * layer.size


ARGUMENTS = (
    {"W": np.array([1.0, 2.0]), "b": (3.0, 0.5)},
    SimpleNamespace(weight=np.float32(2.0), size=2, name="layer"),
    3,
    "text",
)
EXPECTED = differentiate(loss, ARGUMENTS).gradient


def right():
    return [
        {"W": np.array([12.0, 24.0]), "b": (2.0, 0.0)},
        SimpleNamespace(weight=np.float32(15.0), size=3.0),
        10.0,
        None,
    ]


def test_a_right_gradient_passes():
    assert list(mismatches(ARGUMENTS, tuple(right()), EXPECTED)) == []


WRONG = {
    "a value": ((0, {"W": np.array([12.0, 24.1]), "b": (2.0, 0.0)}), "[0]['W']: 1 of 2 wrong"),
    "NaN": ((2, float("nan")), "[2]: 1 of 1 wrong"),
    "a shape": ((0, {"W": np.array([[12.0, 24.0]]), "b": (2.0, 0.0)}), "should have the shape"),
    "a dtype": (
        (0, {"W": np.array([12, 24], np.float32), "b": (2.0, 0.0)}),
        "should be of float64",
    ),
    "an integer": ((2, 10), "should be a float"),
    "None for a number": ((2, None), "[2]: should be"),
    "None for a zero": ((0, {"W": np.array([12.0, 24.0]), "b": (2.0, None)}), "['b'][1]"),
    "None for an object": ((1, None), "should have the attribute 'weight'"),
    "a missing attribute": ((1, SimpleNamespace(weight=np.float32(15.0))), "'size'"),
    "a list for a tuple": ((0, {"W": np.array([12.0, 24.0]), "b": [2.0, 0.0]}), "a tuple of 2"),
    "a missing key": ((0, {"W": np.array([12.0, 24.0])}), "a dict of 2"),
    "a number for a string": ((3, 0.0), "[3], a str: should be None"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_gradient_is_told(name):
    (position, cotangent), message = WRONG[name]
    gradient = right()
    gradient[position] = cotangent
    assert message in "\n".join(mismatches(ARGUMENTS, tuple(gradient), EXPECTED))


def test_it_has_to_be_a_tuple_of_all():
    assert list(mismatches(ARGUMENTS, right(), EXPECTED))
    assert list(mismatches(ARGUMENTS, tuple(right()[:3]), EXPECTED))


@pytest.mark.parametrize("program", load_all(), ids=str)
def test_the_weighted_gradient_reads_every_entry(program):
    """With the reference in place of adjoint's gradient, the text for the second order runs."""
    expected = reference(program)
    paths = [path for path in expected if np.size(expected[path])]
    source, weights = weighted_gradient(program, paths)
    reached = []

    class Gradient:
        def __init__(self, path=()):
            self.path = path

        def __getitem__(self, key):
            return Gradient((*self.path, ("item", key)))

        def __getattr__(self, name):
            if name.startswith("__"):
                raise AttributeError(name)
            return Gradient((*self.path, ("attribute", name)))

        def __rmul__(self, weight):
            reached.append(self.path)
            return weight * expected[self.path]

        __array_ufunc__ = None

    ad = SimpleNamespace(gradient=lambda function, *args: Gradient())
    f = load_source(source, "weighted_gradient", ad=ad, np=np, function=None, **weights)
    total = f(*program.arguments)
    assert reached == paths and np.isfinite(total)
