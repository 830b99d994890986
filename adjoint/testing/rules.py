"""Is a rule right? Its text is run as it stands and held against the function itself."""

from __future__ import annotations

import copy
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from adjoint.rules import registry
from adjoint.rules.missing import underived_name
from adjoint.testing.cases import Case, name_of
from adjoint.testing.differences import along, moved
from adjoint.testing.leaves import (
    cotangents,
    inner,
    is_floating,
    is_number,
    leaves,
    replaced,
    with_leaves,
)
from adjoint.tree import cotangent_dtype, project

SINGLE = (np.dtype(np.float32), np.dtype(np.complex64))
DOUBLE = (np.dtype(np.float64), np.dtype(np.complex128))


class RuleError(AssertionError):
    """A rule does not give the derivative of its function, or breaks the contract of rules."""


# -- running a rule -------------------------------------------------------------------------------


def apply_rule(function: Any, args: tuple, kwargs: dict[str, Any]) -> tuple[Any, Callable]:
    """`(y, pullback)` by the declared rule; `pullback` returns a list, a cotangent per operand:
    the positional ones, then the keywords in their order.
    """
    declared = registry.lookup(function)
    if declared is None:
        raise RuleError(f"no rule is declared for {name_of(function)}")
    if declared.kind == "partials":
        return _apply_partials(function, declared.text, args, kwargs)
    if declared.kind != "rule":
        raise RuleError(f"{name_of(function)} is declared as {declared.kind}: it has no pullback")
    y, pullback = declared.text(*args, **kwargs)
    code = declared.text.__code__
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    limit = max(len(names), len(args))

    def back(y_bar: Any) -> list[Any]:
        bars = pullback(y_bar)
        bars = bars if isinstance(bars, tuple) else (bars,)
        if len(bars) > limit:
            raise RuleError(f"{len(bars)} cotangents for {limit} parameters")
        bars += (None,) * (limit - len(bars))
        named = [bars[names.index(name)] if name in names else None for name in kwargs]
        return [*bars[: len(args)], *named]

    return y, back


def _apply_partials(
    function: Any, text: Callable, args: tuple, kwargs: dict[str, Any]
) -> tuple[Any, Callable]:
    y = function(*args, **kwargs)
    partials = text(*args, y)
    partials = partials if isinstance(partials, tuple) else (partials,)
    if len(partials) != len(args):
        raise RuleError(f"{len(partials)} partial derivatives for {len(args)} arguments")

    def back(y_bar: Any) -> list[Any]:
        bars = [None if p is None else y_bar * conjugated(p) for p in partials]
        return [*bars, *[None] * len(kwargs)]

    return y, back


def conjugated(partial: Any) -> Any:
    return np.conjugate(partial) if np.iscomplexobj(partial) else partial


def settled(value: Any) -> Any:
    """Iterators as the lists that adjoint makes of them."""
    return list(value) if isinstance(value, Iterator) else value


# -- the check ------------------------------------------------------------------------------------


def check_rule(case: Case) -> None:
    """Raise `RuleError` unless the rule of the case's function is right at the case's operands.

    The value is that of the function, bit for bit; the pullback agrees with finite differences, may
    be called twice and changes neither operands nor y_bar; cotangents have the shape and the
    floating dtype of their operands; what is declared linear is; the forward derivative agrees.
    """
    try:
        _check_rule(case)
    except RuleError as error:
        error.add_note(f"in the case {case}")
        raise


def _check_rule(case: Case) -> None:
    declared = registry.lookup(case.function)
    if declared is None:
        raise RuleError(f"no rule is declared for {name_of(case.function)}")
    if declared.kind == "constant":
        _check_constant(case)
    elif declared.kind == "source":
        _check_source(case, declared.text)
    else:
        check_pullback(case)
        check_linear(case, declared.linear)
        check_jvp(case)
        if case.float32:
            check_single_precision(case)


def check_pullback(case: Case) -> None:
    args, kwargs = case.operands()
    operands = (*args, *kwargs.values())
    random = random_of(case)
    before = copy.deepcopy(operands)
    expected = settled(case.function(*copy.deepcopy(args), **copy.deepcopy(kwargs)))
    y, back = apply_rule(case.function, args, kwargs)
    _require(same(y, expected), f"the value is {y!r}, of the function itself {expected!r}")
    _require(same(operands, before), "the rule changes its operands")

    y_bar = random_cotangent(y, random)
    y_bar_before = copy.deepcopy(y_bar)
    first = copy.deepcopy(projected(operands, back(y_bar)))
    _require(same(operands, before), "the pullback changes the operands")
    _require(same(y_bar, y_bar_before), "the pullback changes y_bar")
    second = projected(operands, back(y_bar))
    _require(same(first, second), "the pullback gives something else when it is called again")

    fixed = underived_leaves(case.function, args, kwargs)
    for position, ((path, leaf), bar) in enumerate(zip(leaves(operands), first, strict=True)):
        if not is_floating(leaf) or position in fixed:
            continue
        v = tangent_of(leaf, random)
        differences = along(_moving(case, args, kwargs, position, v))
        by_difference = sum(
            inner(each, d) for each, d in zip(cotangents(y, y_bar), differences, strict=True)
        )
        by_rule = inner(bar, v)
        scale = 1.0 + abs(by_difference) + abs(by_rule)
        _require(
            abs(by_difference - by_rule) <= case.tolerance * scale,
            f"operand {path}: the cotangent gives {by_rule:.12g} along a random direction, finite "
            f"differences give {by_difference:.12g}",
        )


def check_linear(case: Case, names: tuple[str, ...]) -> None:
    """What is declared linear in an argument gives its derivative when it is given the tangent."""
    if not names:
        return
    args, kwargs = case.operands()
    random = random_of(case)
    text = registry.lookup(case.function).text  # type: ignore[union-attr]
    code = text.__code__
    for name in names:
        _require(name in code.co_varnames[: code.co_argcount], f"linear in {name}, no parameter")
        index = code.co_varnames.index(name)
        if index >= len(args):
            continue
        leaf_count = len(leaves(args[:index]))
        own = leaves(args[index])
        if not own or not all(is_floating(leaf) for _, leaf in own):
            continue
        vs = [tangent_of(leaf, random) for _, leaf in own]
        differences = None
        for offset, v in enumerate(vs):
            each = along(_moving(case, args, kwargs, leaf_count + offset, v))
            differences = each if differences is None else _added(differences, each)
        tangent_args = (*args[:index], with_leaves(args[index], vs), *args[index + 1 :])
        direct = [leaf for _, leaf in leaves(case.function(*tangent_args, **kwargs))]
        for a, b in zip(direct, differences or [], strict=True):
            close = np.allclose(a, b, rtol=case.tolerance * 10, atol=case.tolerance * 10)
            _require(close, f"it is declared linear in {name} and is not")


def check_jvp(case: Case) -> None:
    """The forward derivative agrees with the pullback: ⟨y_bar, y_dot⟩ = ⟨x_bar, x_dot⟩.

    That of every rule is derived from its declaration; the pullback agrees with differences. It is
    computed twice: by the compiler, for operands of known types, and as at run time.
    """
    import adjoint
    from adjoint.rules.pushing import push_rule

    args, kwargs = case.operands()
    random = random_of(case)
    fixed = underived_leaves(case.function, args, {})
    own = [
        tangent_of(leaf, random) if is_floating(leaf) and i not in fixed else None
        for i, (_, leaf) in enumerate(leaves(args))
    ]
    if all(v is None for v in own):
        return
    held = underived_operands(case.function, args, {})
    moving = [any(v is not None for v in part) for part in parts_of(args, own)]
    free = [i for i in range(len(args)) if not held or moving[i]]
    dots = tuple([tangent_tree(arg, iter_of) for arg, iter_of in zip(args, parts_of(args, own))])
    expected = settled(case.function(*copy.deepcopy(args), **copy.deepcopy(kwargs)))
    y_bar = random_cotangent(expected, random)
    _, back = apply_rule(case.function, *case.operands())
    bars = projected((*args, *kwargs.values()), back(y_bar))
    by_pullback = sum(inner(bar, v) for bar, v in zip(bars, own, strict=False))

    def call(*xs: Any) -> Any:
        return case.function(*xs, **kwargs)

    if held:  # what moves stands together, in all cases
        constant = copy.deepcopy(args)
        first, behind = constant[: free[0]], constant[free[-1] + 1 :]

        def call(*xs: Any) -> Any:
            return case.function(*first, *xs, *behind, **kwargs)

    given = copy.deepcopy(tuple([args[i] for i in free]))
    compiled = adjoint.jvp(call, given, tuple([dots[i] for i in free]))
    nothing = dict.fromkeys(kwargs)
    along = [dot if i in free else None for i, dot in enumerate(dots)]
    at_run_time = push_rule(case.function, (None, *along, nothing), *case.operands()[0], **kwargs)
    for way, (y, y_dot) in (("compiled", compiled), ("at run time", at_run_time)):
        y, y_dot = settled(y), settled(y_dot)
        _require(
            same(y, expected), f"{way}, the value of the forward rule is {y!r}, not {expected!r}"
        )
        for leaf, dot in zip([x for _, x in leaves(y)], cotangents(y, y_dot), strict=True):
            found = np.shape(leaf) if dot is None else np.asarray(dot).shape
            fits = found == np.shape(leaf)
            _require(fits, f"{way}, a tangent has shape {found}, its value {np.shape(leaf)}")
        pairs = zip(cotangents(y, y_bar), cotangents(y, y_dot), strict=True)
        forward = sum(inner(b, d) for b, d in pairs)
        scale = 1.0 + abs(forward) + abs(by_pullback)
        _require(
            abs(forward - by_pullback) <= 1e-8 * scale,
            f"{way}, the forward derivative gives {forward:.12g} along a random direction, the "
            f"pullback {by_pullback:.12g}",
        )


def parts_of(args: tuple, own: list[Any]) -> list[list[Any]]:
    """The tangents of the leaves of each argument."""
    rest = iter(own)
    return [[next(rest) for _ in leaves(arg)] for arg in args]


def tangent_tree(arg: Any, own: list[Any]) -> Any:
    """The tangents of an argument's leaves in the form of the argument; None if there is none."""
    return with_leaves(arg, own) if any(v is not None for v in own) else None


def check_single_precision(case: Case) -> None:
    """With float32 operands: a float32 result has float32 cotangents, nearly those of float64."""
    args, kwargs = case.operands(np.float32)
    operands = (*args, *kwargs.values())
    arrays = [leaf for _, leaf in leaves(operands) if isinstance(leaf, np.ndarray | np.inexact)]
    if not any(array.dtype in SINGLE for array in arrays):
        return
    y, back = apply_rule(case.function, args, kwargs)
    _require(same(y, settled(case.function(*args, **kwargs))), "the value differs in float32")
    y_bar = random_cotangent(y, random_of(case))
    raw = back(y_bar)
    bars = projected(operands, raw)
    wide_args, wide_kwargs = case.operands()
    wide_y, wide_back = apply_rule(case.function, wide_args, wide_kwargs)
    wide_y_bar = with_leaves(wide_y, [_widened(bar) for bar in cotangents(y, y_bar)])
    wide_bars = projected((*wide_args, *wide_kwargs.values()), wide_back(wide_y_bar))
    single = all(np.asarray(leaf).dtype in SINGLE for _, leaf in leaves(y)) and not case.wide
    raws = [bar for arg, bar in zip(operands, raw, strict=True) for bar in cotangents(arg, bar)]
    for (path, leaf), bar, wide, each in zip(leaves(operands), bars, wide_bars, raws, strict=True):
        if bar is None or not isinstance(leaf, np.ndarray | np.inexact):
            continue
        if single and isinstance(each, np.ndarray) and leaf.dtype in SINGLE:
            _require(
                each.dtype not in DOUBLE,
                f"operand {path} is of {leaf.dtype}, its cotangent before projection {each.dtype}",
            )
        size = 1 + np.max(np.abs(wide), initial=0)
        close = np.allclose(bar, wide, rtol=2e-3, atol=2e-3 * size)
        _require(close, f"operand {path}: in float32 the cotangent is {bar!r}, not {wide!r}")


def projected(operands: tuple, bars: list[Any]) -> list[Any]:
    """The cotangents of the leaves of the operands, projected; raises if one does not fit."""
    found = []
    for arg, bar in zip(operands, bars, strict=True):
        for (path, leaf), leaf_bar in zip(leaves(arg), cotangents(arg, bar), strict=True):
            if leaf_bar is None:
                found.append(None)
                continue
            try:
                fitted = project(leaf_bar, leaf)
            except (ValueError, TypeError) as error:
                raise RuleError(
                    f"a cotangent of shape {np.shape(leaf_bar)} does not fit the operand{path} of "
                    f"shape {np.shape(leaf)}: {error}"
                ) from error
            _require(
                np.shape(fitted) == np.shape(leaf),
                f"a cotangent has shape {np.shape(fitted)}, its operand {np.shape(leaf)}",
            )
            dtype = cotangent_dtype(np.asarray(leaf).dtype)
            _require(
                np.asarray(fitted).dtype == dtype or np.ndim(leaf) == 0 and is_floating(fitted),
                f"a cotangent is of {np.asarray(fitted).dtype}, its operand asks for {dtype}",
            )
            found.append(fitted)
    return found


# -- constants and definitions in Python ----------------------------------------------------------


def _check_constant(case: Case) -> None:
    """A small step of a real operand leaves the value as it is."""
    args, kwargs = case.operands()
    random = random_of(case)
    expected = settled(case.function(*args, **kwargs))
    for position, (path, leaf) in enumerate(leaves(args)):
        if is_floating(leaf):
            v = tangent_of(leaf, random)
            stepped = case.function(*moved(args, position, v, 1e-7), **kwargs)
            _require(
                same(settled(stepped), expected), f"it is declared constant, but {path} matters"
            )


def _check_source(case: Case, text: Callable) -> None:
    """The definition gives the value of the function; the rest is the compiler's."""
    args, kwargs = case.operands()
    expected = settled(case.function(*copy.deepcopy(args), **copy.deepcopy(kwargs)))
    before = copy.deepcopy((args, kwargs))
    y = settled(text(*args, **kwargs))
    _require(same(y, expected), f"the definition gives {y!r}, the function itself {expected!r}")
    _require(same((args, kwargs), before), "the definition changes its operands")


# -- pieces ---------------------------------------------------------------------------------------


def same(a: Any, b: Any) -> bool:
    """Equal bit for bit: classes, dtypes, shapes and contents, NaNs included."""
    if type(a) is not type(b):
        return False
    if isinstance(a, np.ndarray | np.generic | float | complex):
        x, y = np.asarray(a), np.asarray(b)
        if x.dtype != y.dtype or x.shape != y.shape:
            return False
        if x.dtype.kind not in "fc":
            return bool(np.array_equal(x, y))
        equal = np.array_equal(x, y, equal_nan=True)
        return bool(equal and np.array_equal(np.signbit(np.real(x)), np.signbit(np.real(y))))
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, tuple | list):
        return len(a) == len(b) and all(map(same, a, b))
    return True if a is b else bool(np.all(a == b))


def underived_operands(function: Any, args: tuple, kwargs: dict[str, Any]) -> list[int | str]:
    """The positions and keywords of the operands of which the rule has no derivative to check."""
    declared = registry.lookup(function)
    if declared is None or not declared.underived:
        return []
    return [k for k in (*range(len(args)), *kwargs) if underived_name(declared, k) is not None]


def underived_leaves(function: Any, args: tuple, kwargs: dict[str, Any]) -> set[int]:
    """The positions of the numbers and arrays in these operands, among those of all."""
    fixed, count, found = underived_operands(function, args, kwargs), 0, set()
    for key, operand in [*enumerate(args), *kwargs.items()]:
        own = len(leaves(operand))
        found |= set(range(count, count + own)) if key in fixed else set()
        count += own
    return found


def random_cotangent(y: Any, random: np.random.Generator) -> Any:
    """A random cotangent of the form of y; None for integers inside a container."""
    if is_number(y) and not is_floating(y):
        return tangent_of(np.asarray(y, float), random)
    return replaced(y, lambda leaf: tangent_of(leaf, random) if is_floating(leaf) else None)


def tangent_of(leaf: Any, random: np.random.Generator) -> Any:
    """Random numbers of the shape, the dtype and the class of a number or array."""
    array = np.asarray(leaf)
    v = random.standard_normal(array.shape)
    if array.dtype.kind == "c":
        v = v + 1j * random.standard_normal(array.shape)
    v = np.asarray(v).astype(array.dtype)
    if isinstance(leaf, np.ndarray):
        return v
    return v[()] if isinstance(leaf, np.generic) else v.item()


def _moving(case: Case, args: tuple, kwargs: dict, position: int, v: Any) -> Callable:
    """The value after a step along v from one leaf of the operands."""

    def value(step: float) -> Any:
        operands = moved((*args, *kwargs.values()), position, v, step)
        named = dict(zip(kwargs, operands[len(args) :], strict=True))
        return settled(case.function(*copy.deepcopy(operands[: len(args)]), **copy.deepcopy(named)))

    return value


def _added(a: list[Any], b: list[Any]) -> list[Any]:
    return [x if y is None else y if x is None else x + y for x, y in zip(a, b, strict=True)]


def _widened(bar: Any) -> Any:
    if isinstance(bar, np.ndarray | np.inexact):
        return bar.astype(np.result_type(bar.dtype, np.float64))
    return bar


def random_of(case: Case) -> np.random.Generator:
    return np.random.default_rng(zlib.crc32(repr(case).encode()) + 1)


def _require(holds: Any, message: str) -> None:
    if not holds:
        raise RuleError(message)
