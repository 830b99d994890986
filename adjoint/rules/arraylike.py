"""Which operands NumPy makes arrays of: lists and tuples given where a function computes with an array."""

from __future__ import annotations

import functools
import inspect
import operator
from collections.abc import Iterable
from typing import Any

import numpy as np

from adjoint.rules import registry

#: The names that the parameters have, in NumPy and in the rules, that are arrays to compute with.
#: The others are sequences of arrays (`arrays`, `tup`, `choicelist`) or say how (`axis`, `shape`).
PARAMETERS = {
    "A", "B", "a", "a_max", "a_min", "append", "ar", "args", "arr", "array", "ary", "arys", "b", "default",
    "fill_value", "fp", "initial", "left", "m", "max", "mean", "min", "nan", "prepend", "q",
    "right", "start", "step", "stop", "to_begin", "to_end", "v", "val", "values", "weights", "x", "x1",
    "x2", "xi", "xp", "z",
}  # fmt: skip
OPERATORS = {
    operator.add, operator.sub, operator.mul, operator.truediv, operator.floordiv, operator.mod,
    operator.pow, operator.matmul,
}  # fmt: skip
EXCEPT = {
    np.asarray,
    np.asanyarray,
    np.ndarray.item,
    np.generic.item,
}  # they make it, or take indices


def made_arrays(function: Any, classes: Iterable[type | None], names: Iterable[str] = ()) -> list:
    """The positions and keywords at which a call makes an array of a list or tuple.

    `classes` are those of the positional arguments, then of the keyword arguments `names`.
    """
    names, classes = list(names), list(classes)
    keys: list[Any] = [*range(len(classes) - len(names)), *names]
    lists = [k for k, cls in zip(keys, classes, strict=True) if cls in (list, tuple)]
    if not lists:
        return []
    try:
        if function in OPERATORS:
            return lists if np.ndarray in classes else []
        taken = _array_parameters(function)
    except TypeError:  # not hashable
        return []
    last = max((k for k in taken if isinstance(k, int)), default=-1)
    return [k for k in lists if k in taken or "*" in taken and isinstance(k, int) and k > last]


@functools.cache
def _array_parameters(function: Any) -> frozenset[Any]:
    """The positions and names of the array parameters of a function of NumPy's or SciPy's that has a rule."""
    declared = registry.lookup(function)
    module = "numpy" if isinstance(function, np.ufunc) else getattr(function, "__module__", None)
    owner = getattr(function, "__objclass__", np.ndarray)
    if declared is None or declared.kind == "constant" or declared.apart or function in EXCEPT:
        return frozenset()
    if not (module or "numpy").startswith(("numpy", "scipy")) or owner is not np.ndarray:
        return frozenset()
    taken: set[Any] = set()
    for i, (name, parameter) in enumerate(inspect.signature(declared.text).parameters.items()):
        starred = parameter.kind is parameter.VAR_POSITIONAL
        if name == "args" and not starred:  # further arguments of a function
            continue
        if name in PARAMETERS or isinstance(function, np.ufunc):
            taken |= {"*"} if starred else {i, name}
    return frozenset(taken)
