"""Adam and its variants: AdamW with decoupled weight decay, Adamax with the largest gradient in place of the mean square,
NAdam with Nesterov momentum, RAdam with a rectified first phase.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from minitorch.backend.arrays import Array, xp
from minitorch.backend.dispatch import definition
from minitorch.optim.optimizer import Optimizer, begin_step
from minitorch.public import constructor, public

__all__ = ["Adam", "AdamW", "Adamax", "NAdam", "RAdam"]


def _moments(
    param: Array, grad: Array, state: dict[str, Any], group: dict[str, Any], *buffers: str, **numbers: float
) -> tuple[int, Array, Array]:
    """Begin a step, and update the running means of g and g^2. Returns the step's number and the two means."""
    beta1, beta2 = group["betas"]
    t = begin_step(param, state, "exp_avg", "exp_avg_sq", *buffers, **numbers)
    m, v = state["exp_avg"]._array, state["exp_avg_sq"]._array
    _running_means(m, v, grad, beta1, beta2)
    return t, m, v


@definition
def _running_means(m: Array, v: Array, grad: Array, beta1: float, beta2: float) -> tuple[Array, Array]:
    """m = beta1 m + (1 - beta1) g and v = beta2 v + (1 - beta2) g^2, in place."""
    m += (grad - m) * (1 - beta1)
    v *= beta2
    v += grad * grad * (1 - beta2)
    return m, v


@definition
def _adam_step(param: Array, m: Array, v: Array, rate: float, root: float, eps: float) -> Array:
    """param -= rate * m / (sqrt(v) / root + eps), in place."""
    param -= rate * m / (xp.sqrt(v) / root + eps)
    return param


class Adam(Optimizer):
    """param -= lr * m' / (sqrt(v') + eps): bias-corrected running means of g and g^2.

        m = beta1 m + (1 - beta1) g      m' = m / (1 - beta1^t)
        v = beta2 v + (1 - beta2) g^2    v' = v / (1 - beta2^t)

    `amsgrad` divides by the largest v so far instead of v. g includes weight_decay * param; `decoupled_weight_decay` is AdamW.
    `foreach`, `fused` and `capturable` are only stored, `differentiable` must be False: see `Optimizer`. (Kingma and Ba 2015;
    Reddi et al. 2018 for amsgrad.)

    Raises ValueError for negative options, or betas outside [0, 1).

    Example:
        >>> p = nn.Parameter(minitorch.tensor([1.0, 100.0]))
        >>> optimizer = minitorch.optim.Adam([p], lr=0.5)
        >>> (p**2).sum().backward()
        >>> optimizer.step()
        >>> p.data  # the first step is lr, however large the gradient
        tensor([ 0.5000, 99.5000])
    """

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
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        decoupled_weight_decay: bool = False,
    ) -> None:
        if any(isinstance(beta, int) for beta in (betas if isinstance(betas, (tuple, list)) else ())):
            raise ValueError(f"betas must be either both floats or both Tensors, but got {betas!r:.40}: write 0.0 for 0")
        defaults: dict[str, Any] = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "amsgrad": amsgrad}
        defaults |= {"maximize": maximize, "foreach": foreach, "capturable": capturable, "differentiable": differentiable}
        super().__init__(params, defaults | {"fused": fused, "decoupled_weight_decay": decoupled_weight_decay})

    def _update(self, param: Array, grad: Array, state: dict[str, Any], group: dict[str, Any]) -> None:
        beta1, beta2 = group["betas"]
        t, m, v = _moments(param, grad, state, group, *(["max_exp_avg_sq"] if group["amsgrad"] else []))
        if group["amsgrad"]:
            max_v = state["max_exp_avg_sq"]._array
            xp.maximum(max_v, v, out=max_v)
            v = max_v
        _adam_step(param, m, v, group["lr"] / (1 - beta1**t), math.sqrt(1 - beta2**t), group["eps"])


class AdamW(Adam):
    """Adam with decoupled weight decay: param *= 1 - lr * weight_decay before each step (Loshchilov and Hutter 2019).

    Example:
        >>> p = nn.Parameter(minitorch.tensor([4.0, 100.0]))
        >>> optimizer = minitorch.optim.AdamW([p], lr=0.5, weight_decay=0.1)
        >>> p.sum().backward()
        >>> optimizer.step()
        >>> p.data  # 0.95 p - 0.5
        tensor([ 3.3000, 94.5000])
    """

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
        foreach: bool | None = None,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        options: dict[str, Any] = {"maximize": maximize, "foreach": foreach, "capturable": capturable, "fused": fused}
        options |= {"differentiable": differentiable, "decoupled_weight_decay": True}
        super().__init__(params, lr, betas, eps, weight_decay, amsgrad, **options)

    @public
    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Load options and state, also of Adam: the weight decay stays decoupled."""
        super().load_state_dict(state_dict)
        for group in self.param_groups:
            group["decoupled_weight_decay"] = True


class Adamax(Optimizer):
    """param -= lr / (1 - beta1^t) * m / u: Adam with the infinity norm u of past gradients in place of sqrt(v').

        m = beta1 m + (1 - beta1) g      u = max(beta2 u, |g| + eps)

    g includes weight_decay * param. `foreach` and `capturable` are only stored, `differentiable` must be False: see
    `Optimizer`. (Kingma and Ba 2015, section 7.1.)

    Raises ValueError for negative options, or betas outside [0, 1).

    Example:
        >>> p = minitorch.nn.Parameter(minitorch.tensor([1.0, 2.0]))
        >>> optimizer = minitorch.optim.Adamax([p], lr=0.5)
        >>> (p**2).sum().backward()
        >>> optimizer.step()
        >>> p.tolist()
        [0.5, 1.5]
    """

    @constructor
    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        defaults = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "foreach": foreach}
        defaults |= {"maximize": maximize, "differentiable": differentiable, "capturable": capturable}
        super().__init__(params, defaults)

    def _update(self, param: Array, grad: Array, state: dict[str, Any], group: dict[str, Any]) -> None:
        beta1, beta2 = group["betas"]
        t = begin_step(param, state, "exp_avg", "exp_inf")
        m, u = state["exp_avg"]._array, state["exp_inf"]._array
        m += (grad - m) * (1 - beta1)
        u *= beta2
        xp.maximum(u, abs(grad) + group["eps"], out=u)
        param -= (group["lr"] / (1 - beta1**t)) * m / u


class NAdam(Optimizer):
    """param -= lr * ((1 - mu_t) g / (1 - M_t) + mu_{t+1} m / (1 - M_{t+1})) / (sqrt(v') + eps): Adam with Nesterov momentum.

        m = beta1 m + (1 - beta1) g      mu_t = beta1 (1 - 0.96^(t momentum_decay) / 2)     M_t = mu_1 mu_2 ... mu_t
        v = beta2 v + (1 - beta2) g^2    v' = v / (1 - beta2^t)

    g includes weight_decay * param, unless `decoupled_weight_decay`: then param *= 1 - lr * weight_decay before each step.
    `foreach` and `capturable` are only stored, `differentiable` must be False: see `Optimizer`. (Dozat 2016.)

    Raises ValueError for negative options, or betas outside [0, 1).

    Example:
        >>> p = minitorch.nn.Parameter(minitorch.tensor([1.0, 100.0]))
        >>> optimizer = minitorch.optim.NAdam([p], lr=0.5)
        >>> (p**2).sum().backward()
        >>> optimizer.step()
        >>> p.data  # the first step has one size, however large the gradient
        tensor([ 0.4718, 99.4718])
    """

    _nonnegative = (*Optimizer._nonnegative, "momentum_decay")

    @constructor
    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum_decay: float = 4e-3,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        defaults: dict[str, Any] = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay}
        defaults |= {"momentum_decay": momentum_decay, "decoupled_weight_decay": decoupled_weight_decay, "maximize": maximize}
        super().__init__(params, defaults | {"foreach": foreach, "capturable": capturable, "differentiable": differentiable})

    def _update(self, param: Array, grad: Array, state: dict[str, Any], group: dict[str, Any]) -> None:
        (beta1, beta2), lr = group["betas"], group["lr"]
        t, m, v = _moments(param, grad, state, group, mu_product=1.0)
        mu, mu_next = (beta1 * (1 - 0.5 * 0.96 ** (k * group["momentum_decay"])) for k in (t, t + 1))
        state["mu_product"]._array[...] *= mu
        product = state["mu_product"].item()
        root = xp.sqrt(v / (1 - beta2**t)) + group["eps"]
        param -= (lr * (1 - mu) / (1 - product)) * grad / root
        param -= (lr * mu_next / (1 - product * mu_next)) * m / root


class RAdam(Optimizer):
    """param -= lr * r * m' / (sqrt(v') + eps): Adam, where r corrects the variance of the first steps' 1 / sqrt(v').

        r = sqrt((rho_t - 4) (rho_t - 2) rho_inf / ((rho_inf - 4) (rho_inf - 2) rho_t))
        rho_t = rho_inf - 2 t beta2^t / (1 - beta2^t)      rho_inf = 2 / (1 - beta2) - 1

    While rho_t <= 5, with the default betas for five steps, there is too little to estimate a variance from: param -= lr * m'.
    m' and v' are as in `Adam`; eps is added to sqrt(v) before the bias correction. g includes weight_decay * param, unless
    `decoupled_weight_decay`: then param *= 1 - lr * weight_decay before each step. `foreach` and `capturable` are only stored,
    `differentiable` must be False: see `Optimizer`. (Liu et al. 2020.)

    Raises ValueError for negative options, or betas outside [0, 1).

    Example:
        >>> p = minitorch.nn.Parameter(minitorch.tensor([1.0, 100.0]))
        >>> optimizer = minitorch.optim.RAdam([p], lr=0.25)
        >>> (p**2).sum().backward()
        >>> optimizer.step()
        >>> p.data  # the first steps follow the mean gradient
        tensor([ 0.5000, 50.0000])
    """

    @constructor
    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        defaults: dict[str, Any] = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "maximize": maximize}
        defaults |= {"foreach": foreach, "capturable": capturable, "decoupled_weight_decay": decoupled_weight_decay}
        super().__init__(params, defaults | {"differentiable": differentiable})

    def _update(self, param: Array, grad: Array, state: dict[str, Any], group: dict[str, Any]) -> None:
        beta1, beta2 = group["betas"]
        t, m, v = _moments(param, grad, state, group)
        step = (group["lr"] / (1 - beta1**t)) * m
        limit = 2 / (1 - beta2) - 1
        length = limit - 2 * t * beta2**t / (1 - beta2**t)
        if length > 5:
            rectified = (length - 4) * (length - 2) * limit / ((limit - 4) * (limit - 2) * length)
            step *= math.sqrt(rectified * (1 - beta2**t)) / (xp.sqrt(v) + group["eps"])
        param -= step
