"""`scipy.sparse`: the entries of a matrix, and what only moves them.

Where an operation puts them is found by doing it to their numbers in place of their values.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse

from adjoint.errors import MissingRuleError
from adjoint.parts import declare_parts
from adjoint.rules.registry import nondifferentiable, rule, source_of
from adjoint.rules.scipy.formulas import computed, consisting_of, part, valued

BASE = next(cls for cls in sparse.csr_array.__mro__ if "__matmul__" in vars(cls))
STORING = next(cls for cls in sparse.csr_array.__mro__ if "__neg__" in vars(cls))
CLASSES = [
    getattr(sparse, f"{name}_{kind}")
    for name in ("csr", "csc", "coo", "dia", "bsr")
    for kind in ("array", "matrix")
]


def methods(name: str) -> list[Any]:
    """The functions that are this method of one of the classes."""
    found = [vars(base)[name] for cls in CLASSES for base in cls.__mro__ if name in vars(base)]
    return list(dict.fromkeys(found))


def present(x: Any, bars: dict[str, Any]) -> Any:
    """The cotangent of a matrix as users see it: a matrix of its class, with the same entries."""
    return x._with_data(bars["data"])


declare_parts(STORING, "data", present=present)

for name in (
    "shape",
    "ndim",
    "nnz",
    "size",
    "format",
    "dtype",
    "has_canonical_format",
    "has_sorted_indices",
):
    for found in methods(name):
        if isinstance(found, property):
            nondifferentiable(found.fget)
nondifferentiable(
    sparse.issparse, *methods("_getnnz"), *methods("get_shape"), *methods("count_nonzero")
)


def with_data(A: Any, data: Any) -> Any:
    """A matrix with other numbers for its entries."""
    return A._with_data(data)


@source_of(with_data, apart=True)
def _(A, data):
    return consisting_of(computed(with_data, A, data), data)


for found in methods("_with_data"):

    @source_of(found, apart=True)
    def _(self, data, copy=True):
        return with_data(self, data)


# -- where entries are -------------------------------------------------------------------------------------


@nondifferentiable
def places(A: Any) -> tuple[Any, Any]:
    """The rows and the columns of what is stored, in the form of `A.data`; -1 for what is no entry."""
    if A.ndim != 2:
        raise MissingRuleError(
            f"no derivative is known for a {type(A).__name__} of {A.ndim} dimensions",
            hint="Take one of 2 dimensions.",
        )
    if A.format in ("csr", "csc"):
        along = np.repeat(np.arange(len(A.indptr) - 1), np.diff(A.indptr))
        return (along, A.indices) if A.format == "csr" else (A.indices, along)
    if A.format == "coo":
        return A.coords[0], A.coords[1]
    if A.format == "dia":
        columns = np.broadcast_to(np.arange(A.data.shape[1]), A.data.shape)
        rows = columns - A.offsets[:, None]
        inside = (rows >= 0) & (rows < A.shape[0]) & (columns < A.shape[1])
        return np.where(inside, rows, -1), np.where(inside, columns, -1)
    height, width = A.blocksize
    block_rows = np.repeat(np.arange(len(A.indptr) - 1), np.diff(A.indptr))
    rows = block_rows[:, None, None] * height + np.arange(height)[:, None]
    columns = A.indices[:, None, None] * width + np.arange(width)
    return np.broadcast_arrays(rows, columns)


@nondifferentiable
def found_at(A: Any, rows: Any, columns: Any) -> Any:
    """The numbers of the entries of A at these places; -1 where there is none."""
    own_rows, own_columns = [np.ravel(p).astype(np.int64) for p in places(A)]
    keys = np.where(own_rows < 0, -1, own_rows * A.shape[1] + own_columns)
    order = np.argsort(keys, kind="stable")
    if np.any(np.diff(keys[order][keys[order] >= 0]) == 0):
        raise MissingRuleError(
            "no derivative is known for a sparse matrix that stores an entry more than once here",
            hint="Convert it first: A.tocsr().",
        )
    wanted = np.asarray(rows, np.int64) * A.shape[1] + columns
    if not len(keys):
        return np.full(wanted.shape, -1)
    at = np.minimum(np.searchsorted(keys, wanted, sorter=order), len(keys) - 1)
    return np.where(keys[order[at]] == wanted, order[at], -1)


@nondifferentiable
def check_whole(index: Any) -> None:
    """SciPy leaves sums out that happen to be zero: their derivative would be lost."""
    if np.any(index < 0):
        raise MissingRuleError(
            "no derivative is known where an entry of a sparse matrix became exactly zero and was left out",
            hint="Start from other numbers, or compute with A.data.",
        )


def taken(data, index):
    """The numbers of what is stored, 0 where there is none."""
    flat = np.reshape(data, (-1,))
    if len(flat) == 0:
        return np.zeros(np.shape(index))
    return np.where(index < 0, 0.0, flat[index])


source_of(taken)(taken)


def entries_at(A, rows, columns):
    """The values of A at these places."""
    return taken(part(A, "data"), found_at(A, rows, columns))


source_of(entries_at)(entries_at)


def summed_into(values: Any, places: Any, count: int) -> Any:
    """Sums of the values that have the same place; those of place -1 are left out."""
    total = np.zeros(count, np.result_type(values, np.float64))
    kept = places >= 0
    np.add.at(total, places[kept], values[kept])
    return total


@rule(summed_into, linear="values")
def _(values, places, count):
    y = summed_into(values, places, count)

    def pullback(y_bar):
        return taken(y_bar, places)

    return y, pullback


# -- what only moves entries ---------------------------------------------------------------------------------


def moved(function, self, args, kwargs):
    """The result of a method that puts entries elsewhere, or leaves some of them out."""
    data = part(self, "data")
    exact = computed(function, self, *args, **kwargs)
    index = origins(exact, function, self, args, kwargs)
    if index is None:
        values = summed_into(np.reshape(data, (-1,)), sums_at(exact, self), count_of(exact))
    else:
        values = taken(data, index)
    if sparse.issparse(exact):
        return consisting_of(exact, np.reshape(values, shape_of(exact)))
    return valued(exact, np.reshape(values, np.shape(exact)))


source_of(moved)(moved)


@nondifferentiable
def origins(exact: Any, function: Any, self: Any, args: tuple, kwargs: dict) -> Any:
    """The number of the entry that each number of the result is; None if some of them are sums."""
    numbers = np.arange(1.0, self.data.size + 1).reshape(self.data.shape)
    result = function(self._with_data(numbers), *args, **kwargs)
    index = stored(result).astype(np.int64) - 1
    values = stored(exact)
    known = index.shape == values.shape and np.all(index < self.data.size)
    if known and np.array_equal(
        taken(self.data, index), values, equal_nan=values.dtype.kind in "fc"
    ):
        return index
    if np.shape(exact) == np.shape(self) and index.shape == values.shape:
        return None
    raise MissingRuleError(
        f"no derivative is known for {function.__name__} of a sparse matrix that leaves entries out",
        hint="Entries that are zero, or stored more than once: build the matrix without them.",
    )


@nondifferentiable
def stored(x: Any) -> Any:
    return x.data if sparse.issparse(x) else np.asarray(x)


@nondifferentiable
def sums_at(exact: Any, self: Any) -> Any:
    """The place in a result that each entry is added to."""
    rows, columns = [np.ravel(p) for p in places(self)]
    if sparse.issparse(exact):
        return np.where(rows < 0, -1, found_at(exact, rows, columns))
    return np.where(rows < 0, -1, rows * exact.shape[1] + columns)


@nondifferentiable
def count_of(exact: Any) -> int:
    return exact.data.size if sparse.issparse(exact) else exact.size


@nondifferentiable
def shape_of(exact: Any) -> tuple[int, ...]:
    return exact.data.shape


def declare_moving(function: Any) -> None:
    @source_of(function, apart=True)
    def _(self, *args, **kwargs):
        return moved(function, self, args, kwargs)


MOVING = (
    "__getitem__", "transpose", "tocsr", "tocsc", "tocoo", "todia", "tobsr", "copy", "toarray", "todense",
    "diagonal", "reshape", "getrow", "getcol",
)  # fmt: skip
for name in MOVING:
    for found in methods(name):
        declare_moving(found)


@nondifferentiable
def check_single(A: Any) -> None:
    if A.format == "coo" or not A.has_canonical_format:
        rows, columns = places(A)
        found_at(A, rows[:1], columns[:1])


for found in methods("_deduped_data"):

    @source_of(found)
    def _(self):
        """What stands in the place of `A.data` in functions of each entry."""
        check_single(self)
        return part(self, "data")


# -- what changes a matrix ------------------------------------------------------------------------------------


def declare_changing(function: Any) -> None:
    @source_of(function, apart=True, underived="self values")
    def _(self, values=None, *args, **kwargs):
        given = () if values is None else (values,)
        return computed(function, self, *given, *args, **kwargs)


CHANGING = (
    "sum_duplicates", "eliminate_zeros", "sort_indices", "prune", "setdiag", "resize", "__setitem__",
)  # fmt: skip
for name in CHANGING:
    for found in methods(name):
        declare_changing(found)
