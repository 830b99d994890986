"""From a function to its text: wherever it was defined, and however many share a line."""

import importlib.util
import linecache
import subprocess
import sys
import textwrap
import threading
from typing import Any

import pytest

from adjoint.errors import SourceUnavailableError
from adjoint.frontend import find, lower
from adjoint.ir.interpret import call
from adjoint.ir.verify import verify


def module(tmp_path, source, name="sample") -> Any:
    path = tmp_path / f"{name}.py"
    path.write_text(textwrap.dedent(source), encoding="utf-8")
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made, path


def remember(filename, text):
    """Give linecache a text, as a notebook does."""
    lines: Any = len(text), None, text.splitlines(True), filename
    linecache.cache[filename] = lines


SAMPLE = """
import functools

def plain(x): return x + 1

a, b, c = (lambda x: x + 1), (lambda x: x + 2), lambda x: (lambda y: y * 3)(x)
d = [lambda x: x + i for i in range(3)]; e = {"é": lambda x: "é", "ü": lambda x: "ü"}

def keep(f):
    return f

@keep
@functools.wraps(plain)
def decorated(x):
    return x * 10

@keep
@(lambda f: f)
def decorated_by_lambda(x): return x * 11

class Outer:
    class _Inner:
        def method(self, x):
            return self.__add(x)

        def __add(self, x):
            return x + 100

        @staticmethod
        def static(x): return x + 200

        @property
        def prop(self): return 5

    def make(self):
        if True:
            def nested(x):
                return x + 300
            return nested

spread = (
    lambda x:
        x +
        400
)

def generic(x, f=lambda v: v + 500, *, g=(lambda v: v + 600)):
    return f(x) + g(x)

def many(x):
    y = [(lambda v: v)(v) for v in range(x)]; z = (lambda v: v)(x); return y, z, (lambda: z)()

def inner_of_generator(x):
    return list((lambda v: v + x)(v) for v in range(3))
"""


@pytest.fixture
def sample(tmp_path):
    return module(tmp_path, SAMPLE)[0]


def functions(sample):
    inner = sample.Outer._Inner
    found = [sample.plain, sample.a, sample.b, sample.c, *sample.d, *sample.e.values()]
    found += [sample.decorated, sample.decorated_by_lambda, inner.static, sample.Outer().make()]
    found += [sample.spread, sample.generic, *sample.generic.__defaults__]
    found += [*sample.generic.__kwdefaults__.values(), sample.many, sample.inner_of_generator]
    return found


def test_every_function_is_found(sample):
    for function in functions(sample):
        program = verify(lower(function))
        assert call(program, function, 3) == function(3)


def test_private_names_are_mangled(sample):
    inner = sample.Outer._Inner
    assert call(lower(inner.method), inner.method, inner(), 1) == 101
    assert call(lower(inner.prop.fget), inner.prop.fget, inner()) == 5


def test_origins_are_lines_of_the_file(sample, tmp_path):
    program = lower(sample.decorated)
    (origin,) = [s.origin for s in program.body.statements if s.origin is not None]
    line = linecache.getline(origin.filename, origin.line)
    assert line[origin.column : origin.end_column] == "x * 10"
    assert program.name == "decorated"


def test_a_changed_file_is_noticed(tmp_path):
    made, path = module(tmp_path, "def f(x):\n    return x + 1\n", "changing")
    path.write_text("def f(x):\n    return x + 2\n")
    with pytest.raises(SourceUnavailableError, match="has changed"):
        lower(made.f)


def test_a_moved_function_is_noticed(tmp_path):
    made, path = module(tmp_path, "def f(x):\n    return x + 1\n", "moving")
    path.write_text("import math\n\ndef f(x):\n    return x + 1\n")
    with pytest.raises(SourceUnavailableError, match="has changed"):
        lower(made.f)


def test_a_broken_file_is_noticed(tmp_path):
    made, path = module(tmp_path, "def f(x):\n    return x + 1\n", "breaking")
    path.write_text("def f(x:\n")
    with pytest.raises(SourceUnavailableError, match="has changed"):
        lower(made.f)


def test_without_text():
    namespace: dict[str, Any] = {}
    exec("def f(x): return x", namespace)
    with pytest.raises(SourceUnavailableError, match="cannot be read"):
        lower(namespace["f"])


def test_notebook_cells_are_read_from_linecache():
    text = "await_me = 1\nf = lambda x: x * 7\n"
    remember("<cell 1>", text)
    namespace: dict[str, Any] = {}
    exec(compile(text, "<cell 1>", "exec"), namespace)
    assert call(lower(namespace["f"]), namespace["f"], 2) == 14


def test_cells_with_top_level_await():
    text = "import asyncio\nawait asyncio.sleep(0)\ndef f(x): return x * 8\n"
    remember("<cell 2>", text)
    made = "def f(x): return x * 8\n"
    namespace: dict[str, Any] = {}
    exec(compile("\n\n" + made, "<cell 2>", "exec"), namespace)
    assert call(lower(namespace["f"]), namespace["f"], 2) == 16


def test_assertions_rewritten_by_pytest():
    def checked(x):
        assert x > 0, "positive"
        return (lambda y: y + x)(1)

    assert call(lower(checked), checked, 3) == 4


def test_relative_imports(tmp_path, monkeypatch):
    package = tmp_path / "package_of_test"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "constants.py").write_text("k = 5\n")
    (package / "code.py").write_text(
        "def f(x):\n    from .constants import k\n    from . import constants as c\n"
        "    return x + k + c.k\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    function = importlib.import_module("package_of_test.code").f
    assert call(lower(function), function, 1) == function(1) == 11


def test_the_command_line_has_no_text():
    code = (
        "from adjoint.frontend import lower\n"
        "from adjoint.errors import SourceUnavailableError\n"
        "def f(x): return x\n"
        "try: print(lower(f).name)\n"
        "except SourceUnavailableError as e: print('unavailable')\n"
    )
    done = subprocess.run([sys.executable, "-"], input=code, capture_output=True, text=True)
    assert done.stdout.strip() == "unavailable", done.stderr


def test_lowering_from_many_threads(sample):
    results = []

    def work():
        results.append([lower(f) for f in functions(sample)])

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 8
    assert all(a is b for other in results for a, b in zip(results[0], other))


def test_find_gives_the_node(sample):
    assert find(sample.plain.__code__).node.name == "plain"
    assert type(find(sample.a.__code__).node).__name__ == "Lambda"
