"""The forward mode of a typed program: values and tangents, computed together."""

from adjoint.forward.program import Pushed, Pushforward, forward

__all__ = ["Pushed", "Pushforward", "forward"]
