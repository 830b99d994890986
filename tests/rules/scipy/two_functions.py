"""For tests/test_imports.py: a function that uses SciPy, and one that does not."""

import numpy as np
from scipy import special


def plain(x):
    return np.tanh(x) * x


def with_scipy(x):
    return special.expit(x)
