"""The rulebook: one declaration per function, one file per family."""

import importlib
import importlib.util

from adjoint.rules.registry import when_imported

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
    "sets",
    "iterators",
    "dicts",
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
    "quantiles",
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
    "polynomials",
    "least_squares",
    "computed",
    "linalg_general",
    "statistics",
    "mapping",
    "ufunc_methods",
    "views",
    "power_polynomials",
    "hooks",
    "implicit",
    "scipy",
    "poly1d",
    "surroundings",
    "checkpoints",
    "structural",
    "pushing",
    "pushed",
    "pushed_calls",
    "pushed_pullbacks",
    "pushed_forward",
)

for family in FAMILIES:
    if importlib.util.find_spec(f"{__name__}.{family}"):
        importlib.import_module(f"{__name__}.{family}")

# `import numpy` does not import these, and neither does `import adjoint`.
LATER = {"numpy.polynomial": "polynomial_families", "numpy.random": "sampling_shapes"}

for module, family in LATER.items():
    when_imported(module, f"{__name__}.{family}")
