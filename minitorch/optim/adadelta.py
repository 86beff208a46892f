"""Adadelta: the step has the size of past steps, by running root mean squares of the gradients and of the steps."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from minitorch.backend.arrays import Array, xp
from minitorch.optim.optimizer import Optimizer, begin_step
from minitorch.public import constructor

__all__ = ["Adadelta"]


class Adadelta(Optimizer):
    """param -= lr * d, where d = sqrt(u + eps) / sqrt(v + eps) * g.

        v = rho v + (1 - rho) g^2      u = rho u + (1 - rho) d^2, after d is computed

    g includes weight_decay * param. `foreach` and `capturable` are only stored, `differentiable` must be False: see
    `Optimizer`. (Zeiler 2012.)

    Raises ValueError for negative options, or a rho above 1.

    Example:
        >>> p = minitorch.nn.Parameter(minitorch.tensor([1.0, 2.0]))
        >>> optimizer = minitorch.optim.Adadelta([p], lr=1.0, eps=0.01)
        >>> (p**2).sum().backward()
        >>> optimizer.step()
        >>> p
        Parameter containing:
        tensor([0.6877, 1.6848], requires_grad=True)
    """

    _nonnegative = (*Optimizer._nonnegative, "rho")

    @constructor
    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        capturable: bool = False,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        defaults = {"lr": lr, "rho": rho, "eps": eps, "weight_decay": weight_decay, "maximize": maximize}
        super().__init__(params, defaults | {"capturable": capturable, "foreach": foreach, "differentiable": differentiable})

    def _check(self, group: dict[str, Any]) -> None:
        super()._check(group)
        if group["rho"] > 1:
            raise ValueError(f"Invalid rho value: {group['rho']}. It is the weight of the past in a mean, from 0 to 1")

    def _update(self, param: Array, grad: Array, state: dict[str, Any], group: dict[str, Any]) -> None:
        rho, eps = group["rho"], group["eps"]
        begin_step(param, state, "square_avg", "acc_delta")
        v, u = state["square_avg"]._array, state["acc_delta"]._array
        v *= rho
        v += (1 - rho) * grad * grad
        d = xp.sqrt(u + eps) / xp.sqrt(v + eps) * grad
        u *= rho
        u += (1 - rho) * d * d
        param -= group["lr"] * d
