"""Bad input gives the right error: what is wrong, the user's line with a caret, and a way on."""

import asyncio
import importlib
import linecache
import math
import os
import pickle
import sys
import time
import traceback

import numpy as np
import pytest

import adjoint as ad
from adjoint.errors import (
    AdjointError,
    GradientMismatch,
    MissingRuleError,
    NonFiniteError,
    NonScalarOutputError,
    SourceUnavailableError,
    UnsupportedSyntaxError,
)

X = np.array([0.7, -1.3, 2.1])


def error_of(f, *args, kind=AdjointError, **kwargs):
    with pytest.raises(kind) as caught:
        ad.gradient(f, *args, **kwargs)
    return caught.value


def assert_shows(error, marked):
    """The message names this file and a line of it, and carets stand under `marked`."""
    lines = str(error).split("\n")
    place = next(i for i, line in enumerate(lines) if line.startswith("  File "))
    assert f'File "{__file__}", line ' in lines[place]
    number = int(lines[place].split("line ")[1].split(",")[0])
    assert lines[place + 1].strip() == linecache.getline(__file__, number).strip()
    carets = lines[place + 2]
    assert set(carets.strip()) == {"^"}
    start = carets.index("^")
    assert lines[place + 1][start : start + carets.count("^")].startswith(marked)


def test_all_errors_are_of_one_family():
    for kind in (GradientMismatch, MissingRuleError, NonFiniteError, NonScalarOutputError,
                 SourceUnavailableError, UnsupportedSyntaxError):  # fmt: skip
        assert issubclass(kind, AdjointError)
        assert getattr(ad, kind.__name__) is kind


# -- what is not one real number -------------------------------------------------------------------


def array_result(x):
    return x * x


def tuple_result(x):
    return x[0], x[1]


def list_result(x):
    return [x[0]]


def dict_result(x):
    return {"loss": x[0]}


def no_result(x):
    x * x


def text_result(x):
    return f"{x[0]}"


def complex_result(x):
    return x[0] * 1j


def complex_array_result(x):
    return np.array(x[0] * 1j)


def function_result(x):
    return lambda: x[0]


NOT_SCALAR = [array_result, tuple_result, list_result, dict_result, no_result, text_result,
              complex_result, complex_array_result, function_result]  # fmt: skip


@pytest.mark.parametrize("f", NOT_SCALAR, ids=lambda f: f.__name__)
@pytest.mark.parametrize("call", [ad.gradient, ad.value_and_gradient, lambda f, x: ad.grad(f)(x)])
def test_the_value_has_to_be_one_real_number(f, call):
    with pytest.raises(NonScalarOutputError) as caught:
        call(f, X)
    message = str(caught.value)
    assert "pullback" in message and "jacobian" in message
    assert __file__ in message


@pytest.mark.parametrize("f", [array_result, tuple_result, complex_result])
def test_a_value_that_is_no_scalar_is_not_a_scalar_inside_a_derivative(f):
    error_of(lambda x: np.sum(ad.gradient(f, x)[0]), X, kind=NonScalarOutputError)


def test_the_message_says_what_came_instead():
    assert "array" in str(error_of(array_result, X))
    assert "tuple" in str(error_of(tuple_result, X))
    assert "None" in str(error_of(no_result, X))
    assert "complex" in str(error_of(complex_result, X))


@pytest.mark.parametrize("shape", [(), (1,), (1, 1)])
def test_an_array_of_size_one_is_a_number(shape):
    np.testing.assert_allclose(ad.gradient(lambda x: np.reshape(np.sum(x * x), shape), X)[0], 2 * X)


# -- source ----------------------------------------------------------------------------------------


def executed(text):
    namespace = {"np": np}
    exec(text, namespace)
    return namespace["f"]


def test_a_function_made_by_exec_has_no_source():
    error = error_of(executed("def f(x):\n    return x * x\n"), 2.0, kind=SourceUnavailableError)
    assert "cannot be read" in str(error) and "in a file" in str(error) and "<string>" in str(error)


def test_a_callee_without_source_is_told_where_it_is_called():
    inner = executed("def f(x):\n    return x * x\n")

    def f(x):
        return 3.0 * inner(x)

    error = error_of(f, 2.0, kind=SourceUnavailableError)
    assert_shows(error, "inner(x)")


def test_a_callee_without_source_does_not_matter_where_nothing_depends_on_it():
    inner = executed("def f(x):\n    return x * x\n")
    assert ad.gradient(lambda x: inner(3.0) * x, 2.0) == (9.0,)


def test_a_function_made_by_exec_with_its_lines_kept_is_fine():
    text = "def f(x):\n    return x * x\n"
    linecache.cache["<kept>"] = (len(text), None, text.splitlines(True), "<kept>")
    namespace = {}
    exec(compile(text, "<kept>", "exec"), namespace)
    assert ad.gradient(namespace["f"], 3.0) == (6.0,)


def imported(tmp_path, monkeypatch, text, name):
    (tmp_path / f"{name}.py").write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))
    importlib.invalidate_caches()
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    module = importlib.import_module(name)
    del sys.modules[name]
    return module


def rewrite(path, text):
    path.write_text(text)
    later = time.time() + 10
    os.utime(path, (later, later))


@pytest.mark.parametrize(
    "changed",
    [
        "def f(x):\n    return 3 * x * x\n",
        "def f(x, y=1):\n    return x * x\n",
        "\n\n",
        "def f(x:\n",
    ],
    ids=["another body", "another signature", "no function", "no Python"],
)
def test_a_source_that_has_changed_since_the_import_is_refused(tmp_path, monkeypatch, changed):
    module = imported(tmp_path, monkeypatch, "def f(x):\n    return x * x\n", "changing_module")
    rewrite(tmp_path / "changing_module.py", changed)
    error = error_of(module.f, 2.0, kind=SourceUnavailableError)
    assert "changed" in str(error) and str(tmp_path) in str(error) and "Import" in str(error)


def test_a_function_that_moved_down_its_file_is_refused_or_right(tmp_path, monkeypatch):
    text = "def f(x):\n    return x * x\n"
    module = imported(tmp_path, monkeypatch, text, "moving_module")
    rewrite(tmp_path / "moving_module.py", "# a comment\n" + text)
    error_of(module.f, 2.0, kind=SourceUnavailableError)


def test_a_change_elsewhere_in_the_file_does_not_matter(tmp_path, monkeypatch):
    text = "def f(x):\n    return x * x\n"
    module = imported(tmp_path, monkeypatch, text, "growing_module")
    rewrite(tmp_path / "growing_module.py", text + "\ndef g(x):\n    return 1\n")
    assert ad.gradient(module.f, 3.0) == (6.0,)


def test_a_file_that_is_gone_is_no_source(tmp_path, monkeypatch):
    module = imported(tmp_path, monkeypatch, "def f(x):\n    return x * x\n", "leaving_module")
    (tmp_path / "leaving_module.py").unlink()
    error_of(module.f, 2.0, kind=SourceUnavailableError)


@pytest.mark.parametrize("thing", [3, "f", None, X], ids=["number", "text", "None", "array"])
@pytest.mark.parametrize("call", [ad.gradient, ad.value_and_gradient, ad.pullback, ad.source])
def test_what_cannot_be_called_gives_the_error_of_the_call(thing, call):
    with pytest.raises(TypeError, match=f"'{type(thing).__name__}' object is not callable"):
        call(thing, 2.0)


# -- syntax ----------------------------------------------------------------------------------------


async def coroutine(x):
    return x * x


def generator(x):
    yield x * x


def generator_from(x):
    yield from [x]


def running_a_coroutine(x):
    return asyncio.run(coroutine(x))


def awaiting_inside(x):
    async def inner():
        return x * x

    return asyncio.run(inner())


def class_statement(x):
    class Inner:
        value = x

    return Inner.value * x


def item_store(x):
    x[0] = x[1] * 2.0
    return x.sum()


def item_store_of_own_array(x):
    y = np.zeros(3)
    y[0] = x[1] * 2.0
    return y.sum()


def attribute_store(x, obj):
    obj.attribute = x * x
    return obj.attribute.sum()


def item_augmented(x):
    y = np.zeros(3)
    y[1] += x[0]
    return y.sum()


def locals_call(x):
    return locals()["x"]


def eval_call(x):
    return eval("x")


def exec_call(x):
    exec("x")
    return x


# Function, the text under the caret.
REFUSED = [
    (coroutine, "async def"),
    (running_a_coroutine, "async def"),
    (awaiting_inside, "async def"),
    (generator, "def generator"),
    (generator_from, "def generator_from"),
    (class_statement, "class Inner"),
    (locals_call, "locals()"),
    (eval_call, 'eval("x")'),
    (exec_call, 'exec("x")'),
]


@pytest.mark.parametrize("f, marked", REFUSED, ids=[f.__name__ for f, _ in REFUSED])
def test_syntax_that_is_refused_is_shown_with_a_way_on(f, marked):
    error = error_of(f, X, kind=UnsupportedSyntaxError)
    assert_shows(error, marked)
    assert error.hint and error.hint in str(error)
    assert error.hint.endswith((".", "…"))


def test_syntax_that_is_refused_in_a_callee_is_shown_there():
    def f(x):
        return eval_call(x) * 2.0

    assert_shows(error_of(f, 2.0, kind=UnsupportedSyntaxError), 'eval("x")')


COUNT = 0


def test_a_global_that_is_assigned_a_constant_does_not_matter():
    def setting():
        global COUNT
        COUNT = 7
        return COUNT

    assert ad.gradient(lambda x: x * setting(), 2.0) == (7.0,)
    assert COUNT == 7


# -- writes: right, or refused; the caller's arrays are as the plain call leaves them --------------


def plus_equals(x):
    x += 1.0
    return (x * x).sum()


def plus_equals_of_other(x, y):
    y += x
    return (y * y).sum()


def minus_equals_slice(x):
    x[1:] -= x[:-1]
    return (x * x).sum()


def sorts(x):
    x.sort()
    return x[0] * x[0]


def fills(x):
    y = x * 0.0
    y.fill(x[1])
    return y.sum()


def copies_to(x):
    y = np.zeros(3)
    np.copyto(y, x * x)
    return y.sum()


def stores_under_key(x, d=None):
    d = {} if d is None else d
    d["k"] = x * x
    return d["k"].sum()


WRITES = [(item_store, 1), (item_store_of_own_array, 1), (item_augmented, 1), (plus_equals, 1),
          (plus_equals_of_other, 2), (minus_equals_slice, 1), (sorts, 1), (fills, 1),
          (copies_to, 1), (stores_under_key, 1)]  # fmt: skip


@pytest.mark.parametrize("f, count", WRITES, ids=[f.__name__ for f, _ in WRITES])
def test_a_write_is_right_or_refused(f, count):
    def fresh():
        return [X + k for k in range(count)]

    after = fresh()
    f(*after)
    given = fresh()
    try:
        bars = ad.gradient(f, *given)
    except AdjointError as error:
        assert __file__ in str(error) and error.hint
        for array, original in zip(given, fresh()):
            np.testing.assert_array_equal(array, original)
        return
    for array, expected in zip(given, after):
        np.testing.assert_array_equal(array, expected)
    for k in range(count):
        for i in range(3):
            values = []
            for step in (1e-5, -1e-5):
                args = fresh()
                args[k][i] += step
                values.append(f(*args))
            assert bars[k][i] == pytest.approx((values[0] - values[1]) / 2e-5, abs=1e-6)


def test_an_attribute_write_is_right_or_refused():
    class Thing:
        pass

    thing = Thing()
    try:
        bars = ad.gradient(attribute_store, X, thing)
    except AdjointError as error:
        assert_shows(error, "obj.attribute")
        assert not vars(thing)
        return
    np.testing.assert_allclose(bars[0], 2 * X)
    np.testing.assert_array_equal(thing.attribute, X * X)


# -- rules that are missing ------------------------------------------------------------------------

_from_python = np.frompyfunc(lambda v: v * v, 1, 1)


def python_ufunc(x):
    return float(_from_python(x))


def external(x):
    return _external(x) * 1.0


_external = time.localtime


@pytest.mark.parametrize("f, call", [(external, "_external(x)"), (python_ufunc, "_from_python(x)")],
                         ids=["builtin", "ufunc of Python"])  # fmt: skip
def test_a_missing_rule_names_the_call_and_how_to_write_one(f, call):
    error = error_of(f, 1.5, kind=MissingRuleError)
    assert_shows(error, call)
    assert "rule(" in str(error) and "pullback" in str(error) and "nondifferentiable" in str(error)


def test_a_missing_rule_does_not_matter_where_nothing_depends_on_it():
    def f(x, n):
        scale = float(_from_python(2.0))
        return x * scale

    assert ad.gradient(f, 2.0, 5.0) == (4.0, 0.0)


def test_a_missing_rule_in_the_branch_not_taken_does_not_matter():
    def f(x):
        if x > 100:
            return float(_from_python(x))
        return x * x

    assert ad.gradient(f, 3.0) == (6.0,)
    error_of(f, 101.0, kind=MissingRuleError)


def test_refused_syntax_in_the_branch_not_taken_of_a_callee_does_not_matter():
    def f(x):
        if x > 100:
            return eval_call(x)
        return x * x

    assert ad.gradient(f, 3.0) == (6.0,)
    error_of(f, 101.0, kind=UnsupportedSyntaxError)


def test_a_builtin_without_rule_says_so():
    error = error_of(time.localtime, 1.5, kind=MissingRuleError)
    assert "rule" in str(error)


# -- the user's own mistakes -----------------------------------------------------------------------


def raising(x):
    y = x * x
    if x > 0:
        raise ValueError("x is positive")
    return y


def dividing(x):
    return x / (x - x)


def text_times(x, text):
    return np.sin(text) * x


def indexing(x):
    return x[7]


def missing_key(x):
    return {"a": x}["b"].sum()


def missing_attribute(x):
    return x.no_such_thing


def asserting(x):
    assert x.sum() > 1e9, "too small"
    return x.sum()


def domain(x):
    return math.sqrt(-1.0 - x * x)


def not_converging(x):
    return np.linalg.inv(np.outer(x, x) * 0.0).sum()


# Function, arguments, exception, text of the line that raises.
RAISING = [
    (raising, (2.0,), ValueError, 'raise ValueError("x is positive")'),
    (dividing, (2.0,), ZeroDivisionError, "return x / (x - x)"),
    (text_times, (2.0, "a"), TypeError, "return np.sin(text) * x"),
    (indexing, (X,), IndexError, "return x[7]"),
    (missing_key, (X,), KeyError, 'return {"a": x}["b"].sum()'),
    (missing_attribute, (X,), AttributeError, "return x.no_such_thing"),
    (asserting, (X,), AssertionError, "assert x.sum() > 1e9"),
    (domain, (2.0,), ValueError, "return math.sqrt(-1.0 - x * x)"),
    (not_converging, (X,), np.linalg.LinAlgError, "return np.linalg.inv("),
]


@pytest.mark.parametrize("f, args, kind, line", RAISING, ids=[r[0].__name__ for r in RAISING])
def test_an_exception_of_the_user_comes_out_with_the_line_in_a_note(f, args, kind, line):
    with pytest.raises(kind) as plain:
        f(*args)
    with pytest.raises(kind) as caught:
        ad.gradient(f, *args)
    assert type(caught.value) is type(plain.value)
    assert str(caught.value).split("\n")[0] == str(plain.value).split("\n")[0]
    notes = "\n".join(getattr(caught.value, "__notes__", []))
    shown = notes + "".join(traceback.format_exception(caught.value))
    assert f'File "{__file__}"' in notes and line in notes, shown


def test_an_exception_of_the_user_is_the_one_object():
    own = ValueError("mine")

    def f(x):
        if x > 0:
            raise own
        return 2.0 * x

    with pytest.raises(ValueError) as caught:
        ad.gradient(f, 2.0)
    assert caught.value is own


def test_the_cause_and_context_of_an_exception_are_kept():
    def f(x):
        try:
            return x[7]
        except IndexError as error:
            raise RuntimeError("no such entry") from error

    with pytest.raises(RuntimeError) as caught:
        ad.gradient(f, X)
    assert isinstance(caught.value.__cause__, IndexError)


def test_a_keyboard_interrupt_passes_through():
    def f(x):
        _interrupt()
        return 2.0 * x

    with pytest.raises(KeyboardInterrupt):
        ad.gradient(f, 2.0)


@ad.nondifferentiable
def _interrupt():
    raise KeyboardInterrupt


def test_an_error_in_a_rule_of_the_user_shows_both_lines():
    def fragile(x):
        return x * x

    @ad.rule(fragile)
    def _(x):
        y = fragile(x)

        def pullback(y_bar):
            raise ValueError("no derivative here")

        return y, pullback

    def f(x):
        return 2.0 * fragile(x)

    with pytest.raises(ValueError, match="no derivative here"):
        ad.gradient(f, 2.0)


def product(x, y):
    return x * y


def test_a_string_where_a_number_is_needed_fails_as_in_the_plain_call():
    with pytest.raises(TypeError) as plain:
        product("a", "b")
    with pytest.raises(TypeError) as caught:
        ad.gradient(product, "a", "b")
    assert str(caught.value) == str(plain.value)


def test_a_string_argument_has_no_gradient():
    def f(x, mode):
        return x * x if mode == "square" else 3.0 * x

    assert ad.gradient(f, 3.0, "square") == (6.0, None)
    assert ad.gradient(f, 3.0, "plain") == (3.0, None)


# -- the message itself ----------------------------------------------------------------------------


def test_carets_count_characters_not_bytes():
    def f(x):
        größe = "äöü"; del größe; return locals()  # fmt: skip # noqa: E702

    assert_shows(error_of(f, 2.0, kind=UnsupportedSyntaxError), "locals()")


def test_an_error_can_be_pickled():
    error = error_of(eval_call, 2.0)
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error) and str(again) == str(error) and again.hint == error.hint


def transposed_too_far(m):
    return np.sum(m.transpose(2, 1))


def taken_apart_in_three(m):
    for a, b, c in zip(m, m):  # noqa: B007
        return np.sum(a)


def counted_in_three(m):
    for i, x, y in enumerate(m):  # noqa: B007
        return np.sum(x)


def gone_over_a_number(m):
    for _ in m.sum():
        pass
    return m.sum()


@pytest.mark.parametrize(
    "f", [transposed_too_far, taken_apart_in_three, counted_in_three, gone_over_a_number]
)
def test_the_error_is_that_of_the_plain_call(f):
    """It came out of the compiler, or not at all."""
    m = np.ones((2, 2))
    with pytest.raises(Exception) as plain:
        f(m)
    for derive in (
        lambda: ad.gradient(f, m),
        lambda: ad.jvp(f, (m,), (m,)),
        lambda: ad.hvp(f, m, m),
    ):
        with pytest.raises(type(plain.value)) as caught:
            derive()
        assert str(caught.value) == str(plain.value)
