"""Attention, rotary positions and transformer blocks.  x: (batch, length, features)"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

import adjoint as ad
from adjoint.nn.activation import gelu, softmax
from adjoint.nn.dropout import Dropout
from adjoint.nn.initialisers import glorot_uniform
from adjoint.nn.layer import Function, Layer, SizeMismatch, expect_sequences, listed
from adjoint.nn.layers import Dense
from adjoint.nn.normalisation import LayerNorm, RMSNorm


def masked(logits: Any) -> float:
    """The logit of what may not be attended to: finite, also in half precision, so that differences are no
    NaN."""
    return -3e4 if logits.dtype == np.float16 else -1e30


def causal_mask(length: int) -> np.ndarray:
    """Position i may attend to 0 … i: booleans (length, length).

    >>> causal_mask(3).astype(int)
    array([[1, 0, 0],
           [1, 1, 0],
           [1, 1, 1]])
    """
    return np.tri(length, dtype=bool)


def dot_product_attention(
    query: Any,
    key: Any,
    value: Any,
    bias: Any = None,
    *,
    mask: Any = None,
    dropout: Function | None = None,
) -> tuple[Any, Any]:
    """(α V, α), with α = softmax(Q Kᵀ / √d + bias) where `mask` is true (Vaswani et al. 2017, eq. 1).

    query: (..., q, d)  key: (..., kv, d)  value: (..., kv, v)  bias, mask: what broadcasts to
    (..., q, kv)  y: (..., q, v)  α: (..., q, kv).  dropout: a layer that α goes through.
    """
    logits = (query * (1 / math.sqrt(query.shape[-1]))) @ np.swapaxes(key, -1, -2)
    if bias is not None:
        logits = logits + bias
    if mask is not None:
        logits = np.where(mask, logits, masked(logits))
    alpha = softmax(logits)
    if dropout is not None:
        alpha = dropout(alpha)
    return alpha @ value, alpha


@ad.nondifferentiable
def expect_attention(query: tuple[int, ...], key: tuple[int, ...], value: tuple[int, ...]) -> None:
    """SizeMismatch unless there are as many sequences of each (or one for all), and a value for each key."""
    for shape in (query, key, value):
        expect_sequences("MultiHeadAttention", shape, "batch, length, features")
    if not {key[0], value[0]} <= {1, query[0]} or key[1] != value[1]:
        raise SizeMismatch(
            "MultiHeadAttention takes query (batch, q, features), key and value (batch, kv, features), "
            f"not {query}, {key} and {value}"
        )


@ad.nondifferentiable
def expect_scores(
    heads: int, query: tuple[int, ...], key: tuple[int, ...], name: str, shape: tuple[int, ...]
) -> None:
    """SizeMismatch unless an array of this shape, a bias or mask, fits the scores of attention."""
    scores = (query[0], heads, query[1], key[1])
    pairs = zip(reversed(shape), reversed(scores), strict=False)
    if len(shape) > 4 or any(n not in (1, wanted) for n, wanted in pairs):
        raise SizeMismatch(
            f"MultiHeadAttention takes a {name} that broadcasts to (batch, heads, q, kv) = {scores}, "
            f"not of shape {shape}"
        )


class MultiHeadAttention(Layer):
    """Attention by several heads side by side (Vaswani et al. 2017, §3.2.2).

    `attention(x)`, `attention(query, kv)` or `attention(query, key, value, bias, mask=mask)` gives
    `(y, α)`: y (batch, q, outputs), α (batch, heads, q, kv), after dropout if there is any.
    query: (batch, q, inputs)  key, value: (batch, kv, inputs)  bias, mask: what broadcasts to
    (batch, heads, q, kv); a mask is true where attention may go.

    inputs: an int, or a tuple of three for query, key and value.  qk, v: features of all heads
    together in queries and keys, and in values; outputs; all as `inputs` if not given.
    The layers are `.query`, `.key`, `.value` and `.output`, without bias unless `bias=True`.
    """

    def __init__(
        self,
        inputs: int | tuple[int, int, int],
        *,
        heads: int = 8,
        qk: int | None = None,
        v: int | None = None,
        outputs: int | None = None,
        bias: bool = False,
        dropout: float = 0.0,
        init: Function = glorot_uniform,
        rng: Any = None,
        dtype: Any = np.float32,
    ) -> None:
        of_query, of_key, of_value = (inputs,) * 3 if isinstance(inputs, int) else inputs
        qk, v, outputs = qk or of_query, v or of_query, outputs or of_query
        if qk % heads or v % heads:
            raise ValueError(
                f"MultiHeadAttention: {heads} heads do not divide qk={qk} and v={v} features"
            )
        settings: dict[str, Any] = {
            "bias": bias, "init": init, "rng": np.random.default_rng(rng), "dtype": dtype,
        }  # fmt: skip
        self.heads = heads
        self.query, self.key = Dense(of_query, qk, **settings), Dense(of_key, qk, **settings)
        self.value, self.output = Dense(of_value, v, **settings), Dense(v, outputs, **settings)
        self.dropout = Dropout(dropout, rng=settings["rng"]) if dropout else None

    def split(self, x: Any) -> Any:
        """(batch, length, heads · d) → (batch, heads, length, d)"""
        return np.swapaxes(x.reshape(x.shape[0], x.shape[1], self.heads, -1), 1, 2)

    def __call__(
        self,
        query: Any,
        key: Any = None,
        value: Any = None,
        bias: Any = None,
        *,
        mask: Any = None,
        positions: Function | None = None,
    ) -> tuple[Any, Any]:
        key = query if key is None else key
        value = key if value is None else value
        expect_attention(query.shape, key.shape, value.shape)
        expect_scores(self.heads, query.shape, key.shape, "bias", np.shape(bias))
        expect_scores(self.heads, query.shape, key.shape, "mask", np.shape(mask))
        q, k = self.split(self.query(query)), self.split(self.key(key))
        if positions is not None:  # a function of queries and of keys: a `RotaryEmbedding`
            q, k = positions(q), positions(k)
        y, alpha = dot_product_attention(
            q, k, self.split(self.value(value)), bias, mask=mask, dropout=self.dropout
        )
        y = np.swapaxes(y, 1, 2).reshape(query.shape[0], query.shape[1], -1)
        return self.output(y), alpha

    def arguments(self) -> str:
        return listed(heads=self.heads)


@ad.nondifferentiable(shape=lambda x, base, start: (x[-2] if len(x) > 1 else None, None))
def angles(x: Any, base: float, start: int) -> np.ndarray:
    """Position times frequency, base^(-2i/features) for pair i: (length, features ÷ 2)"""
    half = x.shape[-1] // 2
    frequencies = base ** (-np.arange(half) / half)
    return np.outer(np.arange(start, start + x.shape[-2]), frequencies).astype(x.dtype)


@ad.nondifferentiable
def expect_positions(shape: tuple[int, ...], features: int) -> None:
    if len(shape) < 2 or shape[-1] != features:
        raise SizeMismatch(
            f"RotaryEmbedding takes x of shape (..., length, {features}), not {shape}"
        )


class RotaryEmbedding(Layer):
    """Turns each pair of features by an angle in proportion to the position (Su et al. 2021).

    x: (..., length, features), features even.  Feature i of the first half and i of the second half
    are a pair, turned by position · base^(-2i/features).  Products of queries and keys then depend on
    the distance of their positions alone.  `start`: the position of the first.
    """

    def __init__(self, features: int, *, base: float = 10_000.0) -> None:
        if features % 2:
            raise ValueError(f"RotaryEmbedding turns pairs of features: {features} is odd")
        self.features, self.base = features, base

    def __call__(self, x: Any, start: int = 0) -> Any:
        expect_positions(x.shape, self.features)
        turn = angles(x, self.base, start)
        cos, sin = np.cos(turn), np.sin(turn)
        half = self.features // 2
        a, b = x[..., :half], x[..., half:]
        return np.concatenate([a * cos - b * sin, a * sin + b * cos], axis=-1)

    def arguments(self) -> str:
        return listed(self.features)


class TransformerBlock(Layer):
    """x + attention(norm(x)), then x + network(norm(x)): a block with norms first (Xiong et al. 2020).

    x, y: (batch, length, features).  The network is Dense(features, hidden, activation) and back.

    hidden: 4 · features if not given.  norm: "layer" or "rms".  causal: each position sees itself and
    what came before.  rotary: positions enter by a `RotaryEmbedding` of queries and keys; else they
    have to be part of x.  `block(x, mask)`: a mask (true where attention may go) that broadcasts to
    (batch, heads, length, length).
    """

    def __init__(
        self,
        features: int,
        *,
        heads: int = 8,
        hidden: int | None = None,
        activation: Function = gelu,
        norm: str = "layer",
        causal: bool = False,
        rotary: bool = False,
        dropout: float = 0.0,
        bias: bool = True,
        init: Function = glorot_uniform,
        rng: Any = None,
        dtype: Any = np.float32,
    ) -> None:
        norms = {"layer": LayerNorm, "rms": RMSNorm}
        if norm not in norms:
            raise ValueError(f'TransformerBlock: norm is "layer" or "rms", not {norm!r}')
        rng = np.random.default_rng(rng)
        hidden = hidden or 4 * features
        settings: dict[str, Any] = {"bias": bias, "init": init, "rng": rng, "dtype": dtype}
        self.causal = causal
        self.norm1 = norms[norm](features, dtype=dtype)
        self.attention = MultiHeadAttention(features, heads=heads, dropout=dropout, **settings)
        self.positions = RotaryEmbedding(features // heads) if rotary else None
        self.norm2 = norms[norm](features, dtype=dtype)
        self.inner = Dense(features, hidden, activation, **settings)
        self.outer = Dense(hidden, features, **settings)
        self.dropout = Dropout(dropout, rng=rng) if dropout else None

    def __call__(self, x: Any, mask: Any = None) -> Any:
        if self.causal:
            earlier = causal_mask(x.shape[1])
            mask = earlier if mask is None else earlier & mask
        y, _ = self.attention(self.norm1(x), mask=mask, positions=self.positions)
        x = x + (y if self.dropout is None else self.dropout(y))
        y = self.outer(self.inner(self.norm2(x)))
        return x + (y if self.dropout is None else self.dropout(y))
