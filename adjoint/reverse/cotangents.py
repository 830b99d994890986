"""The cotangents that the reverse half has gathered so far, value by value.

A `Scope` belongs to one block of the reverse half. Contributions to a value of the corresponding
forward block are added up here. Contributions to a value from further out go, in a loop, to an
accumulator that the loop carries, and in a branch on top of what the outer scope has.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from adjoint import shadows, slots, tree
from adjoint.errors import UnsupportedSyntaxError
from adjoint.ir.nodes import Call, Const, Operand, Origin, Statement, Value
from adjoint.ir.types import (
    UNKNOWN,
    Array,
    DictOf,
    Double,
    FunctionOf,
    Instance,
    ListOf,
    Opaque,
    Scalar,
    TupleOf,
    Type,
    Unknown,
    cotangent_type,
    dtype_of,
    is_number,
    is_plural,
    literal,
    unliteral,
)
from adjoint.rules.aliasing import Memory
from adjoint.rules.memory import holds_memory
from adjoint.rules.signatures import operand_type, result_type
from adjoint.runtime import make_dict, make_list, make_tuple


@dataclass(eq=False)
class Sum:
    """What has been contributed to one value: a whole cotangent and, of a container, parts.

    `owned` tells that nothing else refers to the whole, so that it may be added to in place.
    """

    term: Operand | None = None
    owned: bool = False
    parts: dict[object, Sum] = field(default_factory=dict)


@dataclass(eq=False)
class Scope:
    """One block of the reverse half being written to `out`; `local` are its forward block's values."""

    local: set[Value] | None
    parent: Scope | None = None
    carries: bool = False
    out: list[Statement] = field(default_factory=list)
    sums: dict[Value, Sum] = field(default_factory=dict)
    outer: dict[Value, Operand] = field(default_factory=dict)
    rewritten: set[Value] = field(default_factory=set)
    origin: Origin | None = None
    memory: Memory | None = None
    shadows: dict[object, Value] = field(default_factory=dict)
    begun: dict[Value, Value] = field(default_factory=dict)  # shadows before the first write
    undefined: set[Value] = field(default_factory=set)  # values that some paths leave without one
    now: dict[Value, Value] = field(
        default_factory=dict
    )  # what containers hold where they are read
    before: dict[Value, Value] = field(
        default_factory=dict
    )  # what containers hold when they are made
    in_place: set[Value] = field(
        default_factory=set
    )  # lists whose cotangents are added to in place

    def __post_init__(self) -> None:
        if self.parent is not None:
            self.undefined, self.before = self.parent.undefined, self.parent.before
            self.in_place = self.parent.in_place
            self.memory = self.memory or self.parent.memory

    # -- shadows --

    def is_shadowed(self, value: object) -> bool:
        """Is the cotangent of this value in memory of its own, shared as the value's memory is?"""
        assert self.memory is not None
        if self.memory.is_changed(value):
            return True
        return self.memory.is_written(value) and holds_memory(value.type)  # type: ignore[attr-defined]

    def home(self, value: Value) -> Scope:
        """The scope of the block that defines a value."""
        scope = self
        while scope.local is not None and value not in scope.local and scope.parent is not None:
            scope = scope.parent
        return scope

    def shadows_value(self) -> Value:
        """The shadows that are found by address, made where the reverse half begins."""
        top = self
        while top.parent is not None:
            top = top.parent
        if None not in top.shadows:
            top.shadows[None] = made = Value("shadows", Opaque(shadows.Shadows), True)
            names = [Const(name) for name in self.memory.names]  # type: ignore[union-attr]
            top.out.insert(0, Call(made, Const(shadows.Shadows), list(names), [], self.origin))
        return top.shadows[None]

    def shadow(self, value: Value) -> Value:
        """The shadow of an array: zeros at first, which contributions are added to in place."""
        assert self.memory is not None
        if not isinstance(value.type, Array):
            raise UnsupportedSyntaxError(
                "this writes into what is not known to be an array until the program runs",
                self.origin,
                "Make the array in the function, or pass it in as an argument.",
            )
        home = self.home(value)
        if value in home.shadows:
            return home.shadows[value]
        kind, name = cotangent_type(value.type), bar_name(value)
        if value in home.begun:
            made = home.begun.pop(value)
            home.fill(made)
            made.name, made.named = name, made.named or value.named
        elif not self.memory.is_static(value):
            made = home.call(shadows.shadow_of, self.shadows_value(), value, type=kind, name=name)
        elif (view := self.memory.view_of(value)) is None:
            made = home.call(tree.zeros_like, value, type=kind, name=name)
        elif (same := self.memory.same_as(view)) is not None:
            made = home.shadow(same)
        else:
            base = home.shadow(view.args[0])  # type: ignore[arg-type]
            made = Value(name, kind, False, self.origin)
            home.out.append(
                Call(made, view.callee, [base, *view.args[1:]], view.kwargs, self.origin)
            )
        made.named = made.named or value.named
        home.shadows[value] = made
        return made

    def add_to_shadow(self, primal: Value, bar: Operand, own: bool = False) -> None:
        """Contribute to an array in place; `own` tells that nothing else refers to `bar`."""
        assert self.memory is not None
        if isinstance(primal.type, Array):
            kind = cotangent_type(primal.type)
            alike = self.home(primal) is self and operand_type(bar) == kind
            if alike and primal in self.begun:
                self.begun[primal] = self.call(operator.add, self.begun[primal], bar, type=kind)
            elif alike and own and self.may_begin(primal):
                assert isinstance(bar, Value)
                self.begun[primal] = bar
            elif primal.type.dtype.kind in "iufc":
                self.call(shadows.add_to, self.shadow(primal), bar, type=literal(None))
            return
        arrays = self.memory.is_written(primal)  # else they stay as they are
        held = self.now.get(primal, primal)
        rest = self.of_whole(slots.deliver, held, bar, arrays=arrays)
        entry = self.sum_of(primal)
        if entry.term is None:
            entry.term, entry.owned = rest, False
        else:
            entry.term, entry.owned = self.plus(UNKNOWN, entry.term, rest), False

    def may_begin(self, value: Value) -> bool:
        """May the first contribution to this array be its shadow?"""
        assert self.memory is not None
        owner = self.memory.is_static(value) and self.memory.view_of(value) is None
        array = value.type.ndim > 0  # type: ignore[attr-defined]  # a sum of no axes is a number
        return owner and array and value not in self.home(value).shadows

    def fill(self, bar: Value) -> None:
        """A broadcast number that is to be written to becomes an array."""
        for s in self.out:
            if isinstance(s, Call) and s.target is bar and isinstance(s.callee, Const):
                if s.callee.value is np.broadcast_to:
                    s.callee, s.args = Const(np.full), s.args[::-1]

    # -- writing --

    def call(
        self, function: Callable, *args: Operand, type: Type | None = None, name: str = ""
    ) -> Value:
        if type is None:
            type = result_type(function, list(args), [])
        target = Value(name, type, False, self.origin)
        self.out.append(Call(target, Const(function), list(args), [], self.origin))
        return target

    # -- contributions --

    def sum_of(self, value: Value) -> Sum:
        """Where contributions to a value are added up."""
        found = self.sums.get(value)
        if found is not None:
            return found
        found = self.sums[value] = Sum()
        if self.local is not None and value not in self.local and self.parent is not None:
            if self.carries:
                accumulator = Value(
                    bar_name(value), cotangent_type(value.type), value.named, self.origin
                )
                self.outer[value] = accumulator
                found.term, found.owned = accumulator, True
            else:
                term, owned = self.parent.peek(value)
                self.outer[value] = term if term is not None else Const(None)
                found.term, found.owned = term, owned
        return found

    def peek(self, value: Value) -> tuple[Operand | None, bool]:
        """The cotangent of a value so far, as one operand, and whether it is owned."""
        entry = self.sum_of(value)
        term = self.whole(value, entry)
        entry.term, entry.parts = term, {}
        return term, entry.owned

    def add(self, primal: Operand, bar: Operand | None, owned: bool = False) -> None:
        """Contribute `bar`, a cotangent in the form of its primal."""
        if (
            bar is None
            or isinstance(bar, Const)
            and bar.value is None
            or not isinstance(primal, Value)
        ):
            return
        kind = primal.type
        if is_number(kind) and isinstance(
            operand_type(bar), Unknown
        ):  # it may be None when it runs
            if primal in self.undefined:  # and so may the primal
                kind = UNKNOWN
            else:
                bar = self.call(tree.instantiate, bar, primal, type=cotangent_type(kind))
        if self.is_shadowed(primal):
            self.add_to_shadow(primal, bar)
            return
        entry = self.sum_of(primal)
        if entry.term is None:
            entry.term, entry.owned = bar, owned
        else:
            if isinstance(operand_type(entry.term), Unknown):
                kind = UNKNOWN
            # Not owned: a sum may be simplified to one of its terms.
            entry.term, entry.owned = self.plus(kind, entry.term, bar), False

    def add_part(self, primal: Operand, key: object, part: Operand, bar: Operand | None) -> None:
        """Contribute to the item or attribute `key` of a container; `part` is its primal."""
        if bar is None or not isinstance(primal, Value):
            return
        if self.local is not None and primal not in self.local and self.parent is not None:
            entry = Sum(parts={key: Sum(bar)})
            self.add(primal, self.whole(primal, entry))
            return
        parts = self.sum_of(primal).parts
        if key not in parts:
            parts[key] = Sum(bar)
        else:
            sofar = parts[key].term
            assert sofar is not None
            parts[key].term = self.plus(operand_type(part), sofar, bar)

    def plus(self, kind: Type, a: Operand, b: Operand) -> Operand:
        if is_number(kind):
            return self.call(operator.add, a, b, type=cotangent_type(kind))
        return self.call(tree.accumulate, a, b, type=UNKNOWN)

    # -- reading --

    def take(self, value: Operand) -> Operand | None:
        """The final cotangent of a value of this block; None if it is zero."""
        if not isinstance(value, Value):
            return None
        if self.is_shadowed(value):
            return self.take_shadow(value)
        if value not in self.sums:
            return None
        entry = self.sums.pop(value)
        return self.named(value, self.whole(value, entry))

    def take_shadow(self, value: Value) -> Operand | None:
        """The cotangent of a value whose memory is written to, at its definition."""
        assert self.memory is not None
        if isinstance(value.type, Array):
            home = self.home(value)
            if value in home.begun:
                return home.begun.pop(value)
            touched = value in home.shadows or not self.memory.is_static(value)
            return self.shadow(value) if touched else None
        rest = self.take_rest(value)
        rest = Const(None) if rest is None else rest
        held = self.before.get(value, value)
        return self.of_whole(slots.collect, held, rest, arrays=self.memory.is_written(value))

    def of_whole(self, function: Callable, *operands: Operand, arrays: bool) -> Value:
        """A call of `deliver` or `collect`, of a value and its cotangent."""
        made = self.call(function, self.shadows_value(), *operands, type=UNKNOWN)
        if not arrays:
            self.out[-1].kwargs.append(("arrays", Const(False)))  # type: ignore[union-attr]
        return made

    def add_rest(self, primal: Operand, bar: Operand | None) -> None:
        """The inverse of `take_rest`: contribute to a value that is another one by a second name."""
        if not isinstance(primal, Value) or not self.is_shadowed(primal):
            self.add(primal, bar)
        elif bar is not None and not isinstance(primal.type, Array):
            entry = self.sum_of(primal)
            entry.term = bar if entry.term is None else self.plus(UNKNOWN, entry.term, bar)
            entry.owned = False

    def take_rest(self, value: Operand) -> Operand | None:
        """Of a value that is another one by a second name: what is not in shadows."""
        if not isinstance(value, Value) or not self.is_shadowed(value):
            return self.take(value)
        entry = self.sums.pop(value, None)
        return None if entry is None else self.named(value, self.whole(value, entry))

    def take_sum(self, value: Value) -> Sum | None:
        return self.sums.pop(value, None)

    def named(self, primal: Value, bar: Operand | None) -> Operand | None:
        if isinstance(bar, Value) and not bar.named and bar is not primal and primal.name:
            bar.name, bar.named = bar_name(primal), primal.named
        return bar

    def whole(self, value: Value, entry: Sum) -> Operand | None:
        """One operand for a sum: the parts put together as the container has them."""
        if not entry.parts:
            return entry.term
        built = self.build(value.type, entry.parts)
        return (
            built
            if entry.term is None
            else self.call(tree.accumulate, entry.term, built, type=UNKNOWN)
        )

    def build(self, kind: Type, parts: dict[object, Sum]) -> Operand:
        def part(key: object) -> Operand:
            found = parts.get(key)
            return Const(None) if found is None or found.term is None else found.term

        if isinstance(kind, TupleOf | ListOf) and kind.items is not None:
            items = [part(i) for i in range(len(kind.items))]
            if isinstance(kind, TupleOf) and kind.cls is not tuple:
                return self.call(kind.cls, *items, type=UNKNOWN)
            return self.call(
                make_tuple if isinstance(kind, TupleOf) else make_list, *items, type=UNKNOWN
            )
        flat = [o for key in parts for o in (Const(key), part(key))]
        return self.call(
            make_dict if isinstance(kind, DictOf) else tree.make_tangent, *flat, type=UNKNOWN
        )

    def zero(self, value: Value) -> Operand:
        """The zero cotangent of a value."""
        kind = value.type
        if (
            isinstance(kind, Scalar)
            and dtype_of(kind).kind in "iuf"  # pyright: ignore
            and not issubclass(kind.cls, np.floating)
        ):
            return Const(0.0)
        if isinstance(kind, Scalar) and kind.cls in (float, np.float64, Double):
            return Const(0.0)
        if is_number(kind):
            zeros = tree.zeros_if_any if value in self.undefined else tree.zeros_like
            return self.call(zeros, value, type=cotangent_type(kind))
        return Const(None)

    def merged_bar(self, value: Value, terms: list[Operand]) -> Value:
        """The cotangent of a value, which is one of several terms."""
        kind = cotangent_type(value.type)
        if value in self.undefined and any(isinstance(operand_type(t), Unknown) for t in terms):
            kind = UNKNOWN
        return Value(bar_name(value), kind, value.named, self.origin)

    def final(self, value: Value) -> Operand:
        """The cotangent of a value of this block, its zero if nothing was contributed."""
        bar = self.take(value)
        return self.zero(value) if bar is None else bar


def add_unknown(scope: Scope, operand: Value, bar: Operand) -> None:
    if is_number(operand.type):
        zero = scope.zero(operand) if isinstance(operand.type, Scalar) else operand
        bar = scope.call(tree.instantiate, bar, zero, type=cotangent_type(operand.type))
    scope.add_rest(operand, bar)


# -- types -------------------------------------------------------------------------------------------


def bar_name(value: Value) -> str:
    return f"{value.name}_bar" if value.name else ""


def is_structural(kind: Type) -> bool:
    """Is this a container whose parts are known?"""
    if isinstance(kind, ListOf):
        return kind.items is not None
    return isinstance(kind, TupleOf | DictOf | Instance | FunctionOf)


def conform(scope: Scope, bar: Operand, primal: Value, alone: bool = True) -> tuple[Operand, bool]:
    """`bar` in the form of its primal, and whether something new was made for it.

    `bar` has the shape of something that the primal was broadcast to. Two lengths of which nothing is
    known are one length if the primal stood `alone`: there was nothing for it to be broadcast to.
    """
    wanted, found = cotangent_type(primal.type), unliteral(operand_type(bar))
    if isinstance(wanted, Unknown):
        return bar, False
    if isinstance(wanted, Scalar):
        return _conform_scalar(scope, bar, primal, wanted, found)
    assert isinstance(wanted, Array)
    if not isinstance(found, Array) or found.ndim < wanted.ndim:
        if isinstance(found, Scalar) and np.result_type(dtype_of(found)) == wanted.dtype:
            shape = scope.call(np.shape, primal)
            return scope.call(np.broadcast_to, bar, shape, type=wanted), False
        return scope.call(tree.project, bar, primal, type=wanted), True
    made = False
    extra = found.ndim - wanted.ndim
    keep = [i for i, axis in enumerate(wanted.axes) if axis == 1 and found.axes[extra + i] != 1]
    unsure = [
        i
        for i, axis in enumerate(wanted.axes)
        if axis != 1
        and not is_plural(axis)
        and (axis != found.axes[extra + i] or axis is None and not alone)
    ]
    if unsure or found.dtype.kind == "c" != wanted.dtype.kind:
        return scope.call(tree.project, bar, primal, type=wanted), True
    if extra:
        axes: object = 0 if extra == 1 else tuple(range(extra))
        bar, made = (
            scope.call(np.sum, bar, Const(axes), type=Array(found.dtype, found.axes[extra:])),
            True,
        )
        _keyword_axis(scope, bar)
    if keep:
        axes = keep[0] if len(keep) == 1 else tuple(keep)
        bar = scope.call(np.sum, bar, Const(axes), type=Array(found.dtype, wanted.axes))
        _keyword_axis(scope, bar, keepdims=True)
        made = True
    if found.dtype != wanted.dtype:
        bar = scope.call(np.ndarray.astype, bar, Const(wanted.dtype), type=wanted)
        made = True
    return bar, made


def _keyword_axis(scope: Scope, bar: Operand, keepdims: bool = False) -> None:
    call = scope.out[-1]
    assert isinstance(call, Call)
    call.callee = Const(np.ndarray.sum)
    call.kwargs = [("axis", call.args.pop())]  # type: ignore[list-item]
    if keepdims:
        call.kwargs.append(("keepdims", Const(True)))


def _conform_scalar(
    scope: Scope, bar: Operand, primal: Value, wanted: Scalar, found: Type
) -> tuple[Operand, bool]:
    if isinstance(found, Scalar) and dtype_of(found) == dtype_of(wanted):
        return bar, False
    if isinstance(found, Scalar) and found.cls is int and wanted.cls is float:
        return bar, False
    if isinstance(found, Array) and found.dtype == dtype_of(wanted):
        return scope.call(np.sum, bar), True
    return scope.call(tree.project, bar, primal, type=wanted), True
