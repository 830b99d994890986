"""Optimisers: rules that change parameters in place along their gradients.

By identity, the rule keeping its state:

    rule = Adam(1e-3)
    update(rule, ps, ad.gradient(lambda: loss(x, y), ps))      # ps = ad.params(model)

or explicitly, the state being a value of its own:

    state = setup(Adam(1e-3), model)
    update(state, model, ad.gradient(loss, model, x, y)[0])

Rules combine: `OptimiserChain(ClipGlobalNorm(1.0), AdamW(1e-3, decay=0.01))`; hyperparameters follow
`schedules`; `adjust`, `freeze` and `thaw` change a state; `minimise` goes to a minimum with line searches.
"""

from adjoint.optim import schedules
from adjoint.optim.adaptive import (
    AdaBelief,
    AdaDelta,
    AdaGrad,
    Adam,
    AdaMax,
    AdamW,
    Adan,
    AMSGrad,
    NAdam,
    OAdam,
    RAdam,
    RMSProp,
)
from adjoint.optim.averaging import EMA, Lookahead, ScheduleFree, averaged
from adjoint.optim.clipping import (
    AdaptiveClip,
    ClipGlobalNorm,
    ClipGrad,
    ClipNorm,
    ClipRMS,
    ExpDecay,
    InvDecay,
    SignDecay,
    WeightDecay,
)
from adjoint.optim.combining import (
    AccumGrad,
    MixedPrecision,
    OptimiserChain,
    Partition,
    Scheduler,
    SkipNotFinite,
    masked,
    parts,
)
from adjoint.optim.curvature import Sophia, fisher_diag, hutchinson
from adjoint.optim.descent import Descent, Lion, Momentum, Nesterov, Rprop
from adjoint.optim.layerwise import LAMB, LARS, Adafactor, Muon, Polyak, Prodigy
from adjoint.optim.lbfgs import LBFGS, Minimum, minimise, sharpness_aware
from adjoint.optim.line_search import Backtracking, StrongWolfe
from adjoint.optim.monitoring import Monitor, Moving, measured
from adjoint.optim.perturbations import Gumbel, Normal, perturbed
from adjoint.optim.projections import Project, box, l1_ball, l2_ball, linf_ball, simplex
from adjoint.optim.rule import Slot, UpdateRule, global_norm
from adjoint.optim.state import State, adjust, freeze, setup, thaw, update

# The names of Flux's older versions.
SGD = Descent
ADAM = Adam
ADAMW = AdamW
ADAGrad = AdaGrad
ADADelta = AdaDelta
NADAM = NAdam
RADAM = RAdam
OADAM = OAdam
ClipValue = ClipGrad
Optimiser = OptimiserChain

__all__ = [
    "ADAM",
    "ADAMW",
    "EMA",
    "LAMB",
    "LARS",
    "LBFGS",
    "NADAM",
    "OADAM",
    "RADAM",
    "SGD",
    "ADADelta",
    "ADAGrad",
    "AMSGrad",
    "AccumGrad",
    "AdaBelief",
    "AdaDelta",
    "AdaGrad",
    "AdaMax",
    "Adafactor",
    "Adam",
    "AdamW",
    "Adan",
    "AdaptiveClip",
    "Backtracking",
    "ClipGlobalNorm",
    "ClipGrad",
    "ClipNorm",
    "ClipRMS",
    "ClipValue",
    "Descent",
    "ExpDecay",
    "Gumbel",
    "InvDecay",
    "Lion",
    "Lookahead",
    "Minimum",
    "MixedPrecision",
    "Momentum",
    "Monitor",
    "Moving",
    "Muon",
    "NAdam",
    "Nesterov",
    "Normal",
    "OAdam",
    "Optimiser",
    "OptimiserChain",
    "Partition",
    "Polyak",
    "Prodigy",
    "Project",
    "RAdam",
    "RMSProp",
    "Rprop",
    "ScheduleFree",
    "Scheduler",
    "SignDecay",
    "SkipNotFinite",
    "Slot",
    "Sophia",
    "State",
    "StrongWolfe",
    "UpdateRule",
    "WeightDecay",
    "adjust",
    "averaged",
    "box",
    "fisher_diag",
    "freeze",
    "global_norm",
    "hutchinson",
    "l1_ball",
    "l2_ball",
    "linf_ball",
    "masked",
    "measured",
    "minimise",
    "parts",
    "perturbed",
    "schedules",
    "setup",
    "sharpness_aware",
    "simplex",
    "thaw",
    "update",
]
