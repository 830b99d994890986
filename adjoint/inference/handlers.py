"""Calls of Python's own constructs, folded to what is known of their result: the table `HANDLERS`."""

from __future__ import annotations

import collections
import dataclasses
import functools
import operator
import types
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from adjoint import contents, slots
from adjoint.inference import (
    answers,
    attributes,
    calls,
    changing,
    dataclass_parts,
    drawing,
    functions,
    objects,
    state,
    stepping,
)
from adjoint.inference.containers import (
    built_dict,
    built_list,
    built_tuple,
    changed_set,
    contains,
    default_dict,
    dict_of,
    empty_set,
    flattened,
    indices,
    iterator_of,
    made_deque,
    merged_dicts,
    ndindex,
    ordered_dict,
    own_copy_of,
    positions,
    sequence,
    sequence_product,
    sequence_sum,
    union,
    unpack,
    whole_copy,
    with_item,
)
from adjoint.inference.items import handle_getitem
from adjoint.inference.questions import cannot_raise, is_unbound
from adjoint.inference.sites import Keywords, ReadError, Root, Site
from adjoint.inference.stores import MIXING, STORES, item_of_flat, mixed_by_method, owner_of_flat
from adjoint.ir.nodes import Call, Const, Operand
from adjoint.ir.types import (
    BOTTOM,
    UNKNOWN,
    Array,
    DequeOf,
    DictOf,
    FunctionOf,
    Identity,
    Instance,
    ListOf,
    Literal,
    Opaque,
    OpenDict,
    Scalar,
    SomeArray,
    TupleOf,
    Unknown,
    is_number,
    is_open_dict,
    literal,
    unliteral,
)
from adjoint.rules.copies import copied_whole, own_copy
from adjoint.rules.hooks import hook
from adjoint.rules.iteration import check_lengths, sorted_positions
from adjoint.rules.mapping import indices_of
from adjoint.rules.memory import AUGMENTED
from adjoint.rules.signatures import operand_type
from adjoint.rules.writes import METHODS
from adjoint.runtime import (
    augment,
    call_method,
    check_bound,
    check_fits,
    check_iterable,
    enter_context,
    flatten,
    has_part,
    import_module,
    initialise,
    is_instance_of,
    is_mapping,
    is_mapping_class,
    is_sequence,
    is_sequence_class,
    leave_context,
    load_capture,
    make_dict,
    make_list,
    make_tuple,
    merge_dicts,
    new_object,
    release,
    set_attribute,
    set_item,
    super_method,
    unpack_sequence,
    yield_value,
)

if TYPE_CHECKING:
    from adjoint.inference.infer import Specialiser


def handle(
    spec: Specialiser, function: Any, args: list[Operand], kwargs: Keywords, site: Site
) -> Operand | None:
    """The result of a call of one of Python's own constructs, where it can be told."""
    try:
        handler = HANDLERS.get(function)
    except TypeError:
        return None
    if handler is None:
        mixed = mixed_by_method(spec, function, args, kwargs, site)
        handler = drawing.handler_of(function)
        if mixed is not None or handler is None:
            return mixed
    return handler(spec, args, kwargs, site)


def _getattr(
    spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site
) -> Operand | None:
    name = operand_type(args[1])
    if len(args) != 2 or not isinstance(name, Literal) or not isinstance(name.value, str):
        return None
    return attributes.load_attribute(spec, args[0], name.value, site)


def _call_method(
    spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site
) -> Operand | None:
    owner, name, *rest = args
    if changing.is_container(operand_type(owner)) and name.value in METHODS:  # type: ignore[union-attr]
        return changing.method(spec, owner, name.value, rest, kwargs, site)  # type: ignore[union-attr]
    if isinstance(operand_type(owner), DequeOf) and name.value == "copy" and not rest:  # type: ignore[union-attr]
        most = attributes.load_attribute(spec, owner, "maxlen", Site(site.origin))
        return made_deque(spec, [owner, most], [], site)
    if isinstance(operand_type(owner), ListOf) and name.value == "copy" and not rest:  # type: ignore[union-attr]
        return calls.call(spec, Const(list), [owner], [], site)
    if operand_type(owner) == Opaque(set) and changed_set(spec, owner, str(name.value), rest, site):  # type: ignore[union-attr]
        return Const(None)
    open_dict = is_open_dict(operand_type(owner))
    if open_dict and name.value in ("keys", "values", "items") and not rest:  # type: ignore[union-attr]
        return changing.view(spec, owner, name.value, site)  # type: ignore[union-attr]
    if open_dict and name.value == "get" and rest:  # type: ignore[union-attr]
        return spec.emit(Const(contents.get), [owner, *rest], kwargs, site, UNKNOWN)
    mix = MIXING.get(name.value)  # type: ignore[union-attr]
    mixed = mix(spec, owner, rest, kwargs, site) if mix is not None else None
    if mixed is not None:
        return mixed
    number = drawing.by_method(spec, args, kwargs, site)
    if number is not None:
        return number
    found = attributes.call_attribute(spec, owner, name.value, rest, kwargs, site)  # type: ignore[union-attr]
    if found is not None:
        return found
    made = spec.emit(Const(call_method), list(args), kwargs, site, UNKNOWN)
    functions.note_recursion(spec, name.value, made)  # type: ignore[union-attr]
    return made


def _getitem(
    spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site
) -> Operand | None:
    flattened = owner_of_flat(spec, args[0])
    if flattened is not None:
        return item_of_flat(spec, flattened, args[1], site)
    if isinstance(args[0], Const) and (args[0].value is np.r_ or args[0].value is np.c_):
        return calls.call(spec, Const(type(np.r_).__getitem__), list(args), [], site)
    kind = operand_type(args[0])
    if isinstance(kind, OpenDict) and kind.factory is not None:
        made = calls.call(spec, Const(kind.factory), [], [], Site(site.origin))
        return changing.method(spec, args[0], "setdefault", [args[1], made], [], site)
    return handle_getitem(spec, args, site)


def _super(spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site) -> Operand | None:
    cls, instance, name = (operand_type(a) for a in args)
    if not isinstance(cls, Literal) or not isinstance(name, Literal):
        return None
    if isinstance(instance, Literal) and isinstance(instance.value, type):
        following = instance.value.__mro__
    elif isinstance(instance, Instance):
        following = instance.cls.__mro__
    else:
        return None
    for base in following[following.index(cls.value) + 1 :]:
        if name.value in vars(base):
            objects.guard_member(spec, base, name.value)
            found = vars(base)[name.value]
            return Const(found, name.value)
    return None


def _initialise(
    spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site
) -> Operand | None:
    return objects.initialise_base(spec, args, kwargs, site)


def _set_attribute(
    spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site
) -> Operand | None:
    return objects.assign(spec, args[0], args[1].value, args[2], site)  # type: ignore[union-attr]


def _new_object(
    spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site
) -> Operand | None:
    """An object of a reverse half, which is inferred anew inside another derivative."""
    if not isinstance(args[0], Const):
        return None
    return spec.emit(Const(new_object), list(args), [], site, Instance(args[0].value, ()))


def _check_bound(
    spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site
) -> Operand | None:
    if not is_unbound(spec, args[0]):
        return args[0]
    kind = operand_type(args[0])
    return None if kind is BOTTOM else spec.emit(Const(check_bound), list(args), [], site, kind)


def _enter_context(
    spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site
) -> Operand | None:
    """`__enter__` of a class of the user's; the others are entered at run time."""
    kind = operand_type(args[0])
    method = objects.python_method(kind, "__enter__")
    if method is not None and objects.python_method(kind, "__exit__") is not None:
        return calls.call(spec, Const(method), list(args), [], site)
    return spec.emit(Const(enter_context), list(args), [], site, UNKNOWN)


def _leave_context(
    spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site
) -> Operand | None:
    manager, *errors = args
    method = objects.python_method(operand_type(manager), "__exit__")
    if method is None:
        return spec.emit(Const(leave_context), list(args), [], site, UNKNOWN)
    if not errors:
        return calls.call(spec, Const(method), [manager, *[Const(None)] * 3], [], site)
    error = errors[0]
    kind = spec.emit(Const(type), [error], [], site, Opaque(type))
    traceback = spec.emit(Const(getattr), [error, Const("__traceback__")], [], site, _TRACEBACK)
    return calls.call(spec, Const(method), [manager, kind, error, traceback], [], site)


_TRACEBACK = Opaque(types.TracebackType)


def _yield_value(
    spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site
) -> Operand | None:
    return spec.emit(Const(yield_value), list(args), [], site, Scalar(int))


def _release(
    spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site
) -> Operand | None:
    return None if isinstance(operand_type(args[0]), Unknown) else Const(None)


def _check_iterable(
    spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site
) -> Operand | None:
    strict: list[Call] = []
    if not cannot_raise(spec, args[0], strict):
        return None
    for made in strict:
        spec.emit(Const(check_lengths), list(made.args), made.kwargs, site, UNKNOWN)
    if isinstance(operand_type(args[0]), Unknown):  # the statement before has kept it
        return calls.call(spec, Const(list), list(args), [], site)
    return args[0]


def _import(spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site) -> Operand | None:
    if not all(isinstance(a, Const) for a in args):
        return None
    try:
        value = import_module(*(a.value for a in args))  # type: ignore[union-attr]
    except Exception:  # the import fails again when it runs
        return None
    name, *more = (a.value for a in args)  # type: ignore[union-attr]
    if more and more[0] and not objects.is_settled(name):
        module = import_module(name, None, *more[1:])
        try:
            return spec.read_root(Root("attribute", Identity(module), more[0]), site.name)
        except ReadError:  # a submodule
            pass
    return Const(value, site.name)


def _augmented(function: Any, plain: Any) -> Callable[..., Operand | None]:
    """`x op= y` rebinds for everything but arrays and lists, for which it writes."""

    def handler(
        spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site
    ) -> Operand | None:
        kind = operand_type(args[0])
        if is_number(unliteral(kind)) and not isinstance(kind, Array) or isinstance(kind, TupleOf):
            return calls.call(spec, Const(plain), list(args), [], site)
        if isinstance(kind, Literal) and isinstance(kind.value, str | tuple):
            return calls.call(spec, Const(plain), list(args), [], site)
        if isinstance(kind, Array):
            operands, _ = calls.with_arrays(spec, plain, list(args), [], site)
            return spec.emit(Const(function), [*operands], [], site, kind)
        if isinstance(kind, Instance):
            return None
        if changing.is_container(kind) and function in changing.AUGMENTED:
            return changing.AUGMENTED[function](spec, args, site)
        if isinstance(kind, SomeArray):
            return _augmented_whole(spec, plain, args, site)
        return spec.emit(Const(augment), [Const(function), *args], [], site, UNKNOWN)

    return handler


def _augmented_whole(spec: Specialiser, plain: Any, args: list[Operand], site: Site) -> Operand:
    """`x op= y` of an array whose rank only running tells: `x[...] = x op y`."""
    new = calls.call(spec, Const(plain), list(args), [], site)
    spec.emit(Const(check_fits), [args[0], new], [], site, literal(None))
    calls.call(spec, Const(operator.setitem), [args[0], Const(...), new], [], site)
    return args[0]


def _partial(
    spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site
) -> Operand | None:
    function, *first = map(operand_type, args)
    fields = (
        ("func", function), ("args", TupleOf(tuple(first))),
        ("keywords", DictOf(tuple((k, operand_type(o)) for k, o in kwargs))),
    )  # fmt: skip
    return spec.emit(
        Const(functools.partial), list(args), kwargs, site, Instance(functools.partial, fields)
    )


def _replace(
    spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site
) -> Operand | None:
    """`dataclasses.replace(obj, …)`: the class called with the fields that are kept."""
    kind = operand_type(args[0])
    if not isinstance(kind, Instance) or not dataclasses.is_dataclass(kind.cls):
        return None
    changed = [name for name, _ in kwargs]
    fields: Keywords = [
        (f.name, attributes.load_attribute(spec, args[0], f.name, site))
        for f in dataclasses.fields(kind.cls)
        if f.init and f.name not in changed
    ]
    return calls.call(spec, Const(kind.cls), [], [*fields, *kwargs], site)


def _update_wrapper(
    spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site
) -> Operand | None:
    """It gives its first argument, the function that it names and documents."""
    if not args:
        return None
    spec.emit(Const(functools.update_wrapper), list(args), kwargs, site, literal(None))
    return args[0]


def _cache(spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site) -> Operand | None:
    fields = (("__wrapped__", operand_type(args[0])),)
    kind = Instance(functools._lru_cache_wrapper, fields)
    return spec.emit(Const(functools.cache), list(args), kwargs, site, kind)


def _lru_cache(
    spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site
) -> Operand | None:
    """How much is kept makes no difference to what is computed."""
    if args and isinstance(operand_type(args[0]), FunctionOf):
        return _cache(spec, args[:1], [], site)
    return Const(functools.cache)


def _hook(spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site) -> Operand | None:
    if len(args) != 2 or kwargs:
        return None
    return spec.emit(Const(hook), list(args), [], site, unliteral(operand_type(args[1])))


def _load_capture(
    spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site
) -> Operand | None:
    """Again, in a derivative inside a program."""
    function, name = args
    if not isinstance(name, Const):
        return None
    kind = dict(getattr(operand_type(function), "captures", ())).get(name.value)
    return None if kind is None else functions.LateCapture(function, name.value, kind).read(spec)


HANDLERS: dict[Any, Callable[..., Operand | None]] = {
    load_capture: _load_capture,
    getattr: _getattr, call_method: _call_method, operator.getitem: _getitem,
    make_tuple: built_tuple, make_list: built_list, make_dict: built_dict, merge_dicts: merged_dicts,
    tuple: sequence(tuple), list: sequence(list), unpack_sequence: unpack,
    isinstance: answers.isinstance_, is_instance_of: answers.instance_of, has_part: answers.part,
    is_sequence: answers.of_class(is_sequence_class), is_mapping: answers.of_class(is_mapping_class),
    operator.is_: answers.is_, operator.is_not: answers.is_not, len: answers.len_,
    np.shape: answers.shape, np.ndim: answers.rank, np.size: answers.size, type: answers.type_, callable: answers.callable_,
    hasattr: answers.hasattr_, vars: attributes.namespace, range: iterator_of(range, range), zip: iterator_of(zip, zip),
    enumerate: iterator_of(enumerate, enumerate), reversed: iterator_of(reversed, reversed),
    slots.store_attribute: state.store, slots.delete_attribute: state.delete,
    slots.load_attribute: state.load_again,
    slots.make_cell: state.make_cell, slots.cell_of: state.cell_of, slots.load_cell: state.load_variable,
    slots.store_cell: state.store_variable, slots.load_global: state.load_variable,
    slots.store_global: state.store_variable, setattr: state.set_attribute_by_name, object.__setattr__: state.store_plainly,
    operator.delitem: changing.delete_item,
    super_method: _super, initialise: _initialise, set_attribute: _set_attribute, new_object: _new_object,
    yield_value: _yield_value, release: _release, enter_context: _enter_context, leave_context: _leave_context,
    check_bound: _check_bound, check_iterable: _check_iterable, import_module: _import, flatten: flattened,
    np.isrealobj: answers.kind_of_number(False), np.iscomplexobj: answers.kind_of_number(True),
    set_item: with_item, dict: dict_of, collections.defaultdict: default_dict,
    collections.OrderedDict: ordered_dict,
    collections.deque: made_deque,
    operator.or_: union, dataclasses.replace: _replace,
    dataclasses.asdict: dataclass_parts.whole(dict, "dict_factory"),
    dataclasses.astuple: dataclass_parts.whole(tuple, "tuple_factory"),
    operator.contains: contains, functools.partial: _partial, hook: _hook,
    functools.update_wrapper: _update_wrapper, functools.cache: _cache, functools.lru_cache: _lru_cache,
    next: stepping.next_item, np.ndindex: ndindex, indices_of: indices,
    sorted_positions: positions, own_copy: own_copy_of, copied_whole: whole_copy, set: empty_set,
    operator.add: sequence_sum, operator.mul: sequence_product,
    **{i: _augmented(i, plain) for i, plain in AUGMENTED.items()},
    **STORES,
}  # fmt: skip
