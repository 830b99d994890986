"""Rules of `scipy.linalg`."""

import numpy as np
import pytest
from scipy import linalg
from scipy._lib._util import _apply_over_batch

import adjoint as ad
from adjoint.cache import use_options
from adjoint.errors import MissingRuleError
from adjoint.rules.scipy import (
    linalg_factors,
    linalg_functions,
    linalg_solvers,
    linalg_structured,
)
from adjoint.testing import WAYS, case, check_rule, check_second_order, expand, normal
from tests.rules.test_linalg import adjoint_of, random

VECTOR, COLUMNS = normal(3), normal(3, 2)
FUNCTIONS = [
    *(linalg.expm, linalg.sinm, linalg.cosm, linalg.tanm, linalg.sinhm, linalg.coshm, linalg.tanhm),
]
rng = np.random.default_rng(0)
GENERAL = rng.standard_normal((3, 3)) + 3 * np.eye(3)
POSITIVE = GENERAL @ GENERAL.T
COMPLEX = GENERAL + 1j * rng.standard_normal((3, 3))
TALL, WIDE = rng.standard_normal((5, 3)), rng.standard_normal((3, 5))
WIDE[:, :3] += 3 * np.eye(3)
STACK = np.stack([GENERAL, POSITIVE])
BAND = rng.standard_normal((4, 5)) + np.array([[0.0], [0.0], [5.0], [0.0]])
FIRST = np.array([4.0, 1.0, -0.5])
REAL = POSITIVE @ np.diag([1.0, 2.0, 0.5])  # whose eigenvalues are real
FACTOR, LU = linalg.cho_factor(POSITIVE), linalg.lu_factor(GENERAL)
STRUCTURES = [None, "general", "upper triangular", "lower triangular", "diagonal", "tridiagonal"]

CASES = [
    # solutions
    case(linalg.solve, GENERAL, VECTOR, assume_a=STRUCTURES, transposed=[False, True]),
    case(linalg.solve, GENERAL, COLUMNS, assume_a=STRUCTURES),
    case(linalg.solve, COMPLEX, normal(3, dtype=complex)),
    case(linalg.solve, STACK, VECTOR),
    case(linalg.solve, STACK, normal(2, 3, 4)),
    case(
        linalg.solve_triangular,
        GENERAL,
        VECTOR,
        trans=[0, 1, 2, "T"],
        lower=[False, True],
        unit_diagonal=[False, True],
    ),
    case(linalg.solve_triangular, COMPLEX, COLUMNS, trans=[0, 1, 2]),
    case(linalg.solve_triangular, STACK, normal(2, 3, 2), lower=True),
    *(case([linalg.inv, linalg.det], a) for a in (GENERAL, COMPLEX, STACK)),
    case(linalg.inv, GENERAL, assume_a=STRUCTURES[:4]),
    case(linalg.det, np.array([[0.0, 0.0], [1.0, 2.0]])).but(second=False),
    *(case(linalg.pinv, a, return_rank=[False, True]) for a in (TALL, WIDE, COMPLEX)),
    *(
        case(linalg.lstsq, a, b)
        for a, b in ((TALL, normal(5)), (TALL, normal(5, 2)), (WIDE, VECTOR))
    ),
    case(linalg.lstsq, TALL, normal(5), lapack_driver=["gelsd", "gelsy"]),
    case(linalg.solve_sylvester, GENERAL, STACK[1][:2, :2], normal(3, 2)),
    case(linalg.solve_sylvester, COMPLEX, STACK[1][:2, :2] + 0j, normal(3, 2, dtype=complex)),
    case(linalg.solve_continuous_lyapunov, GENERAL, normal(3, 3)),
    case(linalg.solve_continuous_lyapunov, COMPLEX, normal(3, 3, dtype=complex)),
    case(linalg.solve_discrete_lyapunov, 0.2 * GENERAL, normal(3, 3), method=[None, "bilinear"]),
    case(linalg.solve_discrete_lyapunov, 0.2 * COMPLEX, normal(3, 3, dtype=complex)),
    # factorisations
    case(linalg.cho_solve, FACTOR, VECTOR),
    case(linalg.cho_solve, linalg.cho_factor(POSITIVE, lower=True), COLUMNS),
    *(
        case(linalg.lu, a, permute_l=[False, True])
        for a in (GENERAL[::-1], COMPLEX, TALL, WIDE, STACK)
    ),
    case(linalg.lu, TALL, p_indices=True),
    *(case(linalg.lu_factor, a) for a in (GENERAL[::-1], COMPLEX, TALL, WIDE, STACK)),
    case(linalg.lu_solve, LU, VECTOR, trans=[0, 1, 2]),
    case(linalg.lu_solve, linalg.lu_factor(COMPLEX[::-1]), COLUMNS, trans=[0, 1, 2]),
    *(case(linalg.qr, a, mode="economic", pivoting=[False, True]) for a in (GENERAL, TALL)),
    case(linalg.qr, GENERAL, mode=["full", "r"]),
    case(linalg.qr, TALL, mode="r", pivoting=[False, True]),
    *(case(linalg.svd, a, False) for a in (GENERAL, TALL, WIDE, STACK)),
    *(case(linalg.svd, a, compute_uv=False) for a in (GENERAL, COMPLEX, TALL)),
    *(case(linalg.svdvals, a) for a in (GENERAL, COMPLEX, TALL, STACK)),
    *(case(linalg.schur, a) for a in (POSITIVE, REAL, -REAL.T)),
    case(linalg.schur, REAL, sort="lhp"),
    *(case(linalg.polar, a, side=["right", "left"]) for a in (GENERAL, COMPLEX, TALL)),
    # functions of matrices
    *(case(FUNCTIONS, a) for a in (0.4 * GENERAL, 0.3 * COMPLEX, 0.2 * STACK)),
    *(case([linalg.logm, linalg.sqrtm], a) for a in (POSITIVE, COMPLEX)),
    case(linalg.norm, normal(4), ord=[None, 1, 2, 3, np.inf]),
    case(linalg.norm, normal(3, 4), ord=[None, "fro", 1, 2, "nuc", np.inf], keepdims=[False, True]),
    case(linalg.norm, normal(2, 3, dtype=complex), axis=[0, 1]),
    # structured
    case(linalg.toeplitz, normal(3)),
    case(linalg.toeplitz, normal(3, dtype=complex)),
    case(linalg.toeplitz, normal(3), normal(4)),
    case(linalg.circulant, normal(4)),
    case(linalg.circulant, normal(2, 3)),
    case(linalg.hankel, normal(3)),
    case(linalg.hankel, normal(3), normal(5)),
    case(linalg.block_diag, normal(2, 3), normal(2), normal(), normal(1, 2)),
    case(linalg.block_diag, normal(2, 2, 3), normal(1, 2)),
    case(linalg.solve_banded, (1, 2), BAND, normal(5)),
    case(linalg.solve_banded, (2, 1), BAND[[3, 2, 1, 0]] + 0j, normal(5, 2, dtype=complex)),
    case(linalg.solve_toeplitz, FIRST, VECTOR),
    case(linalg.solve_toeplitz, (FIRST, np.array([4.0, 0.3, 0.2])), COLUMNS),
    # helpers
    case(linalg_solvers.part_read, normal(3, 3), "sym", True),
    case(linalg_solvers.part_read_cotangent, normal(3, 3), "sym"),
    case(linalg_solvers.outer_of_solutions, normal(3), normal(3), True),
    case(linalg_solvers.solved, GENERAL, normal(3), True),
    case(linalg_solvers.pinv_cotangent, normal(3, 5), TALL, normal(3, 5)),
    case(linalg_solvers.lstsq_cotangents, normal(3), None, None, TALL, normal(5), normal(3), None),
    case(linalg_factors.cholesky_cotangent, normal(3, 3), normal(3, 3), True),
    case(linalg_factors.padded, normal(5, 3), 5, False),
    case(linalg_factors.widened_by_zeros, normal(2, 3), 4, 5),
    case(linalg_factors.lu_cotangent, normal(3, 3), None, GENERAL, GENERAL),
    case(linalg_factors.rows_of, np.array([2, 1, 2])),
    case(
        linalg_factors.scipy_qr_cotangent,
        (None, normal(3, 3)),
        (GENERAL, GENERAL),
        "economic",
        False,
        (3, 3),
        GENERAL,
    ),
    case(linalg_factors.eigh_cotangents, normal(3), None, normal(3), normal(3, 3), False, 1, False),
    case(linalg_functions.doubled, normal(2, 2), normal(2, 2)),
    case(linalg_functions.corner, normal(4, 4)),
    case(linalg_functions.principal_logarithm, POSITIVE),
    case(linalg_functions.norm_cotangents, 1.0, np.array(2.0), normal(3), None, None, False),
    case(linalg_structured.blocks_of, normal(3, 3), [np.ones((1, 2)), np.ones((2, 1))]),
    case(linalg_structured.banded_adjoint, BAND, 1, 2),
    case(linalg_structured.band_of_outer, normal(5), normal(5), 1, 2),
    case(linalg_structured.solve_toeplitz_cotangents, VECTOR, FIRST, VECTOR),
    case(linalg_structured.diagonal_numbers, 2, 3),
    case(linalg_structured.band_rows, 1, 2, 5),
    # of these the operand is symmetric: see below
    case(
        [linalg.cholesky, linalg.cho_factor, linalg.eigh, linalg.eigvalsh, linalg.pinvh], np.eye(1)
    ),
]

EXPANDED = expand(CASES)


@pytest.mark.parametrize("case", EXPANDED, ids=lambda c: f"{c}")
def test_rule(case):
    check_rule(case.but(tolerance=1e-5, float32=False))


@pytest.mark.parametrize("case", EXPANDED, ids=lambda c: f"{c}")
def test_second_order(case):
    check_second_order(case.but(tolerance=1e-5), WAYS[:1])


# -- symmetric matrices: along symmetric directions ---------------------------------------------------------


def agree(call, a, *others):
    """The gradient of a random combination of what the call gives, with respect to a symmetric matrix,
    against differences along a symmetric direction; and that it is itself symmetric."""
    shapes = [np.shape(y) for y in call(a, *others)]
    weights = [random(shape, float, 7 + i) for i, shape in enumerate(shapes)]

    def loss(a, *others):
        return sum([np.sum(np.real(w * y)) for w, y in zip(weights, call(a, *others))])

    v = random(a.shape, complex if np.iscomplexobj(a) else float, 3)
    v = (v + adjoint_of(v)) / 2
    bars = ad.gradient(loss, a, *others)
    np.testing.assert_allclose(bars[0], adjoint_of(bars[0]), atol=1e-9)
    difference = (loss(a + 1e-6 * v, *others) - loss(a - 1e-6 * v, *others)) / 2e-6
    np.testing.assert_allclose(
        np.real(np.sum(np.conj(bars[0]) * v)), difference, rtol=1e-5, atol=1e-7
    )
    return bars


HERMITIAN = COMPLEX @ COMPLEX.conj().T
OTHER = np.array([[2.0, 0.3, 0.1], [0.3, 1.5, -0.2], [0.1, -0.2, 1.0]])


@pytest.mark.parametrize(
    "a", [POSITIVE, HERMITIAN, np.stack([POSITIVE, OTHER])], ids=["real", "complex", "stack"]
)
@pytest.mark.parametrize("lower", [False, True])
def test_cholesky(a, lower):
    agree(lambda a: (linalg.cholesky(a, lower=lower),), a)


@pytest.mark.parametrize("lower", [False, True])
def test_what_the_other_triangle_of_cho_factor_holds_does_not_count(lower):
    part = np.tril if lower else np.triu

    def f(a):
        return np.sum(part(linalg.cho_factor(a, lower=lower)[0]) ** 2)

    np.testing.assert_allclose(
        ad.gradient(f, POSITIVE)[0],
        ad.gradient(lambda a: np.sum(linalg.cholesky(a, lower=lower) ** 2), POSITIVE)[0],
    )


def test_solution_by_cholesky_is_the_solution():
    def by_cholesky(a, b):
        return np.sum(linalg.cho_solve(linalg.cho_factor(a), b) ** 3)

    def by_lu(a, b):
        return np.sum(linalg.solve((a + a.T) / 2, b) ** 3)

    b = np.array([1.0, -2.0, 0.5])
    for ours, theirs in zip(ad.gradient(by_cholesky, POSITIVE, b), ad.gradient(by_lu, POSITIVE, b)):
        np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("assume_a", ["sym", "her", "pos", "symmetric", "positive definite"])
@pytest.mark.parametrize("lower", [False, True])
def test_solutions_and_inverses_of_symmetric_matrices(assume_a, lower):
    b = np.array([1.0, -2.0, 0.5])
    agree(lambda a: (linalg.solve(a, b, lower=lower, assume_a=assume_a),), POSITIVE)
    if len(assume_a) == 3:
        agree(lambda a: (linalg.inv(a, lower=lower, assume_a=assume_a),), POSITIVE)


@pytest.mark.parametrize("a", [POSITIVE, HERMITIAN], ids=["real", "complex"])
def test_eigenvalues_and_vectors(a):
    agree(lambda a: (linalg.eigvalsh(a),), a)
    agree(lambda a: (linalg.eigh(a, eigvals_only=True),), a)
    agree(lambda a: (linalg.eigh(a, eigvals_only=True, subset_by_index=[1, 2]),), a)
    agree(lambda a: (linalg.pinvh(a),), a)

    def independent_of_phase(a):
        w, v = linalg.eigh(a, lower=False)
        return w, (v * np.array([1.0, -2.0, 0.5])) @ np.conj(v.T)

    agree(independent_of_phase, a)


def test_generalised_eigenvalues_and_vectors():
    def call(a, b):
        w, v = linalg.eigh(a, b)
        return w, (v * np.array([1.0, -2.0, 0.5])) @ v.T

    agree(call, POSITIVE, OTHER)
    agree(lambda b, a: call(a, b), OTHER, POSITIVE)
    agree(lambda b: (linalg.eigvalsh(POSITIVE, b),), OTHER)


# -- what is refused, and what is left as it is ---------------------------------------------------------------


def test_what_is_not_known_is_refused():
    refused = [
        lambda a: np.sum(linalg.qr(a, mode="full")[0]),
        lambda a: np.sum(linalg.qr(a.T, mode="economic")[1]),
        lambda a: np.sum(linalg.eigh(a[:3], subset_by_index=[0, 1])[1]),
        lambda a: np.sum(linalg.eigh(a[:3], POSITIVE, type=2)[0]),
    ]
    for f in refused:
        with pytest.raises(MissingRuleError, match=r"scipy\.linalg"):
            ad.gradient(f, TALL)


def test_arguments_are_not_overwritten():
    a, b = POSITIVE.copy(), np.ones(3)

    def f(a, b):
        return np.sum(linalg.solve(a, b, overwrite_a=True, overwrite_b=True))

    a_bar, _ = ad.gradient(f, a, b)
    assert a.tolist() == POSITIVE.tolist() and b.tolist() == [1.0] * 3
    np.testing.assert_allclose(a_bar, ad.gradient(lambda a: np.sum(np.linalg.solve(a, b)), a)[0])


def test_single_precision_stays_single():
    a = GENERAL.astype(np.float32)
    for f in (linalg.inv, linalg.expm, linalg.sqrtm, lambda a: linalg.lu_factor(a)[0]):
        value, (bar,) = ad.value_and_gradient(lambda a, f=f: np.sum(f(a)), a)
        assert value.dtype == bar.dtype == np.float32


def test_the_logarithm_undoes_the_exponential():
    (bar,) = ad.gradient(lambda a: np.sum(linalg.logm(linalg.expm(a)) * GENERAL), 0.3 * POSITIVE)
    np.testing.assert_allclose(bar, GENERAL, atol=1e-10)


def test_least_squares_of_less_than_full_rank():
    a = TALL.copy()
    a[:, 2] = a[:, 0] + a[:, 1]
    v = np.outer(np.arange(5.0), [1.0, -1.0, 0.0])  # within the matrices of this rank

    def f(a):
        return np.sum(linalg.lstsq(a, np.arange(5.0), cond=1e-9)[0] ** 2)

    v[:, 2] = v[:, 0] + v[:, 1]
    (bar,) = ad.gradient(f, a)
    difference = (f(a + 1e-6 * v) - f(a - 1e-6 * v)) / 2e-6
    assert np.sum(bar * v) == pytest.approx(difference, rel=1e-6)


def test_schur_of_complex_eigenvalues():
    turning = np.array([[1.0, 2.0, 0.5], [-3.0, 1.2, 1.0], [0.2, 0.7, -2.0]])

    def size(a):
        T, Z = linalg.schur(a, "complex")
        return np.sum(np.abs(T) ** 2 * W) + np.sum(np.abs(Z) ** 2 * W)

    W = np.arange(9.0).reshape(3, 3) + 1
    ad.check_gradient(size, turning, order=2, modes=("reverse", "forward"))
    ad.check_gradient(size, COMPLEX, order=2, modes=("reverse", "forward"))
    with pytest.raises(MissingRuleError, match="output='complex'"):
        ad.gradient(lambda a: np.sum(linalg.schur(a)[0]), turning)


@_apply_over_batch(("a", 2))
def without_a_rule(a):
    """As most functions of scipy.linalg are made: called for each matrix of a batch."""
    return 0.5 * a


@pytest.mark.parametrize("typed", [True, False])
def test_a_function_without_a_rule_is_named_where_it_is_called(typed):
    def program(A):
        return np.sum(without_a_rule(A))

    A = np.eye(2)
    with use_options(typed=typed, templates=typed, inline=typed):
        for derivative in (ad.gradient, lambda f, A: ad.jvp(f, (A,), (A,))):
            with pytest.raises(
                MissingRuleError, match="no derivative is known for .*without_a_rule"
            ) as raised:
                derivative(program, A)
            assert "return np.sum(without_a_rule(A))" in str(raised.value)
            assert "@adjoint.rule(without_a_rule)" in str(raised.value)
            assert "array_namespace" not in str(raised.value)
