"""Optimisers: rules that change parameters in place along their gradients.

By identity, the rule keeping its state:

    rule = Adam(1e-3)
    update(rule, ps, ad.gradient(lambda: loss(x, y), ps))      # ps = ad.params(model)

or explicitly, the state being a value of its own:

    state = setup(Adam(1e-3), model)
    update(state, model, ad.gradient(loss, model, x, y)[0])
"""

from adjoint.optim.rules import Adam, Descent, UpdateRule
from adjoint.optim.update import State, setup, update

__all__ = ["Adam", "Descent", "State", "UpdateRule", "setup", "update"]
