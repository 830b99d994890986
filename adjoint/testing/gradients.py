"""Is a derivative of a user's function right?"""

from __future__ import annotations

import copy
import zlib
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from adjoint.errors import GradientMismatch
from adjoint.testing.differences import along, moved
from adjoint.testing.leaves import cotangents, is_floating, leaves, with_leaves

MOST_ENTRIES = 100  # of one array; of a larger one, that many are chosen at random


def check_gradient(
    f: Callable,
    /,
    *args: Any,
    order: int = 1,
    modes: Iterable[str] = ("reverse",),
    rtol: float = 1e-5,
    atol: float = 1e-7,
    **kwargs: Any,
) -> None:
    """Compare derivatives of `f(*args, **kwargs)`, a real number, with finite differences.

    Arguments may be nested: tuples, lists, dicts, objects by attribute. Integers are held fixed.

    order   2 also checks the gradient of the gradient, and so on
    modes   "reverse": gradient; "forward": jvp

    Raises `GradientMismatch`, which shows the worst entry.
    """
    import adjoint

    modes = tuple(modes)
    unknown = set(modes) - {"reverse", "forward"}
    if unknown:
        raise ValueError(f"modes are 'reverse' and 'forward', not {sorted(unknown)}")
    if "reverse" in modes:
        check_reverse(f, args, kwargs, rtol, atol)
    if "forward" in modes:
        check_forward(f, args, kwargs, rtol, atol)
    if order > 1:
        random = np.random.default_rng(order)
        vs = _directions(args, random)
        paths = [_steps(path) for path in _floating_paths(args)]

        def slope(*xs, **named):
            bars = adjoint.gradient(f, *xs, **named)
            total = 0.0
            for path, v in zip(paths, vs, strict=True):
                bar = bars
                for attribute, key in path:
                    bar = getattr(bar, key) if attribute else bar[key]
                total = total + np.sum(np.real(np.conj(v) * bar))
            return total

        check_gradient(slope, *args, order=order - 1, modes=modes, rtol=rtol, atol=atol, **kwargs)


def check_reverse(f: Callable, args: tuple, kwargs: dict, rtol: float, atol: float) -> None:
    import adjoint

    found = adjoint.gradient(f, *copy.deepcopy(args), **copy.deepcopy(kwargs))
    worst: tuple[float, str, complex, complex] | None = None
    bars = cotangents(args, found)
    for position, ((path, leaf), bar) in enumerate(zip(leaves(args), bars, strict=True)):
        if not is_floating(leaf):
            continue
        bar = np.zeros(np.shape(leaf)) if bar is None else np.asarray(bar)
        if bar.shape != np.shape(leaf):
            raise GradientMismatch(
                f"the gradient with respect to {_argument(path)} has shape {bar.shape}, the "
                f"argument has shape {np.shape(leaf)}"
            )
        for index in _entries(leaf, path):
            numeric = _partial(f, args, kwargs, position, leaf, index)
            given = complex(bar[index])
            excess = abs(given - numeric) / (atol + rtol * max(abs(numeric), abs(given)))
            if not excess <= 1 and (worst is None or not excess <= worst[0]):
                entry = _argument(path) + (str(list(map(int, index))) if index else "")
                worst = (excess, entry, given, numeric)
    if worst is not None:
        raise GradientMismatch(
            f"gradient with respect to {worst[1]}: adjoint gives {_number(worst[2])}, finite "
            f"differences give {_number(worst[3])} (difference {abs(worst[2] - worst[3]):.3g})"
        )


def check_forward(f: Callable, args: tuple, kwargs: dict, rtol: float, atol: float) -> None:
    import adjoint

    random = np.random.default_rng(0)
    for position, (path, leaf) in enumerate(leaves(args)):
        if not is_floating(leaf):
            continue
        v = _direction(leaf, random)
        zeros = [_zero(each) for _, each in leaves(args)]
        zeros[position] = v
        call = f if not kwargs else (lambda *xs: f(*xs, **kwargs))
        _, y_dot = adjoint.jvp(call, copy.deepcopy(args), with_leaves(args, zeros))
        given = float(np.real(0.0 if y_dot is None else np.asarray(y_dot).reshape(())))
        numeric = _slope(f, args, kwargs, position, v)
        if not abs(given - numeric) <= atol + rtol * max(abs(given), abs(numeric)):
            raise GradientMismatch(
                f"jvp along a random direction of {_argument(path)}: adjoint gives {given:.10g}, "
                f"finite differences give {numeric:.10g} (difference {abs(given - numeric):.3g})"
            )


def _slope(f: Callable, args: tuple, kwargs: dict, position: int, v: Any) -> float:
    def value(step: float) -> float:
        stepped = moved(copy.deepcopy(args), position, v, step)
        return float(np.real(np.asarray(f(*stepped, **copy.deepcopy(kwargs))).reshape(())))

    return float(along(value)[0])


def _partial(
    f: Callable, args: tuple, kwargs: dict, position: int, leaf: Any, index: tuple[int, ...]
) -> complex:
    """The partial derivative with respect to one entry: dL/dx + i dL/dy if it is complex."""
    parts = [1.0, 1.0j] if np.asarray(leaf).dtype.kind == "c" else [1.0]
    slopes = []
    for part in parts:
        v = np.zeros(np.shape(leaf), np.result_type(np.asarray(leaf).dtype, np.float64))
        v[index] = part
        slopes.append(_slope(f, args, kwargs, position, _like(v, leaf)))
    return slopes[0] if len(slopes) == 1 else complex(*slopes)


def _entries(leaf: Any, path: str) -> list[tuple[int, ...]]:
    shape = np.shape(leaf)
    entries = list(np.ndindex(shape))
    if len(entries) > MOST_ENTRIES:
        random = np.random.default_rng(zlib.crc32(path.encode()))
        chosen = random.choice(len(entries), MOST_ENTRIES, replace=False)
        entries = [entries[i] for i in sorted(chosen)]
    return entries


def _floating_paths(args: tuple) -> list[str]:
    return [path for path, leaf in leaves(args) if is_floating(leaf)]


def _directions(args: tuple, random: np.random.Generator) -> list[Any]:
    return [_direction(leaf, random) for _, leaf in leaves(args) if is_floating(leaf)]


def _direction(leaf: Any, random: np.random.Generator) -> Any:
    v = random.standard_normal(np.shape(leaf))
    if np.asarray(leaf).dtype.kind == "c":
        v = v + 1j * random.standard_normal(np.shape(leaf))
    return _like(np.asarray(v), leaf)


def _zero(leaf: Any) -> Any:
    dtype = np.asarray(leaf).dtype
    return _like(np.zeros(np.shape(leaf), dtype if dtype.kind in "fc" else float), leaf)


def _like(v: np.ndarray, leaf: Any) -> Any:
    if isinstance(leaf, np.ndarray):
        return v
    return v[()] if isinstance(leaf, np.generic) else v.item()


def _steps(path: str) -> tuple[tuple[bool, Any], ...]:
    """`[0].weight['a'][2]` as ((False, 0), (True, "weight"), (False, "a"), (False, 2))."""
    import ast

    steps: list[tuple[bool, Any]] = []
    node: Any = ast.parse("x" + path, mode="eval").body
    while not isinstance(node, ast.Name):
        if isinstance(node, ast.Attribute):
            steps.append((True, node.attr))
        else:
            steps.append((False, ast.literal_eval(node.slice)))
        node = node.value
    return tuple(reversed(steps))


def _argument(path: str) -> str:
    return "args" + path


def _number(value: complex) -> str:
    return f"{value.real:.10g}" if value.imag == 0 else f"{value:.10g}"
