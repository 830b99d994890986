"""`scipy.sparse.linalg`: solutions of linear equations, by the adjoint equation.

A x = b gives b̄ = λ with Aᴴ λ = x̄, and āᵢⱼ = -λᵢ x*ⱼ for each entry that A stores.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse
from scipy.sparse import linalg

from adjoint.errors import MissingRuleError
from adjoint.rules.registry import jvp_rule, nondifferentiable, rule, source_of
from adjoint.rules.scipy.formulas import computed
from adjoint.rules.scipy.sparse_entries import with_data
from adjoint.rules.scipy.sparse_products import product, sampled
from adjoint.tree import accumulate, make_tangent, tangent_field


def solution(x: Any, A: Any, b: Any, solver: Any, options: dict) -> Any:
    """x, which a solver has found to be A⁻¹ b."""
    return x


@rule(solution, form="x")
def _(x, A, b, solver, options):
    y = solution(x, A, b, solver, options)

    def pullback(x_bar):
        multipliers = solved_adjoint(A, x_bar, solver, options)
        return None, matrix_cotangent(A, multipliers, y), np.reshape(multipliers, np.shape(b))

    return y, pullback


@jvp_rule(solution)
def _(primals, tangents):
    x, A, _, solver, options = primals
    A_dot, b_dot = tangents[1], tangents[2]
    b_dot = None if b_dot is None else np.reshape(b_dot, np.shape(x))
    right = accumulate(b_dot, None if A_dot is None else -moved_product(A, A_dot, x))
    return x, solution(computed(solver, A, right, options), A, right, solver, options)


def moved_product(A, A_dot, x):
    """Ȧ x"""
    if sparse.issparse(A):
        return product(with_data(A, tangent_field(A_dot, "data")), x)
    return A_dot @ x


def solved_adjoint(A, b, solver, options):
    adjoint = conjugate_transpose(A)
    turned = turned_options(options)
    return solution(computed(solver, adjoint, b, turned), adjoint, b, solver, turned)


def conjugate_transpose(A):
    return (
        np.conj(A.T) if not sparse.issparse(A) else A.conj().T if np.iscomplexobj(A.data) else A.T
    )


def matrix_cotangent(A, multipliers, x):
    if sparse.issparse(A):
        return make_tangent("data", -sampled(A, multipliers, x))
    return -np.outer(multipliers, np.conj(x))


for helper in (moved_product, solved_adjoint, conjugate_transpose, matrix_cotangent):
    source_of(helper)(helper)


@nondifferentiable
def turned_options(options: dict) -> dict:
    """Those of the adjoint equation: the preconditioner M, which is near A⁻¹, turns as well."""
    turned = {k: v for k, v in options.items() if k != "callback"}
    if turned.get("M") is not None:
        turned["M"] = linalg.aslinearoperator(turned["M"]).adjoint()
    return turned


def by_operator(x: Any, A: Any, b: Any, solver: Any, options: dict) -> Any:
    """The same, of a matrix that is a function, of which no derivative is known."""
    return x


@rule(by_operator, form="x", underived="A")
def _(x, A, b, solver, options):
    y = by_operator(x, A, b, solver, options)

    def pullback(x_bar):
        multipliers = operator_adjoint(A, x_bar, solver, options)
        return None, None, np.reshape(multipliers, np.shape(b))

    return y, pullback


def operator_adjoint(A, b, solver, options):
    adjoint, turned = turned_operator(A), turned_options(options)
    return by_operator(computed(solver, adjoint, b, turned), adjoint, b, solver, turned)


source_of(operator_adjoint)(operator_adjoint)


@nondifferentiable
def turned_operator(A: Any) -> Any:
    return A.adjoint()


# -- direct ------------------------------------------------------------------------------------------------


def directly(A: Any, b: Any, options: dict) -> Any:
    if A.format not in ("csc", "csr"):
        A = A.tocsc()
    return linalg.spsolve(A, b, **options)


@source_of(linalg.spsolve, apart=True)
def _(A, b, permc_spec=None, use_umfpack=True):
    x = computed(linalg.spsolve, A, b, permc_spec, use_umfpack)
    refuse_sparse(b)
    options = direct_options(permc_spec, use_umfpack)
    return solution(x, A, np.asarray(b), directly, options)


@nondifferentiable
def direct_options(permc_spec: Any, use_umfpack: Any) -> dict:
    return {"permc_spec": permc_spec, "use_umfpack": use_umfpack}


@nondifferentiable
def refuse_sparse(b: Any) -> None:
    if sparse.issparse(b):
        raise MissingRuleError(
            "no derivative is known for scipy.sparse.linalg.spsolve with a sparse right-hand side",
            hint="Pass a dense one: b.toarray().",
        )


def declare_factors(function: Any) -> None:
    @source_of(function, apart=True, underived="A")
    def _(A, *args, **kwargs):
        return computed(function, A, *args, **kwargs)


for factorise in (linalg.splu, linalg.spilu, linalg.factorized):
    declare_factors(factorise)


def lu_solved(lu: Any, b: Any, trans: str) -> Any:
    return lu.solve(b, trans)


@source_of(linalg.SuperLU.solve, apart=True, underived="self")
def _(self, rhs, trans="N"):
    return lu_solved(self, np.asarray(rhs), trans)


@rule(lu_solved, linear="b", underived="lu")
def _(lu, b, trans):
    x = lu_solved(lu, b, trans)
    turned = turned_direction(trans)

    def pullback(x_bar):
        return None, np.conj(lu_solved(lu, np.conj(x_bar), "N")) if turned is None else lu_solved(
            lu, x_bar, turned
        )

    return x, pullback


@nondifferentiable
def turned_direction(trans: str) -> str | None:
    return {"N": "H", "H": "N", "T": None}[trans]


# -- iterative -----------------------------------------------------------------------------------------------


def declare_solver(solver: Any) -> None:
    def again(A: Any, b: Any, options: dict) -> Any:
        return solver(A, b, **options)[0]

    @source_of(solver, apart=True)
    def _(A, b, x0=None, **options):
        x, info = computed(solver, A, b, x0, **options)
        if isinstance(A, linalg.LinearOperator):
            return by_operator(x, A, np.asarray(b), again, options), info
        return solution(x, A, np.asarray(b), again, options), info


SOLVERS = ("cg", "cgs", "bicg", "bicgstab", "gmres", "lgmres", "gcrotmk", "minres", "qmr", "tfqmr")
for name in SOLVERS:
    if name != "qmr":  # its preconditioners M1 and M2 are others
        declare_solver(getattr(linalg, name))
