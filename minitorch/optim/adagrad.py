"""Adagrad: the step is divided by the root of the sum of all squared gradients."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from minitorch.autograd.tensor_base import wrap
from minitorch.backend.arrays import Array, xp
from minitorch.optim.optimizer import Optimizer, begin_step
from minitorch.public import constructor

__all__ = ["Adagrad"]


class Adagrad(Optimizer):
    """param -= lr / (1 + (t - 1) lr_decay) * g / (sqrt(sum of g^2) + eps), at step t.

    g includes weight_decay * param; the sum starts at `initial_accumulator_value`. `foreach` and `fused` are only stored,
    `differentiable` must be False: see `Optimizer`. (Duchi et al. 2011.)

    Raises ValueError for negative options.

    Example:
        >>> p = nn.Parameter(minitorch.tensor([1.0, 100.0]))
        >>> optimizer = minitorch.optim.Adagrad([p], lr=0.5)
        >>> (p**2).sum().backward()
        >>> optimizer.step()
        >>> p.data
        tensor([ 0.5000, 99.5000])
    """

    _nonnegative = (*Optimizer._nonnegative, "lr_decay", "initial_accumulator_value")

    @constructor
    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-2,
        lr_decay: float = 0,
        weight_decay: float = 0,
        initial_accumulator_value: float = 0,
        eps: float = 1e-10,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        defaults: dict[str, Any] = {"lr": lr, "lr_decay": lr_decay, "eps": eps, "weight_decay": weight_decay}
        defaults |= {"initial_accumulator_value": initial_accumulator_value, "foreach": foreach, "maximize": maximize}
        super().__init__(params, defaults | {"differentiable": differentiable, "fused": fused})
        for group in self.param_groups:
            for param in group["params"]:
                self._init_state(param._array, self.state[param], group)

    @staticmethod
    def _init_state(param: Array, state: dict[str, Any], group: dict[str, Any]) -> None:
        state["step"] = wrap(xp.zeros((), dtype=xp.float32))
        state["sum"] = wrap(xp.full_like(param, group["initial_accumulator_value"]))

    def _update(self, param: Array, grad: Array, state: dict[str, Any], group: dict[str, Any]) -> None:
        if not state:
            self._init_state(param, state, group)
        t = begin_step(param, state)
        total = state["sum"]._array
        total += grad * grad
        lr = group["lr"] / (1 + (t - 1) * group["lr_decay"])
        param -= lr * grad / (xp.sqrt(total) + group["eps"])
