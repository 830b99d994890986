"""Rules found at run time: `apply_rule` is `rule_of(f)(*args)` for any callable.

    y, pullback = apply_rule(f, active, *args, **kwargs)
    f_bar, *args_bars, kwargs_bar = pullback(y_bar)

`active` lists what carries a derivative: positions, keywords, "callee", "*" and "**". Cotangents may
be None, which stands for zero.
"""

from __future__ import annotations

import ast
import functools
import inspect
import operator
import types
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from adjoint.cursor import Cursor
from adjoint.errors import AdjointError, MissingRuleError
from adjoint.parts import refuse_assignment
from adjoint.rules import cursors, lookup, registry
from adjoint.rules.arraylike import made_arrays
from adjoint.rules.classes import refuse_captured
from adjoint.rules.operators import (
    IN_PLACE,
    asks_second_operand,
    is_hashable,
    iterables,
    iteration_method,
    special_methods,
)
from adjoint.rules.plain import elementwise_text, joined, repeated, replaced_fields, summed
from adjoint.rules.text import only_text, read_back, refuse_read_back
from adjoint.rules.writes import refuse_write, writes_of
from adjoint.runtime import (
    augment,
    call_method,
    check_iterable,
    fail,
    is_context_function,
    iterated,
    load_capture,
    make_function,
    new_object,
    recalled,
    set_attribute,
)
from adjoint.tree import (
    Number,
    Tangent,
    accumulate_item,
    project,
    same_container,
    tangent_field,
    without_field,
)

Pullback = Callable[[Any], tuple]
Result = tuple[Any, Pullback]

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
    if kwargs.get("out") is not None and (
        getattr(function, "__module__", None) or "numpy"
    ).startswith("numpy"):
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
        return _declared(declared, function, args, kwargs)
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
            if isinstance(a, Iterator) and not isinstance(a, Cursor) and carries(active, i)
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
    y, pullback = _declared(declared, function, args, kwargs)
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
        elif ruled is not None and not cursors.is_generator(ruled.text):
            found[i] = iterated if function in LAZY else cursors.remaining
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


def carries(active: tuple, position: int) -> bool:
    """Does the positional argument carry a derivative?"""
    return position in active or "*" in active


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


# What goes into a file may be read back: its derivative would be lost on the way.
FILES = {np.save, np.savez, np.savez_compressed, np.savetxt, np.load, np.loadtxt, np.genfromtxt}


def generatable(function: Any) -> bool:
    """Is there Python source, or an object of Python's own making, to derive a rule from?"""
    if is_hashable(function) and function in FILES:
        return False
    if isinstance(function, types.FunctionType | functools.partial):
        return True
    if isinstance(getattr(function, "__wrapped__", None), types.FunctionType):
        return True
    if isinstance(function, type):
        return function.__module__ != "builtins"
    return isinstance(getattr(type(function), "__call__", None), types.FunctionType)  # noqa: B004


def describe(function: Any) -> str:
    name = getattr(function, "__qualname__", None) or getattr(function, "__name__", repr(function))
    module = getattr(function, "__module__", None)
    return f"{module}.{name}" if module and module != "builtins" else str(name)


def missing_hint(function: Any) -> str:
    name = getattr(function, "__name__", "f")
    return (
        f"Declare one: @adjoint.rule({name}), a function of {name}'s arguments that returns "
        "(y, pullback); or adjoint.nondifferentiable() if its derivative is zero."
    )


def missing_rule(function: Any, origin: Any) -> Any:
    """Raises: the user's code reached a callable on an active path that has no rule."""
    raise MissingRuleError(
        f"no derivative is known for {describe(function)}", origin, missing_hint(function)
    )


def underived_name(declared: registry.Rule, key: int | str) -> str | None:
    """The name of the parameter, if no derivative is known of it, that takes an operand of a call:
    the positional one of a number, or the keyword of a name."""
    if isinstance(key, str):
        return key if key in declared.underived else None
    code = declared.text.__code__
    names = code.co_varnames[: code.co_argcount]
    return names[key] if key < len(names) and names[key] in declared.underived else None


def missing_parameter(function: Any, name: str, origin: Any = None) -> Any:
    """Raises: a parameter carries a derivative, of which the rule of the callee knows none."""
    raise MissingRuleError(
        f"no derivative of {describe(function)} with respect to its parameter {name} is known",
        origin,
        f"Keep {name} out of the derivative: pass a constant, or adjoint.stop_gradient({name}).",
    )


@registry.nondifferentiable
def constant(x: Any) -> Any:
    """The identity, with no derivative."""
    return x


def refuse_underived(
    function: Any, declared: registry.Rule, active: tuple, args: tuple, kwargs: dict
) -> None:
    """Refuse operands that carry a derivative, of which the rule knows none."""
    for key in [*[i for i in range(len(args)) if carries(active, i)], *kwargs]:
        name = underived_name(declared, key)
        if name is not None and (isinstance(key, int) or key in active or "**" in active):
            missing_parameter(function, name)


ITERATOR_MAKERS = {zip, enumerate, reversed, iter, next, check_iterable}
LAZY = {zip, enumerate, check_iterable}


# -- declared rules ----------------------------------------------------------------------------------


def _declared(declared: registry.Rule, function: Any, args: tuple, kwargs: dict) -> Result:
    if declared.kind == "constant":
        y = function(*args, **kwargs)
        nothing = (None,) * (1 + len(args)) + ({},)
        if declared.textual:
            return y, lambda y_bar: (refuse_read_back(y_bar), *nothing[1:])
        return y, lambda y_bar: nothing
    if declared.kind == "partials":
        return _elementwise(declared, function, args, kwargs)
    if function not in ITERATOR_MAKERS:
        args = tuple([list(a) if isinstance(a, Iterator) else a for a in args])
    if kwargs:
        refuse_keywords(function, declared.text, kwargs)
    y, inner = declared.text(*args, **kwargs)

    def pullback(y_bar: Any) -> tuple:
        if y_bar is None:
            return (None,) * (1 + len(args)) + ({},)
        bars = inner(y_bar)
        return assign_bars(declared.text, bars, args, kwargs)

    return y, pullback


@registry.nondifferentiable
def check_count(text: Any, count: int) -> None:
    """A pullback gives a cotangent to each parameter of its rule at most."""
    parameters = inspect.signature(text).parameters.values()
    starred = any(p.kind is p.VAR_POSITIONAL for p in parameters)
    if count > len(parameters) and not starred:
        code = text.__code__
        raise AdjointError(
            f"a pullback returns {count} cotangents, and its rule has {len(parameters)} parameters: "
            f"{text.__qualname__} ({code.co_filename}, line {code.co_firstlineno})",
            hint="Return one cotangent for each parameter, None where there is none.",
        )


def refuse_keywords(function: Any, text: Any, kwargs: dict) -> None:
    """Refuse keywords that the function takes, and its rule does not."""
    parameters = inspect.signature(text).parameters.values()
    more = set(kwargs) - {p.name for p in parameters if p.kind is not p.POSITIONAL_ONLY}
    if more and not any(p.kind is p.VAR_KEYWORD for p in parameters):
        function_name = describe(function)
        raise MissingRuleError(
            f"no derivative is known for {function_name} with {', '.join(sorted(more))}",
            hint=missing_hint(function),
        )


def assign_bars(text: Any, bars: Any, args: tuple, kwargs: dict) -> tuple:
    """The cotangents that a rule returns for its leading parameters, as those of a call's operands."""
    leading = bars if isinstance(bars, tuple) else (bars,)
    check_count(text, len(leading))
    if len(leading) < len(args):
        leading = (*leading, *(None,) * (len(args) - len(leading)))
    named = {k: fit(keyword_bar(text, leading, k), v) for k, v in kwargs.items()}
    return (None, *map(fit, leading[: len(args)], args), named)


def keyword_bar(text: Any, leading: tuple, name: str) -> Any:
    """The cotangent of a keyword argument among those of a rule's leading parameters."""
    i = keyword_position(text, len(leading), name)
    if i is None:
        return None
    if name not in inspect.signature(text).parameters:
        return None if leading[i] is None else leading[i].get(name)
    return leading[i]


def keyword_position(text: Any, count: int, name: str) -> int | None:
    """The position, among what a rule gives its parameters, of what is for a keyword: behind the
    cotangents of `*args` that of `**kwargs` is the last."""
    parameters = inspect.signature(text).parameters
    for i, (own, parameter) in enumerate(parameters.items()):
        if parameter.kind is parameter.VAR_POSITIONAL:
            others = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
            return count - 1 if others and name not in parameters else None
        if i >= count:
            return None
        if own == name or parameter.kind is parameter.VAR_KEYWORD and name not in parameters:
            return i
    return None


def fit(bar: Any, primal: Any) -> Any:
    """A cotangent in the form of its primal; of a container, item by item."""
    if isinstance(bar, list | tuple) and isinstance(primal, list | tuple):
        return same_container(primal, [fit(b, p) for b, p in zip(bar, primal, strict=True)])
    return project(bar, primal)


def _elementwise(declared: registry.Rule, function: Any, args: tuple, kwargs: dict) -> Result:
    if not all(isinstance(x, np.ndarray | Number | np.bool_) for x in args):
        return _of_objects(function, args, kwargs)
    if kwargs.get("where", True) is not True:
        raise MissingRuleError(f"no derivative is known for {describe(function)} with where=")
    y, inner = elementwise_text(function, declared)(*args, **kwargs)
    nothing = (None,) * len(args)
    return y, lambda y_bar: (None, *(nothing if y_bar is None else inner(y_bar)), {})


def _of_objects(function: Any, args: tuple, kwargs: dict) -> Result:
    """An elementwise function or operator of something that is no number: sequences, nested lists."""
    if function in (operator.add, operator.mul) and isinstance(args[0], list | tuple | str):
        text = {operator.add: joined, operator.mul: repeated}[function]
        y, inner_pull = text(*args)
        return y, lambda y_bar: (None, *((None, None) if y_bar is None else inner_pull(y_bar)), {})
    if any(isinstance(x, str | bytes | None | set | frozenset | type) for x in args):
        rest = (None,) * len(args)
        return function(*args, **kwargs), lambda y_bar: (refuse_read_back(y_bar), *rest, {})
    function(*args, **kwargs)  # what Python refuses as well comes out as Python says it
    raise MissingRuleError(
        f"no derivative is known for {describe(function)} of "
        + " and ".join(type(x).__name__ for x in args),
        hint=missing_hint(function),
    )


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
    if function is sum and args and isinstance(args[0], list | tuple):
        if not all(isinstance(x, np.ndarray | Number | np.bool_) for x in args[0]):
            return summed
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


def _method_call(active: tuple, owner: Any, name: str, /, *args: Any, **kwargs: Any) -> Result:
    if isinstance(owner, Cursor):
        return cursors.method(apply_rule, active, owner, name, args)
    function, shifted = method_of(owner, name, *args[:1]), method_mask(active)
    if function is not None:
        y, pullback = apply_rule(function, shifted, owner, *args, **kwargs)

        def pull(y_bar: Any) -> tuple:
            _, owner_bar, *rest = pullback(y_bar)
            return (None, owner_bar, None, *rest)

        return y, pull
    callee = tuple(a - 1 if isinstance(a, int) else a for a in shifted if a != 0)
    method, attribute_pullback = _attribute((0,), owner, name)
    y, pullback = apply_rule(
        method, (*callee, "callee") if 0 in active else callee, *args, **kwargs
    )

    def pull_attribute(y_bar: Any) -> tuple:
        method_bar, *rest = pullback(y_bar)
        _, owner_bar, _, _ = attribute_pullback(method_bar)
        return (None, owner_bar, None, *rest)

    return y, pull_attribute


METADATA = {
    "shape", "size", "ndim", "dtype", "itemsize", "nbytes", "strides", "flags", "device", "numerator",
    "denominator",
}  # fmt: skip


def _attribute(active: tuple, owner: Any, name: str, *default: Any) -> Result:
    rest = (None,) * len(default)
    computed = lookup.attribute_call(owner, name, *default)
    if computed is not None:
        function, before, after = computed
        y, pullback = apply_rule(function, (len(before),), *before, owner, *after)
        return y, lambda y_bar: (None, pullback(y_bar)[1 + len(before)], None, *rest, {})
    y = getattr(owner, name, *(default or (None,) if isinstance(owner, Tangent) else default))
    if isinstance(owner, types.FunctionType | types.CellType) and name not in getattr(
        owner, "__dict__", ()
    ):
        if isinstance(y, str | dict | types.CodeType | None):
            return y, lambda y_bar: (None, None, None, *rest, {})
        raise MissingRuleError(f"no derivative is known for the attribute {name!r} of a function")
    if is_bound(y) and y.__self__ is owner:
        return y, lambda y_bar: (None, getattr(y_bar, "__self__", None), None, *rest, {})
    if lookup.is_decorated(y) and getattr(y.function, "__self__", None) is owner:
        return y, lambda y_bar: (
            None, tangent_field(tangent_field(y_bar, "function"), "__self__"), None, *rest, {}
        )  # fmt: skip
    if isinstance(owner, np.ndarray | Number) and not (name in METADATA or name.startswith("__")):
        raise MissingRuleError(
            f"no derivative is known for the attribute {name!r} of {type(owner).__name__}"
        )
    if isinstance(owner, np.ndarray | np.generic | Number | type | types.ModuleType | str):
        return y, lambda y_bar: (None, None, None, *rest, {})
    if isinstance(owner, tuple) and name in getattr(owner, "_fields", ()):
        i = owner._fields.index(name)
        return y, lambda y_bar: (None, accumulate_item(None, owner, i, y_bar), None, *rest, {})
    if isinstance(owner, tuple):  # an attribute of the class
        return y, lambda y_bar: (None, None, None, *rest, {})
    if default and not hasattr(owner, name):
        return y, lambda y_bar: (None, None, None, y_bar, {})
    return y, lambda y_bar: (
        None,
        None if y_bar is None else Tangent(**{name: y_bar}),
        None,
        *rest,
        {},
    )


def _item(active: tuple, owner: Any, index: Any) -> Result:
    method = getattr(type(owner), "__getitem__", None)
    if isinstance(method, types.FunctionType):
        return apply_rule(method, active, owner, index)
    y = owner[index]
    if isinstance(owner, np.ndarray) and owner.dtype.names is not None:
        raise MissingRuleError("no derivative is known for the fields of a structured array")
    if 1 in active and not isinstance(
        owner, list | tuple | dict | str | range | np.ndarray | np.generic
    ):
        raise MissingRuleError(f"no derivative is known for indexing a {type(owner).__name__}")

    def pull(y_bar: Any) -> tuple:
        if isinstance(y_bar, Tangent) or y_bar is None:
            return (
                None,
                None if y_bar is None else accumulate_item(None, owner, index, y_bar),
                None,
                {},
            )
        return (None, accumulate_item(None, owner, index, project(y_bar, y)), None, {})

    return y, pull


def _assign(active: tuple, owner: Any, name: str, value: Any) -> Result:
    if has_setter(type(owner), name):
        refuse_write(f"the setter of {name}")
    if carries(active, 2):
        refuse_assignment(type(owner), name)

    def pull(y_bar: Any) -> tuple:
        if y_bar is None:
            return (None, None, None, None, {})
        own = tangent_field(y_bar, name)
        return (None, without_field(y_bar, name), None, own, {})

    return set_attribute(owner, name, value), pull


def has_setter(cls: type, name: str) -> bool:
    """Does assigning this attribute run code of the class's own?"""
    found = inspect.getattr_static(cls, name, None)
    own = type(found).__module__ != "builtins" and hasattr(type(found), "__set__")
    return (
        isinstance(found, property)
        or own
        or cls.__setattr__ is not object.__setattr__
        and not (getattr(cls, "__dataclass_params__", None) is not None)
        and cls is not types.SimpleNamespace
    )


def _recalled(active: tuple, function: Any, /, *args: Any, **kwargs: Any) -> Result:
    raise MissingRuleError(
        f"no derivative is known for {describe(function)}: it calls itself, and keeps its results "
        "(functools.cache)",
        hint="Fill a table in a loop, or call the function without its cache.",
    )


def _new(active: tuple, cls: type) -> Result:
    return new_object(cls), lambda y_bar: (None, None, {})


def widened(mask: tuple, active: tuple) -> tuple:
    """What is active of a call, of what is active of the `apply_rule` that makes it as well.

    An inner derivative may be with respect to one operand, and the outer one to another.
    """
    outer = [
        "callee" if a == 0 else a - 2 if isinstance(a, int) else a
        for a in active
        if a not in ("callee", 1)
    ]
    return tuple(dict.fromkeys((*mask, *outer)))


def _nested(active: tuple, function: Any, mask: tuple, /, *args: Any, **kwargs: Any) -> Result:
    """`apply_rule` itself, differentiated: its pullback's cotangent is that of what it was made from."""
    cursors.refuse_again(function, args)
    if not (is_hashable(function) and (function in ITERATOR_MAKERS or function is iterated)):
        args = tuple([list(a) if isinstance(a, Iterator) else a for a in args])
    mask = widened(mask, active)
    y, inner = apply_rule(function, mask, *args, **kwargs)
    kept = Kept(function, mask, args, kwargs, inner)

    def pull(bars: Any) -> tuple:
        from adjoint.tree import accumulate

        y_bar, kept_bar = (None, None) if bars is None else bars
        own = inner(y_bar) if y_bar is not None else (None,) * (1 + len(args)) + ({},)
        if kept_bar is not None:
            later = (
                kept_bar.function,
                *(kept_bar.args or [None] * len(args)),
                kept_bar.kwargs or {},
            )
            own = tuple(map(accumulate, own, later))
        callee, *rest = own
        return (None, callee, None, *rest)

    return (y, kept), pull


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
    return mask if declared is None or not declared.underived else repr(mask)


def read_mask(mask: tuple | str) -> tuple:
    return ast.literal_eval(mask) if isinstance(mask, str) else mask


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


def function_parts(code: Any, operands: tuple) -> list[tuple[str, Any]]:
    """The names under which a function's cotangent has those of `make_function`'s operands."""
    _, _, defaults, keywords, *captures = operands
    last = code.co_varnames[: code.co_argcount][-len(defaults or ()) or code.co_argcount :]
    return [
        *zip(code.co_freevars, captures, strict=True), *zip(last, defaults or (), strict=True),
        *(keywords or {}).items(),
    ]  # fmt: skip


def _captured(active: tuple, function: Any, name: str) -> Result:
    """What a function captured."""
    return load_capture(function, name), lambda y_bar: (
        None, None if y_bar is None else Tangent(**{name: y_bar}), None, {}
    )  # fmt: skip


def _made_function(
    active: tuple, code: Any, namespace: Any, defaults: Any, keywords: Any, *captures: Any
) -> Result:
    made = make_function(code, namespace, defaults, keywords, *captures)

    def pull(bar: Any) -> tuple:
        def part(name: str) -> Any:
            return None if bar is None else getattr(bar, name, None)

        names = code.co_varnames[: code.co_argcount][-len(defaults or ()) or code.co_argcount :]
        more = {k: part(k) for k in keywords or {}} or None
        return (None, None, None, tuple(map(part, names)), more, *map(part, code.co_freevars), {})

    return made, pull


def _dict(active: tuple, /, *positional: Any, **more: Any) -> Result:
    """`dict(mapping or pairs, **more)`"""
    items = positional[0] if positional else ()
    mapping = hasattr(items, "keys")
    if isinstance(items, Iterator):
        items = list(items)
    y = dict(items, **more)

    def pull(y_bar: Any) -> tuple:
        bars = {} if y_bar is None else y_bar
        named = {k: bars.get(k) for k in more}
        if mapping:
            first: Any = {k: bars.get(k) for k in items if k not in more}
        else:
            last = {k: i for i, (k, _) in enumerate(items)}
            first = [
                (None, bars.get(k) if last[k] == i and k not in more else None)
                for i, (k, _) in enumerate(items)
            ]
        return (None, first, named) if positional else (None, named)

    return y, pull


def _augment(active: tuple, function: Any, x: Any, y: Any) -> Result:
    if isinstance(x, np.ndarray | list | dict | set | bytearray):
        augment(function, x, y)  # refuses
    plain = IN_PLACE[function]
    if isinstance(
        getattr(type(x), f"__{function.__name__.strip('_')}__", None), types.FunctionType
    ):
        plain = function
    value, pullback = apply_rule(plain, tuple(a - 1 for a in active if isinstance(a, int)), x, y)

    def pull(bar: Any) -> tuple:
        callee, x_bar, y_bar, named = pullback(bar)
        return (callee, None, x_bar, y_bar, named)

    return value, pull


STRUCTURAL: dict[Any, Callable[..., Result]] = {
    augment: _augment,
    call_method: _method_call, getattr: _attribute, operator.getitem: _item, set_attribute: _assign,
    new_object: _new, apply_rule: _nested, make_function: _made_function, dict: _dict, load_capture: _captured,
    recalled: _recalled,
}  # fmt: skip
STRUCTURAL |= {f: functools.partial(rule, apply_rule) for f, rule in cursors.RULES.items()}
