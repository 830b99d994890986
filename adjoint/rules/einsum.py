"""np.einsum: the cotangent of an operand is an einsum again."""

from __future__ import annotations

import string
from collections import Counter

import numpy as np

from adjoint.rules.registry import nondifferentiable, rule, source_of


@rule(np.einsum)
def einsum(subscripts, *operands, out=None, optimize=False):
    y = np.einsum(subscripts, *operands, optimize=optimize)

    def pullback(y_bar):
        if not isinstance(subscripts, str):  # arrays, each before the list of its labels
            first, *bars = numbered_cotangents(y_bar, [subscripts, *operands], optimize)
        elif len(operands) == 1:
            first, bars = None, (einsum_cotangent(y_bar, subscripts, operands, 0, optimize),)
        elif len(operands) == 2:
            first, bars = (
                None,
                (
                    einsum_cotangent(y_bar, subscripts, operands, 0, optimize),
                    einsum_cotangent(y_bar, subscripts, operands, 1, optimize),
                ),
            )
        else:
            first, bars = None, einsum_cotangents(y_bar, subscripts, operands, optimize)
        return (first, *bars)

    return y, pullback


def einsum_cotangents(y_bar, subscripts, operands, optimize=False, fixed=None):
    """The cotangents of all operands of an einsum; None for the one at the position `fixed`."""
    return [
        None if i == fixed else einsum_cotangent(y_bar, subscripts, operands, i, optimize)
        for i in range(len(operands))
    ]


source_of(einsum_cotangents)(einsum_cotangents)


def einsum_cotangent(y_bar, subscripts, operands, position, optimize=False):
    """The cotangent of one operand of an einsum: an einsum of y_bar and the other operands.

    Labels that only this operand has are summed out of y, so the cotangent is constant along them;
    a label that this operand has twice takes its diagonal, so the cotangent is zero off it.
    """
    shapes = [np.shape(each) for each in operands]
    labels, output = einsum_labels(subscripts, shapes)
    mine = labels[position]
    others = [i for i in range(len(operands)) if i != position]
    distinct = "".join(dict.fromkeys(mine))
    known = "".join(c for c in distinct if c in output or any(c in labels[i] for i in others))
    spec = ",".join([output, *(labels[i] for i in others)]) + "->" + known
    x_bar = np.einsum(spec, y_bar, *(np.conj(operands[i]) for i in others), optimize=optimize)
    length = dict(zip(mine, shapes[position], strict=True))
    if known != distinct:
        found = dict(zip(known, np.shape(x_bar), strict=True))
        x_bar = np.reshape(x_bar, [found.get(c, 1) for c in distinct])
    shape = np.broadcast_shapes(np.shape(x_bar), [length[c] for c in distinct])
    wide = x_bar if shape == np.shape(x_bar) else np.broadcast_to(x_bar, shape)
    if distinct == mine:
        return wide
    embedded = np.zeros(shapes[position], np.result_type(x_bar))
    np.einsum(f"{mine}->{distinct}", embedded)[...] = wide  # a view of the diagonal
    return embedded


@rule(einsum_cotangent)
def einsum_cotangent_rule(y_bar, subscripts, operands, position, optimize=False):
    """⟨einsum_cotangent(y_bar, …), c⟩ = ⟨y_bar, einsum(…, c in place of the operand, …)⟩"""
    x_bar = einsum_cotangent(y_bar, subscripts, operands, position, optimize)

    def pullback(c):
        replaced = with_item(operands, position, c)
        y_bar_bar = np.einsum(subscripts, *replaced, optimize=optimize)
        bars = einsum_cotangents(y_bar, subscripts, replaced, optimize, position)
        return y_bar_bar, None, bars

    return x_bar, pullback


def numbered_cotangents(y_bar, operands, optimize=False):
    """Those of einsum(a, [0, 1], b, [1, 2], [0, 2]): None for the lists of labels."""
    arrays = operands[: len(operands) // 2 * 2 : 2]
    bars = einsum_cotangents(y_bar, spelled_labels(operands), arrays, optimize)
    return [
        bars[i // 2] if i % 2 == 0 and i // 2 < len(bars) else None for i in range(len(operands))
    ]


source_of(numbered_cotangents)(numbered_cotangents)


def with_item(items, position, item):
    """A list of the items with one of them replaced."""
    return [*items[:position], item, *items[position + 1 :]]


source_of(with_item)(with_item)


@nondifferentiable
def einsum_labels(subscripts, shapes):
    """The labels of every operand and of the result, with ellipses spelled out."""
    inputs, arrow, output = subscripts.replace(" ", "").partition("->")
    inputs = inputs.split(",")
    unused = [chr(c) for c in range(ord("A"), ord("z") + 1) if chr(c).isalpha()]
    unused = [c for c in unused if c not in subscripts]
    depth = [len(s) - len(t.replace("...", "")) for s, t in zip(shapes, inputs, strict=True)]
    hidden = "".join(unused[: max(depth)])
    inputs = [
        t.replace("...", hidden[len(hidden) - n :]) for t, n in zip(inputs, depth, strict=True)
    ]
    if arrow:
        return inputs, output.replace("...", hidden)
    once = sorted(c for c, n in Counter("".join(inputs)).items() if n == 1 and c not in hidden)
    return inputs, hidden + "".join(once)


@nondifferentiable
def spelled_labels(operands):
    """The subscripts of einsum(a, [0, 1], b, [1, 2], [0, 2]) as a text, "AB,BC->AC".

    Letters are in NumPy's order of the numbers, which is that of an output that is not given.
    """
    letters = string.ascii_uppercase + string.ascii_lowercase
    texts = [
        "".join(["..." if label is Ellipsis else letters[label] for label in labels])
        for labels in [*operands[1::2], *operands[len(operands) // 2 * 2 :]]
    ]
    count = len(operands) // 2
    return ",".join(texts[:count]) + "".join("->" + output for output in texts[count:])
