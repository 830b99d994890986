"""`np.poly1d`: a polynomial is its coefficients, from that of the highest power down.

Its methods and operators are NumPy's own source, in terms of them and of the functions of polynomials.
"""

from __future__ import annotations

import numpy as np

from adjoint.parts import declare_parts
from adjoint.rules.registry import source_of
from adjoint.rules.scipy.formulas import computed, consisting_of, part
from adjoint.rules.scipy.results import known_unless

declare_parts(np.poly1d, "coeffs")

LEADING = "leading coefficients that are 0, which np.poly1d leaves out"


@source_of(vars(np.poly1d)["_coeffs"].fget)
def _(self):
    return part(self, "coeffs")


@source_of(np.poly1d)
def _(c_or_r, r=False, variable=None):
    made = computed(np.poly1d, c_or_r, r, variable)
    if isinstance(c_or_r, np.poly1d):
        return consisting_of(made, part(c_or_r, "coeffs"))
    c = np.atleast_1d(np.poly(c_or_r) if r else c_or_r)
    left_out = np.shape(c)[0] - len(made) - 1
    c = known_unless(c, left_out > 0, LEADING, "Use np.polyval, and arrays of coefficients.")
    return consisting_of(made, c[left_out:])
