"""Random numbers: what generators give, where nothing that they are given carries a derivative."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from adjoint.inference.sites import Keywords, Site
from adjoint.ir.nodes import Const, Operand
from adjoint.ir.types import (
    UNKNOWN,
    Array,
    Literal,
    Opaque,
    Scalar,
    TupleOf,
    Type,
    unliteral,
)
from adjoint.rules.memory import draws_numbers
from adjoint.rules.signatures import operand_type
from adjoint.runtime import call_method

if TYPE_CHECKING:
    from adjoint.inference.infer import Specialiser

#: Methods that give floats, and at which position they take the size of what they give.
FLOATS = {
    "normal": 2, "uniform": 2, "random": 0, "standard_normal": 0, "exponential": 1, "standard_exponential": 0,
    "laplace": 2, "logistic": 2, "lognormal": 2, "random_sample": 0,
}  # fmt: skip
#: Methods that give integers: the numbers below one, or between two.
INTEGERS = {"integers": 2, "randint": 2, "choice": 1, "permutation": 1}
SHAPED = ("rand", "randn")  # their arguments are the shape
DOUBLE, INTEGER = np.dtype(float), np.dtype(np.int64)


def handler_of(function: Any) -> Callable[..., Operand | None] | None:
    """What tells the result of a function of `numpy.random`, which a program has imported by now."""
    name = getattr(function, "__name__", "")
    if (getattr(function, "__module__", None) or "").startswith("numpy.random"):
        if name == "default_rng":
            return made(function, np.random.Generator)
        if function is np.random.RandomState:
            return made(function, function)
    cls = type(getattr(function, "__self__", None))
    return of_generator(function, name, cls) if draws_numbers(cls) else None


def made(function: Any, cls: type) -> Callable[..., Operand | None]:
    """`np.random.default_rng(seed)` and the like"""

    def handler(
        spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site
    ) -> Operand | None:
        return spec.emit(Const(function), list(args), kwargs, site, Opaque(cls))

    return handler


def by_method(
    spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site
) -> Operand | None:
    """`generator.name(…)`"""
    kind = operand_type(args[0])
    if not isinstance(kind, Opaque) or not draws_numbers(kind.cls):
        return None
    result = drawn(args[1].value, args[2:], kwargs, kind.cls)  # type: ignore[union-attr]
    if result is UNKNOWN:
        return None
    return spec.emit(Const(call_method), list(args), kwargs, site, result)


def of_generator(function: Any, name: str, cls: type) -> Callable[..., Operand | None]:
    """A method of a generator that is known, as `np.random.normal` is"""

    def handler(
        spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site
    ) -> Operand | None:
        result = drawn(name, args, kwargs, cls)
        return (
            None
            if result is UNKNOWN
            else spec.emit(Const(function), list(args), kwargs, site, result)
        )

    return handler


def drawn(name: str, args: list[Operand], kwargs: Keywords, cls: type) -> Type:
    """The type of what is drawn."""
    given = dict(kwargs)
    if not all(is_setting(operand_type(o)) for o in [*args, *given.values()]):
        return UNKNOWN
    if name in SHAPED:
        return numbers(DOUBLE, len(args)) if not given else UNKNOWN
    position = FLOATS.get(name, INTEGERS.get(name))
    if position is None or set(given) - {"size", "replace"}:
        return UNKNOWN
    more = args[position + 1 :]
    if more and name != "choice":
        return UNKNOWN
    size = args[position] if len(args) > position else given.get("size")
    rank = 0 if size is None else rank_of(operand_type(size))
    if rank is None:
        return UNKNOWN
    if name == "permutation":
        return Array(INTEGER, (None,)) if rank == 0 and len(args) == 1 else UNKNOWN
    if name in FLOATS:
        return numbers(DOUBLE, rank)
    if rank == 0:  # a number of Python's or of NumPy's, by generator and version
        return (
            UNKNOWN
            if name == "choice"
            else Scalar(int if cls.__name__ == "RandomState" else np.int64)
        )
    return numbers(INTEGER, rank)


def is_setting(kind: Type) -> bool:
    """Is this a number known while compiling, an integer or a size?"""
    plain = unliteral(kind)
    if isinstance(kind, TupleOf):
        return all(map(is_setting, kind.items))
    if isinstance(kind, Literal):
        return kind.value is None or isinstance(kind.value, int | float | tuple)
    return isinstance(plain, Scalar) and issubclass(plain.cls, int | np.integer)


def rank_of(size: Type) -> int | None:
    if isinstance(size, TupleOf):
        return len(size.items)
    if isinstance(size, Literal) and not isinstance(size.value, int):
        return 0 if size.value is None else len(size.value) if type(size.value) is tuple else None
    return 1


def numbers(dtype: np.dtype, rank: int) -> Type:
    if rank == 0:
        return Scalar(float)
    return Array(dtype, (None,) * rank)
