"""`scipy.linalg`, by family.

`overwrite_a` and its like permit SciPy to use an argument's memory; the rules do not make use of that,
because the reverse half still reads the argument.
"""

import importlib

FAMILIES = ("factors", "functions", "schur", "solvers", "structured")

for family in FAMILIES:
    importlib.import_module(f"adjoint.rules.scipy.linalg_{family}")
