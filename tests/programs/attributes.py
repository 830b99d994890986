"""Attributes that a class computes, and classes that Python writes a part of."""

import functools
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from tests.programs.registry import make, normal, program


class Square:
    """A descriptor: the square of another attribute."""

    def __set_name__(self, owner, name):
        self.kept_as = "_" + name

    def __get__(self, instance, owner=None):
        return getattr(instance, self.kept_as) ** 2


class Described:
    squared = Square()

    def __init__(self, value):
        self._squared = value


class Dynamic:
    def __init__(self, value):
        self.value = value

    def __getattr__(self, name):
        if name.startswith("times_"):
            return self.value * float(name[6:])
        raise AttributeError(name)


class Cached:
    def __init__(self, radius):
        self.radius = radius

    @functools.cached_property
    def area(self):
        return np.pi * self.radius**2


class Slotted:
    __slots__ = ("side", "square")

    def __init__(self, side):
        self.side = side
        self.square = side * side

    @property
    def cube(self):
        return self.side * self.square


class Base:
    factor = 2.0

    def __init__(self, value):
        self.value = value

    @property
    def scaled(self):
        return self.value * self.factor

    def shifted(self, by):
        return self.value + by


class Derived(Base):
    factor = 3.0

    @property
    def scaled(self):
        shifted = super().shifted
        return super().scaled + shifted(self.value) * super().factor


@dataclass
class Bag:
    first: float
    rest: list = field(default_factory=list)
    total: float = field(init=False)

    def __post_init__(self):
        self.total = self.first * 2 + sum(self.rest)


@dataclass(frozen=True, order=True)
class Rectangle:
    width: float
    height: float = 2.0

    def __post_init__(self):
        object.__setattr__(self, "area", self.width * self.height)


class Pair(NamedTuple):
    left: float
    right: float = 4.0

    def product(self):
        return self.left * self.right


@program(0.7)
def computed_attributes(x):
    thing = Cached(x)
    return (
        Described(x).squared * Dynamic(x * x).times_3
        + thing.area * thing.area
        + getattr(thing, "area")
        + Slotted(x).cube
        + Derived(x).scaled
    )


@program(make(Described, 0.7), make(Dynamic, 1.3), make(Derived, normal(2)))
def computed_attributes_of_arguments(described, dynamic, derived):
    return described.squared * dynamic.times_2 + np.sum(derived.scaled**2)


@program(0.7)
def attributes_of_objects_in_a_list(x):
    things = [Described(x), Described(x * 2), Described(3.0)]
    return sum(thing.squared for thing in things) + max(things, key=lambda t: t.squared).squared


@program(0.7, normal(2))
def dataclasses_with_factories(x, y):
    bags = [Bag(x), Bag(x, [np.sum(y), x * x])]
    return sum(bag.total for bag in bags) * bags[1].rest[0]


@program(0.7)
def frozen_dataclass_that_keeps_more(x):
    small, large = Rectangle(x), Rectangle(x * 3, x)
    return small.area * large.area if small < large and small != large else large.area


@program(0.7)
def named_tuple_replaced(x):
    pair = Pair(x)
    other = pair._replace(right=x * x, left=2.0)
    return pair.product() * other.product() + pair._asdict()["left"] * len(Pair._fields)
