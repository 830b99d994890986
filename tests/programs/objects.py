"""Classes: attributes, methods, callable instances, properties, dataclasses, named tuples."""

import abc
from collections import namedtuple
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np

from tests.programs.registry import make, normal, program, static


class Affine:
    def __init__(self, weight, bias):
        self.weight = weight
        self.bias = bias

    def __call__(self, x):
        return self.weight @ x + self.bias

    def penalty(self, strength=0.1):
        return strength * (np.sum(self.weight**2) + np.sum(self.bias**2))


class Chain:
    def __init__(self, *layers):
        self.layers = layers

    def __call__(self, x):
        for layer in self.layers:
            x = layer(x)
        return x


class Circle:
    tau = 2 * np.pi

    def __init__(self, radius):
        self.radius = radius

    @property
    def area(self):
        return 0.5 * self.tau * self.radius**2

    @staticmethod
    def unit_area():
        return np.pi

    @classmethod
    def of_diameter(cls, diameter):
        return cls(diameter / 2)


@dataclass
class Point:
    x: float
    y: float = 1.0

    def norm(self):
        return np.sqrt(self.x**2 + self.y**2)

    def __add__(self, other):
        return Point(self.x + other.x, self.y + other.y)

    def __mul__(self, scale):
        return Point(self.x * scale, self.y * scale)

    def __rmul__(self, scale):
        return self * scale

    def __neg__(self):
        return Point(-self.x, -self.y)

    def __matmul__(self, other):
        return self.x * other.x + self.y * other.y

    def __getitem__(self, index):
        return (self.x, self.y)[index]

    def __len__(self):
        return 2

    def __abs__(self):
        return self.norm()

    def __lt__(self, other):
        return self.norm() < other.norm()


@dataclass(frozen=True)
class Model:
    layers: tuple[Any, ...]
    scale: float = 1.0
    name: str = "model"
    sizes: list[int] = field(default_factory=list)


class State(NamedTuple):
    position: Any
    velocity: Any

    def energy(self):
        return 0.5 * np.sum(self.velocity**2) + np.sum(self.position**2)


Pair = namedtuple("Pair", ["first", "second"])


class Shape:
    def __init__(self, size):
        self.size = size

    def area(self):
        return 0.0

    def describe(self):
        return 2 * self.area() + self.size


class Square(Shape):
    def area(self):
        return self.size * self.size


class Scaled(Square):
    def __init__(self, size, factor):
        super().__init__(size)
        self.factor = factor

    def area(self):
        return self.factor * super().area()


@program(make(Affine, normal(2, 3), normal(2)), normal(3))
def callable_instance(layer, x):
    return np.sum(layer(x) ** 2)


@program(make(Affine, normal(2, 3), normal(2)))
def method_with_default(layer):
    return layer.penalty() + layer.penalty(strength=2.0)


@program(make(Affine, normal(2, 3), normal(2)))
def attributes(layer):
    return np.sum(layer.weight) * np.sum(layer.bias * layer.bias)


@program(make(Affine, normal(2, 3), normal(2)), static(normal(3)))
def attribute_without_influence(layer, x):
    return np.sum(layer.weight @ x)


@program(
    make(
        lambda *data: Chain(Affine(*data[:2]), np.tanh, Affine(*data[2:])),
        normal(3, 2),
        normal(3),
        normal(2, 3),
        normal(2),
    ),
    normal(2),
)
def chain_of_layers(model, x):
    return np.sum(model(x) ** 2)


@program(make(Circle, 1.5))
def property_read(circle):
    return circle.area * circle.radius + circle.tau * circle.radius


@program(1.5)
def static_and_class_methods(d):
    circle = Circle.of_diameter(d)
    return circle.area * Circle.unit_area() + circle.unit_area()


@program(0.5, 1.5)
def built_inside(x, y):
    point = Point(x, x * y)
    return point.norm() * point.x + Point(y).y


@program(normal(2, 3), normal(2), normal(3))
def layer_built_inside(W, b, x):
    layer = Affine(W * 2, b)
    return np.sum(np.tanh(layer(x))) + layer.penalty()


@program(make(Point, 1.0, 2.0), make(Point, -0.5, 3.0))
def operator_overloading(p, q):
    r = (p + q) * 2.0 + 3.0 * -p
    return r @ q + r[0] * r[1] + abs(r) + len(r)


@program(make(Point, 1.0, 2.0), make(Point, -0.5, 3.0))
def overloaded_comparison(p, q):
    nearer = p if p < q else q
    return nearer.x * nearer.y + q.x


@program(make(lambda *d: Model((Affine(*d), 2.0), 0.5), normal(2, 2), normal(2)), normal(2))
def frozen_dataclass(model, x):
    return np.sum(model.layers[0](x)) * model.scale * model.layers[1]


@program(make(Point, 1.0, 2.0), 3.0)
def dataclass_replaced(point, y):
    moved = replace(point, y=y * point.x)
    return moved.norm() * point.y


@program(make(State, normal(2), normal(2)), 0.1)
def named_tuple(state, h):
    for _ in range(3):
        velocity = state.velocity - h * state.position
        state = State(state.position + h * velocity, velocity)
    return state.energy()


@program(make(Pair, 2.0, normal(2)))
def collections_named_tuple(pair):
    first, second = pair
    return first * np.sum(second) + pair.first * pair[1][0] + Pair(first, 2.0).second


@program(make(Square, 1.5))
@program(make(Scaled, 1.5, 2.0))
@program(make(Shape, 1.5))
def inherited_methods(shape):
    return shape.describe() * shape.size


@program(1.5, 2.5)
def inheritance_built_inside(x, y):
    shapes = [Square(x), Scaled(y, x), Shape(y)]
    return sum(shape.describe() for shape in shapes)


@program(make(lambda w: SimpleNamespace(w=w, inner=SimpleNamespace(b=2.0)), normal(2)))
def simple_namespace(config):
    return np.sum(config.w**2) * config.inner.b


@program([make(Point, 1.0, 2.0), make(Point, 3.0, -1.0)])
def list_of_objects(points):
    total = 0.0
    for p in points:
        total += p.x * p.y**2
    return total


@program({"first": make(Point, 1.0, 2.0), "second": make(Circle, 0.7)})
def dict_of_objects(things):
    return things["first"].norm() * things["second"].area


@program(make(Affine, normal(2, 2), normal(2)), normal(2))
def bound_method_as_value(layer, x):
    apply = layer.__call__
    penalty = layer.penalty
    return np.sum(apply(x)) + penalty(0.5)


@program(make(Point, 1.0, 2.0))
def getattr_and_hasattr(point):
    total = getattr(point, "x") * 2  # noqa: B009
    if hasattr(point, "y"):
        total = total * point.y
    return total + getattr(point, "z", 1.5)


class RNNCell:
    def __init__(self, Wx, Wh, b):
        self.Wx, self.Wh, self.b = Wx, Wh, b

    def __call__(self, h, x):
        h = np.tanh(self.Wx @ x + self.Wh @ h + self.b)
        return h, h


@program(make(RNNCell, normal(2, 3), normal(2, 2), normal(2)), normal(2), normal(4, 3))
def recurrent_cell(cell, h, xs):
    total = 0.0
    for x in xs:
        h, y = cell(h, x)
        total = total + np.sum(y * y)
    return total


class Polynomial:
    def __init__(self, coefficients):
        self.coefficients = list(coefficients)
        self.degree = len(self.coefficients) - 1

    def __call__(self, x):
        y = 0.0
        for c in self.coefficients:
            y = y * x + c
        return y

    def derivative(self):
        return Polynomial(
            [c * (self.degree - i) for i, c in enumerate(self.coefficients[: self.degree])]
        )


@program(1.0, 2.0, -3.0, 0.7)
def object_that_makes_objects(a, b, c, x):
    p = Polynomial((a, b, c))
    return p(x) * p.derivative()(x) + p.degree


class Dual:
    """Forward mode by hand: operator overloading that is itself differentiated."""

    def __init__(self, value, slope):
        self.value, self.slope = value, slope

    def __mul__(self, other):
        return Dual(self.value * other.value, self.value * other.slope + self.slope * other.value)

    def __add__(self, other):
        return Dual(self.value + other.value, self.slope + other.slope)


@program(0.8)
def dual_numbers(x):
    t = Dual(x, 1.0)
    y = t * t * t + t
    return y.slope * y.value


class Figure(abc.ABC):
    def __init__(self, scale):
        self.scale = scale

    @abc.abstractmethod
    def area(self): ...

    @property
    def doubled(self):
        return 2 * self.area()


class Tile(Figure):
    def __init__(self, side, scale=1.0):
        super().__init__(scale)
        self.side = side

    def area(self):
        return self.side**2 * self.scale


@program(1.5, 0.7)
def abstract_classes(x, y):
    shapes = [Tile(x, y), Tile(x * y)]
    return shapes[0].doubled * shapes[1].doubled + sum(s.scale for s in shapes) * x


@program(make(Tile, 1.5, 0.7))
def abstract_class_as_argument(square):
    return square.doubled * square.scale


class Strange:
    """Addition is no sum, and iteration is defined."""

    def __init__(self, a, b):
        self.a, self.b = a, b

    def __iter__(self):
        return iter((self.a, self.b * self.b))

    def __add__(self, other):
        return Strange(self.a * other.a, self.b + other.b)

    def __radd__(self, other):
        return Strange(self.a + other, self.b)

    def __abs__(self):
        return np.hypot(self.a, self.b)

    def __round__(self, digits=None):
        return self.a * self.b

    def __divmod__(self, other):
        return self.a / other, self.b * other

    def __lt__(self, other):
        return abs(self) < abs(other)


@program(1.1, 0.6)
def sums_of_objects(x, y):
    total = sum([Strange(x, y), Strange(y, x), Strange(x * y, 2.0)])
    pairs = sorted([Strange(x, y), Strange(x / 2, y)])
    return total.a * total.b + pairs[0].a * abs(pairs[1])


@program(1.1, 0.6)
def builtins_of_objects(x, y):
    quotient, product = divmod(Strange(x, y), 2.0)
    return quotient * product + round(Strange(x, y)) ** 2 + abs(Strange(x, y))


class Multiples:
    def __init__(self, v):
        self.v = v

    def __getattr__(self, name):
        if name.startswith("times"):
            return self.v * int(name[5:])
        raise AttributeError(name)


@program(0.7)
def attributes_or_defaults(x):
    o = Multiples(x)
    found = o.times4 * x if hasattr(o, "times5") else x
    missing = 5 * x if hasattr(o, "other") else x**3
    return found * missing + getattr(o, "other", x * 3) ** 2 + getattr(o, "times2", 1.0) * x


@program(0.7)
def simple_namespace_built(x):
    settings = SimpleNamespace(rate=x * 2, inner=SimpleNamespace(scale=[x, x * x]))
    return settings.rate**2 * settings.inner.scale[1]


@program(0.7)
def named_tuple_made_of_items(x):
    return Pixel._make([x, x * x]).row * Pixel._make((x, 2.0)).column


Pixel = namedtuple("Pixel", "column row")


class Track:
    def __init__(self, speed, past=()):
        self.speed, self.past = speed, past

    def slower(self, factor):
        return Track(self.speed * factor, (*self.past, self.speed))

    @property
    def last(self):
        return self.past[-1] if self.past else self.speed


@program(make(Track, 2.0), 0.6)
def while_on_an_attribute(track, factor):
    while track.speed > 0.3 and track.last < 5.0:
        track = track.slower(factor)
    return track.speed * track.last + sum(track.past)
