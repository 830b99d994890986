"""Keys of dicts that carry a derivative: what is read of them is refused."""

from __future__ import annotations

import operator

import numpy as np

from adjoint import contents, shadows, slots
from adjoint.errors import UnsupportedSyntaxError
from adjoint.ir.nodes import (
    Block,
    Call,
    Closure,
    Const,
    If,
    Loop,
    Operand,
    Splat,
    Statement,
    Value,
    operands_of,
    targets_of,
    walk,
)
from adjoint.ir.types import DictOf, Scalar, TupleOf, Type, is_open_dict
from adjoint.rules import dicts, iterators
from adjoint.rules.activity import is_active
from adjoint.rules.signatures import operand_type
from adjoint.runtime import (
    check_bound,
    make_dict,
    make_list,
    make_tuple,
    new_object,
    set_attribute,
    set_item,
)

#: They keep a dict, or find what it holds under a key: its keys remain keys.
KEEPING = (
    operator.getitem, operator.contains, operator.is_, operator.is_not, operator.delitem, operator.setitem,
    contents.store_item, contents.get, len, isinstance, set_item, make_tuple, make_list, make_dict, shadows.write_item,
    new_object, set_attribute, check_bound,
)  # fmt: skip

#: The modules of functions that move what a dict holds.
HOMES = (slots.__name__, iterators.__name__, dicts.__name__)


def refuse_keys(body: Block, active: set[Value]) -> None:
    """Refuse to read keys of dicts as numbers where numbers that carry a derivative are keys."""
    made = {t: s for s in walk(body) for t in targets_of(s)}
    keyed = [s for s in walk(body) if any(is_number_key(k, active) for k in keys_of(s, made))]
    if not keyed:
        return
    dicts = {t for s in keyed for t in targets_of(s)}
    for s in walk(body):
        names = (
            [a.value for a in s.args[1:2] if isinstance(a, Const)] if isinstance(s, Call) else []
        )
        function = s.callee.value if isinstance(s, Call) and isinstance(s.callee, Const) else None
        found = [o for o in operands_of(s) if o in dicts or is_dict(operand_type(o))]
        found += [t for t in targets_of(s) if function is dict]
        home = getattr(function, "__module__", None)
        kept = any(function is f for f in KEEPING) or home in HOMES
        values = function in (contents.view, contents.change) and names[:1] not in (
            ["keys"], ["items"], ["popitem"],
        )  # fmt: skip
        if found and not isinstance(s, If | Closure) and not kept and not values:
            raise UnsupportedSyntaxError(
                "keys of a dict are read here, and one of them carries a derivative, which would be lost",
                s.origin or keyed[0].origin,
                "Keep the number in what the dict holds, or make the key of adjoint.stop_gradient(number).",
            )


def is_dict(kind: Type) -> bool:
    return isinstance(kind, DictOf) or is_open_dict(kind)


def keys_of(s: Statement, made: dict[Value, Statement]) -> list[Operand]:
    """The operands that a statement makes keys of a dict, as far as it shows."""
    if not isinstance(s, Call) or not isinstance(s.callee, Const) or not s.args:
        return []
    function, args = s.callee.value, [a for a in s.args if not isinstance(a, Splat)]
    if function is make_dict:
        return args[::2]
    if function in (contents.store_item, set_item) and is_dict(operand_type(args[0])):
        return args[1:2]
    if function is contents.change and getattr(args[1], "value", None) == "setdefault":
        return args[2:3]
    if function is not dict or not isinstance(args[0], Value):
        return []
    owner, pairs = args[0], made.get(args[0])
    while isinstance(pairs, Call) and getattr(pairs.callee, "value", None) in (list, tuple):
        owner = pairs.args[0]
        pairs = made.get(owner)  # type: ignore[arg-type]
    if isinstance(pairs, Loop):
        gathers = [g for g in pairs.gathers if g.target is owner]
        return [first_of(g.elements[0], made) for g in gathers]
    callee = getattr(pairs.callee, "value", None) if isinstance(pairs, Call) else None
    if callee is zip:
        keys = made.get(pairs.args[0])  # type: ignore[union-attr, arg-type]
        built = getattr(getattr(keys, "callee", None), "value", None) in BUILT
        return list(keys.args) if built else []  # type: ignore[union-attr, arg-type]
    rows = [made.get(a) for a in pairs.args] if callee in BUILT else []  # type: ignore[union-attr, arg-type]
    return [r.args[0] for r in rows if isinstance(r, Call) and r.args]  # type: ignore[misc]


BUILT = (make_list, make_tuple)


def first_of(pair: Operand, made: dict[Value, Statement]) -> Operand:
    """The key of a key and its value; both where it does not show which is which."""
    row = made.get(pair)  # type: ignore[arg-type]
    shown = isinstance(row, Call) and getattr(row.callee, "value", None) in BUILT and row.args
    return row.args[0] if shown and not isinstance(row.args[0], Splat) else pair  # type: ignore[union-attr, return-value]


def is_number_key(key: Operand, active: set[Value]) -> bool:
    """Is this a number with a derivative, or a tuple of some? Integers are what keys are made of."""
    return is_active(key, active) and holds_reals(operand_type(key))


def holds_reals(kind: Type) -> bool:
    if isinstance(kind, TupleOf):
        return any(map(holds_reals, kind.items))
    return isinstance(kind, Scalar) and not issubclass(kind.cls, int | np.integer)
