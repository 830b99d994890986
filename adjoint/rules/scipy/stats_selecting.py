"""What SciPy's own source selects with: elementwise choices whose functions see only their elements."""

from __future__ import annotations

import numpy as np
from scipy._lib import _util
from scipy.stats import _continuous_distns

from adjoint.rules.registry import nondifferentiable, source_of


@nondifferentiable
def sample(x, where):
    """An element from there."""
    return x[where].flat[0]


def chosen(function, where, operands):
    """The function where it is chosen; what it is elsewhere is not needed, but is to be finite."""
    if np.all(where):
        return function(*operands)
    return function(*[np.where(where, x, sample(x, where)) for x in operands])


source_of(chosen)(chosen)


@source_of(_continuous_distns.xpx.apply_where)  # which module that is differs between versions
def _(cond, args, f1, f2=None, /, *, fill_value=None, xp=None):
    given = args if isinstance(args, tuple | list) else (args,)
    cond, *operands = np.broadcast_arrays(cond, *given)
    y = np.zeros(np.shape(cond))
    if f2 is None:
        y = y + fill_value
    elif not np.all(cond):
        y = chosen(f2, ~cond, operands)
    return np.where(cond, chosen(f1, cond, operands), y) if np.any(cond) else y


@source_of(_util._lazyselect)
def _(condlist, choicelist, arrays, default=0):
    operands = np.broadcast_arrays(*arrays)
    y = np.full(np.shape(operands[0]), float(default))
    for choice, condition in zip(choicelist, condlist):
        where = np.broadcast_to(condition, np.shape(y))
        if np.any(where):
            y = np.where(where, chosen(choice, where, operands), y)
    return y
