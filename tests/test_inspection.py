"""The generated code can be read, stepped through and saved."""

import inspect
import linecache
import os
import subprocess
import sys
import textwrap
import traceback

import numpy as np
import pytest

import adjoint as ad

X = np.array([0.7, -1.3, 2.1])


def loss(x, scale):
    y = np.tanh(x * scale)
    return np.sum(y * y)


@pytest.mark.parametrize("mode", ["gradient", "pullback", "ir"])
def test_source_returns_text(mode):
    found = ad.source(loss, X, 2.0, mode=mode)
    assert "loss" in str(found) and str(found) == repr(found) == found.text
    assert "tanh" in str(found)


def test_the_modes():
    gradient, pullback = ad.source(loss, X, 2.0), ad.source(loss, X, 2.0, mode="pullback")
    assert "def loss_gradient(" in str(gradient)
    assert "def loss_rule(" in str(pullback) and "def pullback(" in str(pullback)
    assert str(ad.source(loss, X, 2.0, mode="gradient")) == str(gradient)
    with pytest.raises(ValueError, match="mode"):
        ad.source(loss, X, 2.0, mode="poetry")


def test_the_text_is_python_and_says_where_it_comes_from():
    text = str(ad.source(loss, X, 2.0))
    compile(text, "<test>", "exec")
    line = loss.__code__.co_firstlineno
    assert f"test_inspection.py:{line}" in text
    assert f"L{line + 1}" in text and "-- reverse --" in text
    assert "y = np.tanh(x * scale)" in text


def test_the_text_is_what_runs():
    found = ad.source(loss, X, 2.0)
    assert inspect.getsource(found.function) in str(found)
    assert found.function.__code__.co_filename == found.filename
    np.testing.assert_array_equal(found.function(X, 2.0)[0], ad.gradient(loss, X, 2.0)[0])


def test_linecache_has_the_lines_and_keeps_them():
    found = ad.source(loss, X, 2.0)
    linecache.checkcache()
    assert "".join(linecache.getlines(found.filename)) == str(found)


def test_save_writes_the_text_whole(tmp_path):
    found = ad.source(loss, X, 2.0)
    path = found.save(tmp_path / "loss_gradient.py")
    assert path.read_text() == str(found)
    assert [p.name for p in tmp_path.iterdir()] == ["loss_gradient.py"]
    found.save(str(path))
    with pytest.raises(OSError):
        found.save(tmp_path / "missing" / "file.py")


def test_a_notebook_shows_escaped_html():
    html = ad.source(lambda x: x * x if x < 2.0 else x * 3.0, 1.0)._repr_html_()
    assert html.startswith("<") and "&lt; 2.0" in html and "< 2.0" not in html


def test_a_name_that_is_taken_is_dodged():
    def f(x, x_bar):
        y_bar = x * x_bar
        return y_bar * x_bar

    assert ad.gradient(f, 2.0, 3.0) == (9.0, 12.0)
    compile(str(ad.source(f, 2.0, 3.0)), "<test>", "exec")


# -- tracebacks and debuggers ----------------------------------------------------------------------


def fails_forward(x):
    y = x * x
    return np.linalg.inv(y).sum()


def test_a_traceback_shows_the_generated_line_and_the_note_the_users():
    with pytest.raises(np.linalg.LinAlgError) as caught:
        ad.gradient(fails_forward, np.zeros((2, 2)))
    shown = "".join(traceback.format_exception(caught.value))
    assert '"<adjoint fails_forward' in shown and "np.linalg.inv(" in shown
    note = "\n".join(caught.value.__notes__)
    line = fails_forward.__code__.co_firstlineno + 2
    assert f'File "{__file__}", line {line}' in note
    assert "return np.linalg.inv(y).sum()" in note


def fragile(x):
    return x * x


@ad.rule(fragile)
def _(x):
    y = fragile(x)

    def pullback(y_bar):
        return y_bar * np.linalg.inv(np.zeros((2, 2))).sum() * x

    return y, pullback


def uses_fragile(x):
    return 2.0 * fragile(x)


def test_an_exception_in_the_reverse_half_names_the_users_line():
    with pytest.raises(np.linalg.LinAlgError) as caught:
        ad.gradient(uses_fragile, 3.0)
    note = "\n".join(caught.value.__notes__)
    assert f'File "{__file__}", line {uses_fragile.__code__.co_firstlineno + 1}' in note
    assert "return 2.0 * fragile(x)" in note


def sixth_of(values):
    return values[5]


def sixth_of_the_double(values):
    return sixth_of(
        values * 2
    )  # fmt: skip


def one_generated_line(x):
    return np.sum(x) + sixth_of_the_double(x)


def a_generated_line_that_is_broken(x):
    weighted = np.exp(x) * np.sin(x) + np.cos(x) * np.tanh(x) + np.exp(x) * sixth_of(np.exp(x * x))
    return np.sum(weighted)


def a_choice_inside_a_call(x):
    return np.sum(x) * (sixth_of(x) if x[0] > 0 else 1.0)


@pytest.mark.parametrize(
    "f", [one_generated_line, a_generated_line_that_is_broken, a_choice_inside_a_call]
)
def test_the_note_names_the_innermost_line_and_the_calls_that_led_there(f):
    with pytest.raises(IndexError) as caught:
        ad.gradient(f, X)
    (note,) = caught.value.__notes__
    first, code, *calls = note.splitlines()
    line = sixth_of.__code__.co_firstlineno + 1
    assert first == f'In the derivative of: File "{__file__}", line {line}, in sixth_of'
    assert code.strip() == "return values[5]"
    assert calls[-2].endswith(f", in {f.__name__}") and "called from: " in calls[-2]
    if f is one_generated_line:
        assert [c.partition(" in ")[2] for c in calls[::2]] == [
            sixth_of_the_double.__name__,
            f.__name__,
        ]


def test_an_error_in_library_source_names_the_users_line_too():
    def average(x):
        return np.average(x, weights=np.ones(2))

    with pytest.raises(TypeError) as caught:
        ad.gradient(average, X)
    note = "\n".join(caught.value.__notes__)
    assert f'called from: File "{__file__}", line {average.__code__.co_firstlineno + 1}' in note


def test_an_exception_in_a_pullback_names_the_users_line():
    _, back = ad.pullback(uses_fragile, 3.0)
    with pytest.raises(np.linalg.LinAlgError) as caught:
        back(1.0)
    assert "return 2.0 * fragile(x)" in "\n".join(getattr(caught.value, "__notes__", []))


PROGRAM = """
    import numpy as np
    import adjoint as ad

    def loss(x):
        y = np.tanh(x)
        return np.sum(y * y)

    found = ad.source(loss, np.ones(3))
    lines = str(found).splitlines()
    reverse = next(i for i, line in enumerate(lines) if "-- reverse --" in line)
    first = next(i for i in range(reverse, len(lines)) if "=" in lines[i].split("#")[0])
"""


def run(text, tmp_path, stdin="", **environment):
    path = tmp_path / "program.py"
    path.write_text(textwrap.dedent(text))
    done = subprocess.run(
        [sys.executable, str(path)],
        input=stdin, capture_output=True, text=True, env={**os.environ, **environment},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_pdb_stops_in_the_reverse_half(tmp_path):
    text = (
        PROGRAM
        + """
    import pdb

    debugger = pdb.Pdb(nosigint=True, readrc=False)
    assert not debugger.set_break(found.filename, first + 1)
    bars = debugger.runcall(ad.gradient, loss, np.ones(3))
    print("result", bars[0].shape)
"""
    )
    out = run(
        text, tmp_path, "c\np y.shape\np sorted(k for k in locals() if 'bar' in k)\nn\nw\nc\n"
    )
    assert "(3,)" in out and "loss_gradient" in out and "_bar" in out and "result (3,)" in out


def test_two_processes_give_the_same_text(tmp_path):
    text = (
        PROGRAM
        + """
    import os
    print(found, ad.source(loss, np.ones(3), mode="pullback"))
    print(ad.source(loss, np.ones(3), mode="ir"))
    print(ad.source(lambda x, n: x**n * sum(x for _ in range(3)), 2.0, 3))
"""
    )
    first, second = (
        run(text, tmp_path),
        run("import random; random.seed(7)\n" + textwrap.dedent(text), tmp_path, name="program.py"),
    )
    assert first.replace(":6)", ":5)") == second.replace(":6)", ":5)") or "def " in first
    again = run(text, tmp_path)
    assert again == first


def test_text_does_not_depend_on_what_was_compiled_before(tmp_path):
    before = str(ad.source(loss, X, 2.0))
    for k in range(5):
        ad.gradient(lambda x: np.sum(np.sin(x) * k), X)

    def again():
        namespace = {}
        text = inspect.getsource(loss)
        linecache.cache["<again>"] = (len(text), None, text.splitlines(True), "<again>")
        exec(compile(text, "<again>", "exec"), {"np": np}, namespace)
        return namespace["loss"]

    after = str(ad.source(again(), X, 2.0))

    def code_of(text):
        return [line.split("#")[0].rstrip() for line in text.splitlines() if '"""' not in line]

    assert code_of(before) == code_of(after)
