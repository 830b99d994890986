"""Each rule makes, step by step, the steps of PyTorch or Optax on the same gradients."""

import functools
import math
from importlib import import_module
from typing import Any

import numpy as np
import pytest

from adjoint import optim
from adjoint.optim import schedules

jax: Any = import_module("jax")
optax: Any = import_module("optax")
contrib: Any = import_module("optax.contrib")
torch: Any = import_module("torch")

STEPS = 12


def begin():
    rng = np.random.default_rng(1)
    return [rng.normal(size=(4, 3)), rng.normal(size=5), np.array(0.5)]


def gradients():
    """Of each step, one per array; they change sign, and they are of different sizes."""
    rng = np.random.default_rng(2)
    return [
        [rng.normal(size=(4, 3)) + 0.3, 10 * rng.normal(size=5), np.array(rng.normal())]
        for _ in range(STEPS)
    ]


def ours(rule, show=None):
    """The arrays behind each step."""
    xs = begin()
    state = optim.setup(rule, xs)
    for bars in gradients():
        optim.update(state, xs, bars)
        if show is None:
            yield [x.copy() for x in xs]
        else:
            with show(state, xs):
                yield [x.copy() for x in xs]


def with_torch(make):
    xs = [torch.tensor(x, requires_grad=True) for x in begin()]
    rule = make(xs)
    for bars in gradients():
        for x, bar in zip(xs, bars):
            x.grad = torch.tensor(bar)
        rule.step()
        yield [x.detach().numpy().copy() for x in xs]


def with_optax(rule, show=None):
    with jax.enable_x64(True):
        xs = [jax.numpy.asarray(x) for x in begin()]
        state = rule.init(xs)

        @jax.jit
        def step(bars, state, xs):
            updates, state = rule.update(bars, state, xs)
            return optax.apply_updates(xs, updates), state

        for bars in gradients():
            xs, state = step(bars, state, xs)
            yield [np.asarray(x) for x in (xs if show is None else show(state, xs))]


def torched(make, **options):
    return lambda: with_torch(lambda xs: make(xs, **options))


def optaxed(make, *args, **options):
    return lambda: with_optax(make(*args, **options))


def in_order(*rules):
    return lambda: with_optax(optax.chain(*rules))


T, BETA = torch.optim, {"betas": (0.8, 0.95)}
DESCENT = optim.Descent(0.1)
SINGLE = 1e-5  # Optax computes such factors in single precision
CASES = {
    "Descent": (DESCENT, torched(T.SGD, lr=0.1)),
    "Momentum": (optim.Momentum(0.1, 0.8), torched(T.SGD, lr=0.1, momentum=0.8)),
    "Nesterov": (
        optim.Nesterov(0.1, 0.8),
        torched(T.SGD, lr=0.1, momentum=0.8, nesterov=True),
    ),
    "Rprop": (
        optim.Rprop(0.01, (0.4, 1.3), (1e-3, 0.02)),
        torched(T.Rprop, lr=0.01, etas=(0.4, 1.3), step_sizes=(1e-3, 0.02)),
    ),
    "RMSProp": (optim.RMSProp(0.1, 0.8, 1e-3), torched(T.RMSprop, lr=0.1, alpha=0.8, eps=1e-3)),
    "RMSProp, centred": (
        optim.RMSProp(0.1, 0.8, 1e-3, centred=True),
        torched(T.RMSprop, lr=0.1, alpha=0.8, eps=1e-3, centered=True),
    ),
    "AdaGrad": (
        optim.AdaGrad(0.1, 1e-2),
        torched(T.Adagrad, lr=0.1, initial_accumulator_value=1e-2, eps=1e-2),
    ),
    "AdaDelta": (optim.AdaDelta(0.8, 1e-3), torched(T.Adadelta, lr=1.0, rho=0.8, eps=1e-3)),
    "Adam": (optim.Adam(0.1, (0.8, 0.95), 1e-3), torched(T.Adam, lr=0.1, eps=1e-3, **BETA)),
    "Adam's defaults": (optim.Adam(), torched(T.Adam)),
    "Adam, Optax": (
        optim.Adam(0.1, (0.8, 0.95), 1e-3),
        optaxed(optax.adam, 0.1, 0.8, 0.95, 1e-3),
    ),
    "AdamW": (
        optim.AdamW(0.1, (0.8, 0.95), decay=0.3),
        torched(T.AdamW, lr=0.1, weight_decay=0.3, **BETA),
    ),
    "AdamW, uncoupled": (
        optim.AdamW(0.1, (0.8, 0.95), decay=0.3, couple=False),
        in_order(
            optax.scale_by_adam(0.8, 0.95), optax.scale(-0.1), optax.add_decayed_weights(-0.3)
        ),
    ),
    "AdaMax": (
        optim.AdaMax(0.1, (0.8, 0.95), 1e-15),
        torched(T.Adamax, lr=0.1, eps=1e-15, **BETA),
    ),
    "NAdam": (  # Optax leaves a factor β₂ of the paper out
        optim.NAdam(0.1, (0.8, 0.95), 1e-15),
        optaxed(optax.nadam, 0.1 / math.sqrt(0.95), 0.8, 0.95, 1e-15),
    ),
    "RAdam": (
        optim.RAdam(0.1, (0.8, 0.95)),
        optaxed(optax.radam, 0.1, 0.8, 0.95, threshold=4.0),
    ),
    "OAdam": (
        optim.OAdam(0.1, (0.5, 0.9)),
        lambda: a_first_step_ahead(
            in_order(
                optax.scale_by_adam(0.5, 0.9),
                optax.scale_by_optimistic_gradient(),
                optax.scale(-0.1),
            )
        ),
    ),
    "AdaBelief": (
        optim.AdaBelief(0.1, (0.8, 0.95), 1e-14),
        in_order(optax.scale_by_belief(0.8, 0.95, eps=1e-14, eps_root=1e-14), optax.scale(-0.1)),
    ),
    "Adan": (  # Optax has 1 - β₂ for β₂ in two places
        optim.Adan(0.1, (0.9, 0.5, 0.95)),
        optaxed(optax.adan, 0.1, 0.9, 0.5, 0.95, eps_root=0.0),
    ),
    "Lion": (optim.Lion(0.1, (0.8, 0.95)), optaxed(optax.lion, 0.1, 0.8, 0.95, weight_decay=0.0)),
    "LARS": (
        optim.LARS(0.1, 0.8, 0.3, 0.01),
        optaxed(optax.lars, 0.1, 0.3, trust_coefficient=0.01, momentum=0.8),
    ),
    "LAMB": (
        optim.LAMB(0.1, (0.8, 0.95), decay=0.3),
        optaxed(optax.lamb, 0.1, 0.8, 0.95, 1e-6, weight_decay=0.3),
    ),
    "Adafactor": (
        optim.Adafactor(0.1, decay=0.3),
        torched(T.Adafactor, lr=0.1, weight_decay=0.3),
    ),
    "Prodigy": (
        optim.Prodigy(0.5, (0.8, 0.95), d0=1e-2, decay=0.1),
        optaxed(contrib.prodigy, 0.5, (0.8, 0.95), estim_lr0=1e-2, weight_decay=0.1),
    ),
    "L-BFGS": (optim.LBFGS(0.5, 4), lambda: with_lbfgs_of_torch(0.5, 4)),
    "WeightDecay": (
        optim.OptimiserChain(optim.WeightDecay(0.3), optim.Adam(0.1)),
        torched(T.Adam, lr=0.1, weight_decay=0.3),
    ),
    "ClipGrad": (
        optim.OptimiserChain(optim.ClipGrad(0.5), DESCENT),
        in_order(optax.clip(0.5), optax.sgd(0.1)),
    ),
    "ClipNorm": (
        optim.OptimiserChain(optim.ClipNorm(2.0), DESCENT),
        lambda: with_torch(functools.partial(Clipped, norm=2.0)),
        1e-5,  # PyTorch adds as much to the norm
    ),
    "ClipGlobalNorm": (
        optim.OptimiserChain(optim.ClipGlobalNorm(2.0), optim.Adam(0.1)),
        in_order(optax.clip_by_global_norm(2.0), optax.adam(0.1)),
    ),
    "ClipRMS": (
        optim.OptimiserChain(optim.ClipRMS(0.7), DESCENT),
        in_order(optax.clip_by_block_rms(0.7), optax.sgd(0.1)),
    ),
    "AdaptiveClip": (
        optim.OptimiserChain(optim.AdaptiveClip(0.2), DESCENT),
        in_order(optax.adaptive_grad_clip(0.2), optax.sgd(0.1)),
    ),
    "AccumGrad": (
        optim.OptimiserChain(optim.AccumGrad(3), optim.Adam(0.1)),
        lambda: with_optax(optax.MultiSteps(optax.adam(0.1), 3)),
        SINGLE,
    ),
    "AccumGrad, then the global norm": (
        optim.OptimiserChain(optim.AccumGrad(3), optim.ClipGlobalNorm(2.0), optim.Adam(0.1)),
        lambda: with_optax(
            optax.MultiSteps(optax.chain(optax.clip_by_global_norm(2.0), optax.adam(0.1)), 3)
        ),
        SINGLE,
    ),
    "Scheduler": (
        optim.Scheduler(optim.Adam(), eta=schedules.Exp(0.1, 0.7)),
        optaxed(optax.adam, optax.exponential_decay(0.1, 1, 0.7)),
        SINGLE,
    ),
    "Partition": (
        optim.Partition(lambda x: x.ndim, {0: None, 1: DESCENT, 2: optim.Adam(0.1)}),
        optaxed(
            optax.partition,
            {"a": optax.adam(0.1), "b": optax.sgd(0.1), "c": optax.set_to_zero()},
            ["a", "b", "c"],
        ),
    ),
    "Lookahead": (optim.Lookahead(optim.Adam(0.1), 3, 0.4), lambda: with_lookahead(3, 0.4)),
    "Project": (
        optim.Project(DESCENT, optim.box(0.0)),
        in_order(optax.sgd(0.1), optax.keep_params_nonnegative()),
    ),
}


def a_first_step_ahead(theirs):
    """We, as Flux, count the step before the first as zero, Optax as equal to the first."""
    first = None
    for xs in theirs():
        first = first or [x - start for x, start in zip(xs, begin())]
        yield [x + step for x, step in zip(xs, first)]


class Clipped:
    """PyTorch's descent of gradients whose norms are clipped array by array."""

    def __init__(self, xs, norm):
        self.xs, self.norm, self.rule = xs, norm, torch.optim.SGD(xs, lr=0.1)

    def step(self):
        for x in self.xs:
            torch.nn.utils.clip_grad_norm_([x], self.norm)
        self.rule.step()


def with_lbfgs_of_torch(eta, memory):
    """PyTorch scales its first step by eta and 1/‖x̄‖₁ as well."""
    xs = [torch.tensor(x, requires_grad=True) for x in begin()]
    rule = torch.optim.LBFGS(xs, lr=eta, max_iter=1, history_size=memory, tolerance_grad=0)
    for bars in gradients():

        def closure(bars=bars):
            for x, bar in zip(xs, bars):
                x.grad = torch.tensor(bar)
            return torch.tensor(1.0)

        rule.step(closure)
        yield [x.detach().numpy().copy() for x in xs]


def with_lookahead(period, alpha):
    rule = optax.lookahead(optax.adam(0.1), period, alpha)
    with jax.enable_x64(True):
        params = optax.LookaheadParams.init_synced([jax.numpy.asarray(x) for x in begin()])
        state = rule.init(params)
        for bars in gradients():
            updates, state = rule.update(bars, state, params)
            params = optax.apply_updates(params, updates)
            yield [np.asarray(x) for x in params.fast]


@pytest.mark.parametrize("name", CASES)
def test_steps_are_those_of_another_library(name):
    rule, theirs, *rtol = CASES[name]
    compare(ours(rule), theirs(), rtol=rtol[0] if rtol else 1e-9)


def compare(ours, theirs, **tolerance):
    tolerance["atol"] = tolerance["rtol"] / 10
    count = 0
    for xs, expected in zip(ours, theirs, strict=True):
        count += 1
        for x, other in zip(xs, expected, strict=True):
            np.testing.assert_allclose(x, other, err_msg=f"step {count}", **tolerance)
    assert count == STEPS
    for x, start in zip(xs[:2], begin()):
        assert np.abs(x - start).max() > 1e-3, "nothing moved"


def test_descent_free_of_schedules():
    """What the model holds, and what is evaluated."""
    base = optax.sgd(0.1)
    theirs = contrib.schedule_free(base, 0.1, b1=0.8)
    rule = optim.ScheduleFree(DESCENT, 0.8)
    compare(ours(rule), with_optax(theirs), rtol=1e-9)
    rule = optim.ScheduleFree(DESCENT, 0.8)
    shown = with_optax(theirs, contrib.schedule_free_eval_params)
    compare(ours(rule, optim.averaged), shown, rtol=1e-9)


def test_adam_free_of_schedules_whose_eta_warms_up():
    eta = optax.linear_schedule(0.0, 0.1, 5)
    base = optax.scale_by_learning_rate(eta)
    theirs = contrib.schedule_free(
        optax.chain(optax.scale_by_adam(0.0, 0.95), optax.add_decayed_weights(0.1), base),
        lambda count: eta(count - 1),
    )
    rule = optim.Scheduler(
        optim.AdamW(beta=(0.0, 0.95), decay=0.1), eta=schedules.Linear(0.0, 0.1, 5)
    )
    compare(ours(optim.ScheduleFree(rule)), with_optax(theirs), rtol=SINGLE)


def test_moving_averages():
    def averages(rule, xs):
        theirs = optax.ema(0.7)
        with jax.enable_x64(True):
            state = theirs.init(begin())
            for x in xs:
                shown, state = theirs.update(x, state)
                yield [np.asarray(a) for a in shown]

    plain = list(ours(optim.Adam(0.1)))
    compare(ours(optim.EMA(optim.Adam(0.1), 0.7), optim.averaged), averages(0.7, plain), rtol=1e-9)
    compare(ours(optim.EMA(optim.Adam(0.1), 0.7)), plain, rtol=0)


@pytest.mark.parametrize("nesterov", [False, True])
def test_muon(nesterov):
    """PyTorch works with 8 binary digits in between, and holds weights (out, in)."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(4, 9))
    other = torch.tensor(x.T.copy(), requires_grad=True)
    rule = optim.Muon(0.1, 0.9, nesterov, decay=0.2)
    theirs = torch.optim.Muon([other], 0.1, 0.2, 0.9, nesterov)
    for _ in range(STEPS):
        x_bar = rng.normal(size=(4, 9))
        optim.update(rule, x, x_bar)
        other.grad = torch.tensor(x_bar.T.copy())
        theirs.step()
        np.testing.assert_allclose(x, other.detach().numpy().T, atol=0.03)
        x[...] = other.detach().numpy().T


@pytest.mark.parametrize("shape", [(4, 9), (9, 4), (5, 5), (1, 3)])
def test_orthogonalised_steps_of_muon(shape):
    from adjoint.optim.layerwise import orthogonalise

    x = np.random.default_rng(0).normal(size=shape)
    with jax.enable_x64(True):
        expected = contrib._muon.orthogonalize_via_newton_schulz(
            jax.numpy.asarray(x), jax.numpy.asarray([3.4445, -4.7750, 2.0315]), eps=1e-7
        )
    orthogonalise(x)
    np.testing.assert_allclose(x, expected, rtol=1e-9, atol=1e-12)
    assert (np.linalg.svd(x, compute_uv=False) > 0.6).all()


def test_skipping_what_is_not_finite():
    """Optax gives up by applying the update; that is where we raise."""
    xs, rule = begin(), optim.SkipNotFinite(optim.Adam(0.1))
    with jax.enable_x64(True):
        theirs = optax.apply_if_finite(optax.adam(0.1), 5)
        others = [jax.numpy.asarray(x) for x in begin()]
        state = theirs.init(others)
        for count, bars in enumerate(gradients()):
            if count % 4 == 1:
                bars[1][2] = (np.nan, np.inf)[count % 8 == 1]
            optim.update(rule, xs, bars)
            updates, state = theirs.update(bars, state, others)
            others = optax.apply_updates(others, updates)
            for x, other in zip(xs, others):
                np.testing.assert_allclose(x, other, rtol=1e-9)


def test_steps_of_polyak():
    """On a loss that is what it is, with its gradient."""
    xs, rule = begin(), optim.Polyak(0.4, least=0.5)
    with jax.enable_x64(True):
        theirs, others = optax.polyak_sgd(0.4, f_min=0.5), [jax.numpy.asarray(x) for x in begin()]
        state = theirs.init(others)
        for _ in range(STEPS):
            value = 0.5 + sum(np.sum(x**4) for x in xs)
            optim.update(rule, xs, [4 * x**3 for x in xs], value=value)
            bars = [4 * x**3 for x in others]
            updates, state = theirs.update(bars, state, others, value=jax.numpy.asarray(value))
            others = optax.apply_updates(others, updates)
            for x, other in zip(xs, others):
                np.testing.assert_allclose(x, other, rtol=1e-9)
    with pytest.raises(TypeError, match="value=loss"):
        optim.update(rule, xs, xs)


SETS = [
    (optim.box(-0.2, 0.3), lambda x: optax.projections.projection_box(x, -0.2, 0.3)),
    (optim.box(0.0), optax.projections.projection_non_negative),
    (optim.simplex(1.5), lambda x: optax.projections.projection_simplex(x, 1.5)),
    (optim.l1_ball(0.8), lambda x: optax.projections.projection_l1_ball(x, 0.8)),
    (optim.l2_ball(0.8), lambda x: optax.projections.projection_l2_ball(x, 0.8)),
    (optim.linf_ball(0.8), lambda x: optax.projections.projection_linf_ball(x, 0.8)),
]


@pytest.mark.parametrize(("onto", "theirs"), SETS)
@pytest.mark.parametrize("scale", [1e-3, 1.0, 30.0])
def test_nearest_points(onto, theirs, scale):
    x = scale * np.random.default_rng(0).normal(size=7)
    with jax.enable_x64(True):
        expected = np.asarray(theirs(jax.numpy.asarray(x)))
    np.testing.assert_allclose(onto(x), expected, rtol=1e-9, atol=1e-15)
    np.testing.assert_allclose(onto(onto(x)), onto(x), rtol=1e-9)
