import numpy as np
import pytest

import adjoint as ad
from adjoint import data, nn
from tests.nn.against_torch import close, randomise, torch

DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=str)
PAIRS = [
    (nn.RNNCell, torch.nn.RNN),
    (nn.LSTMCell, torch.nn.LSTM),
    (nn.GRUCell, torch.nn.GRU),
]
pairs = pytest.mark.parametrize(("make", "theirs"), PAIRS, ids=lambda f: f.__name__)
CELLS = [nn.RNNCell, nn.LSTMCell, nn.GRUCell, nn.GRUv3Cell]
cells = pytest.mark.parametrize("make", CELLS)


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def twins(make, theirs, dtype, inputs=3, outputs=4):
    """The same cell in both libraries; PyTorch's second bias is zero."""
    cell = randomise(make(inputs, outputs, dtype=dtype))
    other = theirs(inputs, outputs, batch_first=True).to(getattr(torch, np.dtype(dtype).name))
    with torch.no_grad():
        other.weight_ih_l0[:] = torch.tensor(cell.input_weight.T)
        other.weight_hh_l0[:] = torch.tensor(cell.hidden_weight.T)
        other.bias_ih_l0[:] = torch.tensor(cell.bias)
        other.bias_hh_l0[:] = 0
    return cell, other


def compare_gradients(cell_bar, other, dtype):
    close(cell_bar.input_weight, other.weight_ih_l0.grad.T, dtype, "input weight")
    close(cell_bar.hidden_weight, other.weight_hh_l0.grad.T, dtype, "hidden weight")
    close(cell_bar.bias, other.bias_ih_l0.grad, dtype, "bias")


@DTYPES
@pairs
@pytest.mark.parametrize("steps", [1, 6])
def test_sequences_are_those_of_torch(make, theirs, steps, dtype):
    cell, other = twins(make, theirs, dtype)
    x, w = normal(5, steps, 3).astype(dtype), normal(5, steps, 4, seed=1).astype(dtype)
    tensor = torch.tensor(x, requires_grad=True)
    theirs_y = other(tensor)[0]
    (theirs_y * torch.tensor(w)).sum().backward()
    for layer in (nn.Recur(cell), nn.Recurrence(cell)):
        y = layer(x)
        close(y, theirs_y, dtype)
        assert y.dtype == dtype
        nn.reset(layer)
        g, x_bar = ad.gradient(lambda f, x: np.sum(f(x) * w), layer, x)
        close(x_bar, tensor.grad, dtype)
        compare_gradients(g.cell, other, dtype)


@DTYPES
@pairs
def test_steps_taken_one_by_one_carry_the_state(make, theirs, dtype):
    """A gradient through several calls of a `Recur`, its state kept from before."""
    cell, other = twins(make, theirs, dtype)
    layer = nn.Recur(cell)
    xs = normal(6, 5, 3).astype(dtype)
    first = torch.tensor(np.moveaxis(xs[:3], 0, 1))
    _, state = other(first)
    for x in xs[:3]:
        layer(x)
    rest = torch.tensor(np.moveaxis(xs[3:], 0, 1), requires_grad=True)
    detached = tuple(s.detach() for s in state) if isinstance(state, tuple) else state.detach()
    theirs_y, theirs_state = other(rest, detached)
    (theirs_y**2).sum().backward()

    def loss(f, xs):
        total = 0.0
        for x in xs:
            y = f(x)
            total = total + np.sum(y * y)
        return total

    kept = layer.state
    g, xs_bar = ad.gradient(loss, layer, xs[3:])
    close(xs_bar, np.moveaxis(rest.grad.numpy(), 0, 1), dtype)
    compare_gradients(g.cell, other, dtype)
    ours = layer.state if isinstance(layer.state, tuple) else (layer.state,)
    last = theirs_state if isinstance(theirs_state, tuple) else (theirs_state,)
    for a, b in zip(ours, last, strict=True):
        close(a, b[0], dtype)
    layer.state = kept
    assert loss(layer, xs[3:]) == pytest.approx((theirs_y**2).sum().item(), rel=1e-5)


@cells
def test_derivatives_match_differences(make):
    cell = randomise(make(3, 2, dtype=np.float64))
    ad.check_gradient(
        lambda cell, x: np.sum(nn.Recurrence(cell)(x) ** 2), cell, normal(2, 3, 3), rtol=1e-4
    )
    layer = nn.Recurrence(cell)
    ad.check_gradient(
        lambda x: np.sum(layer(x) ** 3), normal(2, 3, 3), order=2, rtol=1e-4, atol=1e-5
    )

    def two_steps(cell, x, y):
        state, out = cell(cell.initial_state(), x)
        _, more = cell(state, y)
        return np.sum(out * more)

    ad.check_gradient(
        two_steps, cell, normal(2, 3), normal(2, 3, seed=1), order=2, rtol=1e-4, atol=1e-5
    )


def test_the_third_version_of_the_gru_resets_before_the_product():
    cell = randomise(nn.GRUv3Cell(3, 2, dtype=np.float64))
    h, x = normal(4, 2), normal(4, 3, seed=1)
    a = x @ cell.input_weight + cell.bias
    u = cell.hidden_weight
    r = nn.sigmoid(a[:, :2] + h @ u[:, :2])
    z = nn.sigmoid(a[:, 2:4] + h @ u[:, 2:4])
    candidate = np.tanh(a[:, 4:] + (r * h) @ u[:, 4:])
    new, y = cell(h, x)
    np.testing.assert_allclose(new, (1 - z) * candidate + z * h, rtol=1e-12)
    assert y is new


@cells
def test_sequences_are_steps_in_turn(make):
    cell, x = randomise(make(3, 2)), normal(4, 5, 3).astype(np.float32)
    whole, steps = nn.Recur(cell), nn.Recur(cell)
    y = whole(x)
    np.testing.assert_allclose(y, np.stack([steps(x[:, t]) for t in range(5)], 1), rtol=1e-6)
    np.testing.assert_allclose(np.asarray(whole.state), np.asarray(steps.state), rtol=1e-6)
    outputs, state = nn.Recurrence(cell, return_state=True)(x)
    np.testing.assert_array_equal(outputs, y)
    np.testing.assert_array_equal(np.asarray(state), np.asarray(whole.state))
    more = nn.Recurrence(cell)(x, state)
    np.testing.assert_allclose(more, whole(x), rtol=1e-6)


def test_cells_as_in_the_tutorials():
    cell = nn.RNNCell(10, 5, rng=0)
    h, x = normal(5).astype(np.float32), normal(10).astype(np.float32)
    h, y = cell(h, x)
    assert h.shape == y.shape == (5,)
    model = nn.RNN(10, 5, rng=0)
    assert repr(model) == "Recur(RNNCell(10, 5, tanh))"
    assert model(x).shape == (5,) and model.state.shape == (1, 5)
    sequence = [normal(10, seed=i).astype(np.float32) for i in range(4)]
    chain = nn.Chain(nn.LSTM(10, 15, rng=0), nn.Dense(15, 5, rng=1))
    assert [chain(x).shape for x in sequence] == [(5,)] * 4
    batch = [normal(7, 10, seed=i).astype(np.float32) for i in range(4)]
    nn.reset(chain)
    assert [chain(x).shape for x in batch] == [(7, 5)] * 4


def test_functions_are_cells_too():
    weight = normal(4, 4)

    def step(h, x):
        h = np.tanh(h @ weight + x)
        return h, h

    layer = nn.Recur(step, np.zeros(4))
    xs = normal(3, 4)
    assert repr(layer) == "Recur(step)"

    def loss(xs):
        nn.Recur.reset(layer)
        total = 0.0
        for x in xs:
            total = total + np.sum(layer(x))
        return total

    ad.check_gradient(loss, xs)
    with pytest.raises(TypeError, match="needs its first state"):
        nn.Recur(step)


def test_reset_goes_back_to_the_first_state():
    chain = nn.Chain(nn.RNN(3, 2, rng=0), nn.SkipConnection(nn.GRU(2, 2, rng=1), np.add))
    x = normal(4, 3).astype(np.float32)
    first, second = chain(x), chain(x)
    assert (first != second).any()
    assert nn.reset(chain) is chain
    np.testing.assert_array_equal(chain(x), first)


def test_truncate_lets_no_gradient_through():
    layer = nn.Recur(randomise(nn.RNNCell(3, 2, dtype=np.float64)))
    x, y = normal(4, 3), normal(4, 3, seed=1)

    def loss(x, y, cut):
        layer.reset()
        layer(x)
        if cut:
            layer.truncate()
        return np.sum(layer(y) ** 2)

    x_bar, y_bar, _ = ad.gradient(loss, x, y, True)
    assert not x_bar.any()
    full_x, full_y, _ = ad.gradient(loss, x, y, False)
    assert full_x.any()
    np.testing.assert_array_equal(y_bar, full_y)
    before = layer.state
    assert nn.truncate(layer) is layer and layer.state is before


LAYERS = pytest.mark.parametrize("make", [nn.RNN, nn.LSTM, nn.GRU])
CUTS = pytest.mark.parametrize("cut", [nn.reset, nn.truncate])


def in_two(model, xs, cut):
    """A loss over two sequences with a cut between them, that of the whole model or a layer's own."""
    first = np.sum(model(xs[0]) ** 2)
    cut(model)
    return first + np.sum(model(xs[1]) ** 2)


def once(model, x):
    return np.sum(model(x) ** 2)


@LAYERS
@CUTS
@pytest.mark.parametrize("chained", [False, True])
def test_cuts_inside_a_gradient_part_it(make, cut, chained):
    layer = make(3, 2, rng=0, dtype=np.float64)
    dense = nn.Dense(2, 2, rng=1, dtype=np.float64)
    model = nn.Chain(layer, dense) if chained else layer
    inner = (lambda model: getattr(model.layers[0], cut.__name__)()) if chained else cut
    xs = normal(2, 4, 5, 3)
    together = ad.gradient(in_two, model, xs, inner)[0]
    nn.reset(model)
    first = ad.gradient(once, model, xs[0])[0]
    if cut is nn.reset:
        nn.reset(model)
    second = ad.gradient(once, model, xs[1])[0]
    for name in ("input_weight", "hidden_weight", "bias"):
        parts = [
            getattr((g.layers[0] if chained else g).cell, name) for g in (first, second, together)
        ]
        np.testing.assert_allclose(parts[0] + parts[1], parts[2], rtol=1e-10)


class Tower:
    """A model of a user's own, with layers in an attribute and in a list in a dict."""

    def __init__(self):
        self.first = nn.GRU(3, 4, rng=0, dtype=np.float64)
        self.rest = {"top": [nn.LSTM(4, 4, rng=1, dtype=np.float64), np.tanh]}
        self.name, self.count = "tower", 2

    def __call__(self, x):
        return self.rest["top"][1](self.rest["top"][0](self.first(x)))


@CUTS
def test_cuts_of_whole_models_inside_a_gradient(cut):
    """Layers of layers, and of several kinds."""
    settings = {"dtype": np.float64}
    skip = nn.SkipConnection(nn.RNN(4, 4, rng=2, **settings), np.add)
    model = nn.Chain(nn.Chain(Tower(), nn.relu), skip, nn.Dense(4, 2, rng=3, **settings))
    xs = normal(4, 2, 3)

    def loss(model, xs):
        cut(model)
        total = 0.0
        for t in range(4):
            if t == 2:
                cut(model)
            total = total + np.sum(model(xs[t]) ** 2)
        return total

    nn.reset(model)
    together = ad.gradient(loss, model, xs)[0].layers[0].layers[0].rest["top"][0].cell.bias
    nn.reset(model)
    parts = []
    for half in (xs[:2], xs[2:]):
        if cut is nn.reset:
            nn.reset(model)
        g = ad.gradient(lambda m, x: np.sum(m(x[0]) ** 2) + np.sum(m(x[1]) ** 2), model, half)[0]
        parts.append(g.layers[0].layers[0].rest["top"][0].cell.bias)
    np.testing.assert_allclose(parts[0] + parts[1], together, rtol=1e-10)


def test_a_model_that_holds_itself_is_not_reset_for_ever():
    model = nn.Chain(nn.RNN(3, 2))
    model[0].parent = model
    with pytest.raises(ValueError, match="holds itself, by a Chain: call reset"):
        nn.reset(model)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "kinds",
    [(nn.RNN,), (nn.LSTM,), (nn.GRU, nn.GRU), (nn.LSTM, nn.LSTM, nn.LSTM), (nn.RNN, nn.LSTM)],
)
def test_gradients_through_stacked_layers_of_any_kind_and_dtype(kinds, dtype):
    """A state begins in the dtype of the parameters, and goes on in that of x."""
    model = nn.Chain(*[kind(3, 3, rng=i) for i, kind in enumerate(kinds)])
    xs = normal(4, 2, 3).astype(dtype)

    def loss(model, xs):
        return sum([np.sum(model(x) ** 2) for x in xs])

    steps = ad.gradient(loss, model, xs)[0]
    same = nn.Chain(*[nn.Recurrence(layer.cell) for layer in model])
    whole = ad.gradient(lambda m, x: np.sum(m(x) ** 2), same, np.swapaxes(xs, 0, 1))[0]
    for one, other in zip(steps.layers, whole.layers, strict=True):
        for name in ("input_weight", "hidden_weight", "bias"):
            found, wanted = getattr(one.cell, name), getattr(other.cell, name)
            assert found.dtype == np.float32
            np.testing.assert_allclose(found, wanted, rtol=2e-4, atol=1e-6)


def slope(model, x):
    return np.sum(ad.gradient(lambda x: np.sum(model(x) ** 2), x)[0] ** 2)


def by_steps(layer, x):
    total = 0.0
    for t in range(x.shape[1]):
        total = total + np.sum(layer(x[:, t]) ** 2)
    return total


@pytest.mark.parametrize("make", [nn.RNN, nn.LSTM, nn.GRU, nn.GRUv3])
@pytest.mark.parametrize("loss", [once, by_steps])
def test_second_derivatives_through_a_state_are_those_of_recurrence(make, loss):
    """A layer that a function captures, or is given; whole sequences, or step by step."""
    layer, x, v = make(3, 2, rng=0, dtype=np.float64), normal(2, 3, 3), normal(2, 3, 3, seed=1)
    whole = nn.Recurrence(layer.cell)

    def from_the_start(x):
        nn.reset(layer)
        return loss(layer, x)

    expected = ad.hessian(lambda x: once(whole, x), x)
    np.testing.assert_allclose(ad.hessian(from_the_start, x), expected, rtol=1e-9, atol=1e-12)
    nn.reset(layer)
    along = ad.hvp(lambda x: loss(layer, x), x, v)
    np.testing.assert_allclose(along, np.tensordot(expected, v, 3), rtol=1e-9, atol=1e-12)
    names = ("input_weight", "hidden_weight", "bias")
    dots = {name: normal(*getattr(layer.cell, name).shape, seed=2) for name in names}
    nn.reset(layer)
    tangent = ad.Tangent(cell=ad.Tangent(**dots))
    found, wanted = (
        ad.jvp(lambda m, f=f: ad.gradient(f, m, x)[0], (model,), (tangent,))[1].cell
        for f, model in ((loss, layer), (once, whole))
    )
    for name in names:
        np.testing.assert_allclose(
            getattr(found, name), getattr(wanted, name), rtol=1e-9, atol=1e-12
        )


@LAYERS
def test_a_gradient_of_a_gradient_is_refused_through_a_state(make):
    layer, x = make(3, 2, rng=0, dtype=np.float64), normal(2, 3, 3)
    ad.check_gradient(slope, nn.Recurrence(layer.cell), x)
    with pytest.raises(ad.UnsupportedSyntaxError, match="(?s)a gradient of a gradient.*Recurrence"):
        ad.gradient(slope, layer, x)
    with pytest.raises(ValueError, match="gave another value when it was called again"):
        ad.hessian(lambda x: np.sum(layer(x) ** 2), x)


def test_second_derivatives_of_models_that_are_reset():
    double = {"dtype": np.float64}
    model = nn.Chain(nn.LSTM(3, 2, rng=0, **double), nn.Chain(nn.LSTM(2, 2, rng=1, **double)))
    x = normal(2, 4, 3)
    same = nn.Chain(*[nn.Recurrence(layer.cell) for layer in (model[0], model[1][0])])

    def loss(model, x):
        nn.reset(model)
        return np.sum(model(x) ** 2)

    np.testing.assert_allclose(
        ad.hvp(lambda x: loss(model, x), x, x), ad.hvp(lambda x: once(same, x), x, x), rtol=1e-9
    )


def test_the_state_a_gradient_begins_with_is_an_array_like_any_other():
    layer = nn.Recur(randomise(nn.RNNCell(3, 2, dtype=np.float64)))
    layer(normal(4, 3))
    g = ad.gradient(lambda f, x: np.sum(f(x) ** 2), layer, normal(4, 3, seed=1))[0]
    assert g.state.shape == (4, 2)
    cell, state = layer.cell, normal(4, 2)
    ad.check_gradient(lambda h, x: np.sum(cell(h, x)[1] ** 2), state, normal(4, 3))


def test_states_are_no_parameters():
    layer = nn.LSTM(3, 2)
    assert [p.shape for p in ad.params(layer)] == [(3, 8), (2, 8), (8,)]


def test_the_forget_gate_starts_open():
    assert nn.LSTMCell(3, 2).bias.tolist() == [0, 0, 1, 1, 0, 0, 0, 0]
    assert not nn.LSTMCell(3, 2, forget_bias=0.0).bias.any()
    assert nn.LSTMCell(3, 2, bias=False).bias is None
    assert nn.LSTM(3, 2, bias=False)(normal(4, 3)).shape == (4, 2)
    assert repr(nn.GRU(3, 2, bias=False)) == "Recur(GRUCell(3, 2, bias=False))"
    assert repr(nn.Recurrence(nn.GRUv3Cell(3, 2))) == "Recurrence(GRUv3Cell(3, 2))"


@cells
def test_sizes_that_do_not_fit_are_named(make):
    with pytest.raises(nn.SizeMismatch, match=rf"{make.__name__} takes x of shape \(..., 3\)"):
        nn.Recur(make(3, 2))(normal(4, 5))


@cells
def test_the_gradient_of_a_sequence_is_plain_numpy(make):
    x = normal(4, 5, 3).astype(np.float32)
    for layer in (nn.Recurrence(make(3, 2)), nn.Recur(make(3, 2))):
        source = str(ad.source(lambda f, x: np.sum(f(x) ** 2), layer, x))
        assert "apply_rule" not in source


@cells
def test_a_state_or_an_input_without_a_batch_is_that_of_all(make):
    cell = randomise(make(3, 12, dtype=np.float64))  # batches of as many as there are features
    x, h = normal(12, 3), normal(12, 12, seed=1)
    state = (h, h) if make is nn.LSTMCell else h
    first = (h[0], h[0]) if make is nn.LSTMCell else h[0]
    for given, input_, same in [
        (first, x, [cell(first, row)[1] for row in x]),
        (state, x[0], [cell((r, r) if make is nn.LSTMCell else r, x[0])[1] for r in h]),
        (first, x[0], cell(first, x[:1])[1][0]),
    ]:
        y = cell(given, input_)[1]
        np.testing.assert_allclose(y, np.array(same), rtol=1e-13)
    ad.check_gradient(
        lambda cell, h: np.sum(cell((h, h) if make is nn.LSTMCell else h, x)[1] ** 2), cell, h[0]
    )


@cells
def test_a_cell_refuses_sequences(make):
    cell = make(3, 4)
    with pytest.raises(ValueError, match=r"not \(2, 5, 3\); `Recurrence`"):
        cell(cell.initial_state(), np.ones((2, 5, 3), np.float32))
    with pytest.raises(ValueError, match=r"takes a state of shape \(5, 4\), not \(2, 5, 4\)"):
        cell(cell.each(lambda part: np.ones((2, 5, 4)), cell.initial_state()), np.ones((5, 3)))


@cells
def test_one_hot_inputs_take_rows_of_the_weight(make):
    cell, encoded = randomise(make(4, 3, dtype=np.float64)), data.onehot_batch("hello", "helo")
    slopes = [
        ad.gradient(lambda cell: np.sum(nn.Recur(cell)(x) ** 2), cell)[0].input_weight
        for x in (encoded, encoded.dense())
    ]
    np.testing.assert_allclose(*slopes, rtol=1e-12)


def test_the_activation_of_a_cell_sees_batches():
    cell = randomise(nn.RNNCell(3, 4, nn.softmax, dtype=np.float64))
    x = normal(5, 6, 3)
    y = nn.Recurrence(cell)(x)
    np.testing.assert_allclose(np.sum(y, axis=-1), np.ones((5, 6)))
    ad.check_gradient(lambda cell: np.sum(nn.Recurrence(cell)(x) ** 2), cell)


def test_states_that_do_not_fit_are_refused():
    cell, x = nn.LSTMCell(3, 4, rng=0), np.ones((2, 3), np.float32)
    for shape in ((2, 5), (3, 4), (5,)):
        state = np.ones(shape, np.float32), np.ones(shape, np.float32)
        with pytest.raises(nn.SizeMismatch, match=r"LSTMCell takes a state of shape \(2, 4\), not"):
            cell(state, x)
    layer = nn.GRU(3, 4, rng=0)
    layer(x)
    for more in (np.ones((3, 3), np.float32), np.ones((3, 5, 3), np.float32)):
        with pytest.raises(
            nn.SizeMismatch, match=r"GRUCell takes a state of shape \(3, 4\).*nn.reset"
        ):
            layer(more)
    with pytest.raises(nn.SizeMismatch, match=r"Recurrence takes x of shape \(batch, time, in\)"):
        nn.Recurrence(cell)(x)


def by_enumerate(model, xs, ys):
    nn.reset(model)
    total = 0.0
    for i, x in enumerate(xs):
        if i == 2:
            nn.truncate(model)
        total = total + (i + 1) * np.sum(model(x) ** 2)
    return total


def by_zip(model, xs, ys):
    nn.reset(model)
    return sum(np.sum((model(x) - y) ** 2) for x, y in zip(xs, ys))


def by_both(model, xs, ys):
    nn.reset(model)
    total = 0.0
    for i, (x, y) in enumerate(zip(xs, reversed(ys))):
        total = total + (i + 1) * np.sum((model(x) - y) ** 2)
    return total


@pytest.mark.parametrize("f", [by_enumerate, by_zip, by_both])
def test_a_state_may_change_in_loops_over_lists_of_inputs(f):
    model = nn.Chain(nn.LSTM(3, 4, rng=0, dtype=float), nn.Dense(4, 2, rng=1, dtype=float))
    xs, ys = list(normal(4, 3)), list(normal(4, 2, seed=1))

    def by_index(model, xs, ys):
        nn.reset(model)
        total = 0.0
        for i in range(len(xs)):
            if f is by_enumerate:
                if i == 2:
                    nn.truncate(model)
                total = total + (i + 1) * np.sum(model(xs[i]) ** 2)
            elif f is by_zip:
                total = total + np.sum((model(xs[i]) - ys[i]) ** 2)
            else:
                total = total + (i + 1) * np.sum((model(xs[i]) - ys[len(ys) - 1 - i]) ** 2)
        return total

    found, wanted = ad.gradient(f, model, xs, ys), ad.gradient(by_index, model, xs, ys)
    for a, b in zip(ad.params(found), ad.params(wanted), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-14)
    if f is not by_enumerate:  # what is cut is not what differences find
        ad.check_gradient(f, model, xs, ys)


def test_a_list_that_grows_in_such_a_loop_is_still_refused():
    def f(model, xs):
        nn.reset(model)
        total = 0.0
        for i, x in enumerate(xs):
            if i < 2:
                xs.append(x * 2.0)
            total = total + np.sum(model(x) ** 2)
        return total

    with pytest.raises(
        ad.UnsupportedSyntaxError, match="a list changes, ahead of where it is being iterated"
    ):
        ad.gradient(f, nn.LSTM(3, 4, rng=0), list(normal(4, 3)))


def test_objects_that_change_in_such_a_loop_are_still_refused():
    def f(models, x):
        total = 0.0
        for i, model in enumerate(models):
            total = total + (i + 1) * np.sum(model(x) ** 2)
        return total

    with pytest.raises(ad.UnsupportedSyntaxError, match="iterates over may change meanwhile"):
        ad.gradient(f, [nn.RNN(3, 4, rng=0), nn.RNN(3, 4, rng=1)], normal(3))


@pytest.mark.parametrize(
    "pair", [(nn.RNN, nn.LSTM), (nn.LSTM, nn.GRU), (nn.GRUv3, nn.RNN)], ids=str
)
def test_second_derivatives_through_several_kinds(pair):
    first, second = pair[0](2, 3, rng=0, dtype=float), pair[1](3, 2, rng=1, dtype=float)
    model = nn.Chain(first, second)
    same = nn.Chain(nn.Recurrence(first.cell), nn.Recurrence(second.cell))

    def f(x):
        nn.reset(model)
        return np.sum(model(x) ** 2)

    x, v = normal(1, 2, 2), normal(1, 2, 2, seed=1)
    wanted = ad.hessian(lambda x: np.sum(same(x) ** 2), x)
    np.testing.assert_allclose(ad.hessian(f, x), wanted, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(ad.hvp(f, x, v), np.tensordot(wanted, v, 3), rtol=1e-10, atol=1e-12)


def test_stateful_layers_are_shown_as_what_they_are_made_of():
    assert repr(nn.RNN(10, 5)) == "Recur(RNNCell(10, 5, tanh))"
    assert str(nn.Chain(nn.LSTM(2, 3))).splitlines()[1:3] == [
        "  Recur(",
        "    LSTMCell(2, 3),  # 72 parameters",
    ]
    assert isinstance(nn.GRU(2, 3), nn.Recur)
