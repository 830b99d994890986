"""Classes that are made in the program, and whose methods capture what it computes."""

from __future__ import annotations

import dataclasses
import functools

import numpy as np

from tests.programs.registry import normal, program


@program(0.7)
def captured_by_a_method(x):
    class Scale:
        def __call__(self, y):
            return x * y

        @staticmethod
        def plain(y):
            return y + x

        @classmethod
        def both(cls, y):
            return cls.plain(y) * x

        @property
        def square(self):
            return x**2

    s = Scale()
    return (
        s(2.0) * s.square + Scale.both(x) + functools.reduce(lambda a, f: f(a), [s, s.__call__], x)
    )


@program(0.7, 1.3)
def numbers_with_a_modulus(x, k):
    """Operators make new objects of the class that they belong to."""

    class Number:
        def __init__(self, a):
            self.a = a

        def __add__(self, other):
            return Number(self.a + other.a * k)

        def __mul__(self, factor):
            return Number(self.a * factor)

    return (Number(x) + Number(2.0) * x).a * Number(k).a


@program(0.7)
def one_class_for_each_call(x):
    def make(s):
        class Times:
            def f(self, y):
                return s * y

        return Times()

    a, b = make(x), make(x * x)
    return a.f(2.0) + b.f(3.0) * a.f(1.0)


@program(0.7)
def objects_of_several_classes(x):
    class Times:
        def f(self, y):
            return x * y

    class Plus:
        def f(self, y):
            return x + y

    class Twice(Times):
        def f(self, y):
            return super().f(y) * x

    t = 1.0
    for p in (Times(), Plus(), Twice(), Times()):
        t = p.f(t)
    return t * isinstance(p, Times)


@program(0.7)
def dataclass_with_a_method(x):
    @dataclasses.dataclass
    class Pair:
        a: float
        b: float = 2.0

        def f(self):
            return self.a * self.b * x

    p = Pair(x)
    return p.f() + dataclasses.replace(p, b=x).f() + sum(dataclasses.asdict(p).values())


@program(normal(3))
def writes_what_it_captured(v):
    y = v * 1.0

    class Store:
        def put(self, i, a):
            y[i] = a * v[0]

    s = Store()
    for i in range(3):
        s.put(i, v[i])
    return np.sum(y)


@program(0.7)
def keeps_what_it_was_given(x):
    class Sum:
        total = 0.0

        def add(self, y):
            self.total = self.total + y * x
            return self

    return Sum().add(x).add(2.0).total * x


@program(normal(3))
def accumulates_with_nothing_captured(x):
    class Total:
        def __init__(self):
            self.total = 0.0

        def add(self, y):
            self.total += y * y
            return self

    total = Total().add(x[0])
    total.add(x[1] * x[2])
    return total.total * x[0]


@program(normal(3))
def inherits_from_a_class_made_beside_it(x):
    class Base:
        def __init__(self):
            self.total = 0.0

    class Scaled(Base):
        scale = 1.5

        def __init__(self, start):
            super().__init__()
            self.total += start

        def __iadd__(self, other):
            self.total += other.total * self.scale
            return self

        @property
        def half(self):
            return self.total / 2

        @half.setter
        def half(self, value):
            self.total = value * 2

    a = Scaled(x[0])
    a += Scaled(x[1])
    a.half = a.half * x[2]
    return a.half * a.total


@program(normal(2))
def counts_in_the_class(x):
    class Counter:
        seen = 1.0

        def add(self, y):
            Counter.seen = Counter.seen + 1
            return y * Counter.seen

    counter = Counter()
    return counter.add(x[0]) + counter.add(x[1]) * x[0]


@program(0.7, 1.3)
def objects_of_a_class_without_a_constructor(x, y):
    class Settings:
        pass

    class Point:
        scale = 2.0

        def length(self):
            return self.a * self.scale

        @property
        def area(self):
            return self.a**2

    settings = Settings()
    settings.rate = x * y
    same = settings
    same.rate = same.rate * settings.rate
    first, second = Point(), Point()
    first.a = settings.rate
    second.a = first.length() * y
    first.a += second.area
    return first.length() * second.a
