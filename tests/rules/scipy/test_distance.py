"""Rules of `scipy.spatial.distance`."""

import numpy as np
import pytest
from scipy.spatial import distance

import adjoint as ad
from adjoint.errors import MissingRuleError
from adjoint.rules.scipy import spatial_distance
from adjoint.rules.scipy.spatial_distance import METRICS
from adjoint.testing import case, check_rule, check_second_order, expand, normal, uniform

D = np.array([[0.0, 1.0, 2.0], [1.0, 0.0, 3.0], [2.0, 3.0, 0.0]])
CASES = [
    case(distance.cdist, normal(4, 3), normal(2, 3), metric=list(METRICS)),
    case(distance.pdist, normal(4, 3), metric=list(METRICS)),
    case(distance.cdist, normal(4, 3), normal(2, 3), metric="minkowski", p=[1, 2, 3]),
    case(distance.pdist, normal(4, 3), metric="minkowski", p=3),
    case(distance.squareform, normal(6)),
    case(spatial_distance.check_metric, "cosine"),
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
    check_second_order(case.but(tolerance=1e-4))


def test_the_upper_triangle_is_read():
    (bar,) = ad.gradient(lambda D: np.sum(distance.squareform(D) * np.array([1.0, 2.0, 3.0])), D)
    assert bar.tolist() == [[0, 1, 2], [0, 0, 3], [0, 0, 0]]


def test_points_that_coincide_have_no_direction():
    x = np.ones((3, 2))
    for metric in ("euclidean", "cityblock", "chebyshev", "minkowski"):
        (bar,) = ad.gradient(lambda x, m=metric: np.sum(distance.pdist(x, m)), x)
        assert bar.tolist() == np.zeros((3, 2)).tolist()


def test_other_metrics_are_refused():
    with pytest.raises(MissingRuleError, match="'braycurtis'"):
        ad.gradient(lambda x: np.sum(distance.cdist(x, x + 1, "braycurtis")), np.ones((2, 2)))
