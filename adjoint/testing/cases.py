"""Tables of calls to test rules with: `case(np.sum, normal(2, 3), axis=[None, 0])`."""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from adjoint.tree import same_container


@dataclass(frozen=True)
class Draw:
    """Random numbers, drawn when the case is run and the same each time.

    Without a shape a Python number; `zero_dimensional()` and `numpy_scalar()` give the other forms.
    """

    kind: str
    shape: tuple[int, ...]
    bounds: tuple[float, float] = (0.0, 1.0)
    dtype: Any = float
    form: str = "array"

    def zero_dimensional(self) -> Draw:
        return replace(self, form="zero_dimensional")

    def numpy_scalar(self) -> Draw:
        return replace(self, form="numpy_scalar")

    def sample(self, random: np.random.Generator) -> Any:
        numbers = self._numbers(random)
        if np.dtype(self.dtype).kind == "c":
            numbers = numbers + 1j * self._numbers(random)
        array = np.asarray(numbers, self.dtype)
        if self.shape or self.form == "zero_dimensional":
            return array
        return array[()] if self.form == "numpy_scalar" else array.item()

    def _numbers(self, random: np.random.Generator) -> Any:
        if self.kind == "normal":
            return random.standard_normal(self.shape)
        return random.uniform(*self.bounds, self.shape)

    def __repr__(self) -> str:
        dtype = "" if self.dtype is float else f", {np.dtype(self.dtype)}"
        form = "" if self.form == "array" else f", {self.form}"
        bounds = "" if self.kind == "normal" else f"{self.bounds[0]:g}..{self.bounds[1]:g}, "
        return f"{self.kind}({bounds}{'x'.join(map(str, self.shape))}{dtype}{form})"


def normal(*shape: int, dtype: Any = float) -> Draw:
    """An array of standard normal numbers; without lengths, one Python number."""
    return Draw("normal", shape, dtype=dtype)


def uniform(low: float, high: float, shape: tuple[int, ...] = (), dtype: Any = float) -> Draw:
    """An array of numbers between two bounds; without a shape, one Python number."""
    return Draw("uniform", shape, (low, high), dtype)


@dataclass(frozen=True)
class Case:
    """One call, or (before `expand`) several: keywords whose values are lists take each in turn.

    tolerance   how far derivative and finite difference may differ, relative to their size
    float32     run it also in single precision
    wide        in single precision the cotangent may be of double precision before it is projected
    second      check the second derivative too
    held        positions of operands that stay as they are, compiled: bounds, or what must fulfil a condition
    read        what of the result is compared, compiled: a function of it; of the rest no derivative is known
    """

    function: Any
    args: tuple
    kwargs: dict[str, Any] = field(default_factory=dict)
    tolerance: float = 1e-6
    float32: bool = True
    wide: bool = False
    second: bool = True
    held: tuple[int, ...] = ()
    read: Callable[[Any], Any] | None = None

    def but(self, **options: Any) -> Case:
        """The case with other options."""
        return replace(self, **options)

    def operands(self, dtype: Any = None) -> tuple[tuple, dict[str, Any]]:
        """Positional and keyword arguments, drawn anew; floating arrays in `dtype` if given."""
        random = np.random.default_rng(zlib.crc32(repr(self).encode()))
        return _drawn(self.args, random, dtype), _drawn(self.kwargs, random, dtype)

    def __repr__(self) -> str:
        arguments = [_text(arg) for arg in self.args]
        arguments += [f"{name}={_text(value)}" for name, value in self.kwargs.items()]
        return f"{name_of(self.function)}({', '.join(arguments)})"

    def __str__(self) -> str:
        return repr(self)


def case(function: Any, *args: Any, **kwargs: Any) -> Case:
    """A call of a function, or of each of a list of functions, with all combinations of keywords.

    A keyword whose value is a list takes each of its items in turn.
    """
    return Case(function, args, kwargs)


def expand(cases: Iterable[Case]) -> list[Case]:
    """One case per function and combination of keywords.

    >>> expand([case([np.sum, np.mean], normal(3), axis=[None, 0])])
    [np.sum(normal(3), axis=None), np.sum(normal(3), axis=0), np.mean(normal(3), axis=None), np.mean(normal(3), axis=0)]
    """
    expanded = []
    for each in cases:
        functions = each.function if isinstance(each.function, list) else [each.function]
        choices = [v if isinstance(v, list) else [v] for v in each.kwargs.values()]
        for function, values in itertools.product(functions, itertools.product(*choices)):
            kwargs = dict(zip(each.kwargs, values, strict=True))
            expanded.append(replace(each, function=function, kwargs=kwargs))
    return expanded


def name_of(function: Any) -> str:
    """How a function is called in messages."""
    name = getattr(function, "__name__", None) or repr(function)
    owner = getattr(function, "__objclass__", None)
    if owner is not None:
        return f"{owner.__name__}.{name}"
    if isinstance(function, np.ufunc):
        return f"np.{name}"
    module = (getattr(function, "__module__", None) or "").removeprefix("_")
    return name if module in ("", "builtins") else f"{module.replace('numpy', 'np')}.{name}"


def _drawn(value: Any, random: np.random.Generator, dtype: Any) -> Any:
    if isinstance(value, Draw):
        drawn = value.sample(random)
        single = dtype is not None and isinstance(drawn, np.ndarray | np.inexact)
        return _cast(drawn, dtype) if single else drawn
    if isinstance(value, np.ndarray):
        return value.copy() if dtype is None else _cast(value.copy(), dtype)
    if isinstance(value, dict):
        return {key: _drawn(item, random, dtype) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return same_container(value, [_drawn(item, random, dtype) for item in value])
    return value


def _cast(array: Any, dtype: Any) -> Any:
    if array.dtype.kind not in "fc":
        return array
    return array.astype(np.result_type(dtype, 1j) if array.dtype.kind == "c" else dtype)


def _text(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"{value.dtype}{list(value.shape)}"
    if callable(value):
        return name_of(value)
    if isinstance(value, list | tuple) and any(map(callable, value)):  # without their addresses
        items = ", ".join(map(_text, value))
        return f"[{items}]" if isinstance(value, list) else f"({items},)"
    return repr(value)
