"""Rules of eigenvalues of general matrices, quantiles, covariances, histograms, windows and views."""

import numpy as np
import pytest

import adjoint as ad
from adjoint.rules import linalg_general, quantiles, statistics, ufunc_methods, views
from adjoint.testing import apply_rule, case, check_rule, expand, normal, uniform

APART = np.random.default_rng(2).permutation(24).reshape(2, 3, 4) / 4.0  # no near ties
HOLES = APART.copy()
HOLES[0, 1, 2] = HOLES[1, 0, 0] = np.nan
SQUARE = np.array([[2.0, 0.3, 0.1], [0.7, 1.0, 0.4], [0.2, 0.5, -1.5]])

CASES = [
    case([np.linalg.eigvals], SQUARE),
    case([np.linalg.eigvals], np.stack([SQUARE, SQUARE.T + 1])),
    case(linalg_general.in_order, normal(3), np.array([1.0, 2.0, 3.0]), np.array([3.0, 1.0, 2.0])),
    case(linalg_general.eig_cotangent, normal(3), None, np.array([1.0, 2.0, 3.5]), SQUARE),
    case(linalg_general.eig_cotangent, None, normal(3, 3), np.array([1.0, 2.0, 3.5]), SQUARE),
    case(np.linalg.cond, normal(3, 3), p=[None, 2, -2, 1, "fro"]),
    case(np.linalg.cond, normal(2, 3, 3)),
    case(np.linalg.tensorsolve, normal(2, 3, 6), normal(2, 3)),
    case(np.linalg.tensorsolve, normal(2, 6, 3), normal(6), (0,)),
    case(np.nanmedian, APART, axis=[None, 1, (2, 0)]),
    case(np.nanquantile, APART, 0.3, axis=[None, (0, -1)], keepdims=[False, True]),
    case(np.nanpercentile, APART[0], np.array([30.0, 70.0]), axis=[1]),
    case(np.nanquantile, APART[0], np.array([0.3, 0.7]), axis=[0]),
    case([np.nanquantile, np.nanpercentile], APART[0, 0], 0.3, method=["hazen", "lower"]),
    case([np.quantile, np.nanquantile], APART[0, 0], 0.37, weights=np.array([1, 4, 2, 3]),
         method="inverted_cdf"),
    case([np.percentile], APART[0, 0], np.array([37.0, 84.0]), weights=np.array([1, 4, 2, 3]),
         method="inverted_cdf"),
    case(quantiles.quantile_shares, APART[0, 0], 0.3, None, "linear", None, True),
    case(quantiles.quantile_cotangents, normal(2, 1), APART[0, 0], np.array([0.3, 0.6]), None, "linear",
         None, True),
    case(np.cov, normal(2, 4), ddof=[None, 0]),
    case(np.cov, normal(4, dtype=complex), normal(4, dtype=complex)),
    case(np.cov, normal(2, 4), aweights=uniform(0.5, 1.0, (4,)), fweights=np.array([1, 2, 3, 1])),
    case(statistics.covariance, normal(2, 4), None, True, False, None, None, None, np.zeros((2, 2))),
    case(statistics.rows_of, normal(3, 2), False),
    case(np.corrcoef, normal(2, 4)),
    case(np.corrcoef, normal(4)),
    case(np.gradient, normal(5), edge_order=[1, 2]),
    case(np.gradient, normal(5), uniform(0.5, 1.0), edge_order=[1, 2]),
    case(np.gradient, normal(4), np.array([0.0, 1.0, 2.5, 3.0]), edge_order=[1, 2]),
    case(np.gradient, normal(3, 4), axis=[None, 1, (0, 1)]),
    case(np.gradient, np.array([3, 250, 7], np.uint8), uniform(0.5, 1.0)),
    case(statistics.slope_along, normal(4), np.array([0.0, 1.0, 2.5, 3.0]), 0, 2),
    case(ufunc_methods.reduced_first, normal(2, 3), 1),
    case(np.unwrap, np.array([0.1, 3.3, 6.9, 0.4])),
    case(np.histogram_bin_edges, APART[0, 0], 3),
    case(statistics.edges_between, APART[0, 0], 3, None, np.linspace(0, 1, 4)),
    case(np.histogram, APART[0, 0], 3, weights=normal(4), density=[None, True]),
    case(statistics.sums_at, normal(4), np.array([0, 2, 2, 3]), 3),
    case(np.histogram2d, APART[0, 0], APART[0, 1], 2, weights=normal(4)),
    case(np.histogramdd, APART[0].T, 2, weights=uniform(1.0, 2.0, (4,)), density=[None, True]),
    case([np.setdiff1d, np.setxor1d], APART[0, 0], APART[0, 1]),
    case(np.unique, np.array([3.0, 1.0, 4.0, 2.0]), sorted=[False]),
    case(np.lib.stride_tricks.sliding_window_view, normal(5), 3),
    case(np.lib.stride_tricks.sliding_window_view, normal(3, 4), (2,), axis=[0, 1]),
    case(np.lib.stride_tricks.as_strided, normal(5), (3, 3), (8, 8)).but(float32=False),
    case(np.ndarray.view, normal(3)),
    case(np.ndarray.view, normal(3, dtype=complex), float).but(float32=False),
    case(np.ndarray.view, normal(4), complex).but(float32=False),
    case(views.viewed_back, normal(4), (2,), np.dtype(complex)),
    case([np.ndarray.__copy__], normal(2, 3)),
    case([np.ndarray.__deepcopy__], normal(2, 3), {}),
    case([np.ndarray.to_device], normal(2, 3), "cpu"),
]  # fmt: skip


@pytest.mark.parametrize("case", expand(CASES), ids=str)
def test_rule(case):
    check_rule(case.but(tolerance=max(case.tolerance, 1e-5)))


def test_eigenvectors_where_the_loss_does_not_depend_on_their_phases():
    A = np.array([[1.0, 2.0, 0.3], [-1.5, 0.5, 0.2], [0.4, 0.1, 2.0]])  # of complex eigenvalues
    c = np.random.default_rng(0).normal(size=(3, 3))

    def loss(A):
        w, V = np.linalg.eig(A)
        order = np.argsort(np.imag(w))
        return np.sum(c * np.abs(V[:, order]) ** 2) + np.sum(np.real(w[order] ** 3) * c[0])

    ad.check_gradient(loss, A, rtol=1e-5)


def test_quantiles_leave_nans_out_lane_by_lane():
    y_bar = np.arange(1.0, 7.0).reshape(2, 3)
    _, pullback = apply_rule(np.nanquantile, (HOLES, 0.4), {"axis": -1})
    for i in np.ndindex(2, 3):
        lane = HOLES[i][~np.isnan(HOLES[i])]
        expected = np.zeros(4)
        expected[~np.isnan(HOLES[i])] = apply_rule(np.quantile, (lane, 0.4), {})[1](y_bar[i])[0]
        np.testing.assert_allclose(pullback(y_bar)[0][i], expected)


@pytest.mark.parametrize("f", [np.quantile, np.nanquantile])
def test_the_slope_of_a_quantile_between_finite_elements_is_finite(f):
    a = np.array([1.0, np.inf, 4.0, 0.5])
    assert ad.gradient(lambda q: f(a, q), 0.2) == (1.5,)
    assert ad.jvp(lambda q: f(a, q), (0.2,), (1.0,))[1] == 1.5


MEDIANS = [
    lambda x: np.median(x * 1.0, overwrite_input=True) * 2,
    lambda x: np.nanmedian(x * 1.0, None, None, True) * 2,
    lambda x: np.quantile(x * 1.0, 0.5, None, None, True) * 2,
]


@pytest.mark.parametrize("f", MEDIANS)
def test_a_median_that_may_overwrite_its_operand(f):
    """The order of the elements is that before."""
    x = np.array([5.0, 1.0, 4.0, 2.0, 3.0])
    np.testing.assert_array_equal(ad.gradient(f, x)[0], [0, 0, 0, 0, 2])


def test_a_view_of_bits_is_refused():
    with pytest.raises(ad.MissingRuleError, match="astype"):
        ad.gradient(lambda x: np.sum(x.view(np.int64) * x), np.ones(3))


def test_strides_between_elements_are_refused():
    with pytest.raises(ad.MissingRuleError, match="contiguous"):
        ad.gradient(
            lambda x: np.sum(np.lib.stride_tricks.as_strided(x.T, (2,), (8,))), np.ones((2, 2))
        )
