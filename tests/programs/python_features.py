"""The rest of the language as people use it around their arithmetic."""

import contextlib
import io
import math
import math as m

import numpy
import numpy as np
from numpy import exp, tanh
from numpy.linalg import norm

from tests.programs.registry import normal, program, static

GRAVITY = 9.81
WEIGHTS = np.array([0.5, -1.0, 2.0])
CONFIG = {"rate": 0.3, "power": 2}


@program(0.8)
def walrus(x):
    if (y := x * x) > 0.5:
        return y * 3
    return y


@program([0.5, -1.5, 2.5])
def walrus_in_comprehension(xs):
    return sum([y * y for x in xs if (y := x * 2) > 0])


@program(5.0)
def walrus_in_while(x):
    total = 0.0
    while (x := x / 2) > 1:
        total += x * x
    return total + x


@program(0.5, 1.5)
def comparison_chain(x, y):
    if 0 < x < y < 2:
        return x * y
    return x - y


@program(0.0, 2.0, second=False)  # its second differences are not stable
@program(1.5, 2.0)
def boolean_operators_by_value(x, y):
    chosen = x and y
    other = x or y
    return chosen * 2 + other * y


@program(1.5, static(None))
@program(1.5, 0.5)
def default_by_or(x, scale):
    scale = scale or 2.0
    return x * scale


@program(0.5)
def not_and_is(x):
    missing = None
    if missing is None and not x > 1 and x is not missing:
        return x**3
    return x


@program(0.8, static("exp"))
def f_strings(x, name):
    label = f"{name}: {x:.2f} {x!r}" + "%s" % name + "{}".format(name)  # noqa: UP031, UP032
    return x**2 * len(label[:3])


@program(0.8)
def printing(x):
    y = x * 2
    with_text = io.StringIO()
    print("y is", y, file=with_text)
    return y * y


@program(0.8)
def asserting(x):
    y = x * x
    assert y > 0, f"y is {y}"
    assert isinstance(y, float)
    return y * x


@program(0.8)
def import_inside(x):
    import math as mathematics

    from numpy import sin

    return mathematics.cos(x) * sin(x)


@program(0.8)
def imported_names(x):
    return tanh(x) * exp(-x) + m.sqrt(x) + numpy.log(x) + norm(np.array([x, 1.0]))


@program(0.8)
def module_constants(x):
    return x * math.pi + x**2 * np.e + GRAVITY * x


@program(normal(3))
def global_array(x):
    return np.sum(WEIGHTS * x**2)


@program(0.8)
def global_dict(x):
    return CONFIG["rate"] * x ** CONFIG["power"]


@program(0.8)
@program(normal(2))
def isinstance_branches(x):
    if isinstance(x, np.ndarray):
        return np.sum(x**2)
    elif isinstance(x, float | int):
        return x**3
    raise TypeError(f"not a number: {x!r}")


@program(normal(3), static(2))
def type_conversions(x, n):
    s = float(x[0]) * float(n)
    t = float(np.sum(x)) + np.float64(x[1]) * int(2.7)
    return s * t + bool(n) * x[2] + round(2.6) * x[1]


@program(0.5)
def annotated(x: float, y: "float" = 2.0) -> float:
    """Annotations and docstrings carry no derivative."""
    z: float = x * y
    unused: int  # noqa: F842
    return z * z


@program(0.5)
def documented(x):
    """A docstring

    of several lines.
    """
    # a comment
    y = x * x  # another
    "a string on its own"
    return (
        y
        + x  # continued
        + 1
    )


@program(0.5)
def semicolons_and_one_liners(x):
    # fmt: off
    y = x * 2; z = y * x  # noqa: E702
    if z > 0: z = z + 1  # noqa: E701
    for _ in range(2): z = z * x  # noqa: E701
    # fmt: on
    return y + z


@program(0.5)
def long_expression_over_lines(x):
    return (
        (x * x + 2 * x) * (x - 1) + x / (1 + x * x) - np.exp(-x * x) * (x + 3) ** 2 * np.sin(x * 2)
    )


@program(0.5)
def unicode_names(θ):
    δ = θ * 2
    ŷ = np.sin(δ)
    return ŷ * δ


@program(0.5)
def names_that_look_generated(x):
    x_bar = x * 2
    y = x_bar * x
    y_bar = y + 1
    pullback = y_bar * y
    loop_1 = pullback + x_bar
    np_ = loop_1 * x
    return np_ + pullback


@program(0.5)
def shadowed_builtins(x):
    sum = x * 2
    max = sum + 1
    list = [sum, max]
    return list[0] * list[1]


@program(normal(2, 3))
def shapes_as_numbers(x):
    rows, columns = x.shape
    return np.sum(x) * rows / columns + x.size * x[0, 0] + len(x) * x.ndim


@program(normal(4))
def any_python_sum(x):
    return sum(x) + sum(x[:2] * 2) + max(x) - min(x)


@program(0.5)
def discarded_expressions(x):
    x * 3
    np.exp(x)
    [x, x]
    return x * x


@program(0.5)
def delete_a_name(x):
    y = x * 2
    z = y * y
    del y
    return z


@program(0.5)
def context_free_constants(x):
    big = 1_000.0
    tiny = 1e-3
    return x * big * tiny + x * 0x10 + (-1) ** 2 * x**2


@program(normal(3))
def ellipsis_and_none(x):
    return np.sum(x[..., None] * x[None, ...]) + np.sum(x[...])


@program(0.5, static("abc"))
def string_methods(x, word):
    if word.startswith("a") and "b" in word and word.upper() == "ABC":
        return x * len(word) * word.count("a")
    return x


@program(0.5)
def conditional_import_of_constant(x):
    null = contextlib.nullcontext
    return x * x if null is not None else x


@program(0.7, static(3), static(2))
def integer_arithmetic(x, n, k):
    total = 0.0
    for i in range(n * k):
        if i % k == 0 and i // k != 1 or i & 1:
            total += x ** (i >> 1)
    return total * (n - k) ** 2
