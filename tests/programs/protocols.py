"""Classes that take part in Python's protocols, descriptors, dispatch by type, recursion."""

import functools

import numpy as np

from tests.programs.registry import make, normal, program, static


class Vector:
    """A container of values, through every special method that reads it."""

    def __init__(self, items):
        self.items = items

    def __getitem__(self, index):
        return self.items[index]

    def __len__(self):
        return len(self.items)

    def __iter__(self):
        return iter(self.items)

    def __contains__(self, value):
        return value in self.items

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self.items, dtype)

    def __bool__(self):
        return self.items[0] > 0

    def __call__(self, factor):
        return sum(self.items) * factor

    def __neg__(self):
        return Vector([-item for item in self.items])


class Indexed:
    """Iterable by `__getitem__` alone."""

    def __init__(self, items):
        self.items = items

    def __getitem__(self, index):
        return self.items[index]


class Squares:
    """An iterator of its own making."""

    def __init__(self, items):
        self.items = items

    def __iter__(self):
        return iter([item * item for item in self.items])

    def __reversed__(self):
        return iter([-item for item in self.items])


class Doubled:
    """A descriptor."""

    def __set_name__(self, owner, name):
        self.name = "_" + name

    def __get__(self, instance, owner=None):
        if instance is None:
            return self
        return 2 * getattr(instance, self.name)


class Holder:
    value = Doubled()

    def __init__(self, value):
        self._value = value

    @property
    def squared(self):
        return self._value**2

    @classmethod
    def zero(cls):
        return cls(0.0)

    @classmethod
    def of_square(cls, value):
        return cls(value * value)

    @staticmethod
    def cube(value):
        return value**3

    def __getattr__(self, name):
        if name == "tripled":
            return 3 * self._value
        raise AttributeError(name)


@program(make(Vector, [1.5, 2.0, -0.5]))
def reads(v):
    total = v[0] * v[-1] + len(v)
    for item in v:
        total = total + item * item
    return total


@program(make(Vector, [1.5, 2.0, -0.5]), 2.0)
def asked(v, x):
    y = x * v(3.0)
    if v and 99.0 not in v:
        y = y * v[1]
    if -v:
        y = y * 100
    return y


@program(make(Vector, [1.5, 2.0, -0.5]))
def unpacked(v):
    a, *rest = v
    first, second, third = v
    return a * rest[0] + first * second * third + sum(v)


@program(make(Vector, [1.5, 2.0, -0.5]), normal(3))
def as_array(v, x):
    return np.sum(np.asarray(v) * x) + np.sum(np.sin(v))


@program(make(Indexed, [1.5, 2.0, -0.5]))
def by_index_alone(v):
    total = 1.0
    for item in v:
        total = total * item
    return total + v[1]


@program(make(Squares, [1.5, 2.0, -0.5]))
def its_own_iterator(v):
    total = 0.0
    for i, item in enumerate(v):
        total = total + i * item
    return total + sum(v) + max(item for item in v)


@program(make(Holder, 1.5))
def descriptors(h):
    return h.value * h._value + h.squared + h.tripled


@program(1.5)
def alternative_constructors(x):
    h = Holder.of_square(x)
    return h.value + Holder.cube(x) + h.cube(2 * x) + Holder.zero().value


@functools.singledispatch
def size_of(value):
    return value * 2


@size_of.register
def _(value: list):
    return sum(size_of(item) for item in value)


@size_of.register(tuple)
def _(value):
    return value[0] * value[1]


@size_of.register
def _(value: np.ndarray):
    return np.sum(value * value)


@program([1.5, (2.0, 3.0), [0.5]], normal(2))
def dispatched_by_type(items, x):
    return size_of(items) * size_of(x) + size_of(2.0)


class Shape:
    @functools.singledispatchmethod
    def scaled(self, factor):
        return factor * 2

    @scaled.register
    def _(self, factor: list):
        return sum(factor) * 3


@program([1.5, 2.0], 0.5)
def methods_dispatched_by_type(items, x):
    shape = Shape()
    return shape.scaled(items) * shape.scaled(x)


def walk(tree, scale, depth):
    if not isinstance(tree, tuple):
        return tree * scale**depth, 1
    left, n = walk(tree[0], scale, depth + 1)
    right, m = walk(tree[1], scale, depth + 1)
    return left + right, n + m


@program(((1.5, 2.0), (0.5, (3.0, 1.0))), 0.7)
def recursion_with_state(tree, scale):
    total, count = walk(tree, scale, 0)
    return total * count


def descend(x, rate, steps):
    if steps == 0:
        return x
    return descend(x - rate * 2 * x, rate, steps - 1)


@program(2.0, 0.1, static(30))
def deep_recursion(x, rate, steps):
    return descend(x, rate, steps)


@program(2.1)
def endless_loops(x):
    total = x
    while True:
        inner = total
        while True:
            inner = inner * 0.5
            if inner < 1:
                break
        total = total + inner
        if total > 3:
            break
    return total


@program(2.0, 3.0)
def lambda_defaults(x, y):
    scale = lambda value, factor=x * y: value * factor  # noqa: E731
    fs = [lambda value, power=power: value**power * x for power in (1, 2)]
    return scale(x) + scale(y, 2.0) + sum(f(y) for f in fs)


@program(2.0)
def class_inside(x):
    class Affine:
        offset = 3.0

        def __init__(self, slope):
            self.slope = slope

        def __call__(self, value):
            return self.slope * value + self.offset

    class Quadratic(Affine):
        def __call__(self, value):
            return super().__call__(value * value)

    return Affine(x)(x) * Quadratic(2 * x)(x)
