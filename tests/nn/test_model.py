import json
import os
import struct

import numpy as np
import pytest

import adjoint as ad
from adjoint import nn

pytest.importorskip("safetensors", reason="saves models: pip install safetensors")


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def make(seed=0, dtype=np.float64):
    rng = np.random.default_rng(seed)
    return nn.Chain(
        nn.Dense(4, 3, np.tanh, rng=rng, dtype=dtype),
        nn.BatchNorm(3, dtype=dtype),
        nn.SkipConnection(nn.Dense(3, 3, rng=rng, dtype=dtype), np.add),
        nn.Dropout(0.5, rng=rng),
        np.sin,
    )


NAMES = [
    "layers.0.weight", "layers.0.bias", "layers.1.scale", "layers.1.bias",
    "layers.1.running_mean", "layers.1.running_var", "layers.2.layer.weight", "layers.2.layer.bias",
]  # fmt: skip


def tied():
    encoder, decoder = (
        nn.Dense(3, 3, rng=0, dtype=np.float64),
        nn.Dense(3, 3, rng=1, dtype=np.float64),
    )
    decoder.weight = encoder.weight
    return nn.Chain(encoder, np.tanh, decoder)


# -- walking ----------------------------------------------------------------------------------------------


def test_state_has_every_array_by_name():
    model = make()
    state = nn.state(model)
    assert list(state) == NAMES
    state["layers.0.weight"][:] = 7  # a copy
    assert not (model[0].weight == 7).any()


def test_trainable_arrays_are_those_that_params_finds():
    model = make()
    found = nn.trainable(model)
    assert list(found) == [n for n in NAMES if "running" not in n]
    assert all(a is p for a, p in zip(found.values(), ad.params(model), strict=True))
    assert list(nn.trainable(tied())) == ["layers.0.weight", "layers.0.bias", "layers.2.bias"]


def test_modules_come_each_once_outer_ones_first():
    model = make()
    found = list(nn.modules(model))
    assert found[0] is model and model[2].layer in found
    assert len({id(m) for m in found}) == len(found)
    shared = nn.Dense(3, 3)
    assert list(nn.modules([shared, {"again": shared}])) == [shared]


def test_models_that_refer_to_themselves_come_to_an_end():
    class Ring:
        def __init__(self):
            self.weight = np.ones(2)
            self.back = [self]

    ring = Ring()
    assert list(nn.state(ring)) == ["weight"]
    assert list(nn.modules(ring)) == [ring]


def test_models_of_plain_classes_and_containers():
    class Affine:
        def __init__(self):
            self.W, self.notes, self.count = np.ones((2, 3)), "text", 3

    assert list(nn.state({"a": Affine(), "b": [np.zeros(2), 5, None]})) == ["a.W", "b.0"]


# -- modes ------------------------------------------------------------------------------------------------


def test_modes_are_set_in_every_layer():
    model = make()
    assert nn.test_mode(model) is model
    x = normal(5, 4)
    np.testing.assert_array_equal(model(x), model(x))
    mean = model[1].running_mean
    model(x)
    assert model[1].running_mean is mean
    nn.train_mode(model)
    assert (model(x) != model(x)).any()
    assert model[1].running_mean is not mean


def test_frozen_layers_are_not_trained():
    model = make()
    assert nn.freeze(model[:2]) is not None
    assert list(nn.trainable(model)) == ["layers.2.layer.weight", "layers.2.layer.bias"]
    assert "Dense(4, 3, tanh),\n" in repr(model)
    nn.freeze(model)
    assert not nn.trainable(model)
    nn.thaw(model)
    assert len(nn.trainable(model)) == 6
    norm = nn.freeze(nn.WeightNorm(nn.Dense(2, 2)))
    assert not nn.trainable(norm)


# -- state ------------------------------------------------------------------------------------------------


def test_state_goes_into_another_model_in_place():
    model, other = make(0), make(1)
    kept = other[0].weight
    assert nn.load_state(other, nn.state(model)) is other
    assert other[0].weight is kept
    for name, array in nn.state(other).items():
        np.testing.assert_array_equal(array, nn.state(model)[name])
    single = nn.load_state(make(2, np.float32), nn.state(model))
    assert single[0].weight.dtype == np.float32
    np.testing.assert_array_equal(single[0].weight, model[0].weight.astype(np.float32))


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [  # noqa: E501
        (lambda s: s.pop("layers.0.bias"), KeyError, "there is nothing for layers.0.bias"),
        (lambda s: s.update(extra=np.ones(2)), KeyError, "no array is called extra"),
        (lambda s: s.update({"layers.0.bias": np.ones(2)}), nn.SizeMismatch, r"layers.0.bias has shape \(3,\), in the state \(2,\)"),  # noqa: E501
        (lambda s: s.update({"layers.0.bias": np.ones(3) * 1j}), ValueError, "layers.0.bias is real"),
    ],
)  # fmt: skip
def test_a_state_that_does_not_fit_changes_nothing(change, error, message):
    model, before = make(1), nn.state(make(1))
    state = nn.state(make(0))
    change(state)
    with pytest.raises(error, match=message):
        nn.load_state(model, state)
    for name, array in nn.state(model).items():
        np.testing.assert_array_equal(array, before[name])


def test_a_part_of_a_state_may_be_loaded():
    model = make(0)
    nn.load_state(model, {"layers.0.bias": [1, 2, 3]}, partial=True)
    assert model[0].bias.tolist() == [1, 2, 3]


def test_shared_arrays_have_one_value():
    model, state = tied(), nn.state(tied())
    assert "layers.2.weight" in state
    for name in ("layers.0.weight", "layers.2.weight"):
        state[name] = np.full((3, 3), 2.0)
    nn.load_state(model, state)
    assert model[2].weight is model[0].weight and (model[0].weight == 2).all()
    state["layers.2.weight"] = np.ones((3, 3))
    with pytest.raises(ValueError, match=r"layers.0.weight and layers.2.weight are one array"):
        nn.load_state(model, state)


def test_the_state_between_calls_is_no_part_of_a_model():
    model = nn.LSTM(3, 2)
    before = list(nn.state(model))
    model(normal(4, 3))
    assert (
        list(nn.state(model)) == before == ["cell.input_weight", "cell.hidden_weight", "cell.bias"]
    )


def test_conversion_to_another_dtype_is_a_copy_that_shares_what_was_shared():
    model = tied()
    single = nn.to_dtype(model, np.float32)
    assert {a.dtype for a in nn.state(single).values()} == {np.dtype(np.float32)}
    assert single[0].weight is single[2].weight and model[0].weight.dtype == np.float64
    x = normal(5, 3)
    np.testing.assert_allclose(single(x.astype(np.float32)), model(x), rtol=1e-5)
    doubled = nn.map_arrays(lambda a: 2 * a, model)
    np.testing.assert_array_equal(doubled[2].bias, 2 * model[2].bias)


# -- looking inside ---------------------------------------------------------------------------------------


def test_activations_are_the_outputs_of_all_layers():
    model, x = nn.test_mode(make()), normal(5, 4)
    outputs = nn.activations(model, x)
    for i, y in enumerate(outputs):
        np.testing.assert_array_equal(y, model[: i + 1](x))
    ad.check_gradient(lambda x: sum(np.sum(y**2) for y in nn.activations(model, x)), x)


def test_output_sizes_are_found_without_touching_the_model():
    model = nn.Chain(
        nn.Conv((5, 5), 1, 6, nn.relu, pad=2), nn.MaxPool((2, 2)), nn.BatchNorm(6), nn.flatten,
        nn.Dense(6 * 14 * 14, 10),
    )  # fmt: skip
    before = nn.state(model)
    assert nn.output_size(model, (64, 1, 28, 28)) == (64, 10)
    assert nn.output_size(model[:2], (1, 1, 28, 28)) == (1, 6, 14, 14)
    assert model[2].training
    for name, array in nn.state(model).items():
        np.testing.assert_array_equal(array, before[name])
    with pytest.raises(
        nn.SizeMismatch, match=r"Dense takes x of shape \(..., 1176\), not \(64, 600\)"
    ):
        nn.output_size(model, (64, 1, 20, 20))
    attention = nn.MultiHeadAttention(8, heads=2)
    assert nn.output_size(attention, (3, 5, 8)) == ((3, 5, 8), (3, 2, 5, 5))
    assert nn.output_size(nn.Embedding(5, 3), (4, 2), dtype=int) == (4, 2, 3)


# -- vectors ----------------------------------------------------------------------------------------------


def test_a_model_is_a_vector_and_back():
    model, x = nn.test_mode(make()), normal(5, 4)
    v, rebuild = nn.destructure(model)
    assert v.shape == (15 + 6 + 12,) and v.dtype == np.float64
    np.testing.assert_array_equal(v[:12], model[0].weight.ravel())
    twin = rebuild(v)
    np.testing.assert_array_equal(twin(x), model(x))
    assert twin[0].weight is not model[0].weight
    moved = rebuild(v + 1)
    np.testing.assert_array_equal(moved[2].layer.bias, model[2].layer.bias + 1)
    with pytest.raises(ValueError, match=r"33 parameters, the vector shape \(4,\)"):
        rebuild(np.ones(4))
    assert repr(rebuild) == "<rebuild Chain from 33 parameters>"


def test_gradients_pass_through_rebuilding():
    model, x = nn.test_mode(make()), normal(5, 4)
    v, rebuild = nn.destructure(model)
    ad.check_gradient(lambda v: np.sum(rebuild(v)(x) ** 2), v)
    g = ad.gradient(lambda m: np.sum(m(x) ** 2), model)[0]
    v_bar = ad.gradient(lambda v: np.sum(rebuild(v)(x) ** 2), v)[0]
    np.testing.assert_allclose(v_bar[:12], g.layers[0].weight.ravel())
    np.testing.assert_allclose(v_bar[-3:], g.layers[2].layer.bias)


def test_hessians_pass_through_rebuilding():
    """Forward over reverse, where a vector's tangent becomes a model's."""
    for model in (
        nn.Chain(nn.Dense(3, 2, np.tanh, rng=0, dtype=np.float64), nn.RMSNorm(2)),
        tied(),
    ):
        v, rebuild = nn.destructure(model)
        x = normal(5, model[0].weight.shape[0])
        ad.check_gradient(lambda v: np.sum(rebuild(v)(x) ** 2), v, order=2)
        H = ad.hessian(lambda v: np.sum(rebuild(v)(x) ** 2), v)
        by_rows = ad.jacrev(lambda v: ad.gradient(lambda v: np.sum(rebuild(v)(x) ** 2), v)[0])(v)
        np.testing.assert_allclose(H, by_rows, rtol=1e-10, atol=1e-12)
        assert ad.jvp(rebuild, (v,), (v,))[1].layers[0].weight.shape == model[0].weight.shape


def test_gradients_pass_through_destructuring():
    model = nn.Chain(nn.Dense(3, 2, rng=0, dtype=np.float64))
    w = normal(8)
    g = ad.gradient(lambda m: np.sum(w * nn.destructure(m)[0] ** 2), model)[0]
    expected = 2 * w * nn.destructure(model)[0]
    np.testing.assert_allclose(g.layers[0].weight.ravel(), expected[:6])
    np.testing.assert_allclose(g.layers[0].bias, expected[6:])


def test_shared_arrays_stand_in_the_vector_once():
    model, x = tied(), normal(5, 3)
    v, rebuild = nn.destructure(model)
    assert v.size == 9 + 3 + 3
    twin = rebuild(v)
    assert twin[0].weight is twin[2].weight
    ad.check_gradient(lambda v: np.sum(rebuild(v)(x) ** 2), v)


# -- on disk ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_models_are_saved_and_loaded(tmp_path, dtype):
    model = make(0, dtype)
    path = nn.save(tmp_path / "model.safetensors", model)
    assert list(tmp_path.iterdir()) == [path]
    other = nn.load(path, make(1, dtype))
    for name, array in nn.state(other).items():
        np.testing.assert_array_equal(array, nn.state(model)[name])
        assert array.dtype == dtype


def test_files_hold_names_and_numbers(tmp_path):
    path = nn.save(tmp_path / "m", nn.Dense(3, 2, rng=0))
    data = path.read_bytes()
    header = json.loads(data[8 : 8 + struct.unpack("<Q", data[:8])[0]])
    assert header["__metadata__"] == {"format": "adjoint"}
    assert header["weight"]["shape"] == [3, 2] and header["weight"]["dtype"] == "F32"


def test_a_file_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    path = nn.save(tmp_path / "m", make(0))
    before = path.read_bytes()

    def broken(*args):
        raise OSError("no space")

    monkeypatch.setattr(os, "replace", broken)
    with pytest.raises(OSError, match="no space"):
        nn.save(path, make(1))
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]


def test_files_that_do_not_fit_are_refused(tmp_path):
    path = nn.save(tmp_path / "m", nn.Dense(3, 2))
    with pytest.raises(nn.SizeMismatch, match="weight has shape"):
        nn.load(path, nn.Dense(4, 2))
    with pytest.raises(ValueError, match="weight is complex"):
        nn.save(tmp_path / "c", nn.Dense(3, 2, dtype=complex))
    assert list(tmp_path.iterdir()) == [path]


def test_without_safetensors_an_error_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "safetensors.numpy", None)
    with pytest.raises(ImportError, match=r"pip install adjoint-ad\[save\]"):
        nn.save(tmp_path / "m", nn.Dense(3, 2))


def test_modules_are_objects_and_not_the_functions_of_numpy():
    model = nn.Chain(nn.Dense(3, 2, np.tanh), np.sin)
    assert list(nn.modules(model)) == [model, model[0]]


class Affine:
    def __init__(self):
        self.weight = np.ones((3, 2))

    def __call__(self, x):
        return x @ self.weight


def test_an_object_of_ones_own_is_shown_by_its_class():
    assert str(nn.Chain(Affine(), np.tanh)) == (
        "Chain(\n"
        "  Affine(),  # 6 parameters\n"
        "  tanh,\n"
        ")            # total: 1 array, 6 parameters, 48 bytes"
    )
