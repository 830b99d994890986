"""Checks programs in forward mode, by every route: the slope along a random direction.

It is held against the reference gradient (finite differences), as the inner product with the
direction; so is the slope of the gradient, forward over reverse and reverse over forward.
"""

from __future__ import annotations

import copy
import zlib
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from tests.programs.differences import Path, differentiate, leaves, replaced
from tests.programs.registry import Program
from tests.programs.sources import load_source
from tests.routes import ROUTES, Route, reference, weighted_gradient


def direction(arguments: tuple[Any, ...], static: frozenset[int], seed: str) -> dict[Path, Any]:
    """A random tangent for every leaf of the arguments that are differentiated."""
    rng = np.random.default_rng(zlib.crc32(seed.encode()))
    chosen: dict[Path, Any] = {}
    for path, leaf in leaves(arguments):
        v = np.asarray(rng.uniform(-1, 1, np.shape(leaf)))
        dtype = np.asarray(leaf).dtype
        if path[0][1] not in static:
            v = v.astype(dtype if dtype.kind in "fc" else float)
            chosen[path] = v if isinstance(leaf, np.ndarray) else v[()]
    return chosen


def tangents(
    arguments: tuple[Any, ...], static: frozenset[int], along: dict[Path, Any]
) -> tuple[Any, ...]:
    """The direction in the form of the arguments; None for what is held fixed."""
    filled = replaced(arguments, along)
    return tuple(None if i in static else v for i, v in enumerate(filled))


def slope(expected: Mapping[Path, Any], along: Mapping[Path, Any]) -> tuple[float, float]:
    """The derivative along a direction from the gradient, and how much its terms add up to."""
    terms = [np.sum(np.real(np.conj(expected[path]) * v)) for path, v in along.items()]
    sizes = [np.sum(np.abs(expected[path] * v)) for path, v in along.items()]
    return float(sum(terms)), float(sum(sizes))


def check_slope(
    function: Callable[..., Any],
    arguments: tuple[Any, ...],
    expected: Mapping[Path, Any],
    static: frozenset[int] = frozenset(),
    rtol: float = 1e-6,
    atol: float = 1e-7,
    title: str = "",
    exact: bool = True,
) -> None:
    """`adjoint.jvp` gives the value of a plain call and the slope that is expected.

    `exact` asks for the value bit for bit; a gradient inside the function is rounded otherwise there.
    """
    import adjoint as ad

    along = direction(arguments, static, title)
    called, used = copy.deepcopy(arguments), copy.deepcopy(arguments)
    given = tangents(arguments, static, along)
    before = copy.deepcopy(given)
    plain = function(*called)
    y, y_dot = ad.jvp(function, used, given)
    wanted, size = slope(expected, along)
    equal = np.array_equal(y, plain, equal_nan=True) or not exact and np.allclose(y, plain, rtol)
    found = [] if equal else [f"value {y!r}, plain {plain!r}"]
    after = dict(leaves(called))
    for path, leaf in leaves(used):
        if not np.array_equal(leaf, after[path], equal_nan=True):
            found.append(f"argument at {path} is {leaf!r}; after a call {after[path]!r}")
    kept = dict(leaves(before))
    for path, leaf in leaves(given):
        if not np.array_equal(leaf, kept[path], equal_nan=True):
            found.append(f"the tangent at {path} was changed")
    if not abs(np.sum(y_dot) - wanted) <= atol + rtol * (size + abs(wanted)):
        found.append(f"the slope is {np.sum(y_dot):.12g}, should be {wanted:.12g}")
    assert not found, "\n".join([title, *found])


def check_program(program: Program, routes: Mapping[str, Route] = ROUTES) -> None:
    for name, route in routes.items():
        with route():
            check_slope(
                program.function,
                program.arguments,
                reference(program),
                program.static,
                program.rtol,
                program.atol,
                f"{program.name} by route {name!r}",
            )


ORDERS = {
    "forward over reverse": lambda ad, f, args, dots: ad.jvp(f, args, dots)[1],
    "forward over forward": None,
    "reverse over forward": None,
}


def check_second_order(program: Program, order: str, route: Route) -> None:
    """The slope along one direction of the weighted gradient, or of the slope along another."""
    import adjoint as ad

    paths = [path for path in reference(program) if np.size(reference(program)[path])]
    if not paths:
        return
    if order == "forward over reverse":
        source, weights = weighted_gradient(program, paths)
    else:
        source, weights = weighted_slope(program)
    name = source.split("(")[0].removeprefix("def ")
    with route():
        function = load_source(source, name, ad=ad, np=np, function=program.function, **weights)
        slopes = differentiate(function, program.arguments, program.static)
        assert slopes.reliable(1e-5, 1e-6), f"{program.name}: no stable second differences"
        rtol, atol = max(program.rtol, 1e-5), max(program.atol, 1e-6)
        title = f"{order} of {program.name}"
        if order == "reverse over forward":
            from tests.routes import mismatches

            found = list(
                mismatches(
                    program.arguments, ad.gradient(function, *program.arguments), slopes.gradient,
                    program.static, rtol, atol,
                )
            )  # fmt: skip
            assert not found, "\n".join([title, *found, source])
        else:
            check_slope(
                function,
                program.arguments,
                slopes.gradient,
                program.static,
                rtol,
                atol,
                title,
                exact=False,
            )


def weighted_slope(program: Program) -> tuple[str, dict[str, Any]]:
    """The text of a function that gives the slope of the program along a fixed direction."""
    along = direction(program.arguments, program.static, program.name)
    names = ", ".join(f"x{i}" for i in range(len(program.arguments)))
    lines = [
        f"def slope_along({names}):",
        f"    return np.sum(ad.jvp(function, ({names},), tangents)[1])",
    ]
    given = tangents(program.arguments, program.static, along)
    return "\n".join(lines) + "\n", {"tangents": given}
