"""The list of the programs, and the decorator and data that make one.

    @program(2.0, normal(3))                    # two arguments; data is drawn per program, seeded
    @program(0.5, [1.0, 2.0])                   # a second set of arguments for the same function
    def energy(scale, x): ...

`static(n)` marks an argument that is not differentiated (a count, an axis, a flag given as an int);
every other number, integers included, counts as a real. `writes=True` says that the program writes
into its arguments; of all the others it is checked that they do not.
"""

from __future__ import annotations

import copy
import importlib
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

MODULES = (
    "straight_line",
    "branches",
    "loops",
    "early_exit",
    "functions",
    "higher_order",
    "containers",
    "iterators",
    "objects",
    "attributes",
    "python_features",
    "arrays",
    "in_place",
    "parameters",
    "recursion",
    "numerics",
    "simulations",
    "steering",
    "state",
    "grouped",
    "windows",
    "exceptions",
    "contexts",
    "patterns",
    "protocols",
    "generators",
    "changing",
    "deques",
    "local_classes",
    "taken",
    "stepping",
    "collected",
    "drawing",
)


#: The modules of programs that write into arrays or keep state: off the default route, they may be refused.
WRITING = (
    "in_place",
    "parameters",
    "simulations",
    "state",
    "grouped",
    "windows",
    "changing",
    "recursion",
    "deques",
    "iterators",
    "local_classes",
    "taken",
    "stepping",
    "collected",
    "drawing",
)


@dataclass(frozen=True)
class Program:
    """A function, one set of arguments, and what may be asked of it."""

    name: str
    function: Callable[..., Any]
    kept_arguments: tuple[Any, ...] = field(repr=False)
    static: frozenset[int] = frozenset()
    second: bool = True
    """whether its second derivative is tested"""
    writes: bool = False
    """whether it writes into its arguments"""
    expected: tuple[Any, ...] | None = None
    """the gradient, where finite differences do not give it (at a kink)"""
    rtol: float = 1e-6
    atol: float = 1e-7

    @property
    def arguments(self) -> tuple[Any, ...]:
        """A fresh copy, so that no test sees what another did to the arguments."""
        return copy.deepcopy(self.kept_arguments)

    @property
    def module(self) -> str:
        return self.function.__module__.rpartition(".")[2]

    def __str__(self) -> str:
        return self.name


PROGRAMS: list[Program] = []


class Sample:
    """Data that is drawn when its program is registered, from a generator seeded by its name."""

    def __init__(self, draw: Callable[[np.random.Generator], Any]) -> None:
        self.draw = draw


class Static:
    def __init__(self, value: Any) -> None:
        self.value = value


def static(value: Any) -> Static:
    """An argument that is not differentiated."""
    return Static(value)


def normal(*shape: int, dtype: Any = float) -> Sample:
    return Sample(lambda rng: rng.normal(size=shape).astype(dtype))


def uniform(low: float, high: float, *shape: int, dtype: Any = float) -> Sample:
    return Sample(lambda rng: rng.uniform(low, high, size=shape).astype(dtype))


def positive(*shape: int, dtype: Any = float) -> Sample:
    return uniform(0.5, 2.0, *shape, dtype=dtype)


def spread(*shape: int) -> Sample:
    """Values at least 0.2 apart in random order: no ties, whatever is sorted or compared."""
    size = int(np.prod(shape))
    return Sample(
        lambda rng: (0.3 * rng.permutation(size) + 0.1 * rng.random(size) - 0.15 * size).reshape(
            shape
        )
    )


def definite(n: int) -> Sample:
    """A symmetric positive definite matrix."""

    def draw(rng: np.random.Generator) -> np.ndarray:
        root = rng.normal(size=(n, n))
        return root @ root.T + n * np.eye(n)

    return Sample(draw)


def make(build: Callable[..., Any], *args: Any) -> Sample:
    """`build(*args)`, the samples among the arguments drawn first: objects that hold data."""
    return Sample(lambda rng: build(*(resolve(arg, rng) for arg in args)))


def resolve(value: Any, rng: np.random.Generator) -> Any:
    """`value` with the samples in it drawn."""
    if isinstance(value, Sample):
        return value.draw(rng)
    if type(value) in (tuple, list):
        return type(value)(resolve(item, rng) for item in value)
    if type(value) is dict:
        return {key: resolve(item, rng) for key, item in value.items()}
    return value


def program(
    *args: Any,
    second: bool = True,
    writes: bool = False,
    expected: tuple[Any, ...] | None = None,
    rtol: float | None = None,
    atol: float | None = None,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Registers the decorated function with these arguments; returns it as it is."""

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        base = f"{function.__module__.rpartition('.')[2]}.{function.__qualname__}"
        earlier = sum(p.function is function for p in PROGRAMS)
        name = f"{base}-{earlier + 1}" if earlier else base
        if any(p.name == name for p in PROGRAMS):
            raise ValueError(f"two programs are called {name}")
        rng = np.random.default_rng(zlib.crc32(name.encode()))
        plain = tuple(arg.value if isinstance(arg, Static) else arg for arg in args)
        arguments = tuple(resolve(arg, rng) for arg in plain)
        single = holds_single_precision(arguments)
        PROGRAMS.append(
            Program(
                name,
                function,
                arguments,
                frozenset(i for i, arg in enumerate(args) if isinstance(arg, Static)),
                second and expected is None,
                writes,
                expected,
                rtol if rtol is not None else (2e-4 if single else 1e-6),
                atol if atol is not None else (2e-5 if single else 1e-7),
            )
        )
        return function

    return register


def holds_single_precision(value: Any) -> bool:
    """Whether a float32 is somewhere in `value`; its gradients are as coarse."""
    if isinstance(value, tuple | list):
        return any(map(holds_single_precision, value))
    if isinstance(value, dict):
        return any(map(holds_single_precision, value.values()))
    return getattr(value, "dtype", None) == np.float32


def load_all() -> list[Program]:
    """Imports every module of programs, in order."""
    for module in MODULES:
        importlib.import_module(f"{__package__}.{module}")
    return PROGRAMS
