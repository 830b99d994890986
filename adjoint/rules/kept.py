"""What stands for calls and functions at run time: pullbacks that remember their call, refused functions."""

from __future__ import annotations

import ast
import functools
from collections.abc import Callable
from typing import Any

from adjoint.rules import registry

Pullback = Callable[[Any], tuple]


Result = tuple[Any, Pullback]


class Refused:
    """Stands for a function whose source is refused; the error comes if the call carries a derivative."""

    def __init__(self, function: Any, error: Exception) -> None:
        self.function, self.error = function, error
        self.__name__ = getattr(function, "__name__", "function")

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        return self.function(*args, **kwargs)


class Kept:
    """A pullback that remembers its call, so that it can itself be differentiated."""

    def __init__(
        self, function: Any, mask: tuple, args: tuple, kwargs: dict, inner: Pullback
    ) -> None:
        self.function, self.mask, self.args, self.kwargs, self.inner = (
            function,
            mask,
            args,
            kwargs,
            inner,
        )

    def __call__(self, y_bar: Any) -> tuple:
        return self.inner(y_bar)


class Held:
    """A subclass stands for a function, which is a constant to the compiler then."""

    functions: tuple[Any, ...]


@functools.cache
def hold(function: Any) -> type[Held]:
    return type("Held", (Held,), {"functions": (function,)})


def spelled_mask(function: Any, mask: tuple) -> tuple | str:
    """What is active of a call, as a text if the compiler has to know it: of texts it knows the value."""
    declared = registry.lookup(function)
    known = declared is None or not declared.underived and declared.kind != "source"
    return mask if known else repr(mask)


def read_mask(mask: tuple | str) -> tuple:
    return ast.literal_eval(mask) if isinstance(mask, str) else mask
