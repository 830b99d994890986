"""Calls that show the derivatives of numpy.polynomial, as in `numpy_samples`.

`{p}` is what the names of a family begin with, `{m}` its module and `{c}` its class.
"""

from __future__ import annotations

#: module -> (what its functions begin with, class)
FAMILIES = {
    "chebyshev": ("cheb", "Chebyshev"),
    "polynomial": ("poly", "Polynomial"),
    "legendre": ("leg", "Legendre"),
    "hermite": ("herm", "Hermite"),
    "hermite_e": ("herme", "HermiteE"),
    "laguerre": ("lag", "Laguerre"),
}
FUNCTIONS = {
    "{p}add": ["{m}.{p}add(x, y[:3])"],
    "{p}companion": ["{m}.{p}companion(x)"],
    "{p}der": ["{m}.{p}der(A, 2, y[0], axis=1)", "{m}.{p}der(x)"],
    "{p}div": ["{m}.{p}div(x, y[:2])"],
    "{p}fit": ["{m}.{p}fit(x, y, [0, 2], w=y)", "{m}.{p}fit(x, y, 2)", "{m}.{p}fit(x, y, 1, full=True)[0]"],
    "{p}fromroots": ["{m}.{p}fromroots(x)"],
    "{p}grid2d": ["{m}.{p}grid2d(x, y, A)"],
    "{p}grid3d": ["{m}.{p}grid3d(x, y, x, A.reshape(3, 3, 1))"],
    "{p}int": ["{m}.{p}int(A, 2, [y[0], y[1]], y[2], y[3], axis=1)", "{m}.{p}int(x)"],
    "{p}interpolate": ["{m}.{p}interpolate(lambda t: t * x[0], 3)"],
    "{p}line": ["{m}.{p}line(x[0], x[1])"],
    "{p}mul": ["{m}.{p}mul(x, y)"],
    "{p}mulx": ["{m}.{p}mulx(x)"],
    "{p}pow": ["{m}.{p}pow(x[:3], 3)"],
    "{p}roots": ["np.abs({m}.{p}roots(x))"],
    "{p}sub": ["{m}.{p}sub(x[:3], y)"],
    "{p}trim": ["{m}.{p}trim([x[0], x[1], 0.0])"],
    "{p}val": ["{m}.{p}val(x, A)", "{m}.{p}val(x[0], y)", "{m}.{p}val(x[:3], B, tensor=False)"],
    "{p}val2d": ["{m}.{p}val2d(x, y, A)"],
    "{p}val3d": ["{m}.{p}val3d(x, y, x, A.reshape(3, 3, 1))"],
    "{p}valnd": ["{m}.{p}valnd((x, y), A)"],
    "{p}valfromroots": ["{m}.{p}valfromroots(x, y)"],
    "{p}vander": ["{m}.{p}vander(x, 3)"],
    "{p}vander2d": ["{m}.{p}vander2d(x, y, [1, 2])"],
    "{p}vander3d": ["{m}.{p}vander3d(x, y, x, [1, 2, 1])"],
    "{p}weight": ["{m}.{p}weight(x / 3) * y"],
    "{p}2poly": ["{m}.{p}2poly(x)"],
    "poly2{p}": ["{m}.poly2{p}(x)"],
    "{c}": [
        "{m}.{c}(x)(y)",
        "({m}.{c}(x) * {m}.{c}(y)).coef",
        "({m}.{c}(x) - {m}.{c}(y[:3])).coef",
        "{m}.{c}(x).integ(1, k=[y[0]])(y)",
        "{m}.{c}(x, domain=[0, 2], window=[-1, 1]).deriv()(y)",
        "({m}.{c}(x[:3]) ** 2)(y)",
        "{m}.{c}.fromroots(x[:3])(y)",
        "{m}.{c}(x).linspace(5)[1]",
        "divmod({m}.{c}(x), {m}.{c}(y[:2]))[0].coef",
        "np.abs({m}.{c}(x).roots())",
        "{m}.{c}(x).truncate(2)(y)",
    ],
}  # fmt: skip
UTILITIES = {
    "as_series": ["np.polynomial.polyutils.as_series([x, y])"],
    "getdomain": ["np.polynomial.polyutils.getdomain(x)"],
    "mapdomain": ["np.polynomial.polyutils.mapdomain(x, [0.0, y[0]], [y[1], 3.0])"],
    "mapparms": ["np.polynomial.polyutils.mapparms(x[:2], y[:2])"],
    "trimcoef": ["np.polynomial.polyutils.trimcoef(x)"],
    "trimseq": ["np.polynomial.polyutils.trimseq(x)"],
}


def of_family(module: str) -> dict[str, list[str]]:
    """The samples of one family: all of Chebyshev's, the first of each of the others."""
    import numpy as np

    prefix, cls = FAMILIES[module]
    found = {}
    for name, expressions in FUNCTIONS.items():
        own = name.format(p=prefix, c=cls)
        if hasattr(getattr(np.polynomial, module), own):
            kept = expressions if module == "chebyshev" else expressions[:1]
            m = f"np.polynomial.{module}"
            found[own] = [e.format(p=prefix, m=m, c=cls) for e in kept]
    return found
