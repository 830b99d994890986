"""Imports point one way, and importing the package is cheap."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "adjoint"

# Each group may import from the groups before it. Within a group the parts do not know each other.
ORDER = [
    {"errors"},
    {"cursor", "parts"},
    {"tree"},
    {"ir", "shadows"},
    {"slots", "contents"},
    {"runtime"},
    {"rules"},
    {"frontend", "inference", "checks", "reverse", "forward", "optimise", "emit", "sources"},
    {"compiler"},
    {"matching"},
    {"cache"},
    {"callees", "parameters"},
    {"api"},
]
# What is built on the public interface; the parts may use each other.
ON_TOP = {
    "jacobians",
    "sparsity",
    "nn",
    "optim",
    "data",
    "train",
    "tracker",
    "compat",
    "demo",
    "testing",
}
# The package's face and its command see everything.
FACE = {"__init__", "__main__"}

# (importing module, imported part): the reason.
ALLOWED: dict[tuple[str, str], str] = {}

# What an import of the package may bring in besides NumPy and the standard library.
LIGHT = {"adjoint", "gast", "astunparse", "six"}
# Parts of the standard library that are slow to import and that nothing needs at import.
SLOW = {"asyncio", "concurrent", "doctest", "multiprocessing", "pydoc", "sqlite3", "unittest"}

RANK = {part: rank for rank, group in enumerate(ORDER) for part in group}
RANK |= dict.fromkeys(ON_TOP, len(ORDER)) | dict.fromkeys(FACE, len(ORDER) + 1)
MODULES = sorted(path.relative_to(ROOT).as_posix() for path in PACKAGE.rglob("*.py"))


def part_of(module: str) -> str:
    """The part that a dotted module name belongs to: `adjoint.rules.fft` -> `rules`."""
    names = module.split(".")
    return names[1] if len(names) > 1 else "__init__"


def imports_of(source: str, package: str) -> list[tuple[str, int]]:
    """The parts of adjoint that a module of `package` imports, at any depth, with their lines.

    >>> imports_of("from adjoint import ir, gradient", "adjoint.rules")
    [('ir', 1), ('__init__', 1)]
    >>> imports_of("def f():\\n    from . import types", "adjoint.ir")
    [('ir', 2)]
    """
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*parents, *([base] if base else [])])
            names = [base]
            if base == "adjoint":  # a part of the package, or a name of its face
                names = [f"adjoint.{alias.name}" for alias in node.names]
                names = [name if part_of(name) in RANK else base for name in names]
        else:
            continue
        found += [(part_of(n), node.lineno) for n in names if n.split(".")[0] == "adjoint"]
    return found


def violations(module: str, source: str) -> list[str]:
    """What the module at this path imports although the order forbids it."""
    names = module.removesuffix(".py").split("/")
    part = part_of(".".join(names))
    found = []
    for imported, line in imports_of(source, ".".join(names[:-1])):
        rank = RANK["api"] if imported == "__init__" else RANK.get(imported)
        if rank is None:
            found.append(f"{module}:{line} imports {imported}, which has no place in ORDER")
            continue
        forbidden = rank > RANK[part] or (rank == RANK[part] and imported != part)
        if part in FACE or (part in ON_TOP and imported in ON_TOP):
            forbidden = False
        if imported == "__init__" and RANK[part] <= RANK["api"] and part not in FACE:
            forbidden = True
        if forbidden and (module, imported) not in ALLOWED:
            found.append(f"{module}:{line} imports {imported}")
    return found


@pytest.mark.parametrize("module", MODULES)
def test_imports_point_one_way(module):
    part = part_of(module.removesuffix(".py").replace("/", "."))
    assert part in RANK, f"{part} has no place in ORDER"
    assert not violations(module, (ROOT / module).read_text(encoding="utf-8"))


def test_every_exception_is_still_needed():
    for module, imported in ALLOWED:
        source = (ROOT / module).read_text(encoding="utf-8")
        package = ".".join(module.split("/")[:-1])
        assert imported in dict(imports_of(source, package)), (module, imported)


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("adjoint/ir/nodes.py", "from adjoint.rules.registry import rule"),
        ("adjoint/ir/nodes.py", "from adjoint import rules"),
        ("adjoint/ir/nodes.py", "from ..rules import registry"),
        ("adjoint/emit/numba/text.py", "import adjoint.reverse.straight"),
        ("adjoint/reverse/straight.py", "def late():\n    from adjoint.optimise import fold"),
        ("adjoint/rules/fft.py", "import adjoint as ad"),
        ("adjoint/api.py", "from adjoint.nn import Dense"),
        ("adjoint/compiler.py", "from adjoint.somewhere import thing"),
    ],
)
def test_a_planted_import_is_found(module, source):
    assert violations(module, source)


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("adjoint/reverse/straight.py", "from adjoint.ir import nodes\nfrom . import control"),
        ("adjoint/nn/layers.py", "import adjoint as ad\nfrom adjoint import gradient"),
        ("adjoint/train.py", "from adjoint.optim import Adam"),
        ("adjoint/__init__.py", "from adjoint.api import gradient\nfrom adjoint import nn"),
    ],
)
def test_a_proper_import_is_not(module, source):
    assert not violations(module, source)


def modules_after(statement: str) -> set[str]:
    """The names in `sys.modules` of a new interpreter that has run the statement."""
    code = f"import json, sys\n{statement}\nprint(json.dumps(sorted(sys.modules)))"
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return set(json.loads(run.stdout))


def test_import_is_light():
    brought_in = modules_after("import adjoint") - modules_after("import numpy, json")
    packages = {name.split(".")[0] for name in brought_in}
    assert not packages & {"numba", "scipy", "torch", "matplotlib"}
    assert packages - set(sys.stdlib_module_names) <= LIGHT | {"numpy"}
    assert not packages & SLOW
    assert len(packages & set(sys.stdlib_module_names)) < 40


def test_rules_of_scipy_come_with_the_first_function_of_it():
    """Not with `import adjoint`, nor with a gradient of a program that has only imported SciPy."""
    program = "\n".join(
        [
            "import sys",
            "from pathlib import Path",
            "import adjoint as ad",
            "import numpy as np",
            "from scipy import special",
            "sys.path.insert(0, str(Path('tests/rules/scipy')))",
            "from two_functions import plain, with_scipy",
            "ad.gradient(plain, 0.5)",
            "assert 'adjoint.rules.scipy.special' not in sys.modules",
            "assert ad.gradient(with_scipy, 0.5)[0] == special.expit(0.5) * special.expit(-0.5)",
            "assert 'adjoint.rules.scipy.special' in sys.modules",
            "assert 'adjoint.rules.scipy.stats' not in sys.modules",
        ]
    )
    modules_after(program)
