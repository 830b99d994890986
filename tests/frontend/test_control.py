"""Branches, loops, jumps, exceptions: the IR takes the paths that Python takes.

PYTEST_DONT_REWRITE: the assertions of these functions are to be Python's own.
"""

import numpy as np
import pytest

CASES = []


def case(*calls):
    def register(function):
        CASES.append((function, calls))
        return function

    return register


@case((1,), (-1,), (0,))
def if_else(x):
    if x > 0:
        y = 1
    elif x < 0:
        y = -1
    else:
        y = x
    return y


@case((1,), (-1,))
def if_unbound(x):
    if x > 0:
        y = 1
    return y


@case((1,), (-1,))
def if_unbound_used_twice(x):
    if x > 0:
        y = x
    if x < 5:
        z = y + 1
        w = y + 2
    return y, z, w


@case((1,), (-1,))
def early_return(x):
    if x > 0:
        return "positive"
    y = x * 2
    if y < -10:
        return "small"
    return y


@case((1, 1), (1, -1), (-1, 1), (-1, -1))
def partial_return(a, b):
    c = 0
    if a > 0:
        if b > 0:
            return "both"
        c = 2
    else:
        print("else")
    d = c + 1
    return d


@case((1, 1), (1, -1), (-1, 1), (-1, -1))
def partial_return_both_sides(a, b):
    if a > 0:
        if b > 0:
            return "x"
        c = 2
    else:
        if b > 0:
            return "y"
        c = 3
    print(c)
    if c == 3:
        return "z"
    return c


@case((1,), (0,))
def falls_off(x):
    if x:
        print("x")
    else:
        return


@case((1,), (-1,))
def guards(x):
    if x < 0:
        raise ValueError(f"negative: {x}")
    y = x + 1
    return y


@case((1,), (2,), (3,))
def else_raises(x):
    if x == 1:
        y = "one"
    elif x == 2:
        y = "two"
    else:
        raise KeyError(x)
    return y


@case((1,), (0,))
def raise_from(x):
    try:
        return 1 / x
    except ZeroDivisionError as error:
        raise ValueError("bad") from error


@case((1,), (0,), ("a",))
def asserts(x):
    assert x, f"falsy {x!r}"
    assert isinstance(x, int)
    return x


@case()
def constant_conditions():
    if True:
        a = 1
    if 0:
        a = 2
    while False:
        a = 3
    else:
        a += 10
    return a


@case((5,), (0,))
def for_sum(n):
    total = 0
    for i in range(n):
        total += i
    return total


@case((5,), (0,))
def loop_variable_survives(n):
    for i in range(n):
        pass
    return i


@case(([(1, 2), (3, 4)],), ([(1, 2, 3)],), ([1],))
def for_unpacks(pairs):
    out = []
    for a, b in pairs:
        out = out + [a * b]
    return out, a


@case(([(1, (2, 3, 4)), (5, (6, 7))],))
def for_nested_target(items):
    out = []
    for a, (b, *c) in items:
        out = [*out, a, b, c]
    for [x, *y] in [(1, 2, 3)]:
        out = [*out, x, y]
    return out


@case((3,), (10,), (0,))
def for_break(n):
    for i in range(n):
        if i == 5:
            break
        print(i)
    else:
        print("exhausted")
    return n


@case((3,), (10,))
def for_continue(n):
    total = 0
    for i in range(n):
        if i % 2:
            continue
        if i > 6:
            print("big")
            continue
        total = total + i
    return total


@case((3,), (10,), (0,))
def for_return(n):
    for i in range(n):
        if i > 4:
            return i, "found"
    return "none"


@case((3,), (10,), (30,))
def for_everything(n):
    seen = []
    for i in range(n):
        if i % 3 == 0:
            continue
        if i == 8:
            break
        if i > 20:
            return "never"
        seen = seen + [i]
        if i > 100:
            return seen
    else:
        return "exhausted", seen
    return "broke", seen, i


@case((4, 3), (0, 0), (7, 7))
def nested_loops(n, m):
    out = []
    for i in range(n):
        for j in range(m):
            if j == i:
                continue
            if j > 4:
                break
            if i * j == 30:
                return "thirty", out
            out = out + [(i, j)]
        else:
            out = out + [i]
    return out


@case((3,), (8,))
def break_two_levels(n):
    done = False
    for i in range(n):
        for j in range(n):
            if i * j == 6:
                done = True
                break
        if done:
            break
    return i, j, done


@case((10,), (0,))
def while_loop(n):
    i = 0
    while i < n:
        i += 3
    return i


@case((10,), (0,))
def while_else(n):
    i = 0
    while i < n:
        i += 1
        if i == 5:
            break
    else:
        return "exhausted"
    return i


@case((10,))
def while_true(n):
    i = 0
    while True:
        i += 1
        if i * i > n:
            last = i
            break
    return last, i


@case((10,))
def while_true_returns(n):
    while True:
        n = n - 1
        if n < 3:
            return n


@case((10,), (2,))
def while_true_raises(n):
    while 1:
        n -= 3
        if n < 0:
            raise RuntimeError(n)
        print(n)


@case(([1, 2, 0, 3],), ([],))
def while_walrus(items):
    items = list(items)
    total = 0
    while items and (x := items.pop()):
        total = total + x
    else:
        print("else", items)
    return total, x


@case((5,), (0,))
def while_true_else(n):
    while True:
        if n < 3:
            break
        n -= 1
    else:
        return (lambda: "never")()
    return n


@case((0,), (1,), (5,))
def unreached_functions(n):
    while True:
        try:
            if n:
                raise KeyError(n)
        except KeyError:
            n -= 1
            continue
        else:
            return n
        return (lambda: n)()


@case((5,))
def while_and(n):
    i = j = 0
    while i < n and j < 6:
        i, j = i + 1, j + 2
    return i, j


@case((3,), (0,))
def read_before_assignment_in_loop(n):
    for i in range(n):
        if i > 0:
            print(previous)  # noqa: F821
        previous = i  # noqa: F841
    return n


@case((3,))
def unbound_in_loop(n):
    for i in range(n):
        print(later)  # noqa: F821
        later = i  # noqa: F841


@case((3,), (5,))
def temporary_in_loop(n):
    x = 1.0
    for i in range(n):
        temporary = x * 2
        x = temporary + i
    return x


@case((3,), (0,))
def always_returns(n):
    for i in range(n):
        return i
    return "empty"


@case((3,), (0,))
def always_raises(n):
    for i in range(n):
        raise ValueError(i)
    return "empty"


@case((3,))
def fibonacci(n):
    a, b = 0, 1
    for _ in range(n):
        a, b = b, a + b
    return a


@case((4,))
def rotating(n):
    a, b, c = 1, 2, 3
    for _ in range(n):
        a, b, c = c, a, b
    return a, b, c


@case(([1, 2, 3],), ([1],), ([],))
def unpacking(x):
    a, *b = x
    (c, d), e = (a, b), x
    [f] = [a]
    return a, b, c, d, e, f


@case(([1, 2, 3, 4],), ([1, 2],))
def star_in_the_middle(x):
    a, *b, c = x
    return a, b, c


@case((1,))
def chained(x):
    a = b = (c, d) = (x, x + 1)
    e: int = 3
    f: "undefined_name"  # noqa: F821, F842  # pyright: ignore
    return a, b, c, d, e


@case((1,), (0,))
def deletes(x):
    y = 1
    if x:
        del y
    return y


@case((3,))
def delete_in_loop(n):
    y = 0
    for i in range(n):
        print(y)
        if i:
            del y


@case((2,))
def augmented(x):
    x += 1
    x *= 4
    x -= 2
    x /= 3
    x **= 2
    x //= 2
    x %= 5
    return x


@case(([1],))
def augmented_list(x):
    y = x
    y += [2]
    return x, y


@case((1,), (0,), ("a",), ([],))
def try_except(x):
    try:
        y = 1 / x
    except ZeroDivisionError:
        y = "zero"
    except (TypeError, ValueError) as error:
        y = str(error)
    return y


@case((1,), (0,))
def try_keeps_old_value(x):
    y = "old"
    try:
        y = 1 / x
    except ZeroDivisionError:
        pass
    return y


@case((1,), (0,))
def try_unbound(x):
    try:
        y = 1 / x
    except ZeroDivisionError:
        print("zero")
    return y


@case((1,), (0,), ("a",))
def try_returns(x):
    try:
        return 1 / x
    except ZeroDivisionError:
        return "zero"
    except TypeError:
        print("type")
    return "end"


@case((1,), (0,), ("a",))
def try_else(x):
    try:
        y = 1 / x
    except ZeroDivisionError:
        print("zero")
        return None
    else:
        y = y + 1
        print("else", y)
    return y


@case((1,), (0,))
def try_else_is_not_protected(x):
    try:
        y = 1 / x
    except ZeroDivisionError:
        y = 0
    else:
        y = 1 / (x - 1)
    return y


@case(([1, 0, "a", 4],))
def try_in_loop(items):
    out = []
    for x in items:
        try:
            y = 4 / x
        except ZeroDivisionError:
            continue
        except TypeError as e:
            out = out + [type(e).__name__]
            break
        out = out + [y]
    return out


@case(([0, 0, 2],), ([0, 0],))
def try_retry(items):
    for x in items:
        try:
            result = 1 / x
            break
        except ZeroDivisionError:
            print("again")
    else:
        return "gave up"
    return result


@case((0,), (1,))
def try_reraises(x):
    try:
        return 1 / x
    except ZeroDivisionError:
        print("seen")
        raise


@case((0,), (1,))
def try_nested(x):
    try:
        try:
            return [1][x]
        except IndexError as inner:
            raise KeyError("outer") from inner
    except KeyError as outer:
        return repr(outer), repr(outer.__cause__)


@case((0,))
def try_handler_name_unbound(x):
    e = 5
    try:
        1 / x
    except ZeroDivisionError as e:
        print(e)
    return e


@case((0,), (2,), (5,))
def try_partial_return(x):
    try:
        if x > 3:
            return "big"
        y = 1 / x
    except ZeroDivisionError:
        return "zero"
    return y


@case((0,), (1,))
def try_bare(x):
    try:
        y = 1 / x
    except:  # noqa: E722
        y = None
    return y


@case((np.array([1.0, -2.0, 3.0]),))
def array_loop(x):
    total = 0.0
    for row in x:
        if row > 0:
            total = total + np.sqrt(row)
    return total


@case((np.array([1.0, 2.0]),))
def ambiguous_truth(x):
    if x > 1:
        return 1
    return 2


@case((3,))
def imports(x):
    import math
    import os.path
    from math import pi
    from math import sqrt as root

    import numpy.linalg as la

    return math.floor(x / 2), os.path.join("a", "b"), la.norm([3, 4]), root(x), pi


@case((1,))
def import_error(x):
    from math import no_such_thing  # pyright: ignore

    return no_such_thing


@pytest.mark.parametrize("function, calls", CASES, ids=lambda c: getattr(c, "__name__", ""))
def test_same_as_python(same_as_python, function, calls):
    same_as_python(function, *(calls or [()]))
