"""Checks programs by every route that adjoint has through them.

A route is a context in which gradients are taken in one way: with run-time rules only, nothing
inlined, nothing optimised, by the compiled tier, and so on. **To add a route, add it to `ROUTES`**:
its name, and what makes its context. Every program of the corpus and every random program then goes
through it, first and second order.
"""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any

import numpy as np

from adjoint.cache import nan_check, use_options
from tests.programs.differences import (
    Path,
    access_text,
    children,
    differentiate,
    is_leaf,
    leaves,
)
from tests.programs.registry import Program
from tests.programs.sources import load_source

Route = Callable[[], AbstractContextManager[Any]]

ROUTES: dict[str, Route] = {
    "default": contextlib.nullcontext,
    "run-time rules": lambda: use_options(templates=False),
    "untyped": lambda: use_options(typed=False, templates=False, inline=False),
    "not inlined": lambda: use_options(inline=False),
    "not optimised": lambda: use_options(optimise=False),
    "checked": nan_check,
}

known_references: dict[str, dict[Path, Any]] = {}


def reference(program: Program) -> dict[Path, Any]:
    """The gradient that is expected: finite differences, or as the program says at a kink."""
    if program.name not in known_references:
        known_references[program.name] = (
            dict(leaves(program.expected))
            if program.expected is not None
            else differentiate(program.function, program.arguments, program.static).gradient
        )
    return known_references[program.name]


def check_program(program: Program, routes: Mapping[str, Route] = ROUTES) -> None:
    """The value and the gradient of the program, by each of the routes."""
    for name, route in routes.items():
        with route():
            check_function(
                program.function,
                program.arguments,
                reference(program),
                static=program.static,
                rtol=program.rtol,
                atol=program.atol,
                title=f"{program.name} by route {name!r}",
            )


def check_function(
    function: Callable[..., Any],
    arguments: tuple[Any, ...],
    expected: dict[Path, Any],
    static: frozenset[int] = frozenset(),
    rtol: float = 1e-6,
    atol: float = 1e-7,
    title: str = "",
) -> None:
    """`adjoint.gradient(function, *arguments)` is as expected, and the value that of a plain call.

    The arguments are left as a plain call leaves them.
    """
    import adjoint as ad

    called, used, reused = (copy.deepcopy(arguments) for _ in range(3))
    plain = function(*called)
    gradient = ad.gradient(function, *used)
    found = list(mismatches(arguments, gradient, expected, static, rtol, atol))
    after = dict(leaves(called))
    for path, leaf in leaves(used):
        if not np.array_equal(leaf, after[path], equal_nan=True):
            found.append(f"argument {access_text(path)} is {leaf!r}; after a call {after[path]!r}")
    value, again = ad.value_and_gradient(function, *reused)
    if not np.array_equal(value, plain, equal_nan=True):
        found.append(f"the value is {value!r}; a plain call gives {plain!r}")
    found += [f"value_and_gradient: {m}" for m in mismatches(gradient, again, dict(leaves(again)))]
    assert not found, "\n".join([title, *found])


def check_second_order(program: Program, routes: Mapping[str, Route] = ROUTES) -> None:
    """The gradient of a weighted sum of the gradient's entries, by each of the routes.

    Expected are finite differences of the first gradient, by the same route.
    """
    import adjoint as ad

    paths = [path for path in reference(program) if np.size(reference(program)[path])]
    if not paths:
        return
    source, weights = weighted_gradient(program, paths)
    for name, route in routes.items():
        with route():
            function = load_source(
                source, "weighted_gradient", ad=ad, np=np, function=program.function, **weights
            )
            slopes = differentiate(function, program.arguments, program.static)
            assert slopes.reliable(1e-5, 1e-6), f"{program.name}: no stable second differences"
            found = list(
                mismatches(
                    program.arguments,
                    ad.gradient(function, *program.arguments),
                    slopes.gradient,
                    program.static,
                    max(program.rtol, 1e-5),
                    max(program.atol, 1e-6),
                )
            )
            title = f"second order of {program.name} by route {name!r}"
            assert not found, "\n".join([title, *found, source])


def weighted_gradient(program: Program, paths: list[Path]) -> tuple[str, dict[str, Any]]:
    """The text of a function that weighs the gradient's entries and adds them, and the weights.

    It is spelled out path by path, so that the second derivative is tested on plain code.
    """
    rng = np.random.default_rng(0)
    weights = {
        f"weight_{i}": rng.uniform(0.5, 1.5, np.shape(reference(program)[path]))
        for i, path in enumerate(paths)
    }
    names = ", ".join(f"x{i}" for i in range(len(program.arguments)))
    terms = [
        f"    total = total + np.sum(weight_{i} * g{access_text(path)})"
        for i, path in enumerate(paths)
    ]
    lines = [
        f"def weighted_gradient({names}):",
        f"    g = ad.gradient(function, {names})",
        "    total = 0.0",
        *terms,
        "    return total",
    ]
    return "\n".join(lines) + "\n", weights


def mismatches(
    arguments: tuple[Any, ...],
    gradient: Any,
    expected: dict[Path, Any],
    static: frozenset[int] = frozenset(),
    rtol: float = 1e-6,
    atol: float = 1e-7,
) -> Iterator[str]:
    """What is wrong with a gradient, one line for each cotangent that is."""
    if type(gradient) is not tuple or len(gradient) != len(arguments):
        yield f"the gradient is not a tuple of {len(arguments)}: {gradient!r}"
        return
    for position, (argument, cotangent) in enumerate(zip(arguments, gradient, strict=True)):
        if position not in static:
            yield from compare(argument, cotangent, expected, (("item", position),), rtol, atol)


def compare(
    primal: Any,
    cotangent: Any,
    expected: dict[Path, Any],
    path: Path,
    rtol: float,
    atol: float,
) -> Iterator[str]:
    """Compares a cotangent with what is expected of it, through containers and objects."""
    where = f"cotangent of argument {access_text(path)}"
    if is_leaf(primal):
        yield from compare_leaf(primal, cotangent, expected[path], where, rtol, atol)
        return
    if not any(True for _ in leaves(primal)):
        if any(True for _ in leaves(cotangent)):
            yield f"{where}, a {type(primal).__name__}: should be None, is {cotangent!r}"
        return
    if isinstance(primal, tuple | list | dict):
        if not isinstance(cotangent, type(primal)) or len(cotangent) != len(primal):
            wanted = f"a {type(primal).__name__} of {len(primal)}"
            yield f"{where}: should be {wanted}, is {cotangent!r}"
            return
        if isinstance(primal, dict) and list(cotangent) != list(primal):
            yield f"{where}: should have the keys {list(primal)}, has {list(cotangent)}"
            return
    for (kind, key), item in children(primal):
        inner = (*path, (kind, key))
        if kind == "attribute":
            if not hasattr(cotangent, key) and any(True for _ in leaves(item)):
                yield f"{where}: should have the attribute {key!r}, is {cotangent!r}"
                continue
            bar = getattr(cotangent, key, None)
        else:
            bar = cotangent[key]
        yield from compare(item, bar, expected, inner, rtol, atol)


def compare_leaf(
    primal: Any, cotangent: Any, expected: Any, where: str, rtol: float, atol: float
) -> Iterator[str]:
    """A number or an array: of the primal's shape, of its floating dtype, near what is expected."""
    if not is_leaf(cotangent):
        yield f"{where}: should be {expected!r}, is {cotangent!r}"
        return
    if np.shape(cotangent) != np.shape(primal):
        yield f"{where}: should have the shape {np.shape(primal)}, has {np.shape(cotangent)}"
        return
    if isinstance(primal, np.ndarray):
        dtype = primal.dtype if primal.dtype.kind in "fc" else np.dtype(float)
        if np.asarray(cotangent).dtype != dtype:
            yield f"{where}: should be of {dtype}, is of {np.asarray(cotangent).dtype}"
    elif np.asarray(cotangent).dtype.kind not in "fc":
        yield f"{where}: should be a float, is {cotangent!r}"
    wrong = ~np.isclose(cotangent, expected, rtol=rtol, atol=atol)
    if np.any(wrong):
        worst = np.unravel_index(
            np.argmax(np.where(wrong, np.nan_to_num(abs(cotangent - expected), nan=np.inf), 0)),
            np.shape(primal),
        )
        at = f" at {tuple(map(int, worst))}" if worst else ""
        yield (
            f"{where}: {np.count_nonzero(wrong)} of {np.size(wrong)} wrong, worst{at}: "
            f"should be {np.asarray(expected)[worst]:.10g}, is {np.asarray(cotangent)[worst]:.10g}"
            + (
                f"\n  expected {expected!r}\n  found    {cotangent!r}"
                if np.size(wrong) < 13
                else ""
            )
        )
