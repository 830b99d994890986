"""Rules found at run time: `apply_rule` is `rule_of(f)(*args)` for any callable.

    y, pullback = apply_rule(f, active, *args, **kwargs)
    f_bar, *args_bars, kwargs_bar = pullback(y_bar)

`active` lists what carries a derivative: positions, keywords, "callee", "*" and "**". Cotangents may
be None, which stands for zero.
"""

from __future__ import annotations

import functools
import inspect
import types
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from adjoint.cursor import Cursor
from adjoint.errors import MissingRuleError
from adjoint.rules import cursors, lookup, registry
from adjoint.rules.arraylike import made_arrays
from adjoint.rules.classes import refuse_captured
from adjoint.rules.declarations import LAZY, apply_declared
from adjoint.rules.kept import Held, Kept, Pullback, Refused, Result, read_mask
from adjoint.rules.missing import carries, describe, generatable, missing_hint, refuse_underived
from adjoint.rules.operators import (
    IN_PLACE,
    asks_second_operand,
    is_hashable,
    iterables,
    iteration_method,
    special_methods,
)
from adjoint.rules.plain import replaced_fields, summed
from adjoint.rules.sets import OPERATORS
from adjoint.rules.text import only_text, read_back
from adjoint.rules.writes import refuse_write, writes_of
from adjoint.runtime import (
    fail,
    is_context_function,
    iterated,
)
from adjoint.tree import (
    Number,
    Tangent,
    same_container,
)

#: Of calls that take apart and put together: `structural` says them.
STRUCTURAL: dict[Any, Callable[..., Result]] = {}
# Set by the compiler: gives the rule of a Python function from its source.
generate: Callable[[Any, tuple, tuple, dict], Result] | None = None
# Likewise: a function that compiles what it compiles with the options of now, whenever it runs.
as_now: Callable[[Callable], Callable] | None = None
# Likewise: may arrays that functions read from the globals be parameters (`params`)?
reads_parameters: Callable[[], bool] = bool


def apply_rule(function: Any, active: tuple, /, *args: Any, **kwargs: Any) -> Result:
    """The value of a call and its pullback, by whatever rule the callable has."""
    function = respelled(function, args)
    made_first = converted(function, active, args)
    if made_first:
        return _of_converted(function, active, args, kwargs, made_first)
    special = STRUCTURAL.get(function) if is_hashable(function) else None
    if special is not None:
        return special(active, *args, **kwargs)
    if function is fail:
        fail(*args, **kwargs)
    if writes_of(function):
        refuse_write(getattr(function, "__name__", "this"))
    if kwargs.get("out") is not None and registry.package_of(function) in ("", "numpy"):
        refuse_write("out=")
    if only_text(function, active, args, kwargs):
        return _of_text(function, args, kwargs)
    if isinstance(function, Refused):
        raise function.error
    if isinstance(function, Kept):
        return _kept_call(function, active, *args)
    overloaded = _overloaded(function, args)
    if overloaded is not None:
        method, order = overloaded
        positions = tuple(order.index(a) if isinstance(a, int) else a for a in active)
        y, pullback = apply_rule(method, positions, *[args[i] for i in order], **kwargs)
        return y, _reordered(pullback, order)
    if is_context_function(function):
        return cursors.context(apply_rule, active, function, args, kwargs)
    chosen = chosen_by_type(function, args)
    if chosen is not None:
        return apply_rule(chosen, active, *args, **kwargs)
    if is_hashable(function) and function in cursors.MAKERS:
        return _iterator(function, active, args, kwargs)
    own = own_iterators(function, args)
    if own:
        return _iterated(function, own, active, args, kwargs)
    lists = made_arrays(function, map(type, (*args, *kwargs.values())), kwargs)
    if lists:
        return _of_lists(function, lists, active, args, kwargs)
    declared = registry.lookup(function)
    if declared is None and is_bound(function):
        return _bound(function, active, args, kwargs)
    if declared is not None and declared.underived:
        refuse_underived(function, declared, active, args, kwargs)
    if declared is not None and declared.kind != "source":
        refuse_objects(function, active, args)
        return apply_declared(declared, function, args, kwargs)
    if declared is None and not generatable(function):
        raise MissingRuleError(
            f"no derivative is known for {describe(function)}",
            hint=missing_hint(function),
        )
    refuse_captured(function)
    assert generate is not None
    args = tuple(
        [
            list(a)
            if isinstance(a, Iterator)
            and not isinstance(a, Cursor)
            and not lookup.has_own_next(type(a))  # an object like any other
            and carries(active, i)
            else a
            for i, a in enumerate(args)
        ]
    )
    return generate(function if declared is None else declared.text, active, args, kwargs)


def _of_text(function: Any, args: tuple, kwargs: dict) -> Result:
    """A call of which only text has a derivative: plain, as long as no number that it reads has one."""
    name = getattr(function, "__name__", "a call")

    def pull(y_bar: Any) -> tuple:
        bar = read_back(y_bar, name)
        given = [bar if isinstance(x, str | bytes) else None for x in args]
        return (
            None, *given, {k: bar if isinstance(x, str | bytes) else None for k, x in kwargs.items()}
        )  # fmt: skip

    return function(*args, **kwargs), pull


def _iterator(function: Any, active: tuple, args: tuple, kwargs: dict) -> Result:
    """A call that makes an iterator. The rules of some make a list in its place."""
    declared = registry.lookup(function)
    assert declared is not None and generate is not None
    if declared.kind == "source":
        items, pullback = generate(declared.text, active, args, kwargs)
        y, count = Cursor(iter(items)), len(items)
        return y, lambda bars: pullback(cursors.padded(bars, count))
    y, pullback = apply_declared(declared, function, args, kwargs)
    return Cursor(y), pullback


def converted(function: Any, active: tuple, args: tuple) -> dict[int, Any]:
    """By position: what the function makes of an object of a user's class before it works on it."""
    ruled = registry.lookup(function)
    found = {}
    for i, a in enumerate(args):
        if not carries(active, i):
            continue
        if not isinstance(a, Cursor):
            found[i] = lookup.conversion(function, type(a), i, len(args))
            if found[i] is lookup.items_by_next:
                lookup.refuse_own_next(a)
        elif ruled is not None and not cursors.is_generator(ruled.text):
            draining = cursors.drained if function in cursors.DRAINING else cursors.remaining
            found[i] = iterated if function in LAZY else draining
    return {i: make for i, make in found.items() if make is not None}


class Converted:
    """The pullback of a call on what was made of some of its arguments."""

    def __init__(self, made: dict[int, tuple[Any, Any, Pullback]], args: tuple, inner: Pullback):
        self.made, self.args, self.inner = made, args, inner

    def __call__(self, y_bar: Any) -> tuple:
        callee, *bars, named = self.inner(y_bar)
        for i, (_, _, back) in self.made.items():
            bars[i] = back(bars[i])[1]
        return (callee, *bars, named)


def _of_converted(
    function: Any, active: tuple, args: tuple, kwargs: dict, made_first: dict[int, Any]
) -> Result:
    made = {i: (make, *apply_rule(make, (0,), args[i])) for i, make in made_first.items()}
    new = tuple([made[i][1] if i in made else a for i, a in enumerate(args)])
    y, inner = apply_rule(function, active, *new, **kwargs)
    return y, Converted(made, new, inner)


def chosen_by_type(function: Any, args: tuple) -> Any:
    """What `functools.singledispatch` calls for these arguments."""
    single = isinstance(function, types.FunctionType) and args and hasattr(function, "registry")
    return function.dispatch(type(args[0])) if single and hasattr(function, "dispatch") else None  # type: ignore[attr-defined]


def has_rule(function: Any) -> bool:
    """May a call of this be differentiated? (What it does with its operands is another question.)"""
    if not is_hashable(function) or function in STRUCTURAL or special_methods(function):
        return True
    if isinstance(function, np.ufunc):
        return registry.lookup(function) is not None
    return (
        registry.lookup(function) is not None
        or generatable(function)
        or not callable(function)
        or (is_bound(function) or isinstance(function, Kept))
    )


# -- sequences ----------------------------------------------------------------------------------------


def _of_lists(function: Any, lists: list, active: tuple, args: tuple, kwargs: dict) -> Result:
    """A call that makes arrays of lists: the call with these arrays."""
    given, named = list(args), dict(kwargs)
    for key in lists:
        into: Any = given if isinstance(key, int) else named
        into[key] = np.asarray(into[key])
    y, inner = apply_rule(function, active, *given, **named)

    def pull(y_bar: Any) -> tuple:
        callee, *bars, named_bar = inner(y_bar)
        return (callee, *_as_lists(bars, args, lists), _as_lists(named_bar, kwargs, lists))

    return y, pull


def _as_lists(bars: Any, operands: Any, lists: list) -> Any:
    """The cotangents of operands, those of the arrays in the form of the lists they were made from."""
    if isinstance(bars, dict):
        return {k: _nested_like(b, operands[k]) if k in lists else b for k, b in bars.items()}
    return [_nested_like(b, operands[i]) if i in lists else b for i, b in enumerate(bars)]


def _nested_like(bar: Any, items: Any) -> Any:
    """A cotangent array as nested lists, in the form of the lists that the array was made from."""
    if not isinstance(items, list | tuple):
        return bar[()] if isinstance(bar, np.ndarray) and bar.ndim == 0 else bar
    if bar is None:
        return None
    return same_container(items, [_nested_like(b, i) for b, i in zip(bar, items, strict=True)])


# -- methods and operators ---------------------------------------------------------------------------


def _rebinds(function: Any, args: tuple) -> bool:
    """Is `x op= y` the same as `x = x op y`, because x is not written to?"""
    if not is_hashable(function) or function not in IN_PLACE:
        return False
    if isinstance(args[0], np.ndarray | list | dict | set):
        from adjoint.errors import UnsupportedSyntaxError

        raise UnsupportedSyntaxError(
            f"an augmented assignment writes into {type(args[0]).__name__}, which is not supported yet",
            hint="Write x = x + y instead of x += y.",
        )
    name = f"__{function.__name__.strip('_')}__"
    return not isinstance(getattr(type(args[0]), name, None), types.FunctionType)


def _overloaded(function: Any, args: tuple) -> tuple[Any, tuple[int, ...]] | None:
    """The Python method that implements an operator for these operands, and the order of operands."""
    names = special_methods(function)
    if not names or not args or isinstance(args[0], Cursor):
        return None
    method = getattr(type(args[0]), names[0], None)
    if compares_fields(method):
        return None
    if isinstance(method, types.FunctionType):
        if "NotImplemented" not in method.__code__.co_names or len(args) == 1:
            return method, tuple(range(len(args)))
        if method(*args) is not NotImplemented:
            return method, tuple(range(len(args)))
    if len(names) > 1 and len(args) == 2:
        method = getattr(type(args[1]), names[1], None)
        if isinstance(method, types.FunctionType) and asks_second_operand(*map(type, args)):
            return method, (1, 0)
    return None


def compares_fields(method: Any) -> bool:
    """Is this a comparison that a dataclass made of its fields? It has no source, and is a constant."""
    code = getattr(method, "__code__", None)
    return (
        code is not None
        and code.co_filename == "<string>"
        and code.co_name in ("__eq__", "__lt__", "__le__", "__gt__", "__ge__")
    )


def respelled(function: Any, args: tuple) -> Any:
    """What a call is the same as, for these operands."""
    if _rebinds(function, args):
        return IN_PLACE[function]
    if getattr(function, "__objclass__", None) is np.generic and not registry.lookup(function):
        return getattr(np.ndarray, function.__name__, function)  # a number's method is an array's
    if function is sum and args and isinstance(args[0], list | tuple):
        if not all(isinstance(x, np.ndarray | Number | np.bool_) for x in args[0]):
            return summed
    if any(isinstance(x, set | frozenset) for x in args[:2]) and is_hashable(function):
        return OPERATORS.get(function, function)
    return function


def own_iterators(function: Any, args: tuple) -> list[int]:
    """The positions of the iterables whose class says in Python what iteration gives."""
    return [
        i for i in iterables(function, len(args)) if iteration_method(type(args[i])) is not None
    ]


def _iterated(function: Any, own: list[int], active: tuple, args: tuple, kwargs: dict) -> Result:
    """A call that goes through an object: what the object's `__iter__` gives, as a list."""
    items, backs = list(args), {}
    for i in own:
        given, backs[i] = apply_rule(iteration_method(type(args[i])), (0,), args[i])
        items[i] = list(given)
    y, pullback = apply_rule(function, active, *items, **kwargs)

    def pull(y_bar: Any) -> tuple:
        callee, *bars, named = pullback(y_bar)
        for i in own:
            bars[i] = backs[i](bars[i])[1]
        return (callee, *bars, named)

    return y, pull


def refuse_objects(function: Any, active: tuple, args: tuple) -> None:
    """A rule of NumPy's is about numbers: what it makes of an object is not known to it."""
    module = getattr(function, "__module__", None) or "numpy"
    numeric = (
        module.partition(".")[0] in ("numpy", "math", "_operator")
        or module.startswith(("scipy.special", "scipy.linalg"))
        or (function is float or function is complex)
    )
    items = iterables(function, len(args))
    for i, x in enumerate(args):
        subclass = isinstance(x, np.ndarray) and type(x) not in (np.ndarray, np.memmap)
        taken = numeric or i in items
        refused = taken and is_object(x) or subclass and (taken or module.startswith("scipy."))
        if carries(active, i) and refused:
            raise MissingRuleError(
                f"no derivative is known for {describe(function)} of a {type(x).__name__}",
                hint="Call it with the object's numbers.",
            )


def is_object(x: Any) -> bool:
    """Is this an instance of a class of the user's, as far as rules of numbers are concerned?"""
    known = np.ndarray | np.generic | Number | list | tuple | dict | str | types.FunctionType | type
    if isinstance(x, known) or isinstance(x, Iterator | Tangent) or hasattr(x, "takes_list"):
        return False
    return hasattr(x, "__dict__") or bool(getattr(type(x), "__slots__", ()))


def _reordered(pullback: Pullback, order: tuple[int, ...]) -> Pullback:
    def reordered(y_bar: Any) -> tuple:
        callee, *bars, named = pullback(y_bar)
        back = [None] * len(order)
        for position, bar in zip(order, bars, strict=True):
            back[position] = bar
        return (callee, *back, named)

    return reordered


def is_bound(function: Any) -> bool:
    """Is this a method with its instance: Python's own, or one of a builtin class?"""
    if isinstance(function, types.MethodType):
        return True
    return isinstance(function, types.BuiltinMethodType) and not isinstance(
        function.__self__, types.ModuleType | type | None
    )


def unbound(function: Any) -> Any:
    """The function of a bound method."""
    if isinstance(function, types.MethodType):
        return function.__func__
    return getattr(type(function.__self__), function.__name__)


def bound_mask(active: tuple) -> tuple:
    """What is active of `method(…)`, as of `function(instance, …)`."""
    inner = tuple(a + 1 if isinstance(a, int) else a for a in active if a != "callee")
    return (0, *inner) if "callee" in active else inner


def _bound(function: Any, active: tuple, args: tuple, kwargs: dict) -> Result:
    """A bound method: its function, with the instance first."""
    y, pullback = apply_rule(
        unbound(function), bound_mask(active), function.__self__, *args, **kwargs
    )

    def pull(y_bar: Any) -> tuple:
        _, self_bar, *rest = pullback(y_bar)
        return (None if self_bar is None else Tangent(__self__=self_bar), *rest)

    return y, pull


def method_of(owner: Any, name: str, *first: Any) -> Any:
    """The function that `owner.name(…)` calls with the owner first; None if it is no such method."""
    if isinstance(owner, np.ndarray | np.generic):
        return getattr(type(owner) if isinstance(owner, np.generic) else np.ndarray, name, None)
    if isinstance(owner, type | types.ModuleType) or name in getattr(owner, "__dict__", ()):
        return None
    if name == "_replace" and isinstance(owner, tuple) and hasattr(owner, "_fields"):
        return replaced_fields
    found = inspect.getattr_static(type(owner), name, None)
    if isinstance(found, functools.singledispatchmethod) and first:
        found = found.dispatcher.dispatch(type(first[0]))
    plain = isinstance(found, types.FunctionType | types.MethodDescriptorType)
    return found if plain or lookup.is_decorated(found) else None


def method_mask(active: tuple) -> tuple:
    """What is active of `call_method(owner, name, …)`, as of `function(owner, …)`."""
    return tuple(a - 1 if isinstance(a, int) and a > 0 else a for a in active if a != "callee")


def pull_call(function: Any, mask: tuple | str, args: tuple, kwargs: dict, y_bar: Any) -> tuple:
    """The cotangents of a call's operands: `apply_rule(function, mask, *args)[1](y_bar)`."""
    if isinstance(function, type) and issubclass(function, Held):
        function = function.functions[0]
    return apply_rule(function, read_mask(mask), *args, **kwargs)[1](y_bar)


def _kept_call(kept: Kept, active: tuple, y_bar: Any) -> Result:
    from adjoint.rules.pulled import pulled

    nothing = (None,) * (1 + len(kept.args)) + ({},)
    if y_bar is None:
        return nothing, lambda bars_bar: (None, None, {})
    bars, pullback = pulled(kept.function, kept.mask, kept.args, kept.kwargs, kept.inner, y_bar)

    def pull(bars_bar: Any) -> tuple:
        if bars_bar is None:
            return (None, None, {})
        function_bar, args_bar, kwargs_bar, y_bar_bar = pullback(bars_bar)
        return (Tangent(function=function_bar, args=args_bar, kwargs=kwargs_bar), y_bar_bar, {})

    return bars, pull
