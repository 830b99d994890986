"""`scipy.sparse`: products with dense and with sparse matrices.

Y = A X gives X̄ = Aᴴ Ȳ, and for each entry (i, j) that A stores āᵢⱼ = Σₖ ȳᵢₖ x*ⱼₖ.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse

from adjoint.rules.registry import jvp_rule, nondifferentiable, rule, source_of
from adjoint.rules.scipy.formulas import computed, consisting_of, part
from adjoint.rules.scipy.sparse_entries import (
    BASE,
    check_whole,
    found_at,
    methods,
    places,
    summed_into,
    with_data,
)
from adjoint.tree import accumulate, make_tangent, tangent_field

MATMUL = BASE.__matmul__


def product(A: Any, x: Any) -> Any:
    """A x, of a sparse matrix and a dense vector or matrix."""
    return MATMUL(A, x)


def adjoint_product(A: Any, y: Any) -> Any:
    """Aᴴ y"""
    return MATMUL(A.conj().T if np.iscomplexobj(A.data) else A.T, y)


@rule(product)
def _(A, x):
    y = product(A, x)

    def pullback(y_bar):
        return make_tangent("data", sampled(A, y_bar, x)), adjoint_product(A, y_bar)

    return y, pullback


@jvp_rule(product)
def _(primals, tangents):
    A, x = primals
    data, x_dot = tangent_field(tangents[0], "data"), tangents[1]
    by_matrix = None if data is None else product(with_data(A, data), x)
    return product(A, x), accumulate(by_matrix, None if x_dot is None else product(A, x_dot))


@rule(adjoint_product)
def _(A, y):
    x = adjoint_product(A, y)

    def pullback(x_bar):
        return make_tangent("data", sampled(A, y, x_bar)), product(A, x_bar)

    return x, pullback


@jvp_rule(adjoint_product)
def _(primals, tangents):
    A, y = primals
    data, y_dot = tangent_field(tangents[0], "data"), tangents[1]
    by_matrix = None if data is None else adjoint_product(with_data(A, data), y)
    by_vector = None if y_dot is None else adjoint_product(A, y_dot)
    return adjoint_product(A, y), accumulate(by_matrix, by_vector)


def sampled(A, u, v):
    """u vᴴ where A stores something: Σₖ uᵢₖ v*ⱼₖ."""
    rows, columns = places(A)
    each = u[rows] * np.conj(v[columns])
    if np.ndim(u) > 1:
        each = np.sum(each, axis=-1)
    each = np.where(rows < 0, 0.0, each)
    return each if np.iscomplexobj(A.data) else np.real(each)


source_of(sampled)(sampled)


def multiplied(A, B):
    """A B of two sparse matrices."""
    made = computed(MATMUL, A, B)
    return consisting_of(made, product_entries(A, B, made))


def product_entries(A, B, made):
    """Entry for entry: Σ aᵢₗ bₗⱼ over the pairs of entries that meet."""
    first, second, at = meeting(A, B, made)
    a, b = np.reshape(part(A, "data"), (-1,)), np.reshape(part(B, "data"), (-1,))
    return summed_into(a[first] * b[second], at, len(made.data))


source_of(multiplied)(multiplied)
source_of(product_entries)(product_entries)


@nondifferentiable
def meeting(A: Any, B: Any, made: Any) -> tuple[Any, Any, Any]:
    """The entries of A and of B that are multiplied, pair by pair, and the entry that each product is in."""
    (a_rows, a_columns), (b_rows, b_columns) = [[np.ravel(p) for p in places(M)] for M in (A, B)]
    order = np.argsort(b_rows, kind="stable")
    starts = np.searchsorted(b_rows[order], np.arange(A.shape[1] + 1))
    counts = np.where(a_rows < 0, 0, starts[a_columns + 1] - starts[a_columns])
    first = np.repeat(np.arange(len(a_rows)), counts)
    within = np.arange(len(first)) - np.repeat(np.cumsum(counts) - counts, counts)
    second = order[starts[a_columns[first]] + within]
    at = found_at(made, a_rows[first], b_columns[second])
    check_whole(at)
    return first, second, at


# -- as operators and methods -----------------------------------------------------------------------------


def times(A, other):
    """`A @ other`; a number scales."""
    if sparse.issparse(other):
        return multiplied(A, other)
    if np.ndim(other) == 0:
        return scaled(A, other)
    return product(A, np.asarray(other))


def times_from_left(A, other):
    """`other @ A`"""
    if sparse.issparse(other):
        return multiplied(other, A)
    if np.ndim(other) == 0:
        return scaled(A, other)
    return np.transpose(product(A.T, np.transpose(other)))


def scaled(A, number):
    data = part(A, "data") * number
    return consisting_of(computed(with_data, A, data), data)


for helper in (times, times_from_left, scaled):
    source_of(helper)(helper)


@source_of(MATMUL, apart=True)
def _(self, other):
    return times(self, other)


@source_of(BASE.__rmatmul__, apart=True)
def _(self, other):
    return times_from_left(self, other)


for found in methods("dot"):

    @source_of(found, apart=True)
    def _(self, other):
        return times(self, other)


@source_of(sparse.spmatrix.__mul__, apart=True)
def _(self, other):
    return times(self, other)


@source_of(sparse.spmatrix.__rmul__, apart=True)
def _(self, other):
    return times_from_left(self, other)
