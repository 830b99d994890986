"""Programs that keep state, module by module: right, or refused as the module's list says.

Every function of such a module with a public name is a program of the module's `ARGUMENTS`, or of
what `@given` says. `REFUSED` names those that are not differentiated, under words of the message. All
others give the value of a plain call, leave their arguments as it does, and have the gradient that
finite differences give. So a program that is refused all at once, and one that no longer is, both show.
"""

from __future__ import annotations

import copy
import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import adjoint as ad
from adjoint.errors import AdjointError
from tests.forward_routes import check_slope
from tests.programs.differences import differentiate, is_leaf, leaves
from tests.routes import check_function, mismatches
from tests.silence import programs

# Words of the messages that say why a program is refused.
LATE = "may be others by the time that they are read"
MEANWHILE = "iterates over may change meanwhile"
KEPT = ", which may have kept it"
AHEAD = "ahead of where it is being iterated"
AUGMENTED = "an augmented assignment writes into a value of type"
IN_PLACE = "writes into a value in place, which is not supported yet"
HIDDEN = "changes something, and no statement shows when"
CACHED = "a cached property is read in a program that changes attributes or items"
COMPUTED = "is given by __getattr__, and stored as well"
THROUGH_THE_DICT = "through the dict that keeps"
MIDDLE = "an exception may come in the middle of what this `try` body changes"
STATEMENT = "is assigned in the middle of this statement, and an exception may come before or after"
SHOWN_TWICE = "while a view of it shows some of its items more than once"
CAPTURED = "is assigned again after a function that captures it was made"
OTHER_NAME = "gives what may change meanwhile by another name"
ELSEWHERE = "is called where its statements cannot be written into the caller's derivative"
NO_RULE = "no derivative is known for"
CARRIED = "a value that may have a derivative is read from an exception"
DESCRIPTOR = "writes to attributes of this kind of object are not supported"

ONLY_RUNNING = "and only running tells that it does"
RAISED = "in a loop of a `try` body, and what variables are then is not known"
UNSEEN = "which changes at each, and no statement shows when"
BY_ITS_OWN = "of an object with a `__next__` of its own, is not differentiated"
CLASS_CAPTURES = "a class inside this function captures a value that may have a derivative"
HALF_WRITTEN = "an error of arithmetic is caught in a `try` body that computes in place"

VECTOR = np.array([0.7, 1.3, 0.4])
MATRIX = np.array([[0.7, 1.3, 0.4], [1.1, 0.6, 0.9]])


def given(*arguments: Any) -> Callable[[Callable], Callable]:
    """The arguments of the program that is decorated."""

    def mark(function: Callable) -> Callable:
        function.arguments = arguments  # type: ignore[attr-defined]
        return function

    return mark


class Record:
    """An object that holds something."""

    def __init__(self, value, other=None):
        self.value, self.other = value, other


@dataclass(frozen=True)
class Listed:
    """A program, its arguments, and words of the error if it is refused."""

    function: Callable
    module: ModuleType
    message: str | None

    @property
    def arguments(self) -> tuple:
        return copy.deepcopy(getattr(self.function, "arguments", self.module.ARGUMENTS))

    @property
    def static(self) -> frozenset[int]:
        """The positions of arguments that are not differentiated."""
        return frozenset(getattr(self.module, "STATIC", ()))

    @property
    def flat(self) -> bool:
        """Are the arguments numbers and arrays?"""
        return all(map(is_leaf, self.arguments))

    def __str__(self) -> str:
        return f"{self.module.__name__.rpartition('.')[2]}.{self.function.__name__}"


def cases(module: ModuleType) -> list[Listed]:
    """The programs of a module. All that it says are refused have to be there."""
    refused = {name: words for words, names in module.REFUSED.items() for name in names.split()}
    found = [Listed(f, module, refused.pop(f.__name__, None)) for f in programs(vars(module))]
    assert not refused, f"no programs: {', '.join(refused)}"
    return found


def check(case: Listed) -> None:
    """The program is right, or refused as its module says."""
    if case.message is None:
        check_right(case)
        return
    before = case.arguments
    with pytest.raises(AdjointError) as caught:
        ad.gradient(case.function, *before)
        pytest.fail(f"{case} is differentiated now: take it off the list")
    check_error(case, caught.value)


def check_right(case: Listed) -> None:
    """Value, gradient and what becomes of the arguments; and a pullback may be called twice."""
    expected = differentiate(case.function, case.arguments, case.static)
    assert expected.reliable(), "the differences tell nothing"
    check_function(
        case.function,
        case.arguments,
        expected.gradient,
        case.static,
        rtol=2e-6,
        atol=2e-7,
        title=str(case),
    )
    called, used = case.arguments, case.arguments
    case.function(*called)
    _, back = ad.pullback(case.function, *used)
    assert [path for path, _ in leaves(used)] == [path for path, _ in leaves(called)]
    back(2.0)
    found = mismatches(case.arguments, back(1.0), expected.gradient, case.static, 2e-6, 2e-7)
    assert not list(found)


def check_error_or_right(case: Listed) -> None:
    """The program is right, or refused: by another route than the usual one, more are."""
    try:
        check_right(case)
    except AdjointError as error:
        assert str(error)


def check_error(case: Listed, error: AdjointError) -> None:
    """It says what, where and what next: the words of the list, a line of the program, a hint."""
    text = str(error)
    assert case.message in text, text
    assert error.hint, text
    places = re.findall(r'File "(.+)", line (\d+)', text)
    lines, start = inspect.getsourcelines(case.function)
    inside = range(start, start + len(lines))
    assert any(file == case.module.__file__ and int(n) in inside for file, n in places), text


def check_second_order(case: Listed) -> None:
    """The derivative of the derivative is right, or refused; it is if the derivative is."""
    (argument,) = case.arguments

    def slope(x):
        return np.sum(ad.gradient(case.function, x)[0])

    try:
        found = ad.gradient(slope, copy.deepcopy(argument))
    except AdjointError as error:
        assert str(error)
        return
    assert case.message is None, "the first derivative is refused"
    expected = differentiate(slope, (argument,))
    assert not list(mismatches((argument,), found, expected.gradient, rtol=1e-5, atol=1e-6))


def check_forward(case: Listed, refused: bool) -> None:
    """The slope is right; it may be refused where the gradient is, and is where `refused` says so."""
    expected = differentiate(case.function, case.arguments, case.static)
    try:
        check_slope(
            case.function, case.arguments, expected.gradient, case.static, 2e-6, 2e-7, str(case)
        )
    except AdjointError as error:
        assert str(error)
        assert refused or case.message is not None, error
        return
    assert not refused, "it is differentiated now: take it off the list"


def check_along(case: Listed) -> None:
    """The derivative of the gradient along a direction is right, or refused."""

    def slope(x):
        return np.sum(ad.gradient(case.function, x)[0])

    try:
        slope(*case.arguments)
    except AdjointError as error:
        assert str(error)
        return
    expected = differentiate(slope, case.arguments)
    try:
        check_slope(
            slope,
            case.arguments,
            expected.gradient,
            frozenset(),
            1e-5,
            1e-6,
            str(case),
            exact=False,
        )
    except AdjointError as error:
        assert str(error)
