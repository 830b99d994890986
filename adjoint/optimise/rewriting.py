"""The engine of `simplify`: tries rewrites on the calls of the reverse half until none applies.

A rewrite is a function `(rewriter, call) -> operand or None`. It writes what it needs with
`rewriter.emit` and returns the operand that stands for the call's result. The engine takes it only
if it has the kind, dtype and number of axes of the original; equal lengths are up to the rewrite.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from adjoint.ir.nodes import (
    Block,
    Call,
    Const,
    Function,
    If,
    Operand,
    Splat,
    Statement,
    Try,
    Value,
    blocks_of,
    operands_of,
    substitute,
    targets_of,
    walk,
)
from adjoint.ir.types import Array, Scalar, Type, Unknown, dtype_of, unliteral
from adjoint.optimise.facts import (
    IsMarker,
    count_uses,
    definitions,
    has_narrow,
    is_call_of,
    is_derived,
    is_numpy_number,
    kind_of,
    marker_index,
    written_values,
)
from adjoint.rules.memory import shares_memory
from adjoint.rules.signatures import result_type


def is_missing(operand: Operand) -> bool:
    """What NumPy takes as the default, so that it need not be said."""
    return isinstance(operand, Const) and operand.value is np._NoValue


def can_be_typed(s: Call) -> bool:
    """May the type of this call be asked for?"""
    return all(k is not None for k, _ in s.kwargs) and not any(isinstance(a, Splat) for a in s.args)


def type_of_call(
    function: Any, args: list[Operand], keywords: list[tuple[str | None, Operand]]
) -> Type:
    """`result_type`, of constants that are NumPy numbers as well."""
    plain = [
        Value("", Scalar(type(a.value))) if isinstance(a, Const) and is_numpy_number(a) else a
        for a in args
    ]
    return result_type(function, plain, keywords)


Rewrite = Callable[["Rewriter", Call], "Operand | None"]
SWEEPS = 8


class Rewriter:
    """One function being rewritten; `forward` rewrites are tried before the marker, too."""

    def __init__(self, function: Function, is_marker: IsMarker) -> None:
        self.function = function
        self.start = marker_index(function, is_marker)
        self.inputs = set(function.inputs)
        self.replaced: dict[Value, Operand] = {}
        self.pending: list[Call] = []
        self.changed = False
        self.narrow = has_narrow(function.body, function.inputs)
        self.halves()

    def halves(self) -> None:
        body = self.function.body
        self.definitions = definitions(body)
        self.uses = count_uses(body)
        self.written = written_values(body)
        for s in list(self.definitions.values()):
            self.learn(s)
        half = Block(body.statements[: self.start or 0], [])
        before = definitions(half)
        self.primals = self.inputs.union(*[targets_of(s) for s in half.statements])
        self.forward = {t for t, s in before.items() if not is_derived(s)}

    def learn(self, s: Call) -> None:
        """Note what defines a value; but what memory that is written to was is not to be read later."""
        if self.written.intersection([s.target, *operands_of(s)]):
            self.definitions.pop(s.target, None)
        else:
            self.definitions[s.target] = s

    # -- for rewrites ------------------------------------------------------------------------------

    def definition(self, operand: Any, *functions: Any) -> Call | None:
        """The call of one of these functions, in the reverse half, that defines an operand."""
        s = self.definitions.get(operand) if isinstance(operand, Value) else None
        return (
            s
            if s is not None and operand not in self.forward and is_call_of(s, *functions)
            else None
        )

    def only(self, operand: Any, *functions: Any) -> Call | None:
        """The same, if nothing else reads it, so that it vanishes when it is rewritten."""
        return self.definition(operand, *functions) if self.uses[operand] == 1 else None

    def emit(
        self,
        function: Any,
        *args: Operand,
        kind: Type | None = None,
        keywords: list[tuple[str | None, Operand]] | None = None,
    ) -> Value:
        keywords = keywords or []
        if kind is None:
            kind = type_of_call(function, list(args), keywords)
        target = Value("", kind, False)
        self.pending.append(Call(target, Const(function), list(args), list(keywords)))
        self.learn(self.pending[-1])
        return target

    def agree(self, found: Type, wanted: Type) -> bool:
        """Is one type as good as the other, lengths aside?"""
        found, wanted = unliteral(found), unliteral(wanted)
        if isinstance(found, Array) and isinstance(wanted, Array):
            return found.dtype == wanted.dtype and found.ndim == wanted.ndim
        if isinstance(found, Scalar) and isinstance(wanted, Scalar):
            if found.cls is wanted.cls:
                return True
            return not self.narrow and dtype_of(found) == dtype_of(wanted)
        return found == wanted

    def changes(self, operand: Operand) -> bool:
        """May its memory be written to from here on? Reverse halves do not write to what they read."""
        finished = self.start is not None and self.backward
        return operand in self.written and not (finished and operand in self.primals)

    def fits(self, result: Operand, target: Value) -> bool:
        """May this stand for a call's result?"""
        if isinstance(result, Const) and isinstance(result.value, np.dtype):
            return True
        return self.agree(kind_of(result), target.type)

    # -- sweeping ----------------------------------------------------------------------------------

    def run(self, rewrites: dict[Any, list[Rewrite]], anywhere: dict[Any, list[Rewrite]]) -> bool:
        """Sweep until nothing changes; tells whether anything did.

        `rewrites` are for the reverse half, `anywhere` for both, each by callee.
        """
        ever = False
        for _ in range(SWEEPS):
            self.changed = False
            self.rewrites, self.anywhere = rewrites, anywhere
            self.backward = self.start is None
            self.block(self.function.body, outermost=True)
            self.finish()
            ever |= self.changed
            if not self.changed:
                break
        return ever

    def finish(self) -> None:
        if self.replaced:
            substitute(self.function.body, self.resolve)
            self.replaced = {}
        self.halves()

    def resolve(self, operand: Operand) -> Operand:
        while isinstance(operand, Value) and operand in self.replaced:
            operand = self.replaced[operand]
        return operand

    def block(self, block: Block, outermost: bool = False) -> None:
        out: list[Statement] = []
        for i, s in enumerate(block.statements):
            if outermost and i == self.start:
                self.backward = True
                self.start = len(out)
                out.append(s)
                continue
            if isinstance(s, Call):
                self.call(s, out)
                continue
            if isinstance(s, If | Try) and self.backward:
                self.equal_results(s)
            for inner in blocks_of(s):
                self.block(inner)
            out.append(s)
        block.statements = out

    def call(self, s: Call, out: list[Statement]) -> None:
        if not isinstance(s.callee, Const):
            out.append(s)
            return
        work = [s]
        while work:
            each = work.pop()
            if not self.rewrite(each, work):
                out.append(each)

    def rewrite(self, s: Call, work: list[Call]) -> bool:
        """Rewrite one call; what replaces it goes to `work`, to be looked at in turn."""
        assert isinstance(s.callee, Const)
        s.args = [
            Splat(self.resolve(a.operand)) if isinstance(a, Splat) else self.resolve(a)
            for a in s.args
        ]
        s.kwargs = [(k, self.resolve(o)) for k, o in s.kwargs if not is_missing(o)]
        free = self.backward or is_derived(s)
        if isinstance(s.target.type, Unknown) and free and can_be_typed(s):
            s.target.type = type_of_call(s.callee.value, s.args, s.kwargs)  # type: ignore[arg-type]
        for rewrite in self.candidates(s.callee.value, free):
            self.pending = []
            result = rewrite(self, s)
            if result is None or not self.fits(result, s.target):
                continue
            if self.changes(result) and not shares_memory(s):
                continue  # a copy, which stays what it is
            if self.accept(s, result, work):
                self.changed = True
                return True
        self.pending = []
        return False

    def candidates(self, function: Any, free: bool) -> list[Rewrite]:
        try:
            found = self.anywhere.get(function, [])
            return found + self.rewrites.get(function, []) if free else found
        except TypeError:
            return []

    def accept(self, s: Call, result: Operand, work: list[Call]) -> bool:
        new = self.pending
        for call in new:
            call.origin, call.target.origin = s.origin, s.origin
            self.uses.update(a for a in call.args if isinstance(a, Value))
        if new and result is new[-1].target:
            # The last call takes over the target, with its name and its type.
            self.definitions.pop(result, None)  # type: ignore[arg-type]
            new[-1].target = s.target
            self.learn(new[-1])
            work += reversed(new)
            return True
        if isinstance(s.target.type, Array) and s.target in self.written:
            return False  # the target's memory is its own
        if (
            isinstance(result, Value)
            and result not in self.forward
            and s.target.name
            and not result.named
        ):
            found = self.definitions.get(result)
            if found is not None and (s.target.named or not result.name):
                result.name, result.named = s.target.name, s.target.named
        self.uses[result] += self.uses[s.target]  # type: ignore[index]
        self.replaced[s.target] = result
        work += reversed(new)
        return True

    def equal_results(self, s: If | Try) -> None:
        """What is the same after every branch does not depend on the branch."""
        blocks = blocks_of(s)
        inside = {t for b in blocks for x in walk(b) for t in targets_of(x)}
        for i, target in enumerate(s.targets):
            first = self.resolve(blocks[0].results[i])
            if target in self.replaced or not isinstance(first, Value) or first in inside:
                continue
            if all(self.resolve(b.results[i]) is first for b in blocks[1:]):
                self.replaced[target] = first
                self.changed = self.changed or self.uses[target] > 0
