"""How the methods of SciPy's distributions become functions of all their parameters."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from scipy import stats

from adjoint.rules.registry import nondifferentiable, source_of


def distribution_of(dist: Any) -> Any:
    """The distribution: SciPy's own is given by its name, of which generated code can tell at once
    that it is the same, another one (which a frozen distribution holds) as it is."""
    return getattr(stats, dist) if isinstance(dist, str) else dist


def distributions_of(classes: Iterable[type]) -> list[Any]:
    """SciPy's own instances of these classes."""
    known = tuple(classes)
    found = [getattr(stats, name) for name in dir(stats)]
    return [each for each in found if type(each) in known and getattr(stats, each.name) is each]


def shape_names(dist: Any) -> list[str]:
    return [name.strip() for name in dist.shapes.split(",")] if dist.shapes else []


class Text:
    """What `linecache` asks for the source of a function that stands in no file."""

    def __init__(self, text: str) -> None:
        self.text = text

    def get_source(self, name: str) -> str:
        return self.text


def defined(text: str, method: str, dist: str, *calls: Any) -> Any:
    """The function of a text, which Python and adjoint find under a file name of its own."""
    filename = f"scipy.stats.{dist}.{method}"
    names: dict[str, Any] = {"__name__": filename, "__loader__": Text(text)}
    names.update({call.__name__: call for call in calls})
    exec(compile(text, filename, "exec"), names)  # as `dataclasses` makes methods of fields
    return names[method]


@nondifferentiable
def checked_names(dist: Any, args: tuple, kwds: dict) -> tuple[str, ...]:
    """The names of all parameters; arguments that do not fit them raise what SciPy raises."""
    dist = distribution_of(dist)
    dist._parse_args(*args, **kwds)
    scale = ["scale"] if isinstance(dist, stats.rv_continuous) else []
    return (*shape_names(dist), "loc", *scale)


def parameters(dist, args, kwds):
    """The shapes, the location and the scale (1 for a discrete distribution) of a call."""
    names = checked_names(dist, args, kwds)
    found = []
    for i, name in enumerate(names):
        if i < len(args):
            found = [*found, args[i]]
        elif name in kwds:
            found = [*found, kwds[name]]
        else:
            found = [*found, 0 if name == "loc" else 1]
    if names[-1] == "loc":
        return tuple(found[:-1]), found[-1], 1.0
    return tuple(found[:-2]), found[-2], found[-1]


source_of(parameters)(parameters)
