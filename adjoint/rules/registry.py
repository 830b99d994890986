"""The one table of derivatives: which callable has which rule.

A rule takes the arguments of its function and returns `(y, pullback)`. It is plain Python, run as it
stands where the callee is known only at run time, and parsed as a template and inlined where it is
known while compiling.
"""

from __future__ import annotations

import functools
import importlib
import sys
import types
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from adjoint import parts


@dataclass(eq=False)
class Rule:
    """What is known of one callable.

    kind        "rule": `text(*args, **kwargs) -> (y, pullback)`
                "partials": `text(*args, y) -> partial derivative(s)` of an elementwise function
                "constant": no derivative
                "source": `text` is a Python definition to be differentiated in place of the function
    linear      names of the parameters in each of which the function is linear
    form        names of the parameters of which only the form matters: their derivative is zero
    singular    the partial derivative is infinite somewhere inside the domain or at its edge
    textual     it gives the text of its operands: a constant, as long as nobody reads numbers from it
    shape       the shape of the result from those of the operands; `rule` says how
    like        or the position of an operand that the result has the shape and dtype of
    underived   names of the parameters of which no derivative is known: a call in which one of them
                carries a derivative is refused
    apart       a source of which calls keep a rule of its own, that is compiled by itself: it is not
                written into what calls it
    calls       it calls functions that it is given, which may read parameters from the globals
    """

    kind: str
    text: Callable[..., Any]
    linear: tuple[str, ...] = ()
    form: tuple[str, ...] = ()
    singular: bool = False
    textual: bool = False
    shape: Callable[..., Any] | None = None
    like: int | None = None
    underived: tuple[str, ...] = ()
    apart: bool = False
    calls: bool = False


_TABLE: dict[Any, Rule] = {}
# The functions that have a rule, by the identity of their code, which is held here: codes of two
# modules are equal when their texts are, and say nothing of the globals that they read.
_CODES: dict[int, tuple[Any, Any]] = {}
_JVPS: dict[Any, Callable[..., Any]] = {}
_generation = 0
_waiting: dict[str, str] = {}  # modules that need not be installed, and the modules of their rules
_packages: set[str] = set()  # the packages that these are in


def lookup(function: Any) -> Rule | None:
    """The rule declared for a callable, or None."""
    try:
        found = _TABLE.get(function)
        if found is None and _waiting and _is_waited_for(function) and _declare_imported():
            return _TABLE.get(function)
        return found
    except TypeError:  # an unhashable callable instance
        return None


def forward_rule(function: Any) -> Callable[..., Any] | None:
    """The forward rule declared for a callable by `jvp_rule`, or None."""
    try:
        return _JVPS.get(function)
    except TypeError:
        return None


def when_imported(module: str, rules: str) -> None:
    """The functions of `module` have rules, which importing the module `rules` declares. That is
    done once the program has imported `module`, when a callable is met that has no rule so far."""
    _waiting[module] = rules
    _packages.add(module.partition(".")[0])


def _declare_parts(cls: type) -> None:
    if _waiting and _is_waited_for(cls):
        _declare_imported()


parts.ask = _declare_parts


def _is_waited_for(function: Any) -> bool:
    """May this come from a package whose rules are not declared yet? Universal functions do not say."""
    owner = getattr(function, "__objclass__", function)  # of methods of classes not in Python
    module = getattr(owner, "__module__", None)
    if not isinstance(module, str):
        return type(function).__name__ == "ufunc"
    return module.partition(".")[0] in _packages


def _declare_imported() -> bool:
    """Declare the rules of the modules that the program has imported by now, if there are any."""
    imported = [(module, rules) for module, rules in _waiting.items() if module in sys.modules]
    for module, rules in imported:
        importlib.import_module(rules)  # other threads wait here, until all is declared
        _waiting.pop(module, None)
    if imported:
        _packages.intersection_update([module.partition(".")[0] for module in _waiting])
    return bool(imported)


def sampler(function: Any) -> Any:
    """The method that a bound method of a random generator is, if a rule is declared for it."""
    owner = type(getattr(function, "__self__", None))
    if not owner.__module__.startswith("numpy.random"):
        return None
    method = getattr(owner, getattr(function, "__name__", ""), None)
    return method if lookup(method) is not None else None


def is_sampler(function: Any) -> bool:
    """Is this a method of random generators? Every call gives other numbers."""
    return f"{getattr(function, '__module__', None)}.".startswith("numpy.random.")


def package_of(function: Any) -> str:
    """The package that a callable says it is of: "numpy", and not "numpy_of_the_user"."""
    return (getattr(function, "__module__", None) or "").partition(".")[0]


def code_has_rule(code: Any) -> bool:
    """Was a rule declared for a Python function of this code?"""
    if _waiting and id(code) not in _CODES:
        packages = [sys.modules.get(name) for name in _packages]
        places = tuple(path for package in packages for path in getattr(package, "__path__", ()))
        if places and getattr(code, "co_filename", "").startswith(places):
            _declare_imported()
    return id(code) in _CODES


def with_code(code: Any) -> Any:
    """The function of this code that a rule was declared for; None if there are several."""
    return _CODES[id(code)][1]


def generation() -> int:
    """Grows whenever a rule is declared: what was compiled before is out of date."""
    return _generation


def table() -> dict[Any, Rule]:
    """All rules, by callable."""
    return dict(_TABLE)


def _declare(functions: Iterable[Any], declared: Rule) -> None:
    global _generation
    for function in functions:
        if not callable(function):
            raise TypeError(f"a rule is declared for a callable, not {function!r}")
        _TABLE[function] = declared
        code = function.__code__ if isinstance(function, types.FunctionType) else None
        own = declared.kind == "source" and declared.text is function
        if code is not None and not own:
            # A definition that was run again made another function, of the same code.
            _, earlier = _CODES.get(id(code), (code, function))
            _CODES[id(code)] = code, function if earlier is function else None
    _generation += 1


def rule(
    *functions: Any,
    linear: str | tuple[str, ...] = (),
    form: str | tuple[str, ...] = (),
    shape: Callable[..., Any] | None = None,
    like: int | None = None,
    underived: str = "",
    calls: bool = False,
) -> Callable[[Callable], Callable]:
    """Declare the derivative of `functions` (spellings of one function with one signature).

    The decorated function takes the function's arguments and returns `(y, pullback)`.
    `pullback(y_bar)` returns the cotangents of the leading parameters: one bare, or a tuple; None,
    and everything left out, means no derivative. It may be called more than once, and has to leave
    `y_bar` as it is. A rule is about what is returned: a function that changes what it is given is
    refused, and the pullback of one that returns None is not called. `linear` names the parameters in
    each of which the function is linear, `form` those of which it only takes the form; forward mode
    then follows from the function itself. Else it follows from the pullback.

    `shape` tells the compiler what it cannot find out: it is called with the shape of each positional
    operand, () for a number and None for what is no array, and returns the shape of the (new) result,
    of the operands' common dtype.  Lengths are not numbers then: pass them on, or say None for one
    that cannot be told.  With it, what follows the function is compiled as well as what follows one
    of NumPy's; without, what follows is decided when it runs.

        @rule(convolve, shape=lambda x, w: (x[0], w[1], None))

    Where the result has the shape and dtype of one of the operands, `like` is its position instead.

    `underived` names (with spaces between them) the parameters of which no derivative is known. `calls`
    tells that functions among the arguments are called, so that they may read `params` from the globals.
    """
    names, formal = [(n,) if isinstance(n, str) else tuple(n) for n in (linear, form)]

    def decorate(text: Callable) -> Callable:
        unknown = tuple(underived.split())
        declared = Rule(
            "rule", text, names, formal, shape=shape, like=like, underived=unknown, calls=calls
        )
        _declare(functions, declared)
        return text

    return decorate


def varying(*shapes: Any) -> None:
    """For `shape=`: shape or dtype of the result depend on the numbers that the operands hold."""


def partials(
    *functions: Any, singular: bool = False, underived: str = ""
) -> Callable[[Callable], Callable]:
    """Declare the partial derivatives of elementwise `functions`.

    The decorated function takes the arguments and then the result, and returns the partial
    derivative (a tuple, one per argument, if there are several; None for one without).
    `underived` names (with spaces between them) the parameters of which no derivative is known.
    """

    def decorate(text: Callable) -> Callable:
        unknown = tuple(underived.split())
        _declare(functions, Rule("partials", text, singular=singular, underived=unknown))
        return text

    return decorate


def jvp_rule(*functions: Any) -> Callable[[Callable], Callable]:
    """Declare the forward derivative of `functions`: `text(primals, tangents) -> (y, y_dot)`.

    `primals` are the positional arguments and `tangents` one tangent for each: None, which stands
    for zero, for those that are constant. Keyword arguments are handed on as they are. Only what is
    not declared this way has its forward derivative from its partial derivatives, from itself where
    it is linear, or from the transpose of its pullback.
    """

    def decorate(text: Callable) -> Callable:
        global _generation
        _JVPS.update(dict.fromkeys(functions, text))
        _generation += 1
        return text

    return decorate


def nondifferentiable(
    *functions: Any, shape: Callable[..., Any] | None = None, like: int | None = None
) -> Any:
    """Calls to these get no derivative. Also a decorator; returns its (first) argument.

    `shape` and `like` as for `rule`. Of a function that changes an object, a list or an array that it is
    given, the statements are followed, with the numbers and arrays that it is given besides as constants.
    """
    if not functions:
        return functools.partial(nondifferentiable, shape=shape, like=like)
    for function in functions:
        _declare([function], Rule("constant", function, shape=shape, like=like))
    return functions[0]


def textual(*functions: Any) -> None:
    """Calls to these give the text of what they are given."""
    for function in functions:
        _declare([function], Rule("constant", function, textual=True))


def source_of(
    *functions: Any, apart: bool = False, underived: str = ""
) -> Callable[[Callable], Callable]:
    """Declare a Python definition that is differentiated in place of `functions`.

    It is written into the derivative of what calls it, unless it is to be kept `apart`; then it may have
    parameters of which no derivative is known, `underived` as for `rule`."""

    def decorate(text: Callable) -> Callable:
        unknown = tuple(underived.split())
        _declare(functions, Rule("source", text, apart=apart, underived=unknown))
        return text

    return decorate
