"""Adam, and AdamW with decoupled weight decay."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from minitorch.autograd.tensor_base import wrap
from minitorch.backend.arrays import Array, xp
from minitorch.optim.optimizer import Optimizer
from minitorch.public import constructor

__all__ = ["Adam", "AdamW"]


class Adam(Optimizer):
    """param -= lr * m' / (sqrt(v') + eps): bias-corrected running means of g and g^2.

        m = beta1 m + (1 - beta1) g      m' = m / (1 - beta1^t)
        v = beta2 v + (1 - beta2) g^2    v' = v / (1 - beta2^t)

    `amsgrad` divides the largest v so far instead of v. g includes weight_decay * param. (Kingma and Ba 2015; Reddi et al.
    2018 for amsgrad.)
    """

    _decoupled = False
    _fixed_options = {**Optimizer._fixed_options, "capturable": False, "decoupled_weight_decay": False}

    @constructor
    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        defaults = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay}
        super().__init__(params, {**defaults, "amsgrad": amsgrad, "maximize": maximize})

    def _check(self, group: dict[str, Any]) -> None:
        super()._check(group)
        if not isinstance(group["betas"], (tuple, list)) or len(group["betas"]) != 2:
            raise TypeError(f"betas must be two numbers such as (0.9, 0.999), not {group['betas']!r:.40}")
        for i, beta in enumerate(group["betas"]):
            if not 0.0 <= beta < 1.0:
                raise ValueError(f"Invalid beta parameter at index {i}: {beta}")

    def _update(self, param: Array, grad: Array, state: dict[str, Any], group: dict[str, Any]) -> None:
        beta1, beta2 = group["betas"]
        lr, decay = group["lr"], group["weight_decay"]
        if group["maximize"]:
            grad = -grad
        if decay and self._decoupled:
            param *= 1 - lr * decay
        elif decay:
            grad = grad + decay * param
        if not state:
            state["step"] = wrap(xp.zeros((), dtype=xp.float32))
            for name in ("exp_avg", "exp_avg_sq", *(["max_exp_avg_sq"] if group["amsgrad"] else [])):
                state[name] = wrap(xp.zeros_like(param))
        state["step"]._array[...] += 1
        t = int(state["step"].item())
        m, v = state["exp_avg"]._array, state["exp_avg_sq"]._array
        m += (grad - m) * (1 - beta1)
        v *= beta2
        v += grad * grad * (1 - beta2)
        if group["amsgrad"]:
            max_v = state["max_exp_avg_sq"]._array
            xp.maximum(max_v, v, out=max_v)
            v = max_v
        param -= (lr / (1 - beta1**t)) * m / (xp.sqrt(v) / math.sqrt(1 - beta2**t) + group["eps"])


class AdamW(Adam):
    """Adam with decoupled weight decay: param *= 1 - lr * weight_decay before each step (Loshchilov and Hutter 2019)."""

    _decoupled = True
    _fixed_options = {**Adam._fixed_options, "decoupled_weight_decay": True}

    @constructor
    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, lr, betas, eps, weight_decay, amsgrad, maximize=maximize)
