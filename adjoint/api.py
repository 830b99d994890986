"""What users call: derivatives and inspection."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

from adjoint import cache, callees
from adjoint.compiler import (
    NESTED,
    VALUE_AND_GRADIENT,
    nested_gradient,
    nested_gradient_call,
    nested_jvp,
    nested_pullback,
)
from adjoint.ir.printer import show
from adjoint.parameters import Params, implicit_gradients
from adjoint.rules.registry import nondifferentiable, source_of
from adjoint.rules.tangents import fit_tangent
from adjoint.shadows import disjoint, snapshot
from adjoint.tree import complete, fit_cotangent


class ValueAndGradient(NamedTuple):
    """What `value_and_gradient` returns."""

    value: Any
    gradient: Any


def gradient(f: Callable, /, *args: Any, **kwargs: Any) -> Any:
    """The gradient of a function whose value is one real number.

    A tuple, one cotangent per positional argument. `kwargs` reach `f` and are not differentiated.
    With a `Params` as the only argument, `f` is called without arguments and the result is a `Grads`.

    Raises NonScalarOutputError, and whatever `f` raises.
    """
    if isinstance(f, Differentiable):
        return f.gradient(*args, **kwargs)
    if len(args) == 1 and isinstance(args[0], Params):
        return implicit_gradients(f, args[0], kwargs)[1]
    entry, inputs = cache.find("gradient", f, args, kwargs, "all")
    return cache.call(entry, inputs)


def value_and_gradient(f: Callable, /, *args: Any, **kwargs: Any) -> ValueAndGradient:
    """The value and the gradient of a function, as a named tuple `(value, gradient)`."""
    if isinstance(f, Differentiable):
        return f.value_and_gradient(*args, **kwargs)
    if len(args) == 1 and isinstance(args[0], Params):
        return ValueAndGradient(*implicit_gradients(f, args[0], kwargs))
    entry, inputs = cache.find("value_and_gradient", f, args, kwargs, "all")
    return ValueAndGradient(*cache.call(entry, inputs))


withgradient = value_and_gradient
NESTED[gradient] = nested_gradient(with_value=False)
NESTED[value_and_gradient] = nested_gradient(with_value=True)
VALUE_AND_GRADIENT[0] = ValueAndGradient


def pullback(f: Callable, /, *args: Any, **kwargs: Any) -> tuple[Any, Callable[[Any], tuple]]:
    """`(y, back)`: the value, and the function from its cotangent to those of the arguments.

    `back(y_bar)` may be called any number of times. `y` may be a number, array, container or object.
    """
    if isinstance(f, Differentiable):
        return f.pullback(*args, **kwargs)
    y, inner, given = callees.generate_outermost(f, tuple(range(len(args))), args, kwargs)

    def back(y_bar: Any) -> tuple:
        bars = inner(
            snapshot(fit_cotangent(y_bar, y))
        )  # the user's own stays apart from the result
        found = [complete(b, a) for b, a in zip(bars[1 : 1 + len(args)], given, strict=True)]
        return tuple(disjoint(found))

    return y, back


vjp = pullback
NESTED[pullback] = nested_pullback


def jvp(f: Callable, primals: Iterable[Any], tangents: Iterable[Any]) -> tuple[Any, Any]:
    """`(y, y_dot)`: the value, and its derivative along the tangents, y_dot = Σ ∂y/∂xᵢ ẋᵢ.

    `primals` are the arguments and `tangents` has one for each, of the same form: numbers and arrays
    of the same shape, the same containers, for an object a `Tangent` or an object of its class. None
    is zero. `y_dot` has the form of `y`, with None for what has no derivative.

    Raises ValueError for a tangent of another shape, TypeError for one of another kind.
    """
    if isinstance(f, Differentiable):
        return f.jvp(primals, tangents)
    args, dots = tuple(primals), tuple(tangents)
    if len(args) != len(dots):
        raise ValueError(f"there are {len(args)} primals and {len(dots)} tangents")
    given = tuple(
        [None if d is None else fit_tangent(d, x, f"tangents[{i}]")
         for i, (d, x) in enumerate(zip(dots, args, strict=True))]
    )  # fmt: skip
    y, y_dot = callees.push_outermost(f, given, args)
    return y, disjoint(complete(y_dot, y), given, y)


NESTED[jvp] = nested_jvp


def pushforward(f: Callable, /, *args: Any) -> Callable[..., Any]:
    """The function from tangents of the arguments to that of the value: `jvp`, its last step."""

    def push(*tangents: Any) -> Any:
        return jvp(f, args, tangents)[1]

    return push


def grad(f: Callable, argnums: int | tuple[int, ...] = 0, has_aux: bool = False) -> Callable:
    """A function that computes the gradient of `f` with respect to the arguments `argnums`.

    An int gives the bare cotangent, a tuple a tuple. With `has_aux`, `f` returns `(value, aux)` and
    the result is `(gradient, aux)`.
    """
    return Gradient(f, argnums, has_aux, False)


def value_and_grad(
    f: Callable, argnums: int | tuple[int, ...] = 0, has_aux: bool = False
) -> Callable:
    """A function that computes `(value, gradient)`; with `has_aux`, `((value, aux), gradient)`."""
    return Gradient(f, argnums, has_aux, True)


class Gradient:
    """The function that `grad` and `value_and_grad` return."""

    def __init__(
        self, f: Callable, argnums: int | tuple[int, ...], has_aux: bool, with_value: bool
    ) -> None:
        self.positions = repr(argnums)  # text is known while compiling, numbers are not
        self.f, self.argnums, self.has_aux, self.with_value = f, argnums, has_aux, with_value
        self.__name__ = f"grad_{getattr(f, '__name__', 'f')}"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        f = self.f
        if isinstance(f, Differentiable):
            plain = Gradient(f.function, self.argnums, self.has_aux, self.with_value)
            return f.within(plain, *args, **kwargs)
        count, argnums = len(args), self.argnums
        single = isinstance(argnums, int)
        positions = []
        for i in (argnums,) if single else argnums:
            if not -count <= i < count:
                raise IndexError(f"argnums names argument {i}, but the call has {count} arguments")
            positions.append(i if i >= 0 else i + count)
        value = aux = None
        if self.has_aux:
            (value, aux), found = value_and_aux(f, args, kwargs)
            bars = [found[i] for i in positions]
        else:
            form = "value_and_gradient" if self.with_value else "gradient"
            entry, inputs = cache.find(form, f, args, kwargs, tuple(positions))
            bars = cache.call(entry, inputs)
            if self.with_value:
                value, bars = bars
            if not single:  # they come once each, in the order of the arguments
                by_position = dict(zip(sorted(set(positions)), bars, strict=True))
                bars = [by_position[i] for i in positions]
        chosen = bars[0] if single else tuple(bars)
        if self.has_aux:
            return ((value, aux), chosen) if self.with_value else (chosen, aux)
        return (value, chosen) if self.with_value else chosen


NESTED[Gradient.__call__] = nested_gradient_call


def value_and_aux(f: Callable, args: tuple, kwargs: dict) -> tuple[Any, tuple]:
    """`(f(*args), gradient of its first item)`"""
    y, back = pullback(f, *args, **kwargs)
    return y, back((1.0, None))


# -- decorator and inspection ------------------------------------------------------------------------------


class Differentiable:
    """A function with its derivatives; made by `@differentiable`."""

    def __init__(self, function: Callable, nan_check: bool = False) -> None:
        self.function, self.nan_check = function, nan_check
        functools.update_wrapper(self, function)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.function(*args, **kwargs)

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        if instance is None:
            return self
        return Differentiable(self.function.__get__(instance, owner), self.nan_check)

    def within(self, derivative: Callable, *args: Any, **kwargs: Any) -> Any:
        """`derivative(*args, **kwargs)`, with this function's options."""
        if self.nan_check:
            return _checked(derivative, *args, **kwargs)
        return derivative(*args, **kwargs)

    def __reduce__(self) -> str:
        return self.__qualname__  # pyright: ignore

    def gradient(self, *args: Any, **kwargs: Any) -> Any:
        return self.within(gradient, self.function, *args, **kwargs)

    def value_and_gradient(self, *args: Any, **kwargs: Any) -> ValueAndGradient:
        return self.within(value_and_gradient, self.function, *args, **kwargs)

    def pullback(self, *args: Any, **kwargs: Any) -> tuple[Any, Callable]:
        return self.within(pullback, self.function, *args, **kwargs)

    def jvp(self, primals: Iterable[Any], tangents: Iterable[Any]) -> tuple[Any, Any]:
        return self.within(jvp, self.function, primals, tangents)

    def source(self, *args: Any, mode: str = "gradient", **kwargs: Any) -> GeneratedSource:
        return self.within(source, self.function, *args, mode=mode, **kwargs)

    def __repr__(self) -> str:
        return f"<differentiable {getattr(self.function, '__qualname__', self.function)}>"


def _checked(derivative: Callable, *args: Any, **kwargs: Any) -> Any:
    with cache.nan_check():
        return derivative(*args, **kwargs)


@source_of(_checked)
def _(derivative, *args, **kwargs):
    return derivative(*args, **kwargs)  # inside a program: that is checked or not, as a whole


def differentiable(
    function: Callable | None = None, *, nan_check: bool = False, **options: Any
) -> Any:
    """Decorator: the function, with `.gradient`, `.value_and_gradient`, `.pullback`, `.jvp` and `.source`.

    `nan_check=True`: the derivatives that are taken of it are taken inside `with nan_check():`.
    """
    if options:
        raise TypeError(f"unknown option{'s' * (len(options) > 1)}: {', '.join(options)}")
    if function is None:
        return functools.partial(Differentiable, nan_check=nan_check)
    return Differentiable(function, nan_check)


class GeneratedSource:
    """Generated code: `str()` is its text, `function` what runs it, `filename` its name in tracebacks."""

    def __init__(self, text: str, function: Callable | None, filename: str) -> None:
        self.text, self.function, self.filename = text, function, filename

    def __str__(self) -> str:
        return self.text

    __repr__ = __str__

    def _repr_html_(self) -> str:
        from html import escape

        return f"<pre><code class='language-python'>{escape(self.text)}</code></pre>"

    def save(self, path: str | Path) -> Path:
        """Write the text to a file, whole or not at all."""
        path = Path(path)
        partial = path.with_name(path.name + ".part")
        partial.write_text(self.text)
        partial.replace(path)
        return path


def source(f: Callable, /, *args: Any, mode: str = "gradient", **kwargs: Any) -> GeneratedSource:
    """The generated code for these arguments: the text that runs.

    `mode` is "gradient", "pullback" (forward and reverse as two functions), "jvp" or "ir".
    """
    if isinstance(f, Differentiable):
        return f.source(*args, mode=mode, **kwargs)
    if mode == "pullback":
        wrt: Any = tuple(range(len(args)))
        entry, _ = cache.find("rule", f, args, kwargs, wrt)
    elif mode == "jvp":
        entry, _ = cache.find(
            "jvp", f, args, kwargs, tuple(range(len(args))), callees.within_callee
        )
    elif mode in ("gradient", "ir"):
        entry, _ = cache.find("gradient", f, args, kwargs, "all")
    else:
        raise ValueError(f'mode is "gradient", "pullback", "jvp" or "ir", not {mode!r}')
    emitted = entry.compiled.loaded.emitted
    if mode == "ir":
        return GeneratedSource(show(entry.compiled.function), entry.function, emitted.filename)
    return GeneratedSource(emitted.text, entry.function, emitted.filename)


@nondifferentiable(like=0)
def stop_gradient(x: Any) -> Any:
    """The identity, with derivative zero."""
    return x.__tracked__(stop_gradient, x) if hasattr(x, "__tracked__") else x
