"""Objects whose classes define operators, conversions and iteration, given to what is about numbers."""

import ctypes
import ctypes.util
import functools
import math
import operator

import numpy as np


class Odd:
    """Every special method means something else than it does for numbers."""

    def __init__(self, v):
        self.v = v

    def __add__(self, other):
        return Odd(self.v * other.v)

    def __radd__(self, other):
        return Odd(self.v * 3) if other == 0 else NotImplemented

    def __mul__(self, other):
        return Odd(self.v + other.v)

    def __rmul__(self, other):
        return Odd(self.v * other)

    def __lt__(self, other):
        return self.v > other.v

    def __le__(self, other):
        return self.v * 2

    def __iter__(self):
        return iter([self.v, self.v**2])

    def __len__(self):
        return 2

    def __getitem__(self, i):
        return [self.v * 5, self.v**3][i]

    def __abs__(self):
        return self.v**3

    def __round__(self, n=None):
        return self.v * 3

    def __float__(self):
        return self.v * self.v

    def __complex__(self):
        return complex(self.v, self.v)

    def __pow__(self, other, modulus=None):
        return self.v**4

    def __divmod__(self, other):
        return self.v, self.v * 2

    def __neg__(self):
        return self.v**2

    def __reversed__(self):
        return iter([self.v**2, 7.0])

    def __and__(self, other):
        return self.v**2

    def __lshift__(self, other):
        return self.v**3

    def __ror__(self, other):
        return self.v**5

    def __invert__(self):
        return self.v * self.v

    def __trunc__(self):
        return self.v * 2

    def __floor__(self):
        return self.v**2

    def __ceil__(self):
        return self.v**2

    def __rsub__(self, other):
        return other * self.v**2

    def __matmul__(self, other):
        return self.v**3

    def __rpow__(self, other):
        return self.v**2

    def __rtruediv__(self, other):
        return self.v**2

    def __rfloordiv__(self, other):
        return self.v**2

    def __rmod__(self, other):
        return self.v**2

    def __iadd__(self, other):
        return Odd(self.v**5)

    def __array__(self, dtype=None, copy=None):
        return np.array([self.v * self.v, 1.0])


class Counted:
    """What Python goes through by asking for one item after the other."""

    def __init__(self, v):
        self.v = v

    def __getitem__(self, i):
        if i > 2:
            raise IndexError
        return self.v ** (i + 1)

    def __len__(self):
        return 3


class Number:
    """What Python takes for a number, where it needs one."""

    def __init__(self, v):
        self.v = v

    def __float__(self):
        return self.v * self.v


class Universal:
    """What NumPy's functions ask first."""

    def __init__(self, v):
        self.v = v

    def __array_ufunc__(self, function, method, *inputs, **options):
        return self.v * 7

    def __array__(self, dtype=None, copy=None):
        return np.array([self.v * self.v, 1.0])


class Computed:
    """Attributes that are computed when they are not found."""

    def __init__(self, v):
        self.v = v

    def __getattr__(self, name):
        if name.startswith("times"):
            return self.v * int(name[5:])
        raise AttributeError(name)


def added_by_sum(x):
    return sum([Odd(x), Odd(2 * x)], Odd(1.0 * x)).v


def added_to_zero_by_sum(x):
    return sum([Odd(x), Odd(2 * x)]).v


def multiplied_by_prod(x):
    return math.prod([Odd(x), Odd(2 * x)], start=Odd(1.0 * x)).v


def largest(x):
    return max([Odd(x), Odd(2 * x)]).v


def sorted_objects(x):
    return sorted([Odd(x), Odd(2 * x)])[0].v


def unpacked(x):
    a, b = Odd(x)
    return a * b


def sum_of_items(x):
    return sum(Odd(x))


def listed(x):
    return list(Odd(x))[1] + tuple(Odd(x))[1]


def absolute(x):
    return abs(Odd(x)) + operator.abs(Odd(x))


def rounded(x):
    return round(Odd(x))


def as_float(x):
    return float(Odd(x))


def raised(x):
    return pow(Odd(x), 2) + Odd(x) ** 2


def divided_with_remainder(x):
    return divmod(Odd(x), 2)[1]


def made_an_array(x):
    return np.sum(np.asarray(Odd(x)))


def summed_by_numpy(x):
    return np.sum(Odd(x))


def starred(x):
    return [*Odd(x)][1] + math.hypot(*Odd(x))


def from_the_end(x):
    return list(reversed(Odd(x)))[0]


def bits(x):
    return (Odd(x) & 1) + (Odd(x) << 2) + (3 | Odd(x)) + ~Odd(x)


def cut_off(x):
    return math.floor(Odd(x)) + math.ceil(Odd(x)) + math.trunc(Odd(x))


def as_complex(x):
    return abs(complex(Odd(x)))


def reflected(x):
    return 3.0 - Odd(x) + (2.0 ** Odd(x)) + 2.0 / Odd(x) + 2.0 // Odd(x) + 2.0 % Odd(x)


def matrix_product(x):
    return Odd(x) @ Odd(x)


def added_in_place(x):
    t = Odd(x)
    t += 3.0
    return t.v + operator.iadd(Odd(x), Odd(x)).v


def compared(x):
    return (Odd(x) <= Odd(x)) * x


def items_in_comprehensions(x):
    return sum(v for v in Odd(x)) + sum(map(lambda v: v * 2, Odd(x))) + max(Odd(x))


def zipped(x):
    pairs = sum(a * b for a, b in zip(Odd(x), Odd(x)))
    return pairs + sum(i * v for i, v in enumerate(Odd(x))) + dict(zip("ab", Odd(x)))["b"]


def lists_added_by_sum(x):
    return sum([[x, 2.0], [x * x]], [])[2] + sum([(x, 2.0), (x * x,)], ())[2]


def counted_sum(x):
    return sum(Counted(x))


def counted_list(x):
    return list(Counted(x))[1] + max(Counted(x))


def counted_loop(x):
    total = 0.0
    for v in Counted(x):
        total = total + v
    return total


def counted_array(x):
    return np.sum(np.array(Counted(x)))


def number_in_an_array(x):
    return np.array([Number(x), 2.0], dtype=float)[0]


def number_written(x):
    a = np.zeros(2)
    a[0] = Number(x)
    return a.sum()


def number_in_fsum(x):
    return math.fsum([Number(x), x])


def number_in_mathematics(x):
    return math.sqrt(Number(x)) + math.pow(Number(x), 2)


def number_as_complex(x):
    return complex(Number(x)).real


def universal_function(x):
    return np.sin(Universal(x))


def universal_operand(x):
    return np.array([x, 1.0]) @ Universal(x)


def universal_stack(x):
    return np.stack([np.asarray([x, x]), Universal(x)]).sum()


def attribute_found(x):
    o = Computed(x)
    return (o.times4 * x if hasattr(o, "times5") else x) + (5 * x if hasattr(o, "other") else 0.0)


def attribute_or_default(x):
    o = Computed(x)
    return getattr(o, "other", x * 3) ** 2 + getattr(o, "times2", 1.0) + getattr(o, "v", 1.0)


@functools.lru_cache
def kept(v):
    return v * v * 3


@functools.cache
def legendre(n, x):
    if n < 2:
        return x if n else 1.0
    return ((2 * n - 1) * x * legendre(n - 1, x) - (n - 1) * legendre(n - 2, x)) / n


@functools.cache
def factorial(n):
    return n * factorial(n - 1) if n else 1


def results_kept(x):
    return kept(x) + kept(2 * x) + kept(x)


def results_kept_of_a_recursion(x):
    return legendre(4, x)


def results_kept_of_what_is_constant(x):
    return factorial(4) * x


def results_kept_inside(x):
    @functools.cache
    def power(v, n=2):
        return v**n * x

    return power(x) + power(x * 2, 3) + power(x)


c_library = ctypes.CDLL(ctypes.util.find_library("m"))
c_sine = c_library.sin
c_sine.restype, c_sine.argtypes = ctypes.c_double, [ctypes.c_double]


def c_function(x):
    return c_sine(x) * x


def c_function_of_a_constant(x):
    return c_sine(2.0) * x


def c_function_passed(x):
    return sum(map(c_sine, [x, x]))


def c_number(x):
    return ctypes.c_double(x).value * x


@functools.singledispatch
def dispatched(v):
    return v * 2


@dispatched.register
def _(v: float):
    return v * v


@dispatched.register(np.ndarray)
def _(v):
    return np.sum(v**3)


@dispatched.register(list)
def _(v):
    return sum(dispatched(u) for u in v)


def single_dispatch(x):
    return dispatched(x) + dispatched(np.array([x, 2 * x])) + dispatched([x, x]) + dispatched(3) * x
