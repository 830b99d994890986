"""Products that sum over axes: matmul, dot, tensordot and their kin.

For complex operands the linear map A ↦ A B has the transpose Ȳ ↦ Ȳ Bᴴ; np.conj is the identity on
real arrays and is dropped from generated code for them.
"""

from __future__ import annotations

import operator

import numpy as np

from adjoint.rules.registry import nondifferentiable, rule

# -- matrix products ------------------------------------------------------------------------------


@rule(np.matmul, operator.matmul, np.linalg.matmul, linear=("A", "B"))
def matmul(A, B):
    y = np.matmul(A, B)

    def pullback(y_bar):
        if np.ndim(A) == 2 and np.ndim(B) == 2:
            A_bar = y_bar @ np.conj(B).T
            B_bar = np.conj(A).T @ y_bar
        elif np.ndim(A) == 1 and np.ndim(B) == 1:
            A_bar = y_bar * np.conj(B)
            B_bar = y_bar * np.conj(A)
        elif np.ndim(A) == 2 and np.ndim(B) == 1:
            A_bar = y_bar[:, None] * np.conj(B)
            B_bar = np.conj(A).T @ y_bar
        elif np.ndim(A) == 1 and np.ndim(B) == 2:
            A_bar = np.conj(B) @ y_bar
            B_bar = np.conj(A)[:, None] * y_bar
        elif np.ndim(B) == 1:
            A_bar = y_bar[..., None] * np.conj(B)
            B_bar = np.tensordot(y_bar, np.conj(A), np.ndim(y_bar))
        elif np.ndim(A) == 1:
            A_bar = (np.conj(B) @ y_bar[..., None])[..., 0]
            B_bar = np.conj(A)[:, None] * y_bar[..., None, :]
        elif np.ndim(B) == 2:  # a stack times one matrix: one product over the whole stack
            A_bar = y_bar @ np.conj(B).T
            B_bar = columns(np.conj(A)).T @ columns(y_bar)
        else:
            A_bar = y_bar @ np.swapaxes(np.conj(B), -1, -2)
            B_bar = np.swapaxes(np.conj(A), -1, -2) @ y_bar
        return A_bar, B_bar

    return y, pullback


def columns(x):
    """A stack of matrices as one tall matrix."""
    return np.reshape(x, (-1, np.shape(x)[-1]))


@rule(columns, linear="x")
def columns_rule(x):
    y = columns(x)
    shape = np.shape(x)

    def pullback(y_bar):
        return np.reshape(y_bar, shape)

    return y, pullback


@rule(np.dot, np.ndarray.dot, linear=("a", "b"))
def dot(a, b, out=None):
    y = np.dot(a, b)

    def pullback(y_bar):
        if np.ndim(a) == 2 and np.ndim(b) == 2:
            a_bar = np.dot(y_bar, np.conj(b).T)
            b_bar = np.dot(np.conj(a).T, y_bar)
        elif np.ndim(a) <= 1 and np.ndim(b) <= 1 or np.ndim(a) == 0 or np.ndim(b) == 0:
            a_bar = y_bar * np.conj(b)
            b_bar = y_bar * np.conj(a)
        elif np.ndim(b) == 1:
            a_bar = np.multiply.outer(y_bar, np.conj(b))
            b_bar = np.tensordot(y_bar, np.conj(a), np.ndim(y_bar))
        elif np.ndim(a) == 1 and np.ndim(b) == 2:
            a_bar = np.dot(np.conj(b), y_bar)
            b_bar = np.outer(np.conj(a), y_bar)
        else:
            a_bar = np.tensordot(y_bar, np.swapaxes(np.conj(b), -1, -2), np.ndim(b) - 1)
            axes = tuple(range(np.ndim(a) - 1))
            b_bar = np.moveaxis(np.tensordot(np.conj(a), y_bar, (axes, axes)), 0, -2)
        return a_bar, b_bar

    return y, pullback


@rule(np.inner, linear=("a", "b"))
def inner(a, b, /):
    y = np.inner(a, b)

    def pullback(y_bar):
        if np.ndim(a) <= 1 and np.ndim(b) <= 1 or np.ndim(a) == 0 or np.ndim(b) == 0:
            a_bar = y_bar * np.conj(b)
            b_bar = y_bar * np.conj(a)
        else:
            a_bar = np.tensordot(y_bar, np.conj(b), np.ndim(b) - 1)
            axes = tuple(range(np.ndim(a) - 1))
            b_bar = np.tensordot(y_bar, np.conj(a), (axes, axes))
        return a_bar, b_bar

    return y, pullback


@rule(np.vdot)
def vdot(a, b, /):
    """y = Σ conj(a) b, over all elements."""
    y = np.vdot(a, b)

    def pullback(y_bar):
        a_bar = np.conj(y_bar) * np.reshape(b, np.shape(a))
        b_bar = y_bar * np.reshape(a, np.shape(b))
        return a_bar, b_bar

    return y, pullback


@rule(np.outer, np.linalg.outer, linear=("a", "b"))
def outer(a, b, out=None):
    y = np.outer(a, b)

    def pullback(y_bar):
        a_bar = np.reshape(y_bar @ np.conj(np.ravel(b)), np.shape(a))
        b_bar = np.reshape(np.conj(np.ravel(a)) @ y_bar, np.shape(b))
        return a_bar, b_bar

    return y, pullback


@rule(np.multiply.outer, linear=("a", "b"))
def multiply_outer(a, b, /):
    y = np.multiply.outer(a, b)

    def pullback(y_bar):
        a_bar = np.tensordot(y_bar, np.conj(b), np.ndim(b))
        b_bar = np.tensordot(np.conj(a), y_bar, np.ndim(a))
        return a_bar, b_bar

    return y, pullback


@rule(np.add.outer)
def add_outer(a, b, /):
    y = np.add.outer(a, b)

    def pullback(y_bar):
        a_bar = np.sum(y_bar, axis=tuple(range(np.ndim(a), np.ndim(y_bar))))
        b_bar = np.sum(y_bar, axis=tuple(range(np.ndim(a))))
        return a_bar, b_bar

    return y, pullback


@rule(np.subtract.outer)
def subtract_outer(a, b, /):
    y = np.subtract.outer(a, b)

    def pullback(y_bar):
        a_bar = np.sum(y_bar, axis=tuple(range(np.ndim(a), np.ndim(y_bar))))
        b_bar = -np.sum(y_bar, axis=tuple(range(np.ndim(a))))
        return a_bar, b_bar

    return y, pullback


@rule(np.vecdot)
def vecdot(x1, x2, /, out=None, *, axis=-1):
    """y = Σ conj(x1) x2, along an axis."""
    y = np.vecdot(x1, x2, axis=axis)

    def pullback(y_bar):
        y_wide = np.expand_dims(y_bar, axis)
        return np.conj(y_wide) * x2, y_wide * x1

    return y, pullback


@rule(np.linalg.vecdot)
def linalg_vecdot(x1, x2, /, *, axis=-1):
    y = np.linalg.vecdot(x1, x2, axis=axis)

    def pullback(y_bar):
        y_wide = np.expand_dims(y_bar, axis)
        return np.conj(y_wide) * x2, y_wide * x1

    return y, pullback


@rule(np.matvec, linear=("A", "v"))
def matvec(A, v, /):
    y = np.matvec(A, v)

    def pullback(y_bar):
        A_bar = y_bar[..., :, None] * np.conj(v)[..., None, :]
        v_bar = np.matvec(np.conj(np.swapaxes(A, -1, -2)), y_bar)
        return A_bar, v_bar

    return y, pullback


@rule(np.vecmat)
def vecmat(v, A, /):
    """y = vᴴ A"""
    y = np.vecmat(v, A)

    def pullback(y_bar):
        v_bar = np.matvec(A, np.conj(y_bar))
        A_bar = v[..., :, None] * y_bar[..., None, :]
        return v_bar, A_bar

    return y, pullback


# -- tensor products ------------------------------------------------------------------------------


@rule(np.tensordot, np.linalg.tensordot, linear=("a", "b"))
def tensordot(a, b, axes=2):
    y = np.tensordot(a, b, axes)
    plan = tensordot_plan(axes, np.ndim(a), np.ndim(b))

    def pullback(y_bar):
        a_bar = np.transpose(np.tensordot(y_bar, np.conj(b), plan[0]), plan[1])
        b_bar = np.transpose(np.tensordot(np.conj(a), y_bar, plan[2]), plan[3])
        return a_bar, b_bar

    return y, pullback


@nondifferentiable
def tensordot_plan(axes, a_ndim, b_ndim):
    """The axes of the products with the cotangent, and the orders of axes that restore a and b."""
    if isinstance(axes, int | np.integer):
        a_axes, b_axes = list(range(a_ndim - axes, a_ndim)), list(range(axes))
    else:
        a_axes, b_axes = (list(np.atleast_1d(each)) for each in axes)
    a_axes = [int(i) % a_ndim for i in a_axes]
    b_axes = [int(i) % b_ndim for i in b_axes]
    a_free = [i for i in range(a_ndim) if i not in a_axes]
    b_free = [i for i in range(b_ndim) if i not in b_axes]
    y_ndim = len(a_free) + len(b_free)
    from_b = (list(range(len(a_free), y_ndim)), b_free)
    from_a = (a_free, list(range(len(a_free))))
    a_order = a_free + [a_axes[i] for i in np.argsort(b_axes)]
    b_order = [b_axes[i] for i in np.argsort(a_axes)] + b_free
    return from_b, inverse_permutation(a_order), from_a, inverse_permutation(b_order)


@nondifferentiable
def inverse_permutation(axes):
    """The order of axes that undoes `axes`."""
    inverse = [0] * len(axes)
    for position, axis in enumerate(axes):
        inverse[axis] = position
    return tuple(inverse)


@rule(np.kron, linear=("a", "b"))
def kron(a, b):
    """Axis k of y is axis k of a, major, and axis k of b, minor."""
    y = np.kron(a, b)
    shape, a_axes, b_axes = kron_plan(np.shape(a), np.shape(b))

    def pullback(y_bar):
        blocks = np.transpose(np.reshape(y_bar, shape), a_axes + b_axes)
        a_matrix = np.reshape(blocks, (np.size(a), np.size(b)))
        a_bar = np.reshape(a_matrix @ np.conj(np.ravel(b)), np.shape(a))
        b_bar = np.reshape(np.conj(np.ravel(a)) @ a_matrix, np.shape(b))
        return a_bar, b_bar

    return y, pullback


@nondifferentiable
def kron_plan(a_shape, b_shape):
    """The result's shape with a's and b's axes in turn, and which of its axes are whose."""
    ndim = max(len(a_shape), len(b_shape))
    a_shape = (1,) * (ndim - len(a_shape)) + a_shape
    b_shape = (1,) * (ndim - len(b_shape)) + b_shape
    shape = tuple(n for pair in zip(a_shape, b_shape, strict=True) for n in pair)
    return shape, tuple(range(0, 2 * ndim, 2)), tuple(range(1, 2 * ndim, 2))


@rule(np.cross, linear=("a", "b"))
def cross(a, b, axisa=-1, axisb=-1, axisc=-1, axis=None):
    y = np.cross(a, b, axisa, axisb, axisc, axis)
    at_a = from_end(axisa if axis is None else axis, a)
    at_b = from_end(axisb if axis is None else axis, b)
    at_c = axisc if axis is None else axis

    def pullback(y_bar):
        a_bar = np.cross(np.conj(b), y_bar, at_b, at_c, at_a)
        b_bar = np.cross(y_bar, np.conj(a), at_c, at_a, at_b)
        return a_bar, b_bar

    return y, pullback


@rule(np.linalg.cross, linear=("a", "b"))
def linalg_cross(a, b, /, *, axis=-1):
    y = np.linalg.cross(a, b, axis=axis)

    def pullback(y_bar):
        a_bar = np.cross(np.conj(b), y_bar, axis=axis)
        b_bar = np.cross(y_bar, np.conj(a), axis=axis)
        return a_bar, b_bar

    return y, pullback


@nondifferentiable
def from_end(axis, x):
    """The axis counted from the end, so that it stays the same under broadcasting."""
    return axis if axis < 0 else axis - np.ndim(x)
