"""What every value is: constants folded, callees resolved and inlined, types told."""

from adjoint.inference.infer import Inferred, infer

__all__ = ["Inferred", "infer"]
