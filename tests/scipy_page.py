"""Writes docs/scipy.md from the rules that are declared: `python -m tests.scipy_page`."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import adjoint.rules.scipy
from adjoint.rules import registry
from adjoint.rules.scipy import stats_instances

PAGE = Path(__file__).parents[1] / "docs" / "scipy.md"
HEAD = """\
# SciPy

What follows has a derivative. The rules call SciPy's own functions, so values are what they are without
`adjoint`; of what is left out here, functions that SciPy writes in Python are differentiated through
their source, and the others are refused with the line. `import adjoint` does not import SciPy: the
rules of a part of it are there once the program has imported that part. It takes SciPy 1.17 or newer;
`pip install 'adjoint-ad[scipy]'` installs both.

*Not*: names parameters of which no derivative is known. A call in which one of them carries a
derivative is refused, and never given a zero.

A solver that is not here, or one's own, gets its derivative from the equation that it solves by
`@adjoint.implicit(residual)`.

Integrals, initial value problems, roots and minima have the derivative of the *solution*, not of the
steps that a solver took: by Leibniz's rule, the adjoint equation and the implicit function theorem, with
respect to the `args` and to what the function captures. So

- first guesses, brackets and the estimate of an error are constants, and the times at which `solve_ivp`
  chose to end its steps stay where they are;
- the derivatives of `odeint` and `solve_ivp` are computed to a relative tolerance of 10⁻⁶, or the call's
  if that is smaller; those of a root or minimum are as good as the solver came near it, and one that it
  did not find is refused;
- unknowns at a bound stay there; constraints are refused, as are the fields of a result of which no
  derivative is known (`hess_inv`, …) where they are used;
- where an integrand jumps at a place that depends on a parameter, what the jump contributes is not seen:
  break the integral there;
- second derivatives of minima and fits are gradients of gradients, which `hessian` and `hvp` take by themselves;
  `jvp` of their gradient is refused.

This page is written by `python -m tests.scipy_page`.
"""


def loaded() -> dict[Any, registry.Rule]:
    """The table, with the rules of all parts of SciPy."""
    for part in adjoint.rules.scipy.PARTS:
        importlib.import_module(f"adjoint.rules.scipy.{part.replace('.', '_')}")
    return registry.table()


def entries(module: Any, table: dict[Any, registry.Rule]) -> list[str]:
    """The public functions of a module that have a derivative, each with the parameters that have none."""
    found = []
    for name in dir(module):
        function = getattr(module, name)
        declared = None if name.startswith("_") else registry.lookup(function)
        owner = getattr(function, "__module__", None) or "scipy"
        if declared is None or declared.kind == "constant" or not owner.startswith("scipy"):
            continue
        note = f" (not: {', '.join(declared.underived)})" if declared.underived else ""
        found.append(f"`{name}`{note}")
    return found


METHODS = (
    "logpdf",
    "pdf",
    "logpmf",
    "pmf",
    "cdf",
    "sf",
    "logcdf",
    "logsf",
    "ppf",
    "isf",
    "evaluate",
)


def objects(module: Any) -> list[str]:
    """A line for each set of methods that have a derivative, with the public objects that have these."""
    groups: dict[str, list[str]] = {}
    for name in dir(module):
        found = [m for m in METHODS if registry.lookup(getattr(getattr(module, name), m, None))]
        if found and not name.startswith(("_", "rv_")):
            groups.setdefault(", ".join(f"`{m}`" for m in found), []).append(f"`{name}`")
    return [f"{methods} of {', '.join(names)}." for methods, names in groups.items()]


NOTES = {
    "interpolate": """\
With respect to the points, to the data and to where these were taken, all of them at once: `f = CubicSpline(x, y)`,
`f(at)`, `f(at, 1)`, `f.derivative()`, `f.antiderivative()`, `f.integrate(a, b)`, whether `f` is made inside
of what is differentiated or is a constant there. The cotangent of a spline has its attributes: `c` and `x`, of a
B-spline `t` and `c`. Splines of FITPACK (`splev`, `UnivariateSpline`) with respect to the points alone.""",
    "stats": """\
By SciPy's own source, with the same methods: {sourced}. Classes of one's own that define `_pdf`, `_cdf` … are
differentiated in the same way.

`stats.norm(mean, deviation)` and other frozen distributions with respect to what they were made of: their methods,
`mean`, `var`, `std`, `median`, `interval`, `entropy`, `support`, `expect`. Counts have no derivative, and those of
frozen distributions are to be integers. `gaussian_kde` with respect to its data, weights and bandwidth as well.""",
    "sparse": """\
With respect to what a matrix stores, its `data`, and to what it is multiplied by: `A @ x`, `x @ A`, `A.dot`, `A.T`,
`A @ B`, `A + B`, `A - B`, `A * 2`, `A / 2`, `-A`, `abs(A)`, `A.multiply`, `A.power`, `A.sin()` …, `A.sum`, `A.mean()`,
`A.diagonal`, `A.trace`, `A[i, j]`, `A.data`, `A.toarray`, `A.tocsr` …, of arrays and matrices in the formats `csr`, `csc`,
`coo`, `dia` and `bsr` that have two dimensions. The gradient with respect to a matrix is a matrix of its class
that stores the same entries. What would lose an entry that happens to be zero is refused, and so is
what changes a matrix in place; of `csr_matrix` … (not of `csr_array` …) sums along an axis are `np.matrix`, and
refused too.

`scipy.sparse.linalg`: `spsolve`, `cg`, `cgs`, `bicg`, `bicgstab`, `gmres`, `lgmres`, `gcrotmk`, `minres`, `tfqmr`, with
respect to the matrix and the right-hand side; of a `LinearOperator`, and with `splu(A).solve` and `factorized(A)`, to the
right-hand side alone.""",
}


def sourced() -> str:
    return ", ".join(f"`{name}`" for name in sorted(stats_instances.SOURCED))


def page() -> str:
    table = loaded()
    text = HEAD
    for part in adjoint.rules.scipy.PARTS:
        module = importlib.import_module(f"scipy.{part}")
        functions = ", ".join(entries(module, table))
        parts = [functions + "."] if functions else []
        notes = [NOTES[part].replace("{sourced}", sourced())] if part in NOTES else []
        text += f"\n## scipy.{part}\n\n" + "\n\n".join([*parts, *objects(module), *notes]) + "\n"
    return text


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
