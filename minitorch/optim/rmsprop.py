"""RMSprop: the step is divided by a running root mean square of the gradient."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from minitorch.backend.arrays import Array, xp
from minitorch.optim.optimizer import Optimizer, begin_step
from minitorch.public import constructor

__all__ = ["RMSprop"]


class RMSprop(Optimizer):
    """param -= lr * g / (sqrt(v) + eps), with v = alpha v + (1 - alpha) g^2.

    `centered` subtracts the square of the running mean from v, which gives the variance; `momentum` accumulates the steps in a
    buffer. g includes weight_decay * param. `foreach` and `capturable` are only stored, `differentiable` must be False: see
    `Optimizer`. (Tieleman and Hinton 2012; Graves 2013 for centered.)

    Raises ValueError for negative options.

    Example:
        >>> p = nn.Parameter(minitorch.tensor([1.0, 100.0]))
        >>> optimizer = minitorch.optim.RMSprop([p], lr=0.5, alpha=0.75)
        >>> (p**2).sum().backward()
        >>> optimizer.step()
        >>> p.data  # g / sqrt(g^2 / 4) is 2
        tensor([ 0., 99.])
    """

    _nonnegative = (*Optimizer._nonnegative, "alpha")

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
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        defaults: dict[str, Any] = {"lr": lr, "momentum": momentum, "alpha": alpha, "eps": eps, "centered": centered}
        defaults |= {"weight_decay": weight_decay, "capturable": capturable, "foreach": foreach, "maximize": maximize}
        super().__init__(params, defaults | {"differentiable": differentiable})

    def _update(self, param: Array, grad: Array, state: dict[str, Any], group: dict[str, Any]) -> None:
        alpha = group["alpha"]
        wanted = {"square_avg": True, "momentum_buffer": group["momentum"] > 0, "grad_avg": group["centered"]}
        begin_step(param, state, *(name for name, used in wanted.items() if used))
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
