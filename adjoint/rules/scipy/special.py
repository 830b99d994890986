"""`scipy.special`, by family."""

import importlib

from scipy import special

from adjoint.rules.registry import nondifferentiable

FAMILIES = (
    "bessel",
    "distributions",
    "elliptic",
    "error",
    "gamma",
    "incomplete",
    "logarithms",
    "logsumexp",
    "polynomials",
)

for family in FAMILIES:
    importlib.import_module(f"adjoint.rules.scipy.special_{family}")

nondifferentiable(special.gammasgn, special.round)
