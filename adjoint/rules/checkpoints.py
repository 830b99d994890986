"""`checkpoint(f)`: what `f` computes on the way is computed again in the reverse pass, not kept."""

from __future__ import annotations

import pkgutil
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np

from adjoint.errors import AdjointError
from adjoint.ir.values import attributes
from adjoint.rules import dispatch, missing
from adjoint.rules.pulled import SPECIAL, Parts, Result
from adjoint.rules.surroundings import call_within_pulled, call_within_rule
from adjoint.runtime import recomputed
from adjoint.tree import Number


class Checkpointed:
    """A function whose derivative keeps its arguments only; made by `checkpoint`."""

    def __init__(self, function: Callable) -> None:
        self.function = function

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        return recomputed((), self.function, *args, **kwargs)

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        return self if instance is None else Checkpointed(self.function.__get__(instance, owner))

    def __reduce__(self) -> tuple:
        path = f"{self.function.__module__}:{self.function.__qualname__}"
        try:
            decorated = pkgutil.resolve_name(path) is self
        except (ImportError, AttributeError, ValueError):
            decorated = False
        return (pkgutil.resolve_name, (path,)) if decorated else (Checkpointed, (self.function,))

    def __repr__(self) -> str:
        return f"<checkpointed {missing.describe(self.function)}>"


def checkpoint(f: Callable) -> Checkpointed:
    """The function `f`, whose derivative keeps its arguments and nothing of what it computes.

    Values and gradients are those of `f`. The pullback calls `f` once more on the arguments that
    were kept, and then has all it needs: memory for time, one more evaluation of `f`. Also a
    decorator, of functions and methods; a checkpointed function may call others.

    A loop of `n` steps keeps about `2 sqrt(n)` states, instead of everything in `n` steps, if it is
    run in `sqrt(n)` checkpointed segments of `sqrt(n)` steps each:

        @ad.checkpoint
        def segment(x, W, steps):
            for _ in range(steps):
                x = step(x, W)
            return x

        def rollout(x, W, n):
            length = math.isqrt(n)
            for start in range(0, n, length):
                x = segment(x, W, min(length, n - start))
            return x

    `f` runs twice, and must do the same both times: what it prints is printed twice, and random
    numbers are drawn outside of it and passed in.

    Raises UnsupportedSyntaxError (while compiling) if `f` writes into what it is given or captures;
    AdjointError (in the pullback) if the value of `f` is another one the second time.
    """
    return Checkpointed(f)


def _recomputed(active: tuple, around: Any, function: Any, /, *args: Any, **kwargs: Any) -> Any:
    # By its rule and not by a plain call: so it is known to be one that can be called again.
    y, _ = call_within_rule(active, around, function, *args, **kwargs)
    before = fingerprint(y)

    def pull(y_bar: Any) -> tuple:
        if y_bar is None:
            return (None,) * (3 + len(args)) + ({},)
        y, pullback = call_within_rule(active, around, function, *args, **kwargs)
        if fingerprint(y) != before:
            raise AdjointError(
                f"{missing.describe(function)} gave another value when it was computed again for "
                "its derivative",
                hint="A function that is checkpointed must not depend on what changes: draw random "
                "numbers outside and pass them in, and copy what is written to.",
            )
        return pullback(y_bar)

    assert dispatch.as_now is not None
    return y, dispatch.as_now(pull)


def fingerprint(value: Any, so_far: int = 0) -> int:
    """A number that tells values apart, by the bits of the numbers in them."""
    if isinstance(value, np.ndarray | np.generic | Number):
        array = np.ascontiguousarray(value)
        if array.dtype.kind == "O":
            return so_far
        so_far = zlib.crc32(repr((np.shape(value), array.dtype)).encode(), so_far)
        return zlib.crc32(array.view(np.uint8).reshape(-1).data, so_far) if array.size else so_far
    if isinstance(value, str | bool | None):
        return zlib.crc32(repr(value).encode(), so_far)
    if isinstance(value, tuple | list):
        items: Any = value
    elif isinstance(value, dict):
        items = value.values()
    elif isinstance(value, type) or callable(value):
        items = ()
    else:
        items = (attributes(value) or {}).values()
    for item in items:
        so_far = fingerprint(item, so_far)
    return so_far


def _pulled(active: tuple, args: tuple, kwargs: dict, inner: Any, y_bar: Any) -> Result:
    """The derivative of the pullback: what it needs is computed again as well."""

    def pull(bars_bar: Any) -> Parts:
        return call_within_pulled(active, args, kwargs, inner, y_bar)[1](bars_bar)

    return inner(y_bar), pull


dispatch.STRUCTURAL[recomputed] = _recomputed
SPECIAL[recomputed] = _pulled
