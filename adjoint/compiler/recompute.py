"""`checkpoint` inside programs: what is called is looked at, and left to run time."""

from __future__ import annotations

from dataclasses import replace

from adjoint.compiler.special import NESTED
from adjoint.errors import UnsupportedSyntaxError
from adjoint.inference import attributes, calls
from adjoint.inference.infer import Specialiser
from adjoint.inference.sites import Site
from adjoint.ir.nodes import Block, Call, Const, Operand, Value, free_values, walk
from adjoint.ir.types import UNKNOWN, Array, Scalar, TupleOf, Type, unliteral
from adjoint.rules.aliasing import Memory, may_write
from adjoint.rules.checkpoints import Checkpointed
from adjoint.rules.memory import written_operand
from adjoint.rules.signatures import operand_type
from adjoint.runtime import SURROUNDINGS, recomputed


def checkpointed_call(
    spec: Specialiser, args: list[Operand], kwargs: list, site: Site
) -> Operand | None:
    """`checkpoint(f)(*args, **kwargs)`

    The call is inferred to learn the type of its value, and what the function writes to and reads of
    its surroundings; the statements themselves are those of another program.
    """
    owner, *rest = args
    function = attributes.load_attribute(spec, owner, "function", Site(site.origin))
    block = inferred_apart(spec, function, rest, kwargs, site)
    refuse_writes(block, list(free_values(block)))
    sure = not any(isinstance(s, Call) and may_write(s) for s in walk(block))
    around: Operand = Const(() if sure else None)
    if spec.options.implicit and sure:
        around = spec.function_root(Const(SURROUNDINGS, "surroundings"))
    elif spec.options.implicit:  # what it reads may be parameters: it is a call like any other
        return calls.call(spec, function, list(rest), kwargs, site)
    kind = known_value(operand_type(block.results[0]))
    return spec.emit(Const(recomputed), [around, function, *rest], kwargs, site, kind)


def inferred_apart(
    spec: Specialiser, function: Operand, args: list[Operand], kwargs: list, site: Site
) -> Block:
    """A call as a block that does not become part of the program."""
    out, options, emitted = spec.out, spec.options, spec.emitted
    spec.out, spec.options = [], replace(options, inline=True)
    try:
        result = calls.call(spec, function, list(args), kwargs, site)
        return Block(spec.out, [result])
    finally:
        spec.out, spec.options, spec.emitted = out, options, emitted


def refuse_writes(block: Block, inputs: list[Value]) -> None:
    """Refuse a function that writes into what it was given: called again, it would write again."""
    memory = Memory(block, inputs)
    given = {memory.root(v) for v in memory.inputs}
    for s in walk(block):
        owner = written_operand(s) if isinstance(s, Call) else None
        if isinstance(owner, Value) and memory.root(owner) in given:
            raise UnsupportedSyntaxError(
                "a checkpointed function writes into an array that it was given or captures",
                s.origin,
                "It is called again in the reverse pass: let it work on a copy and return that.",
            )


def known_value(kind: Type) -> Type:
    """A type that may be relied on for what a call at run time gives: numbers, and tuples of these."""
    kind = unliteral(kind)
    if isinstance(kind, TupleOf):
        items = tuple(map(known_value, kind.items))
        return UNKNOWN if UNKNOWN in items else TupleOf(items, kind.cls)
    return kind if isinstance(kind, Scalar | Array) else UNKNOWN


NESTED[Checkpointed.__call__] = checkpointed_call
