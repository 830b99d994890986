"""Expressions, displays, strings, calls: the IR computes what Python does."""

import math

import numpy as np
import pytest

CASES = []


def case(*calls):
    def register(function):
        CASES.append((function, calls))
        return function

    return register


class Loud:
    """Prints what is asked of it, so that the order of evaluation can be compared."""

    def __init__(self, name, value=True):
        self.name, self.value = name, value

    def __bool__(self):
        print("bool", self.name)
        return self.value

    def __lt__(self, other):
        print(self.name, "<", other.name)
        return self

    def __contains__(self, item):
        print(item, "in", self.name)
        return self.value

    def __repr__(self):
        return f"Loud({self.name})"

    def method(self, *args, **kwargs):
        print(self.name, args, kwargs)
        return self


def loud(name, value=True):
    print("make", name)
    return Loud(name, value)


@case((7, 3), (7.5, 2), (1, 0), ("a", 2))
def binary(a, b):
    return a + b, a - b, a * b, a / b, a // b, a % b, a**b


@case((6, 3))
def bits(a, b):
    return a & b, a | b, a ^ b, a << b, a >> b, ~a


@case((np.eye(2), np.ones((2, 2))))
def matrix(a, b):
    return a @ b


@case((3,), (0,), ([],))
def unary(a):
    return not a, -a, +a


@case()
def signed_constants():
    return -1, +2, -2.5, ~3, not 0, -(1j)


@case((1, 2, 3), (3, 2, 1), (2, 2, 2))
def chains(a, b, c):
    return a < b < c, a <= b <= c, a == b != c, a > b, a >= b > c, a is b, a is not c


@case()
def chain_order():
    return loud("a") < loud("b", False) < loud("c")


@case((1, [1, 2]), (3, {4: 5}), ("a", "abc"))
def membership(a, b):
    return a in b, a not in b


@case()
def membership_order():
    return loud("item") in loud("box"), loud("item") not in loud("box")


@case((0, 1), (1, 0), ([], 0), (2, 3))
def and_or(a, b):
    return a and b, a or b, a and b or 5, not (a or b), (a or b) and (b or a)


@case()
def and_or_order():
    return loud("a") and loud("b", False) and loud("c"), loud("d", False) or loud("e") or loud("f")


@case((1,), (-1,))
def conditional(a):
    return (a if a > 0 else -a), ("even" if a % 2 == 0 else "odd" if a > 0 else "negative")


@case((5,))
def conditional_constant(a):
    return a if True else missing_name, missing_name if 0 else a  # noqa: F821


@case(([1, 2, 3, 4, 5], 1))
def slices(x, i):
    return x[0], x[-1], x[i:], x[:i], x[::2], x[i : i + 2], x[slice(1, 3)], x[:], x[1:3:1]


@case((np.arange(24.0).reshape(2, 3, 4), 1))
def array_slices(x, i):
    return x[0, 1], x[..., 0], x[:, i], x[:, None, i:], x[i, ..., ::2], x[x > 5.0], x[[0, 1], i]


@case(((1, 0),))
def star_subscript(index):
    return np.eye(3)[*index], np.eye(3)[(*index,)]


@case((2, 3))
def displays(a, b):
    constants = (1, 2), (1, (2, "x"))
    return (a, b), [a, b], {a, b}, {a: b, "k": a}, (), [], {}, (a,), [(a, [b])], constants


@case(([1, 2], (3,), {"k": 1}))
def splats(a, b, c):
    return [*a, *b], (*a, 0, *b), {*a, *b}, {**c, "j": 2}, {"j": 2, **c, "l": 3, **c}, {**c}


@case((3.14159, "w", 8))
def formatted(x, s, width):
    return f"{x:.2f}|{s!r:>{width}}|{x:{width}.{2}f}", f"plain", f"{s}", f"{x=:.1f}", f"{{}}"  # noqa: F541, E501


@case((1, 2))
def plain_calls(a, b):
    return max(a, b), math.hypot(a, b), np.add(a, b), abs(-a), float(b), isinstance(a, int)


@case()
def methods():
    box = loud("box")
    name = box.method(1, *[2, 3], key=4, **{"other": 5}).method().name
    return name, "a,b".split(","), "x".join("ab")


@case()
def call_order():
    return loud("f").method(loud("a"), loud("b"), k=loud("c"))


@case(([3, 1, 2],))
def keyword_calls(x):
    print(*x, sep="-")
    return sorted(x, reverse=True), sorted(x, key=lambda v: -v), dict(a=1, **{"b": 2})


@case((1,), ("x",))
def type_errors(x):
    return x + "x", len(x)


@case()
def missing_global():
    print("before")
    return no_such_name + 1  # noqa: F821  # pyright: ignore


@case((True,), (False,))
def missing_global_not_reached(flag):
    if flag:
        return 1
    return no_such_name  # noqa: F821  # pyright: ignore


@case((5,), (50,))
def walrus(n):
    y = [(m := n + 1), m * 2]
    if (k := n % 7) > 3 and (j := k * 2) > 8:
        return y, k, j
    return y, k


@case(([1, 2, 3],), ([],))
def list_comprehensions(x):
    return [v * 2 for v in x], [v for v in x if v > 1], [v for v in x if v > 1 if v < 3]


@case(([1, 2, 3], [4, 5]))
def nested_comprehensions(x, y):
    a = [(v, w) for v in x for w in y]
    b = [v * w for v in x if v != 2 for w in y if w + v != 5]
    c = [[v + w for v in x] for w in y]
    d = [u for row in c for u in row for _ in range(2)]
    return a, b, c, d


@case(([("a", 1), ("b", 2)],))
def comprehension_targets(pairs):
    return (
        [k * n for k, n in pairs],
        {k: n for k, n in pairs},
        {n for _, n in pairs},
        [(k, first, rest) for k, (first, *rest) in [("z", (1, 2, 3))]],
    )


@case(([1, 2, 3],))
def dict_and_set_conditions(x):
    pairs = {(a, b): a for a in x for b in x}
    return {v: v * v for v in x if v != 2}, {v % 2 for v in x if v}, pairs


@case((3,))
def comprehension_scope(x):
    y = [x for x in range(x)]
    return x, y, [x + v for v in y for v in [v, v]]


@case(([1, 5, 2],))
def comprehension_walrus(x):
    biggest = 0
    y = [biggest := max(biggest, v) for v in x]
    return y, biggest


@case(([1, 5, 2],), ([],))
def comprehension_walrus_unbound(x):
    y = [last := v for v in x]
    return y, last


@case(([1, 2, 3],))
def generators(x):
    return (
        sum(v * v for v in x),
        max(v for v in x),
        ",".join(str(v) for v in x),
        sorted((v for v in x), reverse=True),
        [*(v for v in x)],
    )


@case(([1, 2, 3],), ([],), ([0, 0],), ([0, 5],))
def short_circuits(x):
    def seen(v):
        print("seen", v)
        return v

    return any(seen(v) > 1 for v in x), all(seen(v) > 1 for v in x), all(v for v in x if v)


@case(([[1, 2], [3, 4]],), ([[]],))
def nested_any(x):
    v = "kept"
    return any(print(v) or v == 3 for row in x if row for v in row), v


@case(([1, 2, 3],), ([],))
def next_generator(x):
    a = next((v for v in x if v > 1), None)
    b = next((print(v) for v in x), print("default"))
    c = next(v * 2 for v in x)
    return a, b, c


@case(([4, 5],))
def any_inside_loop(x):
    found = 0
    for limit in range(8):
        if any(v == limit for v in x):
            found = found + limit
        if all(v < limit for v in x):
            break
    return found, limit


@case((2,))
def lambdas_on_one_line(a):
    return (lambda x: x + a)(1), (lambda x: x * a)(10), (lambda x: x)(3), (lambda: (lambda: a)())()


@case((1, 2), (1,))
def defaults(a, b=5, *, c=7):
    f = lambda x, y=a, *args, k=b, **kw: (x, y, args, k, kw)  # noqa: E731
    return f(1), f(1, 2, 3, k=4, z=5), c


@case((1, 2, 3, 4))
def parameters(a, /, b, *args, k=1, **kw):
    return a, b, args, k, kw


@case()
def bare_expressions():
    """Documented."""
    ...
    1
    "text"
    print("x")


@case((1,))
def reads_builtin_and_module(x):
    return math.pi, np.float64(x), __name__ is not None, True, None, ...


@pytest.mark.parametrize("function, calls", CASES, ids=lambda c: getattr(c, "__name__", ""))
def test_same_as_python(same_as_python, function, calls):
    same_as_python(function, *(calls or [()]))
