"""Schedules: how the learning rate changes from epoch to epoch. Call `scheduler.step()` once an epoch, after the optimizer's.

A schedule multiplies the rate it finds, so that several may act on one optimizer, one after the other.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from minitorch.backend.callsite import warn
from minitorch.optim.optimizer import Optimizer
from minitorch.public import checked, public

__all__ = [
    "CosineAnnealingLR", "ExponentialLR", "LRScheduler", "LambdaLR", "MultiStepLR", "ReduceLROnPlateau", "StepLR",
]  # fmt: skip


class LRScheduler:
    """The base of schedules; a subclass defines `get_lr`, from `last_epoch`, `base_lrs` and the optimizer's groups."""

    @checked
    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        _check_optimizer(optimizer)
        self.optimizer = optimizer
        for i, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                group.setdefault("initial_lr", group["lr"])
            elif "initial_lr" not in group:
                raise KeyError(
                    f"param 'initial_lr' is not specified in param_groups[{i}] when resuming at epoch {last_epoch}: "
                    "load the optimizer's state first"
                )
        self.base_lrs = [group["initial_lr"] for group in optimizer.param_groups]
        self.last_epoch = last_epoch
        self._step_count = 0
        self.step()

    def get_lr(self) -> list[float]:
        """The rate of each group in epoch `last_epoch`."""
        raise NotImplementedError(f"{type(self).__name__} must define get_lr()")

    def get_last_lr(self) -> list[float]:
        """The rates that the last step set."""
        return self._last_lr

    def step(self) -> None:
        """Go on to the next epoch."""
        if self._step_count == 1 and not self.optimizer._stepped:
            warn(
                "Detected call of `lr_scheduler.step()` before `optimizer.step()`: the schedule's first value is skipped. Call "
                "the optimizer's first"
            )
        self._step_count += 1
        self.last_epoch += 1
        for group, lr in zip(self.optimizer.param_groups, self.get_lr(), strict=True):
            group["lr"] = lr
        self._last_lr = [group["lr"] for group in self.optimizer.param_groups]

    @property
    def _rates(self) -> list[float]:
        return [group["lr"] for group in self.optimizer.param_groups]

    def state_dict(self) -> dict[str, Any]:
        """Everything that `load_state_dict` needs to go on from here; the optimizer has its own."""
        return {key: value for key, value in vars(self).items() if key != "optimizer"}

    @public
    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        if not isinstance(state_dict, dict):
            raise TypeError(f"load_state_dict expects a dict, as state_dict() gives, not {type(state_dict).__name__}")
        vars(self).update(state_dict)


def _check_optimizer(optimizer: Any) -> None:
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"{type(optimizer).__name__} is not an Optimizer")


class StepLR(LRScheduler):
    """lr *= gamma every `step_size` epochs."""

    @checked
    def __init__(self, optimizer: Optimizer, step_size: float, gamma: float = 0.1, last_epoch: int = -1) -> None:
        self.step_size, self.gamma = step_size, gamma
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        if self.last_epoch == 0 or self.last_epoch % self.step_size:
            return self._rates
        return [lr * self.gamma for lr in self._rates]


class MultiStepLR(LRScheduler):
    """lr *= gamma at each epoch of `milestones`; twice at one that is named twice."""

    @checked
    def __init__(self, optimizer: Optimizer, milestones: Iterable[int], gamma: float = 0.1, last_epoch: int = -1) -> None:
        self.milestones, self.gamma = Counter(milestones), gamma
        super().__init__(optimizer, last_epoch)

    @public
    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        super().load_state_dict({**state_dict, "milestones": Counter(state_dict["milestones"])})

    def get_lr(self) -> list[float]:
        return [lr * self.gamma ** self.milestones[self.last_epoch] for lr in self._rates]


class ExponentialLR(LRScheduler):
    """lr *= gamma every epoch."""

    @checked
    def __init__(self, optimizer: Optimizer, gamma: float, last_epoch: int = -1) -> None:
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        return [lr * self.gamma for lr in self._rates] if self.last_epoch else self._rates


class CosineAnnealingLR(LRScheduler):
    """From the base rate down to `eta_min` in T_max epochs along half a cosine, then up again (Loshchilov and Hutter 2017).

    lr = eta_min + (base - eta_min) (1 + cos(pi epoch / T_max)) / 2
    """

    @checked
    def __init__(self, optimizer: Optimizer, T_max: float, eta_min: float = 0.0, last_epoch: int = -1) -> None:
        self.T_max, self.eta_min = T_max, eta_min
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        if self.last_epoch == 0:
            return self._rates
        now, before = (1 + math.cos(math.pi * e / self.T_max) for e in (self.last_epoch, self.last_epoch - 1))
        if self._step_count == 1:
            return [self.eta_min + (base - self.eta_min) * now / 2 for base in self.base_lrs]
        if (self.last_epoch - 1 - self.T_max) % (2 * self.T_max) == 0:  # from the bottom up: nothing to multiply
            rise = (1 - math.cos(math.pi / self.T_max)) / 2
            return [lr + (base - self.eta_min) * rise for lr, base in zip(self._rates, self.base_lrs, strict=True)]
        return [now / before * (lr - self.eta_min) + self.eta_min for lr in self._rates]


class LambdaLR(LRScheduler):
    """lr = base * lr_lambda(epoch); one function, or one for each group."""

    @checked
    def __init__(
        self,
        optimizer: Optimizer,
        lr_lambda: Callable[[int], float] | list[Callable[[int], float]],
        last_epoch: int = -1,
    ) -> None:
        _check_optimizer(optimizer)
        groups = len(optimizer.param_groups)
        self.lr_lambdas = list(lr_lambda) if isinstance(lr_lambda, (list, tuple)) else [lr_lambda] * groups
        for function in self.lr_lambdas:
            if not callable(function):
                raise TypeError(f"lr_lambda is a function of the epoch, or a list of them, not {type(function).__name__}")
        if len(self.lr_lambdas) != groups:
            raise ValueError(f"Expected {groups} lr_lambdas, one a group, but got {len(self.lr_lambdas)}")
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        return [base * f(self.last_epoch) for base, f in zip(self.base_lrs, self.lr_lambdas, strict=True)]

    def state_dict(self) -> dict[str, Any]:
        """As for other schedules, without the functions: they are code, and given anew."""
        return {**super().state_dict(), "lr_lambdas": [None] * len(self.lr_lambdas)}

    @public
    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        vars(self).update({key: value for key, value in state_dict.items() if key != "lr_lambdas"})


class ReduceLROnPlateau(LRScheduler):
    """lr *= factor when a metric has not improved for more than `patience` epochs; then nothing for `cooldown` epochs.

    Call step(metric). In mode 'min' an improvement is below best * (1 - threshold), or with threshold_mode 'abs' below
    best - threshold; in mode 'max' the other way round.
    """

    @checked
    def __init__(
        self,
        optimizer: Optimizer,
        mode: str = "min",
        factor: float = 0.1,
        patience: float = 10,
        threshold: float = 1e-4,
        threshold_mode: str = "rel",
        cooldown: float = 0,
        min_lr: float | list[float] = 0,
        eps: float = 1e-8,
    ) -> None:
        _check_optimizer(optimizer)
        if factor >= 1.0:
            raise ValueError(f"Factor should be < 1.0, as it shall make the rate smaller; got {factor}")
        for word, words in ((mode, ("min", "max")), (threshold_mode, ("rel", "abs"))):
            if word not in words:
                raise ValueError(f"mode {word} is unknown: {words[0]!r} and {words[1]!r} are there")
        groups = len(optimizer.param_groups)
        self.min_lrs = list(min_lr) if isinstance(min_lr, (list, tuple)) else [min_lr] * groups
        if len(self.min_lrs) != groups:
            raise ValueError(f"expected {groups} min_lrs, one a group, got {len(self.min_lrs)}")
        self.optimizer, self.mode, self.factor, self.patience = optimizer, mode, factor, patience
        self.threshold, self.threshold_mode, self.cooldown, self.eps = threshold, threshold_mode, cooldown, eps
        self.best = math.inf if mode == "min" else -math.inf
        self.cooldown_counter: float = 0
        self.last_epoch = self.num_bad_epochs = 0
        self._last_lr = self._rates

    @property
    def in_cooldown(self) -> bool:
        return self.cooldown_counter > 0

    def _improved(self, metric: float) -> bool:
        sign = -1 if self.mode == "min" else 1
        if self.threshold_mode == "rel":
            bar = self.best * (1 + sign * self.threshold)
        else:
            bar = self.best + sign * self.threshold
        return metric < bar if self.mode == "min" else metric > bar

    def step(self, metrics: Any) -> None:
        """Note this epoch's metric, and lower the rate if it has stood still for too long."""
        metric = float(metrics)
        self.last_epoch += 1
        if self._improved(metric):
            self.best, self.num_bad_epochs = metric, 0
        else:
            self.num_bad_epochs += 1
        if self.in_cooldown:
            self.cooldown_counter -= 1
            self.num_bad_epochs = 0
        if self.num_bad_epochs > self.patience:
            least_of = self.min_lrs + self.min_lrs[-1:] * (len(self.optimizer.param_groups) - len(self.min_lrs))
            for group, least in zip(self.optimizer.param_groups, least_of, strict=True):
                lr = max(group["lr"] * self.factor, least)
                if group["lr"] - lr > self.eps:
                    group["lr"] = lr
            self.cooldown_counter, self.num_bad_epochs = self.cooldown, 0
        self._last_lr = self._rates
