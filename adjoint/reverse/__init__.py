"""The reverse of a typed program: what its forward half keeps, and its reverse half."""

from adjoint.reverse.program import Derivative, Expansion, reverse

__all__ = ["Derivative", "Expansion", "reverse"]
