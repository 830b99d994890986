"""What `Monitor` keeps is what Optax's `monitor` and `snapshot` keep."""

import copy
import pickle
from importlib import import_module
from typing import Any

import numpy as np
import pytest

from adjoint import optim

jax: Any = import_module("jax")
optax: Any = import_module("optax")


def begin():
    rng = np.random.default_rng(1)
    return [rng.normal(size=(4, 3)), rng.normal(size=5)]


def gradients(steps=8):
    rng = np.random.default_rng(2)
    return [[rng.normal(size=(4, 3)), 2 * rng.normal(size=5)] for _ in range(steps)]


def largest(arrays):
    return np.array([np.abs(x).max() for x in arrays])


def clipped(arrays):
    return optim.global_norm(arrays) > 2.0


def test_measurements_are_those_of_optax():
    xs = begin()
    rule = optim.OptimiserChain(
        optim.Momentum(0.3, 0.8),
        optim.Monitor(
            before=optim.global_norm,
            largest=largest,
            often=optim.Moving(clipped, 0.7),
            drawn=optim.Moving(largest, 0.9, debias=False),
        ),
        optim.ClipGlobalNorm(2.0),
        optim.Monitor(after=optim.global_norm),
    )
    state = optim.setup(rule, xs)
    assert optim.measured(state) == {}

    def theirs_largest(tree):
        return jax.numpy.stack([jax.numpy.abs(x).max() for x in tree])

    with jax.enable_x64(True):
        theirs = optax.chain(
            optax.trace(0.8),
            optax.scale(0.3),
            optax.snapshot("before", optax.tree.norm),
            optax.monitor({
                "largest": theirs_largest,
                "often": optax.measure_with_ema(lambda t: optax.tree.norm(t) > 2.0, 0.7),
                "drawn": optax.measure_with_ema(theirs_largest, 0.9, debias=False),
            }),
            optax.clip_by_global_norm(2.0),
            optax.snapshot("after", optax.tree.norm),
        )  # fmt: skip
        others = [jax.numpy.asarray(x) for x in begin()]
        kept = theirs.init(others)
        often = []
        for bars in gradients():
            optim.update(state, xs, bars)
            _, kept = theirs.update([jax.numpy.asarray(b) for b in bars], kept, others)
            found = optim.measured(state)
            assert list(found) == ["before", "largest", "often", "drawn", "after"]
            for name, value in found.items():
                np.testing.assert_allclose(value, optax.tree.get(kept, name), rtol=1e-6)
            often.append(float(found["often"]))
            assert found["after"] <= 2.0 + 1e-12
    assert len(set(often)) > 3


def test_nothing_is_changed():
    plain, watched, alone = begin(), begin(), optim.Adam(0.1)
    rule = optim.OptimiserChain(optim.Monitor(norm=optim.global_norm), optim.Adam(0.1))
    for bars in gradients():
        optim.update(alone, plain, bars)
        optim.update(rule, watched, bars)
    for x, y in zip(plain, watched, strict=True):
        np.testing.assert_array_equal(x, y)


def test_what_is_measured_is_kept_apart_from_what_is_measured_next():
    """Arrays of the measurement are those of its step, also those that were handed through."""
    xs, rule = begin(), optim.Monitor(all=lambda arrays: {"first": arrays[0], "rest": arrays[1:]})
    chain = optim.OptimiserChain(rule, optim.Descent(0.5))
    seen = []
    for bars in gradients(3):
        optim.update(chain, xs, bars)
        seen.append(optim.measured(chain)["all"])
    for found, (first, second) in zip(seen, gradients(3)):
        np.testing.assert_array_equal(found["first"], first)
        np.testing.assert_array_equal(found["rest"][0], second)


def test_measurements_belong_to_the_state_and_go_with_its_copies():
    rule = optim.OptimiserChain(
        optim.Monitor(norm=optim.Moving(optim.global_norm)), optim.Adam(0.1)
    )
    one, other = begin(), begin()
    state, second = optim.setup(rule, one), optim.setup(rule, other)
    bars = gradients(3)
    optim.update(state, one, bars[0])
    optim.update(second, other, [2 * b for b in bars[0]])
    norms = [float(optim.measured(s)["norm"]) for s in (state, second)]
    assert norms[1] == pytest.approx(2 * norms[0])
    model, again = copy.deepcopy((one, state))
    optim.update(again, model, bars[1])
    optim.update(state, one, bars[1])
    assert optim.measured(again) == optim.measured(state)
    assert pickle.loads(pickle.dumps((one, state)))[1].rule.rules[1].eta == 0.1


def test_of_parts_each_monitor_sees_its_own():
    a, b = np.ones(2), np.ones(3)
    rules: dict[Any, Any] = {
        name: optim.OptimiserChain(optim.Monitor(**{f"part {name}": len}), optim.Adam(0.1))
        for name in ("a", "b")
    }
    rule = optim.Partition(optim.parts(a=a, b=b), rules)
    optim.update(rule, [a, b], [np.ones(2), np.ones(3)])
    assert optim.measured(rule) == {"part a": 1, "part b": 1}


def test_chains_of_named_rules():
    chain = optim.OptimiserChain(clip=optim.ClipGrad(0.5), step=optim.Descent(1.0))
    assert repr(chain) == "OptimiserChain(clip=ClipGrad(delta=0.5), step=Descent(eta=1.0))"
    assert chain["clip"] is chain[0] and chain["step"] is chain[1]
    x = np.zeros(2)
    optim.update(chain, x, np.array([2.0, -0.1]))
    optim.adjust(chain, 2.0)
    optim.update(chain, x, np.array([2.0, -0.1]))
    np.testing.assert_allclose(x, [-1.5, 0.3])
    mixed = optim.OptimiserChain(optim.WeightDecay(), step=optim.Adam())
    assert mixed["step"] is mixed[1] and repr(mixed).startswith("OptimiserChain(WeightDecay(")
    with pytest.raises(KeyError, match="stop"):
        _ = mixed["stop"]
