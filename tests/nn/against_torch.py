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
