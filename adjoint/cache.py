"""Generated functions, compiled once and found again.

The key of a compilation is the callable's code (not the function object: a closure made afresh each
time is one compilation), the types of what it captured, and the types of the arguments. What the
program read of its surroundings while it was compiled is checked at each call: that a global still
is the object it was (a function that is redefined is compiled anew), or still has the type it had.
"""

from __future__ import annotations

import functools
import threading
import types
from collections import OrderedDict
from collections.abc import Callable, Generator
from contextvars import ContextVar
from dataclasses import replace
from inspect import CO_GENERATOR
from typing import Any

import numpy as np

from adjoint.compiler import NESTED, Compiled, Request, compile_request
from adjoint.cursor import GeneratorCursor, Record
from adjoint.emit import annotate
from adjoint.errors import AdjointError, NonScalarOutputError, UnsupportedSyntaxError
from adjoint.inference.sites import Root
from adjoint.ir.options import Options
from adjoint.ir.types import FunctionOf, Instance, Literal, Type, literal
from adjoint.ir.values import function_defaults, type_of
from adjoint.rules import dispatch, registry
from adjoint.tree import Tangent, accumulate

SIZE = 4096
_SCALARS = frozenset((float, int, complex, np.float64, np.float32))
Wanted = Callable[[str, Any], bool]
_lock = threading.RLock()
_entries: OrderedDict[Any, list[Entry]] = OrderedDict()
_rules: dict[types.CodeType, Any] = {}
_default_options = Options()
_options: ContextVar[Options] = ContextVar("options", default=_default_options)


class Entry:
    """One compilation and what has to hold for it to be used."""

    __slots__ = (
        "captures",
        "compiled",
        "function",
        "generation",
        "globals",
        "others",
        "roots",
        "takes_callee",
        "watched",
    )

    def __init__(self, compiled: Compiled, wanted: Wanted | None) -> None:
        self.compiled = compiled
        self.function = compiled.loaded.function
        self.captures, self.takes_callee = compiled.captures, compiled.takes_callee
        self.globals: list[tuple[dict, str, Any]] = []
        self.others: list[tuple[Root, Any]] = []
        for root, value in compiled.guards.items():
            if root.kind == "global":  # a builtin is expected to be absent from the namespace
                namespace = root.owner.value
                self.globals.append(
                    (namespace, root.name, value if root.name in namespace else None)
                )
            else:
                self.others.append((root, value))
        self.roots = [(root, light_key(root.read())) for root in compiled.roots]
        self.generation = registry.generation()
        self.watched: list[tuple[str, Any, bool]] = []
        if wanted is not None:
            outside = [("callee", None), *(("capture", n) for n in self.captures)]
            outside += [("root", root) for root in compiled.roots]
            self.watched = [(kind, key, wanted(kind, key)) for kind, key in outside]

    def is_wanted(self, wanted: Wanted) -> bool:
        """Was this compiled for the same choice of inputs to differentiate?"""
        return all([wanted(kind, key) is chosen for kind, key, chosen in self.watched])  # noqa: C419 (quicker)

    def inputs(self) -> list[Any] | None:
        """The roots' values now; None if something is not as it was when this was compiled."""
        for namespace, name, value in self.globals:
            if namespace.get(name) is not value:
                return None
        values = []
        try:
            for root, value in self.others:
                if root.read() is not value:
                    return None
            for root, key in self.roots:
                value = root.read()
                if light_key(value) != key:
                    return None
                values.append(value)
        except (KeyError, AttributeError, ValueError):
            return None
        return values


def light_key(value: Any, depth: int = 0) -> Any:
    """What `type_of` depends on, cheaper to make and to compare: nested tuples of plain things."""
    cls = type(value)
    if cls in _SCALARS:
        return cls
    if cls is np.ndarray:
        shape = value.shape
        return value.dtype, tuple([n == 1 for n in shape]) if 1 in shape else len(shape)
    if depth > 16:  # deep, or it contains itself
        return type_of(value)
    depth += 1
    if cls is tuple or cls is list:
        keys = [light_key(v, depth) for v in value]
        if cls is list and keys and is_plain(value[0]) and all([k == keys[0] for k in keys]):  # noqa: C419 (quicker)
            return cls, "any number of", keys[0]
        return cls, *keys
    if value is None or cls is str or cls is bool:
        return cls, value
    if cls is types.FunctionType:
        return function_key(value, depth)
    if cls is dict:
        return cls, *[(k, light_key(v, depth)) for k, v in value.items()]
    fields = None if isinstance(value, UNUSUAL) else getattr(value, "__dict__", None)
    if type(fields) is dict and not hasattr(cls, "__slots__"):
        return cls, *[(n, light_key(v, depth)) for n, v in fields.items()]
    return type_of(value)


UNUSUAL = (
    type, types.ModuleType, types.MethodType, functools.partial, np.ufunc, np.ndarray, np.generic,
    tuple, list, dict, types.BuiltinFunctionType, type(np.mean), type(np._NoValue),
)  # fmt: skip


def is_plain(value: Any) -> bool:
    return type(value) in _SCALARS or type(value) is np.ndarray


def function_key(function: types.FunctionType, depth: int = 0) -> Any:
    """A function's code, and the keys of what it captured and of its defaults."""
    key: Any = (types.FunctionType, id(function.__code__), id(function.__globals__))
    if function.__closure__ is not None:
        for cell in function.__closure__:
            try:
                content = cell.cell_contents
            except ValueError:
                key = (*key, "empty")
                continue
            key = (*key, "self" if content is function else light_key(content, depth))
    if function.__defaults__ or function.__kwdefaults__:
        key = (*key, *[(n, light_key(v, depth)) for n, v in function_defaults(function).items()])
    return key


def options() -> Options:
    return _options.get()


class use_options:
    """`with use_options(inline=False):` compile by another route in this thread (for tests)."""

    def __init__(self, **changes: bool) -> None:
        self.options = Options(**changes)

    def __enter__(self) -> None:
        self.token = _options.set(self.options)

    def __exit__(self, *exception: object) -> None:
        _options.reset(self.token)


class implicit:
    """`with implicit():` parameters are found by identity, wherever the code reaches them."""

    def __enter__(self) -> None:
        self.token = _options.set(replace(_options.get(), implicit=True))

    def __exit__(self, *exception: object) -> None:
        _options.reset(self.token)


def find(
    form: str,
    callee: Any,
    args: tuple,
    kwargs: dict[str, Any],
    wrt: Any,
    wanted: Wanted | None = None,
) -> tuple[Entry, list[Any]]:
    """The entry for a call, compiled if need be, and the values of its roots."""
    key = (form, light_key(callee), wrt, *[light_key(a) for a in args])
    if kwargs:
        key = (*key, *((k, light_key(v)) for k, v in kwargs.items()))
    chosen = _options.get()
    if chosen is not _default_options:
        key = (*key, chosen)
    for entry in _entries.get(key, ()):
        if entry.generation == registry.generation() and (
            wanted is None or entry.is_wanted(wanted)
        ):
            inputs = entry.inputs()
            if inputs is not None:
                return entry, inputs
    return _compile(key, form, callee, args, kwargs, wrt, wanted)


def _compile(
    key: Any, form: str, callee: Any, args: tuple, kwargs: dict[str, Any], wrt: Any, wanted: Any
) -> tuple[Entry, list[Any]]:
    with _lock:
        kinds = tuple(map(type_of, args))
        if wrt == "all":
            positions: tuple[int | str, ...] = tuple(range(len(args)))
        else:
            positions = wrt
        request = Request(
            callee_type(callee),
            kinds,
            tuple((k, type_of(v)) for k, v in kwargs.items()),
            positions,
            form,
            wanted,
            options(),
        )
        entry = Entry(compile_request(request), wanted)
        for code, nested in entry.compiled.loaded.closures.items():
            _rules[code] = nested
        entries = [e for e in _entries.get(key, ()) if e.generation == entry.generation]
        _entries[key] = [entry, *entries][:8]
        _entries.move_to_end(key)
        while len(_entries) > SIZE:
            _entries.popitem(last=False)
        inputs = entry.inputs()
        assert inputs is not None
        return entry, inputs


def callee_type(callee: Any) -> Type:
    """How a callable is told to the compiler."""
    if type(callee) is types.FunctionType and callee in NESTED:
        return literal(callee)
    kind = type_of(callee)
    if isinstance(kind, FunctionOf | Instance):
        return kind
    return kind if isinstance(kind, Literal) else literal(callee)


def call(entry: Entry, inputs: list[Any], callee: Any, args: tuple, kwargs: dict[str, Any]) -> Any:
    """Run a generated function."""
    try:
        if not entry.takes_callee and not entry.captures and not kwargs:
            return entry.function(*args, *inputs)
        return entry.function(*leading(entry, callee), *args, *kwargs.values(), *inputs)
    except Exception as error:
        raise explain(error, entry) from error.__cause__


def leading(entry: Entry, callee: Any) -> list[Any]:
    """The inputs that come before the arguments: the callable, and what it captured."""
    leading: list[Any] = []
    if entry.takes_callee:
        leading.append(callee)
    if entry.captures:
        names, cells = callee.__code__.co_freevars, callee.__closure__
        leading += [cells[names.index(n)].cell_contents for n in entry.captures]
    return leading


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


def origin_of(error: BaseException, emitted: Any) -> Any:
    """The user's line for the innermost line of this generated code in a traceback."""
    origin = None
    step = error.__traceback__
    while step is not None:
        if step.tb_frame.f_code.co_filename == emitted.filename:
            origin = emitted.line_map.get(step.tb_lineno, origin)
        step = step.tb_next
    return origin


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


# -- rules of Python functions at run time ---------------------------------------------------------------


def generate(callee: Any, active: tuple, args: tuple, kwargs: dict[str, Any]) -> Any:
    """`y, pullback` of any callable with Python source."""
    original = len(kwargs)
    kwargs = bind_defaults(callee, args, kwargs)
    defaults = list(kwargs)[original:]
    if "callee" in active:
        active = (*active, *defaults)
    wrt = tuple(a for a in expand_mask(active, len(args), kwargs))
    entry, inputs = find("rule", callee, args, kwargs, wrt)
    y, inner = begun(call(entry, inputs, callee, args, kwargs), callee)
    nothing = (None,) * (1 + len(args)) + ({},)

    def pullback(y_bar: Any) -> tuple:
        if y_bar is None:
            return nothing
        try:
            bars = inner(y_bar)
        except Exception as error:
            raise explain(error, entry) from error.__cause__
        if bars is None:
            return nothing
        if len(kwargs) > original:
            named = dict(bars[-1])
            more = {k: named.pop(k) for k in defaults}
            if any(v is not None for v in more.values()):
                bars = (accumulate(bars[0], Tangent(**more)), *bars[1:])
            return (*bars[:-1], named)
        return bars

    return y, pullback


def begun(result: Any, callee: Any) -> Any:
    """`y, pullback` of a call; of a generator function, whose body has not begun, a cursor."""
    function = getattr(callee, "__func__", callee)
    code = getattr(function, "__code__", None)
    if code is None or not code.co_flags & CO_GENERATOR:
        return result
    if not isinstance(result, Generator):
        raise UnsupportedSyntaxError(
            f"{code.co_name} is a generator that yields nothing, and this is not supported",
            hint="Write a function that returns an empty list.",
        )
    record = Record(result, code.co_name)
    return GeneratorCursor(record), record.pullback


def expand_mask(active: tuple, count: int, kwargs: dict[str, Any]) -> list[Any]:
    """Positions and keywords that are active; stars stand for all."""
    wrt: list[Any] = []
    if "callee" in active:
        wrt.append("callee")
    wrt += range(count) if "*" in active else [a for a in active if isinstance(a, int)]
    wrt += [k for k in kwargs if "**" in active or k in active]
    return wrt


dispatch.generate = generate
