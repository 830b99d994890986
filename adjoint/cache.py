"""Generated functions, compiled once and found again.

The key of a compilation is its request: the callable's code (not the function object: a closure made
afresh each time is one compilation), the types of what it captured, and the types of the arguments.
What the program read of its surroundings while it was compiled is checked at each call: that a global
still is the object it was (a function that is redefined is compiled anew), or still has the type it
had. `matching` asks all this at once of the compilations that served the last calls of the same code;
only if none of them serves, the request is made and looked up.
"""

from __future__ import annotations

import threading
import types
from collections import OrderedDict
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import replace
from typing import Any

from adjoint.compiler import NESTED, Request, compile_request
from adjoint.emit import annotate, origin_of
from adjoint.errors import (
    AdjointError,
    NonScalarOutputError,
)
from adjoint.ir.coarse import coarse_type_of
from adjoint.ir.options import Options, Sharing
from adjoint.ir.types import FunctionOf, Instance, Literal, Type, literal
from adjoint.ir.values import function_defaults, type_of
from adjoint.matching import matcher
from adjoint.rules import registry

SIZE = 4096
RECENT = 8
Wanted = Callable[[str, Any], bool]
_lock = threading.RLock()
_entries: OrderedDict[Request, list[Entry]] = OrderedDict()


class Route:
    """How compilations are made in a context, and those of them that served the last calls there."""

    __slots__ = ("options", "recent", "turns")

    def __init__(self, options: Options) -> None:
        self.options = options
        self.recent: dict[Any, list[Entry]] = {}
        self.turns: dict[Any, Route] = {}

    def turn(self, changes: tuple) -> Route:
        """The route with some options changed; the same object each time."""
        if changes not in self.turns:
            options = replace(self.options, **dict(changes))
            self.turns[changes] = _routes.setdefault(options, Route(options))
        return self.turns[changes]


_default = Route(Options())
_route: ContextVar[Route] = ContextVar("route", default=_default)
_routes = {_default.options: _default}
_tokens: ContextVar[tuple | None] = ContextVar("tokens", default=None)


class Entry:
    """One compilation, and the question whether it serves a call."""

    __slots__ = ("captures", "compiled", "function", "generation", "match", "watched")

    def __init__(self, request: Request) -> None:
        compiled = compile_request(request)
        self.compiled = compiled
        self.function = compiled.loaded.function
        self.captures = compiled.captures
        self.match = matcher(request, compiled)
        self.generation = registry.generation()
        self.watched: list[tuple[str, Any, bool]] = []
        if request.wanted is not None:
            outside = [("callee", None), *(("capture", n) for n in self.captures)]
            outside += [("root", root) for root in compiled.roots]
            self.watched = [(kind, key, request.wanted(kind, key)) for kind, key in outside]

    def is_wanted(self, wanted: Wanted) -> bool:
        """Was this compiled for the same choice of inputs to differentiate?"""
        return all([wanted(kind, key) is chosen for kind, key, chosen in self.watched])  # noqa: C419 (quicker)


def options() -> Options:
    return _route.get().options


class _changed_options:
    """A context in which options are changed. It may be entered again, inside itself as well."""

    changes: tuple

    def __enter__(self) -> None:
        token = _route.set(_route.get().turn(self.changes))
        _tokens.set((token, _tokens.get()))

    def __exit__(self, *exception: object) -> None:
        entered = _tokens.get()
        assert entered is not None
        token, outer = entered
        _route.reset(token)
        _tokens.set(outer)


def as_now(function: Callable) -> Callable:
    """A function that compiles what it compiles with the options of now, whenever it runs."""
    route = _route.get()

    def run(*args: Any) -> Any:
        token = _route.set(route)
        try:
            return function(*args)
        finally:
            _route.reset(token)

    return run


class use_options(_changed_options):
    """`with use_options(inline=False):` compile by another route in this thread (for tests)."""

    def __init__(self, **changes: bool) -> None:
        self.changes = tuple(changes.items())


class implicit(_changed_options):
    """`with implicit():` parameters are found by identity, wherever the code reaches them."""

    changes = (("implicit", True),)


class nan_check(_changed_options):
    """`with nan_check():` any derivative taken inside raises as soon as a number is not finite.

    NonFiniteError names the first line and operand whose value or cotangent became NaN or infinite:
    which of the two, how many entries of how many, the first of them, and what the operands were.
    Of an input that comes in like this it says so. A value is said to become infinite (or NaN) where
    what it was computed from was not: `-np.inf` in a mask may stay.

    It holds for this thread (or task) only, may be nested, and costs nothing outside: what runs
    inside is compiled apart, and `source` shows it with its checks.
    """

    changes = (("nan_check", True),)


def find(
    form: str,
    callee: Any,
    args: tuple,
    kwargs: dict[str, Any],
    wrt: Any,
    wanted: Wanted | None = None,
    shared: Sharing | None = None,
) -> tuple[Entry, tuple]:
    """The entry for a call, compiled if need be, and the inputs of its function.

    `wrt` is a tuple of positions, keywords and "callee", or "all" positions.
    """
    route = _route.get()
    place = form, wrt, id(getattr(callee, "__code__", callee.__class__)), shared
    for entry in route.recent.get(place, ()):
        inputs = entry.match(callee, args, kwargs)
        if (
            inputs is not None
            and entry.generation == registry.generation()
            and (wanted is None or entry.is_wanted(wanted))
        ):
            return entry, inputs
    if not callable(callee):
        raise TypeError(f"'{type(callee).__name__}' object is not callable")
    kwargs = bind_defaults(callee, args, kwargs)
    kind_of = type_of if shared is None else coarse_type_of
    request = Request(
        callee_type(callee, kind_of),
        tuple(map(kind_of, args)),
        tuple([(k, kind_of(v)) for k, v in kwargs.items()]),
        tuple(range(len(args))) if wrt == "all" else wrt,
        form,
        wanted,
        route.options,
        shared,
    )
    found = known(request, callee, args, kwargs)
    if found is None:
        with _lock:  # another thread may have compiled it in the meantime
            found = known(request, callee, args, kwargs)
            if found is None:
                found = add(request, callee, args, kwargs)
    recent = route.recent
    if len(recent) >= SIZE:
        recent.clear()
    recent[place] = [found[0], *[e for e in recent.get(place, ()) if e is not found[0]]][:RECENT]
    return found


def known(
    request: Request, callee: Any, args: tuple, kwargs: dict[str, Any]
) -> tuple[Entry, tuple] | None:
    """What was compiled for this request, if all that it relied on is as it was."""
    for entry in _entries.get(request, ()):
        if entry.generation == registry.generation() and (
            request.wanted is None or entry.is_wanted(request.wanted)
        ):
            inputs = entry.match(callee, args, kwargs)
            if inputs is not None:
                return entry, inputs
    return None


def add(request: Request, callee: Any, args: tuple, kwargs: dict[str, Any]) -> tuple[Entry, tuple]:
    """Compile, and keep it."""
    entry = Entry(request)
    key = replace(request, wanted=None)
    entries = [e for e in _entries.get(key, ()) if e.generation == entry.generation]
    _entries[key] = [entry, *entries][:RECENT]
    _entries.move_to_end(key)
    while len(_entries) > SIZE:
        _entries.popitem(last=False)
    inputs = entry.match(callee, args, kwargs)
    if inputs is None:
        raise missing_capture(entry, callee)
    return entry, inputs


def missing_capture(entry: Entry, callee: Any) -> NameError:
    """What Python raises for a captured variable that has no value yet."""
    code, cells = callee.__code__, callee.__closure__
    empty = types.CellType()
    name = next(n for n in entry.captures if cells[code.co_freevars.index(n)] == empty)
    return NameError(
        f"cannot access free variable '{name}' where it is not associated with a value in "
        "enclosing scope",
        name=name,
    )


def callee_type(callee: Any, kind_of: Callable[[Any], Type] = type_of) -> Type:
    """How a callable is told to the compiler."""
    if type(callee) is types.FunctionType and callee in NESTED:
        return literal(callee)
    kind = kind_of(callee)
    if isinstance(kind, FunctionOf | Instance):
        return kind
    return kind if isinstance(kind, Literal) else literal(callee)


def call(entry: Entry, inputs: tuple) -> Any:
    """Run a generated function."""
    try:
        return entry.function(*inputs)
    except Exception as error:
        raise explain(error, entry) from error.__cause__


def explain(error: Exception, entry: Entry) -> Exception:
    """Tell the user's line: in a note, or, for an error of ours, in the message."""
    emitted = entry.compiled.loaded.emitted
    if isinstance(error, AdjointError) and error.origin is None:
        origin = origin_of(error, emitted)
        if origin is None and isinstance(error, NonScalarOutputError):
            origin = entry.compiled.function.origin
        if origin is not None:
            located = type(error)(error.message, origin, error.hint)
            return located.with_traceback(error.__traceback__)
    annotate(error, emitted)
    return error


def bind_defaults(callee: Any, args: tuple, kwargs: dict[str, Any]) -> dict[str, Any]:
    """Keyword arguments, with those defaults added that are not constants."""
    if (
        type(callee) is types.FunctionType
        and callee.__defaults__ is None
        and callee.__kwdefaults__ is None
    ):
        return kwargs
    function = getattr(callee, "__func__", callee)
    if type(function) is not types.FunctionType or not (
        function.__defaults__ or function.__kwdefaults__
    ):
        return kwargs
    shift = 1 if function is not callee else 0
    code = function.__code__
    given = set(code.co_varnames[: min(len(args) + shift, code.co_argcount)]) | set(kwargs)
    more = {
        n: v
        for n, v in function_defaults(function).items()
        if n not in given
        and not isinstance(type_of(v), Literal)
        and n not in function.__code__.co_varnames[: function.__code__.co_posonlyargcount]
    }
    return {**kwargs, **more} if more else kwargs
