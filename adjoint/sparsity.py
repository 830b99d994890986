"""Which numbers of a value depend on which numbers of an argument, and Jacobians made from that.

The generated forward derivative is run once with sets in the places of tangents: each number of the
argument begins as the set of itself, and what is computed from several has the union of their sets.
So the pattern is that of the operations that were done, at these values: it may have places where
the derivative happens to be zero. Columns of the Jacobian that have no row in
common are then computed together, in one product (Curtis, Powell & Reid 1974); or rows that have no
column in common.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from adjoint import cache, callees, tree
from adjoint.api import jvp, pullback
from adjoint.sources import Sources, begin, members


def sparse_jacobian(f: Callable, args: tuple, i: int) -> Any:
    """The Jacobian with respect to argument `i`, as a `scipy.sparse` matrix y.size × x.size.

    One product with a random vector checks it; where it fails the pattern is not trusted.
    """
    y, back = pullback(f, *args)
    if not isinstance(y, np.ndarray | tree.Number) or np.iscomplexobj(y):
        raise TypeError("a sparse Jacobian is of a function whose value is a real number or array")
    shape = (np.size(y), np.size(args[i]))

    def times(v: Any) -> np.ndarray:
        return np.ravel(jvp(f, args, tuple([v if k == i else None for k in range(len(args))]))[1])

    def transposed_times(y_bar: Any) -> np.ndarray:
        return np.ravel(back(y_bar)[i])

    found = compressed(pattern(f, args, i, shape), shape, times, transposed_times, args[i], y)
    v = np.random.default_rng(0).uniform(0.5, 1.5, shape[1])
    wanted = times(formed(v, args[i]))
    loose = 1e-3 if found.dtype == np.float32 else 1e-6
    close = np.abs(found @ v - wanted) <= loose * (np.abs(found) @ v + np.abs(wanted))
    if np.all(close):
        return found
    return compressed(everything(shape), shape, times, transposed_times, args[i], y)


def compressed(
    rows: list[list[int]], shape: tuple[int, int], times: Callable, transposed_times: Callable,
    x: Any, y: Any,
) -> Any:  # fmt: skip
    """A matrix of a known pattern from as few products as it has colours, by columns or by rows."""
    from scipy.sparse import csr_matrix

    columns = transposed(rows, shape[1])
    by_column, by_row = coloured(columns, shape[0]), coloured(rows, shape[1])
    data: dict[tuple[int, int], Any] = {}
    if max(by_column, default=-1) <= max(by_row, default=-1):
        for group in groups(by_column):
            y_dot = times(seed(group, x))
            data |= {(r, c): y_dot[r] for c in group for r in columns[c]}
    else:
        for group in groups(by_row):
            x_bar = transposed_times(seed(group, y))
            data |= {(r, c): x_bar[c] for r in group for c in rows[r]}
    places = np.array(list(data), int).reshape(-1, 2)
    dtype = np.result_type(*(tree.cotangent_dtype(np.asarray(v).dtype) for v in (x, y)))
    return csr_matrix((np.array(list(data.values()), dtype), places.T), shape)


def everything(shape: tuple[int, int]) -> list[list[int]]:
    return [list(range(shape[1]))] * shape[0]


def pattern(f: Callable, args: tuple, i: int, shape: tuple[int, int]) -> list[list[int]]:
    """For each number of the value, the numbers of argument `i` that it depends on.

    All of them, where a function is called whose derivative cannot be run on sets.
    """
    dots = tuple([begin(x) if k == i else None for k, x in enumerate(args)])
    try:
        with cache.use_options(optimise=False, sources=True, nan_check=False):
            _, found = callees.push_outermost(f, dots, args)
        if found is None:
            return [[] for _ in range(shape[0])]
        found = np.ravel(np.asarray(found, object))
    except Exception:  # of whatever kind: sets are no numbers
        return everything(shape)
    if len(found) != shape[0]:
        return everything(shape)
    return [members(each) if isinstance(each, Sources) else [] for each in found]


def transposed(rows: list[list[int]], count: int) -> list[list[int]]:
    columns: list[list[int]] = [[] for _ in range(count)]
    for r, row in enumerate(rows):
        for c in row:
            columns[c].append(r)
    return columns


def coloured(lines: list[list[int]], count: int) -> list[int]:
    """A colour for each line: two that have a place in common have different ones (greedily)."""
    taken: list[set[int]] = [set() for _ in range(count)]  # by place, the colours there
    colours = []
    for line in lines:
        used = set().union(*(taken[place] for place in line))
        colour = next(k for k in range(len(used) + 1) if k not in used)
        for place in line:
            taken[place].add(colour)
        colours.append(colour)
    return colours


def groups(colours: list[int]) -> list[list[int]]:
    """The lines of each colour."""
    found: list[list[int]] = [[] for _ in range(max(colours, default=-1) + 1)]
    for line, colour in enumerate(colours):
        found[colour].append(line)
    return found


def seed(group: list[int], like: Any) -> Any:
    """A tangent or cotangent that is 1 at the numbers of a group, else 0."""
    unit = np.zeros(np.size(like))
    unit[group] = 1
    return formed(unit, like)


def formed(flat: np.ndarray, like: Any) -> Any:
    flat = flat.astype(tree.cotangent_dtype(np.asarray(like).dtype))
    return flat.reshape(np.shape(like)) if isinstance(like, np.ndarray) else flat[0]
