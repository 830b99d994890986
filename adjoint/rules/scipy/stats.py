"""`scipy.stats`: densities and distribution functions, by kind of distribution."""

import importlib

FAMILIES = (
    "continuous",
    "discrete",
    "multivariate",
    "instances",
    "counts",
    "moments",
    "frozen",
    "kernels",
    "selecting",
)

for family in FAMILIES:
    importlib.import_module(f"adjoint.rules.scipy.stats_{family}")
