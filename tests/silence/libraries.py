"""Functions of the standard library that a value passes through."""

import bisect
import contextvars
import copy
import functools
import heapq
import itertools
import math
import operator
import queue
import statistics


def partial(x):
    return functools.partial(operator.mul, x)(x)


def partial_keyword(x):
    return functools.partial(_scaled, scale=x)(x)


def _scaled(x, scale=1.0):
    return x * scale


def reduce(x):
    return functools.reduce(operator.mul, [x, x, 2.0])


def reduce_initial(x):
    return functools.reduce(lambda a, b: a + b * x, [1.0, 2.0], x * x)


def item_getter(x):
    return operator.itemgetter(1)([x, x * x])


def item_getters(x):
    a, b = operator.itemgetter(1, 0)([x, x * x])
    return a * b


def method_caller(x):
    return operator.methodcaller("conjugate")(x * x)


def operator_call(x):
    return operator.call(_scaled, x, x)


def operator_setitem(x):
    xs = [1.0]
    operator.setitem(xs, 0, x * x)
    return xs[0]


def operator_iadd(x):
    return operator.iadd(x, x * x)


def accumulate(x):
    return list(itertools.accumulate([x, x, 2.0], operator.mul))[-1]


def accumulate_initial(x):
    return list(itertools.accumulate([1.0, 2.0], initial=x * x))[-1]


def chain(x):
    return sum(itertools.chain([x], [x * x]))


def chain_from_iterable(x):
    return sum(itertools.chain.from_iterable([[x], [x * x]]))


def product(x):
    return sum(a * b for a, b in itertools.product([x, 1.0], repeat=2))


def combinations(x):
    return sum(a * b for a, b in itertools.combinations([x, 1.0, x * x], 2))


def permutations(x):
    return sum(a - 2 * b for a, b in itertools.permutations([x, 1.0, x * x], 2))


def starmap(x):
    return sum(itertools.starmap(pow, [(x, 2), (x, 3)]))


def pairwise(x):
    return sum(a * b for a, b in itertools.pairwise([x, x * x, 2.0]))


def tee(x):
    a, b = itertools.tee([x, x * x])
    return sum(a) + sum(b)


def deep_copy(x):
    return copy.deepcopy([x * x])[0]


def shallow_copy(x):
    return copy.copy([x * x])[0]


def statistics_mean(x):
    return statistics.mean([x, x * x])


def statistics_fmean(x):
    return statistics.fmean([x, x * x])


def statistics_median(x):
    return statistics.median([x, x * x, 1.5])


def statistics_stdev(x):
    return statistics.stdev([x, x * x, 1.5])


def math_fsum(x):
    return math.fsum([x, x * x])


def math_prod(x):
    return math.prod([x, x * x])


def math_hypot(x):
    return math.hypot(x, x * x, 1.0)


def math_dist(x):
    return math.dist([x, x * x], [0.5, 0.25])


def math_modf(x):
    return math.modf(x)[0] * x


def math_frexp(x):
    m, e = math.frexp(x)
    return math.ldexp(m * m, e)


def math_fmod(x):
    return math.fmod(7.0, x) * x


def math_copysign(x):
    return math.copysign(x * x, -1.0)


def math_floor(x):
    return math.floor(x * 3) * x


def math_remainder(x):
    return math.remainder(7.0, x)


def heap(x):
    h = []
    heapq.heappush(h, x * x)
    return heapq.heappop(h)


def bisected(x):
    xs = [0.0, 5.0]
    bisect.insort(xs, x * x)
    return xs[1]


def simple_queue(x):
    q = queue.SimpleQueue()
    q.put(x * x)
    return q.get()


def context_variable(x):
    v = contextvars.ContextVar("v")
    v.set(x * x)
    return v.get()
