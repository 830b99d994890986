import numpy as np
import pytest

import adjoint as ad
from adjoint import nn
from tests.nn.against_torch import close, compare, torch

F = torch.nn.functional
DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=str)


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def tensors_of(*arrays):
    return [torch.tensor(a, requires_grad=True) for a in arrays]


@DTYPES
@pytest.mark.parametrize("mask", [None, "causal", "full"])
def test_dot_product_attention_is_that_of_torch(dtype, mask):
    q, k, v = normal(2, 3, 5, 4), normal(2, 3, 5, 4, seed=1), normal(2, 3, 5, 6, seed=2)
    given = {None: None, "causal": nn.causal_mask(5), "full": normal(2, 1, 5, 5) > -1}[mask]
    if given is not None:
        given[..., 0] = True  # each query may look somewhere
    tensor = None if given is None else torch.tensor(given)
    compare(
        lambda q, k, v: nn.dot_product_attention(q, k, v, mask=given)[0],
        lambda q, k, v: F.scaled_dot_product_attention(q, k, v, attn_mask=tensor),
        q,
        k,
        v,
        dtype=dtype,
    )


def test_a_bias_is_added_to_the_logits():
    compare(
        lambda q, k, v, b: nn.dot_product_attention(q, k, v, b)[0],
        lambda q, k, v, b: F.scaled_dot_product_attention(q, k, v, attn_mask=b),
        normal(2, 5, 4),
        normal(2, 3, 4, seed=1),
        normal(2, 3, 6, seed=2),
        normal(5, 3, seed=3),
    )


@DTYPES
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("causal", [False, True])
def test_multi_head_attention_is_that_of_torch(dtype, bias, causal):
    layer = nn.MultiHeadAttention(8, heads=2, bias=bias, rng=0, dtype=dtype)
    parts = (layer.query, layer.key, layer.value, layer.output)
    for i, part in enumerate(parts):
        if bias:
            part.bias = normal(8, seed=i).astype(dtype)
    other = torch.nn.MultiheadAttention(8, 2, bias=bias, batch_first=True)
    other = other.to(getattr(torch, np.dtype(dtype).name))
    with torch.no_grad():
        joined = np.concatenate([p.weight.T for p in parts[:3]])
        other.in_proj_weight[:] = torch.tensor(joined)
        other.out_proj.weight[:] = torch.tensor(layer.output.weight.T)
        if bias:
            other.in_proj_bias[:] = torch.tensor(np.concatenate([p.bias for p in parts[:3]]))
            other.out_proj.bias[:] = torch.tensor(layer.output.bias)
    arrays = [normal(3, n, 8, seed=i).astype(dtype) for i, n in enumerate((4, 4, 4))]
    q, k, v = tensors_of(*arrays)
    mask = nn.causal_mask(4) if causal else None
    theirs, weights = other(
        q, k, v, attn_mask=None if mask is None else torch.tensor(~mask), average_attn_weights=False
    )
    (theirs.pow(2).sum() + weights.pow(2).sum()).backward()

    def loss(layer, q, k, v):
        y, alpha = layer(q, k, v, mask=mask)
        return np.sum(y**2) + np.sum(alpha**2)

    y, alpha = layer(*arrays, mask=mask)
    close(y, theirs, dtype)
    close(alpha, weights, dtype)
    assert y.dtype == alpha.dtype == dtype and alpha.shape == (3, 2, 4, 4)
    g, *bars = ad.gradient(loss, layer, *arrays)
    for bar, tensor in zip(bars, (q, k, v), strict=True):
        close(bar, tensor.grad, dtype)
    grads = [g.query, g.key, g.value]
    close(np.concatenate([p.weight.T for p in grads]), other.in_proj_weight.grad, dtype)
    close(g.output.weight.T, other.out_proj.weight.grad, dtype)
    if bias:
        close(np.concatenate([p.bias for p in grads]), other.in_proj_bias.grad, dtype)
        close(g.output.bias, other.out_proj.bias.grad, dtype)


def test_attention_to_others_with_sizes_of_their_own():
    layer = nn.MultiHeadAttention((6, 4, 5), heads=2, qk=8, v=10, outputs=3, rng=0)
    y, alpha = layer(normal(2, 7, 6), normal(2, 3, 4), normal(2, 3, 5))
    assert y.shape == (2, 7, 3) and alpha.shape == (2, 2, 7, 3)
    same = nn.MultiHeadAttention(4, heads=2, rng=0)
    x, kv = normal(2, 5, 4), normal(2, 3, 4, seed=1)
    np.testing.assert_array_equal(same(x)[0], same(x, x, x)[0])
    np.testing.assert_array_equal(same(x, kv)[0], same(x, kv, kv)[0])
    with pytest.raises(ValueError, match="3 heads do not divide qk=8 and v=8"):
        nn.MultiHeadAttention(8, heads=3)
    with pytest.raises(nn.SizeMismatch, match="Dense takes"):
        same(normal(2, 5, 3))


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_masks_in_every_precision(dtype):
    layer = nn.MultiHeadAttention(8, heads=2, rng=0, dtype=dtype)
    x, mask = normal(2, 3, 8).astype(dtype), nn.causal_mask(3)
    y, alpha = layer(x, mask=mask)
    assert y.dtype == alpha.dtype == dtype and (alpha[..., ~mask] == 0).all()
    x_bar = ad.gradient(lambda x: np.sum(layer(x, mask=mask)[0] ** 2), x)[0]
    assert x_bar.dtype == dtype and np.isfinite(x_bar).all()
    nothing = layer(x, mask=np.zeros((3, 3), bool))[1]
    np.testing.assert_allclose(nothing, 1 / 3, rtol=1e-3)


def test_dropout_of_attention():
    layer = nn.MultiHeadAttention(8, heads=2, dropout=0.5, rng=0)
    x = normal(2, 6, 8)
    assert (layer(x)[1] == 0).any()
    nn.test_mode(layer)
    np.testing.assert_allclose(layer(x)[1].sum(-1), 1, rtol=1e-6)


# -- rotary positions ---------------------------------------------------------------------------------------


def turned(x, start=0):
    """Pairs as complex numbers."""
    n = x.shape[-1] // 2
    z = torch.complex(x[..., :n], x[..., n:])
    frequencies = 10_000.0 ** (-torch.arange(n, dtype=torch.float64) / n)
    angle = torch.outer(torch.arange(start, start + x.shape[-2], dtype=torch.float64), frequencies)
    z = z * torch.polar(torch.ones_like(angle), angle)
    return torch.cat([z.real, z.imag], -1)


@pytest.mark.parametrize("start", [0, 3])
def test_rotary_positions_turn_pairs(start):
    layer = nn.RotaryEmbedding(6)
    compare(lambda x: layer(x, start), lambda x: turned(x, start), normal(2, 3, 5, 6))
    assert layer(normal(5, 6).astype(np.float32)).dtype == np.float32


def test_products_depend_on_distances_alone():
    layer = nn.RotaryEmbedding(8)
    q, k = np.tile(normal(8), (10, 1)), np.tile(normal(8, seed=1), (10, 1))
    products = layer(q) @ layer(k).T
    for distance in range(-4, 5):
        diagonal = np.diagonal(products, distance)
        np.testing.assert_allclose(diagonal, diagonal[0], rtol=1e-10)
    np.testing.assert_allclose(layer(q, 4)[0], layer(q)[4])
    with pytest.raises(ValueError, match="5 is odd"):
        nn.RotaryEmbedding(5)
    with pytest.raises(nn.SizeMismatch, match="RotaryEmbedding takes"):
        layer(normal(3, 6))


# -- transformer blocks -------------------------------------------------------------------------------------


@DTYPES
@pytest.mark.parametrize("causal", [False, True])
def test_blocks_are_those_of_torch(dtype, causal):
    block = nn.TransformerBlock(
        8, heads=2, hidden=12, activation=nn.gelu_erf, causal=causal, rng=0, dtype=dtype
    )
    other = torch.nn.TransformerEncoderLayer(
        8, 2, 12, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
    ).to(getattr(torch, np.dtype(dtype).name))
    attention = block.attention
    parts = (attention.query, attention.key, attention.value)
    pairs = [
        (other.linear1, block.inner),
        (other.linear2, block.outer),
        (other.self_attn.out_proj, attention.output),
    ]
    with torch.no_grad():
        other.self_attn.in_proj_weight[:] = torch.tensor(
            np.concatenate([p.weight.T for p in parts])
        )
        for theirs, ours in pairs:
            theirs.weight[:] = torch.tensor(ours.weight.T)
            theirs.bias[:] = 0
    x = normal(3, 5, 8).astype(dtype)
    tensor = torch.tensor(x, requires_grad=True)
    mask = torch.tensor(~nn.causal_mask(5)) if causal else None
    theirs_y = other(tensor, src_mask=mask)
    theirs_y.pow(2).sum().backward()
    close(block(x), theirs_y, dtype)
    g, x_bar = ad.gradient(lambda f, x: np.sum(f(x) ** 2), block, x)
    close(x_bar, tensor.grad, dtype)
    close(g.norm1.scale, other.norm1.weight.grad, dtype)
    close(g.norm2.bias, other.norm2.bias.grad, dtype)
    for theirs, bar in zip(
        (other.linear1, other.linear2, other.self_attn.out_proj),
        (g.inner, g.outer, g.attention.output),
        strict=True,
    ):
        close(bar.weight.T, theirs.weight.grad, dtype)
        close(bar.bias, theirs.bias.grad, dtype)


def test_causal_blocks_do_not_look_ahead():
    block = nn.TransformerBlock(8, heads=2, causal=True, rotary=True, norm="rms", rng=0)
    x = normal(1, 6, 8)
    changed = x.copy()
    changed[:, 4:] += 1
    np.testing.assert_allclose(block(x)[:, :4], block(changed)[:, :4], rtol=1e-5)
    alone = np.zeros((6, 6), bool)
    alone[:, 0] = True
    masked = block(x, alone)
    changed = x.copy()
    changed[:, 1] += 1
    np.testing.assert_allclose(block(changed, alone)[:, 2:], masked[:, 2:], rtol=1e-5)
    with pytest.raises(ValueError, match="not 'batch'"):
        nn.TransformerBlock(8, norm="batch")


@pytest.mark.parametrize(
    "settings", [{}, {"causal": True, "rotary": True}, {"norm": "rms", "bias": False}], ids=str
)
def test_derivatives_match_differences(settings):
    block = nn.TransformerBlock(4, heads=2, hidden=3, rng=0, dtype=np.float64, **settings)
    arrays = list(ad.params(block))

    x = normal(1, 3, 4)
    g = ad.gradient(lambda: np.sum(block(x) ** 2), ad.params(block))
    for array in arrays:
        direction = normal(*array.shape, seed=2)
        kept = array.copy()
        values = []
        for step in (1e-5, -1e-5):
            array[...] = kept + step * direction
            values.append(np.sum(block(x) ** 2))
        array[...] = kept
        assert np.sum(g[array] * direction) == pytest.approx(
            (values[0] - values[1]) / 2e-5, rel=1e-5, abs=1e-7
        )
    ad.check_gradient(lambda x: np.sum(block(x) ** 2), x, order=2, rtol=1e-4, atol=1e-5)


def test_the_gradient_is_plain_numpy():
    block = nn.TransformerBlock(8, heads=2, causal=True, rotary=True)
    x = normal(2, 5, 8).astype(np.float32)
    source = str(ad.source(lambda f, x: np.sum(f(x) ** 2), block, x))
    assert "apply_rule" not in source


def test_blocks_with_dropout_train_and_stop():
    block = nn.TransformerBlock(8, heads=2, dropout=0.3, rng=0)
    x = normal(2, 5, 8)
    assert (block(x) != block(x)).any()
    nn.test_mode(block)
    np.testing.assert_array_equal(block(x), block(x))
