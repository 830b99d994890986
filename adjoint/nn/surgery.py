"""Models with other parts, and models as trees: what was there stays as it is, and is shared."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np

from adjoint.nn.layer import Layer
from adjoint.nn.model import parts


def replaced(model: Any, where: Callable[[Any], Any], new: Any) -> Any:
    """A copy of a model with `new` in the place of a part; everything else is shared with `model`.

    `where(model)` names the part, an object or array of the model; a tuple names several, and `new` is
    then a tuple as well.  A part that the model has in several places is replaced in all of them.

        nn.replaced(model, lambda m: m.layers[-1], nn.Dense(84, 5))

    Raises ValueError for what is no part of the model.
    """
    old = where(model)
    several = isinstance(old, tuple)
    olds, news = (old, new) if several else ((old,), (new,))
    if len(olds) != len(news):
        raise ValueError(f"{len(olds)} parts are to be replaced by {len(news)}")
    wanted = {id(part): other for part, other in zip(olds, news, strict=True)}
    found: set[int] = set()
    result = _with(model, wanted, found, {})
    if len(found) < len(wanted):
        lost = next(part for part in olds if id(part) not in found)
        raise ValueError(
            f"{lost!r:.80} is no part of the model: let `where` return what is in it, not a copy"
        )
    return result


def _with(thing: Any, wanted: dict[int, Any], found: set[int], made: dict[int, Any]) -> Any:
    """A thing with parts replaced: itself, if none of them is in it."""
    if id(thing) in wanted:
        found.add(id(thing))
        return wanted[id(thing)]
    if id(thing) in made:
        return made[id(thing)]
    made[id(thing)] = thing
    new = {name: _with(part, wanted, found, made) for name, part in parts(thing)}
    if all(new[name] is part for name, part in parts(thing)):
        return thing
    made[id(thing)] = _rebuilt(thing, new)
    return made[id(thing)]


def _rebuilt(thing: Any, new: dict[Any, Any]) -> Any:
    """A copy of a container or object with these items or attributes."""
    if isinstance(thing, tuple) and hasattr(thing, "_fields"):
        return type(thing)(*new.values())
    if isinstance(thing, list | tuple):
        return type(thing)(new.values())
    other = copy.copy(thing)
    (other if isinstance(thing, dict) else vars(other)).update(new)
    return other


def equal(a: Any, b: Any) -> bool:
    """Are two models of the same classes and settings, with the same numbers of the same dtypes?

    >>> from adjoint.nn import Dense
    >>> equal(Dense(3, 2, rng=0), Dense(3, 2, rng=0)), equal(Dense(3, 2, rng=0), Dense(3, 2, rng=1))
    (True, False)
    """
    if a is b:
        return True
    if type(a) is not type(b):
        return False
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and np.array_equal(a, b, equal_nan=a.dtype.kind in "fc")
    if isinstance(a, np.random.Generator):
        return a.bit_generator.state == b.bit_generator.state
    of_a, of_b = list(parts(a)), list(parts(b))
    if isinstance(a, list | tuple | dict | Layer) or of_a or of_b:
        names = [name for name, _ in of_a]
        return names == [name for name, _ in of_b] and all(
            equal(x, y) for (_, x), (_, y) in zip(of_a, of_b, strict=True)
        )
    return bool(a == b)


def partition(model: Any, chosen: Callable[[np.ndarray], bool]) -> tuple[Any, Any]:
    """Two models of the same form: of one, the arrays for which `chosen` holds, of the other the rest.

    None stands where the array is in the other; `combine` puts the two together again."""
    taken = _mapped(model, lambda a: a if chosen(a) else None, {})
    return taken, _mapped(model, lambda a: None if chosen(a) else a, {})


def _mapped(thing: Any, f: Callable[[np.ndarray], Any], made: dict[int, Any]) -> Any:
    if isinstance(thing, np.ndarray):
        return f(thing) if thing.dtype.kind in "fc" else thing
    if id(thing) in made:
        return made[id(thing)]
    new = {name: _mapped(part, f, made) for name, part in parts(thing)}
    made[id(thing)] = _rebuilt(thing, new) if new else thing
    return made[id(thing)]


def combine(first: Any, second: Any) -> Any:
    """The model of two of one form: what `second` has, where `first` has None.

    >>> from adjoint.nn import Dense
    >>> weights, biases = partition(Dense(3, 2, rng=0), lambda a: a.ndim == 2)
    >>> weights.bias is None, equal(combine(weights, biases), Dense(3, 2, rng=0))
    (True, True)
    """
    if first is None:
        return second
    of_second = dict(parts(second)) if second is not None else {}
    new = {
        name: combine(part, of_second[name]) if name in of_second else part
        for name, part in parts(first)
    }
    return _rebuilt(first, new) if new else first
