"""Layers, activations, losses and initialisers, written in plain NumPy and batch first."""

from adjoint.nn.activations import identity, relu, softmax
from adjoint.nn.initialisers import glorot_uniform
from adjoint.nn.layers import Chain, Dense
from adjoint.nn.losses import cross_entropy, logit_cross_entropy

__all__ = [
    "Chain",
    "Dense",
    "cross_entropy",
    "glorot_uniform",
    "identity",
    "logit_cross_entropy",
    "relu",
    "softmax",
]
