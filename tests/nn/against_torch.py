"""Values and all gradients of ours against those of a PyTorch function of the same arrays."""

import numpy as np
import pytest

import adjoint as ad

torch = pytest.importorskip("torch", reason="compares with PyTorch: pip install torch")

TOLERANCE = {np.float32: 2e-5, np.float64: 1e-12}


def weights_for(y):
    """Cotangents that no symmetry hides errors from."""
    return np.random.default_rng(99).normal(size=np.shape(y)).astype(y.dtype)


def close(ours, theirs, dtype, what=""):
    theirs = theirs.detach().numpy() if isinstance(theirs, torch.Tensor) else theirs
    scale = max(1.0, float(np.max(np.abs(theirs), initial=0)))
    assert np.shape(ours) == np.shape(theirs), (what, np.shape(ours), np.shape(theirs))
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=TOLERANCE[dtype] * scale, err_msg=what)


def compare(ours, theirs, *arrays, dtype=np.float64):
    """`ours(*arrays)` and `theirs(*tensors)`: the same value, the same gradient for each array."""
    arrays = [np.asarray(a, dtype) for a in arrays]
    tensors = [torch.tensor(a, requires_grad=True) for a in arrays]
    y, theirs_y = ours(*arrays), theirs(*tensors)
    close(y, theirs_y, dtype, "value")
    assert np.asarray(y).dtype == dtype
    weights = weights_for(np.asarray(y))
    bars = ad.gradient(lambda *xs: np.sum(ours(*xs) * weights), *arrays)
    (theirs_y * torch.tensor(weights)).sum().backward()
    for position, (bar, tensor) in enumerate(zip(bars, tensors, strict=True)):
        expected = np.zeros(tensor.shape, dtype) if tensor.grad is None else tensor.grad
        assert bar.dtype == dtype
        close(bar, expected, dtype, f"gradient of argument {position}")


class Tensors:
    """The arrays of a layer as tensors that want gradients, by attribute."""

    def __init__(self, layer, dtype):
        for name, value in vars(layer).items():
            if isinstance(value, np.ndarray):
                setattr(layer, name, value.astype(dtype))
                setattr(self, name, torch.tensor(value.astype(dtype), requires_grad=True))


def randomise(layer, seed=5):
    """Every array of a layer random: nothing is hidden by zeros and ones."""
    random = np.random.default_rng(seed)
    for name, value in vars(layer).items():
        if isinstance(value, np.ndarray) and value.dtype.kind == "f":
            setattr(layer, name, random.normal(size=value.shape).astype(value.dtype))
    return layer


def compare_layer(layer, theirs, *xs, dtype=np.float64):
    """`layer(*xs)` and `theirs(tensors, *xs)`: value, and gradients of all parameters and inputs."""
    randomise(layer)
    tensors = Tensors(layer, dtype)
    xs = [np.asarray(x, dtype) if np.asarray(x).dtype.kind == "f" else x for x in xs]
    inputs = [torch.tensor(x, requires_grad=np.asarray(x).dtype.kind == "f") for x in xs]
    y, theirs_y = layer(*xs), theirs(tensors, *inputs)
    close(y, theirs_y, dtype, "value")
    assert y.dtype == dtype
    weights = weights_for(y)
    layer_bar, *bars = ad.gradient(lambda f, *xs: np.sum(f(*xs) * weights), layer, *xs)
    (theirs_y * torch.tensor(weights)).sum().backward()
    for name, tensor in vars(tensors).items():
        if tensor.grad is not None:
            close(getattr(layer_bar, name), tensor.grad, dtype, name)
            assert getattr(layer_bar, name).dtype == dtype
        else:
            assert not np.any(getattr(layer_bar, name))
    for position, (bar, tensor) in enumerate(zip(bars, inputs, strict=True)):
        if tensor.requires_grad:
            close(bar, tensor.grad, dtype, f"input {position}")


def check_layer(layer, *xs, **settings):
    """First and second derivatives against differences, in float64.

    Numbers among the attributes (eps, momentum, …) have no derivative on purpose: they are moved to a
    subclass, where differences leave them alone.
    """
    randomise(layer)
    numbers = {n: v for n, v in vars(layer).items() if isinstance(v, float)}
    for name in numbers:
        delattr(layer, name)
    layer.__class__ = type(type(layer).__name__, (type(layer),), numbers)
    for name, value in vars(layer).items():
        if isinstance(value, np.ndarray):
            setattr(layer, name, value.astype(np.float64))

    def loss(layer, *xs):
        y = layer(*xs)
        return np.sum(y * y * weights_like(y))

    ad.check_gradient(loss, layer, *xs, **{"rtol": 1e-4, "atol": 1e-5, **settings})


@ad.nondifferentiable(like=0)
def weights_like(y):
    return weights_for(y)
