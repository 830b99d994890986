"""What only the whole program tells: which lists change by another name, which iterators are late.

Inference follows lists by where they come from, and takes an iterator's items when it is made. A
program that changes things may belie both: then inference begins again with what was learned, or the
line is refused.
"""

from __future__ import annotations

import functools
import inspect
import operator
from typing import TYPE_CHECKING, Any

from adjoint import contents, slots
from adjoint.errors import UnsupportedSyntaxError
from adjoint.inference import changing, iterators, state
from adjoint.inference.iterators import within
from adjoint.inference.sites import Late, Restart, Span, Uncached
from adjoint.ir.nodes import (
    Call,
    Const,
    Function,
    Loop,
    Operand,
    Origin,
    Statement,
    Value,
    operands_of,
    targets_of,
    walk,
    yields_of,
)
from adjoint.ir.types import (
    BOTTOM,
    UNKNOWN,
    Bottom,
    DictOf,
    Instance,
    ListOf,
    Literal,
    Scalar,
    Type,
    Unknown,
    element_of,
    join,
)
from adjoint.rules.aliasing import Memory, changes_items, may_write
from adjoint.rules.effects import cannot_fail
from adjoint.rules.lookup import refuse_own_next
from adjoint.rules.memory import changed_operand, written_operand
from adjoint.rules.operators import is_hashable
from adjoint.rules.signatures import operand_type
from adjoint.runtime import consult, iterated, repeatable, share, unpack_sequence

if TYPE_CHECKING:
    from adjoint.inference.infer import Specialiser

FOREVER = 1 << 60
#: Methods that put nothing new into a list or dict.
MOVES = ("pop", "popitem", "clear", "remove", "reverse", "sort", "__delitem__")
#: Of an iterator they take all items, at once.
TAKING_ALL = (list, tuple, sorted, dict, set, sum, unpack_sequence)
TAKING = (*TAKING_ALL, next, len)
#: They give an iterator over the items of another.
PASSING = (iter, zip, enumerate, reversed, iterated, repeatable)
READS = (getattr, slots.load_attribute)
STORES = (slots.store_attribute, slots.store_plainly, slots.delete_attribute)


def check(spec: Specialiser, function: Function) -> None:
    """Raise `Restart` where a list or dict was taken for one that stays as it is, and
    `UnsupportedSyntaxError` where a program reads late what was read early."""
    check_shared(spec, function)
    iterators.check_drained(function, spec.drained)
    for late in spec.late:
        if late.attempted:
            check_attempted(function, late)
    changes = [s for s in walk(function.body) if changed_operand(s) is not None]
    writes = (s for s in walk(function.body) if isinstance(s, Call))
    watched = spec.late or spec.kept
    if not changes and not (watched and any(written_operand(s) is not None for s in writes)):
        return
    if changes and (cached := spec.cached or cached_by_some(function)):
        raise UnsupportedSyntaxError(
            "a cached property is read in a program that changes attributes or items",
            cached[0],
            "Keep its value in an attribute.",
        )
    if any(callee_of(s) in STORES for s in changes):
        check_namespaces(spec, function)
    memory = Memory(function.body, function.inputs)
    open_hidden(spec, memory, [s for s in changes if changes_items(s)])  # type: ignore[misc]
    for late in spec.late:
        check_late(spec, memory, function, late)
    for kept in spec.kept:
        check_kept(memory, function, kept)


def cached_by_some(function: Function) -> list[Origin | None]:
    """Where an attribute is read of what only running tells, that is a cached property of a class here."""
    reads = {
        s.args[1].value: s.origin
        for s in walk(function.body)
        if isinstance(s, Call) and callee_of(s) in READS and len(s.args) > 1
        if isinstance(s.args[1], Const) and isinstance(operand_type(s.args[0]), Unknown)  # type: ignore[arg-type]
    }
    if not reads:
        return []
    operands = [o for s in walk(function.body) for o in [*operands_of(s), *targets_of(s)]]
    kinds = [operand_type(o) for o in [*function.inputs, *operands]]
    classes = {kind.cls for kind in kinds if isinstance(kind, Instance)}
    classes |= {o.value for o in operands if isinstance(o, Const) and isinstance(o.value, type)}
    return [
        origin
        for name, origin in reads.items()
        if isinstance(name, str)
        and any(
            isinstance(inspect.getattr_static(cls, name, None), functools.cached_property)
            for cls in classes
        )
    ]


def check_kept(memory: Memory, function: Function, kept: Uncached) -> None:
    """Refuse a function that keeps its results, where calling it again makes a difference."""
    inside = [s for top in kept.statements for s in within(top)]
    if any(id(s) not in memory.position for s in inside):
        return  # of a body that was inferred again
    made = {t for s in inside for t in targets_of(s)}
    outside = {memory.root(o) for s in inside for o in values(operands_of(s)) if o not in made}
    ours = set(map(id, inside))
    result = memory.root(kept.result) if isinstance(kept.result, Value) else None
    scalar = isinstance(operand_type(kept.result), Scalar | Literal)
    for s in walk(function.body):
        o = target_of(s)
        if o is None:
            continue
        here = id(s) in ours
        if here and memory.root(o) in outside:
            refuse_kept(s.origin or kept.origin, "changes something")
        if not here and not scalar and memory.root(o) is result:
            refuse_kept(s.origin or kept.origin, "gave what changes here")


def refuse_kept(origin: Origin | None, what: str) -> None:
    raise UnsupportedSyntaxError(
        f"a function that keeps its results (functools.cache) {what}",
        origin,
        "Call it without its cache, or keep what it gave by a dict of your own.",
    )


def check_shared(spec: Specialiser, function: Function) -> None:
    """Begin again if functions that are left to run time may change what the program sees: those that
    call themselves, by what they do where they are inlined. Or if they may read what it changes."""
    calls = [s for s in walk(function.body) if isinstance(s, Call) and s.target not in spec.derived]
    writes = [s for s in calls if target_of(s) is not None]
    left = [s for s in calls if s.target in spec.left]
    if spec.shared.how is share or not writes:
        return
    roots = list(spec.roots.values())
    if not left and not (roots and any(map(may_write, calls))):
        return
    memory = Memory(function.body, function.inputs)
    late = any(memory.is_written_after(o, s) for s in left for o in values(operands_of(s)))
    if late or any(changes_given(span, writes, memory, roots) for span in spec.spans):
        spec.shared.how = share
        raise Restart
    written = any(memory.is_written(v) or memory.is_changed(v) for v in roots)
    if spec.shared.how is None and written and any(map(may_write, calls)):
        spec.shared.how = consult
        raise Restart


def changes_given(span: Span, writes: list[Call], memory: Memory, roots: list[Value]) -> bool:
    """Does an inlined function that calls itself change what it was given, or global variables?"""
    inside = {id(s) for top in span.statements for s in within(top)}
    changed = {memory.root(target_of(s)) for s in writes if id(s) in inside}  # type: ignore[arg-type]
    return not changed.isdisjoint(map(memory.root, [*span.given, *roots]))


def check_namespaces(spec: Specialiser, function: Function) -> None:
    """Refuse to read attributes that change through the dict that keeps them, or its names if they do."""
    named = any(made in spec.parted for made in spec.namespaces)
    for s in walk(function.body):
        read = set(spec.namespaces).intersection(values([*operands_of(s), *yields_of(s)]))
        lost = named and callee_of(s) is slots.delete_attribute
        if lost or read and callee_of(s) not in (operator.contains, len, refuse_own_next):
            raise UnsupportedSyntaxError(
                "an attribute that changes is read through the dict that keeps it",
                s.origin,
                "Write `owner.name`, or getattr(owner, name).",
            )


# -- lists and dicts ---------------------------------------------------------------------------------


def open_hidden(spec: Specialiser, memory: Memory, changes: list[Call]) -> None:
    """Open the lists and dicts made here that a change may be of, by a name that does not tell."""
    makers = [
        s
        for s in memory.made.values()
        if isinstance(s, Call)
        and callee_of(s) in changing.MAKERS
        and isinstance(s.target.type, ListOf | DictOf)
    ]
    known = {s.origin for s in makers} | set(spec.roots)
    again = False
    for change in changes:
        owner = changed_operand(change)
        assert isinstance(owner, Value)
        keys = changing.keys_of(spec, owner)
        if keys and all(key in known or isinstance(key, str) for key in keys):
            continue
        hidden = [m for m in makers if memory.root(m.target) is memory.root(owner)]
        for made in hidden:
            if not may_be(made.target.type, owner.type):
                continue
            if made.origin is None:
                raise UnsupportedSyntaxError(
                    "a list or dict changes that the program may know by another name",
                    change.origin,
                    "Give it a name where it is made.",
                )
            again |= changing.learn(spec, made.origin, written_by(change))
    if again:
        raise Restart
    for change in changes:
        if is_closed(changed_operand(change).type):  # type: ignore[union-attr]
            raise UnsupportedSyntaxError(
                "a list or dict changes that was taken for one that stays as it is",
                change.origin,
                "Make a copy of it, list(items) or dict(items), and change that.",
            )


def is_closed(kind: Type) -> bool:
    """Is this the type of a list or dict of which all is known, as of one that never changes?"""
    return isinstance(kind, DictOf) or isinstance(kind, ListOf) and kind.items is not None


def written_by(change: Call) -> Type:
    """The type of what a change puts into a list or dict."""
    if callee_of(change) is contents.change:
        return BOTTOM if getattr(change.args[1], "value", None) in MOVES else UNKNOWN
    value = operand_type(change.args[-1])  # type: ignore[arg-type]
    if callee_of(change) is not contents.store_item:
        return value
    owner, key = map(operand_type, change.args[:2])  # type: ignore[arg-type]
    return changing.written_at(owner, key, value)


def may_be(made: Type, changed: Type) -> bool:
    """May what was made be what changes, by its type?"""
    if isinstance(made, ListOf) and isinstance(changed, ListOf):
        items, others = (state.lasting(element_of(t)) for t in (made, changed))
        unsure = any(isinstance(kind, Bottom | Unknown) for kind in (items, others))
        return unsure or not isinstance(join(items, others), Unknown)
    return not isinstance(changed, ListOf | DictOf) or type(made) is type(changed)


# -- iterators ---------------------------------------------------------------------------------------


def check_late(spec: Specialiser, memory: Memory, function: Function, late: Late) -> None:
    """Refuse an iterator if, while it is in use, its items may become others."""
    inside = [s for top in late.statements for s in within(top)]
    if not inside or any(id(s) not in memory.position for s in inside):
        return  # of a body that was inferred again
    made = max(memory.position[id(s)] for s in inside)
    uses = uses_of(spec, memory, function, late, made)
    last = max((end for _, end in uses), default=made)
    spans = [span for spans in memory.loops.values() for span in spans]
    first = min((a for a, b in spans if a < made < b), default=made) if last == FOREVER else made
    read = {memory.root(o) for s in inside for o in values(operands_of(s))}
    names = {s.args[1].value for s in inside if callee_of(s) in READS}  # type: ignore[union-attr]
    made_inside = {t for s in inside for t in targets_of(s)}
    changed = {memory.root(o) for s in inside if (o := target_of(s)) and o not in made_inside}
    if changed and not all(taken for taken, _ in uses):
        refuse(late, late.statements[0])
    ours = set(map(id, inside))
    for s in walk(function.body):
        if id(s) in ours or not first < memory.position[id(s)] <= last:
            continue
        o = target_of(s)
        new = o is not None and memory.root(o) in read and not is_of_other_name(s, names)
        seen = changed.intersection(
            memory.root(o) for o in values(operands_of(s)) if o is not late.value
        )
        if new or seen:
            refuse(late, s)


def check_attempted(function: Function, late: Late) -> None:
    """Refuse an iterator in a `try` body that may raise, in Python not before a loop comes to the item."""
    inside = [s for top in late.statements for s in within(top) if isinstance(s, Call)]
    if all(callee_of(s) is not None and cannot_fail(callee_of(s)) for s in inside):
        return
    for s in walk(function.body):
        passed = callee_of(s) in PASSING and late.value in operands_of(s)
        if passed or isinstance(s, Loop) and s.iterable is late.value:
            raise UnsupportedSyntaxError(
                f"an exception may come out of `{late.name}` in the middle of a loop of a `try` body",
                late.origin,
                "Make a list of its items first, or call the function in the loop.",
            )


def refuse(late: Late, s: Statement) -> None:
    raise UnsupportedSyntaxError(
        f"the items of `{late.name}` may be others by the time that they are read",
        late.origin or s.origin,
        f"Make a list of it where it is made: list({late.name}(…)).",
    )


def uses_of(
    spec: Specialiser, memory: Memory, function: Function, late: Late, made: int
) -> list[tuple[bool, int]]:
    """The uses of an iterator: does it take all items, and where does it end?"""
    names = {late.value}
    found = [(True, made)] if late.value in spec.parted else []
    for body in spec.unrolled.get(late.value, []):
        ends = [memory.position.get(id(s), made) for top in body for s in within(top)]
        found.append((True, max(ends, default=made)))
    if late.value in function.body.results:
        found.append((False, FOREVER))
    for s in walk(function.body):
        here = memory.position[id(s)]
        if here <= made or not names.intersection(values([*operands_of(s), *yields_of(s)])):
            continue
        callee = callee_of(s)
        if names.intersection(values(yields_of(s))):
            found.append((False, FOREVER))
        elif callee in PASSING:
            names.add(s.target)  # type: ignore[union-attr]
        elif isinstance(s, Loop) and s.iterable in names:
            whole = s.stop is None and s.test is None and s.iterable is late.value
            end = here if late.watched else max(memory.position[id(i)] for i in within(s))
            found.append((whole, end))
        elif callee in TAKING or callee in contents_of(late):
            found.append((callee in TAKING_ALL, here))
        else:
            found.append((False, FOREVER))
    spans = [span for spans in memory.loops.values() for span in spans]
    return [(w, max([e, *(b - 1 for a, b in spans if made < a < e < b)])) for w, e in found]


def contents_of(late: Late) -> tuple:
    return (operator.contains, operator.getitem) if late.watched else (operator.getitem,)


def target_of(s: Statement) -> Value | None:
    """What a statement writes to, or changes."""
    if not isinstance(s, Call):
        return None
    found = written_operand(s) or changed_operand(s)
    return found if isinstance(found, Value) else None


def is_of_other_name(s: Statement, names: set[str]) -> bool:
    """Does it change an attribute that is none of these?"""
    return callee_of(s) in STORES and s.args[1].value not in names  # type: ignore[union-attr]


def values(operands: list[Operand]) -> list[Value]:
    return [o for o in operands if isinstance(o, Value)]


def callee_of(s: Statement) -> Any:
    """The known function that a statement calls, if it can be looked for in a set."""
    callee = s.callee if isinstance(s, Call) else None
    return callee.value if isinstance(callee, Const) and is_hashable(callee.value) else None
