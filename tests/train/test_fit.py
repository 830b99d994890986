import sys

import numpy as np
import pytest

import adjoint as ad
from adjoint import train
from adjoint.data import DataLoader, onehot_batch
from adjoint.nn import Chain, Dense
from adjoint.optim import EMA, Adam, Descent, setup, update
from adjoint.train import EachBatch, EarlyStopping, fit, train_step

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 3))
Y = np.sin(X @ np.array([[1.0], [-2.0], [0.5]]))


def network(seed=0):
    rng = np.random.default_rng(seed)
    return Chain(Dense(3, 8, np.tanh, rng=rng, dtype=float), Dense(8, 1, rng=rng, dtype=float))


def loss(model, x, y):
    return np.mean((model(x) - y) ** 2)


def loader(**options):
    return DataLoader((X, Y), 16, shuffle=True, rng=0, **options)


def weights(model):
    return np.concatenate([p.reshape(-1) for p in ad.params(model)])


def test_fit_is_the_plain_loop():
    plain, fitted = network(), network()
    state = setup(Adam(0.01), plain)
    batches = loader()
    losses = []
    for _ in range(3):
        for x, y in batches:
            losses.append(loss(plain, x, y))
            update(state, plain, ad.gradient(loss, plain, x, y)[0])
    history = fit(fitted, loader(), loss, Adam(0.01), 3, progress=False)
    np.testing.assert_array_equal(weights(fitted), weights(plain))
    np.testing.assert_allclose(history.losses, losses, rtol=1e-14)
    assert len(history) == 3 and list(history) == ["loss"] and not history.stopped
    np.testing.assert_allclose(history["loss"], np.mean(np.reshape(losses, (3, 4)), axis=1))


@pytest.mark.parametrize("workers", [0, 2])
def test_it_learns(workers):
    model = network()
    history = fit(model, loader(workers=workers), loss, Adam(0.02), 60, progress=False)
    assert history["loss"][-1] < 0.03 < 0.3 < history["loss"][0]


def test_a_state_goes_on():
    once, twice = network(), network()
    fit(once, [(X, Y)] * 4, loss, Adam(0.01), progress=False)
    state = setup(Adam(0.01), twice)
    for _ in range(2):
        fit(twice, [(X, Y)] * 2, loss, state, progress=False)
    np.testing.assert_array_equal(weights(once), weights(twice))


def test_forms_of_batches():
    expected = network()
    fit(expected, [(X, Y)], loss, Descent(0.1), 2, progress=False)
    for data in ((X, Y), {"x": X, "y": Y}, [{"y": Y, "x": X}]):
        model = network()
        fit(model, data, loss, Descent(0.1), 2, progress=False)
        np.testing.assert_array_equal(weights(model), weights(expected))
    seen = []

    def of_one(model, x):
        seen.append(x.shape)
        return np.mean(model(x) ** 2)

    fit(network(), DataLoader(X, 20), of_one, Descent(0.1), progress=False)
    assert set(seen) == {(20, 3)}


def test_validation_and_metrics():
    model = network()
    encoded = onehot_batch((Y[:, 0] > 0).astype(int), 2)

    def scores_loss(model, x, y):
        return np.mean((model(x) - np.asarray(y)[:, 1:]) ** 2)

    def accuracy(model, x, y):
        return np.mean((model(x)[:, 0] > 0.5) == y.indices)

    train_data = DataLoader((X[:40], encoded[:40]), 16, shuffle=True, rng=0)
    valid = DataLoader((X[40:], encoded[40:]), 8)  # 8, 8 and 4
    history = fit(
        model, train_data, scores_loss, Adam(0.02), 100, validation=valid,
        metrics={"accuracy": accuracy}, progress=False,
    )  # fmt: skip
    assert list(history) == ["loss", "valid_loss", "valid_accuracy"]
    assert history["valid_accuracy"][-1] == accuracy(model, X[40:], encoded[40:]) > 0.8
    np.testing.assert_allclose(
        history["valid_loss"][-1], scores_loss(model, X[40:], encoded[40:]), rtol=1e-12
    )
    with pytest.raises(ValueError, match="on the validation data"):
        fit(model, train_data, scores_loss, Adam(), metrics={"accuracy": accuracy})
    with pytest.raises(KeyError, match="'recall' was not measured; there is loss, valid_loss"):
        history["recall"]


class Noise:
    """Is there only in training."""

    def __init__(self, rng):
        self.rng, self.training, self.calls = np.random.default_rng(rng), True, []

    def __call__(self, x):
        self.calls.append(self.training)
        return x + noise(self.rng, x.shape) if self.training else x


@ad.nondifferentiable
def noise(rng, shape):
    return rng.normal(size=shape)


def test_layers_that_train_differently_are_told():
    layer = Noise(0)
    model = Chain(network(), layer)
    history = fit(model, (X, Y), loss, Adam(0.01), 2, validation=(X, Y), progress=False)
    assert layer.training and layer.calls == [True, False] * 2
    assert history["valid_loss"][-1] < history["loss"][-1] - 0.5
    layer.training = False  # by hand: it stays
    fit(model, (X, Y), loss, Adam(0.01), 1, validation=(X, Y), progress=False)
    assert layer.training is False


# -- what is not finite ------------------------------------------------------------------------------------


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_loss_that_is_not_finite_touches_nothing(bad):
    model = network()
    state = setup(Adam(0.1), model)
    batches = [(X, Y), (X, bad * np.ones_like(Y)), (X, Y)]
    expected = network()
    fit(expected, batches[:1], loss, Adam(0.1), progress=False)
    with (
        np.errstate(all="ignore"),
        pytest.raises(ad.NonFiniteError, match="nothing was updated") as raised,
    ):
        fit(model, batches, loss, state, progress=False)
    assert raised.value.__notes__ == ["in epoch 1, batch 2, step 2"]
    np.testing.assert_array_equal(weights(model), weights(expected))
    assert all(leaf.slot.count == 1 for _, leaf in state.leaves.items())


def test_a_gradient_that_is_not_finite_touches_nothing():
    model = {"scale": np.zeros(2), "shift": np.ones(2)}

    def root(model):
        return np.sum(np.sqrt(model["scale"]) + model["shift"] ** 2)

    with (
        np.errstate(all="ignore"),
        pytest.raises(
            ad.NonFiniteError, match="the loss is 2, but the gradient of scale is not finite"
        ),
    ):
        train_step(root, model, Descent(0.1))
    np.testing.assert_array_equal(model["shift"], 1)


def test_such_batches_may_be_skipped():
    model, expected = network(), network()
    batches = [(X, Y), (X, np.nan * Y), (X, Y)]
    history = fit(model, batches, loss, Adam(0.1), non_finite="skip", progress=False)
    fit(expected, [(X, Y)] * 2, loss, Adam(0.1), progress=False)
    np.testing.assert_array_equal(weights(model), weights(expected))
    assert len(history.losses) == 2
    with pytest.raises(ValueError, match='"raise" or "skip"'):
        fit(model, batches, loss, Adam(), non_finite="ignore")


# -- callbacks ---------------------------------------------------------------------------------------------


def test_callbacks_are_called_in_order():
    calls = []

    class Recorder(train.Callback):
        def begin(self, run):
            calls.append("begin")

        def batch(self, run):
            calls.append((run.epoch, run.batch, run.step))

        def epoch(self, run):
            calls.append(run.measured["loss"])

        def end(self, run):
            calls.append("end")

    history = fit(
        network(), [(X, Y)] * 2, loss, Descent(0.1), 2, callbacks=[Recorder()], progress=False
    )
    first, second = history["loss"]
    assert calls == ["begin", (1, 1, 1), (1, 2, 2), first, (2, 1, 3), (2, 2, 4), second, "end"]


def test_a_training_can_be_ended_from_callbacks_and_from_the_loss():
    def at_three(run):
        if len(run.history) == 3:
            run.stop("three are enough")

    history = fit(network(), (X, Y), loss, Descent(0.1), 9, callbacks=[at_three], progress=False)
    assert len(history) == 3 and history.stopped == "three are enough"

    def early(run):
        if run.step == 5:
            train.stop("five steps")

    history = fit(
        network(), [(X, Y)] * 4, loss, Descent(0.1), 9, callbacks=[EachBatch(early)], progress=False
    )
    assert len(history.losses) == 5 and history.stopped == "five steps"

    count = [0]

    @ad.nondifferentiable
    def counted():
        count[0] += 1
        if count[0] == 2:
            train.skip()
        if count[0] == 4:
            train.stop()

    def careful(model, x, y):
        counted()
        return loss(model, x, y)

    model, expected = network(), network()
    history = fit(model, [(X, Y)] * 9, careful, Descent(0.1), progress=False)
    fit(expected, [(X, Y)] * 2, loss, Descent(0.1), progress=False)
    assert len(history.losses) == 2 and history.stopped == "stop() was called"
    np.testing.assert_array_equal(weights(model), weights(expected))


def test_the_end_is_told_after_an_error():
    ends = []

    class Ending(train.Callback):
        def end(self, run):
            ends.append(run.step)

    with pytest.raises(ZeroDivisionError):
        fit(
            network(),
            (X, Y),
            loss,
            Adam(),
            3,
            callbacks=[Ending(), lambda run: 1 // 0],
            progress=False,
        )
    assert ends == [1]


def test_an_iterator_is_refused_the_second_time():
    with pytest.raises(ValueError, match="no batch in epoch 2: .* not an iterator"):
        fit(network(), iter([(X, Y)]), loss, Adam(), 2, progress=False)


def test_averages_of_the_optimiser_are_for_evaluation():
    from adjoint.optim import averaged

    model = network()
    state = setup(EMA(Adam(0.05), 0.9), model)
    fit(model, loader(), loss, state, 3, progress=False)
    here = weights(model)
    with averaged(state, model):
        there = train.evaluate(model, (X, Y), {"loss": loss})
    assert there["loss"] != loss(model, X, Y)
    np.testing.assert_array_equal(weights(model), here)


# -- the bar -----------------------------------------------------------------------------------------------


def test_progress_is_shown(capsys):
    fit(network(), loader(), loss, Adam(), 2, progress=True)
    shown = capsys.readouterr().err
    assert "8/8" in shown and "epoch=2" in shown and "loss=" in shown
    fit(network(), loader(), loss, Adam(), 2, progress=False)
    assert capsys.readouterr().err == ""
    fit(network(), (x for x in [(X, Y)] * 3), loss, Adam(), progress=True)
    assert "3batch" in capsys.readouterr().err


def test_without_tqdm_there_is_no_bar_unless_it_is_asked_for(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "tqdm", None)
    monkeypatch.setattr("adjoint.train.loop.find_spec", lambda name: None)
    assert len(fit(network(), (X, Y), loss, Adam())) == 1
    with pytest.raises(ImportError, match="A progress bar needs tqdm: pip install tqdm, or"):
        fit(network(), (X, Y), loss, Adam(), progress=True)


# -- histories ---------------------------------------------------------------------------------------------


def test_a_history_is_drawn(tmp_path):
    history = fit(
        network(), loader(), loss, Adam(), 3, validation=(X, Y), metrics={"bias": lambda m, x, y: m(x).mean()},
        progress=False,
    )  # fmt: skip
    figure = train.plot_history(history, tmp_path / "new" / "history.svg")
    left, right = figure.axes
    assert [line.get_label() for line in left.lines] == ["loss", "valid_loss"]
    np.testing.assert_array_equal(left.lines[1].get_ydata(), history["valid_loss"])
    np.testing.assert_array_equal(right.lines[0].get_xdata(), [1, 2, 3])
    assert (tmp_path / "new" / "history.svg").read_text().startswith("<?xml")
    assert repr(history).startswith("<History of 3 epochs, 12 steps: loss=")


def test_drawing_without_matplotlib_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match="plot_history needs matplotlib: pip install matplotlib"):
        train.plot_history(train.History())


def test_the_best_arrays_are_put_back_in_place():
    """Also into what a function has captured."""
    w = np.zeros(3)

    def model(x):
        return x @ w

    kept, data = w, (X, X @ np.ones(3))
    fit(model, data, loss, Descent(0.1), 20, progress=False)
    good = w.copy()
    history = fit(
        model, data, loss, Descent(5.0), 9, validation=data,
        callbacks=[EarlyStopping(patience=2)], progress=False,
    )  # fmt: skip
    assert len(history) == 3 and history["valid_loss"] == sorted(history["valid_loss"])
    assert w is kept and loss(model, *data) == history["valid_loss"][0]
    assert (w != good).all()


def test_parameters_alone_and_a_loss_of_the_batch(tmp_path):
    """As in Flux's older form; arrays that the loss reads where they are."""

    def training(epochs, resume=None):
        rng = np.random.default_rng(3)
        W, b = rng.normal(size=(3, 1)), np.zeros(1)
        model = {"W": W, "b": b}
        seen = []

        def error(x, y):
            return np.mean((np.tanh(x @ W + b) - y) ** 2)

        history = fit(
            ad.params(W, b), loader(), error, Adam(0.05), epochs,
            validation=(X, Y), metrics={"worst": lambda x, y: np.max(np.abs(x @ W + b - y))},
            callbacks=[train.Checkpoint(tmp_path / "ps"), lambda run: seen.append(len(run.model))],
            progress=False, resume=resume,
        )  # fmt: skip
        return model, history

    model, history = training(4)
    plain = {"W": np.random.default_rng(3).normal(size=(3, 1)), "b": np.zeros(1)}
    same = fit(
        plain, loader(), lambda m, x, y: np.mean((np.tanh(x @ m["W"] + m["b"]) - y) ** 2),
        Adam(0.05), 4, progress=False,
    )  # fmt: skip
    np.testing.assert_allclose(history.losses, same.losses, rtol=1e-12)
    assert list(history) == ["loss", "valid_loss", "valid_worst"]
    training(2)
    again, rest = training(4, resume=tmp_path / "ps")
    for name in plain:
        np.testing.assert_array_equal(again[name], model[name])
    assert rest.losses == history.losses
