"""The arithmetic of cotangents itself: what second derivatives go through."""

from __future__ import annotations

import numpy as np

from adjoint import shadows, tree
from adjoint.rules import plain
from adjoint.rules.registry import jvp_rule, nondifferentiable, rule

nondifferentiable(
    *(
        tree.zeros_like,
        tree.zeros_if_any,
        tree.zero_cotangent,
        tree.cotangent_dtype,
        tree.index_may_repeat,
        tree.seed_of,
    ),
)


@rule(tree.accumulate)
def accumulate(a, b):
    y = tree.accumulate(a, b)

    def pullback(y_bar):
        return None if a is None else y_bar, None if b is None else y_bar

    return y, pullback


@jvp_rule(tree.accumulate)
def accumulate_jvp(primals, tangents):
    return tree.accumulate(primals[0], primals[1]), tree.accumulate(tangents[0], tangents[1])


@rule(tree.add_into)
def add_into(a, b):
    y = tree.add_into(a, b)

    def pullback(y_bar):
        return y_bar, y_bar

    return y, pullback


@rule(tree.index_add)
def index_add(a, index, b):
    y = tree.index_add(a, index, b)

    given = b is not None

    def pullback(y_bar):
        return y_bar, None, y_bar[index] if given else None

    return y, pullback


@jvp_rule(tree.index_add)
def index_add_jvp(primals, tangents):
    """Both sums are made in place; the tangent of the first is in memory of its own then."""
    a, index, b = primals
    dot = tree.zeros_like(a) if tangents[0] is None else tree.copied(tangents[0])
    return tree.index_add(a, index, b), tree.index_add(dot, index, tangents[2])


@rule(tree.accumulate_item)
def accumulate_item(cotangent, container, index, item_bar):
    y = tree.accumulate_item(cotangent, container, index, item_bar)

    def pullback(y_bar):
        before_bar = None if cotangent is None else y_bar
        return before_bar, None, None, tree.tangent_item(y_bar, index)

    return y, pullback


@jvp_rule(tree.accumulate_item)
def accumulate_item_jvp(primals, tangents):
    cotangent, container, index, item_bar = primals
    dot = tree.accumulate_item(None, container, index, tangents[3])
    y = tree.accumulate_item(cotangent, container, index, item_bar)
    return y, tree.accumulate(tangents[0], dot)


@rule(tree.tangent_item, linear="cotangent")
def tangent_item(cotangent, key):
    y = tree.tangent_item(cotangent, key)

    def pullback(y_bar):
        bar = None if cotangent is None else tree.accumulate_item(None, cotangent, key, y_bar)
        return bar, None

    return y, pullback


@rule(tree.tangent_field, linear="tangent")
def tangent_field(tangent, name):
    y = tree.tangent_field(tangent, name)

    def pullback(y_bar):
        return None if tangent is None else tree.make_tangent(name, y_bar)

    return y, pullback


@rule(tree.without_field, linear="tangent")
def without_field(tangent, name):
    y = tree.without_field(tangent, name)

    def pullback(y_bar):
        return None if tangent is None else tree.without_field(y_bar, name)

    return y, pullback


@rule(tree.taken_apart, linear="bars")
def taken_apart(links, bars):
    y = tree.taken_apart(links, bars)

    def pullback(y_bar):
        return None, tree.put_together(links, bars, y_bar)

    return y, pullback


@rule(tree.put_together, linear="sums", form="bars")
def put_together(links, bars, sums):
    y = tree.put_together(links, bars, sums)

    def pullback(y_bar):
        return None, None, tree.taken_apart(links, y_bar)

    return y, pullback


@rule(tree.make_tangent)
def make_tangent(*names_and_values):
    y = tree.make_tangent(*names_and_values)

    def pullback(y_bar):
        return tuple(tangent_fields(y_bar, names_and_values[::2]))

    return y, pullback


@jvp_rule(tree.make_tangent)
def make_tangent_jvp(primals, tangents):
    y = tree.make_tangent(*primals)
    return y, tree.Tangent(**dict(zip(primals[::2], tangents[1::2], strict=True)))


def tangent_fields(tangent, names):
    """For each name None, and the cotangent of that attribute."""
    return [part for name in names for part in (None, tree.tangent_field(tangent, name))]


@rule(tangent_fields, linear="tangent")
def tangent_fields_rule(tangent, names):
    y = tangent_fields(tangent, names)

    def pullback(y_bar):
        return tangent_of(y_bar, names)

    return y, pullback


def tangent_of(parts, names):
    """The inverse of tangent_fields."""
    return tree.Tangent(**dict(zip(names, parts[1::2], strict=True)))


@rule(tangent_of, linear="parts")
def tangent_of_rule(parts, names):
    y = tangent_of(parts, names)

    def pullback(y_bar):
        return tangent_fields(y_bar, names)

    return y, pullback


@rule(tree.project, linear="x_bar", form="x")
def project(x_bar, x):
    y = tree.project(x_bar, x)
    shape = broadcast_shape(x_bar, x)

    def pullback(y_bar):
        return y_bar if shape is None else np.broadcast_to(y_bar, shape), None

    return y, pullback


@nondifferentiable
def broadcast_shape(x_bar, x):
    """The shape that both have when broadcast; None where x is no number or array."""
    if x_bar is None or not isinstance(x, np.ndarray | tree.Number):
        return None
    return np.broadcast_shapes(np.shape(x_bar), np.shape(x))


@rule(tree.unbroadcast, linear="x_bar")
def unbroadcast(x_bar, shape):
    y = tree.unbroadcast(x_bar, shape)
    wide = np.broadcast_shapes(np.shape(x_bar), shape)

    def pullback(y_bar):
        return np.broadcast_to(y_bar, wide)

    return y, pullback


@rule(tree.complete, linear="x_bar", form="x")
def complete(x_bar, x):
    y = tree.complete(x_bar, x)

    def pullback(y_bar):
        return None if x_bar is None else y_bar, None

    return y, pullback


@rule(tree.split_bars, linear="bars", form="starred")
def split_bars(bars, pattern, *starred):
    y = tree.split_bars(bars, pattern, *starred)

    def pullback(y_bar):
        return (tree.join_bars(y_bar, pattern, *starred),)

    return y, pullback


@rule(tree.join_bars, linear="parts", form="starred")
def join_bars(parts, pattern, *starred):
    y = tree.join_bars(parts, pattern, *starred)

    def pullback(y_bar):
        return (tree.split_bars(y_bar, pattern, *starred),)

    return y, pullback


@rule(tree.leading_bar, linear="bars")
def leading_bar(bars, position):
    y = tree.leading_bar(bars, position)
    alone = not isinstance(bars, tuple)

    def pullback(y_bar):
        if alone:
            return (y_bar if position == 0 else None,)
        given = position < len(bars)
        return (tree.accumulate_item(None, bars, position, y_bar) if given else None,)

    return y, pullback


@rule(tree.bars_of_results)
def bars_of_results(bars, count):
    y = tree.bars_of_results(bars, count)
    nothing = bars is None

    def pullback(y_bar):
        return (None if nothing else y_bar,)

    return y, pullback


@rule(plain.scale)
def scale(y_bar, derivative):
    """A slope that is infinite where the cotangent is zero counts as 0; a finite one is kept."""
    y = plain.scale(y_bar, derivative)

    def pullback(bar):
        slope = np.where((y_bar != 0) | np.isfinite(derivative), derivative, 0.0)
        return bar * np.conj(slope), bar * np.conj(y_bar)

    return y, pullback


@jvp_rule(plain.scale)
def scale_jvp(primals, tangents):
    """Where the cotangent is 0 it is taken not to move, nor does it matter how the slope does."""
    (y_bar, derivative), (bar_dot, slope_dot) = primals, tangents
    slope = np.where((y_bar != 0) | np.isfinite(derivative), derivative, 0.0)
    moved = None if bar_dot is None else bar_dot * slope
    turned = None if slope_dot is None else plain.scale(y_bar, slope_dot)
    return plain.scale(y_bar, derivative), tree.accumulate(moved, turned)


@rule(tree.fit_cotangent, linear="y_bar", form="y")
def fit_cotangent(y_bar, y):
    fitted = tree.fit_cotangent(y_bar, y)

    def pullback(bar):
        return (tree.project(bar, y_bar),)

    return fitted, pullback


@rule(shadows.snapshot, linear="x")
def snapshot(x):
    copy = shadows.snapshot(x)

    def pullback(copy_bar):
        return (copy_bar,)  # of a pair it is a pair

    return copy, pullback


@rule(shadows.apart, linear="y_bar", form=("y", "x"))
def apart(y_bar, y, x):
    copied = shadows.apart(y_bar, y, x)

    def pullback(copied_bar):
        return shadows.apart(copied_bar, y, x)

    return copied, pullback


nondifferentiable(shadows.add_to, shadows.add_at, shadows.put_written, shadows.put_masked)


@jvp_rule(tree.instantiate)
def instantiate_jvp(primals, tangents):
    y = tree.instantiate(*primals)
    return y, tree.instantiate(tangents[0], y)


@jvp_rule(tree.copied)
def copied_jvp(primals, tangents):
    return tree.copied(primals[0]), tree.copied(tangents[0])


@jvp_rule(tree.listed)
def listed_jvp(primals, tangents):
    return tree.listed(*primals), tree.listed(tangents[0], primals[1])
