"""Every declared rule is tested, keeps to the form of rules, and calls only what has rules."""

import ast
import importlib
import importlib.util
import inspect
import re
import textwrap
from pathlib import Path

import numpy as np
import pytest
import scipy.linalg

import adjoint.rules.scipy
from adjoint.rules import LATER, registry
from adjoint.rules.dispatch import STRUCTURAL
from adjoint.rules.iterators import zipped_together
from adjoint.rules.pushing import PUSHED
from adjoint.testing import expand
from adjoint.testing.cases import name_of
from adjoint.testing.leaves import is_floating, leaves
from tests.coverage.sampled import sampled_functions

for part in adjoint.rules.scipy.PARTS:  # imported when a program has imported that part of SciPy
    importlib.import_module(f"adjoint.rules.scipy.{part.replace('.', '_')}")

for family in LATER.values():  # likewise
    importlib.import_module(f"adjoint.rules.{family}")

DERIVED = {
    function: declared
    for function, declared in registry.table().items()
    if declared.kind != "constant" and declared.text.__module__.startswith("adjoint.rules.")
}
TEXTS = {declared.text: declared for declared in DERIVED.values()}

# Parameters that a rule does not take on purpose: a call with one is refused.
NOT_TAKEN = {
    np.array: {"ndmax"},
    np.ascontiguousarray: {"like"},
    np.asfortranarray: {"like"},
    **dict.fromkeys(
        (getattr(np.fft, i + n) for i in ("", "i") for n in ("fft", "fft2", "fftn")), {"out"}
    ),
    **dict.fromkeys((np.fft.rfft, np.fft.irfft), {"out"}),
    scipy.linalg.logm: {"disp"},  # deprecated
    scipy.linalg.sqrtm: {"disp", "blocksize"},
    **dict.fromkeys((np.sort, np.ndarray.sort, np.argsort), {"descending"}),
}


def all_cases():
    """The CASES of the tests of all rule files."""
    cases = []
    for path in sorted(Path(__file__).parent.rglob("test_*.py")):
        if "\nCASES = [" in path.read_text(encoding="utf-8"):
            spec = importlib.util.spec_from_file_location(f"cases_of_{path.stem}", path)
            module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
            cases += expand(module.CASES)
    return cases


def test_every_rule_file_is_imported():
    """What declares rules is imported by `import adjoint.rules`."""
    declaring = re.compile(r"^(@rule|@partials|@source_of|nondifferentiable)\(", re.MULTILINE)
    for package in (adjoint.rules, adjoint.rules.scipy):
        for path in Path(package.__file__).parent.glob("*.py"):
            if declaring.search(path.read_text(encoding="utf-8")):
                assert hasattr(package, path.stem), path.name


# Rules of iterators and dicts take and give containers, for which there is no table of cases: the
# programs of tests/programs (containers, patterns, …) go through them by every route.
BY_PROGRAMS = (
    "adjoint.rules.sets.",
    "adjoint.rules.iterators.", "adjoint.rules.dicts.", "adjoint.rules.structural.",
    "adjoint.rules.contexts.", "adjoint.rules.patterns.", "adjoint.rules.lazy.",
    "adjoint.rules.heaps.", "adjoint.rules.copies.", "adjoint.rules.classes.", "adjoint.rules.dataclass_functions.",
    "adjoint.rules.dispatch.", "adjoint.rules.pulled.", "adjoint.rules.plain.", "adjoint.rules.callables.",
)  # fmt: skip
# What is held while a sample is drawn, or computed by NumPy, is no function of operands that could be
# moved: the calls of tests/coverage go through these, in both modes.
BY_SAMPLES = (
    "adjoint.rules.computed.", "adjoint.rules.sampling.", "adjoint.rules.sampling_shapes.",
    "adjoint.rules.mapping.",
)  # fmt: skip
# Methods of distributions are calls of functions for which there are cases; each is tested as a method too.
BY_METHODS = (
    "scipy.stats._distn_infrastructure.", "scipy.stats._multivariate.",
    "scipy.interpolate._", "adjoint.rules.scipy.formulas.", "scipy.sparse.", "adjoint.rules.scipy.sparse_",
    "scipy.stats._continuous_distns.", "scipy.stats._kde.", "scipy._lib.", "scipy._external.",
    "adjoint.rules.scipy.stats_counts.",
    "adjoint.rules.scipy.stats_frozen.", "adjoint.rules.scipy.stats_instances.",
    "adjoint.rules.scipy.stats_kernels.", "adjoint.rules.scipy.stats_moments.",
    "adjoint.rules.scipy.stats_selecting.",
)  # fmt: skip
# They are given the value that SciPy found, or a result with many fields, and are tested by SciPy's functions.
BY_CALLS = (
    "adjoint.rules.scipy.results.", "adjoint.rules.scipy.integrate_ode.",
    "adjoint.rules.scipy.integrate_quadrature.integra", "adjoint.rules.scipy.optimize_solutions.",
    "adjoint.rules.scipy.optimize.roots", "adjoint.rules.scipy.linalg_schur.",
    "scipy.special._multiufuncs.",
)  # fmt: skip
BY_PROGRAMS_NAMES = {
    "adjoint.rules.guarded.root_of_squares", "adjoint.tree.fit_cotangent", "adjoint.tree.leading_bar",
    "adjoint.tree.split_bars", "adjoint.tree.join_bars", "np.arange",
    "collections.deque", "itertools.takewhile", "itertools.dropwhile", "itertools.zip_longest", "np.fromiter", "fromkeys",
    "__new__", "dataclasses.replace", "adjoint.tree.taken_apart", "adjoint.tree.put_together",
    "adjoint.rules.tangents.with_field", "adjoint.rules.scipy.interpolate_tables.table",
    "adjoint.rules.scipy.interpolate_tables.table_values", "SuperLU.solve",
    "np.lib._polynomial_impl._coeffs",  # that of poly1d, by the samples of it
    "adjoint.rules.scipy.interpolate_tables.monomials",  # whose shift and scale are no part of its derivative
    "adjoint.rules.statistics.chosen_from",  # of numbers that are equal: by the samples of sets
}  # fmt: skip


def test_the_tested_are_the_declared():
    tested = {case.function for case in all_cases()}
    shown = tested | sampled_functions()
    assert not sorted(name for name in untested_names(shown)), "declared, not tested"
    declared = registry.table()
    assert not sorted(name_of(f) for f in tested if f not in declared), "tested, not declared"


def untested_names(tested):
    for function in DERIVED:
        text = registry.table()[function].text
        by_programs = text.__module__ + "." in BY_PROGRAMS or name_of(function).startswith(
            (*BY_PROGRAMS, *BY_SAMPLES, *BY_METHODS, *BY_CALLS)
        )
        if (
            function not in tested
            and not by_programs
            and name_of(function) not in BY_PROGRAMS_NAMES
        ):
            yield name_of(function)


def test_what_has_a_reverse_has_a_forward_derivative():
    """Every case whose function has a rule is pushed forward; of the others, containers' and objects',
    the rule is declared linear or beside a forward rule."""
    pushed = {c.function for c in all_cases() if any(map(is_floating, leaves_of(c)))}
    missing = [
        name_of(function)
        for function, declared in DERIVED.items()
        if declared.kind == "rule"
        and function not in pushed
        and not declared.linear
        and not refuses_all(declared)
        and registry.forward_rule(function) is None
        and function not in PUSHED
        and name_of(function) not in NO_FLOATING
        and function is not zipped_together  # of forward mode alone: it refuses to go back
        and not name_of(function).startswith(BY_SAMPLES)
        and function is not np.linalg.eig  # whose vectors have phases: by samples too
    ]
    assert not sorted(missing), "reverse, but no forward derivative that is tested"


def refuses_all(declared):
    """Is there no derivative with respect to any of its parameters?"""
    code = declared.text.__code__
    return set(code.co_varnames[: code.co_argcount]) == set(declared.underived)


def leaves_of(case):
    args, _ = case.operands()
    return [leaf for _, leaf in leaves(args)]


# Whose operands are no floating numbers in any case of its own.
NO_FLOATING = {
    "adjoint.rules.tangents.with_field", "np.arange",
    "adjoint.rules.scipy.stats_multivariate.multinomial_logpmf",
    "adjoint.rules.scipy.stats_multivariate.multinomial_pmf",
    "adjoint.rules.scipy.sparse_linalg.by_operator", "scipy.interpolate._interpolate.roots",
    "scipy.interpolate._interpolate.solve",
}  # fmt: skip


def text_id(text):
    family = text.__module__.removeprefix("adjoint.rules.")
    return f"{family}.{text.__qualname__}:{text.__code__.co_firstlineno}"


def definition(text):
    return ast.parse(textwrap.dedent(inspect.getsource(text))).body[0]


@pytest.mark.parametrize("text", TEXTS, ids=text_id)
def test_texts_keep_to_the_form(text):
    declared, tree = TEXTS[text], definition(text)
    forbidden = [
        ast.Try,
        ast.With,
        ast.ClassDef,
        ast.Global,
        ast.Nonlocal,
    ]
    if declared.kind != "source":
        forbidden += [ast.Yield, ast.YieldFrom]
        forbidden += [ast.For, ast.While, ast.ListComp, ast.GeneratorExp, ast.DictComp, ast.Lambda]
    for node in ast.walk(tree):
        assert not isinstance(node, tuple(forbidden)), f"{type(node).__name__}, line {node.lineno}"
        changes = text.__module__ == "adjoint.rules.heaps"  # what these do is to change a list
        if isinstance(node, ast.Assign | ast.AugAssign) and not changes:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in ast.walk(ast.Module([ast.Expr(t) for t in targets], [])):
                assert not isinstance(target, ast.Subscript | ast.Attribute), "a write in place"


@pytest.mark.parametrize("text", [t for t in TEXTS if TEXTS[t].kind == "rule"], ids=text_id)
def test_a_rule_has_the_parameters_of_its_function(text):
    """Where Python knows them: the same names in the same order, so that keywords bind."""
    ours = inspect.signature(text).parameters
    for function, declared in DERIVED.items():
        if declared.text is not text or isinstance(function, np.ufunc | type):
            continue
        try:
            theirs = inspect.signature(function).parameters
        except (ValueError, TypeError):
            continue
        if any(p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD) for p in theirs.values()):
            continue
        named = [p.name for p in theirs.values() if p.kind is not p.POSITIONAL_ONLY]
        assert {n for n in named if n not in ours} <= NOT_TAKEN.get(function, set())
        shared = [n for n in named if n in ours]
        assert [n for n in ours if n in shared] == shared
        for name in (n for n in shared if not n.startswith("_")):
            default = theirs[name].default
            assert ours[name].default is default or ours[name].default == default, name


def called(text):
    """The global functions and methods that the part of a text which is differentiated calls."""
    tree = definition(text)
    parts = tree.body
    if TEXTS[text].kind == "rule":
        parts = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    found = []
    for node in ast.walk(ast.Module(parts, [])):
        if isinstance(node, ast.Call):
            target = resolved(node.func, text)
            if target is not None:
                found.append(target)
    return found


def resolved(node, text):
    """The object that a name or a dotted name stands for; None for a local one."""
    if isinstance(node, ast.Name):
        return text.__globals__.get(node.id, getattr(__import__("builtins"), node.id, None))
    if isinstance(node, ast.Attribute):
        owner = resolved(node.value, text)
        if owner is not None:
            return getattr(owner, node.attr)
        return getattr(np.ndarray, node.attr, None)
    return None


@pytest.mark.parametrize("text", [t for t in TEXTS if TEXTS[t].kind != "source"], ids=text_id)
def test_what_a_pullback_calls_has_a_rule(text):
    known = {tuple, list, dict, zip, enumerate, reversed, *STRUCTURAL}
    missing = [name_of(f) for f in called(text) if f not in known and registry.lookup(f) is None]
    assert not missing
