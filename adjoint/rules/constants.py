"""What has no derivative: the result is no number, or is constant between jumps."""

from __future__ import annotations

import math
import operator
import types
from collections import OrderedDict, deque

import numpy as np

from adjoint import runtime
from adjoint.rules.lookup import longest, refuse_own_next
from adjoint.rules.registry import nondifferentiable
from adjoint.rules.text import TELLING
from adjoint.rules.writes import SET_CHANGES

nondifferentiable(
    *(int, bool, round, len, isinstance, issubclass, type, range, slice, print),
    *(hash, id, hasattr, callable, ord, chr, any, all, bin, hex, oct, dir, input),
    *(object.__repr__, object.__hash__, math.isclose, math.isfinite, math.isinf, math.isnan),
)

nondifferentiable(
    *(operator.floordiv, operator.lt, operator.le, operator.eq, operator.ne, operator.gt),
    *(operator.ge, operator.not_, operator.truth, operator.is_, operator.is_not, operator.index),
    *(operator.contains, operator.countOf, operator.indexOf, operator.length_hint),
    *(operator.and_, operator.xor, operator.invert, operator.lshift),
    operator.rshift,
)

nondifferentiable(
    *(math.floor, math.ceil, math.trunc, math.comb, math.perm, math.factorial, math.gcd, math.lcm),
    *(math.isqrt, math.ulp),
)

nondifferentiable(
    *(np.sign, np.floor, np.ceil, np.rint, np.trunc, np.fix, np.round, np.around, np.ndarray.round),
    *(np.floor_divide, np.signbit, np.spacing, np.gcd, np.lcm),
    *(np.greater, np.greater_equal, np.less, np.less_equal, np.equal, np.not_equal),
    *(np.logical_and, np.logical_or, np.logical_xor, np.logical_not),
    *(np.bitwise_and, np.bitwise_or, np.bitwise_xor, np.bitwise_not, np.bitwise_count),
    *(np.left_shift, np.right_shift),
    *(np.isfinite, np.isinf, np.isnan, np.isnat, np.isneginf, np.isposinf),
    *(np.isclose, np.allclose, np.array_equal, np.array_equiv),
    *(np.iscomplex, np.iscomplexobj, np.isreal, np.isrealobj, np.isscalar),
    *(np.result_type, np.promote_types, np.can_cast, np.min_scalar_type, np.common_type),
    *(np.issubdtype, np.dtype, np.finfo, np.iinfo, np.shares_memory, np.may_share_memory),
)

nondifferentiable(
    *(
        scalar
        for scalar in dict.fromkeys(np.sctypeDict.values())
        if not issubclass(scalar, np.inexact)
    )
)

nondifferentiable(
    *(
        method
        for cls in (str, bytes)
        for name, method in vars(cls).items()
        if isinstance(method, types.MethodDescriptorType) and name in TELLING
    ),
    *(
        longest,
        deque.index,
        deque.count,
        list.index,
        list.count,
        tuple.index,
        tuple.count,
        dict.keys,
        OrderedDict.keys,
        range.index,
        range.count,
    ),
    *(set.issubset, set.issuperset, set.isdisjoint),
    *(frozenset.issubset, frozenset.issuperset, frozenset.isdisjoint),
    *(np.lib.array_utils.normalize_axis_index, np.lib.array_utils.normalize_axis_tuple),
)

nondifferentiable(
    *(
        runtime.super_method,
        runtime.check_unpackable,
        runtime.raise_exception,
        runtime.raise_again,
        runtime.release,
        runtime.import_module,
    ),
)

nondifferentiable(*SET_CHANGES, refuse_own_next)
