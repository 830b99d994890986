"""The rulebook: one declaration per function, one file per family."""

import importlib
import importlib.util

FAMILIES = (
    "constants",
    "elementwise",
    "complex_numbers",
    "mathematics",
    "splitting",
    "builtins",
    "containers",
    "iterators",
    "iteration",
    "methods",
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
    "pushing",
    "pushed",
    "pushed_pullbacks",
)

for family in FAMILIES:
    if importlib.util.find_spec(f"{__name__}.{family}"):
        importlib.import_module(f"{__name__}.{family}")
