"""Jacobians and Hessians: rows by pullbacks, columns by pushforwards, products without either."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from adjoint.api import gradient, jvp, pullback
from adjoint.errors import MissingRuleError, UnsupportedSyntaxError
from adjoint.rules.registry import nondifferentiable, source_of
from adjoint.tree import Number, cotangent_dtype


def jacobian(f: Callable, /, *args: Any, sparsity: str | None = None) -> tuple:
    """The derivative of each number in `f(*args)` with respect to each in the arguments.

    A tuple, one array of shape y.shape + x.shape per argument. Computed row by row (reverse mode) if
    `y` has no more numbers than the arguments together, else column by column (forward mode).
    Complex arguments take forward mode, and `f` has to be holomorphic in them: then the Jacobian is
    its complex derivative.

    With `sparsity="auto"` each array is a `scipy.sparse.csr_matrix` of shape y.size × x.size (which
    SciPy has to be there for). Which numbers depend on which is found by running the derivative once
    on sets of them; then as many products are computed as the pattern has colours, and one that
    checks them: 3 + 1 for a tridiagonal Jacobian of any size. Where the sets cannot be followed, as
    through a Fourier transform, each number is taken to depend on all.

    Raises TypeError if an argument or the value is no number or array.
    """
    check_numbers(args)
    if sparsity is not None:
        from adjoint.sparsity import sparse_jacobian

        if sparsity != "auto":
            raise ValueError(f'sparsity is "auto" or None, not {sparsity!r}')
        if any(np.iscomplexobj(x) for x in args):
            raise TypeError("sparsity is found of real functions only")
        return tuple([sparse_jacobian(f, args, i) for i in range(len(args))])
    if any(np.iscomplexobj(x) for x in args):
        return columns(f, args, tuple(range(len(args))))
    y, back = pullback(f, *args)
    check_numbers((y,))
    if np.iscomplexobj(y) or np.size(y) > sum(map(np.size, args)):
        return columns(f, args, tuple(range(len(args))))
    return rows(y, back, args, tuple(range(len(args))))


def jacrev(f: Callable, argnums: int | tuple[int, ...] = 0) -> Callable:
    """A function that computes the Jacobian of `f`, row by row: one pullback, called once a row.

    An int for `argnums` gives the bare array, a tuple a tuple. `f` is real.
    """

    def jacobian_of(*args: Any) -> Any:
        check_numbers(args)
        y, back = pullback(f, *args)
        check_numbers((y,))
        if np.iscomplexobj(y) or any(np.iscomplexobj(x) for x in args):
            raise TypeError("jacrev is of real functions; of a holomorphic one, use jacfwd")
        return chosen(rows(y, back, args, positions(argnums, len(args))), argnums)

    return jacobian_of


def jacfwd(f: Callable, argnums: int | tuple[int, ...] = 0) -> Callable:
    """A function that computes the Jacobian of `f`, column by column: one `jvp` a column.

    An int for `argnums` gives the bare array, a tuple a tuple. Of complex arguments `f` has to be
    holomorphic, else ValueError is raised.
    """

    def jacobian_of(*args: Any) -> Any:
        check_numbers(args)
        return chosen(columns(f, args, positions(argnums, len(args))), argnums)

    return jacobian_of


def hessian(f: Callable, x: Any) -> Any:
    """The second derivatives of a real function of one number or array: shape x.shape + x.shape.

    Forward over reverse: the gradient's Jacobian, a column at a time. Where the gradient has no forward
    derivative, as through `scipy.optimize.minimize`, it is reverse over reverse, a row at a time.
    """
    try:
        return forward_hessian(f, x)
    except NO_FORWARD as error:
        return otherwise(lambda: jacrev(lambda x: gradient(f, x)[0])(x), error)


def hvp(f: Callable, x: Any, v: Any) -> Any:
    """The Hessian of `f` at `x` times `v`, without forming it: the gradient's derivative along v.

    Where that has no forward derivative, it is the gradient of the gradient's product with v.
    """
    return slope_along(f, x, v)[1]


def diaghessian(f: Callable, x: Any) -> Any:
    """The diagonal of the Hessian of `f`, in the shape of `x`: one `hvp` for each number in it."""
    check_numbers((x,))
    pairs = [slope_along(f, x, e) for _, e in basis(x)]
    expect_same([slope for slope, _ in pairs])
    diagonal = [along[i] if np.ndim(x) else along for (i, _), (_, along) in zip(basis(x), pairs)]
    return np.reshape(diagonal, np.shape(x)) if np.ndim(x) else diagonal[0]


def forward_hessian(f: Callable, x: Any) -> Any:
    return jacfwd(lambda x: gradient(f, x)[0])(x)


def slope_along(f: Callable, x: Any, v: Any) -> tuple:
    """The gradient, and its derivative along v."""
    try:
        return forward_slope_along(f, x, v)
    except NO_FORWARD as error:
        v = np.asarray(v)
        slope = gradient(f, x)[0]
        return slope, otherwise(
            lambda: gradient(lambda x: np.sum(gradient(f, x)[0] * v), x)[0], error
        )


def forward_slope_along(f: Callable, x: Any, v: Any) -> tuple:
    return jvp(lambda x: gradient(f, x)[0], (x,), (v,))


# Inside of what is differentiated they are these.
source_of(hessian)(forward_hessian)
source_of(slope_along)(forward_slope_along)

NO_FORWARD = (MissingRuleError, UnsupportedSyntaxError)


def otherwise(compute: Callable, error: Exception) -> Any:
    """What another mode gives; if it gives nothing either, the first error is raised."""
    try:
        return compute()
    except NO_FORWARD:
        raise error from None


# -- pieces ----------------------------------------------------------------------------------------


@nondifferentiable
def check_numbers(values: tuple) -> None:
    for value in values:
        if not isinstance(value, np.ndarray | Number) or isinstance(value, bool):
            raise TypeError(
                f"a Jacobian is of numbers and arrays, not of a {type(value).__name__}; "
                "use pullback or jvp for other values"
            )


@nondifferentiable
def positions(argnums: int | tuple[int, ...], count: int) -> tuple[int, ...]:
    """Which arguments `argnums` names, from the front."""
    found = []
    for i in (argnums,) if isinstance(argnums, int) else argnums:
        if not -count <= i < count:
            raise IndexError(f"argnums names argument {i}, but the call has {count} arguments")
        found.append(i % count)
    return tuple(found)


def chosen(found: tuple, argnums: int | tuple[int, ...]) -> Any:
    return found[0] if isinstance(argnums, int) else found


@nondifferentiable
def basis(x: Any) -> list[tuple[tuple[int, ...], Any]]:
    """Each index of an array (of a number: one) and the tangent that is 1 there, else 0."""
    if not isinstance(x, np.ndarray):
        return [((), type(x)(1) if isinstance(x, np.inexact | complex) else 1.0)]
    units = []
    for index in np.ndindex(x.shape):
        unit = np.zeros(x.shape, cotangent_dtype(x.dtype))
        unit[index] = 1
        units.append((index, unit))
    return units


def rows(y: Any, back: Callable, args: tuple, wanted: tuple[int, ...]) -> tuple:
    """The Jacobian by arguments, from a pullback."""
    found = [back(y_bar) for _, y_bar in basis(y)]
    return tuple(
        [np.reshape([bars[i] for bars in found], np.shape(y) + np.shape(args[i])) for i in wanted]
    )


def columns(f: Callable, args: tuple, wanted: tuple[int, ...]) -> tuple:
    """The Jacobian by arguments, from pushforwards."""
    return tuple([by_columns(f, args, i) for i in wanted])


def by_columns(f: Callable, args: tuple, i: int) -> Any:
    pairs = [column(f, args, i, unit) for _, unit in basis(args[i])]
    expect_same([y for y, _ in pairs])
    found = [slope for _, slope in pairs]
    shape = np.shape(found[0]) if found else np.shape(f(*args))
    stacked = np.reshape(found, (len(found), *shape))
    return np.moveaxis(stacked, 0, -1).reshape(shape + np.shape(args[i]))


def column(f: Callable, args: tuple, i: int, unit: Any) -> tuple:
    """The value, and its derivative along one unit of one argument."""

    def along(v: Any) -> tuple:
        y, y_dot = jvp(f, args, tuple(v if k == i else None for k in range(len(args))))
        check_numbers((y,))
        return y, y_dot

    y, slope = along(unit)
    if np.iscomplexobj(unit) and not np.allclose(along(1j * unit)[1], 1j * slope, 1e-6, 1e-9):
        raise ValueError(
            "the function is not holomorphic: its derivative along the imaginary axis is another; "
            "use jvp along both"
        )
    return y, slope


@nondifferentiable
def expect_same(values: list) -> None:
    """ValueError unless a function gave the same each time that it was called, but for rounding."""
    for y in values[1:]:
        loose = np.finfo(cotangent_dtype(np.asarray(y).dtype)).eps ** 0.5
        if not np.allclose(y, values[0], loose, loose * greatest(values[0]), equal_nan=True):
            raise ValueError(
                "the function gave another value when it was called again, as one does that keeps a state "
                "or draws random numbers, and this derivative takes a call for each number in x: let each "
                "call begin alike (reset the state, or seed the generator, inside the function)"
            )


def greatest(y: Any) -> float:
    """The greatest finite entry, in absolute value."""
    sizes = np.abs(np.ravel(y))
    return float(np.max(sizes[np.isfinite(sizes)], initial=0.0))
