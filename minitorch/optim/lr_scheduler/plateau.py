"""A schedule that follows a metric."""

from __future__ import annotations

import math
from typing import Any

from minitorch.optim.lr_scheduler.base import LRScheduler, check_optimizer, per_group, set_rate
from minitorch.optim.optimizer import Optimizer
from minitorch.public import checked

__all__ = ["ReduceLROnPlateau"]


class ReduceLROnPlateau(LRScheduler):
    """lr *= factor after more than `patience` epochs without improvement of a metric; then `cooldown` epochs of waiting.

    Call step(metric). In mode 'min' an improvement is below best * (1 - threshold), or with threshold_mode 'abs' below
    best - threshold; mode 'max' is the opposite.

    Raises ValueError for a factor of 1 or more, or an unknown mode.

    Example:
        >>> optimizer = minitorch.optim.SGD([minitorch.zeros(1, requires_grad=True)], lr=1.0)
        >>> scheduler = minitorch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.5, patience=1)
        >>> for validation_loss in (3.0, 2.0, 2.0, 2.0):
        ...     scheduler.step(validation_loss)
        ...     print(scheduler.get_last_lr())
        [1.0]
        [1.0]
        [1.0]
        [0.5]
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
        check_optimizer(optimizer)
        if factor >= 1.0:
            raise ValueError(f"Factor should be < 1.0, because it reduces the learning rate; got {factor}")
        for value, allowed in ((mode, ("min", "max")), (threshold_mode, ("rel", "abs"))):
            if value not in allowed:
                raise ValueError(f"mode {value} is unknown: expected {allowed[0]!r} or {allowed[1]!r}")
        self.min_lrs = per_group("min_lrs", optimizer, min_lr)
        self.optimizer, self.mode, self.factor, self.patience = optimizer, mode, factor, patience
        self.threshold, self.threshold_mode, self.cooldown, self.eps = threshold, threshold_mode, cooldown, eps
        self.best = math.inf if mode == "min" else -math.inf
        self.cooldown_counter: float = 0
        self.last_epoch = self.num_bad_epochs = 0
        self._last_lr = self._current_lrs

    @property
    def in_cooldown(self) -> bool:
        """Whether epochs of waiting are left."""
        return self.cooldown_counter > 0

    def _is_better(self, metric: float) -> bool:
        sign = -1 if self.mode == "min" else 1
        if self.threshold_mode == "rel":
            target = self.best * (1 + sign * self.threshold)
        else:
            target = self.best + sign * self.threshold
        return metric < target if self.mode == "min" else metric > target

    def step(self, metrics: Any, epoch: int | None = None) -> None:
        """Record this epoch's metric; reduce the learning rate after too many epochs without improvement."""
        metric = float(metrics)
        self.last_epoch = self.last_epoch + 1 if epoch is None else epoch
        if self._is_better(metric):
            self.best, self.num_bad_epochs = metric, 0
        else:
            self.num_bad_epochs += 1
        if self.in_cooldown:
            self.cooldown_counter -= 1
            self.num_bad_epochs = 0
        if self.num_bad_epochs > self.patience:
            min_lrs = self.min_lrs + self.min_lrs[-1:] * (len(self.optimizer.param_groups) - len(self.min_lrs))
            for group, min_lr in zip(self.optimizer.param_groups, min_lrs, strict=True):
                lr = max(group["lr"] * self.factor, min_lr)
                if group["lr"] - lr > self.eps:
                    set_rate(group, lr)
            self.cooldown_counter, self.num_bad_epochs = self.cooldown, 0
        self._last_lr = self._current_lrs
