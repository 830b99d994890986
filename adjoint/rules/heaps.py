"""Functions of Python's that change a list, and NumPy's `ufunc.at`, in Python.

They move the same items to the same places as `heapq` and `bisect` do: what a program then reads from
the list is what it would have read without a derivative.
"""

from __future__ import annotations

import bisect
import heapq

import numpy as np

from adjoint.errors import UnsupportedSyntaxError
from adjoint.rules.registry import nondifferentiable, source_of


def sift_up(heap, start, i):
    """Move an item towards the root, as long as it is smaller than its parent, not above `start`."""
    item = heap[i]
    while i > start:
        parent = (i - 1) >> 1
        above = heap[parent]
        if not item < above:
            break
        heap[i] = above
        i = parent
    heap[i] = item


def sift_down(heap, start):
    """Move an item to a leaf, always past the smaller child, and then up again."""
    end, i = len(heap), start
    item = heap[i]
    child = 2 * i + 1
    while child < end:
        right = child + 1
        if right < end and not heap[child] < heap[right]:
            child = right
        heap[i] = heap[child]
        i = child
        child = 2 * i + 1
    heap[i] = item
    sift_up(heap, start, i)


@source_of(heapq.heappush)
def heappush(heap, item, /):
    heap.append(item)
    sift_up(heap, 0, len(heap) - 1)


@source_of(heapq.heappop)
def heappop(heap, /):
    last = heap.pop()
    if not heap:
        return last
    least = heap[0]
    heap[0] = last
    sift_down(heap, 0)
    return least


@source_of(heapq.heapify)
def heapify(heap, /):
    for i in range(len(heap) // 2 - 1, -1, -1):
        sift_down(heap, i)


@source_of(heapq.heapreplace)
def heapreplace(heap, item, /):
    least = heap[0]
    heap[0] = item
    sift_down(heap, 0)
    return least


@source_of(heapq.heappushpop)
def heappushpop(heap, item, /):
    if heap and heap[0] < item:
        least = heap[0]
        heap[0] = item
        sift_down(heap, 0)
        return least
    return item


nondifferentiable(bisect.bisect_left, bisect.bisect_right)


@source_of(bisect.insort_right)
def insort(a, x, lo=0, hi=None, *, key=None):
    if key is None:
        a.insert(bisect.bisect_right(a, x, lo, hi), x)
    else:
        a.insert(bisect.bisect_right(a, key(x), lo, hi, key=key), x)


@source_of(bisect.insort_left)
def insort_left(a, x, lo=0, hi=None, *, key=None):
    if key is None:
        a.insert(bisect.bisect_left(a, x, lo, hi), x)
    else:
        a.insert(bisect.bisect_left(a, key(x), lo, hi, key=key), x)


@source_of(np.subtract.at)
def subtract_at(a, indices, b, /):
    np.add.at(a, indices, -b)


@nondifferentiable
def check_values(values):
    """Refuse to write no values at all, again and again."""
    if np.size(values) == 0:
        raise UnsupportedSyntaxError(
            "an empty array is written into another", hint="Write it where it is not empty."
        )


@nondifferentiable
def check_apart(x, values):
    """Refuse to write parts of an array into its `flat`, which NumPy reads while it writes."""
    if np.may_share_memory(x, values):
        raise UnsupportedSyntaxError(
            "a part of an array is written into its `flat`", hint="Write a copy: values.copy()."
        )


@nondifferentiable
def check_places(a, indices):
    """Refuse what is no vector of integers that chooses items of a vector."""
    whole = not isinstance(indices, tuple | slice) and np.asarray(indices).dtype.kind in "iu"
    if not isinstance(a, np.ndarray) or a.ndim != 1 or not whole or np.ndim(indices) != 1:
        raise UnsupportedSyntaxError(
            "`ufunc.at` is only differentiated where a list of integers chooses items of a vector",
            hint="Write a loop over the places: a[i] = operation(a[i], value).",
        )


def operated_at(operation):
    """`operation.at(a, indices, b)` of vectors, item by item."""

    def at(a, indices, b, /):
        check_places(a, indices)
        places = np.asarray(indices)
        values = np.array(np.broadcast_to(b, places.shape))  # of `a` itself, as it was
        for i, value in zip(places, values):
            a[i] = operation(a[i], value)

    return at


for _operation in (np.multiply, np.divide, np.maximum, np.minimum, np.power, np.logaddexp):
    source_of(_operation.at)(operated_at(_operation))
