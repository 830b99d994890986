import os
import sys
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

import adjoint as ad
from adjoint import optim, train
from adjoint.data import DataLoader
from adjoint.nn import Chain, Dense
from adjoint.optim import Adam, Descent, setup, update
from adjoint.optim.averaging import etas
from adjoint.train import Checkpoint, CheckpointMismatch, EachBatch, EarlyStopping, Plateau, fit
from adjoint.train.walk import arrays

RNG = np.random.default_rng(0)
X = RNG.normal(size=(50, 3)).astype(np.float32)
Y = np.sin(X[:, :1])


@ad.nondifferentiable
def drawn(rng, shape):
    return (rng.random(shape) > 0.3).astype(np.float32)


@ad.nondifferentiable
def moved(mean, x):
    return (0.9 * mean + 0.1 * x.mean(axis=0)).astype(np.float32)


class Dropout:
    def __init__(self, rng):
        self.rng, self.training = rng, True

    def __call__(self, x):
        return x * drawn(self.rng, x.shape) if self.training else x


class Centred:
    """Keeps a running mean, as a new array each time."""

    def __init__(self, size):
        self.mean = np.zeros(size, np.float32)

    def trainable(self):
        return {}

    def __call__(self, x):
        self.mean = moved(self.mean, x)
        return x - self.mean


def network(rng: Any = 0):
    rng = np.random.default_rng(rng)
    return Chain(Dense(3, 8, np.tanh, rng=rng), Centred(8), Dropout(rng), Dense(8, 1, rng=rng))


def loss(model, x, y):
    return np.mean((model(x) - y) ** 2)


def jitter(batch, rng):
    x, y = batch
    return x + 0.01 * rng.normal(size=x.shape).astype(np.float32), y


def everything(model):
    return {name: x.copy() for name, x in arrays(model).items()}


def same(one, other):
    assert one.keys() == other.keys()
    for name, x in one.items():
        np.testing.assert_array_equal(x, other[name], err_msg=name)
        assert x.dtype == other[name].dtype


OPTIMISERS = {
    "Adam": lambda: Adam(0.01),
    "chain": lambda: optim.OptimiserChain(optim.ClipGlobalNorm(0.5), optim.AdamW(0.01, decay=0.1)),
    "accumulated": lambda: optim.OptimiserChain(optim.AccumGrad(3), optim.Momentum(0.05)),
    "averaged": lambda: optim.EMA(optim.Lookahead(optim.RAdam(0.01), 3)),
    "scheduled": lambda: optim.Scheduler(
        optim.NAdam(), eta=optim.schedules.CosAnneal(0.0, 0.02, 9)
    ),
    "free": lambda: optim.ScheduleFree(Descent(0.05)),
    "mixed": lambda: optim.MixedPrecision(Adam(0.01), np.float64),
    "parts": lambda: optim.Partition(lambda x: x.ndim, {1: Descent(0.05), 2: optim.Muon(0.02)}),
    "Prodigy": lambda: optim.SkipNotFinite(optim.Prodigy(d0=1e-3)),
    "LBFGS": lambda: optim.LBFGS(0.1, 3),
    "Sophia": lambda: optim.Sophia(0.01, every=3),
    "monitored": lambda: optim.OptimiserChain(
        optim.Monitor(norm=optim.Moving(optim.global_norm)), Adam(0.01)
    ),
}


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("stop", [3, 4, 5, 8, 11])
@pytest.mark.parametrize("name", OPTIMISERS)
def test_a_resumed_training_is_the_one_that_was_not_interrupted(name, stop, shared, tmp_path):
    """4 batches an epoch; in the middle, at the end; the generator being the loader's too, or not.
    When it is interrupted, workers have prepared batches that were not given yet."""

    def training(path, interrupt, resume=None, seed=0, workers=0):
        rng = np.random.default_rng(seed)
        model = network(rng)
        data = DataLoader(
            (X, Y),
            13,
            shuffle=True,
            transform=jitter,
            rng=rng if shared else seed,
            workers=workers,
        )
        state = setup(OPTIMISERS[name](), model)
        callbacks = [
            Checkpoint(path, every=100, every_steps=stop),
            EarlyStopping(patience=2),
            Plateau(patience=0, factor=0.5),
        ]
        if interrupt:
            callbacks.append(EachBatch(lambda run: 1 / 0 if run.step == stop + 1 else None))
        else:
            callbacks.append(EachBatch(lambda run: None))
        history: Any = None
        try:
            history = fit(
                model, data, loss, state, 4, validation=(X, Y), callbacks=callbacks,
                progress=False, resume=resume,
            )  # fmt: skip
        except ZeroDivisionError:
            assert interrupt
        return model, state, history

    whole, state, history = training(tmp_path / "whole", False)
    training(tmp_path / "cut", True, workers=2)
    again, states, rest = training(tmp_path / "rest", False, tmp_path / "cut", seed=1, workers=1)
    same(everything(whole), everything(again))
    assert rest.losses == history.losses and rest.epochs == history.epochs
    assert rest.stopped == history.stopped
    assert etas(state.rule) == etas(states.rule)


def test_models_are_saved_and_loaded_in_place(tmp_path):
    path = tmp_path / "new" / "model.safetensors"
    first, second = network(0), network(1)
    train.save(path, first, epoch=3, names=["a", "b"], mean=np.arange(3.0))
    kept = second[0].weight
    notes = train.load(path, second)
    assert notes["epoch"] == 3 and notes["names"] == ["a", "b"]
    np.testing.assert_array_equal(notes["mean"], [0, 1, 2])
    same(everything(first), everything(second))
    assert second[0].weight is kept
    np.testing.assert_array_equal(first(X), second(X))  # the same dropout: its generator is saved
    tensors = load_file(path)  # another reader
    np.testing.assert_array_equal(tensors["model.layers.0.weight"], first[0].weight)
    assert os.listdir(path.parent) == ["model.safetensors"]


def test_arrays_of_every_kind(tmp_path):
    def held(seed):
        rng = np.random.default_rng(seed)
        a = rng.normal(size=(3, 4))
        return {
            "fortran": np.asfortranarray(a),
            "view": a[::2, ::-1],
            "number": np.array(rng.normal()),
            "empty": np.zeros((0, 3)),
            "complex": rng.normal(size=2) + 1j,
            "complex view": (rng.normal(size=(2, 2)) + 1j).astype(np.complex64).T,
            "half": rng.normal(size=2).astype(np.float16),
            "flags": rng.normal(size=3) > 0,
            "counts": rng.integers(0, 9, 3),
            "twice": [a, a],
            "nested": {"a.b": rng.normal(size=1), "a": {"b": rng.normal(size=1)}},
            "text": "none",
        }

    one, other = held(0), held(1)
    train.save(tmp_path / "held", one)
    train.load(tmp_path / "held", other)
    same(everything(one), everything(other))
    assert other["twice"][0] is other["twice"][1]
    x, y = np.ones(2), np.zeros(2)
    train.save(tmp_path / "x", x)
    train.load(tmp_path / "x", y)
    np.testing.assert_array_equal(y, 1)
    with pytest.raises(TypeError, match="names is an array of <U1, which is not saved"):
        train.save(tmp_path / "x", {"names": np.array(["a"])})


def test_notes_come_back_as_they_were(tmp_path):
    notes = {"array": "x", "entries": [1, {"entries": 2}], "deep": {"array": "y", "n": None}}
    train.save(tmp_path / "x", np.ones(1), **notes, arrays=[{"array": np.arange(2)}])
    back = train.load(tmp_path / "x", np.ones(1))
    np.testing.assert_array_equal(back.pop("arrays")[0]["array"], [0, 1])
    assert back == notes


def test_another_model_is_refused_and_stays(tmp_path):
    path = tmp_path / "model"
    train.save(path, network())
    other = Chain(Dense(3, 9), Dense(9, 1))
    before = everything(other)
    with pytest.raises(CheckpointMismatch, match=r"it has no layers.1.bias, layers.1.weight; the"):
        train.load(path, other)
    wider = Chain(Dense(3, 9), Centred(9), Dropout(np.random.default_rng(0)), Dense(9, 1))
    with pytest.raises(
        CheckpointMismatch,
        match=r"layers.0.weight is float32 \(3, 9\) in the model, but float32 \(3, 8",
    ):
        train.load(path, wider)
    same(everything(other), before)
    with pytest.raises(CheckpointMismatch, match="no optimiser's state"):
        train.load(path, network(), setup(Adam(), network()))
    with pytest.raises(FileNotFoundError, match="no checkpoint"):
        train.load(tmp_path / "nothing", network())
    with pytest.raises(CheckpointMismatch, match="holds a model, not a training"):
        fit(network(), (X, Y), loss, Adam(), resume=path)


def test_another_optimiser_is_refused(tmp_path):
    path, model = tmp_path / "x", network()
    state = setup(Adam(), model)
    update(state, model, ad.gradient(loss, model, X, Y)[0])
    train.save(path, model, state)
    other = network(1)
    before = everything(other)
    with pytest.raises(CheckpointMismatch, match="the optimiser was Adam, not Descent"):
        train.load(path, other, setup(Descent(), other))
    with pytest.raises(CheckpointMismatch, match="was Adam, not EMA of Adam"):
        train.load(path, other, setup(optim.EMA(Adam()), other))
    same(everything(other), before)


def test_labels_may_be_anything_and_rules_may_keep_their_own_state(tmp_path):
    class Kind:
        pass

    kinds = Kind(), Kind()

    def make():
        return optim.Partition(lambda x: kinds[x.ndim - 1], {kinds[0]: Adam(), kinds[1]: Descent()})

    model, other, rule, again = network(), network(1), make(), make()
    bars = ad.gradient(loss, model, X, Y)[0]
    update(rule, model, bars)
    train.save(tmp_path / "x", model, rule)
    train.load(tmp_path / "x", other, again)
    update(rule, model, bars)
    update(again, other, bars)
    same(everything(model), everything(other))


def test_adjusted_and_frozen_parts_stay_so(tmp_path):
    model, other = network(), network(1)
    state, states = setup(optim.Momentum(0.1), model), setup(optim.Momentum(0.5), other)
    optim.freeze(state, model[0])
    optim.adjust(state, 0.01, part=model[3].bias)
    for _ in range(2):
        update(state, model, ad.gradient(loss, model, X, Y)[0])
        train.save(tmp_path / "x", model, state)
    train.load(tmp_path / "x", other, states)
    for m, s in ((model, state), (other, states)):
        update(s, m, ad.gradient(loss, m, X, Y)[0])
    same(everything(model), everything(other))
    optim.thaw(states, other[0])
    assert etas(states.rule) == [0.1] and etas(states.leaf(other[3].bias).rule) == [0.01]


def test_a_failed_write_leaves_the_file_before(tmp_path, monkeypatch):
    path = tmp_path / "x"
    train.save(path, np.ones(2))
    before = path.read_bytes()

    def fail(*args):
        with open(args[1], "wb") as file:
            file.write(b"half")
        raise OSError("disk full")

    monkeypatch.setattr("safetensors.numpy.save_file", fail)
    with pytest.raises(OSError, match="disk full"):
        train.save(path, np.zeros(2))
    assert path.read_bytes() == before and os.listdir(tmp_path) == ["x"]


def test_only_the_best_is_kept_if_one_wants(tmp_path):
    path, seen = tmp_path / "best", []
    model = {"w": np.zeros(1)}

    def rising(model):
        return np.sum((model["w"] - 1) ** 2)

    values = iter([5.0, 3.0, 4.0, 2.0, 9.0])
    fit(
        model, [()] * 1, rising, Descent(0.1), 5, validation=[()],
        metrics={"score": lambda m: seen.append(m["w"].copy()) or next(values)},
        callbacks=[Checkpoint(path, best="valid_score")], progress=False,
    )  # fmt: skip
    train.load(path, model)
    assert model["w"] == seen[3]


def test_without_safetensors_it_is_said_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "safetensors.numpy", None)
    with pytest.raises(
        ImportError, match="A checkpoint needs safetensors: pip install safetensors"
    ):
        train.save(tmp_path / "x", np.ones(1))


def test_a_file_of_someone_else_is_refused(tmp_path):
    from safetensors.numpy import save_file

    save_file({"model.array": np.ones(1)}, tmp_path / "x")
    with pytest.raises(CheckpointMismatch, match="was not written by"):
        train.load(tmp_path / "x", np.ones(1))
