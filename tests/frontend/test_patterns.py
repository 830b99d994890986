"""`match`: the case that Python takes, with what it captures, and Python's errors."""

import collections

import numpy as np
import pytest

from tests.frontend.conftest import check


class Plain:
    pass


class Odd:
    __match_args__ = ["x"]


class Named:
    __match_args__ = ("a", "b")

    def __init__(self, a, b):
        self.a, self.b = a, b

    def __repr__(self):
        return f"Named({self.a}, {self.b})"


def loud(x):
    print(x)
    return x


def literals(x):
    match x:
        case 0:
            return "zero"
        case -1 | 1.5 | "text" | b"bytes":
            return "one of them"
        case None | True:
            return "a singleton"
        case 2 if loud(x) > 2:
            return "never"
        case _:
            return "other"


def sequences(x):
    match x:
        case []:
            return "empty"
        case [a]:
            return a
        case (0, *rest):
            return rest
        case [[a, b], *_, c]:
            return a, b, c
        case [*_, "last"]:
            return "last"
        case [*items]:
            return items
    return "no sequence"


def mappings(x):
    match x:
        case {"a": 1, "b": [y, *_]}:
            return y
        case {"a": a, **rest}:
            return a, rest
        case {}:
            return "a mapping"
    return "no mapping"


def classes(x):
    match x:
        case int(n) | float(n):
            return "number", n
        case str(text):
            return text
        case Named(1, b=[b]):
            return b
        case Named(a, b):
            return a, b
        case Plain(x=value):
            return value
        case dict() | list() as container:
            return len(container)
    return "other"


def bindings(x):
    a = b = "before"
    match x:
        case [a, [b, 3]]:
            pass
        case [a, b] if loud(a) == b:
            return "guarded", a, b
    return a, b


def unmatched(x):
    match x:
        case 1:
            y = x
    return y


def fallthrough(items):
    found = []
    for item in items:
        match item:
            case "skip":
                continue
            case "stop":
                break
            case ("add", n) | ("plus", n):
                found = [*found, n]
    else:
        return "all", found
    return found


def too_many(x):
    match x:
        case Named(_, _, _):  # type: ignore[reportGeneralTypeIssues]
            return 1


def none_accepted(x):
    match x:
        case Plain(_):  # type: ignore[reportGeneralTypeIssues]
            return 1


def two_for_a_builtin(x):
    match x:
        case int(_, _):  # type: ignore[reportGeneralTypeIssues]
            return 1


def odd_arguments(x):
    match x:
        case Odd(_):  # type: ignore[reportGeneralTypeIssues]
            return 1


VALUES = [
    0, 1, -1, 1.5, 2, "text", b"bytes", None, True, (), [], [4], (0, 1, 2), [[1, 2], 3],
    [[1, 2], 3, 4], ["x", "last"], "last", [5, 6, 7], range(3), collections.deque([8]),
    np.arange(3), {"a": 1, "b": [2, 3]}, {"a": 1, "b": []}, {"a": 2, "c": 3}, {}, {"d": 1},
    collections.OrderedDict(a=1), collections.defaultdict(list), Named(1, [2]), Named(1, 2),
    Named(3, 4), 1j, {1, 2}, [7, [8, 3]], [7, 7], [7, 8],
]  # fmt: skip


@pytest.mark.parametrize(
    "function", [literals, sequences, mappings, classes, bindings, unmatched], ids=lambda f: f.__name__
)  # fmt: skip
def test_the_case_that_python_takes(function):
    check(function, *[(value,) for value in VALUES])


def test_attributes_that_are_missing():
    some = Plain()
    check(classes, (some,))
    setattr(some, "x", 3)  # noqa: B010 (the class does not declare it)
    check(classes, (some,))


def test_jumps_out_of_cases():
    check(
        fallthrough,
        ([("add", 1), "skip", ("plus", 2), "stop", ("add", 3)],),
        ([("add", 1), 5],),
    )


def test_errors_of_class_patterns():
    check(too_many, (Named(1, 2),), (1,))
    check(none_accepted, (Plain(),))
    check(two_for_a_builtin, (1,))
    check(odd_arguments, (Odd(),))
