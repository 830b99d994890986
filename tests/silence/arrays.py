"""NumPy functions that hide what an array's entries become."""

import copy
import io
import math
import pickle

import numpy as np


def shuffle(x):
    y = x * x
    np.random.default_rng(0).shuffle(y)
    return y[0]


def permutation(x):
    return np.random.default_rng(0).permutation(x * x)[0]


def random_scale(x):
    return np.random.default_rng(0).normal(x[0], 2.0)


def nditer_write(x):
    y = x * x
    with np.nditer(y, op_flags=["readwrite"]) as it:
        for v in it:
            v[...] = 2 * v
    return y.sum()


def ndindex(x):
    total = 0.0
    for index in np.ndindex(*x.shape):
        total = total + x[index] ** 2
    return total


def vectorize(x):
    return np.vectorize(lambda v: v * v)(x).sum()


_square_of = np.vectorize(lambda v: v * v)
_object_square = np.frompyfunc(lambda v: v * v, 1, 1)


def vectorize_global(x):
    return _square_of(x).sum()


def frompyfunc(x):
    return float(np.sum(_object_square(x)))


def frompyfunc_inside(x):
    return float(np.frompyfunc(lambda v: v * v, 1, 1)(x).sum())


def apply_along_axis(x):
    return np.apply_along_axis(lambda r: r * r, 0, x).sum()


def apply_over_axes(x):
    return np.apply_over_axes(np.sum, x[None] * x, [0, 1])[0, 0]


def piecewise(x):
    return np.piecewise(x, [x < 0, x >= 0], [lambda v: v * v, lambda v: 2 * v]).sum()


def fromfunction(x):
    return np.fromfunction(lambda i: x * (i + 1), (4,)).sum()


def from_iterator(x):
    return np.fromiter((v * v for v in x), float).sum()


def memory_view(x):
    return memoryview(x * x)[0]


def to_list(x):
    return (x * x).tolist()[1]


def item(x):
    return (x * x).item(1)


def as_int(x):
    return (x.astype(int) * x).sum()


def as_float32(x):
    return (
        (x.astype(np.float32) * 2).sum()
        if x.dtype == np.float32
        else (x.astype(np.longdouble) * x).sum()
    )


def object_array(x):
    a = np.empty(1, object)
    a[0] = x * x
    return a[0].sum()


def array_of_scalars(x):
    return np.array([x[0] * x[0], x[1]]).sum()


def array_of_nested(x):
    return np.array([[x[0], x[1] * x[1]], [1.0, x[2]]]).sum()


def asarray_list(x):
    return np.asarray([v * v for v in x]).sum()


def scalar_constructor(x):
    return np.float64(x[0] * x[0])


def full(x):
    return np.full(3, x[0] * x[0]).sum()


def full_like(x):
    return np.full_like(x, x[0] * x[0]).sum()


def linspace(x):
    return np.linspace(x[0], x[1] * x[1], 5).sum()


def logspace(x):
    return np.logspace(x[0], x[3], 3).sum()


def geomspace(x):
    return np.geomspace(x[0], x[2], 3).sum()


def block(x):
    return np.block([[x[:2], x[2:]], [x * x]]).sum()


def ix_(x):
    return x.reshape(2, 2)[np.ix_([0, 1], [1])].sum()


def mgrid(x):
    return np.mgrid[0:2, 0:2][0].sum() * x[0]


def meshgrid(x):
    a, b = np.meshgrid(x, x * x)
    return (a * b).sum()


def structured(x):
    a = np.zeros(4, [("v", float)])
    a["v"] = x * x
    return a["v"].sum()


def masked_array(x):
    return np.ma.masked_less(x, 0).sum()


def view_dtype(x):
    return (x * x).view(np.int64).view(np.float64).sum()


def view_complex(x):
    return (x * x).view(complex).real.sum()


def stride_tricks(x):
    return np.lib.stride_tricks.sliding_window_view(x * x, 2).sum()


def as_strided(x):
    y = x * x
    return np.lib.stride_tricks.as_strided(y, (2, 2), (8, 8)).sum()


def real_if_close(x):
    return np.real_if_close(x + 0j).sum()


def complex_split(x):
    z = x + 1j * x * x
    return (z.real * z.imag).sum()


def complex_abs(x):
    return np.abs(x[0] + 1j * x[1])


def angle(x):
    return np.angle(x[0] + 1j * x[1])


def absolute_builtin(x):
    return sum(abs(x))


def builtin_sum(x):
    return sum(x * x)


def builtin_max(x):
    return max(x * x)


def builtin_sorted(x):
    return sorted(x)[0] ** 2


def builtin_map(x):
    return sum(map(math.exp, x))


def unpack_array(x):
    a, b, *rest = x
    return a * b * rest[0]


def array_loop(x):
    total = 0.0
    for v in x:
        total = total + v * v
    return total


def array_zip(x):
    return sum(a * b for a, b in zip(x, x[1:]))


def array_next(x):
    return next(iter(x)) ** 2


def array_item_of_list(x):
    return list(x)[1] * tuple(x)[0]


def array_set(x):
    return sum({v for v in x})


def floor_divide_array(x):
    return ((x // 0.37) * x).sum()


def modulo_array(x):
    return (x % 0.37).sum() + np.fmod(x, 0.37).sum()


def divmod_array(x):
    q, r = np.divmod(x, 0.37)
    return (q * r).sum()


def modf_array(x):
    f, w = np.modf(x)
    return (f * w).sum()


def frexp_array(x):
    m, e = np.frexp(x)
    return (m * e).sum()


def ldexp_array(x):
    return np.ldexp(x, 2).sum()


def nextafter(x):
    return np.nextafter(x, 9.0).sum()


def round_array(x):
    return (np.round(x, 1) + x).sum()


def round_method(x):
    return (x.round(1) * x).sum()


def heaviside(x):
    return (np.heaviside(x, x) * x).sum()


def comparisons(x):
    return ((x > 0) * x * (x < 2)).sum()


def chained_array_comparison(x):
    return (((0 < x) & (x < 2)) * x).sum()


def boolean_index(x):
    return (x[x > 0] ** 2).sum()


def nonzero_index(x):
    return (x[np.nonzero(x > 0)] ** 2).sum()


def argsort_index(x):
    return x[np.argsort(x)][0] ** 2


def argmax_index(x):
    return x[x.argmax()] ** 2


def searchsorted(x):
    return np.searchsorted([0.0, 1.0], x[0]) * x[0]


def take(x):
    return x.take([0, 0, 1]).sum()


def choose(x):
    return np.choose([0, 1, 0, 1], [x, x * x]).sum()


def compress_array(x):
    return (x * x).compress([True, False, True]).sum()


def select(x):
    return np.select([x < 0, x > 1], [x * x, 3 * x], x).sum()


def interp(x):
    return np.interp(0.3, [0.0, 1.0], x[:2])


def interp_points(x):
    return np.interp(x[0], [0.0, 1.0], [2.0, 5.0])


def histogram(x):
    return np.histogram(np.arange(4.0), weights=x)[0][0]


def bincount(x):
    return np.bincount([0, 1, 1, 0], weights=x * x)[0]


def unique(x):
    return np.unique(x)[0] ** 2


def digitize(x):
    return (np.digitize(x, [0.0, 1.0]) * x).sum()


def percentile(x):
    return np.percentile(x, 30)


def median(x):
    return np.median(x)


def nan_to_num(x):
    return np.nan_to_num(x * x).sum()


def polyfit(x):
    return np.polyfit(np.arange(4.0), x, 1)[0]


def polyval(x):
    return np.polyval(x, 1.3)


def trapezoid(x):
    return np.trapezoid(x * x)


def gradient_of_samples(x):
    return np.gradient(x)[1] ** 2


def unwrap(x):
    return np.unwrap(x * 3).sum()


def convolve(x):
    return np.convolve(x, x)[2]


def correlate(x):
    return np.correlate(x, x[:2])[0]


def fft(x):
    return np.abs(np.fft.fft(x))[1]


def lstsq(x):
    return np.linalg.lstsq(np.vander([0.0, 1, 2, 3], 2), x, rcond=None)[0][0]


def eig(x):
    return np.linalg.eig(np.diag(x) + 0.1)[0].real.max()


def svd_values(x):
    return np.linalg.svd(x.reshape(2, 2))[1][0]


def qr(x):
    return np.linalg.qr(x.reshape(2, 2))[1][0, 0]


def matrix_power(x):
    return np.linalg.matrix_power(x.reshape(2, 2), 3)[0, 1]


def einsum_path(x):
    return np.einsum("i,i", x, x, optimize=True)


def outer_method(x):
    return np.outer(x, x).trace()


def append_array(x):
    return np.append(x, x * x).sum()


def insert_array(x):
    return np.insert(x, 1, x[0] ** 2).sum()


def delete_array(x):
    return np.delete(x * x, 1).sum()


def broadcast_to(x):
    return np.broadcast_to(x[:1] ** 2, (3, 1)).sum()


def broadcast_arrays(x):
    a, b = np.broadcast_arrays(x, x[:1])
    return (a * b).sum()


def copy_of_array(x):
    return (copy.deepcopy(x) * copy.copy(x) * x.copy() * np.copy(x)).sum()


def swap_in_tuple(x):
    a, b = x[:2], x[2:]
    a, b = b, a
    return (a * a + b).sum()


def unpickled_array(x):
    return pickle.loads(pickle.dumps(x * x)).sum()


def loaded_array(x):
    file = io.BytesIO()
    np.save(file, x * x)
    file.seek(0)
    return np.load(file).sum()


class _Box(np.ndarray):
    pass


def array_subclass(x):
    return (x.view(_Box) ** 2).sum()


def error_state(x):
    with np.errstate(all="ignore"):
        return (x * x).sum()


def callback_list(x):
    out = []
    np.apply_along_axis(lambda r: out.append(r[0] ** 2) or r, 0, x)
    return out[0]
