"""The rulebook: one declaration per function, one file per family."""

import importlib
import importlib.util

FAMILIES = (
    "constants",
    "contexts",
    "patterns",
    "elementwise",
    "complex_numbers",
    "mathematics",
    "splitting",
    "builtins",
    "containers",
    "iterators",
    "callables",
    "iteration",
    "heaps",
    "lazy",
    "methods",
    "copies",
    "classes",
    "dataclass_functions",
    "reductions",
    "extrema",
    "cumulative",
    "shaping",
    "joining",
    "rearranging",
    "indexing",
    "contraction",
    "einsum",
    "selection",
    "creation",
    "cotangents",
    "linalg",
    "norms",
    "fourier",
    "hooks",
    "implicit",
    "scipy",
    "surroundings",
    "checkpoints",
    "pushing",
    "pushed",
    "pushed_pullbacks",
    "pushed_forward",
)

for family in FAMILIES:
    if importlib.util.find_spec(f"{__name__}.{family}"):
        importlib.import_module(f"{__name__}.{family}")
