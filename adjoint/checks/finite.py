"""What generated code calls to check numbers: NonFiniteError says which became NaN or infinite.

    h = np.sqrt(x)                                           # L4
    check_value('h', h, 'x', x)
    …
    x_bar = 0.5 / h * h_bar
    check_cotangent('x', x_bar, x)

The error has no place yet: that of the line that raised it is found where generated code is called.
"""

from __future__ import annotations

import cmath
from collections.abc import Iterator
from typing import Any

import numpy as np

from adjoint.errors import NonFiniteError
from adjoint.rules.registry import nondifferentiable
from adjoint.tree import Tangent

NAN, INFINITE = "NaN", "infinite"


def finite(value: Any) -> bool:
    """Are all numbers in a value, or in the containers that it consists of, finite?"""
    if isinstance(value, np.ndarray | np.generic):
        return value.dtype.kind not in "fc" or bool(np.isfinite(value).all())
    if isinstance(value, float | complex):
        return cmath.isfinite(value)
    if isinstance(value, tuple | list):
        return all(map(finite, value))
    if isinstance(value, dict):
        return all(map(finite, value.values()))
    if isinstance(value, Tangent):
        return all(finite(getattr(value, name)) for name in value)
    return True


class Survey:
    """The statistics of the numbers in an array: how many, how many not finite, from where to where."""

    def __init__(self, value: Any) -> None:
        array = np.asarray(value)
        self.shape, self.size = array.shape, array.size
        good = np.isfinite(array)
        self.nans = int(np.count_nonzero(np.isnan(array)))
        self.infinities = int(np.count_nonzero(np.isinf(array)))
        self.count = int(np.count_nonzero(~good))
        self.first = tuple(map(int, np.argwhere(~good)[0])) if self.count else None
        kept = np.abs(array[good]) if array.dtype.kind == "c" else array[good]
        self.range = (kept.min(), kept.max()) if kept.size else None
        self.single = array[()] if array.ndim == 0 else None

    @property
    def kinds(self) -> set[str]:
        return {kind for kind, n in ((NAN, self.nans), (INFINITE, self.infinities)) if n}

    def bad(self) -> str:
        """`2 of 12 entries (1 NaN, 1 infinite), the first at [0, 3]`"""
        if not self.shape:
            return f"it is {self.single}"
        counts = [f"{n} {k}" for k, n in ((NAN, self.nans), (INFINITE, self.infinities)) if n]
        entries = "entry" if self.size == 1 else "entries"
        where = f"the first at {list(self.first or ())}"
        return f"{self.count} of {self.size} {entries} ({', '.join(counts)}), {where}"

    def __str__(self) -> str:
        if not self.shape:
            return str(self.single)
        if self.kinds:
            return self.bad()
        if self.range is None:
            return f"of shape {self.shape}, empty"
        return f"of shape {self.shape}, all finite, from {self.range[0]:.6g} to {self.range[1]:.6g}"


def survey(value: Any) -> Survey:
    """The statistics of an array as it is now, before it is written to."""
    return Survey(value)


def numbers_in(value: Any, name: str) -> Iterator[tuple[str, Any]]:
    """The floating numbers and arrays in a value, each with the name under which it is found."""
    if isinstance(value, np.ndarray | np.generic):
        if value.dtype.kind in "biufc":
            yield name, value
    elif isinstance(value, int | float | complex):
        yield name, value
    elif isinstance(value, tuple | list):
        for i, item in enumerate(value):
            yield from numbers_in(item, f"{name}[{i}]")
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from numbers_in(item, f"{name}[{key!r}]")
    elif isinstance(value, Tangent):
        for field in value:
            yield from numbers_in(getattr(value, field), f"{name}.{field}")


def surveys_of(operands: tuple) -> dict[str, Survey]:
    """The statistics of all the numbers in operands, which come in turn with their names."""
    found: dict[str, Survey] = {}
    for name, operand in zip(operands[::2], operands[1::2], strict=True):
        if isinstance(operand, Survey):
            found[name] = operand
        else:
            found |= {own: Survey(x) for own, x in numbers_in(operand, name)}
    return found


@nondifferentiable
def check_value(name: str, value: Any, *operands: Any) -> None:
    """Raise if a value became NaN or infinite: if it is, and what it was computed from is not.

    `operands` are what it was computed from: a name, a value, a name, a value.
    """
    if finite(value):
        return
    before = surveys_of(operands)
    refuse(name, value, before, {kind for each in before.values() for kind in each.kinds})


@nondifferentiable
def check_call(name: str, value: Any, *operands: Any) -> None:
    """`check_value` of what a function of the user's gives: infinities may have been written in it."""
    if not finite(value):
        before = surveys_of(operands)
        kinds = {kind for each in before.values() for kind in each.kinds}
        refuse(name, value, before, {*kinds, INFINITE})


def refuse(name: str, value: Any, before: dict[str, Survey], known: set[str]) -> None:
    """Raise if something in a value is not finite in a way that is not known yet."""
    for own, number in numbers_in(value, name):
        found = Survey(number)
        became = found.kinds - known
        if became:
            raise NonFiniteError(
                f"the value of {own} became {told(became)}: {found.bad()}",
                hint=computed_from(before),
            )


@nondifferentiable
def check_written(name: str, x: np.ndarray, index: Any, *operands: Any) -> None:
    """Raise if what was written to `x[index]` became NaN or infinite by being written there."""
    check_value(name, x[index], *operands)


@nondifferentiable
def check_masked(name: str, x: np.ndarray, where: Any, *operands: Any) -> None:
    """Raise if what was written to `x`, where `where` holds, became NaN or infinite."""
    check_value(name, np.where(where, x, 0.0), *operands)


@nondifferentiable
def check_result(name: str, value: Any, *operands: Any) -> None:
    """Raise if the value that a function returns is NaN or infinite, whatever it comes from."""
    if finite(value):
        return
    if operands:
        check_value(name, value, *operands)
    own, found = first_bad(value, name)
    raise NonFiniteError(
        f"the value of {own}, which is returned, is {told(found.kinds)}: {found.bad()}",
        hint=computed_from(surveys_of(operands)),
    )


@nondifferentiable
def check_input(name: str, value: Any, nan_only: bool = False) -> None:
    """Raise if something that came in is NaN or infinite already."""
    if finite(value):
        return
    for own, number in numbers_in(value, name):
        found = Survey(number)
        if found.nans or found.infinities and not nan_only:
            raise NonFiniteError(
                f"the input {own} is {told(found.kinds)} already: {found.bad()}",
                hint="Nothing was computed with it yet: it came like this.",
            )


@nondifferentiable
def check_cotangent(name: str, bar: Any, value: Any = None) -> None:
    """Raise if the cotangent that the reverse of a line gives to one of its operands is not finite."""
    if finite(bar):
        return
    own, found = first_bad(bar, name)
    there = ""
    if own == name and value is not None and np.shape(value) == found.shape:
        there = f", where {name} is {np.asarray(value)[found.first]}"
    raise NonFiniteError(
        f"the cotangent of {own} became {told(found.kinds)}: {found.bad()}{there}",
        hint="It became so in the reverse pass, in the derivative of this line.",
    )


@nondifferentiable
def check_tangent(name: str, dot: Any, value: Any = None) -> None:
    """Raise if the tangent of what a line computes is not finite, and the value is."""
    if not finite(dot) and finite(value):
        own, found = first_bad(dot, name)
        raise NonFiniteError(
            f"the tangent of {own} became {told(found.kinds)}: {found.bad()}",
            hint="It became so in forward mode, in the derivative of this line.",
        )


@nondifferentiable
def check_seed(y_bar: Any) -> None:
    """Raise if the cotangent that a pullback is given is not finite."""
    if not finite(y_bar):
        own, found = first_bad(y_bar, "y_bar")
        raise NonFiniteError(
            f"the cotangent {own} that the pullback was given is {told(found.kinds)} already: "
            f"{found.bad()}"
        )


nondifferentiable(survey)


def first_bad(value: Any, name: str) -> tuple[str, Survey]:
    """The first number or array that is not finite."""
    for own, number in numbers_in(value, name):
        found = Survey(number)
        if found.kinds:
            return own, found
    raise AssertionError(f"{name} is finite")


def told(kinds: set[str]) -> str:
    return " and ".join(kind for kind in (NAN, INFINITE) if kind in kinds)


def computed_from(before: dict[str, Survey]) -> str:
    if not before:
        return ""
    return "It was computed from " + "; ".join(f"{name}: {each}" for name, each in before.items())
