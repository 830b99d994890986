"""Typed IR -> readable Python source -> a loaded function."""

from adjoint.emit.load import Loaded, annotate, load, origin_of
from adjoint.emit.source import Emitted, NestedFunction, emit, input_names

__all__ = [
    "Emitted",
    "Loaded",
    "NestedFunction",
    "annotate",
    "emit",
    "input_names",
    "load",
    "origin_of",
]
