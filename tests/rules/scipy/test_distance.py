"""Rules of `scipy.spatial.distance`."""

import numpy as np
import pytest
from scipy.spatial import distance

import adjoint as ad
from adjoint.errors import MissingRuleError
from adjoint.rules.scipy import spatial_distance
from adjoint.rules.scipy.spatial_distance import BY_PAIRS, METRICS, WEIGHTED
from adjoint.testing import WAYS, case, check_rule, check_second_order, expand, normal, uniform

D = np.array([[0.0, 1.0, 2.0], [1.0, 0.0, 3.0], [2.0, 3.0, 0.0]])
CASES = [
    case(spatial_distance.plain_cdist, normal(4, 3), normal(2, 3), metric=list(METRICS)),
    case(spatial_distance.plain_pdist, normal(4, 3), metric=list(METRICS)),
    case(spatial_distance.plain_cdist, normal(4, 3), normal(2, 3), metric="minkowski", p=[1, 2, 3]),
    case(spatial_distance.plain_pdist, normal(4, 3), metric="minkowski", p=3),
    case(distance.squareform, normal(6)),
    case(
        distance.cdist, uniform(0.1, 1.0, (4, 3)), uniform(0.1, 1.0, (2, 3)), metric=list(BY_PAIRS)
    ),
    case(distance.pdist, uniform(0.1, 1.0, (4, 3)), metric=list(BY_PAIRS)),
    case(spatial_distance.of_pairs, normal(2, 3), normal(2, 3), "canberra", {}, normal(4, 3)),
    case(spatial_distance.root, uniform(0.1, 1.0, (3,))),
    case(
        spatial_distance.nearer_cotangent,
        normal(2, 2),
        uniform(1.0, 2.0, shape=(2, 2)),
        normal(2, 3),
        normal(2, 3),
        "cityblock",
        2,
    ),
]
EXPANDED = expand(CASES)


@pytest.mark.parametrize("case", EXPANDED, ids=str)
def test_rule(case):
    check_rule(case.but(float32=False, tolerance=1e-5))


@pytest.mark.parametrize("case", EXPANDED, ids=str)
def test_second_order(case):
    check_second_order(case.but(tolerance=1e-4), WAYS[:1])


def test_the_upper_triangle_is_read():
    (bar,) = ad.gradient(lambda D: np.sum(distance.squareform(D) * np.array([1.0, 2.0, 3.0])), D)
    assert bar.tolist() == [[0, 1, 2], [0, 0, 3], [0, 0, 0]]


def test_points_that_coincide_have_no_direction():
    x = np.ones((3, 2))
    for metric in ("euclidean", "cityblock", "chebyshev", "minkowski"):
        (bar,) = ad.gradient(lambda x, m=metric: np.sum(distance.pdist(x, m)), x)
        assert bar.tolist() == np.zeros((3, 2)).tolist()


RANDOM = np.random.default_rng(0)
A, B, W = RANDOM.uniform(0.1, 1, (4, 3)), RANDOM.uniform(0.1, 1, (6, 3)), RANDOM.uniform(0.5, 1, 3)


def check(f, *args):
    ad.check_gradient(f, *args, order=2, modes=("reverse", "forward"), rtol=1e-4)


@pytest.mark.parametrize("metric", BY_PAIRS)
def test_of_all_pairs(metric):
    check(lambda A, B: np.sum(np.cos(distance.cdist(A, B, metric))), A, B)
    check(lambda B: np.sum(np.cos(distance.pdist(B, metric))), B)


@pytest.mark.parametrize("metric", WEIGHTED)
def test_weights(metric):
    check(lambda A, w: np.sum(np.cos(distance.cdist(A, B, metric, w=w))), A, W)
    ones = np.ones(3)
    weighted = ad.gradient(lambda A: np.sum(np.cos(distance.cdist(A, B, metric, w=ones))), A)[0]
    plain = ad.gradient(lambda A: np.sum(np.cos(distance.cdist(A, B, metric))), A)[0]
    np.testing.assert_allclose(weighted, plain, rtol=1e-10, atol=1e-14)


def test_variances_and_covariances_that_are_given():
    check(lambda A, V: np.sum(np.cos(distance.cdist(A, B, "seuclidean", V=V))), A, W)
    VI = np.linalg.inv(np.cov(B.T))
    check(lambda A, VI: np.sum(np.cos(distance.cdist(A, B, "mahalanobis", VI=VI))), A, VI)
    check(lambda A: np.sum(distance.cdist(A, B, "minkowski", p=3, w=W) ** 2), A)


TWO = [
    distance.euclidean, distance.sqeuclidean, distance.cityblock, distance.chebyshev, distance.cosine,
    distance.correlation, distance.braycurtis, distance.canberra, distance.jensenshannon,
]  # fmt: skip


@pytest.mark.parametrize("function", TWO, ids=lambda f: f.__name__)
def test_of_two_vectors(function):
    """Their source is Python's; they agree with those of all pairs."""
    ad.check_gradient(function, A[0], B[0], modes=("reverse", "forward"))
    name = function.__name__
    bars = ad.gradient(lambda u, v: distance.cdist(u[None], v[None], name)[0, 0], A[0], B[0])
    for bar, other in zip(ad.gradient(function, A[0], B[0]), bars, strict=True):
        np.testing.assert_allclose(bar, other, rtol=1e-8)


def test_others_of_two_vectors():
    VI = np.linalg.inv(np.cov(B.T))
    ad.check_gradient(lambda u, v, w: distance.minkowski(u, v, 3, w), A[0], B[0], W)
    ad.check_gradient(distance.seuclidean, A[0], B[0], W)
    ad.check_gradient(distance.mahalanobis, A[0], B[0], VI)


def test_other_metrics_are_refused():
    for metric, options in (("hamming", {}), ("chebyshev", {"w": np.ones(2)})):
        with pytest.raises(MissingRuleError, match=repr(metric)):
            ad.gradient(
                lambda x: np.sum(distance.cdist(x, x + 1, metric, **options)), np.ones((2, 2))
            )
