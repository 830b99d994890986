"""What holds for every rule; formulas; blocks and memory."""

import inspect
import tracemalloc
from typing import Any

import numpy as np
import pytest

import adjoint as ad
from adjoint import optim
from adjoint.optim import rule as memory
from adjoint.optim import setup, update

STEP = {
    name: value
    for name, value in vars(optim).items()
    if inspect.isclass(value) and issubclass(value, optim.UpdateRule) and value.__name__ == name
}
WRAPPERS = {
    "EMA": lambda: optim.EMA(optim.Adam(0.1)),
    "Lookahead": lambda: optim.Lookahead(optim.Adam(0.1), 2),
    "MixedPrecision": lambda: optim.MixedPrecision(optim.Adam(0.1), np.float64),
    "OptimiserChain": lambda: optim.OptimiserChain(optim.WeightDecay(0.1), optim.Momentum(0.1)),
    "Partition": lambda: optim.Partition(lambda x: x.ndim, {2: optim.Adam(0.1), 1: optim.Lion()}),
    "Project": lambda: optim.Project(optim.Adam(0.1), optim.l2_ball(2.0)),
    "ScheduleFree": lambda: optim.ScheduleFree(optim.Descent(0.1)),
    "Scheduler": lambda: optim.Scheduler(optim.Adam(), eta=optim.schedules.Exp(0.1, 0.5)),
    "Monitor": lambda: optim.OptimiserChain(optim.Monitor(norm=optim.global_norm), optim.Adam(0.1)),
    "SkipNotFinite": lambda: optim.SkipNotFinite(optim.Adam(0.1)),
    "UpdateRule": None,
    "AccumGrad": lambda: optim.OptimiserChain(optim.AccumGrad(2), optim.Adam(0.1)),
}
RULES = {name: WRAPPERS.get(name, make) for name, make in STEP.items() if name != "UpdateRule"}
REAL_ONLY = {"Rprop", "LBFGS", "Sophia"}


def test_every_rule_is_here():
    assert len(RULES) == 45 and set(WRAPPERS) <= set(STEP)


def gradients(dtype: Any = np.float64, steps=6, shape=(4, 3)):
    rng = np.random.default_rng(0)
    bars = rng.normal(size=(steps, *shape))
    if np.dtype(dtype).kind == "c":
        bars = bars + 1j * rng.normal(size=(steps, *shape))
    return bars.astype(dtype)


def run(rule, x, x_bars):
    state = setup(rule, [x])
    for x_bar in x_bars:
        update(state, [x], [x_bar], value=1.0, curvature=[x_bar])
    return x


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.complex64, np.complex128])
def test_the_array_stays_its_dtype_and_the_gradient_as_it_is(name, dtype):
    rule, x = RULES[name](), np.ones((4, 3), dtype)
    kept, x_bars = x, gradients(dtype)
    before = x_bars.copy()
    complex_refused = np.dtype(dtype).kind == "c" and name in REAL_ONLY
    if complex_refused or name == "Prodigy" and dtype == np.float16:
        with pytest.raises(TypeError, match=r"has none|is for real arrays|MixedPrecision\(Prodigy"):
            run(rule, x, x_bars)
        return
    run(rule, x, x_bars)
    assert x is kept and x.dtype == dtype and np.isfinite(x).all()
    assert (x != 1).any()
    np.testing.assert_array_equal(x_bars, before)
    for _, leaf in setup(rule, [x]).leaves.items():
        for value in vars(leaf.slot).values():
            if isinstance(value, np.ndarray) and name != "MixedPrecision":
                assert value.dtype == dtype


@pytest.mark.parametrize("name", [n for n in RULES if n not in REAL_ONLY])
def test_a_complex_parameter_is_scaled_by_moduli(name):
    """So that turning everything by an angle turns the result; and a real problem stays what it is."""
    turn = np.exp(0.7j)
    x_bars = gradients(np.complex128)
    start = gradients(np.complex128, 1)[0] + 2
    plain = run(RULES[name](), start.copy(), x_bars)
    turned = run(RULES[name](), start * turn, x_bars * turn)
    # what starts at eps starts at a real number
    np.testing.assert_allclose(turned, plain * turn, rtol=1e-5 if name == "AMSGrad" else 1e-11)
    real = run(RULES[name](), np.real(start).copy(), np.real(x_bars))
    as_complex = run(RULES[name](), np.real(start) + 0j, np.real(x_bars) + 0j)
    np.testing.assert_allclose(as_complex, real, rtol=1e-11)


@pytest.mark.parametrize("name", RULES)
def test_orders_of_memory_do_not_matter(name):
    x_bars = gradients()
    expected = run(RULES[name](), np.ones((4, 3)), x_bars)
    across = np.ones((3, 4)).T
    run(RULES[name](), across, x_bars)
    np.testing.assert_allclose(across, expected, rtol=1e-12)
    view = np.ones((8, 3))[::2]
    run(RULES[name](), view, np.asfortranarray(x_bars))
    np.testing.assert_allclose(view, expected, rtol=1e-12)


@pytest.mark.parametrize("name", RULES)
def test_blocks_do_not_matter(name, monkeypatch):
    x_bars = gradients()
    expected = run(RULES[name](), np.ones((4, 3)), x_bars)
    monkeypatch.setattr("adjoint.optim.state.BLOCK", 5)
    np.testing.assert_array_equal(run(RULES[name](), np.ones((4, 3)), x_bars), expected)


ALLOCATES = {"Adafactor", "AdaptiveClip"}  # vectors, one for each row and column


@pytest.mark.parametrize("name", [n for n in RULES if n not in ALLOCATES])
def test_large_arrays_move_without_making_any(name):
    shape = (600, 500) if name == "Muon" else (3000, 400)
    x, x_bar = np.ones(shape, np.float32), np.full(shape, 0.01, np.float32)
    x_bar[::2] *= -1
    state = setup(RULES[name](), x)
    for _ in range(2):
        update(state, x, x_bar, value=1.0, curvature=x_bar)
    before = x.copy()
    tracemalloc.start()
    for _ in range(2):
        update(state, x, x_bar, value=1.0)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 0.1 * x.nbytes
    assert (x != before).any() or name == "ClipNorm"


@pytest.mark.parametrize("name", ["Adam", "AdamW", "Momentum", "Lion", "RMSProp"])
def test_scratch_is_small_even_for_a_large_array(name):
    memory._pool.__dict__.clear()
    x = np.ones(1_000_000, np.float32)
    update(RULES[name](), x, np.ones_like(x))
    held = sum(buffer.nbytes for buffer in memory._pool.__dict__.values())
    assert 0 < held <= 4 * memory.BLOCK * x.itemsize


def test_two_threads_do_not_share_scratch():
    from concurrent.futures import ThreadPoolExecutor

    def train(seed):
        rng = np.random.default_rng(seed)
        return run(optim.Adam(0.1), rng.normal(size=50_000), rng.normal(size=(20, 50_000)))

    alone = [train(seed) for seed in range(4)]
    with ThreadPoolExecutor(4) as pool:
        for x, expected in zip(pool.map(train, range(4)), alone):
            np.testing.assert_array_equal(x, expected)


# -- formulas that no other library has, literally --------------------------------------------------------


def literally(step, x, x_bars):
    slots = {}
    for t, g in enumerate(x_bars, start=1):
        x = x - step(slots, t, x, g)
    return x


def amsgrad(slots, t, x, g):
    m, v, u = (slots.get(name, 1e-8) for name in "mvu")
    m, v = 0.8 * m + 0.2 * g, 0.95 * v + 0.05 * g**2
    u = np.maximum(u, v)
    slots.update(m=m, v=v, u=u)
    return 0.1 * m / (np.sqrt(u) + 1e-8)


def adan(slots, t, x, g):
    m, v, n, before = (slots.get(name, 0.0) for name in ("m", "v", "n", "before"))
    d = g - before if t > 1 else 0 * g
    m, v, n = 0.9 * m + 0.1 * g, 0.8 * v + 0.2 * d, 0.95 * n + 0.05 * (g + 0.8 * d) ** 2
    slots.update(m=m, v=v, n=n, before=g)
    m, v, n = m / (1 - 0.9**t), v / (1 - 0.8**t), n / (1 - 0.95**t)
    return x - (x - 0.1 * (m + 0.8 * v) / (np.sqrt(n) + 1e-8)) / (1 + 0.1 * 0.3)


FORMULAS = [
    (optim.AMSGrad(0.1, (0.8, 0.95)), amsgrad),
    (optim.Adan(0.1, (0.9, 0.8, 0.95), decay=0.3), adan),
    (optim.SignDecay(0.3), lambda slots, t, x, g: g + 0.3 * np.sign(x)),
    (
        optim.OptimiserChain(optim.Descent(0.5), optim.InvDecay(0.2)),
        lambda slots, t, x, g: 0.5 * g / (1 + 0.2 * t),
    ),
    (
        optim.ExpDecay(0.5, 0.5, 2, 0.2),
        lambda slots, t, x, g: {1: 0.5, 2: 0.25, 3: 0.25}.get(t, 0.2) * g,
    ),
    (
        optim.ExpDecay(0.5, 0.5, 2, 0.01, start_at=3),
        lambda slots, t, x, g: {4: 0.25, 5: 0.25, 6: 0.125}.get(t, 0.5) * g,
    ),
    (optim.ClipNorm(1.0, 1), lambda slots, t, x, g: g / np.abs(g).sum()),
]


@pytest.mark.parametrize(("rule", "step"), FORMULAS, ids=[repr(rule) for rule, _ in FORMULAS])
def test_a_formula(rule, step):
    start = np.random.default_rng(1).normal(size=(4, 3))
    expected = literally(step, start.copy(), gradients())
    np.testing.assert_allclose(run(rule, start, gradients()), expected, rtol=1e-12)


def test_radam_with_a_short_memory_is_momentum_for_ever():
    """With β₂ = 0.6, ρ∞ is 4: the variance is never known."""
    x, m = np.zeros(3), np.zeros(3)
    rule, expected = optim.RAdam(0.1, (0.5, 0.6)), np.zeros(3)
    for t, g in enumerate(gradients(shape=(3,)), 1):
        update(rule, x, g)
        m = 0.5 * m + 0.5 * g
        expected -= 0.1 * m / (1 - 0.5**t)
    np.testing.assert_allclose(x, expected, rtol=1e-12)


def test_lion_is_that_of_the_paper_where_flux_has_it_the_other_way_round():
    x, rule = np.zeros(1), optim.Lion(1.0, (0.5, 0.9))
    update(rule, x, np.array([10.0]))  # m = 1
    update(
        rule, x, np.array([-0.5])
    )  # sign(0.5 - 0.25), not that of 0.9 - 0.05, which is the same …
    assert x.item() == -2
    update(rule, x, np.array([-0.9]))  # m = 0.85: 0.425 - 0.45 < 0; with β₂ = 0.9: 0.765 - 0.09 > 0
    assert x.item() == -1


# -- clipping, precision ----------------------------------------------------------------------------------


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("rule", [optim.ClipNorm(1.0), optim.ClipGlobalNorm(1.0)])
def test_norms_that_are_not_finite_are_refused(rule, bad):
    x = np.ones(2)
    with pytest.raises(ad.NonFiniteError, match="norm"):
        update(optim.OptimiserChain(rule, optim.Descent()), x, np.array([1.0, bad]))
    np.testing.assert_array_equal(x, 1)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_a_norm_whose_square_overflows_is_clipped(dtype):
    large = float(np.finfo(dtype).max) / 4
    x = np.zeros(2, dtype)
    rule = optim.OptimiserChain(optim.ClipNorm(1.0), optim.Descent(1.0))
    update(rule, x, np.array([large, -large], dtype))
    np.testing.assert_allclose(x, [-(0.5**0.5), 0.5**0.5], rtol=2e-3)


def test_half_precision_keeps_an_eps():
    x = np.ones(3, np.float16)
    for rule in (optim.Adam(0.1), optim.RMSProp(0.1), optim.AdaMax(0.1)):
        update(rule, x, np.zeros(3, np.float16))
    np.testing.assert_array_equal(x, 1)


def test_small_steps_are_not_lost_in_mixed_precision():
    plain, mixed = np.ones(1, np.float16), np.ones(1, np.float16)
    rule = optim.MixedPrecision(optim.Descent(1e-4))
    for _ in range(100):
        update(optim.Descent(1e-4), plain, np.ones(1, np.float16))
        update(rule, mixed, np.ones(1, np.float16))
    assert plain.item() == 1
    assert mixed.item() == np.float16(0.99)


def test_muon_hands_what_is_no_matrix_to_another_rule():
    xs, ys = [np.ones((3, 2)), np.ones(3)], np.ones(3)
    muon, adam = optim.Muon(), optim.Adam()
    for bar in (np.arange(3.0), np.ones(3)):
        update(muon, xs, [np.eye(3, 2), bar])
        update(adam, ys, bar)
    np.testing.assert_array_equal(xs[1], ys)
    assert (xs[0] != 1).any()


# -- state, names -----------------------------------------------------------------------------------------


def test_hyperparameters_may_change_between_steps():
    x, rule = np.zeros(2), optim.Descent(1.0)
    update(rule, x, np.ones(2))
    rule.eta = 0.25
    update(rule, x, np.ones(2))
    np.testing.assert_array_equal(x, -1.25)


def test_rules_print_as_they_are_built():
    assert repr(optim.Descent(0.5)) == "Descent(eta=0.5)"
    assert repr(optim.Adam()) == "Adam(eta=0.001, beta=(0.9, 0.999), eps=1e-08)"
    assert repr(optim.EMA(optim.Descent(), 0.5)) == "EMA(rule=Descent(eta=0.1), decay=0.5)"
    chain = optim.Scheduler(optim.Descent(), eta=optim.schedules.Exp(1, 0.5))
    assert repr(chain) == "Scheduler(Descent(eta=1.0), eta=Exp(start=1, decay=0.5))"


def test_old_names():
    assert optim.ADAM is optim.Adam and optim.Optimiser is optim.OptimiserChain
    assert set(optim.__all__) <= set(vars(optim))
