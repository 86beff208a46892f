"""Adagrad: the step is divided by the root of the sum of all squared gradients."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from minitorch.autograd.tensor_base import wrap
from minitorch.backend.arrays import Array, xp
from minitorch.optim.optimizer import Optimizer
from minitorch.public import constructor

__all__ = ["Adagrad"]


class Adagrad(Optimizer):
    """param -= lr / (1 + (t - 1) lr_decay) * g / (sqrt(sum of g^2) + eps), at step t.

    g includes weight_decay * param; the sum starts at `initial_accumulator_value`. (Duchi et al. 2011.)
    """

    @constructor
    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-2,
        lr_decay: float = 0,
        weight_decay: float = 0,
        initial_accumulator_value: float = 0,
        eps: float = 1e-10,
        *,
        maximize: bool = False,
    ) -> None:
        defaults = {"lr": lr, "lr_decay": lr_decay, "eps": eps, "weight_decay": weight_decay}
        super().__init__(params, {**defaults, "initial_accumulator_value": initial_accumulator_value, "maximize": maximize})
        for group in self.param_groups:
            for param in group["params"]:
                self._init_state(param._array, self.state[param], group)

    def _check(self, group: dict[str, Any]) -> None:
        super()._check(group)
        for name in ("lr_decay", "initial_accumulator_value"):
            if not group[name] >= 0:
                raise ValueError(f"Invalid {name} value: {group[name]}")

    @staticmethod
    def _init_state(param: Array, state: dict[str, Any], group: dict[str, Any]) -> None:
        state["step"] = wrap(xp.zeros((), dtype=xp.float32))
        state["sum"] = wrap(xp.full_like(param, group["initial_accumulator_value"]))

    def _update(self, param: Array, grad: Array, state: dict[str, Any], group: dict[str, Any]) -> None:
        if not state:
            self._init_state(param, state, group)
        state["step"]._array[...] += 1
        if group["maximize"]:
            grad = -grad
        if group["weight_decay"]:
            grad = grad + group["weight_decay"] * param
        total = state["sum"]._array
        total += grad * grad
        lr = group["lr"] / (1 + (float(state["step"].item()) - 1) * group["lr_decay"])
        param -= lr * grad / (xp.sqrt(total) + group["eps"])
