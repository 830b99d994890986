import math

import optax
import pytest

import adjoint.optim as optim
from adjoint.optim import schedules as s

# Ours count from 1, Optax from 0.
AGAINST_OPTAX = [
    (s.Constant(0.3), optax.constant_schedule(0.3)),
    (s.Linear(1.0, 0.2, 7), optax.linear_schedule(1.0, 0.2, 7)),
    (s.Exp(0.5, 0.9), optax.exponential_decay(0.5, 1, 0.9)),
    (s.Step(0.5, 0.9, 4), optax.exponential_decay(0.5, 4, 0.9, staircase=True)),
    (s.Poly(0.5, 2, 10), optax.polynomial_schedule(0.5, 0.0, 2, 10)),
    (s.Cosine(0.5, 0.1, 10), optax.cosine_decay_schedule(0.5, 10, 0.2)),
    (s.OneCycle(20, 1.0), optax.cosine_onecycle_schedule(20, 1.0, 0.25, 25, 4e3)),
    (s.warmup_constant(0.1, 1.0, 4), optax.warmup_constant_schedule(0.1, 1.0, 4)),
    (
        s.warmup_cosine(0.1, 1.0, 4, 15, 0.05),
        optax.warmup_cosine_decay_schedule(0.1, 1.0, 4, 15, 0.05),
    ),
    (
        s.warmup_exponential(0.1, 1.0, 4, 0.8),
        optax.warmup_exponential_decay_schedule(0.1, 1.0, 4, 1, 0.8),
    ),
    (
        s.PiecewiseConstant([1.0, 0.5, 0.1], [3, 7]),
        optax.piecewise_constant_schedule(1.0, {3: 0.5, 7: 0.2}),
    ),
    (
        s.PiecewiseLinear([1.0, 0.5, 0.1], [0, 3, 7]),
        optax.piecewise_interpolate_schedule("linear", 1.0, {3: 0.5, 7: 0.2}),
    ),
    (
        s.PiecewiseCosine([1.0, 0.5, 0.1], [0, 3, 7]),
        optax.piecewise_interpolate_schedule("cosine", 1.0, {3: 0.5, 7: 0.2}),
    ),
    (
        s.sgdr(
            [
                {"start": 0.1, "peak": 1.0, "warmup": 2, "steps": 6, "end": 0.2},
                {"start": 0.2, "peak": 0.5, "warmup": 3, "steps": 30},
            ]
        ),
        optax.sgdr_schedule(
            [
                {
                    "init_value": 0.1,
                    "peak_value": 1.0,
                    "warmup_steps": 2,
                    "decay_steps": 6,
                    "end_value": 0.2,
                },
                {"init_value": 0.2, "peak_value": 0.5, "warmup_steps": 3, "decay_steps": 30},
            ]
        ),
    ),
    (
        s.Sequence([s.Constant(1.0), s.Exp(0.5, 0.5), s.Linear(0.0, 1.0, 3)], [3, 4]),
        optax.join_schedules(
            [
                optax.constant_schedule(1.0),
                optax.exponential_decay(0.5, 1, 0.5),
                optax.linear_schedule(0.0, 1.0, 3),
            ],
            [3, 7],
        ),
    ),
]


@pytest.mark.parametrize(("ours", "theirs"), AGAINST_OPTAX, ids=lambda x: type(x).__name__)
def test_values_are_those_of_optax(ours, theirs):
    for t in range(1, 26):
        assert ours(t) == pytest.approx(float(theirs(t - 1)), rel=2e-5, abs=1e-6), t


def sin(t, period):
    return abs(math.sin(math.pi * (t - 1) / period))


def triangle(t, period):
    return 2 / math.pi * abs(math.asin(math.sin(math.pi * (t - 1) / period)))


FORMULAS = [
    (s.Step(1.0, 0.5, [2, 3, 1]), lambda t: 0.5 ** sum(t > n for n in (2, 5, 6))),
    (s.Inv(2.0, 0.3, 2), lambda t: 2.0 / (1 + 0.3 * (t - 1)) ** 2),
    (s.Triangle(0.2, 1.2, 6), lambda t: 0.2 + triangle(t, 6)),
    (s.Triangle(1.2, 0.2, 6), lambda t: 0.2 + triangle(t, 6)),
    (s.TriangleDecay2(0.2, 1.2, 6), lambda t: 0.2 + triangle(t, 6) / 2 ** ((t - 1) // 6)),
    (s.TriangleExp(0.2, 1.2, 6, 0.9), lambda t: 0.2 + triangle(t, 6) * 0.9 ** (t - 1)),
    (s.Sin(0.2, 1.2, 6), lambda t: 0.2 + sin(t, 6)),
    (s.SinDecay2(0.2, 1.2, 6), lambda t: 0.2 + sin(t, 6) / 2 ** ((t - 1) // 6)),
    (s.SinExp(0.2, 1.2, 6, 0.9), lambda t: 0.2 + sin(t, 6) * 0.9 ** (t - 1)),
    (
        s.CosAnneal(0.2, 1.2, 6),
        lambda t: 0.2 + (1 + math.cos(math.pi * ((t - 1) % 6) / 6)) / 2,
    ),
    (
        s.CosAnneal(1.2, 0.2, 6, restart=False),
        lambda t: 0.2 + (1 + math.cos(math.pi * (t - 1) / 6)) / 2,
    ),
    (s.Loop(s.Exp(1.0, 0.5), 3), lambda t: 0.5 ** ((t - 1) % 3)),
    (s.Interpolator(s.Linear(0.0, 1.0, 4), 2), lambda t: min((t / 2 - 1) / 4, 1.0)),
    (s.Shifted(s.Exp(1.0, 0.5), 3), lambda t: 0.5 ** (t + 1)),
    (
        s.ComposedSchedule(s.Sin, 0.0, s.Exp(1.0, 0.9), 6),
        lambda t: sin(t, 6) * 0.9 ** (t - 1),
    ),
]


@pytest.mark.parametrize(("schedule", "formula"), FORMULAS, ids=lambda x: type(x).__name__)
def test_values_are_those_of_the_formula(schedule, formula):
    for t in range(1, 26):
        assert schedule(t) == pytest.approx(formula(t), rel=1e-12, abs=1e-14), t


def test_one_cycle_begins_and_ends_where_it_says():
    cycle = s.OneCycle(40, 1.0, start=0.1, end=0.01)
    assert (cycle(1), cycle(11), cycle(41)) == (pytest.approx(0.1), 1.0, pytest.approx(0.01))


def test_a_shortened_schedule_ends():
    short = s.Shortened(s.Exp(1.0, 0.5), 3)
    assert list(short) == [1.0, 0.5, 0.25] and short(3) == 0.25
    with pytest.raises(IndexError, match="step 4 of a schedule of 3"):
        short(4)


def test_a_sequence_needs_its_lengths():
    with pytest.raises(ValueError, match="the last one none: there are 3"):
        s.Sequence([s.Constant(1.0), s.Constant(2.0)], [1, 2, 3])


def test_a_stateful_schedule_goes_on_when_told():
    schedule = s.Stateful(s.Exp(1.0, 0.5), advance=lambda loss: loss < 1)
    assert [schedule.next(loss) for loss in (2.0, 0.5, 2.0, 0.5, 0.5)] == [1, 1, 0.5, 0.5, 0.25]
    schedule.reset()
    assert schedule.next(0) == 1


def test_a_scheduler_refuses_what_the_rule_has_not():
    with pytest.raises(TypeError, match="no hyperparameter 'rho'; it has eta"):
        optim.Scheduler(optim.Descent(), rho=s.Constant(0.1))
