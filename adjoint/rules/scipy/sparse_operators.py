"""`scipy.sparse.linalg`: products with operators, which are matrices given as functions.

What an operator does to a vector is followed through its own methods (`_matvec`, `_matmat` …); what SciPy
does around them, which depends on its version, is written here.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import LinearOperator, aslinearoperator

from adjoint.rules.registry import nondifferentiable, rule, source_of
from adjoint.rules.scipy.sparse_linalg import conjugate_transpose

MatrixLinearOperator = type(aslinearoperator(np.eye(1)))


def another_operator(operator: Any, other: Any, method: Any) -> Any:
    """Another operator, or a product with a sparse matrix."""
    return method(operator, other)


@rule(another_operator, underived="operator other method")
def _(operator, other, method):
    y = another_operator(operator, other, method)

    def pullback(y_bar):
        return None

    return y, pullback


@rule(LinearOperator.adjoint, underived="self")
def _(self):
    y = LinearOperator.adjoint(self)

    def pullback(y_bar):
        return None

    return y, pullback


@rule(LinearOperator.transpose, underived="self")
def _(self):
    y = LinearOperator.transpose(self)

    def pullback(y_bar):
        return None

    return y, pullback


@nondifferentiable
def is_dense(x: Any) -> bool:
    return not (sparse.issparse(x) or isinstance(x, LinearOperator) or np.ndim(x) == 0)


@nondifferentiable
def shape_of_product(shape: tuple[int, ...], x: Any) -> tuple[int, ...]:
    """Of an operator of this shape and a vector (…, N), or a column (N, 1)."""
    *batch, rows, columns = shape
    if np.shape(x) == (columns, 1):
        return rows, 1
    if np.shape(x)[-1:] != (columns,):
        raise ValueError(f"dimension mismatch: {shape}, {np.shape(x)}")
    return (*np.broadcast_shapes(tuple(batch), np.shape(x)[:-1]), rows)


@nondifferentiable
def check_columns(shape: tuple[int, ...], X: Any) -> None:
    if np.ndim(X) < 2 or np.shape(X)[-2] != shape[-1]:
        raise ValueError(f"dimension mismatch: {shape}, {np.shape(X)}")


@nondifferentiable
def turned(shape: tuple[int, ...]) -> tuple[int, ...]:
    return (*shape[:-2], shape[-1], shape[-2])


@source_of(LinearOperator.matvec)
def _(self, x):
    x = np.asarray(x)
    shape = shape_of_product(self.shape, x)
    if shape[-1] == 1 and np.ndim(x) == 2:
        x = np.reshape(x, (-1,))
    return np.reshape(self._matvec(x), shape)


@source_of(LinearOperator.rmatvec)
def _(self, x):
    x = np.asarray(x)
    shape = shape_of_product(turned(self.shape), x)
    if shape[-1] == 1 and np.ndim(x) == 2:
        x = np.reshape(x, (-1,))
    return np.reshape(self._rmatvec(x), shape)


@source_of(LinearOperator.matmat)
def _(self, X):
    X = np.asarray(X)
    check_columns(self.shape, X)
    return self._matmat(X)


@source_of(LinearOperator.rmatmat)
def _(self, X):
    X = np.asarray(X)
    check_columns(turned(self.shape), X)
    return self._rmatmat(X)


def declare_products(function: Any, turned_function: Any) -> None:
    @source_of(function)
    def _(self, x):
        if not is_dense(x):
            return another_operator(self, x, function)
        x = np.asarray(x)
        return self.matvec(x) if np.ndim(x) == 1 else self.matmat(x)

    @source_of(turned_function)
    def _(self, x):
        if not is_dense(x):
            return another_operator(self, x, turned_function)
        x = np.asarray(x)
        if np.ndim(x) == 1:
            return np.conj(self.rmatvec(np.conj(x)))
        return np.swapaxes(np.conj(self.rmatmat(np.conj(np.swapaxes(x, -1, -2)))), -1, -2)


for name in ("__matmul__", "__mul__", "dot"):
    turned_name = f"__r{name[2:]}" if name != "dot" else "rdot"
    if not hasattr(LinearOperator, turned_name):  # before SciPy 1.18
        turned_name = "_rdot"
    declare_products(getattr(LinearOperator, name), getattr(LinearOperator, turned_name))


# -- the adjoint, of operators that do not say ---------------------------------------------------------------


@nondifferentiable
def overrides(operator: Any, name: str) -> bool:
    return getattr(type(operator), name) is not getattr(LinearOperator, name)


@source_of(LinearOperator._rmatvec)
def _(self, x):
    if isinstance(self, MatrixLinearOperator):
        return conjugate_transpose(self.A) @ x
    if overrides(self, "_adjoint"):
        return self.H.matvec(x)
    if overrides(self, "_rmatmat"):
        return self._rmatmat(x[:, None])[:, 0]
    raise NotImplementedError("rmatvec is not defined")


@source_of(LinearOperator._rmatmat)
def _(self, X):
    if isinstance(self, MatrixLinearOperator):
        return conjugate_transpose(self.A) @ X
    if overrides(self, "_adjoint"):
        return self.H.matmat(X)
    return np.stack([self._rmatvec(X[..., :, i]) for i in range(np.shape(X)[-1])], axis=-1)
