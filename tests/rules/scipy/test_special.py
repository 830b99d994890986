"""Rules of `scipy.special`."""

import numpy as np
import pytest
from scipy import special

import adjoint as ad
from adjoint.rules.scipy import (
    several,
    special_bessel,
    special_distributions,
    special_elliptic,
    special_error,
    special_gamma,
    special_incomplete,
    special_logarithms,
    special_logsumexp,
)
from adjoint.testing import WAYS, case, check_rule, check_second_order, expand, normal, uniform

ANY = [normal(2, 3), uniform(-2.0, 2.0)]
POSITIVE = [uniform(0.3, 4.0, shape=(2, 3)), uniform(0.3, 4.0)]
UNIT = [uniform(0.1, 0.9, shape=(2, 3)), uniform(0.1, 0.9)]
COMPLEX = uniform(0.3, 1.5, shape=(3,), dtype=complex)

OF_ANY = [
    *(special.erf, special.erfc, special.erfi, special.erfcx, special.dawsn, special.ndtr),
    *(special.log_ndtr, special.expit, special.log_expit, special.exprel, special.cosm1),
    *(special.expm1, special.exp2, special.exp10, special.sindg, special.cosdg, special.tandg),
    *(special.j0, special.j1, special.i0, special.i1, special.wofz, special.airy, special.fresnel),
]
OF_POSITIVE = [
    *(special.gamma, special.gammaln, special.loggamma, special.rgamma, special.psi),
    *(special.exp1, special.expi, special.spence, special.log1p, special.cbrt, special.entr),
    *(special.y0, special.y1, special.k0, special.k1, special.k0e, special.k1e, special.i0e),
    *(special.i1e, special.sici, special.shichi, special.wrightomega, special.cotdg),
    special.itairy,
]
OF_UNIT = [
    *(special.erfinv, special.erfcinv, special.ndtri, special.logit, special.ellipk),
    *(special.ellipe, special.ellipkm1),
]
OF_COMPLEX = [
    *(special.erf, special.erfc, special.erfi, special.erfcx, special.dawsn, special.wofz),
    *(special.gamma, special.loggamma, special.rgamma, special.psi, special.exp1, special.expi),
    *(special.log_ndtr, special.expm1, special.log1p, special.airy, special.fresnel, special.sici),
    *(special.shichi, special.wrightomega),
]
OF_ORDER = [
    *(special.jv, special.yv, special.iv, special.kv, special.ive, special.kve, special.jve),
    *(special.yve, special.hankel1, special.hankel2, special.hankel1e, special.hankel2e),
]
SPHERICAL = [special.spherical_jn, special.spherical_yn, special.spherical_in, special.spherical_kn]
TWO_POSITIVE = [
    *(special.beta, special.betaln, special.poch, special.xlogy, special.xlog1py),
    *(special.rel_entr, special.kl_div, special.pseudo_huber, special.boxcox, special.boxcox1p),
    *(special.inv_boxcox, special.inv_boxcox1p, special.powm1, special.gammainc, special.gammaincc),
    *(special.chdtr, special.chdtrc, special.stdtr, special.owens_t),
]
GAMMA_INVERSE = [special.gammaincinv, special.gammainccinv]
BETA = [special.betainc, special.betaincc, special.betaincinv, special.betainccinv]

CASES = [
    *(case(OF_ANY, x).but(tolerance=1e-5) for x in ANY),
    *(case(OF_POSITIVE, x) for x in POSITIVE),
    *(case(OF_UNIT, x) for x in UNIT),
    case(OF_COMPLEX, COMPLEX),
    case([special.erfcx, special.ndtri_exp], uniform(-9.0, -0.5, shape=(4,))).but(tolerance=1e-4),
    case([special.erfcx, special.dawsn, special.wofz], uniform(9.0, 14.0, shape=(4,))),
    case([special.log_ndtr, special.i0e, special.i1e], uniform(-14.0, -9.0, shape=(4,))),
    # integers and parameters
    case(special.polygamma, 1, uniform(0.5, 3.0, shape=(3,))).but(wide=True),
    case(special.polygamma, 3, uniform(0.5, 3.0)),
    case(special.zeta, 2.5, uniform(0.5, 3.0, shape=(3,))),
    case(special.zeta, 3, q=uniform(0.5, 3.0)),
    case(special.binom, uniform(4.0, 5.0, shape=(3,)), uniform(1.0, 2.0)),
    case(special.factorial, uniform(0.5, 3.0)),
    *(case(special.multigammaln, uniform(2.0, 3.0, shape=shape), 3) for shape in [(), (2,)]),
    case(special.expn, 3, uniform(0.5, 2.0, shape=(3,))),
    case(special.expn, np.array([0, 1, 2]), uniform(0.5, 2.0)).but(float32=False),
    case(OF_ORDER, 1.5, uniform(0.5, 3.0, shape=(3,))),
    case(OF_ORDER, 2, uniform(0.5, 3.0)),
    case(OF_ORDER, 0.5, COMPLEX),
    case([special.yn, special.kn], 2, uniform(0.5, 3.0, shape=(3,))).but(wide=True),
    case([special.yn, special.kn], 0, uniform(0.5, 3.0)),
    case([special.struve, special.modstruve], 1.5, uniform(0.5, 3.0, shape=(3,))).but(wide=True),
    case(SPHERICAL, 2, uniform(0.5, 3.0, shape=(3,)), derivative=[False, True]).but(float32=False),
    case(SPHERICAL, 1, uniform(0.5, 3.0)),
    # two parameters
    case(TWO_POSITIVE, uniform(0.5, 2.5, shape=(2, 3)), uniform(0.5, 2.5, shape=(3,))),
    case(TWO_POSITIVE, uniform(0.5, 2.5), uniform(0.5, 2.5)),
    case([special.boxcox, special.boxcox1p], uniform(1.5, 2.5, shape=(3,)), 0.0),
    case([special.inv_boxcox, special.inv_boxcox1p], uniform(0.5, 1.5, shape=(3,)), 0.0),
    case([special.xlogy, special.xlog1py], COMPLEX, COMPLEX),
    case(special.huber, uniform(0.5, 1.0), normal(2, 3)),
    case(special.pseudo_huber, uniform(0.5, 1.0), normal(2, 3)),
    case(special.owens_t, normal(3), normal(3)),
    case(
        [special.gammainc, special.gammaincc],
        uniform(5.0, 9.0, shape=(2, 1)),
        uniform(3.0, 12.0, shape=(3,)),
    ),
    case(
        [special.gammainc, special.gammaincc], uniform(0.05, 0.3), uniform(0.01, 2.0, shape=(3,))
    ).but(tolerance=1e-5),
    case(GAMMA_INVERSE, uniform(0.5, 3.0), uniform(0.2, 0.8, shape=(3,))).but(tolerance=1e-5),
    case(BETA, uniform(0.5, 3.0), uniform(0.5, 3.0), uniform(0.1, 0.9, shape=(4,))).but(
        tolerance=1e-5
    ),
    case(BETA, uniform(8.0, 9.0), uniform(0.5, 0.9), uniform(0.4, 0.9)).but(tolerance=1e-5),
    case(
        [special.gdtr, special.gdtrc],
        uniform(0.5, 2.0),
        uniform(0.5, 2.0),
        uniform(0.5, 2.0, shape=(3,)),
    ),
    case(
        [special.fdtr, special.fdtrc],
        uniform(2.0, 5.0),
        uniform(2.0, 5.0),
        uniform(0.5, 2.0, shape=(3,)),
    ),
    case(special.stdtr, uniform(2.0, 5.0, shape=(2, 1)), normal(3)),
    case([special.pdtr, special.pdtrc], np.array([0.0, 1.0, 3.0]), uniform(0.5, 3.0)),
    case([special.bdtr, special.bdtrc], np.array([0, 1, 3]), 5, uniform(0.2, 0.8)),
    case([special.nbdtr, special.nbdtrc], np.array([0, 1, 3]), 5, uniform(0.2, 0.8)),
    case(special.voigt_profile, normal(3), uniform(0.5, 2.0), uniform(0.5, 2.0)),
    case(special.radian, normal(3), normal(3), normal()).but(wide=True),
    # elliptic
    case(
        [special.ellipkinc, special.ellipeinc],
        uniform(-1.4, 1.4, shape=(2, 3)),
        uniform(-0.9, 0.9, shape=(3,)),
    ),
    case([special.ellipkinc, special.ellipeinc], uniform(2.0, 8.0, shape=(3,)), uniform(0.2, 0.8)),
    case(special.ellipj, uniform(-3.0, 3.0, shape=(2, 3)), uniform(0.2, 0.8, shape=(3,))),
    case([special.ellipk, special.ellipe], uniform(-3.0, -0.5, shape=(3,))),
    case(special.lambertw, uniform(0.5, 3.0, shape=(3,))),
    case(special.lambertw, uniform(-0.3, -0.1), k=[0, -1, 2]),
    case(special.lambertw, COMPLEX, k=[0, 1]),
    # hypergeometric functions and polynomials
    case(special.hyp0f1, 1.5, uniform(0.5, 2.0, shape=(3,))),
    case([special.hyp1f1, special.hyperu], 0.5, 1.5, uniform(0.5, 2.0, shape=(3,))),
    case(special.hyp2f1, 0.5, 1.0, 2.5, uniform(-0.8, 0.8, shape=(3,))),
    case(
        [
            special.eval_legendre,
            special.eval_chebyt,
            special.eval_chebyu,
            special.eval_hermite,
            special.eval_hermitenorm,
            special.eval_laguerre,
        ],
        np.array([[0], [1], [2], [5]]),
        uniform(-0.9, 0.9, shape=(3,)),
    ).but(float32=False),
    case(
        [special.eval_legendre, special.eval_chebyt, special.eval_laguerre],
        3,
        uniform(-1.0, 1.0, shape=(2,)),
    ).but(wide=True),
    case(
        [special.eval_gegenbauer, special.eval_genlaguerre], 3, 0.5, uniform(-0.9, 0.9, shape=(3,))
    ).but(wide=True),
    case(special.eval_jacobi, 3, 0.5, 1.5, uniform(-0.9, 0.9, shape=(3,))).but(wide=True),
    # logsumexp and softmax
    case(special.logsumexp, normal(2, 3, 4), axis=[None, 0, -1, (0, 2)], keepdims=[False, True]),
    case(
        special.logsumexp,
        normal(2, 3),
        b=[normal(2, 3), uniform(0.5, 2.0, shape=(3,))],
        axis=[None, 1],
        return_sign=True,
    ),
    case(special.logsumexp, normal(3), 0, uniform(0.5, 2.0, shape=(2, 3))),
    case(special.logsumexp, normal(2, 3, dtype=complex), axis=[None, 0]),
    case([special.softmax, special.log_softmax], normal(2, 3), axis=[None, 0, -1, (0, 1)]),
    # helpers
    case(several.weighted, normal(3), normal(3)),
    case(special_gamma.polygamma_of, 2, uniform(0.5, 3.0, shape=(3,))),
    case(special_gamma.polygamma_of, 2, COMPLEX),
    case(special_gamma.multivariate_polygamma, uniform(2.0, 3.0, shape=(2,)), 3, 1),
    case(special_incomplete.gamma_density, uniform(0.5, 3.0), uniform(0.5, 3.0, shape=(3,)), 2),
    case(special_incomplete.gamma_integral, uniform(0.5, 3.0), uniform(0.5, 3.0, shape=(3,)), 2),
    case(
        special_incomplete.beta_density,
        uniform(0.5, 3.0),
        uniform(0.5, 3.0),
        uniform(0.1, 0.9, shape=(3,)),
        1,
        2,
    ).but(tolerance=1e-5),
    case(
        special_incomplete.beta_integral,
        uniform(0.5, 3.0),
        uniform(0.5, 3.0),
        uniform(0.1, 0.9, shape=(3,)),
        1,
        1,
    ).but(tolerance=1e-5),
    case(special_distributions.student_density, uniform(2.0, 5.0), normal(3)),
    case(
        [special_error.erfcx_derivative, special_error.dawsn_derivative],
        uniform(0.5, 14.0, shape=(6,)),
        2,
    ).but(tolerance=1e-5),
    case(special_error.wofz_derivative, COMPLEX, 2),
    case(special_error.exponential_integral, -1, uniform(0.5, 2.0, shape=(3,))),
    case(special_logarithms.log_quotient, uniform(0.4, 2.0, shape=(6,)), 2),
    case(special_logarithms.relative_exponential, uniform(-5.0, 5.0, shape=(6,)), 2),
    case(special_logarithms.log_ratio, uniform(0.5, 3.0, shape=(6,)), uniform(0.9, 1.1)),
    case(special_logarithms.ratio_or_zero, uniform(0.5, 3.0), uniform(0.9, 1.1)),
    case(special_logsumexp.shares, normal(3), uniform(0.5, 2.0, shape=(2, 3)), 1),
    case(special_logsumexp.shares, normal(2, 3), None, 1),
    case(special_logsumexp.shares, normal(3, dtype=complex), normal(3), None),
    case(special_logsumexp.expanded, normal(2), np.zeros((2, 3)), 1, False),
    case(special_logsumexp.logsumexp_cotangents, normal(), normal(3), None, None, False, False),
    case(special_bessel.struve_term, 2, uniform(0.5, 3.0, shape=(3,))).but(float32=False),
    case(special_bessel.turned, COMPLEX, normal(3)),
    case(special_bessel.spherical_bend, 2, normal(3), normal(3), normal(3), 1),
    case(special_elliptic.complete_d, uniform(0.2, 0.8)),
    case(special_elliptic.incomplete_d, uniform(-1.4, 1.4, shape=(3,)), uniform(0.2, 0.8)),
    case(special_elliptic.by_parameter, uniform(-1.4, 1.4, shape=(3,)), uniform(0.2, 0.8)),
    case([special.gammasgn, special.round], uniform(0.6, 1.4, shape=(3,))),
]

EXPANDED = expand(CASES)


@pytest.mark.parametrize("case", EXPANDED, ids=str)
def test_rule(case):
    check_rule(case)


@pytest.mark.parametrize("case", [c for c in EXPANDED if c.second], ids=str)
def test_second_order(case):
    check_second_order(case, WAYS[:1])


@pytest.mark.parametrize(
    "f",
    [
        lambda x: special.zeta(2.5, x),
        lambda x: special.multigammaln(x + 2, 3),
        lambda x: special.lambertw(-x / 10, -1).real,
        lambda x: special.spherical_jn(2, x),
        lambda x: special.spherical_kn(2, x),
        lambda x: special.polygamma(2, x),
        lambda x: special.kv(1.3, x),
    ],
)
def test_forward_over_reverse_holds_still_what_has_no_derivative(f):
    x = np.array([0.3, 0.8, 1.7, 2.9])

    def total(x):
        return np.sum(f(x))

    h = 1e-4
    slopes = [ad.gradient(total, x + t)[0] for t in (h, -h, 2 * h, -2 * h)]
    bend = (8 * (slopes[0] - slopes[1]) - (slopes[2] - slopes[3])) / (12 * h)
    np.testing.assert_allclose(ad.hvp(total, x, np.ones(4)), bend, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(np.diag(ad.hessian(total, x)), bend, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize(("n", "m"), [(2, 1), (3, 3), (3, -2), (1, 0), (2, -2)])
def test_spherical_harmonics(n, m):
    theta, phi, w = np.array([0.3, 1.2, 2.5]), np.array([0.5, -1.0, 4.0]), np.array([1.0, 2j, -1])

    def value(theta, phi):
        return np.sum(np.real(w * special.sph_harm_y(n, m, theta, phi)))

    ad.check_gradient(value, theta, phi, order=2, modes=("reverse", "forward"))
