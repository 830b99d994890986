"""Calls that show the derivative of what NumPy writes in Python, or is no function: name -> expressions.

In each, `x` and `y` are arrays of five positive numbers, `A` and `B` are 3 by 3 matrices of full rank;
of the result, whatever it holds, a random linear combination is differentiated to all of them.
"""

from __future__ import annotations

NUMPY = {
    "apply_along_axis": ["np.apply_along_axis(lambda r: r * r[::-1], 1, A)", "np.apply_along_axis(np.sum, 0, A)"],
    "apply_over_axes": ["np.apply_over_axes(np.sum, A * A, [0, 1])"],
    "asarray_chkfinite": ["np.asarray_chkfinite(x) * y", "y * np.asarray_chkfinite(x, dtype=float, order='F')"],
    "average": ["np.average(x)", "np.average(A, axis=1, weights=y[:3])", "np.average(A, weights=B * B, returned=True)", "np.average(A, axis=0, keepdims=True)"],
    "bartlett": ["np.bartlett(5) * x"],
    "blackman": ["np.blackman(5) * x"],
    "hamming": ["np.hamming(5) * x"],
    "hanning": ["np.hanning(5) * x"],
    "kaiser": ["np.kaiser(5, 2.0) * x", "np.kaiser(4, x[0])"],
    "corrcoef": ["np.corrcoef(A)", "np.corrcoef(A, B)", "np.corrcoef(A, rowvar=False)"],
    "cov": ["np.cov(x)", "np.cov(x, y)", "np.cov(A, B, rowvar=False)", "np.cov(A, bias=True)", "np.cov(A, ddof=0)", "np.cov(A, aweights=y[:3])", "np.cov(A, fweights=np.array([1, 2, 3]))"],
    "copyto": ["(c := A.copy(), np.copyto(c, x[:3]), c)[-1]", "(c := x.copy(), np.copyto(c, y, where=x > y), c)[-1]"],
    "divmod": ["np.divmod(x, y)[1]"],
    "fill_diagonal": ["(c := A.copy(), np.fill_diagonal(c, x[0]), c)[-1]"],
    "frexp": ["np.frexp(x)"],
    "fromfunction": ["np.fromfunction(lambda i, j: x[0] * i + x[1] * j, (3, 2))"],
    "fromiter": ["np.fromiter((a * a for a in x), float)"],
    "gradient": ["np.gradient(x)", "np.gradient(x, y[0])", "np.gradient(x, np.cumsum(y))", "np.gradient(x, edge_order=2)", "np.gradient(A, axis=1)", "np.gradient(A, y[0], np.cumsum(y[:3]))"],
    "histogram": ["np.histogram(x, 3, weights=y)", "np.histogram(x, 3, (0, 3))[0] * y[:3]", "np.histogram(x, 3, density=True)", "np.histogram(x, [0.0, 1.0, 2.0], weights=y)"],
    "histogram2d": ["np.histogram2d(x, y, 2, weights=x)"],
    "histogramdd": ["np.histogramdd(A, 2, weights=x[:3])", "np.histogramdd(A, 2, density=True)"],
    "histogram_bin_edges": ["np.histogram_bin_edges(x, 3)", "np.histogram_bin_edges(x, 3, (x[0], y[0] + 3))"],
    "intersect1d": ["np.intersect1d(np.append(x, y), x)", "np.intersect1d(x, x[::-1], return_indices=True)"],
    "setdiff1d": ["np.setdiff1d(np.append(x, y), x)"],
    "setxor1d": ["np.setxor1d(np.append(x, y), x)"],
    "union1d": ["np.union1d(x, y)"],
    "unique_all": ["np.unique_all(np.append(x, x)).values"],
    "unique_counts": ["np.unique_counts(np.append(x, x)).values"],
    "unique_inverse": ["np.unique_inverse(np.append(x, x)).values"],
    "unique_values": ["np.unique_values(np.append(x, x))"],
    "modf": ["np.modf(x)"],
    "nancumprod": ["np.nancumprod(x)", "np.nancumprod(A, axis=1)"],
    "nanmedian": ["np.nanmedian(A, axis=0, keepdims=True)", "np.nanmedian(np.where(A > 1, np.nan, A), axis=1)"],
    "nanpercentile": ["np.nanpercentile(A, [20, 70], axis=1)", "np.nanpercentile(x, 30, method='hazen')"],
    "nanquantile": ["np.nanquantile(A, [0.2, 0.7], axis=1)", "np.nanquantile(np.where(A > 1, np.nan, A), 0.3, axis=1)", "np.nanquantile(x, 0.3, weights=y, method='inverted_cdf')"],
    "ndenumerate": ["sum([a * sum(i) for i, a in np.ndenumerate(A)])"],
    "ndindex": ["sum([A[i] * sum(i) for i in np.ndindex(A.shape)])"],
    "piecewise": ["np.piecewise(x, [x < 1, x >= 1], [lambda a: a * a, lambda a: -a])", "np.piecewise(x, [x < 1], [0.5, lambda a, b: a * b], y[0])"],
    "place": ["(c := x.copy(), np.place(c, x > 1, y), c)[-1]"],
    "poly": ["np.poly(x)", "np.poly(A + A.T)"],
    "poly1d": [
        "np.poly1d(x)(y)",
        "(np.poly1d(x[:3]) * np.poly1d(y) + 2).coeffs",
        "np.poly1d(x, True)(y)",
        "np.poly1d(x).deriv()(y) * np.poly1d(x).integ(2, [y[0], 1.0])(y)",
        "(3 - np.poly1d(x[:3]) ** 2 / x[0])(-np.poly1d(y[:2]))(y)",
        "(np.poly1d(x) / np.poly1d(y[:2]))[1](y)",
        "np.abs(np.poly1d(x).r) + np.poly1d(x)[1] * np.poly1d(x).order",
        "np.polyder(np.poly1d(x))(y) - np.polymul(np.poly1d(x), y)(y)",
        "np.polyval(np.poly1d(x), np.polysub(y, np.poly1d(x)))(y)",
    ],
    "polyadd": ["np.polyadd(x, y[:2])"],
    "polyder": ["np.polyder(x)", "np.polyder(x, 2)"],
    "polydiv": ["np.polydiv(x, y[:2])"],
    "polyfit": ["np.polyfit(x, y, 2)", "np.polyfit(x, y, 1, w=y)", "np.polyfit(x, y, 1, cov=True)", "np.polyfit(x, y, 2, full=True)[:2]"],
    "polyint": ["np.polyint(x)", "np.polyint(x, 2)", "np.polyint(x, 1, y[0])"],
    "polymul": ["np.polymul(x, y)"],
    "polysub": ["np.polysub(x, y)"],
    "polyval": ["np.polyval(x, y)", "np.polyval(x, 2.0)"],
    "put": ["(c := x.copy(), np.put(c, [0, 2], y[:2]), c)[-1]", "(c := x.copy(), np.put(c, [0, 7], y[:2], mode='wrap'), c)[-1]"],
    "put_along_axis": ["(c := A.copy(), np.put_along_axis(c, np.argsort(A, 1), B, 1), c)[-1]"],
    "putmask": ["(c := x.copy(), np.putmask(c, x > 1, y), c)[-1]"],
    "real_if_close": ["np.real_if_close(x + 0j)", "np.real_if_close(x)"],
    "require": ["np.require(x, requirements='C') * y", "np.require(A, float, ['F', 'A'])"],
    "roots": ["np.sort(np.real(np.roots(x[:4])))", "np.abs(np.roots(x))"],
    "row_stack": ["np.row_stack([x, y])"],
    "sort_complex": ["np.sort_complex(x + 1j * y)"],
    "trapezoid": ["np.trapezoid(x)", "np.trapezoid(x, y)", "np.trapezoid(x, dx=y[0])", "np.trapezoid(A, axis=0)"],
    "unwrap": ["np.unwrap(x * 4)", "np.unwrap(A * 4, axis=0)", "np.unwrap(x * 4, discont=4.0)", "np.unwrap(x, period=1.0)"],
    "vectorize": ["np.vectorize(lambda a, b: a * b)(x, y)", "np.vectorize(np.dot, signature='(n),(n)->()')(A, B)", "np.vectorize(lambda a, k: a * k, excluded=['k'], otypes=[float])(x, k=3.0)"],
    "mgrid": ["np.mgrid[0:3, 0:2] * x[0]"],
    "ogrid": ["np.ogrid[0:3] * x[0]"],
    "r_": ["np.r_[x, 1.0, y]", "np.r_['0,2', x, y]", "np.r_[x, 0:2]"],
    "c_": ["np.c_[x, y]"],
    "s_": ["A[np.s_[1:, ::2]]"],
    "index_exp": ["A[np.index_exp[1:, ::2]]"],
    "flatiter": ["x.flat[2] * x", "[a * a for a in A.flat]", "A.flat[1:4]"],
}  # fmt: skip

#: methods of functions of two arguments
UFUNC = {
    "accumulate": ["np.logaddexp.accumulate(x)", "np.subtract.accumulate(A, axis=1)", "np.multiply.accumulate(x)"],
    "at": ["(c := x.copy(), np.add.at(c, [0, 0], y[:2]), c)[-1]", "(c := x.copy(), np.multiply.at(c, [0, 2], y[:2]), c)[-1]"],
    "outer": ["np.hypot.outer(x, y)", "np.subtract.outer(x, A)"],
    "reduce": ["np.hypot.reduce(A, 1)", "np.subtract.reduce(A, axis=1)", "np.fmax.reduce(x, initial=0.5, where=x > 0.8)"],
    "reduceat": ["np.maximum.reduceat(x, [0, 2])", "np.add.reduceat(A, [0, 2, 1], axis=1)"],
}  # fmt: skip

#: methods and attributes of arrays
NDARRAY = {
    "T": ["A.T @ x[:3]"],
    "mT": ["A.mT @ x[:3]"],
    "real": ["(x * (1 + 1j)).real", "x.real"],
    "imag": ["(x * 1j).imag", "x.imag + y"],
    "flat": ["A.flat[3] * x"],
    "fill": ["(c := A.copy(), c.fill(x[0]), c)[-1]"],
    "partition": ["(c := x.copy(), c.partition(2), c[2])[-1]"],
    "put": ["(c := x.copy(), c.put([0, 2], y[:2]), c)[-1]"],
    "sort": ["(c := x.copy(), c.sort(), c)[-1]"],
    "to_device": ["x.to_device('cpu')"],
    "view": ["x.view()", "x.view(np.ndarray)", "(x + 1j * y).view(float)", "x[:4].copy().view(complex)"],
    "__abs__": ["abs(x - 1)"],
    "__divmod__": ["divmod(x, y)[1]"],
    "__rdivmod__": ["divmod(2.3, y)[1]"],
    "__iter__": ["[a * a for a in x]"],
    "__float__": ["float(x[0])"],
    "__complex__": ["complex(x[0])"],
    "__pos__": ["+x"],
    "__neg__": ["-x"],
    **{
        f"__{name}__": [f"x.__{name}__(y)"]
        for name in ("add", "radd", "sub", "rsub", "mul", "rmul", "truediv", "rtruediv", "mod", "rmod", "pow", "rpow")
    },
    "__matmul__": ["A.__matmul__(B)"],
    "__rmatmul__": ["A.__rmatmul__(B)"],
}  # fmt: skip

LINALG = {
    "cond": ["np.linalg.cond(A)", "np.linalg.cond(A, 1)", "np.linalg.cond(A, 'fro')", "np.linalg.cond(A, -2)"],
    "eig": ["np.sort(np.real(np.linalg.eig(A + A.T)[0]))", "np.abs(np.linalg.eig(A)[1])"],
    "eigvals": ["np.sort(np.real(np.linalg.eigvals(A + A.T)))", "np.abs(np.linalg.eigvals(A))"],
    "lstsq": ["np.linalg.lstsq(A[:, :2], x[:3])", "np.linalg.lstsq(A[:, :2], B, rcond=None)[0]", "np.linalg.lstsq(A[:2], x[:2])[0]"],
    "tensorinv": ["np.linalg.tensorinv(A, ind=1)"],
    "tensorsolve": ["np.linalg.tensorsolve(A, x[:3])", "np.linalg.tensorsolve(A.reshape(3, 1, 3), x[:3].reshape(3, 1))"],
}  # fmt: skip

FFT = {
    "fftfreq": ["np.fft.fftfreq(5) * x", "np.fft.fftfreq(5, x[0])"],
    "rfftfreq": ["np.fft.rfftfreq(9) * x", "np.fft.rfftfreq(5, x[0])"],
    "fftshift": ["np.fft.fftshift(x)", "np.fft.fftshift(A, axes=1)"],
    "ifftshift": ["np.fft.ifftshift(A, axes=(0,))"],
    "hfft": ["np.fft.hfft(x + 1j * y, 7)", "np.fft.hfft(A, axis=0, norm='ortho')"],
    "ihfft": ["np.abs(np.fft.ihfft(x)) ** 2", "np.real(np.fft.ihfft(A, 4, 0, 'forward'))"],
    "irfft2": ["np.fft.irfft2(A + 1j * B, s=(3, 3), norm='ortho')"],
    "irfftn": ["np.fft.irfftn(A)", "np.fft.irfftn(A + 1j * B, s=(3,), axes=(0,))"],
    "rfft2": ["np.abs(np.fft.rfft2(A)) ** 2", "np.real(np.fft.rfft2(A, s=(2, 4)))"],
    "rfftn": ["np.imag(np.fft.rfftn(A, axes=(0,), norm='forward'))"],
}  # fmt: skip

EMATH = {
    "arccos": ["np.real(np.emath.arccos(x / 3))", "np.imag(np.emath.arccos(x + 2))"],
    "arcsin": ["np.real(np.emath.arcsin(x / 3))", "np.imag(np.emath.arcsin(x + 2))", "np.imag(np.emath.arcsin(-x - 2))"],
    "arctanh": ["np.real(np.emath.arctanh(x / 3))", "np.real(np.emath.arctanh(x + 2))"],
    "log": ["np.emath.log(x)", "np.real(np.emath.log(-x))"],
    "log10": ["np.emath.log10(x)"],
    "log2": ["np.emath.log2(x)"],
    "logn": ["np.emath.logn(2, x)", "np.emath.logn(x + 2, y)"],
    "power": ["np.emath.power(x, 2)", "np.emath.power(x, y)", "np.abs(np.emath.power(-x, 0.5))"],
    "sqrt": ["np.emath.sqrt(x)", "np.imag(np.emath.sqrt(-x))"],
}  # fmt: skip

STRIDE_TRICKS = {
    "as_strided": ["np.lib.stride_tricks.as_strided(x, (3, 3), (8, 8))"],
    "sliding_window_view": ["np.lib.stride_tricks.sliding_window_view(x, 3)", "np.lib.stride_tricks.sliding_window_view(A, 2, axis=1)"],
}  # fmt: skip


def _generator(call: str) -> str:
    return f"np.random.default_rng(1).{call}"


def _legacy(call: str) -> str:
    return f"np.random.RandomState(1).{call}"


_OF_ONE = ("exponential", "rayleigh", "weibull", "pareto", "power")
_OF_TWO = ("normal", "laplace", "logistic", "gumbel", "lognormal")

#: methods of np.random.Generator and (the second of each) of RandomState
SAMPLERS = {
    **{n: [_generator(f"{n}(x, y)"), _legacy(f"{n}(x[0], y[0], size=4)")] for n in _OF_TWO},
    **{n: [_generator(f"{n}(x)"), _legacy(f"{n}(x[0], size=4)")] for n in _OF_ONE},
    "uniform": [_generator("uniform(x, x + y)"), _legacy("uniform(-y, x[0], size=(2, 5))")],
    "gamma": [_generator("gamma(2.0, y, size=5)"), _legacy("gamma(2.0, y)")],
    "vonmises": [_generator("vonmises(x / 4, 2.0)"), _legacy("vonmises(x[0] / 4, 3.0, size=4)")],
    "triangular": [_generator("triangular(x, x + y, x + 3 * y)"), _legacy("triangular(x, x + y, 9.0)")],
    "multivariate_normal": [_generator("multivariate_normal(x[:2], np.eye(2), size=3)"), _legacy("multivariate_normal(x[:2], np.eye(2))")],
    "shuffle": [f"(c := A.copy(), {_generator('shuffle(c, axis=1)')}, c)[-1]", f"(c := A * 2, {_legacy('shuffle(c[1:])')}, c)[-1]"],
    "permuted": [_generator("permuted(A)"), _generator("permuted(A, axis=1)"), f"(c := A.copy(), {_generator('permuted(A, axis=0, out=c)')}, c)[-1]"],
    "permutation": [_generator("permutation(x)"), _legacy("permutation(A)"), _generator("permutation(A, axis=1)")],
    "choice": [_generator("choice(x, 3)"), _legacy("choice(x, 3, replace=False)"), _generator("choice(A, 2, axis=1)")],
}  # fmt: skip

#: Those of which drawing again by other parameters says nothing: tests/rules/test_sampling.py compares with quantiles.
SHAPED = {
    "standard_gamma": [_generator("standard_gamma(x)"), _legacy("standard_gamma(x[0], size=4)")],
    "chisquare": [_generator("chisquare(x)"), _legacy("chisquare(x[0], size=4)")],
    "beta": [_generator("beta(x, y)"), _legacy("beta(x[0], 2.0, size=4)")],
    "dirichlet": [_generator("dirichlet(x)"), _legacy("dirichlet(y[:3], size=2)")],
    "f": [_generator("f(x, y)"), _legacy("f(x[0], 3.0, size=4)")],
    "standard_t": [_generator("standard_t(x)"), _legacy("standard_t(x[0], size=4)")],
    "wald": [_generator("wald(x, y)"), _legacy("wald(x[0], 2.0, size=4)")],
}  # fmt: skip
