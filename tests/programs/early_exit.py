"""`return`, `break` and `continue` in the middle of things."""

import numpy as np

from tests.programs.registry import normal, program, static


@program(-1.0)
@program(2.0)
def guard(x):
    if x < 0:
        return x * x
    y = np.sqrt(x)
    return y * 3


@program(0.5)
@program(1.5)
@program(5.0)
def several_guards(x):
    if x < 1:
        return x
    if x < 2:
        return x**2
    y = x * 2
    if y > 8:
        return np.log(y)
    return y


@program(0.3)
@program(1.3)
def return_inside_nested_branch(x):
    y = x
    if x > 0:
        y = y * 2
        if x > 1:
            return y * y
        y = y + 1
    return y * x


@program(normal(5))
def break_on_value(x):
    total = 0.0
    for value in x:
        if value > 0.5:
            break
        total = total + value * value
    return total + x[0]


@program(normal(6))
def continue_on_value(x):
    total = 0.0
    for value in x:
        if value < 0:
            continue
        total = total + value**3
    return total + np.sum(x)


@program(normal(8), 1.0)
def break_and_continue(x, scale):
    total = 0.0
    for i in range(len(x)):
        if x[i] < 0:
            continue
        total = total + x[i] * scale
        if total > 1.0:
            break
        scale = scale * 0.9
    return total * scale


@program(np.array([0.2, 0.7, 1.9, 0.4]))
@program(np.array([0.2, 0.7, 0.9, 0.4]))
def return_from_loop(x):
    total = 1.0
    for value in x:
        total = total * (1 + value)
        if value > 1:
            return total * 10
    return total


@program(normal(3, 3))
def return_from_nested_loop(A):
    total = 1.0
    for i in range(3):
        for j in range(3):
            total = total + A[i, j] * A[j, i]
            if total > 2.0:
                return total * A[0, 0]
    return total


@program(normal(3, 3))
def break_of_inner_loop(A):
    total = 0.0
    for row in A:
        for value in row:
            if value > 0:
                break
            total = total + value * value
        total = total + row[0] * 0.5
    return total


@program(2.0)
def while_true(x):
    y = x
    while True:
        y = y * 0.7
        if y < 0.5:
            break
    return y * x


@program(2.0, static(3))
@program(2.0, static(10))
def break_out_of_while(x, most):
    i = 0
    while i < most:
        x = np.sqrt(x + 1)
        i += 1
        if i == 5:
            break
    return x * x


@program(0.9)
def while_with_continue(x):
    i = 0
    total = 0.0
    while i < 6:
        i += 1
        if i % 2 == 0:
            continue
        total += x**i
    return total


@program(normal(4), static(0.0))
@program(normal(4), static(100.0))
def for_else_with_break(x, limit):
    total = 1.0
    for value in x:
        total = total + value * value
        if total > 1.0 + limit:
            break
    else:
        total = total * 3.0
    return total


@program(7.0)
def return_from_while_true(x):
    while True:
        if x < 1:
            return x**2
        x = x / 3


@program(normal(5))
def first_positive(x):
    found = 0.0
    for i, value in enumerate(x):
        if value > 0:
            found = value * (i + 1)
            break
    return found + x @ x


@program(0.5, static(3))
@program(0.5, static(-1))
def return_before_loop(x, n):
    if n < 0:
        return x
    for _ in range(n):
        x = x * x + 0.1
    return x


@program(normal(4))
def break_in_else_branch(x):
    total = 0.0
    for i in range(4):
        if i < 2:
            total += x[i] ** 2
        else:
            total -= x[i]
            break
    return total


@program(1.5)
def code_after_return(x):
    return x * x
    x = x + 1  # noqa: B012
    return x


@program(0.8)
def nested_while_with_breaks(x):
    total = 0.0
    i = 0
    while i < 4:
        j = 0
        while True:
            total += x * j
            j += 1
            if j > i:
                break
        i += 1
        if total > 3:
            break
        total = total * x
    return total
