"""Gradients from a tape, in the manner of Flux before Zygote: parameters that remember.

    w = param(np.zeros(3))
    l = np.sum((x @ w - y) ** 2)      # NumPy, which records what is done with w
    back(l)                           # adds to w.grad
    w.data[:] -= 0.1 * w.grad
    w.grad[:] = 0

It runs by the same rules as `ad.gradient`, one at a time, while the program runs.  `ad.gradient` is
faster, and sees through branches and writes; the tape is for code that cannot be read (`exec`, a prompt), for
watching what happens, and for programs written like this.

What it cannot do: writes into tracked arrays, and functions of `math`, are refused.  A tracked value is no
`float` and no `np.ndarray` to `isinstance`.  Of a function with a rule of its own (`ad.rule`), what it does is
recorded, and not the rule: `call(f, *args)` goes by the rule.
"""

from adjoint.tracker.gradients import (
    Grads,
    Params,
    back,
    checkpoint,
    forward,
    grad,
    gradient,
    hook,
    istracked,
    param,
    update,
)
from adjoint.tracker.tracked import TapeUsed, Tracked, call, data

__all__ = [
    "Grads",
    "Params",
    "TapeUsed",
    "Tracked",
    "back",
    "call",
    "checkpoint",
    "data",
    "forward",
    "grad",
    "gradient",
    "hook",
    "istracked",
    "param",
    "update",
]
