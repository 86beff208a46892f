"""RMSprop: the step is divided by a running root mean square of the gradient."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from minitorch.autograd.tensor_base import wrap
from minitorch.backend.arrays import Array, xp
from minitorch.optim.optimizer import Optimizer
from minitorch.public import constructor

__all__ = ["RMSprop"]


class RMSprop(Optimizer):
    """param -= lr * g / (sqrt(v) + eps), with v = alpha v + (1 - alpha) g^2.

    `centered` subtracts the square of the running mean from v, which gives the variance; `momentum` accumulates the steps in a
    buffer. g includes weight_decay * param. (Tieleman and Hinton 2012; Graves 2013 for centered.)
    """

    _fixed_options = {"capturable": False, "differentiable": False, "foreach": None}

    @constructor
    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum: float = 0,
        centered: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        defaults = {"lr": lr, "momentum": momentum, "alpha": alpha, "eps": eps, "centered": centered}
        super().__init__(params, {**defaults, "weight_decay": weight_decay, "maximize": maximize})

    def _check(self, group: dict[str, Any]) -> None:
        super()._check(group)
        if not group["alpha"] >= 0:
            raise ValueError(f"Invalid alpha value: {group['alpha']}")

    def _update(self, param: Array, grad: Array, state: dict[str, Any], group: dict[str, Any]) -> None:
        alpha = group["alpha"]
        if group["maximize"]:
            grad = -grad
        if group["weight_decay"]:
            grad = grad + group["weight_decay"] * param
        if not state:
            state["step"] = wrap(xp.zeros((), dtype=xp.float32))
            wanted = {"square_avg": True, "momentum_buffer": group["momentum"] > 0, "grad_avg": group["centered"]}
            state |= {name: wrap(xp.zeros_like(param)) for name, used in wanted.items() if used}
        state["step"]._array[...] += 1
        v = state["square_avg"]._array
        v *= alpha
        v += (1 - alpha) * grad * grad
        variance = v
        if group["centered"]:
            mean = state["grad_avg"]._array
            mean += (grad - mean) * (1 - alpha)
            variance = v - mean * mean
        step = grad / (xp.sqrt(variance) + group["eps"])
        if group["momentum"] > 0:
            buffer = state["momentum_buffer"]._array
            buffer *= group["momentum"]
            buffer += step
            step = buffer
        param -= group["lr"] * step
