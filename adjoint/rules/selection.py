"""Choosing between values: where, select, choose, clip, sorting and interpolation.

A cotangent that is not chosen is 0 even where what was not chosen is infinite or NaN, so these
rules select instead of multiplying by a mask.
"""

from __future__ import annotations

import numpy as np

from adjoint.errors import MissingRuleError
from adjoint.rules.indexing import scatter, scatter_taken
from adjoint.rules.registry import nondifferentiable, rule

# -- where, select, choose ------------------------------------------------------------------------


@rule(np.where)
def where(condition, *values):
    z = np.where(condition, *values)

    def pullback(z_bar):
        if len(values) == 0:  # indices
            bars = (None,)
        else:
            bars = (None, np.where(condition, z_bar, 0), np.where(condition, 0, z_bar))
        return bars

    return z, pullback


@rule(np.select)
def select(condlist, choicelist, default=0):
    y = np.select(condlist, choicelist, default)
    masks = first_true(condlist)

    def pullback(y_bar):
        return None, masked(y_bar, masks[:-1]), np.where(masks[-1], y_bar, 0)

    return y, pullback


@nondifferentiable
def first_true(conditions):
    """Where each condition is the first to hold; and where none does."""
    masks, left = [], True
    for condition in conditions:
        masks.append(left & np.asarray(condition))
        left = left & ~np.asarray(condition)
    return [*masks, left]


@rule(np.choose)
def choose(a, choices, out=None, mode="raise"):
    y = np.choose(a, choices, out, mode)
    masks = choice_masks(a, len(choices), mode)

    def pullback(y_bar):
        bars = masked(y_bar, masks)
        return None, np.stack(bars) if isinstance(choices, np.ndarray) else bars

    return y, pullback


@rule(np.ndarray.choose)
def ndarray_choose(a, choices, *, out=None, mode="raise"):
    y = np.ndarray.choose(a, choices, out=out, mode=mode)
    masks = choice_masks(a, len(choices), mode)

    def pullback(y_bar):
        bars = masked(y_bar, masks)
        return None, np.stack(bars) if isinstance(choices, np.ndarray) else bars

    return y, pullback


@nondifferentiable
def choice_masks(a, count, mode="raise"):
    """Where each of the choices is taken."""
    chosen = np.asarray(a)
    if mode == "wrap":
        chosen = chosen % count
    elif mode == "clip":
        chosen = np.clip(chosen, 0, count - 1)
    return [chosen == i for i in range(count)]


def masked(y_bar, masks):
    """The cotangent where each mask holds, and 0 elsewhere."""
    return [np.where(mask, y_bar, 0) for mask in masks]


@rule(masked, linear="y_bar")
def masked_rule(y_bar, masks):
    bars = masked(y_bar, masks)
    shape = np.shape(y_bar)

    def pullback(c):
        return sum_of_chosen(c, masks, shape)

    return bars, pullback


def sum_of_chosen(bars, masks, shape):
    """The transpose of masked; a cotangent that is None is 0."""
    total = 0.0
    for bar, mask in zip(bars, masks, strict=True):
        if bar is not None:
            total = total + np.where(mask, bar, 0)
    return np.broadcast_to(total, shape)


@rule(sum_of_chosen, linear="bars")
def sum_of_chosen_rule(bars, masks, shape):
    y = sum_of_chosen(bars, masks, shape)

    def pullback(y_bar):
        return masked(y_bar, masks)

    return y, pullback


# -- clip -----------------------------------------------------------------------------------------


@rule(np.clip)
def clip(a, a_min=np._NoValue, a_max=np._NoValue, out=None, min=np._NoValue, max=np._NoValue):
    """At a bound the cotangent goes to `a`."""
    y = np.clip(a, a_min, a_max, out, min=min, max=max)

    def pullback(y_bar):
        a_bar = np.where(a == y, y_bar, 0)
        low_bar = np.where(a < y, y_bar, 0)
        high_bar = np.where(a > y, y_bar, 0)
        if min is np._NoValue and max is np._NoValue:
            bars = (
                a_bar,
                None if a_min is None or a_min is np._NoValue else low_bar,
                None if a_max is None or a_max is np._NoValue else high_bar,
            )
        else:
            bars = (
                a_bar,
                None,
                None,
                None,
                None if min is None or min is np._NoValue else low_bar,
                None if max is None or max is np._NoValue else high_bar,
            )
        return bars

    return y, pullback


@rule(np.ndarray.clip)
def ndarray_clip(a, min=None, max=None, out=None):
    y = a.clip(min, max, out)

    def pullback(y_bar):
        a_bar = np.where(a == y, y_bar, 0)
        low_bar = None if min is None else np.where(a < y, y_bar, 0)
        high_bar = None if max is None else np.where(a > y, y_bar, 0)
        return a_bar, low_bar, high_bar

    return y, pullback


# -- sorting --------------------------------------------------------------------------------------


@rule(np.sort)
def sort(a, axis=-1, kind=None, order=None, *, stable=None):
    y = np.sort(a, axis, kind, order, stable=stable)
    shape = np.shape(a)

    def pullback(y_bar):
        positions = np.argsort(a, axis, kind)
        return np.reshape(put_back(y_bar, positions, -1 if axis is None else axis), shape)

    return y, pullback


@rule(np.partition)
def partition(a, kth, axis=-1, kind="introselect", order=None):
    """Both sides are sorted: argpartition need not order equals and the rest as partition does."""
    y = np.partition(a, kth, axis, kind, order)
    shape = np.shape(a)

    def pullback(y_bar):
        at = -1 if axis is None else axis
        sorted_bar = np.take_along_axis(y_bar, np.argsort(y, at), at)
        return np.reshape(put_back(sorted_bar, np.argsort(a, axis), at), shape)

    return y, pullback


def put_back(y_bar, positions, axis=-1):
    """The transpose, and inverse, of taking a permutation along an axis."""
    x_bar = np.empty_like(y_bar)
    np.put_along_axis(x_bar, positions, y_bar, axis)
    return x_bar


@rule(put_back, linear="y_bar")
def put_back_rule(y_bar, positions, axis=-1):
    x_bar = put_back(y_bar, positions, axis)

    def pullback(c):
        return np.take_along_axis(c, positions, axis)

    return x_bar, pullback


@rule(np.unique)
def unique(
    ar, return_index=False, return_inverse=False, return_counts=False, axis=None,
    *, equal_nan=True, sorted=True,
):  # fmt: skip
    """A value's cotangent goes to its first occurrence."""
    order = {} if sorted else {"sorted": False}
    y = np.unique(
        ar, return_index, return_inverse, return_counts, axis, equal_nan=equal_nan, **order
    )
    shape = np.shape(ar)
    first = first_occurrences(ar, axis, equal_nan, sorted)

    def pullback(y_bar):
        values_bar = y_bar[0] if return_index or return_inverse or return_counts else y_bar
        return scatter_taken(values_bar, shape, first, axis)

    return y, pullback


@nondifferentiable
def first_occurrences(ar, axis=None, equal_nan=True, sorted=True):
    """Where each unique value is found first."""
    if sorted:
        return np.unique(ar, return_index=True, axis=axis, equal_nan=equal_nan)[1]
    if axis is not None:
        raise MissingRuleError("np.unique with sorted=False along an axis is not differentiated")
    values, order = np.ravel(ar), np.argsort(ar, axis=None, kind="stable")
    found = np.unique(ar, equal_nan=equal_nan, sorted=False)
    return order[np.searchsorted(values[order], found)]


# -- tables ---------------------------------------------------------------------------------------


@rule(np.interp)
def interp(x, xp, fp, left=None, right=None, period=None):
    """Between two points y = f0 + t (f1 - f0), where t = (x - x0) / (x1 - x0)."""
    y = np.interp(x, xp, fp, left, right, period)
    i = segment(x, xp, period)
    below = np.less(x, np.take(xp, 0))
    above = np.greater(x, np.take(xp, -1))
    points = np.shape(xp)

    def pullback(y_bar):
        inner_bar = np.where(below | above, 0, y_bar)
        step = np.take(xp, i + 1) - np.take(xp, i)
        slope = (np.take(fp, i + 1) - np.take(fp, i)) / step
        t = np.clip((x - np.take(xp, i)) / step, 0, 1)
        x_bar = inner_bar * np.conj(slope)
        xp_bar = -scatter((1 - t) * x_bar, points, i) - scatter(t * x_bar, points, i + 1)
        kept_bar = np.where((below & (left is not None)) | (above & (right is not None)), 0, y_bar)
        fp_bar = scatter((1 - t) * kept_bar, points, i) + scatter(t * kept_bar, points, i + 1)
        left_bar = None if left is None else np.where(below, y_bar, 0)
        right_bar = None if right is None else np.where(above, y_bar, 0)
        return x_bar, xp_bar, fp_bar, left_bar, right_bar

    return y, pullback


@nondifferentiable
def segment(x, xp, period=None):
    """Between which points, i and i + 1, x lies; the first or last two if outside."""
    if period is not None:
        raise MissingRuleError("np.interp with a period is not differentiated")
    return np.clip(np.searchsorted(xp, x, "right") - 1, 0, np.size(xp) - 2)


@rule(np.bincount)
def bincount(x, /, weights=None, minlength=0):
    y = np.bincount(x, weights, minlength)

    def pullback(y_bar):
        return None, None if weights is None else np.take(y_bar, x)

    return y, pullback
