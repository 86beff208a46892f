"""The tape: recording operations, and computing gradients from the record.

Read first, about 320 code lines:
    tensor_base.py   what a tensor knows of the tape: its array, its gradient, its edge
    node.py          Op: an operation and its derivative; `apply` records it as a node
    engine.py        `walk` and `sweep`: the backward pass

What the three call, each in a file of its own:
    saved.py         values saved for backward, and their version check
    node_methods.py  what a program asks of a grad_fn: next_functions, hooks, the saved tensors
    inplace.py       in-place changes and views
    hooks.py         hooks and `retain_grad`
    checks.py        error messages
    recover.py       what happens when a forward fails
    observe.py       observers: they see nodes, sweeps and modules

What programs call:
    api.py           backward() and grad()
    function.py      Function: a program's own operation
    grad_mode.py     no_grad and enable_grad
    saved_hooks.py   how a program keeps what is saved for backward
    functional.py    Jacobians and Hessians
    gradcheck.py     derivatives compared with finite differences; derivatives.py computes both, report.py prints the result
    anomaly.py       the program line behind a nan
    graph.py         the tape for pictures and other tools
    variable.py      an old name of tensors
"""

from minitorch.autograd import functional, graph
from minitorch.autograd.anomaly import detect_anomaly, set_detect_anomaly
from minitorch.autograd.api import backward, grad
from minitorch.autograd.function import Function
from minitorch.autograd.grad_mode import enable_grad, inference_mode, is_grad_enabled, no_grad, set_grad_enabled
from minitorch.autograd.gradcheck import GradcheckError, GradcheckReport, gradcheck, gradgradcheck
from minitorch.autograd.variable import Variable

__all__ = [
    "Function", "GradcheckError", "GradcheckReport", "Variable", "backward", "detect_anomaly", "enable_grad", "functional",
    "grad", "gradcheck", "gradgradcheck", "graph", "inference_mode", "is_grad_enabled", "no_grad", "set_detect_anomaly",
    "set_grad_enabled",
]  # fmt: skip
