"""Rules of inverses, determinants, factorisations and eigenvalues."""

import numpy as np
import pytest

from adjoint.rules import linalg
from adjoint.testing import apply_rule, case, check_rule, expand, normal

SQUARE = [normal(3, 3), normal(2, 3, 3), normal(3, 3, dtype=complex), normal(1, 1)]
TALL = [normal(3, 3), normal(4, 2), normal(2, 4, 3)]
ANY = [*TALL, normal(2, 4), normal(3, 3, dtype=complex)]


CASES = [
    *(case([np.linalg.inv, np.linalg.det, np.linalg.slogdet], a) for a in SQUARE),
    *(case(np.linalg.matrix_power, a, n=[0, 1, 2, 5, -1, -3]) for a in SQUARE[:3]),
    case(np.linalg.det, np.array([[0.0, 0.0], [1.0, 2.0]])),
    case(np.linalg.solve, normal(3, 3), normal(3)),
    case(np.linalg.solve, normal(3, 3, dtype=complex), normal(3, 2)),
    case(np.linalg.solve, normal(2, 3, 3), normal(3)),
    case(np.linalg.solve, normal(2, 3, 3), normal(3, 4)),
    case(np.linalg.solve, normal(3, 3), normal(2, 3, 4)),
    *(case(np.linalg.pinv, a) for a in ANY),
    case(np.linalg.multi_dot, [normal(3, 4), normal(4, 2), normal(2, 5)]),
    case(np.linalg.multi_dot, [normal(4), normal(4, 2), normal(2)]),
    case(np.linalg.multi_dot, [normal(4, dtype=complex), normal(4, 3)]),
    *(case(np.linalg.svd, a, False) for a in ANY[:4]),
    *(case([np.linalg.svd], a, compute_uv=False) for a in ANY),
    *(case(np.linalg.svdvals, a) for a in ANY),
    *(case(np.linalg.qr, a) for a in TALL),
    case(linalg.cofactors, normal(3, 3), np.array(2.0)),
    case(linalg.matrix_power_cotangent, normal(3, 3), normal(3, 3), 3),
    case(linalg.multi_dot_cotangents, normal(3), [normal(3, 4), normal(4)]),
    case(linalg.total_log_bar, (None, normal()), (1.0, 2.0)),
    case(linalg.reciprocal_gaps, np.array([1.0, 2.0, 3.5])),
    case(linalg.eigh_cotangent, normal(3), normal(3, 3), normal(3), normal(3, 3)),
    case(linalg.svd_cotangent, None, normal(3), None, normal(3, 3), normal(3), normal(3, 3)),
    case(linalg.qr_cotangent, normal(3, 3), normal(3, 3), normal(3, 3), normal(3, 3)),
    # of these the operand is symmetric: see below
    case([np.linalg.cholesky, np.linalg.eigh, np.linalg.eigvalsh], np.eye(1)),
]


@pytest.mark.parametrize("case", expand(CASES), ids=str)
def test_rule(case):
    check_rule(case.but(tolerance=1e-5, float32=False))


def adjoint_of(x):
    return np.swapaxes(np.conj(x), -1, -2)


def random(shape, dtype, seed=0):
    draw = np.random.default_rng(seed).standard_normal
    return draw(shape) + 1j * draw(shape) if dtype is complex else draw(shape)


def agree(function, loss, loss_bar, a, **options):
    """The cotangent of a Hermitian `a` against differences along a Hermitian direction."""
    v = random(a.shape, a.dtype.type and (complex if np.iscomplexobj(a) else float), 3)
    v = (v + adjoint_of(v)) / 2
    y, pullback = apply_rule(function, (a,), options)
    above, below = (loss(function(a + h * v, **options)) for h in (1e-6, -1e-6))
    bar = pullback(loss_bar(y))[0]
    np.testing.assert_allclose(bar, adjoint_of(bar), atol=1e-9)
    np.testing.assert_allclose(np.real(np.sum(np.conj(bar) * v)), (above - below) / 2e-6, rtol=1e-5)


SHAPES = pytest.mark.parametrize("shape", [(3, 3), (2, 3, 3)])
DTYPES = pytest.mark.parametrize("dtype", [float, complex])


@SHAPES
@DTYPES
@pytest.mark.parametrize("upper", [False, True])
def test_cholesky_has_the_cotangent_of_a_symmetric_operand(shape, dtype, upper):
    x = random(shape, dtype)
    a = x @ adjoint_of(x) + np.eye(3)
    c = random(shape, dtype, 1)
    agree(
        np.linalg.cholesky, lambda y: np.sum(np.real(np.conj(c) * y)), lambda y: c, a, upper=upper
    )


@SHAPES
@DTYPES
def test_eigenvalues_and_what_does_not_depend_on_the_phase_of_vectors(shape, dtype):
    a = random(shape, dtype)
    a = a + adjoint_of(a)
    b, c, d = random(shape, dtype, 1), random((3,), float, 2), random(shape[:-1], float, 4)

    def loss(y):
        return np.sum(np.real(np.conj(b) * ((y[1] * c) @ adjoint_of(y[1])))) + np.sum(d * y[0])

    agree(np.linalg.eigh, loss, lambda y: (d, (b + adjoint_of(b)) @ y[1] * c), a)
    agree(np.linalg.eigvalsh, lambda w: np.sum(d * w), lambda w: d, a)


def test_eigenvectors_of_equal_eigenvalues_contribute_nothing():
    _, pullback = apply_rule(np.linalg.eigh, (np.eye(2),), {})
    assert pullback((None, np.ones((2, 2))))[0].tolist() == [[0, 0], [0, 0]]


@DTYPES
def test_singular_vectors_in_a_product_without_phase(dtype):
    a, b, v = (random((4, 3), dtype, seed) for seed in (0, 1, 2))
    c = np.array([1.0, -2.0, 0.5])

    def loss(a):
        U, _, Vh = np.linalg.svd(a, False)
        return np.sum(np.real(np.conj(b) * ((U * c) @ Vh)))

    (U, s, Vh), pullback = apply_rule(np.linalg.svd, (a, False), {})
    bar = pullback((b @ adjoint_of(Vh) * c, None, c[:, None] * (adjoint_of(U) @ b)))[0]
    difference = (loss(a + 1e-6 * v) - loss(a - 1e-6 * v)) / 2e-6
    np.testing.assert_allclose(np.sum(np.real(np.conj(bar) * v)), difference, rtol=1e-5)
