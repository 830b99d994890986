"""Writes into arrays, as `x[index] = value` where NumPy has other names for it."""

from __future__ import annotations

import operator
from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from adjoint import shadows
from adjoint.errors import UnsupportedSyntaxError
from adjoint.inference import calls, changing
from adjoint.inference.sites import Arguments, Keywords, Site
from adjoint.ir.nodes import Call, Const, Operand, Value
from adjoint.ir.types import (
    Array,
    DictOf,
    Instance,
    ListOf,
    Scalar,
    TupleOf,
    Unknown,
    literal,
    unliteral,
)
from adjoint.rules.heaps import check_apart, check_values
from adjoint.rules.memory import AUGMENTED, is_basic
from adjoint.rules.signatures import operand_type
from adjoint.runtime import make_tuple

if TYPE_CHECKING:
    from adjoint.inference.infer import Specialiser

BUILD_NEW = "Build a new value instead: a comprehension for a list, a new dict."
NONE = literal(None)


def set_item(
    spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site
) -> Operand | None:
    """`x[index] = value`"""
    x, index, value = args
    kind = operand_type(x)
    flattened = owner_of_flat(spec, x)
    if flattened is not None:
        return store_flat(spec, flattened, index, value, site)
    if isinstance(kind, Instance):
        method = method_of(kind, "__setitem__", site)
        return calls.call(spec, method, [x, index, value], [], site)
    if isinstance(kind, Unknown):
        refuse_namespace(spec, x, site)
        spec.emit(Const(shadows.write_item), list(args), [], site, NONE)
        return Const(None)
    if changing.is_container(kind):
        return changing.store_item(spec, args, [], site)
    if not isinstance(kind, Array) or kind.dtype.kind == "O":
        raise UnsupportedSyntaxError(
            f"writes into {describe(kind)} are not supported yet", site.origin, BUILD_NEW
        )
    if is_own_view(spec, x, index, value):
        return Const(None)
    if isinstance(operand_type(value), ListOf | TupleOf):
        value = calls.call(spec, Const(np.array), [value], [], Site(site.origin))
    spec.emit(Const(operator.setitem), [x, index, value], [], site, NONE)
    return Const(None)


def owner_of_flat(spec: Specialiser, operand: Operand) -> Value | None:
    """The array x whose `x.flat` this is."""
    made = spec.definitions.get(operand) if isinstance(operand, Value) else None
    if not isinstance(made, Call) or getattr(made.callee, "value", None) is not getattr:
        return None
    owner, name = made.args[:2]
    if getattr(name, "value", None) != "flat" or not isinstance(operand_type(owner), Array):  # type: ignore[arg-type]
        return None
    if not made.target.named and made in spec.out:  # nobody else reads the iterator
        spec.out.remove(made)
    return owner  # type: ignore[return-value]


def item_of_flat(spec: Specialiser, x: Operand, index: Operand, site: Site) -> Operand:
    """`x.flat[index]`, always a copy."""
    flat = calls.call(spec, Const(np.ravel), [x], [], Site(site.origin))
    y = calls.call(spec, Const(operator.getitem), [flat, index], [], site)
    if isinstance(operand_type(y), Array):
        y = calls.call(spec, Const(np.copy), [y], [], site)
    return y


def store_flat(
    spec: Specialiser, x: Operand, index: Operand, value: Operand, site: Site
) -> Operand | None:
    """`x.flat[index] = value`"""
    if isinstance(operand_type(value), Array | Unknown):
        spec.emit(Const(check_apart), [x, value], [], Site(site.origin), NONE)
    return put(spec, [x, index, value], [], site)


def refuse_namespace(spec: Specialiser, x: Operand, site: Site) -> None:
    """Refuse `owner.__dict__["name"] = value`, which writes an attribute."""
    made = spec.definitions.get(x) if isinstance(x, Value) else None
    if not isinstance(made, Call) or not isinstance(made.callee, Const):
        return
    function = made.callee.value
    read = (
        function is getattr and isinstance(made.args[1], Const) and made.args[1].value == "__dict__"
    )
    if read or function is vars:
        raise UnsupportedSyntaxError(
            "an attribute is written through the dict that keeps it", site.origin,
            "Write `owner.name = value`, or setattr(owner, name, value).",
        )  # fmt: skip


def describe(kind: Any) -> str:
    names = {ListOf: "lists", DictOf: "dicts", TupleOf: "tuples", Array: "arrays of objects"}
    return names.get(type(kind), f"values of type {getattr(kind, 'cls', type(kind)).__name__}")


def method_of(kind: Instance, name: str, site: Site) -> Const:
    method = getattr(kind.cls, name, None)
    if method is None:
        raise UnsupportedSyntaxError(
            f"{kind.cls.__name__} does not support item assignment", site.origin, BUILD_NEW
        )
    return Const(method)


def is_own_view(spec: Specialiser, x: Operand, index: Operand, value: Operand) -> bool:
    """Is this the second half of `x[index] += v`, which wrote through a view of x already?"""
    made = spec.definitions.get(value) if isinstance(value, Value) else None
    if not isinstance(made, Call) or not isinstance(made.callee, Const) or not is_basic(index):
        return False
    if made.callee.value not in AUGMENTED or not isinstance(value.type, Array):  # type: ignore[union-attr]
        return False
    before = made.args[0]
    read = spec.definitions.get(before) if isinstance(before, Value) else None
    own = isinstance(read, Call) and isinstance(read.callee, Const)
    if not own or read.callee.value is not operator.getitem:  # type: ignore[union-attr]
        return False
    return read.args[0] is x and same_index(read.args[1], index)  # type: ignore[union-attr]


def same_index(a: Any, b: Any) -> bool:
    return a is b or isinstance(a, Const) and isinstance(b, Const) and a.value is b.value


def fill(spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site) -> Operand | None:
    """`x.fill(value)`"""
    if len(args) != 2 or kwargs or not isinstance(operand_type(args[0]), Array):
        return None
    return set_item(spec, [args[0], Const(...), args[1]], [], site)


def copyto(spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site) -> Operand | None:
    """`np.copyto(x, value, where=…)`"""
    named = dict(kwargs)
    if len(args) != 2 or set(named) - {"where"} or not may_cast(args[1], args[0]):
        return None
    x, value = args
    if "where" in named:
        value = calls.call(spec, Const(np.where), [named["where"], value, x], [], Site(site.origin))
    return set_item(spec, [x, Const(...), value], [], site)


def putmask(spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site) -> Operand | None:
    """`np.putmask(x, mask, values)`: where the mask is not 0, the values, again and again in order"""
    if len(args) != 3 or kwargs or not isinstance(operand_type(args[0]), Array):
        return None
    x, mask, value = args
    here = Site(site.origin)
    where = operand_type(mask)
    if not isinstance(where, Array) or where.dtype.kind != "b":
        mask = calls.call(spec, Const(np.not_equal), [mask, Const(0)], [], here)
    shape = calls.call(spec, Const(np.shape), [x], [], here)
    if not isinstance(where, Array) or where.ndim != operand_type(x).ndim:  # type: ignore[attr-defined]
        mask = calls.call(spec, Const(np.reshape), [mask, shape], [], here)
    kind = unliteral(operand_type(value))
    if isinstance(kind, Scalar):
        return set_item(spec, [x, mask, value], [], site)
    if isinstance(kind, Array) and not may_cast(value, x, "safe"):
        return None
    if not isinstance(kind, Array):
        value = calls.call(spec, Const(np.asarray), [value], [], here)
    if not isinstance(kind, Array) or kind.axes != operand_type(x).axes:  # type: ignore[attr-defined]
        value = calls.call(spec, Const(np.resize), [some_of(spec, value, here), shape], [], here)
    chosen = calls.call(spec, Const(np.where), [mask, value, x], [], here)
    return set_item(spec, [x, Const(...), chosen], [], site)


def some_of(spec: Specialiser, value: Operand, site: Site) -> Operand:
    """The values, of which there have to be some: of none NumPy writes nothing."""
    spec.emit(Const(check_values), [value], [], site, NONE)
    return value


def put(spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site) -> Operand | None:
    """`np.put(x, indices, value)`, indices into the flattened array"""
    named = dict(kwargs)
    if len(args) == 4:
        args, named = args[:3], {**named, "mode": args[3]}
    if len(args) != 3 or set(named) - {"mode"} or not isinstance(operand_type(args[0]), Array):
        return None
    here = Site(site.origin)
    size = calls.call(spec, Const(np.size), [args[0]], [], here)
    numbers = calls.call(spec, Const(np.arange), [size], [], here)
    if named:
        chosen = calls.call(spec, Const(np.take), [numbers, args[1]], list(named.items()), here)
    else:
        chosen = calls.call(spec, Const(operator.getitem), [numbers, args[1]], [], here)
    shape = calls.call(spec, Const(np.shape), [args[0]], [], here)
    index = calls.call(spec, Const(np.unravel_index), [chosen, shape], [], here)
    value = args[2]
    if not isinstance(unliteral(operand_type(value)), Scalar):  # too few values come again
        count = calls.call(spec, Const(np.size), [chosen], [], here)
        value = calls.call(spec, Const(np.resize), [some_of(spec, value, here), count], [], here)
        places = calls.call(spec, Const(np.shape), [chosen], [], here)
        value = calls.call(spec, Const(np.reshape), [value, places], [], here)
    return set_item(spec, [args[0], index, value], [], site)


def fill_diagonal(
    spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site
) -> Operand | None:
    """`np.fill_diagonal(x, value)` of a matrix"""
    kind = operand_type(args[0]) if args else None
    if len(args) != 2 or kwargs or not isinstance(kind, Array) or kind.ndim != 2:
        return None
    if not isinstance(unliteral(operand_type(args[1])), Scalar):
        return None
    here = Site(site.origin)
    shape = calls.call(spec, Const(np.shape), [args[0]], [], here)
    count = calls.call(spec, Const(min), [shape], [], here)
    index = calls.call(spec, Const(np.arange), [count], [], here)
    pair = calls.call(spec, Const(make_tuple), [index, index], [], here)
    return set_item(spec, [args[0], pair, args[1]], [], site)


def place(spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site) -> Operand | None:
    """`np.place(x, mask, values)`: at the places of the mask in order, the values again and again"""
    if len(args) != 3 or kwargs or not isinstance(operand_type(args[0]), Array):
        return None
    here = Site(site.origin)
    shape = calls.call(spec, Const(np.shape), [args[0]], [], here)
    mask = calls.call(spec, Const(np.asarray), [args[1], Const(bool)], [], here)
    mask = calls.call(spec, Const(np.reshape), [mask, shape], [], here)
    value = args[2]
    if not isinstance(unliteral(operand_type(value)), Scalar):
        count = calls.call(spec, Const(np.count_nonzero), [mask], [], here)
        value = calls.call(spec, Const(np.resize), [some_of(spec, value, here), count], [], here)
    return set_item(spec, [args[0], mask, value], [], site)


def partition(
    spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site
) -> Operand | None:
    """`x.partition(kth, axis)`"""
    if len(args) < 2 or not isinstance(operand_type(args[0]), Array):
        return None
    ordered = calls.call(spec, Const(np.partition), list(args), kwargs, Site(site.origin))
    return set_item(spec, [args[0], Const(...), ordered], [], site)


def sort(spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site) -> Operand | None:
    """`x.sort(axis)`"""
    if not args or not isinstance(operand_type(args[0]), Array):
        return None
    ordered = calls.call(spec, Const(np.sort), list(args), kwargs, Site(site.origin))
    return set_item(spec, [args[0], Const(...), ordered], [], site)


def shuffle(
    spec: Specialiser, source: Operand, args: list[Operand], kwargs: Keywords, site: Site
) -> Operand | None:
    """`source.shuffle(x, axis)` of an array of reals; of integers no derivative needs to know the order"""
    if not is_mixed(source, args):
        return None
    from adjoint.rules.sampling import shuffled  # NumPy imports its generators when they are used

    mixed = calls.call(spec, Const(shuffled), [source, *args], kwargs, Site(site.origin))
    return set_item(spec, [args[0], Const(...), mixed], [], site)


def permute(
    spec: Specialiser, source: Operand, args: list[Operand], kwargs: Keywords, site: Site
) -> Operand | None:
    """`source.permuted(x, axis=…, out=…)` of an array of reals"""
    out = dict(kwargs).get("out", Const(None))
    into = isinstance(operand_type(out), Array)
    if not is_mixed(source, args) or not into and out != Const(None):
        return None
    from adjoint.rules.sampling import permuted_entries

    rest: Keywords = [(k, o) for k, o in kwargs if k != "out"]
    mixed = calls.call(spec, Const(permuted_entries), [source, *args], rest, Site(site.origin))
    if not into:
        return mixed
    set_item(spec, [out, Const(...), mixed], [], site)
    return out


def is_mixed(source: Operand, args: list[Operand]) -> bool:
    """Does a generator mix the items of an array of reals?"""
    kind = operand_type(args[0]) if args else None
    if isinstance(operand_type(source), Instance) or not isinstance(kind, Array):
        return False
    module = isinstance(source, Const) and isinstance(source.value, ModuleType)
    return not module and kind.dtype.kind in "fc"


#: Methods of random generators that give an array in another order, by name: whose they are is known late.
MIXING = {"shuffle": shuffle, "permuted": permute}


def mixed_by_method(
    spec: Specialiser, function: Any, args: list[Operand], kwargs: Keywords, site: Site
) -> Operand | None:
    """The same of a bound method, as `np.random.shuffle` is."""
    source = getattr(function, "__self__", None)
    if not type(source).__module__.startswith("numpy.random"):
        return None
    mix = MIXING.get(function.__name__)
    return None if mix is None else mix(spec, Const(source), args, kwargs, site)


def may_cast(value: Operand, x: Operand, casting: Any = "same_kind") -> bool:
    """Would NumPy's own check of the cast let this through?"""
    kinds = [getattr(unliteral(operand_type(o)), "dtype", None) for o in (value, x)]
    if kinds[1] is None:
        return False
    if kinds[0] is None:
        return isinstance(unliteral(operand_type(value)), Scalar) and kinds[1].kind in "fc"
    return np.can_cast(kinds[0], kinds[1], casting)


def with_out(
    spec: Specialiser, callee: Const, args: list[Operand], kwargs: Keywords, site: Site
) -> Operand | None:
    """A call of a NumPy function that writes its result to an array, `out`, and gives that back."""
    function = callee.value
    named: dict[Any, Operand] = dict(kwargs)
    if isinstance(function, np.ufunc) and len(args) > function.nin:
        named["out"], args = args[function.nin], args[: function.nin]
    out = named.pop("out")
    kind = operand_type(out)
    single = not isinstance(function, np.ufunc) or function.nout == 1
    if not single or not isinstance(kind, Array) or set(named) - {"where", "axis", "keepdims"}:
        return None
    if any(isinstance(operand_type(a), Unknown) for a in args):
        return None
    arguments: Arguments = list(args)
    spec.emit(callee, arguments, [*named.items(), ("out", out)], Site(site.origin), kind)
    return out


def keeping_operand(function: Any, position: int) -> Callable[..., Operand | None]:
    """Without `overwrite_input`, which leaves the order of the operand's elements to chance: the
    reverse pass looks at it."""

    def handler(
        spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site
    ) -> Operand | None:
        others: Keywords = [(k, o) for k, o in kwargs if k != "overwrite_input"]
        own = args[position] if len(args) > position else Const(False)
        if len(others) == len(kwargs) and isinstance(own, Const) and own.value is False:
            return None
        kept = [*args[:position], *[Const(False)] * (len(args) > position), *args[position + 1 :]]
        return calls.call(spec, Const(function), kept, others, site)

    return handler


#: Functions that may overwrite an operand, and at which position they are told so.
OVERWRITING = {
    np.median: 3, np.nanmedian: 3, np.quantile: 4, np.percentile: 4, np.nanquantile: 4,
    np.nanpercentile: 4,
}  # fmt: skip

STORES = {
    operator.setitem: set_item, np.ndarray.fill: fill, np.copyto: copyto, np.putmask: putmask,
    np.put: put, np.ndarray.put: put, np.fill_diagonal: fill_diagonal, np.ndarray.sort: sort,
    np.place: place, np.ndarray.partition: partition,
    **{f: keeping_operand(f, position) for f, position in OVERWRITING.items()},
}  # fmt: skip
