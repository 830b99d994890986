"""Functions whose value NumPy computes, and whose derivative is that of a definition of them.

A definition that is equal to the function but for rounding has its derivative; what it computes
besides is not needed, and most of it is removed as dead code.
"""

from __future__ import annotations

from typing import Any

from adjoint.rules.registry import nondifferentiable, rule, varying


@nondifferentiable
def computed(function: Any, *args: Any, **kwargs: Any) -> Any:
    """The value of a call, whose shape depends on the shapes of the operands alone."""
    return function(*args, **kwargs)


@nondifferentiable(shape=varying)
def found(function: Any, *args: Any, **kwargs: Any) -> Any:
    """The value of a call, whose shape depends on what the operands hold."""
    return function(*args, **kwargs)


def valued(y: Any, definition: Any) -> Any:
    """y, with the derivative of the definition, of the same shape and dtype."""
    return y


@rule(valued, like=1)
def _(y, definition):
    z = valued(y, definition)

    def pullback(y_bar):
        return None, y_bar

    return z, pullback
