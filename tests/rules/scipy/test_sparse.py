"""Rules of `scipy.sparse`."""

import numpy as np
import pytest
from scipy import sparse
from scipy.sparse import linalg

import adjoint as ad
from adjoint.errors import AdjointError, MissingRuleError
from adjoint.rules.scipy import sparse_entries, sparse_linalg
from adjoint.testing import WAYS, case, check_rule, check_second_order, expand, normal

RANDOM = np.random.default_rng(0)
D = RANDOM.normal(size=(4, 4)) * (RANDOM.uniform(size=(4, 4)) < 0.5) + np.diag([3.0, 4.0, 5.0, 6.0])
v, w, M = RANDOM.normal(size=4), RANDOM.normal(size=4), RANDOM.normal(size=(4, 3))
A = sparse.csr_array(D)
PLACES = A.tocoo().coords
d = A.data.copy()
TWICE = tuple(np.concatenate((p, p)) for p in PLACES)
DEFINITE = sparse.csr_array(D @ D.T + 4 * np.eye(4))
FORMATS = [
    sparse.csr_array, sparse.csc_array, sparse.coo_array, sparse.csr_matrix, sparse.csc_matrix, sparse.coo_matrix,
]  # fmt: skip


def check(f, *args, order=1):
    ad.check_gradient(f, *args, order=order, modes=("reverse", "forward"), rtol=1e-5)


def made(data, cls=sparse.csr_array):
    return cls((data, PLACES), shape=(4, 4))


CASES = [
    case(sparse_entries.taken, normal(3), np.array([0, -1, 2])),
    case(sparse_entries.summed_into, normal(3), np.array([0, -1, 0]), 2),
]


@pytest.mark.parametrize("case", expand(CASES), ids=str)
def test_rule(case):
    check_rule(case.but(float32=False))
    check_second_order(case, WAYS[:1])


# -- products -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cls", FORMATS)
def test_products_with_a_constant_matrix(cls):
    B = cls(D)
    check(lambda v: np.sum((B @ v) ** 3), v, order=2)
    check(lambda v: np.sum((B.dot(v)) * (B.T @ v) * (v @ B)), v)
    check(lambda M: np.sum((B @ M) ** 3), M)
    (bar,) = ad.gradient(lambda v: np.sum(w * (B @ v)), v)
    np.testing.assert_allclose(bar, D.T @ w, rtol=1e-14)


@pytest.mark.parametrize("cls", FORMATS)
def test_matrices_made_of_active_numbers(cls):
    check(lambda d, v: np.sum((made(d, cls) @ v) ** 3), d, v, order=2)
    check(lambda d, v: np.sum((made(d, cls).T @ v) ** 3 * (v @ made(d, cls))), d, v)
    check(lambda d: np.sum(made(d, cls).toarray() ** 3) + made(d, cls).sum() ** 2, d)
    check(lambda d: np.sum(made(d, cls).data ** 3) + np.sum(made(d, cls).diagonal() ** 3), d)
    check(lambda d: np.sum((cls((d, TWICE), shape=(4, 4)) @ v) ** 3), np.concatenate((d, d)))
    check(lambda d: np.sum(cls((d, TWICE), shape=(4, 4)).toarray() ** 3), np.concatenate((d, d)))


@pytest.mark.parametrize("cls", FORMATS)
def test_arithmetic(cls):
    B = cls(D)
    check(lambda d, s: np.sum(((2 * made(d, cls) * s + B / s - B) @ v) ** 3), d, 1.3, order=2)
    check(lambda d: np.sum(((-made(d, cls)).tocsr() @ made(d * d, cls).tocsr() @ v) ** 3), d)
    check(lambda d: np.sum((made(d, cls).multiply(D + 1).tocsr() @ v) ** 2), d)
    check(lambda d: np.sum((made(d, cls).multiply(B) @ v) ** 2), d)


PROGRAMS = [
    lambda d: sparse.csr_array((d, A.indices, A.indptr), shape=(4, 4)) @ v,
    lambda d: sparse.coo_array((np.tile(d, 2), TWICE), shape=(4, 4)).tocsr() @ v,
    lambda d: sparse.dia_array((d[:4] * M.T, [0, 1, -1]), shape=(4, 4)) @ v,
    lambda d: sparse.dia_array((d[:4] * M.T, [0, 1, -1]), shape=(4, 4)).T @ v,
    lambda d: sparse.dia_array((d[:4] * M.T, [0, 1, -1]), shape=(4, 4)).tocsr().sum(axis=0),
    lambda d: sparse.dia_array((d[:4] * M.T, [0, 1, -1]), shape=(4, 4)).toarray(),
    lambda d: sparse.bsr_array(made(d), blocksize=(2, 2)) @ v,
    lambda d: sparse.diags(d[:4]) @ v,
    lambda d: sparse.diags([d[:4], d[4], -d[:3]], [0, 1, -1], shape=(4, 4), format="csc") @ v,
    lambda d: sparse.diags_array([d[:3], d[3:6]], offsets=[1, -1]) @ v,
    lambda d: made(d)[1].toarray() * made(d)[0, 0],
    lambda d: made(d)[1:, :2].toarray(),
    lambda d: made(d)[[0, 2, 0]].toarray(),
    lambda d: made(d).sum(axis=0) * made(d).sum(axis=1),
    lambda d: made(d).mean() + made(d).trace() * v,
    lambda d: (abs(made(d)) + made(d).power(2) + made(d).sin()) @ v,
    lambda d: (made(d) + D) * (D - made(d)),
    lambda d: sparse.hstack([made(d), made(d * d)]) @ np.concatenate((v, w)),
    lambda d: sparse.vstack([made(d), made(d * d)], format="csr") @ v,
    lambda d: sparse.bmat([[made(d), None], [made(d * d), A]], format="csr") @ np.concatenate((v, w)),
    lambda d: sparse.block_diag((made(d), made(d * d))) @ np.concatenate((v, w)),
    lambda d: sparse.kron(made(d), sparse.csr_array((d[:2], ([0, 1], [0, 1])))) @ np.concatenate((v, w)),
    lambda d: sparse.tril(made(d)) @ v + sparse.triu(made(d), 1) @ w,
    lambda d: (sparse.eye_array(4) * d[0] + sparse.kron(sparse.eye_array(2), made(d)[:2, :2])) @ v,
    lambda d: v @ made(d) @ v,
    lambda d: sparse.diags_array(v) @ made(d) @ w,
    lambda d: made(d) @ made(d).T @ v,
    lambda d: np.abs(made(d * (1 + 2j)) @ (v + 1j * w)) ** 2,
    lambda d: np.abs(made(d * (1 + 2j)).conj().T @ (v + 1j * w)) ** 2,
    lambda d: made(d).multiply(v).sum(axis=0) + made(d).multiply(v[:, None]) @ w,
    lambda d: sparse.csr_array(np.outer(d, d)) @ d,
    lambda d: linalg.norm(made(d)) * v,
    lambda d: made(d) @ v / made(d).nnz / made(d).shape[0],
]  # fmt: skip


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda f: f.__code__.co_firstlineno)
def test_programs(program):
    check(lambda d: np.sum(program(d) ** 3), d)


def test_second_derivatives_of_programs():
    for program in PROGRAMS[::6]:
        check(lambda d, p=program: np.sum(p(d) ** 3), d, order=2)


def test_products_agree_with_torch():
    torch = pytest.importorskip("torch")
    data = torch.tensor(d, requires_grad=True)
    x = torch.tensor(v, requires_grad=True)
    places = tuple(torch.tensor(p.astype(np.int64)) for p in PLACES)
    dense = torch.zeros(4, 4, dtype=torch.float64).index_put(places, data)
    ((dense @ x) ** 3).sum().backward()
    bars = ad.gradient(lambda d, v: np.sum((made(d) @ v) ** 3), d, v)
    for bar, other in zip(bars, (data.grad, x.grad), strict=True):
        np.testing.assert_allclose(bar, other.numpy(), rtol=1e-12)


# -- the cotangent of a matrix --------------------------------------------------------------------------------


@pytest.mark.parametrize("cls", FORMATS)
def test_the_cotangent_of_a_matrix_stores_what_the_matrix_stores(cls):
    B = cls(D)
    (bar,) = ad.gradient(lambda B: v @ (B @ (B.T @ v)), B)
    assert type(bar) is cls and bar.nnz == B.nnz
    np.testing.assert_allclose(bar.toarray(), np.where(D == 0, 0.0, 2 * np.outer(v, v @ D)))
    (zero,) = ad.gradient(lambda B: 3.0, B)
    assert zero.nnz == B.nnz and not zero.data.any()
    B = B - 0.1 * bar
    assert B.nnz == bar.nnz


def test_matrices_as_arguments_of_other_derivatives():
    value, dot = ad.jvp(lambda A: A @ v, (A,), (A,))
    np.testing.assert_allclose(dot, value)
    _, back = ad.pullback(made, d)
    np.testing.assert_allclose(back(A)[0], d)
    loss = lambda A: np.sum((A @ v) ** 3)  # noqa: E731
    (bar,) = ad.gradient(lambda A: ad.gradient(loss, A)[0].data.sum(), A)
    step = 1e-6
    for i in range(A.nnz):
        e = step * np.eye(A.nnz)[i]
        up, down = [ad.gradient(loss, A._with_data(A.data + s * e))[0].data.sum() for s in (1, -1)]
        assert bar.data[i] == pytest.approx((up - down) / (2 * step), rel=1e-6)


# -- solutions --------------------------------------------------------------------------------------------------


def test_direct_solutions():
    check(lambda d, v: np.sum(linalg.spsolve(made(d).tocsc(), v) ** 3), d, v, order=2)
    check(lambda d, M: np.sum(linalg.spsolve(made(d).tocsc(), M) ** 3), d, M)
    check(
        lambda d, v: np.sum(np.abs(linalg.spsolve(made(d * (1 + 0.3j)).tocsc(), v + 1j * w)) ** 2),
        d,
        v,
    )
    B = A.tocsc()
    bars = ad.gradient(lambda B, v: w @ linalg.spsolve(B, v), B, v)
    multipliers = np.linalg.solve(D.T, w)
    np.testing.assert_allclose(bars[1], multipliers)
    dense = -np.outer(multipliers, np.linalg.solve(D, v))
    np.testing.assert_allclose(bars[0].toarray(), np.where(D == 0, 0.0, dense))


def test_factorisations_that_are_constants():
    lu, solve = linalg.splu(A.tocsc()), linalg.factorized(A.tocsc())
    for trans in ("N", "T", "H"):
        check(lambda v, t=trans: np.sum(lu.solve(v, t) ** 3), v, order=2)
    check(lambda v: np.sum(solve(v) ** 3), v)


@pytest.mark.parametrize("name", [n for n in sparse_linalg.SOLVERS if n != "qmr"])
def test_iterative_solutions(name):
    solver = getattr(linalg, name)

    def loss(data, v):
        B = DEFINITE._with_data(data)
        return np.sum(solver(B + B.T, v, rtol=1e-13)[0] ** 3)

    check(loss, DEFINITE.data, v)


def test_other_forms_of_iterative_solutions():
    check(lambda D, v: np.sum(linalg.cg(D @ D.T + np.eye(4), v, rtol=1e-13)[0] ** 3), D, v, order=2)
    M = sparse.diags_array(1 / DEFINITE.diagonal())
    check(lambda v: np.sum(linalg.cg(DEFINITE, v, rtol=1e-13, M=M)[0] ** 3), v)
    operator = linalg.aslinearoperator(DEFINITE)
    check(lambda v: np.sum(linalg.cg(operator, v, rtol=1e-13)[0] ** 3) + np.sum(operator @ v), v)


# -- operators: matrices given as functions ---------------------------------------------------------------------------

WIDE = RANDOM.normal(size=(4, 3))
OPERATOR, DENSE = linalg.aslinearoperator(sparse.csr_array(WIDE)), linalg.aslinearoperator(WIDE)
COMPLEX = linalg.aslinearoperator(WIDE + 1j * RANDOM.normal(size=(4, 3)))


class Gradual(linalg.LinearOperator):
    """What it does to a vector, and its adjoint does."""

    def __init__(self):
        super().__init__(np.dtype(float), (4, 3))

    def _matvec(self, x):
        return WIDE @ x

    def _rmatvec(self, x):
        return WIDE.T @ x


GRADUAL, GIVEN = Gradual(), linalg.LinearOperator((4, 3), matvec=lambda x: WIDE @ x)
PRODUCTS = [
    *[(lambda x, op=op: op @ x, 3) for op in (OPERATOR, DENSE, COMPLEX, GRADUAL, GIVEN)],
    *[(lambda x, op=op: op.H @ x, 4) for op in (OPERATOR, DENSE, COMPLEX, GRADUAL)],
    *[(lambda x, op=op: op.T @ x, 4) for op in (OPERATOR, DENSE, COMPLEX, GRADUAL)],
    *[(lambda x, op=op: x @ op, 4) for op in (OPERATOR, DENSE, COMPLEX, GRADUAL)],
    *[(lambda x, op=op: op.rmatvec(x), 4) for op in (OPERATOR, DENSE, COMPLEX, GRADUAL)],
    *[(lambda x, op=op: op.matmat(x), (3, 2)) for op in (OPERATOR, DENSE, GRADUAL, GIVEN)],
    *[(lambda x, op=op: op.rmatmat(x), (4, 2)) for op in (OPERATOR, DENSE, GRADUAL)],
    (lambda x: OPERATOR.matvec(x), 3),
    (lambda x: OPERATOR(x), 3),
    (lambda x: OPERATOR * x, 3),
    (lambda x: OPERATOR @ x[:, :1], (3, 2)),
    (lambda x: x.T @ OPERATOR, (4, 2)),
    (lambda x: (OPERATOR + 2 * DENSE).dot(x), 3),
    (lambda x: (OPERATOR + DENSE).T @ x, 4),
    (lambda x: (OPERATOR.H @ DENSE) ** 2 @ x, 3),
]


@pytest.mark.parametrize(("product", "shape"), PRODUCTS, ids=range(len(PRODUCTS)))
def test_operators(product, shape):
    x = np.random.default_rng(1).normal(size=shape)

    def loss(x):
        return np.sum(np.abs(product(x)) ** 3)

    check(loss, x, order=2)
    assert ad.value_and_gradient(loss, x).value == loss(x)


def test_what_does_not_fit_an_operator():
    for f in (lambda v: OPERATOR @ v, lambda v: OPERATOR.matvec(v), lambda v: OPERATOR.matmat(v)):
        with pytest.raises(ValueError):
            f(v)
        with pytest.raises(ValueError):
            ad.gradient(lambda v, f=f: np.sum(f(v)), v)


# -- what is refused ----------------------------------------------------------------------------------------------


def changed(change):
    def program(d):
        B = made(d)
        change(B, d)
        return np.sum(B @ v)

    return program


def given(change):
    def program(d):
        B = A.copy()
        change(B, d)
        return np.sum(B @ v)

    return program


def scale(B, d):
    B *= 2


def scale_by(B, d):
    B *= d[0]


def put(B, d):
    B[0, 0] = d[0]


def put_data(B, d):
    B.data[:] = d


def replace_data(B, d):
    B.data = d * d


REFUSED = [
    *[changed(c) for c in (scale, put, put_data, replace_data, lambda B, d: B.sum_duplicates())],
    *[given(c) for c in (scale_by, put, put_data, replace_data, lambda B, d: B.setdiag(d[:4]))],
    lambda d: made(d).maximum(A).sum(),
    lambda d: linalg.eigsh(made(d) + made(d).T, 1)[0][0],
    lambda d: linalg.lsqr(made(d), v)[0].sum(),
    lambda d: linalg.splu(made(d).tocsc()).solve(v).sum(),
    lambda d: linalg.factorized(made(d).tocsc())(v).sum(),
    lambda d: linalg.cg(linalg.LinearOperator((4, 4), matvec=lambda u: d[0] * u), v)[0].sum(),
    lambda d: (linalg.aslinearoperator(made(d)) @ v).sum(),
    lambda d: ((OPERATOR * d[0]) @ v[:3]).sum(),
    lambda d: linalg.spsolve(A.tocsc(), made(d).tocsc()).sum(),
    lambda d: sparse.csr_array(np.diag(d)).sum(),
    lambda d: (sparse.coo_array(d) @ np.ones(len(d))),
    lambda d: (made(d) + made(-d)).sum(),
    lambda d: sparse.coo_array((np.tile(d, 2), TWICE), shape=(4, 4)).sin().sum(),
    lambda d: made(d).tolil().tocsr().sum(),
    lambda d: np.sum(np.asarray(made(d, sparse.csr_matrix).sum(axis=1))),
    lambda d: np.dot(made(d), v).sum(),
]  # fmt: skip


@pytest.mark.parametrize("program", REFUSED)
def test_refused(program):
    with pytest.raises(AdjointError):
        ad.gradient(program, d)


def test_sums_that_become_zero_are_refused():
    with pytest.raises(MissingRuleError, match="exactly zero"):
        ad.gradient(lambda d: np.sum((made(d) - A) @ v), d)
    stored_zero = d * (np.arange(len(d)) > 0)
    with pytest.raises(MissingRuleError, match="exactly zero"):
        ad.gradient(lambda d: np.sum((made(d) @ A) @ v), stored_zero)
    (bar,) = ad.gradient(lambda d: np.sum(made(d) @ (A @ v)), stored_zero)
    np.testing.assert_allclose(bar, (D @ v)[PLACES[1]])


# -- as it is used ----------------------------------------------------------------------------------------------------


def conductance(k):
    """-(k u')' = f on a grid, with u = 0 at both ends: k between the points, three diagonals."""
    return sparse.diags_array(
        [k[:-1] + k[1:], -k[1:-1], -k[1:-1]], offsets=[0, 1, -1], format="csc"
    )


def test_a_poisson_problem_with_a_coefficient_field():
    count = 30
    f = np.full(count, 1.0 / count**2)
    truth = 1 + 0.5 * np.sin(np.linspace(0, 5, count + 1))
    measured = linalg.spsolve(conductance(truth), f)

    def misfit(log_k):
        return 0.5 * np.sum((linalg.spsolve(conductance(np.exp(log_k)), f) - measured) ** 2)

    start = np.zeros(count + 1)
    check(misfit, start)
    J = ad.jacobian(lambda s: linalg.spsolve(conductance(np.exp(s)), f), start)[0]
    dense = np.linalg.inv(conductance(np.exp(start)).toarray())
    u = dense @ f
    slopes = np.diff(np.concatenate(([0.0], u, [0.0])))
    differences = np.diff(np.eye(count), axis=0, prepend=0, append=0)
    np.testing.assert_allclose(J, -dense @ (differences.T * slopes), rtol=1e-9, atol=1e-14)


def test_diffusion_on_a_graph():
    """Steps of implicit Euler with a Laplacian of edge weights, by conjugate gradients."""
    edges = np.array([(0, 1), (1, 2), (2, 3), (3, 4), (4, 0), (0, 2)])
    i, j = edges.T

    def laplacian(weights):
        adjacency = sparse.coo_array((weights, (i, j)), shape=(5, 5)).tocsr()
        adjacency = adjacency + adjacency.T
        return sparse.diags_array(adjacency.sum(axis=1)) - adjacency

    def loss(weights):
        system = sparse.eye_array(5, format="csr") + 0.1 * laplacian(weights)
        u = np.array([1.0, 0.0, 0.0, 0.0, 0.0])
        for _ in range(3):
            u, _ = linalg.cg(system, u, rtol=1e-13)
        return u[3]

    check(loss, np.array([1.0, 2.0, 0.5, 1.5, 0.7, 1.1]))
