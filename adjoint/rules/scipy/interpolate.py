"""`scipy.interpolate`: splines and tables, with respect to where they are evaluated, to their data and to
where these were taken."""

import importlib

FAMILIES = ("polynomials", "cubic", "bsplines", "fitpack", "tables")

for family in FAMILIES:
    importlib.import_module(f"adjoint.rules.scipy.interpolate_{family}")
