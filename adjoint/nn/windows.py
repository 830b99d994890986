"""Windows of images: the one primitive that convolutions and pooling need.

`unfold` copies every window of an image into a column, so that a convolution is one product of
matrices and pooling a reduction.  It is linear; its transpose `fold` adds the columns up again, and
each is the derivative of the other.

Images are (batch, channels, *spatial).  In memory the batch is kept innermost: then all copies are of
long runs.  That is a matter of strides, not of shape: what layers return is a transposed view.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np

import adjoint as ad

# The C library hands freed memory back to the system from a size on that it learns from the first large
# block that is freed (mallopt(3), M_MMAP_THRESHOLD). Columns are large and made at every call: unless it
# has learned that, asking for their pages anew takes longer than the arithmetic. The block is never
# touched: this takes no memory and no time.
np.empty(31 * 2**20, np.uint8)

Sizes = tuple[int, ...]
Pads = tuple[tuple[int, int], ...]


def each(name: str, value: int | Sizes, axes: int) -> Sizes:
    """One number per spatial axis: an int stands for as many equal ones."""
    sizes = (value,) * axes if isinstance(value, int) else tuple(value)
    if len(sizes) != axes:
        raise ValueError(f"{name}={value!r}: one number, or one for each of {axes} axes")
    return sizes


def pads(pad: Any, kernel: Sizes, dilation: Sizes) -> Pads:
    """(before, after) for each axis.

    pad: an int; one for each axis; two for each axis (before, after, before, after, …); or "same",
    with which a stride of 1 keeps the size (of an odd amount the larger part comes before).
    """
    axes = len(kernel)
    if isinstance(pad, str):
        if pad != "same":
            raise ValueError(f'pad is "same" or numbers, not {pad!r}')
        amounts = [d * (k - 1) for k, d in zip(kernel, dilation, strict=True)]
        return tuple((n - n // 2, n // 2) for n in amounts)
    if not isinstance(pad, int) and len(pad) == 2 * axes and axes:
        return tuple(zip(pad[::2], pad[1::2], strict=True))
    return tuple((n, n) for n in each("pad", pad, axes))


def least(kernel: Sizes, pad: Pads, dilation: Sizes) -> Sizes:
    """The size of the smallest image that a window fits into, padded."""
    return tuple(
        d * (k - 1) + 1 - lo - hi for k, (lo, hi), d in zip(kernel, pad, dilation, strict=True)
    )


def output_sizes(spatial: Sizes, kernel: Sizes, stride: Sizes, pad: Pads, dilation: Sizes) -> Sizes:
    """How many windows there are along each axis.  ValueError if there is none."""
    sizes = tuple(
        (n + lo + hi - d * (k - 1) - 1) // s + 1
        for n, k, s, (lo, hi), d in zip(spatial, kernel, stride, pad, dilation, strict=True)
    )
    if min(sizes, default=1) < 1:
        raise ValueError(
            f"a window of size {kernel} (dilation {dilation}) does not fit into an image of size "
            f"{spatial} padded by {pad}"
        )
    return sizes


def steps(kernel: Sizes, stride: Sizes, dilation: Sizes, outputs: Sizes) -> Iterator[tuple]:
    """For each place in the window, the slices of the image (channels first) that have been there."""
    along = [
        [slice(o * d, o * d + (n - 1) * s + 1, s) for o in range(k)]
        for k, s, d, n in zip(kernel, stride, dilation, outputs, strict=True)
    ]
    return ((slice(None), *slices) for slices in itertools.product(*along))


def columns_shape(x: Any, *settings: Any) -> Any:
    return (None, x[1], *[None] * (len(x) - 2), x[0])


def image_shape(columns: Any, *settings: Any) -> Any:
    return (columns[-1], columns[1], *[None] * (len(columns) - 3))


def unfold(
    x: Any, kernel: Sizes, stride: Sizes, pad: Pads, dilation: Sizes, fill: float | str = 0.0
) -> Any:
    """All windows of an image.  x: (batch, channels, *spatial) → (places, channels, *outputs, batch)

    places: those of a window, prod(kernel).  Padding has the value `fill`; "lowest" is the lowest
    finite number of x's dtype.
    """
    x = np.moveaxis(x, 0, -1)
    channels, *spatial, batch = x.shape
    outputs = output_sizes(tuple(spatial), kernel, stride, pad, dilation)
    if any(map(any, pad)):
        sizes = [n + lo + hi for n, (lo, hi) in zip(spatial, pad, strict=True)]
        value = np.finfo(x.dtype).min if fill == "lowest" else fill
        padded = np.full((channels, *sizes, batch), value, x.dtype)
        padded[inner(spatial, pad)] = x
        x = padded
    elif not x.flags.c_contiguous:
        x = np.ascontiguousarray(x)
    places = list(steps(kernel, stride, dilation, outputs))
    columns = np.empty((len(places), channels, *outputs, batch), x.dtype)
    for column, place in zip(columns, places, strict=True):
        column[...] = x[place]
    return columns


def fold(
    columns: Any, spatial: Sizes, kernel: Sizes, stride: Sizes, pad: Pads, dilation: Sizes
) -> Any:
    """The transpose of `unfold`: (places, channels, *outputs, batch) → (batch, channels, *spatial)"""
    _, channels, *outputs, batch = columns.shape
    sizes = [n + lo + hi for n, (lo, hi) in zip(spatial, pad, strict=True)]
    x = np.zeros((channels, *sizes, batch), columns.dtype)
    for column, place in zip(columns, steps(kernel, stride, dilation, tuple(outputs)), strict=True):
        x[place] += column
    return np.moveaxis(x[inner(spatial, pad)], -1, 0)


def inner(spatial: Any, pad: Pads) -> tuple[slice, ...]:
    """The part of a padded image (channels first, batch last) that is no padding."""
    return (slice(None), *(slice(lo, lo + n) for n, (lo, _) in zip(spatial, pad, strict=True)))


@ad.rule(unfold, linear="x", shape=columns_shape)
def _(
    x: Any, kernel: Sizes, stride: Sizes, pad: Pads, dilation: Sizes, fill: float | str = 0.0
) -> Any:
    y = unfold(x, kernel, stride, pad, dilation, fill)
    spatial = x.shape[2:]

    def pullback(y_bar: Any) -> Any:
        return fold(y_bar, spatial, kernel, stride, pad, dilation)

    return y, pullback


@ad.rule(fold, linear="columns", shape=image_shape)
def _(
    columns: Any, spatial: Sizes, kernel: Sizes, stride: Sizes, pad: Pads, dilation: Sizes
) -> Any:
    y = fold(columns, spatial, kernel, stride, pad, dilation)

    def pullback(y_bar: Any) -> Any:
        return unfold(y_bar, kernel, stride, pad, dilation, 0.0)

    return y, pullback
