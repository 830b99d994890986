"""`try` in all its forms: the path that was taken is the one that is differentiated."""

import math

import numpy as np

from tests.programs.registry import definite, normal, positive, program, static


class TooLarge(ValueError):
    """Raised with nothing but a message."""


def limited(x, most):
    if x > most:
        raise TooLarge(f"more than {most}")
    return x * x


@program(0.5)
@program(2.0)
def fallback(x):
    try:
        y = limited(x, 1.0)
    except TooLarge:
        y = 3 * x
    return y * x


@program(0.5)
@program(2.0)
def assigned_before_the_exception(x):
    y = x
    try:
        y = y * x + 1
        z = limited(x, 1.0)
    except TooLarge:
        z = y * 5
    return y * z


@program(0.5)
@program(1.5)
@program(2.5)
def how_far_it_came(x):
    y = 2 * x
    try:
        y = y + limited(x, 2.0)
        y = y * limited(x, 1.0)
        y = np.sin(y)
    except TooLarge:
        return y * y
    else:
        y = y + x
    return y


@program(normal(3))
def read_after_the_try(x):
    total = x[0]
    try:
        total = total * x[1]
        total = total * x[7]
    except IndexError:
        pass
    return total * x[2]


@program(np.array([0.2, 0.9, 1.4, 0.3]))
@program(np.array([0.2, 0.9, 0.1, 0.3]))
def around_a_loop(x):
    total = 1.0
    try:
        for value in x:
            total = total * (1 + value)
            total = total + limited(value, 1.0)
    except TooLarge:
        total = total * total
    return total


@program(np.array([0.2, 0.9, 1.4, 0.3]))
def inside_a_loop(x):
    total, missed = 1.0, 0.0
    for value in x:
        try:
            total = total * (1 + value)
            total = total + limited(value, 1.0)
        except TooLarge:
            missed = missed + total
    return total + 3 * missed


@program(np.array([0.2, 0.9, 1.4, 0.3]), static(2))
@program(np.array([0.2, 0.9, 1.4, 0.3]), static(9))
def jumps_inside(x, last):
    total = x[0]
    for i, value in enumerate(x):
        try:
            if i == last:
                break
            total = total * limited(value, 1.0)
            if value > 0.5:
                continue
            total = total + value
        except TooLarge:
            total = total - value
        finally:
            total = total * 1.5
    return total


@program(0.5)
@program(2.0)
def final_statements(x):
    y = x
    try:
        y = y * limited(x, 1.0)
    except TooLarge:
        y = y + 1
    finally:
        y = y * x
    return y


@program(0.5)
@program(2.0)
def returned_through_finally(x):
    log = []
    try:
        return limited(x, 1.0) * x
    except TooLarge:
        return x * 3
    finally:
        log.append("done")


@program(0.5)
@program(2.0)
def overridden_by_finally(x):
    try:
        y = x * 3
        return limited(x, 1.0)
    except TooLarge:
        y = y * x
    finally:
        if x > 1:
            return y * 7


@program(0.5)
@program(1.5)
@program(2.5)
def nested(x):
    y = x
    try:
        y = y + 1
        try:
            y = y * limited(x, 1.0)
        except TooLarge:
            y = y * limited(x, 2.0) + 3
        y = y * y
    except ValueError:
        y = y * 11
    return y


@program(0.5)
@program(2.0)
def raised_again(x):
    y = x
    try:
        try:
            y = y * x
            limited(x, 1.0)
        except TooLarge:
            y = y + x
            raise
        finally:
            y = 2 * y
    except ValueError:
        y = y * x
    return y


@program(0.5)
@program(2.0)
def raised_from(x):
    y = x
    try:
        try:
            y = y * limited(x, 1.0)
        except TooLarge as error:
            y = y + 1
            raise KeyError("large") from error
    except KeyError as error:
        y = y * (2 if isinstance(error.__cause__, TooLarge) else 0)
    return y * x


def first_fit(x, limits):
    y = x
    for most in limits:
        try:
            y = y * 2
            return limited(x, most) + y
        except TooLarge:
            continue
    raise TooLarge("no limit fits")


@program(0.5)
@program(1.5)
@program(9.0)
def from_deep_inside(x):
    try:
        return first_fit(x, [1.0, 2.0])
    except TooLarge:
        return x**3


@program(definite(3))
@program(-np.eye(3) - 0.1)
def factorised_or_not(A):
    jitter = 1.0
    A = (A + A.T) / 2
    try:
        jitter = jitter * A[0, 0]
        L = np.linalg.cholesky(A)
    except np.linalg.LinAlgError:
        L = np.linalg.cholesky(A @ A + np.eye(3))
    return np.sum(L) * jitter


@program(normal(2, 2), 1.0)
@program(normal(2, 2), 0.0)
def singular_or_not(A, scale):
    try:
        B = np.linalg.inv(A * (scale > 0.5))
    except np.linalg.LinAlgError:
        B = 3 * A @ A
    return np.sum(B * B) * scale + np.sum(B)


@program(np.array([1.0, 2.0]), np.array([0.5, 1.0]))
@program(np.array([1.0, 2.0]), np.array([0.5, 2.0]))
def floating_point_error(x, y):
    with np.errstate(all="raise"):
        try:
            z = x * x
            z = z + x * y / (y < 1.5)
        except FloatingPointError:
            z = z * y
    return np.sum(z)


@program(np.array([0.2, 0.9, 1.4]), normal(3))
def several_iterables(x, y):
    total = 1.0
    try:
        for i, (a, b) in enumerate(zip(x, y, strict=True)):
            total = total * (b + i)
            total = total + limited(a, 1.0)
    except TooLarge:
        total = total * total
    return total


@program(2.0)
@program(-2.0)
def mathematics(x):
    try:
        return math.sqrt(x) * x
    except ValueError:
        return math.sqrt(-x) * 2


@program({"a": 2.0, "b": 3.0})
def missing_keys(values):
    total = 0.0
    for key in ("a", "c", "b"):
        try:
            total = total + values[key] ** 2
        except KeyError:
            total = total * 1.5
    return total


@program(positive(4))
def retried(x):
    step = x[0]
    for attempt in range(4):
        try:
            step = step * x[attempt]
            if attempt < 2:
                raise TooLarge("again")
            break
        except TooLarge:
            step = step + 1
    else:
        step = step * 0
    return step * x[3]


@program(0.6)
@program(2.1)
def while_inside(x):
    y, i = x, 0
    try:
        while i < 5:
            i += 1
            y = y + limited(y, 2.0) * x
    except TooLarge:
        y = y * i
    return y


@program(np.array([1.0, -2.0, 3.0]))
def several_handlers(x):
    total = 0.0
    for i, value in enumerate(x):
        y = value
        try:
            y = y * 2
            if i == 0:
                raise KeyError(i)
            y = y * math.sqrt(value)
        except KeyError:
            total = total + y
        except (ValueError, OSError):
            total = total + y * y
        else:
            total = total + np.sin(y)
    return total


@program(0.5)
@program(2.0)
def unbound_until_then(x):
    try:
        y = limited(x, 1.0)
        z = y * x
    except TooLarge:
        pass
    try:
        return z * 2
    except UnboundLocalError:
        return x * x


@program(0.5)
@program(2.0)
def in_an_inner_function(x):
    def attempt(most):
        y = x
        try:
            y = y * x
            y = y + limited(x, most)
        finally:
            y = y * 2
        return y

    try:
        return attempt(1.0) + attempt(3.0)
    except TooLarge:
        return attempt(3.0)
