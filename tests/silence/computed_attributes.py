"""Attributes that are computed: cached properties, `__getattr__`, `__setattr__`, descriptors."""

import functools

from tests.silence.listed import (
    CACHED,
    COMPUTED,
    given,
)

ARGUMENTS = (0.7,)
REFUSED = {
    CACHED: """
        cached_property_of_what_changes
        cached_property_of_an_argument_that_changes
        cached_property_deleted
        cached_property_popped
        cached_property_stored
        cached_property_that_changes
        cached_property_of_one_of_two
        cached_property_of_one_in_a_list
    """,
    COMPUTED: """
        computed_attribute_is_stored
        computed_attribute_is_read_and_stored
        computed_attribute_of_an_argument
        computed_attribute_that_is_remembered
        computed_attribute_that_changes
    """,
}


# -- cached ------------------------------------------------------------------------------------------


class Cached:
    def __init__(self, n):
        self.n = n

    @functools.cached_property
    def square(self):
        return self.n * self.n


def cached_property_of_what_changes(x):
    thing = Cached(x)
    first = thing.square
    thing.n = 3.0 * x
    return first * thing.square


class Cube(Cached):
    @functools.cached_property
    def square(self):
        return self.n * self.n * self.n


def cached_property_of_one_of_two(x):
    thing = Cached(x) if x > 0 else Cube(x)
    first = thing.square
    thing.n = 3.0 * x
    return first * thing.square


def cached_property_of_one_in_a_list(x):
    thing = [Cached(x), Cube(x)][int(x > 0)]
    first = thing.square
    thing.n = 3.0 * x
    return first * thing.square


def cached_property_of_two_that_stay(x):
    thing = Cached(x) if x > 0 else Cube(x)
    return thing.square * thing.square


@given(Cached(0.7))
def cached_property_of_an_argument_that_changes(thing):
    first = thing.square
    thing.n = 3.0 * thing.n
    return first * thing.square


def cached_property_deleted(x):
    thing = Cached(x)
    first = thing.square
    thing.n = 3.0 * x
    del thing.square
    return first * thing.square


def cached_property_popped(x):
    thing = Cached(x)
    first = thing.square
    thing.n = 3.0 * x
    thing.__dict__.pop("square", None)
    return first * thing.square


def cached_property_stored(x):
    thing = Cached(x)
    thing.square = x**3
    return thing.square


class CachedAndCounted:
    def __init__(self, n):
        self.n = n

    @functools.cached_property
    def square(self):
        self.n = self.n * 2
        return self.n * self.n


def cached_property_that_changes(x):
    thing = CachedAndCounted(x)
    first = thing.square * thing.square
    thing.n = x
    return first * thing.square * thing.n


class Lazy:
    """A cache by hand, which is differentiated."""

    def __init__(self, n):
        self.n, self._square = n, None

    @property
    def square(self):
        if self._square is None:
            self._square = self.n * self.n
        return self._square


def cache_by_hand(x):
    thing = Lazy(x)
    first = thing.square
    thing.n = 3.0 * x
    first *= thing.square
    thing._square = None
    return first * thing.square


# -- __getattr__, __setattr__, properties, descriptors -----------------------------------------------


class Doubling:
    def __init__(self, n):
        self.n = n

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return self.n * 2


def computed_attribute_is_stored(x):
    thing = Doubling(x)
    thing.new = x**3
    return thing.new


def computed_attribute_is_read_and_stored(x):
    thing = Doubling(x)
    first = thing.new
    thing.new = x**3
    return first * thing.new


@given(Doubling(0.7))
def computed_attribute_of_an_argument(thing):
    first = thing.new
    thing.new = thing.n**3
    return first * thing.new


class Remembering:
    def __init__(self, n):
        self.n = n

    def __getattr__(self, name):
        if name != "w":
            raise AttributeError(name)
        self.w = self.n * self.n
        return self.w


def computed_attribute_that_is_remembered(x):
    thing = Remembering(x)
    first = thing.w
    thing.n = 3.0 * x
    return first * thing.w


class Growing:
    def __init__(self, n):
        self.n = n

    def __getattr__(self, name):
        self.n = self.n * 2
        return self.n


def computed_attribute_that_changes(x):
    thing = Growing(x)
    first = thing.a * thing.b
    thing.a = x
    return first * thing.a * thing.n


class Doubled:
    def __init__(self, x):
        self.x = x

    def __setattr__(self, name, v):
        object.__setattr__(self, name, v * 2)


def stored_by_a_method(x):
    thing = Doubled(x)
    thing.x = thing.x * x
    thing.y = thing.x
    return thing.x * thing.y


class Logged:
    def __init__(self, x):
        self.log = []
        self.x = x

    def __setattr__(self, name, v):
        if name == "x":
            self.log.append(v)
        super().__setattr__(name, v)


def stored_and_logged(x):
    thing = Logged(x)
    thing.x = thing.x * x
    thing.x *= x
    return sum(thing.log) * thing.x


class Property:
    def __init__(self, x):
        self._x, self.reads = x, 0

    @property
    def x(self):
        self.reads += 1
        return self._x * self.reads

    @x.setter
    def x(self, v):
        self._x = v * v


def property_that_counts(x):
    thing = Property(x)
    thing.x = thing.x * x
    thing.x += x
    return thing.x * thing.x


class Descriptor:
    def __get__(self, instance, owner):
        if instance is None:
            return self
        instance.n = instance.n * 2
        return instance.n

    def __set__(self, instance, v):
        instance.n = v * v


class Described:
    d = Descriptor()

    def __init__(self, n):
        self.n = n


def descriptor_that_changes(x):
    thing = Described(x)
    first = thing.d
    thing.d = x * 3
    return first * thing.d * thing.n


class Slots:
    __slots__ = ("a", "b")

    def __init__(self, a, b):
        self.a, self.b = a, b


def slots(x):
    thing = Slots(x, x * x)
    for _ in range(3):
        thing.a, thing.b = thing.b, thing.a * x
    thing.a += thing.b
    return thing.a * thing.b
