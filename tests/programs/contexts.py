"""`with`: context managers run as usual, and the body is differentiated."""

import contextlib
import io
import threading
import warnings

import numpy as np

from tests.programs.registry import normal, positive, program, static

LOCK = threading.Lock()


class Noting:
    """Notes what happens to it; suppresses the exceptions it is told to."""

    def __init__(self, notes, suppressed=()):
        self.notes, self.suppressed = notes, suppressed

    def __enter__(self):
        self.notes.append("in")
        return self

    def __exit__(self, kind, error, traceback):
        self.notes.append("out" if kind is None else kind.__name__)
        return kind is not None and issubclass(kind, self.suppressed)


class Scaled:
    """Holds a value that carries a derivative, and gives another to its body."""

    def __init__(self, scale):
        self.scale = scale

    def __enter__(self):
        return self.scale * self.scale

    def __exit__(self, *exception):
        return False


@contextlib.contextmanager
def printing_less():
    with np.printoptions(precision=3):
        yield


def limited(x, most):
    if x > most:
        raise ValueError("too large")
    return x * x


@program(np.array([1.0, -2.0, 0.0]))
def error_state(x):
    with np.errstate(divide="ignore", invalid="ignore"):
        y = np.where(x > 0, x * x, 0.0)
        z = np.log(np.abs(y) + 1)
    return np.sum(y * z)


@program(positive(3))
def nothing_but_a_context(x):
    with contextlib.nullcontext():
        y = x * x
    with contextlib.nullcontext(enter_result=y) as z:
        w = z * y
    return np.sum(w)


@program(positive(3))
def locked(x):
    with LOCK:
        y = np.exp(x)
        z = y * x
    return np.sum(y + z)


@program(positive(3))
def silenced(x):
    out = io.StringIO()
    with warnings.catch_warnings(), contextlib.redirect_stdout(out):
        warnings.simplefilter("ignore")
        print("x")
        warnings.warn("not shown", stacklevel=1)
        y = x * x
    return np.sum(y) * len(out.getvalue())


@program(0.5)
@program(2.0)
def suppressed(x):
    y = x
    with contextlib.suppress(ValueError):
        y = y * 3
        y = y + limited(x, 1.0)
        y = y * y
    return y


@program(0.5)
@program(2.0)
def suppressed_by_a_class(x):
    notes = []
    y = x
    with Noting(notes, ValueError):
        y = y * 3
        y = y + limited(x, 1.0)
    return y


@program(0.5)
@program(2.0)
def not_suppressed(x):
    notes = []
    y = x
    try:
        with Noting(notes, KeyError), Noting(notes):
            y = y * 3
            y = y + limited(x, 1.0)
    except ValueError:
        y = y * y
    return y


@program(3.0, 2.0)
def active_manager(x, scale):
    with Scaled(scale) as s, Scaled(s * x) as t:
        y = s * t
    return y * x


@program(np.array([0.2, 0.9, 1.4, 0.3]), static(2))
@program(np.array([0.2, 0.9, 1.4, 0.3]), static(9))
def jumps_out_of_it(x, last):
    total, notes = 1.0, []
    for i, value in enumerate(x):
        with Noting(notes):
            if i == last:
                break
            if value > 1:
                continue
            total = total * value
        total = total + 1
    return total * x[0]


@program(2.0)
@program(-2.0)
def returned_from_inside(x):
    notes = []
    with Noting(notes) as noting:
        y = x * x
        if x > 0:
            return y
        y = y * 3
    return y * (1 if noting.suppressed else 5)


@program(normal(3))
def several_targets(x):
    with contextlib.nullcontext((x[0], x[1:])) as (first, rest), printing_less():
        y = first * rest
    return np.sum(y * rest)


@program(normal(2, 2))
def nested_states(A):
    with np.errstate(all="ignore"):
        B = A / np.sum(A * A)
        with np.errstate(all="warn"):
            C = B @ A
        D = C + B
    return np.sum(D * C)


@program(0.5)
@program(2.0)
def in_a_callee(x):
    def guarded(value):
        with contextlib.suppress(ValueError), LOCK:
            return limited(value, 1.0)
        return value * 4

    return guarded(x) + guarded(x * 0.1)
