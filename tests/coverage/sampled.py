"""All sample calls, and what they are calls of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from tests.coverage import numpy_samples as samples
from tests.coverage import polynomial_samples as polynomials
from tests.programs.sources import load_source

X = np.array([0.9, 0.3, 1.7, 0.6, 1.2])
Y = np.array([0.4, 1.1, 0.7, 1.5, 0.25])
A = np.array([[2.13, -0.62, 0.31], [0.94, 1.71, -0.28], [0.57, 1.16, 1.38]])
B = np.array([[1.52, 0.44, -1.03], [0.81, 2.36, 0.19], [-0.49, 0.73, 1.87]])

#: dotted name of a module or class -> name -> expressions
SAMPLES: dict[str, dict[str, list[str]]] = {
    "numpy": samples.NUMPY,
    "numpy.ndarray": samples.NDARRAY,
    "numpy.ufunc": samples.UFUNC,
    "numpy.linalg": samples.LINALG,
    "numpy.fft": samples.FFT,
    "numpy.emath": samples.EMATH,
    "numpy.lib.stride_tricks": samples.STRIDE_TRICKS,
    "numpy.random.Generator": samples.SAMPLERS | samples.SHAPED,
    "numpy.random.RandomState": samples.SAMPLERS | samples.SHAPED,
    "numpy.random": samples.SAMPLERS | samples.SHAPED,
    "numpy.polynomial": {
        cls: polynomials.of_family(m)[cls] for m, (_, cls) in polynomials.FAMILIES.items()
    },
    "numpy.polynomial.polyutils": polynomials.UTILITIES,
    **{f"numpy.polynomial.{m}": polynomials.of_family(m) for m in polynomials.FAMILIES},
}


def owner_of(path: str) -> Any:
    """The module or class of a dotted name."""
    found: Any = np
    for name in path.split(".")[1:]:
        found = getattr(found, name)
    return found


#: What is run of the families beside Chebyshev's, which is run whole: they share all definitions, whose
#: parts tests/rules/test_polynomials.py tests for every family.
PARTS = ("val", "fit", "int")


def calls() -> Iterator[tuple[str, bool]]:
    """Each expression once; and whether it is the first of its name."""
    seen = set()
    for path, table in SAMPLES.items():
        family = path.removeprefix("numpy.polynomial.")
        others = family in polynomials.FAMILIES and family != "chebyshev"
        own = polynomials.FAMILIES[family] if others else ("", "")
        parts = {own[0] + part for part in PARTS} | {own[1]}
        for name, expressions in table.items():
            if others and name not in parts or name in samples.SHAPED:
                continue
            if not hasattr(owner_of(path), name):  # in another version of NumPy
                continue
            for i, expression in enumerate(expressions):
                if expression not in seen:
                    seen.add(expression)
                    yield expression, i == 0 and not others


def function_of(expression: str) -> Any:
    return load_source(f"import numpy as np\n\ndef f(x, y, A, B):\n    return {expression}\n", "f")


def sampled_functions() -> set[Any]:
    """The functions of NumPy that the samples call."""
    found = set()
    for path, table in SAMPLES.items():
        for name in table:
            function = getattr(owner_of(path), name, None)
            if callable(function):
                found.add(function)
    methods = (np.vectorize.__call__, type(np.r_).__getitem__)
    return found | set(methods) | set(ufunc_methods())


def ufunc_methods() -> Iterator[Any]:
    """Those that are declared for all functions of two arguments alike."""
    for function in vars(np).values():
        if isinstance(function, np.ufunc) and function.nin == 2 and function.nout == 1:
            yield from (function.outer, function.accumulate, function.reduce, function.reduceat)
