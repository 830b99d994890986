"""`scipy.sparse`: sums of matrices, products entry by entry, sums of entries."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse

from adjoint.errors import MissingRuleError
from adjoint.rules.registry import nondifferentiable, source_of
from adjoint.rules.scipy.formulas import computed, consisting_of, part, valued
from adjoint.rules.scipy.sparse_entries import (
    BASE,
    check_whole,
    entries_at,
    found_at,
    methods,
    places,
    summed_into,
)
from adjoint.rules.scipy.sparse_products import scaled

# -- sums ---------------------------------------------------------------------------------------------


def added(exact, A, B, sign):
    """A + B or A - B; with a dense matrix it is dense."""
    if sparse.issparse(B):
        a, b = np.reshape(part(A, "data"), (-1,)), np.reshape(part(B, "data"), (-1,))
        values = np.concatenate([a, sign * b])
        data = summed_into(values, both_at(exact, A, B), np.size(exact.data))
        return consisting_of(exact, np.reshape(data, np.shape(exact.data)))
    return valued(exact, A.toarray() + sign * np.asarray(B))


@nondifferentiable
def both_at(exact: Any, A: Any, B: Any) -> Any:
    """The entry of the sum that each entry of the summands is in."""
    at = []
    for M in (A, B):
        rows, columns = [np.ravel(p) for p in places(M)]
        own = np.where(rows < 0, 0, found_at(exact, rows, columns))
        check_whole(own)
        at.append(np.where(rows < 0, -1, own))
    return np.concatenate(at)


source_of(added)(added)


@source_of(BASE.__add__, apart=True)
def _(self, other):
    exact = computed(BASE.__add__, self, other)
    if np.isscalar(other):
        return self.copy()
    return added(exact, self, other, 1.0)


@source_of(BASE.__sub__, apart=True)
def _(self, other):
    exact = computed(BASE.__sub__, self, other)
    if np.isscalar(other):
        return self.copy()
    return added(exact, self, other, -1.0)


@source_of(BASE.__rsub__, apart=True)
def _(self, other):
    exact = computed(BASE.__rsub__, self, other)
    if np.isscalar(other):
        return scaled(self, -1.0)
    return valued(exact, np.asarray(other) - self.toarray())


@source_of(BASE.__iadd__)
def _(self, other):
    """`A += B` makes a new matrix."""
    return self + other


@source_of(BASE.__isub__)
def _(self, other):
    return self - other


# -- products entry by entry --------------------------------------------------------------------------------


def times_entries(exact, A, other):
    """A ∘ B, where both store something; with a dense array or a number, where A does."""
    if np.isscalar(other) or np.ndim(other) == 0 and not sparse.issparse(other):
        return scaled(A, other)
    if sparse.issparse(other):
        rows, columns = common(exact, A, other)
        data = entries_at(A, rows, columns) * entries_at(other, rows, columns)
    else:
        rows, columns = common(exact, A, None)
        wide = np.broadcast_to(np.asarray(other), np.shape(exact))
        data = entries_at(A, rows, columns) * wide[rows, columns]
    return consisting_of(exact, data)


@nondifferentiable
def common(exact: Any, A: Any, B: Any) -> tuple[Any, Any]:
    """The places of the product, which has to have one for each entry that both have."""
    if exact.shape != A.shape or B is not None and B.shape != A.shape or exact.data.ndim != 1:
        raise MissingRuleError(
            "no derivative is known for a product, entry by entry, of sparse matrices of different shapes",
            hint="Compute with A.data, or multiply by a diagonal matrix: scipy.sparse.diags_array(v) @ A.",
        )
    rows, columns = [np.ravel(p) for p in places(A)]
    rows, columns = rows[rows >= 0], columns[rows >= 0]
    if B is not None:
        met = found_at(B, rows, columns) >= 0
        rows, columns = rows[met], columns[met]
    check_whole(found_at(exact, rows, columns))
    return places(exact)


source_of(times_entries)(times_entries)


def declare_multiply(function: Any) -> None:
    @source_of(function, apart=True)
    def _(self, other):
        return times_entries(computed(function, self, other), self, other)


for found in [*methods("multiply"), BASE.__mul__, BASE.__rmul__]:
    declare_multiply(found)


def declare_divide(function: Any) -> None:
    @source_of(function, apart=True)
    def _(self, other):
        exact = computed(function, self, other)
        if sparse.issparse(other) or not sparse.issparse(exact):
            refuse_division()
        return times_entries(exact, self, 1.0 / np.asarray(other))


@nondifferentiable
def refuse_division() -> None:
    raise MissingRuleError(
        "no derivative is known for the division of a sparse matrix by a matrix",
        hint="Divide what is stored, A.data, or a dense array.",
    )


for found in methods("__truediv__"):
    declare_divide(found)


# -- sums of entries -------------------------------------------------------------------------------------------


def declare_sum(function: Any) -> None:
    @source_of(function, apart=True)
    def _(self, axis=None, dtype=None, out=None):
        exact = computed(function, self, axis=axis, dtype=dtype, out=out)
        rows, columns = places(self)
        inside = np.where(rows < 0, 0.0, part(self, "data"))
        if axis is None:
            return valued(exact, np.sum(inside))
        line, count = lines(axis, rows, columns, self.shape)
        return valued(exact, np.reshape(summed_into(inside, line, count), np.shape(exact)))


@nondifferentiable
def lines(axis: Any, rows: Any, columns: Any, shape: tuple[int, ...]) -> tuple[Any, int]:
    """The number of the row or column that each entry is in."""
    if np.ndim(axis):
        raise MissingRuleError(
            "no derivative is known for sums of a sparse matrix along several axes",
            hint="Sum along all of them, A.sum(), or along one.",
        )
    return (columns, shape[1]) if axis % 2 == 0 else (rows, shape[0])


for found in methods("sum"):
    declare_sum(found)
