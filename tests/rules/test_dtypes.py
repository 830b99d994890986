"""All rules, computed from the table: what precision, memory layout, empty and one-element axes, integers
and subclasses of arrays do to them."""

import collections
import contextlib
import warnings

import numpy as np
import pytest

import adjoint as ad
from adjoint.cache import use_options
from adjoint.rules import registry
from adjoint.rules.dispatch import apply_rule as apply
from adjoint.rules.pushing import push_rule
from adjoint.testing.cases import name_of
from adjoint.testing.leaves import cotangents, is_floating, leaves, with_leaves
from adjoint.testing.rules import (
    apply_rule,
    parts_of,
    random_cotangent,
    random_of,
    settled,
    tangent_of,
    tangent_tree,
    underived_leaves,
)
from adjoint.tree import project
from tests.rules.test_completeness import all_cases


def some_cases(count):
    """The first few cases of each function that has a rule of its own."""
    seen = collections.Counter()
    for case in all_cases():
        declared = registry.lookup(case.function)
        seen[case.function] += 1
        if declared.kind in ("rule", "partials") and seen[case.function] <= count:
            yield case


def arrays_of(operands):
    found = [leaf for _, leaf in leaves(operands) if isinstance(leaf, np.ndarray | np.inexact)]
    return [leaf for leaf in found if is_floating(leaf)]


# What NumPy or SciPy computes in one precision only, and so its derivative.
DOUBLE = {
    "adjoint.rules.polynomials.quotient",  # by np.linalg.solve
    "scipy.integrate._quadrature.simpson",
    "scipy.signal._signaltools.lfilter",
    "scipy.signal._signaltools.convolve",
    "scipy.signal._signaltools.correlate",
    "adjoint.rules.scipy.stats_continuous.density",
    "adjoint.rules.scipy.stats_continuous.distribution",
    "adjoint.rules.scipy.stats_continuous.log_density",
    "np.struve",  # in some versions of SciPy
    "np.modstruve",
    "np.lib.stride_tricks.as_strided",  # whose strides are in bytes
}


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.longdouble])
def test_the_precision_of_cotangents(dtype):
    """Operands and result of one precision have cotangents of it, before they are projected."""
    real, pair = np.dtype(dtype), np.result_type(dtype, np.complex64)
    allowed = {real, pair} | ({np.dtype(np.float32)} if real.itemsize == 2 else set())
    checked = set()
    for case in some_cases(3):
        operands = case.operands(dtype)
        flat = (*operands[0], *operands[1].values())
        kinds = {leaf.dtype for leaf in arrays_of(flat)}
        name = name_of(case.function)
        if not kinds or not kinds <= allowed or name in DOUBLE:
            continue
        if dtype is np.float16 and not from_numpy(case.function):  # SciPy computes in float32
            continue
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            try:
                y, back = apply_rule(case.function, *operands)
            except Exception:  # NumPy or SciPy has no such function of this dtype
                continue
            if not {np.asarray(x).dtype for _, x in leaves(y) if is_floating(x)} <= allowed:
                continue
            raw = back(random_cotangent(y, random_of(case)))
        for operand, bar in zip(flat, raw, strict=True):
            for (_, leaf), each in zip(leaves(operand), cotangents(operand, bar), strict=True):
                if isinstance(each, np.ndarray) and getattr(leaf, "dtype", None) in allowed:
                    assert each.dtype in allowed, (case, each.dtype)
        checked.add(case.function)
    assert len(checked) > 200


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.longdouble])
def test_the_precision_of_tangents(dtype):
    """A tangent is of the dtype of its value, whatever NumPy or SciPy makes of the operands."""
    checked = set()
    for case in some_cases(1):
        args, kwargs = case.operands(dtype)
        if name_of(case.function) in BY_LAYOUT or not arrays_of(args):
            continue
        random, fixed = random_of(case), underived_leaves(case.function, args, {})
        own = [
            tangent_of(leaf, random) if is_floating(leaf) and i not in fixed else None
            for i, (_, leaf) in enumerate(leaves(args))
        ]
        if all(v is None for v in own):
            continue
        dots = [tangent_tree(a, p) for a, p in zip(args, parts_of(args, own), strict=True)]
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            try:
                case.function(*args, **kwargs)
            except Exception:  # NumPy or SciPy has no such function of this dtype
                continue
            try:
                y, y_dot = push_rule(
                    case.function, (None, *dots, dict.fromkeys(kwargs)), *args, **kwargs
                )
            except (
                TypeError
            ) as error:  # SciPy computes in another precision, which numpy.linalg refuses
                assert "is unsupported in linalg" in str(error)
                assert dtype is not np.float32
                continue
        y, y_dot = settled(y), settled(y_dot)
        for (_, leaf), dot in zip(leaves(y), cotangents(y, y_dot), strict=True):
            if dot is not None and is_floating(leaf) and isinstance(leaf, np.ndarray | np.generic):
                assert np.asarray(dot).dtype == leaf.dtype, case
        checked.add(case.function)
    assert len(checked) > 350


def from_numpy(function):
    if isinstance(function, np.ufunc):
        return getattr(np, function.__name__, None) is function
    return name_of(function).startswith(("np.", "ndarray."))


def fortran(a):
    return np.asfortranarray(a)


def strided(a):
    wide = np.zeros(tuple(2 * n for n in a.shape), a.dtype)
    wide[tuple(slice(None, None, 2) for _ in a.shape)] = a
    return wide[tuple(slice(None, None, 2) for _ in a.shape)]


def reversed_twice(a):
    return np.flip(np.flip(a).copy())


BY_LAYOUT = {"np.lib.stride_tricks.as_strided", "ndarray.view", "adjoint.rules.views.viewed_back"}


@pytest.mark.parametrize("laid", [fortran, strided, reversed_twice])
def test_the_layout_of_operands_makes_no_difference(laid):
    checked = set()
    for case in some_cases(2):
        args, kwargs = case.operands()
        own = [leaf for _, leaf in leaves(args)]
        arrays = [isinstance(leaf, np.ndarray) and leaf.ndim > 0 for leaf in own]
        if not any(arrays) or name_of(case.function) in BY_LAYOUT:
            continue
        other = with_leaves(args, [laid(x) if a else x for x, a in zip(own, arrays, strict=True)])
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            y, back = apply_rule(case.function, args, kwargs)
            z, back_laid = apply_rule(case.function, other, kwargs)
        if not same_numbers(y, z):  # in the order of memory: order="K"
            continue
        y_bar = random_cotangent(y, random_of(case))
        bars, bars_laid = back(y_bar), back_laid(y_bar)
        for arg, bar, bar_laid in zip(args, bars, bars_laid, strict=False):
            pairs = zip(cotangents(arg, bar), cotangents(arg, bar_laid), strict=True)
            for a, b in pairs:
                assert (a is None) == (b is None), case
                if a is not None:
                    np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-9, err_msg=str(case))
        checked.add(case.function)
    assert len(checked) > 350


def same_numbers(y, z):
    a, b = ([np.asarray(leaf) for _, leaf in leaves(value)] for value in (y, z))
    return len(a) == len(b) and all(
        p.shape == q.shape and np.allclose(p, q, equal_nan=True)
        for p, q in zip(a, b, strict=True)
        if p.dtype.kind in "biufc"
    )


ELEMENTWISE = [
    function
    for function, declared in registry.table().items()
    if isinstance(function, np.ufunc)
    and declared.kind == "partials"
    and function.nout == 1
    and not declared.underived
    and (function.nin == 1 or getattr(np, function.__name__, None) is function)
]
SHAPES = [(), (0,), (1,), (0, 3), (2, 1, 3)]
WHOLE = np.array([3, 1, 2])


@pytest.mark.parametrize("function", ELEMENTWISE, ids=lambda f: f.__name__)
def test_elementwise_functions_of_any_shape_and_of_integers(function):
    with np.errstate(all="ignore"):
        for shape in SHAPES:
            found = bars_of(function, [np.full(shape, 0.5)] * function.nin)
            if found is not None:
                assert all(bar is None or bar.shape == shape for bar in found)
        found = bars_of(function, [WHOLE] * function.nin)
        if found is None or function(*[WHOLE] * function.nin).dtype.kind != "f":
            return
        expected = bars_of(function, [WHOLE.astype(float)] * function.nin)
        if expected is None:  # it takes integers alone
            return
        for bar, wanted in zip(found, expected, strict=True):
            if wanted is not None:
                assert bar.dtype == np.float64
                np.testing.assert_allclose(bar, wanted, rtol=1e-12)


def bars_of(function, operands):
    """The projected cotangents, by the rule as it is found at run time; None if NumPy refuses."""
    try:
        y = function(*operands)
    except (TypeError, ValueError):
        return None
    _, pullback = apply(function, tuple(range(len(operands))), *operands)
    bars = pullback(np.ones_like(y, dtype=np.result_type(y, np.float16)))[1:-1]
    return [
        None if b is None else np.asarray(project(b, x))
        for b, x in zip(bars, operands, strict=True)
    ]


class Sub(np.ndarray):
    """A subclass that could mean anything by its operations."""


def masked(a):
    return np.ma.masked_array(a, mask=np.arange(a.size).reshape(a.shape) == 0)


def subclassed(a):
    return a.view(Sub)


@pytest.mark.parametrize("made", [masked, subclassed])
def test_subclasses_of_arrays_are_refused(made):
    """By every rule that takes an array first, in the one way that there is to call it."""
    accepted, checked = [], 0
    for case in some_cases(1):
        args, kwargs = case.operands()
        first = args[0] if args else None
        if not isinstance(first, np.ndarray) or first.ndim == 0 or not is_floating(first):
            continue
        if name_of(case.function).startswith("adjoint."):  # what programs do not call
            continue
        checked += 1
        with contextlib.suppress(ad.AdjointError), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            y, _ = apply(case.function, (0,), made(first), *args[1:], **kwargs)
            if not same_numbers(y, case.function(*args, **kwargs)):  # SciPy takes the data alone
                accepted.append(name_of(case.function))
    assert checked > 150
    assert not accepted


def test_a_matrix_is_refused():
    functions = [lambda x: np.sum(x * x), lambda x: np.trace(x @ x), lambda x: np.linalg.det(x)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        A = np.matrix([[1.0, 2.0], [3.0, 4.0]])
        for f in functions:
            with pytest.raises(ad.AdjointError):
                ad.gradient(f, A)


def test_a_single_precision_number_that_becomes_pythons():
    """The cotangent of `np.sum(x)` is a float of single precision, though that of `float(…)` is not."""
    x = np.array([1.0, 2.0], dtype=np.float32)
    for f in (lambda x, s: float(np.sum(x * s)), lambda x, s: np.sum(x).item() * s):
        for options in ({}, {"optimise": False}, {"templates": False}, {"typed": False}):
            with use_options(**options):
                assert ad.gradient(f, x, 0.5)[0].dtype == np.float32
    assert isinstance(ad.gradient(lambda x: float(x) * 2, np.float32(3.0))[0], np.float32)
