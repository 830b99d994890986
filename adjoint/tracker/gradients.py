"""Parameters, and what `back` and the gradients do with the tape."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

import adjoint as ad
from adjoint.errors import NonFiniteError, NonScalarOutputError
from adjoint.rules import registry
from adjoint.tracker.tracked import Node, Tracked, call, data, has_tracked, tracked
from adjoint.tree import SCALAR_HINT, accumulate, instantiate, project, scalar_message


def param(x: Any) -> Any:
    """A tracked value that nothing was computed for: `back` adds to its `grad`.

    >>> x = param(2.0)
    >>> y = 3 * x**2
    >>> back(y)
    >>> y, x.grad
    (12.0 (tracked), 12.0)
    """
    return Tracked(x)


def istracked(x: Any) -> bool:
    """Is it tracked?"""
    return isinstance(x, Tracked)


def grad(x: Tracked) -> Any:
    """What `back` has added up for a parameter."""
    return x.grad


def back(y: Any, y_bar: Any = None, *, once: bool = True) -> None:
    """Add the derivative of `y` to the `grad` of every parameter that it was computed from.

    y: a number, unless `y_bar`, its cotangent, is given.  once: the tape is used up; False keeps it for
    another `back`.

    Raises NonScalarOutputError, TapeUsed, and NonFiniteError if `y` is not finite.
    """
    if not isinstance(y, Tracked):
        raise TypeError(f"{y!r:.60} does not depend on a parameter: it is not tracked")
    if y_bar is None:
        if y.size != 1:
            raise NonScalarOutputError(
                scalar_message(f"it is an array of shape {y.shape}"), hint=SCALAR_HINT
            )
        if not np.all(np.isfinite(y.data)):
            raise NonFiniteError(f"back of a value that is {y.data}")
        y_bar = np.ones_like(y.data, dtype=np.result_type(y.dtype, np.float16))[()]
        y_bar = y_bar if isinstance(y.data, np.ndarray) else float(y_bar)
    found = sweep(y, y_bar, once)
    for leaf, bar in found:
        leaf.grad = (
            accumulate(leaf.grad, bar) if not isinstance(leaf.grad, np.ndarray) else leaf.grad
        )
        if isinstance(leaf.grad, np.ndarray):
            leaf.grad += bar  # in place: it is what the user holds


def sweep(y: Tracked, y_bar: Any, once: bool) -> list[tuple[Tracked, Any]]:
    """The parameters that `y` was computed from, with their cotangents."""
    values, bars = {y.number: y}, {y.number: y_bar}
    waiting, leaves = [-y.number], []
    while waiting:  # the latest first: whoever uses a value was made later
        number = -heapq.heappop(waiting)
        value, bar = values[number], bars.pop(number)
        if value.node is None:
            leaves.append((value, project(bar, value.data)))
            continue
        for operand, operand_bar in value.node.bars(bar):
            if operand_bar is None:
                continue
            if operand.number not in values:
                values[operand.number] = operand
                heapq.heappush(waiting, -operand.number)
            bars[operand.number] = accumulate(bars.get(operand.number), operand_bar)
        if once:
            value.node.forget()
    return leaves


class Params:
    """Parameters, each once, in order."""

    def __init__(self, parameters: Iterable[Tracked] = ()) -> None:
        self._list = list(dict.fromkeys(parameters))
        for p in self._list:
            if not (isinstance(p, Tracked) and p.node is None):
                raise TypeError(f"a parameter is made by `param`, not {p!r:.60}")

    def __iter__(self) -> Iterator[Tracked]:
        return iter(self._list)

    def __len__(self) -> int:
        return len(self._list)

    def __contains__(self, p: object) -> bool:
        return any(p is q for q in self._list)

    def __repr__(self) -> str:
        return f"Params({self._list})"


class Grads:
    """The gradients of parameters, by which parameter it is: `gs[w]`."""

    def __init__(self, bars: dict[Tracked, Any]) -> None:
        self._bars = {id(p): (p, bar) for p, bar in bars.items()}

    def __getitem__(self, p: Tracked) -> Any:
        if id(p) not in self._bars:
            raise KeyError("this is not one of the parameters of these gradients")
        return self._bars[id(p)][1]

    def __iter__(self) -> Iterator[Any]:
        return iter([bar for _, bar in self._bars.values()])

    def __repr__(self) -> str:
        return f"Grads({list(self)})"


def gradient(f: Callable, *args: Any, nest: bool = False) -> Any:
    """The gradient of `f`, a tuple of one cotangent per argument, by the tape.

    With `Params` as the only argument, `f` is called without arguments, and the result is a `Grads`.  The
    `grad` of parameters stays as it is.  nest: the result is tracked, and can be differentiated again;
    it always is where an argument is.  Then `f` is differentiated by `ad.gradient`.

    >>> def df(x):
    ...     return gradient(lambda x: 3 * x**2 + 2 * x + 1, x, nest=True)[0]
    >>> df(2), gradient(df, 2)
    (14.0 (tracked), (6.0,))
    """
    if len(args) == 1 and isinstance(args[0], Params):
        y = f()
        found = dict(_gradients(y)) if isinstance(y, Tracked) else {}
        return Grads({p: instantiate(found.get(p), p.data) for p in args[0]})
    if len(args) == 1 and isinstance(args[0], ad.Params):
        raise TypeError(
            "tracker.gradient takes parameters as tracker.Params([W, b]), of tracked values; "
            "ad.params collects arrays, for ad.gradient"
        )
    if nest or has_tracked(args):
        leaves = [arg if has_tracked(arg) else param(arg) for arg in args]
        return call(lambda *xs: ad.gradient(f, *xs), *leaves)
    leaves = [param(arg) for arg in args]
    y = f(*leaves)
    found = dict(_gradients(y)) if isinstance(y, Tracked) else {}
    return tuple([instantiate(found.get(leaf), leaf.data) for leaf in leaves])


@registry.source_of(gradient)
def _(f, *args, nest=False):
    return ad.gradient(f, *args)


def _gradients(y: Tracked) -> list[tuple[Tracked, Any]]:
    if y.size != 1:
        raise NonScalarOutputError(
            scalar_message(f"it is an array of shape {y.shape}"), hint=SCALAR_HINT
        )
    return sweep(y, np.ones(y.shape) if isinstance(y.data, np.ndarray) else 1.0, True)


def forward(f: Callable, *args: Any) -> tuple[Any, Callable[[Any], tuple]]:
    """`(y, pullback)`: the value of `f`, and the function from its cotangent to those of the arguments."""
    leaves = [param(arg) for arg in args]
    y = f(*leaves)

    def pullback(y_bar: Any) -> tuple:
        found = dict(sweep(y, y_bar, once=False)) if isinstance(y, Tracked) else {}
        return tuple([instantiate(found.get(leaf), leaf.data) for leaf in leaves])

    return data(y), pullback


def hook(fn: Callable, x: Any) -> Any:
    """`x`, whose cotangent passes through `fn` on its way back."""
    return call(ad.hook, fn, x)


def checkpoint(f: Callable, *args: Any) -> Any:
    """`f(*args)`, computed again in `back` instead of recorded.  Parameters that `f` captures get their
    part as well."""
    plain = [data(arg) for arg in args]

    def pullback(y_bar: Any) -> tuple:
        leaves = [param(x) for x in plain]
        found = dict(sweep(f(*leaves), y_bar, once=False))
        bars = [found.pop(leaf, None) for leaf in leaves]
        for leaf, bar in found.items():
            leaf.grad = accumulate(leaf.grad, bar)
        return None, *bars, {}

    return tracked(data(f(*plain)), Node(pullback, args, {}))


def update(x: Any, delta: Any, *more: Any) -> None:
    """`update(w, delta)` adds to a parameter, in place, and sets its `grad` to zero.

    `update(rule, ps)` moves parameters (one, or `Params`) along their `grad` by a rule of `adjoint.optim`,
    which subtracts, and sets it to zero; `update(rule, w, w_bar)` along a gradient that is given.
    """
    if isinstance(x, Tracked):
        if isinstance(x.data, np.ndarray):
            x.data += delta
        else:
            x.data = x.data + delta
        clear(x)
        return
    from adjoint.optim import update as step

    parameters = [delta] if isinstance(delta, Tracked) else list(delta)
    bars = [*more] if more else [p.grad for p in parameters]
    for p in parameters:
        if not isinstance(p.data, np.ndarray):
            raise TypeError("a rule moves arrays: make the parameter of one, param(np.array(2.0))")
    step(x, [p.data for p in parameters], bars)
    for p in parameters:
        clear(p)


def clear(x: Tracked) -> None:
    """Set the `grad` of a parameter to zero."""
    if isinstance(x.grad, np.ndarray):
        x.grad[...] = 0
    else:
        x.grad = instantiate(None, x.data)
