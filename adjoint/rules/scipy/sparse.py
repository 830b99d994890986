"""`scipy.sparse`: matrices, which are the numbers that they store.

The cotangent of a matrix inside of a derivative is a `Tangent` with the attribute `data`; users see a matrix
of the same class that stores the same entries.
"""

import importlib

FAMILIES = ("entries", "products", "sums", "making", "linalg", "operators")

for family in FAMILIES:
    importlib.import_module(f"adjoint.rules.scipy.sparse_{family}")
