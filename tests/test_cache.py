"""Compiled once, found again, never stale, and nothing of the user's is kept alive."""

import gc
import itertools
import linecache
import sys
import tracemalloc
import types
import weakref

import numpy as np
import pytest

import adjoint as ad
from adjoint import cache
from adjoint.emit.source import NestedFunction
from tests.programs.sources import load_source

X = np.array([0.7, -1.3, 2.1])


@pytest.fixture
def compiled(monkeypatch):
    """The requests that were compiled during the test."""
    requests = []

    def counting(request):
        requests.append(request)
        return original(request)

    original = cache.compile_request
    monkeypatch.setattr(cache, "compile_request", counting)
    return requests


@pytest.mark.parametrize(
    "call",
    [ad.gradient, ad.value_and_gradient, ad.pullback, ad.source, lambda f, x: ad.grad(f)(x)],
    ids=["gradient", "value_and_gradient", "pullback", "source", "grad"],
)
def test_a_second_call_compiles_nothing(compiled, call):
    def f(x):
        return np.sum(x * x)

    call(f, X)
    before = len(compiled)
    call(f, X * 2.0)
    call(f, X * 3.0)
    assert len(compiled) == before <= 1


def test_closures_made_afresh_are_one_compilation(compiled):
    def make(a):
        return lambda x: a * x * x

    assert [ad.gradient(make(float(k)), 3.0)[0] for k in range(20)] == [6.0 * k for k in range(20)]
    assert len(compiled) == 1


def test_ten_thousand_closures_keep_memory_flat(compiled):
    def make(W):
        return lambda x: np.sum(W * x)

    for _ in range(500):
        ad.gradient(make(np.ones(100)), np.ones(100))
    gc.collect()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(10_000):
            ad.gradient(make(np.ones(100)), np.ones(100))
        gc.collect()
        grown = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert len(compiled) == 1
    assert grown < 100_000, f"{grown} bytes more"


def generated_texts():
    return sum(name.startswith("<adjoint") for name in linecache.cache)


def test_compilations_that_are_dropped_leave_nothing(monkeypatch):
    monkeypatch.setattr(cache, "SIZE", 4)

    def compile_many(count):
        for _ in range(count):
            k = next(numbers)
            f = load_source(f"def f{k}(x):\n    return x * x * {k}.5\n", f"f{k}")
            ad.pullback(f, 3.0)
            del f
        gc.collect()
        return sum(type(each) is NestedFunction for each in gc.get_objects()), generated_texts()

    numbers = itertools.count()
    kept = compile_many(8)
    found = compile_many(40)  # what other tests left may be gone meanwhile
    assert all(now <= before for now, before in zip(found, kept, strict=True))


def test_batch_sizes_share_a_compilation_but_one_is_special(compiled):
    W, b = np.ones((3, 2)), np.zeros(2)

    def f(W, b, x):
        return np.mean(np.tanh(x @ W + b))

    for size in (2, 3, 64):
        ad.gradient(f, W, b, np.ones((size, 3)))
    assert len(compiled) == 1
    ad.gradient(f, W, b, np.ones((1, 3)))
    assert len(compiled) == 2


@pytest.mark.parametrize(
    "other", [X.astype(np.float32), X[None], 2.0, np.float32(2.0), 2, [1.0, 2.0, 3.0]],
    ids=["float32", "two axes", "float", "numpy scalar", "int", "list"],
)  # fmt: skip
def test_other_types_are_another_compilation(compiled, other):
    def f(x):
        return np.sum(np.asarray(x) * 2.0)

    ad.gradient(f, X)
    before = len(compiled)
    ad.gradient(f, other)
    ad.gradient(f, X)
    assert len(compiled) == before + 1


def test_a_captured_array_of_another_type_is_noticed(compiled):
    W = np.ones(3)

    def f(x):
        return np.sum(W * x)

    assert ad.gradient(f, X)[0].tolist() == [1.0, 1.0, 1.0]
    W = np.full((2, 3), 2.0)
    assert ad.gradient(f, X)[0].tolist() == [4.0, 4.0, 4.0]
    W = 3.0
    assert ad.gradient(f, X)[0].tolist() == [3.0, 3.0, 3.0]
    W = np.full(3, 5.0)
    assert ad.gradient(f, X)[0].tolist() == [5.0, 5.0, 5.0]
    assert len(compiled) == 3


# -- what changes is noticed -----------------------------------------------------------------------

THIS = sys.modules[__name__]
SCALE = 2.0
MODE = "square"
ITEMS = [1.0, 2.0]
TABLE = {"scale": 2.0}
HELPERS = types.SimpleNamespace(scale=2.0, function=lambda x: x * 2.0)
MODULE = types.ModuleType("a_module_of_the_test")
MODULE.scale = 2.0


def helper(x):
    return x * x


def outer_helper(x):
    return helper(x)


def uses_helper(x):
    return outer_helper(x) * 1.0


def test_a_callee_that_is_redefined_is_compiled_anew(monkeypatch, compiled):
    assert ad.gradient(uses_helper, 3.0) == (6.0,)
    monkeypatch.setattr(THIS, "helper", lambda x: x**3)
    assert ad.gradient(uses_helper, 3.0) == (27.0,)
    assert len(compiled) == 2
    monkeypatch.undo()
    assert ad.gradient(uses_helper, 3.0) == (6.0,)


def test_code_that_is_replaced_is_noticed():
    def inner(x):
        return x * x

    def f(x):
        return inner(x) * 1.0

    assert ad.gradient(f, 3.0) == (6.0,)
    inner.__code__ = (lambda x: x * 5.0).__code__
    assert ad.gradient(f, 3.0) == (5.0,)


@pytest.mark.parametrize(
    "f, change",
    [
        (lambda x: SCALE * x, lambda m: m.setattr(THIS, "SCALE", 5.0)),
        (lambda x: SCALE * x, lambda m: m.setattr(THIS, "SCALE", 5)),
        (lambda x: 2.0 * x if MODE == "square" else 5.0 * x, lambda m: m.setattr(THIS, "MODE", "")),
        (lambda x: ITEMS[1] * x, lambda m: m.setitem(TABLE, "", ITEMS.__setitem__(1, 5.0))),
        (lambda x: sum(ITEMS) * x - x, lambda m: ITEMS.append(3.0)),
        (lambda x: TABLE["scale"] * x, lambda m: m.setitem(TABLE, "scale", 5.0)),
        (lambda x: TABLE.get("more", 0.0) * x + 2.0 * x, lambda m: m.setitem(TABLE, "more", 3.0)),
        (lambda x: HELPERS.scale * x, lambda m: m.setattr(HELPERS, "scale", 5.0)),
        (lambda x: HELPERS.function(x), lambda m: m.setattr(HELPERS, "function", lambda x: 5 * x)),
        (lambda x: MODULE.scale * x, lambda m: m.setattr(MODULE, "scale", 5.0)),
        (lambda x: math_like.scale(x), lambda m: m.setattr(math_like, "scale", lambda x: x * 5.0)),
        (lambda x: Base.factor * x, lambda m: m.setattr(Base, "factor", 5.0)),
    ],
    ids=["number", "type", "text", "list item", "list length", "dict item", "dict key", "attribute",
         "function attribute", "module", "module function", "class attribute"],
)  # fmt: skip
def test_a_change_of_the_surroundings_is_noticed(monkeypatch, f, change):
    monkeypatch.setattr(THIS, "ITEMS", [1.0, 2.0])
    assert ad.gradient(f, 3.0) == (2.0,)
    change(monkeypatch)
    assert ad.gradient(f, 3.0) == (5.0,)


math_like = types.ModuleType("math_like")
math_like.scale = lambda x: x * 2.0


class Base:
    factor = 2.0

    def scale(self, x):
        return x * 2.0


def test_objects_of_other_classes_are_other_types():
    class Derived(Base):
        def scale(self, x):
            return x * 5.0

    def f(x, thing):
        return thing.scale(x)

    assert ad.gradient(f, 3.0, Base())[0] == 2.0
    assert ad.gradient(f, 3.0, Derived())[0] == 5.0


def test_a_list_argument_of_another_length_is_right():
    def f(xs):
        total = 0.0
        for x in xs:
            total = total + x * x
        return total

    for n in (1, 2, 5, 3, 2):
        xs = [float(k) for k in range(n)]
        assert ad.gradient(f, xs) == ([2.0 * x for x in xs],)


# -- nothing is kept alive -------------------------------------------------------------------------


class Thing:
    def __init__(self, w):
        self.w = w


@pytest.mark.parametrize("call", [ad.gradient, ad.value_and_gradient, ad.source])
def test_an_argument_is_not_kept_alive(call):
    x, thing = np.ones(1000), Thing(np.ones(3))
    call(lambda x, thing: np.sum(x * x) + np.sum(thing.w), x, thing)
    references = [weakref.ref(x), weakref.ref(thing), weakref.ref(thing.w)]
    del x, thing
    gc.collect()
    assert [r() is None for r in references] == [True, True, True]


def test_a_pullback_lets_go_of_what_it_kept():
    x = np.ones(1000)
    y, back = ad.pullback(lambda x: np.sin(x), x)
    back(np.ones(1000))
    reference = weakref.ref(x)
    del x, y, back
    gc.collect()
    assert reference() is None


def test_what_a_closure_captured_is_not_kept_alive():
    def make():
        W, thing = np.ones(1000), Thing(np.ones(1000))
        f = lambda x: np.sum(W * x) + np.sum(thing.w * x)  # noqa: E731
        ad.gradient(f, np.ones(1000))
        return [weakref.ref(W), weakref.ref(thing), weakref.ref(f)]

    references = make()
    gc.collect()
    assert [r() is None for r in references] == [True, True, True]


# -- errors ----------------------------------------------------------------------------------------


def test_an_exception_leaves_the_cache_as_it_was(compiled):
    def f(x):
        if x < 0:
            raise ValueError("negative")
        return x * x

    assert ad.gradient(f, 3.0) == (6.0,)
    for _ in range(3):
        with pytest.raises(ValueError, match="negative"):
            ad.gradient(f, -3.0)
        assert ad.gradient(f, 3.0) == (6.0,)
    assert len(compiled) == 1


def test_a_refused_program_stays_refused_and_harms_nothing():
    def f(x):
        return eval("x * x")

    for _ in range(3):
        with pytest.raises(ad.UnsupportedSyntaxError):
            ad.gradient(f, 3.0)
        assert ad.gradient(lambda x: x * x, 3.0) == (6.0,)


class Doubling:
    def scale(self, x):
        return x * 2.0


class Everything:
    def __init__(self, x):
        self.x = 2.0 * x

    def __add__(self, other):
        return 2.0 * other

    def __call__(self, x):
        return 2.0 * x

    def __iter__(self):
        return iter([self.x])

    @property
    def doubled(self):
        return self.x

    @staticmethod
    def twice(x):
        return 2.0 * x

    def method(self, x):
        return 2.0 * x


class Fivefold(Everything):
    def __init__(self, x):
        self.x = 5.0 * x

    def __add__(self, other):
        return 5.0 * other

    def __call__(self, x):
        return 5.0 * x

    def __iter__(self):
        return iter([2.5 * self.x])

    @property
    def doubled(self):
        return 2.5 * self.x

    @staticmethod
    def twice(x):
        return 5.0 * x

    def method(self, x):
        return 5.0 * x


@pytest.mark.parametrize(
    "f, name",
    [
        (lambda x: Everything(x).x, "__init__"),
        (lambda x: Everything(1.0) + x, "__add__"),
        (lambda x: Everything(1.0)(x), "__call__"),
        (lambda x: sum(Everything(x)), "__iter__"),
        (lambda x: Everything(x).doubled, "doubled"),
        (lambda x: Everything(1.0).twice(x), "twice"),
        (lambda x: Everything.twice(x), "twice"),
        (lambda x: Everything(1.0).method(x), "method"),
        (lambda x: Everything.method(None, x), "method"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_replaced_in_a_class_is_noticed(monkeypatch, f, name):
    assert ad.gradient(f, 3.0) == (2.0,)
    monkeypatch.setattr(Everything, name, vars(Fivefold)[name])
    assert ad.gradient(f, 3.0) == (5.0,)


def test_a_method_that_a_subclass_gets_is_noticed(monkeypatch):
    class Inherits(Everything):
        pass

    def f(x):
        return Inherits(1.0).method(x)

    assert ad.gradient(f, 3.0) == (2.0,)
    Inherits.method = Fivefold.method
    assert ad.gradient(f, 3.0) == (5.0,)


def scaled(x, factor=2.0, *, more=0.0):
    return factor * x + more * x


@pytest.mark.parametrize(
    "name, value",
    [
        ("__code__", (lambda x, factor=0.0, *, more=0.0: 5.0 * x).__code__),
        ("__defaults__", (5.0,)),
        ("__kwdefaults__", {"more": 3.0}),
    ],
)
def test_a_callee_that_is_changed_in_place_is_noticed(monkeypatch, name, value):
    def f(x):
        return scaled(x)

    assert ad.gradient(f, 3.0) == (2.0,)
    monkeypatch.setattr(scaled, name, value)
    assert ad.gradient(f, 3.0) == (5.0,)


def test_what_is_imported_inside_a_function_is_looked_up_again(monkeypatch):
    monkeypatch.setitem(sys.modules, "math_like", math_like)

    def f(x):
        from math_like import scale

        return scale(x)

    assert ad.gradient(f, 3.0) == (2.0,)
    monkeypatch.setattr(math_like, "scale", lambda x: 5.0 * x)
    assert ad.gradient(f, 3.0) == (5.0,)


def test_a_method_that_is_redefined_is_noticed(monkeypatch):
    def f(x):
        return Doubling().scale(x)

    assert ad.gradient(f, 3.0) == (2.0,)
    monkeypatch.setattr(Doubling, "scale", lambda self, x: x * 5.0)
    assert ad.gradient(f, 3.0) == (5.0,)


def test_a_rule_that_is_declared_anew_for_a_function_made_anew_is_the_one_that_counts():
    def made(slope):
        def own(x):
            return x * 2.0

        ad.rule(own)(lambda x: (own(x), lambda y_bar: slope * y_bar))
        return own

    first = made(3.0)
    assert ad.gradient(first, 1.0) == ad.gradient(lambda x: first(x), 1.0) == (3.0,)
    second = made(5.0)
    for own, slope in ((second, 5.0), (first, 3.0), (second, 5.0)):
        assert ad.gradient(own, 1.0) == ad.gradient(lambda x: own(x), 1.0) == (slope,)
