"""Every keyword of every rule of NumPy's is used in some case: computed; here are those of no other file."""

import inspect

import numpy as np
import pytest

import adjoint as ad
from adjoint.testing import case, check_rule, expand, normal
from adjoint.testing.cases import name_of
from tests.rules.test_completeness import DERIVED, all_cases

MASK = np.array([[True, False, True, True], [False, True, True, False], [True, True, True, True]])
HOLES = np.where(MASK, np.arange(12.0).reshape(3, 4) + 1, np.nan)
SYMMETRIC = np.array([[2.0, 0.3, 0.1], [0.3, 1.0, 0.4], [0.1, 0.4, 1.5]])

CASES = [
    case([np.ndarray.prod, np.ndarray.max, np.ndarray.min], normal(3, 4), initial=0.3, where=MASK),
    case([np.amax, np.amin], normal(3, 4), axis=1, initial=0.3, where=MASK),
    case([np.nansum, np.nanmean, np.nanprod], HOLES, axis=[None, 1], where=MASK[::-1] | MASK),
    case([np.nanvar, np.nanstd], normal(3, 4), where=MASK, correction=[0, 1]),
    case([np.ndarray.var, np.ndarray.std], normal(3, 4), where=MASK),
    case([np.ndarray.var, np.ndarray.std], normal(3, 4), axis=1, mean=normal(3, 1)),
    case(np.full_like, normal(2), normal(), shape=[(2, 3)]).but(float32=False),
    case(np.geomspace, 1.5, np.array([2.0, 3.0]), 4, axis=[0, 1]),
    case(np.percentile, np.arange(5.0) ** 1.5, 30.0, keepdims=[True]),
    case([np.nanmedian], np.arange(5.0) ** 1.5, keepdims=[True]),
    case([np.nanpercentile], np.arange(5.0) ** 1.5, 37.0, keepdims=[True]),
    case([np.nanpercentile], np.arange(4.0) ** 1.5, 37.0, weights=np.array([1, 4, 2, 3]),
         method="inverted_cdf"),
    case(np.cross, normal(2, 3), normal(3, 2), axisb=0),
    case(np.linalg.cross, normal(3, 2), normal(3, 2), axis=0),
    case(np.trim_zeros, normal(4), trim=["f", "b"], axis=[0]),
    case(np.unique, normal(4), equal_nan=[False]),
    case(np.linalg.pinv, normal(4, 2), rcond=1e-10),
    case(np.linalg.pinv, normal(4, 2), rtol=1e-10),
    case(np.linalg.svd, normal(4, 2), full_matrices=False, hermitian=False),
    case(np.linalg.qr, normal(4, 2), mode="reduced"),
    case(np.linalg.vector_norm, normal(3, 4), axis=1, keepdims=True, ord=[2, 3]),
    case(np.linalg.lstsq, normal(4, 2), normal(4), rcond=1e-10),
]  # fmt: skip


@pytest.mark.parametrize("case", expand(CASES), ids=str)
def test_rule(case):
    check_rule(case.but(tolerance=1e-5))


@pytest.mark.parametrize("f", [np.sum, np.add.reduce, lambda x, initial: x.sum(initial=initial)])
def test_sums_from_an_initial_value(f):
    def g(x, start):
        return f(x, initial=start * x[0]) ** 2

    ad.check_gradient(g, np.array([0.3, 1.2, 0.7]), 1.5, modes=("reverse", "forward"))


# Of the representation, not of the numbers; or tested by other means than cases, as is said.
OF_NO_DERIVATIVE = {
    "out", "dtype", "order", "subok", "like", "device", "copy", "casting", "overwrite_input",
    "writeable", "stream", "kind", "stable", "check_bounds",
}  # fmt: skip
OTHERWISE = {
    "np.linspace": {"retstep"},  # refused
    "np.interp": {"period"},  # refused
    "ndarray.var": {"correction"},  # which the methods do not take
    "ndarray.std": {"correction"},
    "np.sum": {"initial"},  # below: with it a sum is not linear, but affine
    "ndarray.sum": {"initial"},
    "np.linalg.cholesky": {"upper"},  # of Hermitian matrices, in test_linalg
    "np.linalg.eigh": {"UPLO"},
    "np.linalg.eigvalsh": {"UPLO"},
    "np.linalg.pinv": {"hermitian"},
}


def test_every_keyword_is_used_in_a_case():
    used = {}
    for each in all_cases():
        if each.function in DERIVED:
            names = list(inspect.signature(DERIVED[each.function].text).parameters)
            own = {*names[: len(each.args)], *each.kwargs}
            used[each.function] = used.get(each.function, set()) | own
    missing = {}
    for function, taken in used.items():
        declared, name = DERIVED[function], name_of(function)
        if declared.kind != "rule" or not name.startswith(("np.", "ndarray.")):
            continue
        parameters = inspect.signature(declared.text).parameters.values()
        plain = {p.name for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)}
        left = plain - taken - OF_NO_DERIVATIVE - OTHERWISE.get(name, set())
        if left:
            missing[name] = left
    assert not missing
