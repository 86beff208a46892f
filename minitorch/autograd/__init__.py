"""The tape: how operations are remembered and gradients are computed from the memory.

Read in this order; what is deeper in a file can wait for a second reading:
    engine.py      its opening text: the backward sweep on one example
    function.py    an operation and its derivative; an instance is a node of the tape
    engine.py      `walk` and `sweep`
    variable.py    what a tensor knows of the tape
    grad_mode.py   switching the recording off and on
    gradcheck.py   comparing a derivative with finite differences; report.py prints what was found
    functional.py  Jacobians and Hessians
    watch.py       how anomaly.py and viz/ are told of nodes, sweeps and modules
    anomaly.py     finding the line that made a nan
"""

from minitorch.autograd import functional
from minitorch.autograd.anomaly import detect_anomaly, set_detect_anomaly
from minitorch.autograd.api import backward, grad
from minitorch.autograd.function import Function
from minitorch.autograd.grad_mode import enable_grad, is_grad_enabled, no_grad, set_grad_enabled
from minitorch.autograd.gradcheck import GradcheckError, GradcheckReport, gradcheck, gradgradcheck

__all__ = [
    "Function", "GradcheckError", "GradcheckReport", "backward", "detect_anomaly", "enable_grad", "functional", "grad",
    "gradcheck", "gradgradcheck", "is_grad_enabled", "no_grad", "set_detect_anomaly", "set_grad_enabled",
]  # fmt: skip
