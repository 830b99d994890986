"""The rulebook: one declaration per function, one file per family."""

import importlib
import importlib.util

FAMILIES = (
    "constants",
    "elementwise",
    "complex_numbers",
    "mathematics",
    "builtins",
    "iteration",
    "methods",
    "reductions",
    "shaping",
    "indexing",
    "contraction",
    "selection",
    "creation",
)

for family in FAMILIES:
    if importlib.util.find_spec(f"{__name__}.{family}"):
        importlib.import_module(f"{__name__}.{family}")
