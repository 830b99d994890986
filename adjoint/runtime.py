"""What generated code calls, and what stands for Python's own constructs in the IR.

The first half are the callees of IR calls for syntax that is not itself a function call: displays,
unpacking, f-strings, `raise`. They do at run time exactly what the syntax does, and the emitter
prints them as that syntax again. The second half is the arithmetic of cotangents.
"""

from __future__ import annotations

import builtins
import contextlib
import functools
import importlib
import types
from collections.abc import Iterator
from typing import Any, NoReturn

import numpy as np

from adjoint.cursor import Cursor, GeneratorCursor, View
from adjoint.errors import UnsupportedSyntaxError

# -- Python's constructs as callables --------------------------------------------------------------


def make_tuple(*items: Any) -> tuple:
    """`(a, b, *c)`"""
    return items


def make_list(*items: Any) -> list:
    """`[a, b, *c]`"""
    return list(items)


def make_set(*items: Any) -> set:
    """`{a, b, *c}`"""
    return set(items)


def make_dict(*keys_and_values: Any) -> dict:
    """`{key: value, …}`, its keys and values in turn."""
    return dict(zip(keys_and_values[::2], keys_and_values[1::2], strict=True))


def merge_dicts(*dicts: Any) -> dict:
    """`{**a, **b}`"""
    merged: dict = {}
    for each in dicts:
        merged |= dict(each)
    return merged


def call_method(owner: Any, name: str, /, *args: Any, **kwargs: Any) -> Any:
    """`owner.name(*args, **kwargs)`"""
    return getattr(owner, name)(*args, **kwargs)


#: Methods of arrays that make something new, and keep nothing of the array.
READING = {
    "sum", "mean", "max", "min", "std", "var", "prod", "argmax", "argmin", "all", "any", "copy", "cumsum",
    "cumprod", "dot", "item", "round", "clip", "trace", "nonzero", "argsort", "tolist", "ptp", "searchsorted",
}  # fmt: skip


def call_reading(owner: Any, name: str, /, *args: Any, **kwargs: Any) -> Any:
    """The same of a method of arrays, where what `owner` is changes afterwards: it has to be an array."""
    if not isinstance(owner, np.ndarray | np.generic):
        raise UnsupportedSyntaxError(
            f"{type(owner).__name__} is changed after its method {name}, which may have kept it",
            hint="Copy it for the call, or after the call.",
        )
    return getattr(owner, name)(*args, **kwargs)


def super_method(cls: type, instance: Any, name: str) -> Any:
    """The function that `super().name` finds, to be called with the instance as first argument."""
    following = type(instance).__mro__ if not isinstance(instance, type) else instance.__mro__
    for base in following[following.index(cls) + 1 :]:
        if name in vars(base):
            return vars(base)[name]
    raise AttributeError(f"'super' object has no attribute {name!r}")


def super_attribute(cls: type, instance: Any, name: str) -> Any:
    """`super().name`, where it is not called at once."""
    found = super_method(cls, instance, name)
    if isinstance(found, property):
        return found.fget(instance)  # pyright: ignore[reportOptionalCall]
    return functools.partial(found, instance) if isinstance(found, types.FunctionType) else found


def unpack_sequence(iterable: Any, before: int, after: int | None = None) -> tuple:
    """The items of `a, b = iterable` (after is None) or of `a, *b, c = iterable` (b is a list)."""
    check_unpackable(iterable)
    items = tuple(iterable)
    if after is None:
        if len(items) > before:
            raise ValueError(f"too many values to unpack (expected {before})")
        if len(items) < before:
            raise ValueError(f"not enough values to unpack (expected {before}, got {len(items)})")
        return items
    if len(items) < before + after:
        raise ValueError(
            f"not enough values to unpack (expected at least {before + after}, got {len(items)})"
        )
    end = len(items) - after
    return (*items[:before], list(items[before:end]), *items[end:])


def check_unpackable(iterable: Any) -> None:
    """Raises TypeError as Python does for what is no iterable."""
    if hasattr(type(iterable), "__iter__"):
        return
    try:
        iter(iterable)
    except TypeError:
        kind = type(iterable).__name__
        raise TypeError(f"cannot unpack non-iterable {kind} object") from None


def format_value(value: Any, conversion: str, spec: str) -> str:
    """`{value!conversion:spec}` inside an f-string; conversion is one of "", "r", "s", "a"."""
    value = {"": lambda v: v, "r": repr, "s": str, "a": ascii}[conversion](value)
    return format(value, spec)


def join_strings(*parts: str) -> str:
    """An f-string from its parts."""
    return "".join(parts)


def raise_exception(exception: Any = None, cause: Any = None, has_cause: bool = False) -> Any:
    """`raise exception from cause`; without an exception, the one being handled again."""
    if exception is None:
        raise  # noqa: PLE0704  (inside an `except` block of the caller)
    if has_cause:
        raise exception from cause
    raise exception


def raise_again(error: BaseException) -> NoReturn:
    """Raise an exception that was caught further up, as if it had not been."""
    context = error.__context__
    try:
        raise error
    finally:
        error.__context__ = context


def is_sequence(subject: Any) -> bool:
    """Whether a sequence pattern of `match` may fit."""
    return is_sequence_class(type(subject))


def is_mapping(subject: Any) -> bool:
    """Whether a mapping pattern of `match` may fit."""
    return is_mapping_class(type(subject))


def is_sequence_class(cls: type) -> bool:
    return bool(cls.__flags__ & 1 << 5)  # Py_TPFLAGS_SEQUENCE, which Python itself asks for


def is_mapping_class(cls: type) -> bool:
    return bool(cls.__flags__ & 1 << 6)  # Py_TPFLAGS_MAPPING


def is_instance_of(subject: Any, cls: Any) -> bool:
    """Whether a class pattern of `match` may fit."""
    if not isinstance(cls, type):
        raise TypeError("called match pattern must be a class")
    return isinstance(subject, cls)


def positional_name(cls: Any, count: int, position: int) -> str | None:
    """The attribute that a positional pattern of a class pattern reads; None: the subject itself."""
    names, itself = getattr(cls, "__match_args__", None), False
    if names is None:
        names, itself = (), bool(cls.__flags__ & 1 << 22)  # _Py_TPFLAGS_MATCH_SELF
    if not isinstance(names, tuple):
        kind = type(names).__name__
        raise TypeError(f"{cls.__name__}.__match_args__ must be a tuple (got {kind})")
    most = 1 if itself else len(names)
    if count > most:
        plural = "" if most == 1 else "s"
        raise TypeError(
            f"{cls.__name__}() accepts {most} positional sub-pattern{plural} ({count} given)"
        )
    if itself:
        return None
    if not isinstance(names[position], str):
        kind = type(names[position]).__name__
        raise TypeError(f"__match_args__ elements must be strings (got {kind})")
    return names[position]


def has_part(subject: Any, name: str | None) -> bool:
    """Whether a class pattern finds this part of its subject."""
    return name is None or hasattr(subject, name)


def part_of(subject: Any, name: str | None) -> Any:
    """The attribute of a class pattern's subject; the subject itself for None."""
    return subject if name is None else getattr(subject, name)


def without_keys(mapping: Any, *keys: Any) -> dict:
    """What `**rest` captures of a mapping."""
    return {key: mapping[key] for key in mapping if key not in keys}


def context_class(manager: Any) -> type:
    """The class of a context manager; the error of `with` for anything else."""
    kind = type(manager)
    if not (hasattr(kind, "__enter__") and hasattr(kind, "__exit__")):
        with manager:  # which raises
            pass
    return kind


def enter_context(manager: Any) -> Any:
    """What `with manager as x` gives to x."""
    return context_class(manager).__enter__(manager)


def leave_context(manager: Any, error: BaseException | None = None) -> Any:
    """The end of `with manager`; true if the exception goes no further."""
    if error is None:
        return type(manager).__exit__(manager, None, None, None)
    return type(manager).__exit__(manager, type(error), error, error.__traceback__)


def leave_context_raising(manager: Any, error: BaseException) -> None:
    """The end of a `with` whose variables are not known after an exception: it has to go further."""
    refuse_suppression(leave_context(manager, error), manager, error)


def refuse_suppression(suppressed: Any, manager: Any, error: BaseException) -> None:
    """Stop if a context manager has suppressed an exception."""
    if suppressed:
        raise UnsupportedSyntaxError(
            f"a context manager of type {type(manager).__name__} has suppressed a"
            f" {type(error).__name__}, and what the variables of its body are then is not known",
            hint="Use `try` and `except`, or `contextlib.suppress`.",
        ) from error


def yield_value(item: Any) -> int:
    """`yield item`, in a generator: the answer is the item's number, or its complement to stop."""
    raise RuntimeError("generated code yields by itself")


def iterated(iterable: Any) -> Any:
    """What a loop runs over: of an iterator that others may advance too, a view of its own."""
    return View(iterable) if isinstance(iterable, Cursor) else iterable


def share(function: Any, /, *args: Any, **kwargs: Any) -> Any:
    """`function(*args)`, known only when the program runs: it may change what it can reach."""
    return function(*args, **kwargs)


def consult(function: Any, /, *args: Any, **kwargs: Any) -> Any:
    """`function(*args)`, known only when the program runs: it may read global variables' contents,
    which the program changes."""
    return function(*args, **kwargs)


def repeatable(iterable: Any) -> Any:
    """What an iterable gives, more than once: of an iterator, the list of its items."""
    return list(iterable) if isinstance(iterable, Iterator) else iterable


def release(iterable: Any) -> None:
    """Let go of the iterable of a loop that was left early: a generator runs its `finally`."""
    if isinstance(iterable, types.GeneratorType | GeneratorCursor):
        iterable.close()


def check_iterable(iterable: Any) -> Any:
    """What a loop in a `try` body runs over: an exception of its own would come unseen there."""
    return iterable if isinstance(iterable, _SILENT) else watched(iter(iterable))


_VIEWS = tuple(type(view) for view in ({}.keys(), {}.values(), {}.items()))
_SILENT = (list, tuple, range, np.ndarray, str, bytes, dict, set, frozenset, *_VIEWS)


def watched(iterator: Iterator) -> Iterator:
    """The items of an iterator that must not raise."""
    try:
        yield from iterator
    except Exception as error:
        raise UnsupportedSyntaxError(
            f"an iterator of type {type(iterator).__name__} raised {type(error).__name__} in a loop"
            " of a `try` body, and what variables are then is not known",
            hint="Make a list of its items before the loop.",
        ) from error


def import_module(
    name: str, attribute: str | None = None, level: int = 0, package: str = ""
) -> Any:
    """`import name` (the innermost module) or `from name import attribute`."""
    module = importlib.import_module("." * level + name, package or None)
    if attribute is None:
        return module
    try:
        return getattr(module, attribute)
    except AttributeError:
        pass
    try:
        return importlib.import_module(f"{module.__name__}.{attribute}")
    except ModuleNotFoundError:
        place = getattr(module, "__file__", None) or "unknown location"
        raise ImportError(
            f"cannot import name {attribute!r} from {module.__name__!r} ({place})"
        ) from None


def check_bound(value: Any, name: str) -> Any:
    """The value of a variable that may not have been assigned yet."""
    from adjoint.ir.nodes import UNDEFINED

    if value is UNDEFINED:
        raise UnboundLocalError(
            f"cannot access local variable '{name}' where it is not associated with a value"
        )
    return value


def make_function(
    code: types.CodeType, namespace: dict, defaults: Any, keyword_defaults: Any, *captures: Any
) -> types.FunctionType:
    """The function that Python would have made from `code` here; captures as in co_freevars.

    What is captured as a cell is a variable that functions share.
    """
    cells = tuple(c if isinstance(c, types.CellType) else types.CellType(c) for c in captures)
    made = types.FunctionType(code, namespace, code.co_name, defaults or None, cells)
    made.__kwdefaults__ = keyword_defaults or None
    return made


_CONTEXT_CODE = contextlib.contextmanager(lambda: iter(())).__code__


def is_context_function(function: Any) -> bool:
    """Whether `contextlib.contextmanager` has made a function."""
    return getattr(function, "__code__", None) is _CONTEXT_CODE and hasattr(function, "__wrapped__")


class GeneratorContext:
    """The context manager of a generator whose values carry a derivative."""

    def __init__(self, generator: Iterator) -> None:
        self.generator = generator

    def __enter__(self):
        try:
            return next(self.generator)
        except StopIteration:
            raise RuntimeError("generator didn't yield") from None

    def __exit__(self, kind, error, traceback):
        return finish_context(self.generator, kind, error, traceback)


def finish_context(generator: Any, kind: Any, error: Any, traceback: Any) -> Any:
    """What `contextlib` does with the generator of a context manager at its end."""
    manager = contextlib._GeneratorContextManager.__new__(contextlib._GeneratorContextManager)
    manager.gen = generator
    return manager.__exit__(kind, error, traceback)


class ClassBody:
    """A `class` statement inside a function: makes the class from what its body captures."""

    def __init__(self, code: types.CodeType, namespace: dict) -> None:
        self.code, self.namespace, self.__name__ = code, namespace, f"make_{code.co_name}"

    def __call__(self, captures: tuple, *bases: Any, **keywords: Any) -> type:
        """`captures` are those besides the class itself."""
        given, own = iter(captures), types.CellType()
        names = self.code.co_freevars
        cells = [own if name == self.code.co_name else next(given) for name in names]
        body = make_function(self.code, self.namespace, None, None, *cells)
        cls = builtins.__build_class__(body, self.code.co_name, *bases, **keywords)
        own.cell_contents = cls
        return cls


def new_object(cls: type) -> Any:
    """An instance of `cls` before `__init__`."""
    return cls.__new__(cls)  # pyright: ignore[reportCallIssue]


def set_attribute(owner: Any, name: str, value: Any) -> Any:
    """`owner.name = value` inside a constructor; returns the owner."""
    frozen = getattr(type(owner), "__dataclass_params__", None)
    (object.__setattr__ if frozen is not None and frozen.frozen else setattr)(owner, name, value)
    return owner


def set_item(container: Any, index: Any, value: Any) -> Any:
    """`container[index] = value` on a list or dict of the function's own; returns the container."""
    container[index] = value
    return container


def initialise(constructor: Any, instance: Any, /, *args: Any, **kwargs: Any) -> Any:
    """`Base.__init__(instance, …)` inside a constructor; returns the instance."""
    constructor(instance, *args, **kwargs)
    return instance


def load_capture(function: Any, name: str) -> Any:
    """What a function captured under a name, or has as the default of a parameter of this name."""
    code = function.__code__
    if name in code.co_freevars:
        return function.__closure__[code.co_freevars.index(name)].cell_contents
    if function.__kwdefaults__ and name in function.__kwdefaults__:
        return function.__kwdefaults__[name]
    return function.__defaults__[code.co_varnames.index(name) - code.co_argcount]


def fail(function: Any, /, *args: Any, **kwargs: Any) -> Any:
    """A call that was seen, while compiling, to raise: it does so now."""
    function(*args, **kwargs)
    raise RuntimeError("this call was expected to fail")


def augment(function: Any, x: Any, y: Any) -> Any:
    """`x op= y` where x's type is known only now; refuses to write into arrays and containers.

    A set may change, if what it holds carries no derivative: else a rule is asked, and refuses.
    """
    if isinstance(x, np.ndarray | list | dict | bytearray):
        raise UnsupportedSyntaxError(
            f"an augmented assignment writes into a value of type {type(x).__name__}, "
            "which is not supported yet",
            hint="Write x = x + y instead of x += y: it makes a new value.",
        )
    return function(x, y)


def check_fits(x: np.ndarray, value: Any) -> None:
    """Can `x op= y` write this value of `x op y` to x? Raises what NumPy raises."""
    value = np.asarray(value)
    if value.shape != x.shape:
        raise ValueError(
            f"non-broadcastable output operand with shape {x.shape} doesn't match the broadcast shape {value.shape}"
        )
    if not np.can_cast(value.dtype, x.dtype, "same_kind"):
        raise TypeError(
            f"Cannot cast ufunc output from {value.dtype!r} to {x.dtype!r} with casting rule 'same_kind'"
        )


def refuse_carried(bar: Any) -> None:
    """Refuse to lose the cotangent of an exception, if there is one."""
    if bar is not None:
        raise UnsupportedSyntaxError(
            "a value that may have a derivative is read from an exception",
            hint="Return the value instead of raising it.",
        )


def refuse_half_written(error: BaseException) -> None:
    """Refuse what NumPy raises when it has written the results already."""
    if isinstance(error, FloatingPointError):
        raise UnsupportedSyntaxError(
            "an error of arithmetic is caught in a `try` body that computes in place, and what was written "
            "by then is not known",
            hint="Compute a new array in the `try`, x = x / y, and write it into the old one after that.",
        )


def recalled(function: Any, /, *args: Any, **kwargs: Any) -> Any:
    """A call that a function which keeps its results (`functools.cache`) makes of itself."""
    return function(*args, **kwargs)


def flatten(lists: Any) -> list:
    """The items of several lists, in one."""
    return [item for each in lists for item in each]


class Surroundings:
    """Stands for all globals that functions which are called at run time read: they may be parameters."""


SURROUNDINGS = Surroundings()


def call_within(surroundings: Any, function: Any, /, *args: Any, **kwargs: Any) -> Any:
    """`function(*args, **kwargs)`; the cotangents of the globals that it reads go to `surroundings`."""
    return function(*args, **kwargs)


def recomputed(surroundings: Any, function: Any, /, *args: Any, **kwargs: Any) -> Any:
    """`call_within`, of which only the operands are kept for the derivative.

    `surroundings` are None if it is not known whether the function writes to what it is given.
    """
    return function(*args, **kwargs)
