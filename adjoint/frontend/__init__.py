"""Python function -> gast -> IR. Refuses, with a caret, what it cannot lower."""

from adjoint.frontend.lower import lower, lower_code
from adjoint.frontend.scope import IN_PIECES
from adjoint.frontend.source import Source, find

__all__ = ["IN_PIECES", "Source", "find", "lower", "lower_code"]
