"""What `callable` tells while compiling is what Python tells."""

import numpy as np
import pytest

import adjoint as ad


class Plain:
    pass


class Called:
    def __call__(self):
        return 0.0


def chosen(x, thing):
    return x if callable(thing) else x**2


@pytest.mark.parametrize(
    "thing", [(1.0,), [1.0], {"a": 1.0}, 1.0, np.ones(2), Plain(), Called(), Plain, np.sin, len]
)
def test_callable_is_that_of_the_value(thing):
    assert ad.gradient(lambda x: chosen(x, thing), 3.0) == (1.0 if callable(thing) else 6.0,)
    assert ad.gradient(chosen, 3.0, thing)[0] == (1.0 if callable(thing) else 6.0)
