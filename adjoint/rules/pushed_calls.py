"""Forward rules of calls that are other calls: of methods, attributes and items, of what makes
functions, dicts and objects.
"""

from __future__ import annotations

import functools
import operator
import types
from collections import deque
from collections.abc import Iterator
from typing import Any

import numpy as np

from adjoint.errors import MissingRuleError
from adjoint.parts import refuse_assignment, unknown_part
from adjoint.rules import dispatch, lookup, structural
from adjoint.rules.dispatch import apply_rule
from adjoint.rules.operators import IN_PLACE
from adjoint.rules.pushing import PUSHED, Pair, mask_of, push_rule
from adjoint.rules.tangents import with_field
from adjoint.rules.writes import refuse_write
from adjoint.runtime import (
    augment,
    call_method,
    call_within,
    load_capture,
    make_function,
    new_object,
    recalled,
    recomputed,
    set_attribute,
)
from adjoint.tree import Number, Tangent, Underived, tangent_field, tangent_item


def of_method(tangents: tuple, owner: Any, name: str, /, *args: Any, **kwargs: Any) -> Pair:
    """`owner.name(*args)`"""
    _, owner_dot, _, *rest = tangents
    function = dispatch.method_of(owner, name, *args[:1])
    if function is not None:
        return push_rule(function, (None, owner_dot, *rest), owner, *args, **kwargs)
    method, method_dot = of_attribute((None, owner_dot, None, {}), owner, name)
    return push_rule(method, (method_dot, *rest), *args, **kwargs)


def of_attribute(tangents: tuple, owner: Any, name: str, *default: Any) -> Pair:
    owner_dot = tangents[1]
    if owner_dot is None and not default:
        return getattr(owner, name), None
    computed = lookup.attribute_call(owner, name, *default)
    if computed is not None:
        function, before, after = computed
        dots = (None, *(None,) * len(before), owner_dot, *(None,) * len(after), {})
        return push_rule(function, dots, *before, owner, *after)
    if isinstance(owner, Tangent):
        default = default or (None,)
    y = getattr(owner, name, *default)
    if default and not hasattr(owner, name):
        return y, tangents[3] if len(tangents) > 4 else None
    if dispatch.is_bound(y) and y.__self__ is owner:
        return y, None if owner_dot is None else Tangent(__self__=owner_dot)
    if lookup.is_decorated(y) and getattr(y.function, "__self__", None) is owner:
        return y, None if owner_dot is None else Tangent(function=Tangent(__self__=owner_dot))
    _, check = apply_rule(getattr, (0,), owner, name, *default)  # refuses what has no derivative
    del check
    if isinstance(owner, tuple) and name in getattr(owner, "_fields", ()):
        return y, tangent_item(owner_dot, owner._fields.index(name))
    if isinstance(owner, np.ndarray | np.generic | Number | type | types.ModuleType | str | tuple):
        return y, None
    unknown = unknown_part(owner, name)
    return y, tangent_field(owner_dot, name) if unknown is None else Underived(unknown)


def of_item(tangents: tuple, owner: Any, index: Any) -> Pair:
    owner_dot = tangents[1]
    method = getattr(type(owner), "__getitem__", None)
    if isinstance(method, types.FunctionType):
        return push_rule(method, tangents, owner, index)
    y = owner[index]
    if isinstance(owner, str | bytes):
        return y, owner_dot
    known = list | tuple | dict | deque | range | np.ndarray | np.generic
    if owner_dot is not None and not isinstance(owner, known):
        raise MissingRuleError(f"no derivative is known for indexing a {type(owner).__name__}")
    return y, tangent_item(owner_dot, index)


def of_assignment(tangents: tuple, owner: Any, name: str, value: Any) -> Pair:
    if structural.has_setter(type(owner), name):
        refuse_write(f"the setter of {name}")
    if tangents[3] is not None:
        refuse_assignment(type(owner), name)
    y = set_attribute(owner, name, value)
    if tangents[1] is None and tangents[3] is None:
        return y, None
    return y, with_field(tangents[1], name, tangents[3])


def of_new(tangents: tuple, cls: type) -> Pair:
    return new_object(cls), None


def of_capture(tangents: tuple, function: Any, name: str) -> Pair:
    return load_capture(function, name), tangent_field(tangents[1], name)


def of_call_within(
    tangents: tuple, around: Any, function: Any, /, *args: Any, **kwargs: Any
) -> Pair:
    """`call_within` and `recomputed`: of the globals that a function reads no tangents are known."""
    _, around_dot, function_dot, *rest = tangents
    if around_dot is not None:
        raise MissingRuleError(f"no forward derivative is known for the globals of {function}")
    return push_rule(function, (function_dot, *rest), *args, **kwargs)


def of_recalled(tangents: tuple, function: Any, /, *args: Any, **kwargs: Any) -> Pair:
    active = mask_of(tangents)
    if active:
        dispatch.STRUCTURAL[recalled](active, function, *args, **kwargs)  # refuses
    return recalled(function, *args, **kwargs), None


def of_made_function(
    tangents: tuple, code: Any, namespace: Any, defaults: Any, keywords: Any, *captures: Any
) -> Pair:
    made = make_function(code, namespace, defaults, keywords, *captures)
    operands = (code, namespace, defaults, keywords, *captures)
    filled = [
        [None] * len(x) if d is None and isinstance(x, tuple) else d
        for d, x in zip(tangents[1:-1], operands, strict=True)
    ]
    own = {n: d for n, d in parts_of_function(code, operands, filled) if d is not None}
    return made, Tangent(**own) if own else None


def parts_of_function(code: Any, operands: tuple, dots: list) -> list[tuple[str, Any]]:
    """The tangents of what a function keeps, by name."""
    defaults = operands[2] or ()
    last = code.co_varnames[: code.co_argcount][-len(defaults) or code.co_argcount :]
    return [
        *zip(code.co_freevars, dots[4:], strict=True), *zip(last, dots[2] or (), strict=False),
        *(dots[3] or {}).items(),
    ]  # fmt: skip


def of_dict(tangents: tuple, /, *positional: Any, **more: Any) -> Pair:
    """`dict(mapping or pairs, **more)`"""
    items = list(positional[0]) if positional and isinstance(positional[0], Iterator) else None
    first = items if items is not None else positional[0] if positional else {}
    dot = tangents[1] if positional else None
    y = dict(first, **more)
    if hasattr(first, "keys"):
        own = {k: tangent_item(dot, k) for k in first}
    else:
        rows = [None] * len(first) if dot is None else list(dot)
        own = {k: None if d is None else d[1] for (k, _), d in zip(first, rows, strict=True)}
    return y, {**own, **{k: tangents[-1].get(k) for k in more}}


def of_partial(tangents: tuple, function: Any, /, *args: Any, **kwargs: Any) -> Pair:
    y = functools.partial(function, *args, **kwargs)
    return y, Tangent(func=tangents[1], args=tuple(tangents[2:-1]), keywords=tangents[-1])


def of_update_wrapper(tangents: tuple, wrapper: Any, /, *args: Any, **kwargs: Any) -> Pair:
    return functools.update_wrapper(wrapper, *args, **kwargs), tangents[1]


def of_augment(tangents: tuple, function: Any, x: Any, y: Any) -> Pair:
    if isinstance(x, np.ndarray | list | dict | bytearray):
        augment(function, x, y)  # refuses
    if isinstance(x, set):
        refuse_write("an augmented assignment of a set")
    own = getattr(type(x), f"__{function.__name__.strip('_')}__", None)
    plain = function if isinstance(own, types.FunctionType) else IN_PLACE[function]
    return push_rule(plain, (None, *tangents[2:4], {}), x, y)


PUSHED.update({
    augment: of_augment, call_method: of_method, getattr: of_attribute, operator.getitem: of_item,
    set_attribute: of_assignment, new_object: of_new, load_capture: of_capture,
    make_function: of_made_function, dict: of_dict, call_within: of_call_within, recomputed: of_call_within,
    recalled: of_recalled, functools.update_wrapper: of_update_wrapper, functools.partial: of_partial,
})  # fmt: skip
