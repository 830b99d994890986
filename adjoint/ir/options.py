"""Which routes a compilation may take."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Sharing:
    """What a rule is told whose pullback works on its caller's shadows: `rules/sharing.py`.

    names     the attributes that change while the caller runs
    writes    the callee may change what it can reach
    """

    names: tuple[str, ...]
    writes: bool


@dataclass(frozen=True)
class Options:
    """All routes give the same derivative; they differ in speed, and tests take each of them.

    inline      user functions are inlined where they are called
    templates   rules are inlined as source where the callee is known
    typed       arguments' types are used (else everything is decided at run time)
    optimise    the passes of `optimise` run
    implicit    functions that are called at run time carry the derivatives of the globals they read
    nan_check   values and cotangents are checked to be finite
    sources     tangents are the sets of the numbers that they come from (sources.py)
    """

    inline: bool = True
    templates: bool = True
    typed: bool = True
    optimise: bool = True
    implicit: bool = False
    nan_check: bool = False
    sources: bool = False
