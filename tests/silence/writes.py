"""Arrays, objects and lists that are written to."""

import operator

import numpy as np


def item_store(x):
    y = np.zeros(3)
    y[1] = x[0] * x[1]
    return y.sum()


def item_store_argument(x):
    x[0] = x[1] * x[1]
    return x.sum()


def item_store_in_loop(x):
    y = np.zeros_like(x)
    for i in range(len(x)):
        y[i] = x[i] ** 2
    return y.sum()


def mask_store(x):
    y = x * 1.0
    y[y < 0] = 0.0
    return (y * y).sum()


def slice_store(x):
    y = np.zeros(4)
    y[1:3] = x[:2] * x[1]
    return y.sum()


def row_store(x):
    y = np.zeros((2, 4))
    y[0] = x * x
    return y.sum()


def store_through_view(x):
    y = np.zeros(4)
    view = y[:2]
    view[0] = x[0] ** 2
    return y.sum()


def plus_equals(x):
    y = x * 2.0
    y += x * x
    return y.sum()


def plus_equals_argument(x):
    x += x * x
    return x.sum()


def plus_equals_item(x):
    y = np.zeros(3)
    y[0] += x[0] ** 2
    return y.sum()


def times_equals_in_loop(x):
    y = np.ones(4)
    for _ in range(3):
        y *= x
    return y.sum()


def plus_equals_alias(x):
    y = x * 1.0
    z = y
    z += x
    return (y * y).sum()


def out_argument_result(x):
    c = np.zeros(4)
    return np.multiply(x, x, out=c).sum()


def where_of_reduction(x):
    return np.sum(x * x, where=x > 0)


def initial_of_reduction(x):
    return np.sum(x, initial=x[0] * x[1])


def initial_of_max(x):
    return np.max(x[:2], initial=x[2] * x[2])


def sort_in_place(x):
    y = x * x
    y.sort()
    return y[0] * 2 + y[-1]


def sort_argument(x):
    x.sort()
    return x[0] ** 2


def fill(x):
    y = np.zeros(4)
    y.fill(x[0] * x[1])
    return y.sum()


def copyto(x):
    y = np.zeros(4)
    np.copyto(y, x * x)
    return y.sum()


def put(x):
    y = np.zeros(4)
    np.put(y, [0, 1], x[:2] * x[:2])
    return y.sum()


def put_method(x):
    y = np.zeros(4)
    y.put([0, 1], x[:2] * x[:2])
    return y.sum()


def put_along_axis(x):
    y = np.zeros((1, 4))
    np.put_along_axis(y, np.array([[2]]), x[:1, None] * x[1], 1)
    return y.sum()


def place(x):
    y = np.zeros(4)
    np.place(y, y == 0, x * x)
    return y.sum()


def putmask(x):
    y = np.zeros(4)
    np.putmask(y, y == 0, x * x)
    return y.sum()


def fill_diagonal(x):
    y = np.zeros((2, 2))
    np.fill_diagonal(y, x[0] * x[1])
    return y.sum()


def add_at(x):
    y = np.zeros(2)
    np.add.at(y, [0, 0, 1, 1], x * x)
    return y.sum()


def add_reduce(x):
    return np.add.reduce(x * x)


def multiply_reduce(x):
    return np.multiply.reduce(x)


def multiply_accumulate(x):
    return np.multiply.accumulate(x)[-1]


def multiply_outer(x):
    return np.multiply.outer(x, x)[0, 1]


def add_reduceat(x):
    return np.add.reduceat(x * x, [0, 2])[0]


def resize_in_place(x):
    y = x * x
    y.resize(2, refcheck=False)
    return y.sum()


def shape_store(x):
    y = x * x
    y.shape = (2, 2)
    return y[0, 1]


def real_store(x):
    y = np.zeros(4, complex)
    y.real = x * x
    return y.real.sum()


def flat_store(x):
    y = np.zeros((2, 2))
    y.flat[0] = x[0] * x[1]
    return y.sum()


def flat_all_store(x):
    y = np.zeros((2, 2))
    y.flat = x * x
    return y.sum()


def setfield(x):
    y = np.zeros(4)
    y.setfield(x * x, np.float64)
    return y.sum()


def partition(x):
    y = x * x
    y.partition(1)
    return y[0]


def byteswap(x):
    return x.byteswap().byteswap().sum()


def dunder_setitem(x):
    y = np.zeros(4)
    y.__setitem__(0, x[0] ** 2)
    return y.sum()


def dunder_iadd(x):
    y = np.zeros(4)
    y.__iadd__(x * x)
    return y.sum()


def operator_iadd_array(x):
    y = np.zeros(4)
    operator.iadd(y, x * x)
    return y.sum()


def operator_setitem_array(x):
    y = np.zeros(4)
    operator.setitem(y, 0, x[0] ** 2)
    return y.sum()


def store_in_helper(x):
    y = np.zeros(4)
    _write(y, x * x)
    return y.sum()


def _write(y, value):
    y[:] = value


def store_in_closure(x):
    y = np.zeros(4)

    def write():
        y[0] = x[0] ** 2

    write()
    return y.sum()


class _Accumulator:
    def __init__(self):
        self.total = 0.0
        self.items = []

    def add(self, value):
        self.total = self.total + value
        return self

    def push(self, value):
        self.items.append(value)

    def __iadd__(self, value):
        self.total += value
        return self


def store_in_method(x):
    a = _Accumulator()
    a.add(x[0] ** 2)
    return a.total


def append_in_method(x):
    a = _Accumulator()
    a.push(x[0] ** 2)
    return a.items[0]


def own_in_place_operator(x):
    a = _Accumulator()
    a += x[0] ** 2
    return a.total


def list_added_in_place(x):
    y = np.zeros((2, 2))
    y += [x[0]]
    y *= (x[1], x[2])
    row = y[0]
    row -= [x[3], 1.0]
    return (y * y).sum()


def items_of_something_added_in_place(x):
    y = np.zeros(3)
    table = {"a": x, "b": [1.0]}
    for v in table["a" if x[0] > 0 else "b"]:
        y += v
        y[1:] = v
    return (y * y).sum()


def list_of_something_written(x):
    y = np.ones((2, 2))
    table = {"a": [x[0], x[1] * x[2]], "b": [1.0]}
    y[:] = table["a" if x[0] > 0 else "b"]
    y += table["a" if x[1] < 0 else "b"]
    return (y**3).sum()
