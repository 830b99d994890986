"""How a loop that ends early is printed.

The IR says it with a flag: `stop`, true after the last iteration. Where a branch at the end of the
body sets the flag, the branch itself can `break`; where a branch does nothing but set it, or
something follows the branch, its condition is tested again.
"""

from __future__ import annotations

from adjoint.emit.plan import Plan
from adjoint.ir import nodes as ir


def plan_stop(loop: ir.Loop, plan: Plan) -> None:
    """Decide how a loop stops, before its body is planned."""
    for branch in loop.body.statements:
        if isinstance(branch, ir.If) and loop.stop in branch.targets:
            assert isinstance(loop.stop, ir.Value)
            if branch is loop.body.statements[-1] and not loop.gathers:
                if _break_in_branches(loop, branch, loop.stop, plan):
                    return
            _test_again(loop, branch, loop.stop, plan)


def _break_in_branches(loop: ir.Loop, branch: ir.If, flag: ir.Value, plan: Plan) -> bool:
    """Find the branches in tail position that set the flag, and put the `break` there."""
    breaks: dict[tuple[ir.If, int], list[tuple[ir.If, int]]] = {}
    flags: list[ir.Value] = []
    if not _find_breaks(branch, flag, [], breaks, flags, plan) or not breaks:
        return False
    if not any(s for key in breaks for s in _work(key[0], flags, plan)):
        return False  # the branches do nothing else: `if test: break` says it
    plan.uses.update(dict.fromkeys(flags, -1))
    plan.breaks |= {key: (loop, chain) for key, chain in breaks.items()}
    plan.stops[loop] = (ir.Const(True), False)
    return True


def _work(branch: ir.If, flags: list[ir.Value], plan: Plan) -> list:
    """What a branch does besides setting the flag."""
    targets = [t for t in branch.targets if plan.uses[t] and t not in flags]
    return targets + [s for block in ir.blocks_of(branch) for s in block.statements]


def _find_breaks(
    branch: ir.If,
    flag: ir.Value,
    outer: list[tuple[ir.If, int]],
    breaks: dict[tuple[ir.If, int], list[tuple[ir.If, int]]],
    flags: list[ir.Value],
    plan: Plan,
) -> bool:
    """Is the flag True or False, known while compiling, at the end of every branch?"""
    if plan.uses[flag] != 1:
        return False
    flags.append(flag)
    position = branch.targets.index(flag)
    for index, block in enumerate(ir.blocks_of(branch)):
        result = block.results[position]
        last = block.statements[-1] if block.statements else None
        if isinstance(result, ir.Const):
            if result.value is True:
                breaks[branch, index] = outer
            elif result.value is not False:
                return False
        elif not isinstance(last, ir.If) or result not in last.targets:
            return False
        elif not _find_breaks(last, result, [(branch, index), *outer], breaks, flags, plan):
            return False
    return True


def _test_again(loop: ir.Loop, branch: ir.If, flag: ir.Value, plan: Plan) -> None:
    """`stop` that a branch sets to True or False is the condition of that branch."""
    index = branch.targets.index(flag)
    results = [block.results[index] for block in ir.blocks_of(branch)]
    values = [r.value if isinstance(r, ir.Const) else None for r in results]
    if plan.uses[flag] != 1 or values not in ([True, False], [False, True]):
        return
    if not all(isinstance(v, bool) for v in values):
        return
    plan.stops[loop] = (branch.condition, values[1] is True)
    plan.uses[flag] = 0
    others = [t for t in branch.targets if plan.uses[t]]
    if not others and not any(b.statements for b in ir.blocks_of(branch)):
        plan.skipped.add(branch)
    elif isinstance(branch.condition, ir.Value):
        plan.uses[branch.condition] += 1
