"""Rules at run time of calls that take apart and put together: attributes, items, methods, functions, dicts."""

from __future__ import annotations

import functools
import inspect
import operator
import types
from collections.abc import Iterator
from typing import Any

import numpy as np

from adjoint.cursor import Cursor
from adjoint.errors import MissingRuleError
from adjoint.parts import refuse_assignment
from adjoint.rules import cursors, lookup
from adjoint.rules.declarations import ITERATOR_MAKERS
from adjoint.rules.dispatch import (
    STRUCTURAL,
    apply_rule,
    is_bound,
    method_mask,
    method_of,
)
from adjoint.rules.kept import Kept, Result
from adjoint.rules.missing import carries, describe
from adjoint.rules.operators import (
    IN_PLACE,
    is_hashable,
)
from adjoint.rules.writes import refuse_write
from adjoint.runtime import (
    augment,
    call_method,
    call_reading,
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
    tangent_field,
    without_field,
)

METADATA = {
    "shape", "size", "ndim", "dtype", "itemsize", "nbytes", "strides", "flags", "device", "numerator",
    "denominator",
}  # fmt: skip


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
    if isinstance(x, np.ndarray | list | dict | bytearray):
        augment(function, x, y)  # refuses
    if isinstance(x, set):
        refuse_write("an augmented assignment of a set")
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


def _reading(active: tuple, owner: Any, name: str, /, *args: Any, **kwargs: Any) -> Result:
    if not isinstance(owner, np.ndarray | np.generic):
        call_reading(owner, name)
    return _method_call(active, owner, name, *args, **kwargs)


STRUCTURAL |= {
    augment: _augment, call_reading: _reading,
    call_method: _method_call, getattr: _attribute, operator.getitem: _item, set_attribute: _assign,
    new_object: _new, apply_rule: _nested, make_function: _made_function, dict: _dict, load_capture: _captured,
    recalled: _recalled,
}  # fmt: skip


STRUCTURAL |= {f: functools.partial(rule, apply_rule) for f, rule in cursors.RULES.items()}
