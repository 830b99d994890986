"""Classes made in the program, met where nothing but running tells what is called."""


def classes_by_key(x):
    class Times:
        def f(self, y):
            return x * y

    class Twice:
        def f(self, y):
            return 2 * y

    table, t = {0: Times, 1: Twice}, 1.0
    for k in range(4):
        t = t + table[k % 2]().f(3.0)
    return t


def class_of_each_round(x):
    objects = []
    for k in range(3):
        y = x * k

        class Value:
            def f(self):
                return y  # noqa: B023  (that is what is tested)

        objects.append(Value())
    return sum([o.f() for o in objects])


def class_attribute(x):
    class Scale:
        factor = x * 2

        def f(self, y):
            return self.factor * y

    return Scale().f(3.0)


def class_in_a_branch(x):
    if x > 0.1:

        class Value:
            def f(self):
                return x * x
    else:

        class Value:
            def f(self):
                return x

    return Value().f()


def given_to_a_recursion(x):
    class Value:
        def f(self):
            return x * 2

    def use(p, n):
        return p.f() if n == 0 else use(p, n - 1)

    return use(Value(), 2)


def calls_itself(x):
    class Power:
        def f(self, n):
            return x if n == 0 else x * self.f(n - 1)

    return Power().f(3)


def decorated_class(x):
    def twice(cls):
        class Double(cls):
            def f(self):
                return super().f() * 2

        return Double

    @twice
    class Value:
        def f(self):
            return x

    return Value().f()


def frozen_dataclass(x):
    import dataclasses

    @dataclasses.dataclass(frozen=True)
    class Value:
        a: float

        def f(self):
            return self.a * x

    return Value(2.0).f()


def sorted_by_its_class(x):
    class Value:
        def __init__(self, k):
            self.k = k

        def __lt__(self, other):
            return self.k * x < other.k * x

        def f(self):
            return self.k * x

    return sorted([Value(2.0), Value(1.0)])[0].f() * 3


class _Stepping:
    def __init__(self):
        self.n, self.t = 0, 0.0

    def step(self, x):
        self.t = self.t * x + self.n
        self.n += 1
        return self.n < 4


def condition_that_changes(x):
    s = _Stepping()
    while s.step(x):
        pass
    return s.t


class _Plain:
    def f(self):
        return 1.0


def method_that_is_replaced(x):
    p = _Plain()
    p.f = lambda: 5.0 * x
    return p.f()


def captured_and_assigned_again(x):
    class Value:
        def f(self):
            return x

    p = Value()
    x = x * 2
    return p.f() * x
