"""The exact text of small programs, and that it runs."""

from __future__ import annotations

# ruff: noqa: E501  (tables of expected text)
import linecache
import math
import operator as op

import numpy as np
import pytest

from adjoint import runtime
from adjoint.emit import annotate, emit, input_names, load
from adjoint.frontend.source import find
from adjoint.ir import nodes as ir
from adjoint.ir.types import Array, Scalar
from tests.emit.build import Builder, add_into, block, function, index_add, set_item, value

a, b, c, x, y, n = (value(name) for name in "abcxyn")


def text(built: ir.Function, **more) -> str:
    return emit(built, **more).text.strip("\n")


def expression(make) -> str:
    """What is printed after `return` for one nested expression of x, y."""
    builder = Builder()
    printed = text(function("f", [x, y], builder.results(make(builder))))
    head, _, rest = printed.partition("\n    return ")
    assert head == "def f(x, y):", printed
    return rest


EXPRESSIONS = [
    (lambda B: B.call(op.mul, B.call(op.add, x, y), 2), "(x + y) * 2"),
    (lambda B: B.call(op.pow, B.call(op.neg, x), -2), "(-x) ** -2"),
    (lambda B: B.call(op.not_, B.call(op.contains, y, x)), "x not in y"),
    (lambda B: B.call(op.not_, B.call(op.is_, x, None)), "x is not None"),
    (lambda B: B.call(op.getitem, x, B.call(runtime.make_tuple, B.call(slice, 1, None), None)), "x[1:, None]"),
    (lambda B: B.call(op.getitem, x, (slice(None), slice(None, None, 2), ...)), "x[:, ::2, ...]"),
    (lambda B: B.call(op.getitem, x, -1), "x[-1]"),
    (lambda B: B.call(slice, 1, y), "slice(1, y)"),
    (lambda B: B.call(getattr, B.call(getattr, x, "T"), "shape"), "x.T.shape"),
    (lambda B: B.call(getattr, x, "T", None), "getattr(x, 'T', None)"),
    (lambda B: B.call(runtime.make_list, ir.Splat(x), y), "[*x, y]"),
    (lambda B: B.call(runtime.make_dict, "k", x), "{'k': x}"),
    (lambda B: B.call(runtime.merge_dicts, x, B.call(runtime.make_dict, "k", y)), "{**x, 'k': y}"),
    (lambda B: B.call(runtime.make_set), "set()"),
    (lambda B: B.call(np.ndarray.sum, B.call(op.matmul, x, y), axis=0), "(x @ y).sum(axis=0)"),
    (lambda B: B.call(np.add.reduce, x), "np.add.reduce(x)"),
    (lambda B: B.call(np.sum, B.call(np.abs, x), axis=-1), "np.sum(np.abs(x), axis=-1)"),
    (lambda B: B.call(np.linalg.inv, x), "np.linalg.inv(x)"),
    (lambda B: B.call(np.zeros, 3, dtype=np.dtype("float32")), "np.zeros(3, dtype=np.float32)"),
    (lambda B: B.call(op.eq, x, np.dtype("float32")), "x == np.dtype(np.float32)"),
    (lambda B: B.call(math.sin, B.call(len, x)), "math.sin(len(x))"),
    (lambda B: B.call(np.where, x, float("inf"), float("nan")), "np.where(x, np.inf, np.nan)"),
    (lambda B: B.call(op.add, np.float32(2.5), 1 + 2j), "np.float32(2.5) + complex(1.0, 2.0)"),
    (lambda B: B.call(runtime.join_strings, "x = ", B.call(runtime.format_value, x, "", ".2f"), "{}"),
     'f"x = {x:.2f}{{}}"'),
    (lambda B: B.call(op.truediv, 1, B.call(op.truediv, x, y)), "1 / (x / y)"),
    (lambda B: B.call(runtime.make_tuple, (1, "a"), None), "(1, 'a'), None"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("make", "expected"), EXPRESSIONS, ids=lambda v: v if isinstance(v, str) else ""
)
def test_expressions_print_as_syntax(make, expected):
    assert expression(make) == expected


def test_named_values_keep_their_line_and_nameless_ones_are_nested():
    B = Builder()
    hidden = B.call(np.tanh, B.call(op.add, B.call(op.matmul, x, a), b), name="hidden")
    built = function("f", [x, a, b], B.results(B.call(np.mean, B.call(op.mul, hidden, hidden))))
    assert text(built) == (
        "def f(x, a, b):\n    hidden = np.tanh(x @ a + b)\n    return np.mean(hidden * hidden)"
    )


def test_a_read_does_not_cross_a_write():
    B = Builder()
    first = B.call(op.getitem, x, 0)
    changed = B.call(set_item, x, 0, 5.0, name="x")
    built = function("f", [x], B.results(B.call(op.add, first, B.call(op.getitem, changed, 0))))
    assert text(built) == (
        "def f(x):\n    add_item = x[0]\n    x[0] = 5.0\n    return add_item + x[0]".replace(
            "add_item", "item"
        )
    )
    assert load(emit(built)).function([1.0]) == 6.0


def test_long_expressions_are_broken_out():
    B = Builder()
    total = value("first_argument_of_a_function")
    result = total
    for _ in range(6):
        result = B.call(op.add, B.call(op.mul, result, total), total)
    built = function("f", [total], B.results(result))
    assert max(map(len, text(built).splitlines())) <= 92
    assert load(emit(built)).function(2) == 2 * 64 + 126


def test_swapped_variables_are_one_tuple_assignment():
    B = Builder()
    ca, cb, oa, ob = value("a"), value("b"), value("a"), value("b")
    B.add(ir.Loop(block(cb, ca), [ca, cb], [a, b], [oa, ob], B.call(range, n), [value("i")]))
    built = function("f", [a, b, n], B.results(B.call(runtime.make_tuple, oa, ob)))
    assert (
        text(built)
        == "def f(a, b, n):\n    for i in range(n):\n        a, b = b, a\n    return a, b"
    )
    assert load(emit(built)).function(1, 2, 3) == (2, 1)


def test_the_old_value_of_a_carried_variable_is_kept_where_both_are_read():
    B, L = Builder(), Builder()
    cx, ox, tape = value("x"), value("x"), value("loop_6", named=False)
    new = L.call(op.mul, cx, 2, name="x")
    loop = ir.Loop(L.results(new), [cx], [x], [ox], B.call(range, n), [value("t")])
    loop.gathers = [ir.Gather(tape, [cx, new])]
    B.add(loop)
    built = function("f", [x, n], B.results(B.call(runtime.make_tuple, ox, tape)))
    assert text(built) == (
        "def f(x, n):\n    loop_6 = []\n    for t in range(n):\n        x_in = x\n        x = x_in * 2\n"
        "        loop_6.append((x_in, x))\n    return x, loop_6"
    )
    assert load(emit(built)).function(1, 2) == (4, [(1, 2), (2, 4)])


def test_branches_share_the_name_of_their_target():
    B, T, E = Builder(), Builder(), Builder()
    oy = value("y")
    T.call(print, x)
    branch = ir.If(B.call(op.gt, x, 0), T.results(T.call(np.sin, x, name="y")), E.block, [oy])
    E.results(E.call(np.cos, x, name="y"))
    B.add(branch)
    assert text(function("f", [x], B.results(oy))) == (
        "def f(x):\n    if x > 0:\n        print(x)\n        y = np.sin(x)\n    else:\n        y = np.cos(x)\n"
        "    return y"
    )


def test_empty_branches_are_left_out_and_else_ifs_chained():
    B, T, E, T2 = Builder(), Builder(), Builder(), Builder()
    oy, iy = value("y"), value("y")
    one = T.call(np.sin, y, name="y")
    two = T2.call(np.cos, y, name="y")
    E.add(ir.If(a, T2.results(two), block(y), [iy]))
    B.add(ir.If(x, T.results(one), E.results(iy), [oy]))
    assert text(function("f", [x, y, a], B.results(oy))) == (
        "def f(x, y, a):\n    if x:\n        y = np.sin(y)\n    elif a:\n        y = np.cos(y)\n    return y"
    )
    B, T = Builder(), Builder()
    B.add(ir.If(x, block(y), T.results(T.call(np.sin, y, name="y")), [out := value("y")]))
    assert text(function("f", [x, y], B.results(out))) == (
        "def f(x, y):\n    if not x:\n        y = np.sin(y)\n    return y"
    )


def test_a_choice_of_values_is_a_conditional_expression():
    B, T = Builder(), Builder()
    out = value("z")
    B.add(ir.If(B.call(op.gt, x, 0), T.results(T.call(op.mul, x, 2)), block(y), [out]))
    assert text(function("f", [x, y], B.results(out))) == (
        "def f(x, y):\n    z = x * 2 if x > 0 else y\n    return z"
    )
    B = Builder()
    both, test = value(), B.call(op.gt, x, 0)
    B.add(ir.If(test, block(y), block(test), [both]))
    assert text(function("f", [x, y], B.results(both))) == "def f(x, y):\n    return x > 0 and y"


def test_loops_that_only_gather_are_comprehensions():
    B, L = Builder(), Builder()
    item, squares = value("item"), value("squares")
    square = L.call(op.mul, item, item)
    B.add(ir.Loop(L.results(), iterable=x, items=[item], gathers=[ir.Gather(squares, [square])]))
    built = function("f", [x], B.results(squares))
    assert text(built) == "def f(x):\n    squares = [item * item for item in x]\n    return squares"
    assert load(emit(built)).function([1, 2]) == [1, 4]


def test_while_and_stop():
    B, L, T = Builder(), Builder(), Builder()
    cx, ox = value("x"), value("x")
    new = L.call(op.add, cx, 1, name="x", type=Scalar(int))
    cx.type = Scalar(int)
    stop, flag = L.call(op.gt, new, 5), value()
    L.add(ir.If(stop, block(True), block(False), [flag]))
    test = T.results(T.call(op.lt, cx, n))
    B.add(ir.Loop(L.results(new), [cx], [x], [ox], test=test, stop=flag))
    built = function("f", [x, n], B.results(ox))
    assert text(built) == (
        "def f(x, n):\n    while x < n:\n        x += 1\n        if x > 5:\n            break\n    return x"
    )
    assert load(emit(built)).function(0, 9) == 6


def test_a_branch_at_the_end_of_the_body_breaks_itself():
    B, L, T, E = Builder(), Builder(), Builder(), Builder()
    cx, ox, nx, flag = value("x"), value("x"), value("x"), value("broke")
    T.results(True, T.call(op.neg, cx, name="x"))
    E.results(False, E.call(op.mul, cx, 2, name="x"))
    L.add(ir.If(L.call(op.gt, cx, 5), T.block, E.block, [flag, nx]))
    B.add(ir.Loop(L.results(nx), [cx], [x], [ox], B.call(range, n), [value("i")], stop=flag))
    built = function("f", [x, n], B.results(ox))
    assert text(built) == (
        "def f(x, n):\n    for i in range(n):\n        if x > 5:\n            x = -x\n            break\n"
        "        x = x * 2\n    return x"
    )
    assert load(emit(built)).function(1, 9) == -8


def test_a_test_that_is_not_one_expression():
    B, L, T = Builder(), Builder(), Builder()
    cx, ox = value("x"), value("x")
    T.call(print, cx)
    test = T.results(T.call(op.lt, cx, 3))
    B.add(ir.Loop(L.results(L.call(op.add, cx, 1, name="x")), [cx], [x], [ox], test=test))
    assert text(function("f", [x], B.results(ox))) == (
        "def f(x):\n    while True:\n        print(x)\n        if not x < 3:\n            break\n"
        "        x = x + 1\n    return x"
    )


def test_accumulation_in_place():
    B, L = Builder(), Builder()
    bar, ob, g = value("x_bar", False), value("x_bar", False), value("g")
    value_i = value("i")
    value_i.type = Scalar(int)  # no array of indices, in which one may stand twice
    added = L.call(index_add, bar, value_i, g, name="x_bar", named=False)
    more = L.call(add_into, added, L.call(op.mul, g, g), name="x_bar", named=False)
    zeros = B.call(np.zeros, n, name="x_bar", named=False)
    B.add(ir.Loop(L.results(more), [bar], [zeros], [ob], B.call(range, n), [value_i]))
    built = function("f", [n, g], B.results(ob))
    assert text(built) == (
        "def f(n, g):\n    x_bar = np.zeros(n)\n    for i in range(n):\n        x_bar[i] += g\n"
        "        x_bar += g * g\n    return x_bar"
    )
    assert load(emit(built)).function(2, 3.0).tolist() == [21.0, 21.0]


def test_arrays_are_not_written_by_an_addition():
    B = Builder()
    array = Array(np.dtype(float), (3,))
    old = value("x", type=array)
    new = B.call(op.add, old, 1, name="x", type=array)
    assert text(function("f", [old], B.results(new))) == "def f(x):\n    x = x + 1\n    return x"


def test_unpacking():
    B = Builder()
    pair = B.call(runtime.unpack_sequence, B.call(np.linalg.eigh, x), 2)
    values = B.call(op.getitem, pair, 0, name="values")
    assert text(function("f", [x], B.results(values))) == (
        "def f(x):\n    values, _ = np.linalg.eigh(x)\n    return values"
    )


def test_try_keeps_the_exception_only_as_long_as_python_does():
    B, T, H = Builder(), Builder(), Builder()
    error, out, path = value("error"), value("z"), value("path", False)
    T.results(T.call(op.floordiv, x, y, name="z"))
    handler = ir.Handler(
        ir.Const(ZeroDivisionError), error, H.results(H.call(str, error, name="z"))
    )
    B.add(ir.Try(T.block, [handler], [out], path))
    built = function("f", [x, y], B.results(B.call(runtime.make_tuple, out, path)))
    assert text(built) == (
        "def f(x, y):\n    try:\n        z = x // y\n        path = 0\n    except ZeroDivisionError as error:\n"
        "        z = str(error)\n        path = 1\n    return z, path"
    )
    assert load(emit(built)).function(1, 0)[1] == 1


def test_undefined_is_spelled_out_only_for_a_tape():
    def built(recorded: bool) -> ir.Function:
        B, L, T = Builder(), Builder(), Builder()
        oy, tape = value("y"), value("tape", False)
        L.add(ir.If(x, T.results(T.call(np.sin, x, name="y")), block(ir.UNDEFINED), [oy]))
        element = oy if recorded else L.call(print, oy)
        B.add(
            ir.Loop(
                L.results(), iterable=x, items=[value("i")], gathers=[ir.Gather(tape, [element])]
            )
        )
        return function("f", [x], B.results(tape))

    assert "else:\n            y = None\n" in text(built(True))
    assert "None" not in text(built(False))


def test_checked_variables_hold_undefined():
    B, T = Builder(), Builder()
    oy = value("y")
    B.add(ir.If(x, T.results(T.call(np.sin, x, name="y")), block(ir.UNDEFINED), [oy]))
    built = function("f", [x], B.results(B.call(runtime.check_bound, oy, "y")))
    assert "y = UNDEFINED" in text(built)
    with pytest.raises(UnboundLocalError):
        load(emit(built)).function(0)


def test_constants_dodge_the_program_and_the_program_dodges_constants():
    class Helper:
        pass

    np_parameter, local = value("np"), value("len")
    B = Builder()
    B.block.statements.append(ir.Call(local, ir.Const(np.sin), [np_parameter]))
    made = B.call(Helper, B.call(len, local))
    emitted = emit(function("f", [np_parameter], B.results(made)))
    assert emitted.text.strip() == (
        "def f(np):\n    len_2 = np_2.sin(np)\n    helper = Helper(len(len_2))\n    return helper".replace(
            "helper", "Helper_2"
        )
    )
    assert emitted.namespace == {"np_2": np, "Helper": Helper}


def test_halves_and_comments(tmp_path):
    path = tmp_path / "energy.py"
    path.write_text("def energy(x, w):\n    h = np.tanh(w * x)\n    return h\n")
    B = Builder(str(path))
    h = B.call(np.tanh, B.call(op.mul, a, x, line=2), name="h", line=2)
    tangent = B.call(op.sub, 1, B.call(op.mul, h, h, line=2), name="h_bar", named=False, line=2)
    built = function(
        "f", [x, a], B.results(B.call(op.mul, tangent, a, name="x_bar", named=False, line=2))
    )
    built.origin, built.doc = ir.Origin(str(path), 1), "Gradient of energy."
    emitted = emit(built, reverse_start=2, header="made by adjoint")
    assert emitted.text == (
        "# made by adjoint\n\n"
        "def f(x, a):\n"
        '    """Gradient of energy."""\n'
        "    # -- forward --\n"
        "    h = np.tanh(a * x)                                       # L2\n"
        "    # -- reverse --\n"
        "    # L2: h = np.tanh(w * x)\n"
        "    h_bar = 1 - h * h\n"
        "    x_bar = h_bar * a\n"
        "    return x_bar\n"
    )
    assert emitted.line_map[6].line == 2


def rule() -> ir.Function:
    B, P = Builder(), Builder()
    out = B.call(np.tanh, x, name="y")
    y_bar, inner = value("y_bar", False), value("y")
    grad = P.call(op.mul, P.call(op.sub, 1, P.call(op.mul, inner, inner)), y_bar)
    pullback = function("pullback", [y_bar], P.results(grad), captures=[inner, value("unused")])
    target = value("pullback", False)
    B.add(ir.Closure(target, pullback, [out, ir.Const(3)]))
    return function("tanh_rule", [x], B.results(B.call(runtime.make_tuple, out, target)))


def test_a_pullback_is_a_nested_function():
    assert text(rule()) == (
        "def tanh_rule(x):\n    # -- forward --\n    y = np.tanh(x)\n\n    def pullback(y_bar):\n"
        "        # -- reverse --\n        return (1 - y * y) * y_bar\n\n    return y, pullback"
    )


def test_the_ir_of_a_generated_closure_is_found_by_its_code():
    loaded = load(emit(rule()))
    y, pullback = loaded.function(0.5)
    nested = loaded.closures[pullback.__code__]
    assert nested.function.name == "pullback"
    assert nested.free_names == {0: "y"} and nested.constants == {1: 3}
    assert pullback.__code__.co_freevars == ("y",)
    assert pullback(2.0) == 2 * (1 - y * y)


def test_closures_made_in_a_loop_keep_their_own_values():
    B, L, P = Builder(), Builder(), Builder()
    i, inner, made, all_made = value("i"), value("i"), value("pullback", False), value("made")
    nested = function("pullback", [], P.results(P.call(op.mul, inner, 2)), captures=[inner])
    L.add(ir.Closure(made, nested, [i]))
    loop = ir.Loop(L.results(), iterable=x, items=[i], gathers=[ir.Gather(all_made, [made])])
    B.add(loop)
    functions = load(emit(function("f", [x], B.results(all_made)))).function([1, 2])
    assert [f() for f in functions] == [2, 4]


def make_even_and_odd():
    def even(k):
        return k == 0 or odd(k - 1)

    def odd(k, *, base=0):
        return k != base and even(k - 1)

    return even, odd


def test_functions_of_the_users_are_made_from_their_own_code():
    even_code, odd_code = (f.__code__ for f in make_even_and_odd())
    B = Builder()
    even, odd = value("even"), value("odd")
    for target, code, other in ((even, even_code, odd), (odd, odd_code, even)):
        nested = function(
            target.name, [value("k")], ir.Block(), captures=[value(other.name)], code=code
        )
        defaults: dict[str, ir.Operand] = {}
        if target is odd:
            nested.parameters.append(ir.Parameter(value("base"), "keyword_only", True))
            defaults = {"base": ir.Const(0)}
        B.add(ir.Closure(target, nested, [other], defaults))
    built = function("f", [], B.results(B.call(runtime.make_tuple, even, odd)))
    assert text(built).splitlines()[-3:] == [
        "    odd = make_function(odd_code, user_globals, None, {'base': 0}, even)",
        "    even.__closure__[0].cell_contents = odd",
        "    return even, odd",
    ]
    even_made, odd_made = load(emit(built)).function()
    assert even_made(4) and odd_made(3) and not even_made(3)


def test_input_names_come_in_the_order_of_the_inputs():
    built = ir.Function(
        "f",
        [ir.Parameter(value("x")), ir.Parameter(value("rest"), "varargs")],
        block(x),
        captures=[value("k")],
        globals=[value("k"), value("np")],
    )
    built.body.results = [built.captures[0]]
    assert input_names(built) == ["x", "rest", "k", "k_2", "np"]
    assert text(built).startswith("def f(x, *rest, k, k_2, np):")


def test_errors_name_the_users_line(tmp_path):
    path = tmp_path / "user.py"
    path.write_text("first\nz = x / y\n")
    B = Builder(str(path))
    loaded = load(
        emit(function("f", [x, y], B.results(B.call(op.truediv, x, y, name="z", line=2))))
    )
    with pytest.raises(ZeroDivisionError) as caught:
        loaded.function(1, 0)
    for _ in range(2):
        annotate(caught.value, loaded.emitted)
    (note,) = caught.value.__notes__
    assert f'File "{path}", line 2' in note and note.endswith("z = x / y")


def test_tracebacks_show_generated_lines_even_after_a_check():
    loaded = load(emit(rule()))
    linecache.checkcache()
    filename = loaded.function.__code__.co_filename
    assert filename.startswith("<adjoint tanh_rule ")
    assert linecache.getline(filename, 2).strip() == "# -- forward --"


def test_source_is_found_again_after_linecache_was_cleared():
    function = load(emit(rule())).function
    filename = function.__code__.co_filename
    del linecache.cache[filename]  # `linecache.clearcache`, which other libraries call, drops all
    assert find(function.__code__, function.__globals__).code is function.__code__
    assert linecache.getline(filename, 2).strip() == "# -- forward --"
