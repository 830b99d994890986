"""`match`: what its patterns capture carries derivatives."""

import enum
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from tests.programs.registry import make, normal, program, static


class Kind(enum.Enum):
    LINEAR = 1
    SQUARE = 2


@dataclass
class Point:
    x: float
    y: float


@dataclass
class Circle:
    centre: Point
    radius: float


class Pair(NamedTuple):
    left: float
    right: float


class Spot:
    __match_args__ = ("place", "size")

    def __init__(self, place, size):
        self.place, self.size = place, size


@program(2.0, static(0))
@program(2.0, static(1))
@program(2.0, static(-7))
def literals(x, mode):
    match mode:
        case 0:
            return x
        case 1 | 2:
            return x * x
        case -7 if x > 5:
            return x + 1
        case int():
            return x * 3
    return x


@program(2.0, static("square"))
@program(2.0, static("cube"))
@program(2.0, static(None))
def names(x, mode):
    y = x
    match mode:
        case "square" | "squared":
            y = y * y
        case None:
            y = -y
        case other:
            y = y * len(other)
    return y * x


def power_of(kind, x):
    match kind:
        case Kind.LINEAR:
            return x
        case Kind.SQUARE:
            return x * x


@program(2.0)
def values(x):
    return power_of(Kind.LINEAR, x) + power_of(Kind.SQUARE, x)


@program([1.5, 2.0])
@program([1.5, 2.0, 0.5])
@program([1.5])
@program([])
def sequences(items):
    match items:
        case []:
            return 0.0
        case [x]:
            return x * 3
        case [x, y]:
            return x * y
        case [first, *_, last]:
            return first * first + last
    return -1.0


@program((1.5, (2.0, 0.5)))
def nested_sequences(pair):
    match pair:
        case (a, (b, 0.25)):
            return a * b
        case (a, (b, c) as inner):
            return a * b * c + inner[0]
    return 0.0


@program([1.5, 2.0, 0.5, 3.0], static(2))
def stars(items, scale):
    match items:
        case [first, *middle, last] if scale > 1:
            return first * sum(middle) + last * scale
    return 0.0


@program({"kind": "scale", "by": 2.0}, 3.0)
@program({"kind": "shift", "by": 2.0}, 3.0)
@program({"by": 2.0, "more": 1.0}, 3.0)
def mappings(step, x):
    match step:
        case {"kind": "scale", "by": factor}:
            return x * factor
        case {"kind": "shift", "by": amount}:
            return x + amount * amount
        case {"by": y, **rest}:
            return x * y * rest["more"]
    return x


@program(make(Point, 1.5, 2.0))
@program(make(Circle, make(Point, 0.5, 2.0), 3.0))
@program(make(Spot, make(Point, 0.5, 2.0), 3.0))
@program((1.5, 2.0))
@program(2.5)
def classes(shape):
    match shape:
        case Point(x, y=y):
            return x * y
        case Circle(Point(x=x), radius) if x < 1:
            return x * radius * radius
        case Spot(Point() as place, size):
            return place.x * size + place.y
        case (float(x), float(y)):
            return x * x * y
        case float(x) | int(x):
            return x * 7
    return 0.0


@program(normal(2, 3))
@program(normal(3))
def shapes(A):
    match A.shape:
        case (n,):
            return np.sum(A) * n
        case (n, m):
            return np.sum(A * A) * n / m


@program(1.5, 2.0)
def named_tuple(a, b):
    match Pair(a * b, b):
        case Pair(0.0, right):
            return right
        case Pair(left=x, right=y):
            return x * y
    return 0.0


@program([("add", 2.0), ("scale", 3.0), ("stop", 0.0), ("add", 5.0)], 1.5)
def in_a_loop(steps, x):
    total = x
    for step in steps:
        match step:
            case ("add", amount):
                total = total + amount * x
            case ("scale", factor):
                total = total * factor
            case ("stop", _):
                break
    return total


@program([1.0, 2.0], 3.0)
@program([1.0, 2.0, 4.0], 3.0)
def captured_before_the_guard(items, x):
    match items:
        case [a, b] if a > b:
            return x
        case [a, b, *_] if a > 2:
            return x * x
        case _:
            return a * b * x


@program([1.0, [2.0, 3.0]], 2.0)
def in_a_try(items, x):
    y = x
    try:
        match items:
            case [a, [b, c]]:
                y = y * a
                y = y * b
                y = y * items[2]
    except IndexError:
        y = y * c
    return y
