"""Stochastic gradient descent with momentum."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from minitorch.autograd.tensor_base import wrap
from minitorch.backend.arrays import Array, as_array
from minitorch.backend.dispatch import definition
from minitorch.optim.optimizer import Optimizer
from minitorch.public import constructor

__all__ = ["SGD"]


class SGD(Optimizer):
    """param -= lr * v, where v = momentum * v + (1 - dampening) * g  and  g = grad + weight_decay * param.

    The first v is g. `nesterov` steps along g + momentum * v instead of v; `maximize` uses -grad.
    `foreach` and `fused` are only stored, `differentiable` must be False: see `Optimizer`.
    (Momentum: Polyak 1964; `nesterov`: Nesterov 1983, in the form of Sutskever et al. 2013, with PyTorch's place of lr.)

    Raises ValueError for negative options, and for `nesterov` without momentum or with dampening.

    Example:
        >>> p = nn.Parameter(minitorch.tensor([1.0, 2.0]))
        >>> optimizer = minitorch.optim.SGD([p], lr=0.25, momentum=0.5)
        >>> for _ in range(2):
        ...     optimizer.zero_grad()
        ...     (p**2).sum().backward()
        ...     optimizer.step()
        ...     print(p.data)
        tensor([0.5000, 1.0000])
        tensor([0., 0.])
    """

    @constructor
    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError("Nesterov momentum requires a momentum and zero dampening")
        defaults: dict[str, Any] = {
            "lr": lr,
            "momentum": momentum,
            "dampening": dampening,
            "weight_decay": weight_decay,
            "nesterov": nesterov,
        }
        defaults |= {"maximize": maximize, "foreach": foreach, "differentiable": differentiable, "fused": fused}
        super().__init__(params, defaults)

    def _update(self, param: Array, grad: Array, state: dict[str, Any], group: dict[str, Any]) -> None:
        if momentum := group["momentum"]:
            if "momentum_buffer" not in state:
                state["momentum_buffer"] = wrap(as_array(grad).copy())
            else:
                buffer = state["momentum_buffer"]._array
                buffer *= momentum
                buffer += grad * (1 - group["dampening"])
            buffer = state["momentum_buffer"]._array
            grad = grad + momentum * buffer if group["nesterov"] else buffer
        _sgd_step(param, grad, group["lr"])


@definition
def _sgd_step(param: Array, grad: Array, rate: float) -> Array:
    """param -= rate * grad, in place."""
    param -= rate * grad
    return param
