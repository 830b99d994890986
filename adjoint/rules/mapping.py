"""Functions that are applied to each element or row: what they do is what the function does, in order."""

from __future__ import annotations

import numpy as np

from adjoint.rules.computed import computed, valued
from adjoint.rules.registry import nondifferentiable, source_of


@nondifferentiable
def indices_of(shape):
    """All indices into an array of this shape, in order."""
    return list(np.ndindex(shape))


@source_of(np.apply_along_axis)
def apply_along_axis(func1d, axis, arr, *args, **kwargs):
    rows = np.moveaxis(np.asarray(arr), axis, -1)
    lead = np.shape(rows)[:-1]
    results = [np.asarray(func1d(rows[i], *args, **kwargs)) for i in indices_of(lead)]
    own = np.shape(results[0])
    whole = np.reshape(np.stack(results).astype(results[0].dtype), lead + own)
    at = axis % np.ndim(arr)
    return np.moveaxis(whole, range(len(lead), len(lead) + len(own)), range(at, at + len(own)))


@source_of(np.vectorize.__call__)
def vectorized(self, *args, **kwargs):
    """As in NumPy, the function is called once more, for the number and types of its results."""
    if self.signature is not None:
        return over_cores(self.pyfunc, cores_of(self.signature), args)
    excluded = self.excluded
    arrays = [None if i in excluded else np.asarray(a) for i, a in enumerate(args)]
    named = {k: np.asarray(a) for k, a in kwargs.items() if k not in excluded}
    shape = np.broadcast_shapes(
        *[np.shape(a) for a in arrays if a is not None], *[np.shape(a) for a in named.values()]
    )
    flat = [a if a is None else np.ravel(np.broadcast_to(a, shape)) for a in arrays]
    flat_named = {k: np.ravel(np.broadcast_to(a, shape)) for k, a in named.items()}
    held = {k: a for k, a in kwargs.items() if k in excluded}
    once = [args[i] if a is None else a[0] for i, a in enumerate(flat)]
    first = self.pyfunc(*once, **{k: a[0] for k, a in flat_named.items()}, **held)
    items = [a if a is None else a.tolist() for a in flat]
    named_items = {k: a.tolist() for k, a in flat_named.items()}
    results = []
    for k in range(count_of(shape)):
        own = [args[i] if a is None else a[k] for i, a in enumerate(items)]
        results = [*results, self.pyfunc(*own, **{n: a[k] for n, a in named_items.items()}, **held)]
    if isinstance(first, tuple):
        return tuple([
            gathered([r[j] for r in results], first[j], self.otypes, j, shape) for j in range(len(first))
        ])  # fmt: skip
    return gathered(results, first, self.otypes, 0, shape)


@nondifferentiable
def count_of(shape):
    return int(np.prod(shape, dtype=int))


def gathered(results, first, otypes, j, shape):
    """The results as an array, of the type of the first unless it is given."""
    dtype = otypes[j] if otypes else np.asarray(first).dtype
    return np.reshape(np.array(results).astype(dtype), shape)[()]


source_of(gathered)(gathered)


@nondifferentiable
def cores_of(signature):
    """The number of axes of each argument, in "(n),(n,m)->()"."""
    groups = signature.replace(" ", "").split("->")[0].strip("()").split("),(")
    return [len([name for name in group.split(",") if name]) for group in groups]


def over_cores(function, cores, args):
    """Calls with the last axes of each argument, for all indices of the others."""
    arrays = [np.asarray(a) for a in args]
    lead = np.broadcast_shapes(
        *[np.shape(a)[: np.ndim(a) - n] for a, n in zip(arrays, cores, strict=True)]
    )
    wide = [
        np.broadcast_to(a, lead + np.shape(a)[np.ndim(a) - n :])
        for a, n in zip(arrays, cores, strict=True)
    ]
    results = [function(*[a[i] for a in wide]) for i in indices_of(lead)]
    if isinstance(results[0], tuple):
        return tuple([stacked([r[j] for r in results], lead) for j in range(len(results[0]))])
    return stacked(results, lead)


def stacked(results, lead):
    whole = np.stack([np.asarray(r) for r in results])
    return np.reshape(whole, lead + np.shape(whole)[1:])


source_of(over_cores)(over_cores)
source_of(stacked)(stacked)


# -- iterators ------------------------------------------------------------------------------------


@source_of(np.ndenumerate)
def ndenumerate(arr):
    arr = np.asarray(arr)
    return zip(indices_of(np.shape(arr)), np.ravel(arr))


@source_of(np.ndindex)
def ndindex(*shape):
    return iter(indices_of(shape[0] if len(shape) == 1 and isinstance(shape[0], tuple) else shape))


# -- np.r_ and np.c_ ------------------------------------------------------------------------------


@source_of(type(np.r_).__getitem__)
def joined_by_index(self, key):
    """Which element of which part each element of the result is, as NumPy joins their numbers."""
    parts = key if isinstance(key, tuple) else (key,)
    y = computed(type(np.r_).__getitem__, self, key)
    flat = np.concatenate([
        np.zeros(0) if isinstance(p, slice | str) else np.ravel(p) for p in parts
    ])  # fmt: skip
    numbers = joined_numbers(self, parts)
    return valued(y, np.where(numbers < 0, y, np.take(flat, numbers)).astype(y.dtype))


@nondifferentiable
def joined_numbers(self, parts):
    """The position of each element among those of all parts; of slices, -1."""
    numbered, count = [], 0
    for part in parts:
        if isinstance(part, str):
            numbered.append(part)
        elif isinstance(part, slice):
            numbered.append(np.full(len(np.r_[part]), -1))
        else:
            numbered.append(count + np.arange(np.size(part)).reshape(np.shape(part)))
            count += np.size(part)
    return np.asarray(self[tuple(numbered)])
