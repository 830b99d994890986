"""Third derivatives, by every route, against finite differences of the second."""

import numpy as np
import pytest

import adjoint as ad
from tests.programs.differences import differentiate
from tests.routes import ROUTES, mismatches


class Oscillator:
    def __init__(self, stiffness):
        self.stiffness = stiffness

    @property
    def frequency(self):
        return np.sqrt(self.stiffness)

    def energy(self, x):
        return self.stiffness * x**4 + np.sin(self.frequency * x)

    def __mul__(self, other):
        return Oscillator(self.stiffness * other)


def method_and_property(x, k):
    return (Oscillator(k) * x).energy(x * k)


def branches(x, k):
    y = x**4 if x > 0 else np.exp(x)
    return y * k**3 if k > 1 else y * np.cos(k * x)


def loop_and_containers(x, k):
    state = {"x": x, "terms": []}
    for i in range(3):
        state = {"x": np.sin(state["x"] * k), "terms": [*state["terms"], state["x"] ** (i + 2)]}
    return sum(state["terms"]) + state["x"]


def recursion(x, k, depth=3):
    return x * k if depth == 0 else np.tanh(recursion(x, k, depth - 1)) * x


def methods_called_by_name(x, k):
    table = {"x": x, "y": x * x * k, "z": x**3}
    total = 0.0
    for value in table.values():
        total = total * x + value * value
    found = table.get("y" if k > 0 else "x") * table.copy()["x"]
    return total + sum(table.values()) ** 2 * k + found * [v * k for v in table.values()][2]


def methods_of_arrays_called_by_name(x, k):
    arrays = {"a": np.array([x, k, x * k]), "b": np.array([k])}
    chosen = arrays["a" if k > 0 else "b"]
    method = "cum" + "sum"
    return np.sum(getattr(chosen, method)() ** 3) + chosen.dot(chosen) * chosen.prod()


def functions_in_a_list(x, k):
    functions = [lambda u: u**3 * k, np.sin, lambda u, scale=k: np.exp(u * scale)]
    y = x
    for f in functions:
        y = f(y)
    return y


def with_keywords(x, k):
    both = np.stack([x, k, x * k])
    return np.sum(np.multiply(both, x, dtype=float) ** 2 * np.cumsum(both))


PROGRAMS = [
    method_and_property, branches, loop_and_containers, recursion, functions_in_a_list, with_keywords,
    methods_called_by_name, methods_of_arrays_called_by_name,
]  # fmt: skip


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("f", PROGRAMS, ids=lambda f: f.__name__)
def test_third_derivatives(f, route):
    def first(x, k):
        g = ad.gradient(f, x, k)
        return g[0] + 0.3 * g[1]

    def second(x, k):
        g = ad.gradient(first, x, k)
        return g[0] - 0.7 * g[1]

    arguments = (0.6, 1.3)
    with ROUTES[route]():
        slopes = differentiate(second, arguments)
        found = ad.gradient(second, *arguments)
    wrong = list(mismatches(arguments, found, slopes.gradient, rtol=1e-5, atol=1e-6))
    assert not wrong, "\n".join(wrong)
