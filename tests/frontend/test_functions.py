"""Inner functions, captures, constructors, methods, and the stores that are allowed."""

import functools

import pytest

from adjoint.frontend import lower
from adjoint.ir.interpret import call
from adjoint.ir.nodes import Call, Closure, Loop
from adjoint.ir.printer import show
from adjoint.ir.verify import verify

CASES = []


def case(*calls):
    def register(function):
        CASES.append((function, calls))
        return function

    return register


@case((3,))
def inner(x):
    def add(y, z=x):
        return x + y + z

    return add(1), add(1, z=2)


@case((5,))
def self_recursion(n):
    def factorial(k):
        return 1 if k < 2 else k * factorial(k - 1)

    return factorial(n)


@case((5,), (6,))
def mutual_recursion(n):
    scale = 2

    def even(k):
        return scale if k == 0 else odd(k - 1)

    def odd(k):
        return 0 if k == 0 else even(k - 1)

    return even(n), odd(n)


@case((5,))
def mutual_recursion_after_reassignment(n):
    scale = 2

    def odd(k):
        return 0 if k == 0 else even(k - 1)

    def even(k):
        return scale if k == 0 else odd(k - 1)

    a = odd(n)
    scale = 3
    return a, odd(n), even(n)


@case((5,))
def captures_a_later_value(x):
    def inner():
        return y * 2

    y = x + 1
    return inner()


@case((5,))
def captured_variable_changes(x):
    k = 1
    f = lambda v: v * k  # noqa: E731
    a = f(x)
    k = 10
    return a, f(x)


@case((3,))
def captured_variable_changes_in_a_loop(n):
    k = 1

    def f(v):
        return v * k

    out = []
    for i in range(n):
        out = out + [f(i)]
        k = k + i
    return out, f(100)


@case((3,))
def closure_per_iteration(n):
    total = 0
    for i in range(n):
        f = lambda v: v * i  # noqa: E731
        total = total + f(2) + sum(map(lambda v: v + i, [1, 2]))
    return total, f(10)


@case((1,), (-1,))
def closure_per_branch(x):
    if x > 0:
        k = 2
        f = lambda v: v * k  # noqa: E731
    else:
        k = 3
        f = lambda v: v + k  # noqa: E731
    return f(x), k


@case((2,))
def nested_three_deep(x):
    def outer(y):
        def middle(z):
            return (lambda w: x + y + z + w)(1)

        return middle(10)

    return outer(100)


@case((2,))
def returns_a_closure(x):
    def make(k):
        def f(v):
            return v * k + x

        return f

    return make(3)(4), [make(i)(1) for i in range(3)]


@case(([3, 1, 2],))
def lambda_in_comprehension(xs):
    return [(lambda v: v * x)(2) for x in xs], [f(1) for f in [lambda v: v + 1, lambda v: v + 2]]


@case((4,))
def decorated_inner(n):
    calls = []

    def twice(f):
        return lambda *a: f(f(*a))

    @twice
    def step(x):
        return x + n

    return step(1), calls


@case((3,))
def partials(x):
    f = functools.partial(lambda a, b: a - b, b=x)
    return f(10)


@case((3,))
def nested_comprehension_codes(n):
    return [[(lambda: (i, j))() for i in range(j)] for j in range(n)], {
        i: (lambda v: v + i)(1) for i in range(n)
    }


@case((3,))
def same_lambda_twice(n):
    fs = (lambda x: x + n, lambda x: x + n, lambda x: x + n)
    return [f(i) for i, f in enumerate(fs)]


@case((3,))
def lambda_over_lines(n):
    return (lambda x: x * n + (lambda y: y - n)(x))(2)


@case((4,))
def item_stores(n):
    out = [0] * n
    for i in range(n):
        out[i] = i * i
    table = {}
    table["a"] = out[1]
    table["b", 1] = n
    return out, table


@case((2,), (0,))
def item_store_in_branch(n):
    xs = list(range(3))
    ys = [v for v in xs]
    if n:
        xs[0] = 10
        ys[-1] = n
    d = dict(a=1)
    d["a"] = d["a"] + 1
    return xs, ys, d


@case((3,))
def item_store_after_augmenting(n):
    xs = [1]
    xs += [2]
    xs[0] = n
    return xs


@case((3,))
def item_store_out_of_range(n):
    xs = [0] * n
    xs[n] = 1
    return xs


@case(([1, 2],))
def method_calls_mutate(xs):
    out = []
    for x in xs:
        out.append(x * 2)
    out.sort(reverse=True)
    return out


@pytest.mark.parametrize("function, calls", CASES, ids=lambda c: getattr(c, "__name__", ""))
def test_same_as_python(same_as_python, function, calls):
    same_as_python(function, *(calls or [()]))


# -- classes ---------------------------------------------------------------------------------------


class Base:
    def __init__(self, a, *, b=2):
        self.a = a
        self.b = b
        self.__secret = a + b

    def secret(self, __x=1):
        return self.__secret + __x + (lambda: self.__secret)()

    def area(self):
        return self.a * self.b


class Child(Base):
    def __init__(self, a, n):
        super().__init__(a, b=3)
        self.items = [i * a for i in range(n)]
        if n > 2:
            self.a += 10
        for i in range(n):
            self.a = self.a + i
            if self.a > 100:
                return
        self.done = True

    def area(self):
        return super().area() + self.secret()


class Explicit(Base):
    def __init__(self, a):
        Base.__init__(self, a)
        self.c = super(Explicit, self).area()

    def nested(self):
        def go():
            return self.a + len(__class__.__name__)

        return go()


class Early(Base):
    def __init__(self, a):
        if a < 0:
            self.a = 0
            return
        super().__init__(a)


@pytest.mark.parametrize(
    "cls, args",
    [(Base, (1,)), (Child, (1, 0)), (Child, (1, 4)), (Child, (95, 5)), (Explicit, (4,)),
     (Early, (1,)), (Early, (-1,))],
)  # fmt: skip
def test_a_constructor_returns_the_instance(cls, args):
    program = verify(lower(cls.__init__))
    made = cls.__new__(cls)
    assert call(program, cls.__init__, made, *args) is made
    assert vars(made) == vars(cls(*args))


@pytest.mark.parametrize("method", ["area", "secret"])
@pytest.mark.parametrize("made", [Base(2), Child(3, 4)], ids=["base", "child"])
def test_methods(same_as_python, made, method):
    same_as_python(getattr(type(made), method), (made,))


def test_class_cell(same_as_python):
    same_as_python(Explicit.nested, (Explicit(4),))


def test_the_result_is_remembered():
    assert lower(inner) is lower(inner)


def test_codes_are_those_of_python():
    def outer(x):
        return (lambda a: a + x), (lambda a: a * x)

    program = verify(lower(outer))
    codes = [s.function.code for s in program.body.statements if isinstance(s, Closure)]
    assert codes == [f.__code__ for f in outer(1)]
    assert codes[0] is not codes[1]


def test_unchanged_names_are_not_carried():
    def f(xs, k):
        total = 0.0
        for x in xs:
            y = x * k
            total = total + y
        return total

    (loop,) = [s for s in lower(f).body.statements if isinstance(s, Loop)]
    assert [c.name for c in loop.carried] == ["total"]


def test_returns_nest_without_flags():
    def f(x):
        if x > 1:
            return 1
        if x > 0:
            return 2
        return 3

    text = show(lower(f))
    assert text.count(" if ") == 2 and "returned" not in text


def test_names_of_the_user_are_marked():
    def f(x):
        y = x + 1
        z = y
        return z * 2

    add, mul = [s for s in lower(f).body.statements if isinstance(s, Call)]
    assert (add.target.name, add.target.named) == ("y", True)
    assert (mul.target.name, mul.target.named) == ("", False)
    assert add.origin is not None and add.origin.function == "f"
