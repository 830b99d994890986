"""`scipy.sparse`: matrices made of numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse

from adjoint.errors import MissingRuleError
from adjoint.rules.registry import nondifferentiable, source_of
from adjoint.rules.scipy.formulas import computed, consisting_of, part
from adjoint.rules.scipy.sparse_entries import (
    CLASSES,
    check_whole,
    entries_at,
    found_at,
    moved,
    places,
    summed_into,
    taken,
)


def from_entries(made, data, places):
    """Of entries and their places, of which several may be the same: these are added."""
    rows, columns = places
    if made.format == "coo":
        return consisting_of(made, np.asarray(data))
    at = entries_in(made, rows, columns)
    return consisting_of(made, summed_into(np.asarray(data), at, np.size(made.data)))


@nondifferentiable
def entries_in(made: Any, rows: Any, columns: Any) -> Any:
    at = found_at(made, np.asarray(rows), np.asarray(columns))
    check_whole(at)
    return at


def from_dense(made, values):
    """What is zero there is not stored, and would lose its derivative."""
    check_no_zeros(made, np.asarray(values))
    rows, columns = places(made)
    return consisting_of(made, np.where(rows < 0, 0.0, np.asarray(values)[rows, columns]))


@nondifferentiable
def check_no_zeros(made: Any, values: Any) -> None:
    if made.nnz < np.size(values):
        raise MissingRuleError(
            f"no derivative is known for a {type(made).__name__} of a dense array with zeros: they are left "
            "out",
            hint="Make it of entries and their places: (data, (rows, columns)).",
        )


for helper in (from_entries, from_dense):
    source_of(helper)(helper)


def declare_class(cls: Any) -> None:
    @source_of(cls, apart=True)
    def _(arg1, shape=None, dtype=None, copy=False, *, maxprint=None, blocksize=None):
        made = computed(built, cls, arg1, shape, dtype, blocksize)
        if sparse.issparse(arg1):
            return moved(rebuilt(cls, shape, dtype, blocksize), arg1, (), {})
        if not isinstance(arg1, tuple):
            return from_dense(made, arg1)
        if len(arg1) == 2 and isinstance(arg1[1], tuple | list) and made.format != "dia":
            return from_entries(made, arg1[0], arg1[1])
        return consisting_of(made, np.asarray(arg1[0]) + 0.0 * made.data)


def built(cls: Any, arg1: Any, shape: Any, dtype: Any, blocksize: Any) -> Any:
    """A matrix that has its own arrays, and keeps zeros where they are given."""
    options = {} if blocksize is None else {"blocksize": blocksize}
    return cls(arg1, shape=shape, dtype=dtype, **options)


@nondifferentiable
def rebuilt(cls: Any, shape: Any, dtype: Any, blocksize: Any) -> Any:
    """What makes a matrix of this class of another matrix."""
    return lambda A: built(cls, A, shape, None if A.dtype.kind in "f" else dtype, blocksize)


for cls in CLASSES:
    declare_class(cls)


# -- diagonals --------------------------------------------------------------------------------------------------


def declare_diagonals(function: Any) -> None:
    @source_of(function, apart=True)
    def _(diagonals, /, *args, **kwargs):
        made = computed(function, diagonals, *args, **kwargs)
        whole = is_one(diagonals)
        parts = [np.reshape(d, (-1,)) for d in ([diagonals] if whole else diagonals)]
        index = numbered(function, diagonals, args, kwargs, made)
        return consisting_of(made, taken(np.concatenate(parts), index))


@nondifferentiable
def is_one(diagonals: Any) -> bool:
    """Is this one diagonal, and no sequence of several?"""
    return np.isscalar(diagonals) or len(diagonals) == 0 or np.ndim(diagonals[0]) == 0


@nondifferentiable
def numbered(function: Any, diagonals: Any, args: tuple, kwargs: dict, made: Any) -> Any:
    """The number of what is in each place, of all the numbers of the diagonals."""
    count, given = 0, []
    for d in [diagonals] if is_one(diagonals) else diagonals:
        given.append(np.arange(1.0, np.size(d) + 1).reshape(np.shape(d)) + count)
        count += np.size(d)
    whole = given[0] if is_one(diagonals) else given
    plain = {k: v for k, v in kwargs.items() if k != "dtype"}
    numbers = function(whole, *args, **plain)
    if numbers.data.shape != made.data.shape:
        raise MissingRuleError(
            f"no derivative is known for {function.__name__} of diagonals with zeros, in the format "
            f"{made.format!r}: they are left out",
            hint="Leave the format out: the format 'dia' stores them.",
        )
    return numbers.data.astype(np.int64) - 1


declare_diagonals(sparse.diags)
declare_diagonals(sparse.diags_array)


# -- of other matrices -----------------------------------------------------------------------------------------


def refuse_blocks(function: Any) -> None:
    raise MissingRuleError(
        f"no derivative is known for {function.__name__} of dense blocks, of blocks that store entries more "
        "than once, or zeros that are left out",
        hint="Make sparse matrices of the blocks first, in the format 'csr'.",
    )


@nondifferentiable
def checked_blocks(function: Any, blocks: Any) -> list[tuple[int, ...]]:
    """Where the blocks are in a list, or in a list of lists, that are not None."""
    found: list[tuple[int, ...]] = []
    for i, each in enumerate(blocks):
        nested = isinstance(each, list | tuple)
        for j, block in enumerate(each if nested else [each]):
            if block is not None:
                if not sparse.issparse(block):
                    refuse_blocks(function)
                found.append((i, j) if nested else (i,))
    return found


def block_at(blocks, path):
    return blocks[path[0]] if len(path) == 1 else blocks[path[0]][path[1]]


source_of(block_at)(block_at)


def declare_blocks(function: Any) -> None:
    @source_of(function, apart=True)
    def _(blocks, *args, **kwargs):
        made = computed(function, blocks, *args, **kwargs)
        paths = checked_blocks(function, blocks)
        parts = [np.reshape(part(block_at(blocks, path), "data"), (-1,)) for path in paths]
        index = blocks_numbered(function, blocks, args, kwargs, made)
        return consisting_of(made, taken(np.concatenate(parts), index))


@nondifferentiable
def blocks_numbered(function: Any, blocks: Any, args: tuple, kwargs: dict, made: Any) -> Any:
    """The number of each entry of the whole, of all those of the blocks."""
    count = 0

    def number(each: Any) -> Any:
        nonlocal count
        if isinstance(each, list | tuple):
            return [number(item) for item in each]
        if each is None:
            return None
        numbers = np.arange(1.0, each.data.size + 1).reshape(each.data.shape) + count
        count += each.data.size
        return each._with_data(numbers)

    numbers = function(number(blocks), *args, **{k: v for k, v in kwargs.items() if k != "dtype"})
    if numbers.data.shape != made.data.shape or count and numbers.data.max() > count:
        refuse_blocks(function)
    return numbers.data.astype(np.int64) - 1


for name in ("hstack", "vstack", "block_diag", "bmat", "block_array"):
    declare_blocks(getattr(sparse, name))


@source_of(sparse.kron, apart=True)
def _(A, B, format=None):
    made = computed(sparse.kron, A, B, format)
    check_sparse(A, B)
    rows, columns = places(made)
    height, width = B.shape
    data = entries_at(A, rows // height, columns // width) * entries_at(
        B, rows % height, columns % width
    )
    return consisting_of(made, np.where(rows < 0, 0.0, data))


@nondifferentiable
def check_sparse(*matrices: Any) -> None:
    for each in matrices:
        if not sparse.issparse(each):
            refuse_blocks(sparse.kron)


def declare_triangle(function: Any) -> None:
    @source_of(function, apart=True)
    def _(A, k=0, format=None):
        return moved(function, A, (k, format), {})


declare_triangle(sparse.tril)
declare_triangle(sparse.triu)
nondifferentiable(sparse.eye, sparse.eye_array, sparse.identity)
