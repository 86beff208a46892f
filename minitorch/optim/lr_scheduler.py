"""Learning rate schedulers. Call `scheduler.step()` once per epoch, after `optimizer.step()`.

Most schedulers multiply the current learning rate, so that several can be chained on one optimizer.
"""

from __future__ import annotations

import bisect
import math
import types
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
    """The base class of schedulers; a subclass defines `get_lr`, from `last_epoch`, `base_lrs` and the parameter groups."""

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
                    "load the optimizer's state dict first"
                )
        self.base_lrs = [group["initial_lr"] for group in optimizer.param_groups]
        self.last_epoch = last_epoch
        self._step_count = 0
        self.step()

    def get_lr(self) -> list[float]:
        """The learning rate of each group in epoch `last_epoch`."""
        raise NotImplementedError(f"{type(self).__name__} must define get_lr()")

    def get_last_lr(self) -> list[float]:
        """The learning rates set by the last step."""
        return self._last_lr

    def step(self, epoch: int | None = None) -> None:
        """Advance to the next epoch, or to `epoch`, and set its learning rates."""
        if self._step_count == 1 and "step" in vars(self.optimizer):
            warn(
                "Seems like `optimizer.step()` has been overridden after learning rate scheduler initialization. Please, make "
                "sure to call `optimizer.step()` before `lr_scheduler.step()`"
            )
        elif self._step_count == 1 and not self.optimizer._opt_called:
            warn(
                "Detected call of `lr_scheduler.step()` before `optimizer.step()`: this skips the first learning rate. Call "
                "`optimizer.step()` first"
            )
        self._step_count += 1
        if epoch is not None:
            warn("The epoch parameter in `scheduler.step()` is deprecated: use `scheduler.step()` to step the scheduler")
        self.last_epoch = self.last_epoch + 1 if epoch is None else epoch
        lrs = self.get_lr() if epoch is None else self._closed_form_lr()
        for group, lr in zip(self.optimizer.param_groups, lrs, strict=True):
            group["lr"] = lr
        self._last_lr = self._current_lrs

    @property
    def _current_lrs(self) -> list[float]:
        return [group["lr"] for group in self.optimizer.param_groups]

    @property
    def _resumes(self) -> bool:
        """Whether the constructor is resuming at `last_epoch`: the optimizer has its learning rate already."""
        return self._step_count == 1 and self.last_epoch > 0

    def _closed_form_lr(self) -> list[float]:
        """The learning rates of epoch `last_epoch`, whatever they are now."""
        return self.get_lr()

    def state_dict(self) -> dict[str, Any]:
        """All attributes but the optimizer, which has a state dict of its own."""
        return {key: value for key, value in vars(self).items() if key != "optimizer"}

    @public
    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        if not isinstance(state_dict, dict):
            raise TypeError(f"load_state_dict expects a dict from state_dict(), not {type(state_dict).__name__}")
        vars(self).update(state_dict)


def _check_optimizer(optimizer: Any) -> None:
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"{type(optimizer).__name__} is not an Optimizer")


class StepLR(LRScheduler):
    """lr *= gamma every `step_size` epochs."""

    @checked
    def __init__(self, optimizer: Optimizer, step_size: float, gamma: float = 0.1, last_epoch: int = -1) -> None:
        if not step_size > 0:
            raise ValueError(f"StepLR: step_size must be positive, but got {step_size}: the epochs between two reductions")
        self.step_size, self.gamma = step_size, gamma
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        if self._resumes or self.last_epoch == 0 or self.last_epoch % self.step_size:
            return self._current_lrs
        return [lr * self.gamma for lr in self._current_lrs]

    def _closed_form_lr(self) -> list[float]:
        return [lr * self.gamma ** (self.last_epoch // self.step_size) for lr in self.base_lrs]


class MultiStepLR(LRScheduler):
    """lr *= gamma at each epoch in `milestones`; an epoch that occurs twice counts twice."""

    @checked
    def __init__(self, optimizer: Optimizer, milestones: Iterable[int], gamma: float = 0.1, last_epoch: int = -1) -> None:
        self.milestones, self.gamma = Counter(milestones), gamma
        super().__init__(optimizer, last_epoch)

    @public
    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        super().load_state_dict({**state_dict, "milestones": Counter(state_dict["milestones"])})

    def get_lr(self) -> list[float]:
        if self._resumes:
            return self._current_lrs
        return [lr * self.gamma ** self.milestones[self.last_epoch] for lr in self._current_lrs]

    def _closed_form_lr(self) -> list[float]:
        passed = bisect.bisect_right(sorted(self.milestones.elements()), self.last_epoch)
        return [lr * self.gamma**passed for lr in self.base_lrs]


class ExponentialLR(LRScheduler):
    """lr *= gamma every epoch."""

    @checked
    def __init__(self, optimizer: Optimizer, gamma: float, last_epoch: int = -1) -> None:
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        if self._resumes or self.last_epoch == 0:
            return self._current_lrs
        return [lr * self.gamma for lr in self._current_lrs]

    def _closed_form_lr(self) -> list[float]:
        return [lr * self.gamma**self.last_epoch for lr in self.base_lrs]


class CosineAnnealingLR(LRScheduler):
    """lr = eta_min + (base_lr - eta_min) (1 + cos(pi epoch / T_max)) / 2 (Loshchilov and Hutter 2017).

    Half a cosine from the base learning rate down to `eta_min` in T_max epochs, then up again.
    """

    @checked
    def __init__(self, optimizer: Optimizer, T_max: float, eta_min: float = 0.0, last_epoch: int = -1) -> None:
        self.T_max, self.eta_min = T_max, eta_min
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        if self._resumes or self.last_epoch == 0:
            return self._current_lrs
        current, previous = (1 + math.cos(math.pi * e / self.T_max) for e in (self.last_epoch, self.last_epoch - 1))
        if (self.last_epoch - 1 - self.T_max) % (2 * self.T_max) == 0:  # previous is 0 at the minimum
            rise = (1 - math.cos(math.pi / self.T_max)) / 2
            return [lr + (base - self.eta_min) * rise for lr, base in zip(self._current_lrs, self.base_lrs, strict=True)]
        return [current / previous * (lr - self.eta_min) + self.eta_min for lr in self._current_lrs]

    def _closed_form_lr(self) -> list[float]:
        cosine = math.cos(math.pi * self.last_epoch / self.T_max)
        return [self.eta_min + (base - self.eta_min) * (1 + cosine) / 2 for base in self.base_lrs]


class LambdaLR(LRScheduler):
    """lr = base_lr * lr_lambda(epoch); `lr_lambda` is one function, or a list with one per group."""

    @checked
    def __init__(
        self,
        optimizer: Optimizer,
        lr_lambda: Callable[[int], float] | list[Callable[[int], float]],
        last_epoch: int = -1,
    ) -> None:
        _check_optimizer(optimizer)
        n_groups = len(optimizer.param_groups)
        self.lr_lambdas = list(lr_lambda) if isinstance(lr_lambda, (list, tuple)) else [lr_lambda] * n_groups
        for function in self.lr_lambdas:
            if not callable(function):
                raise TypeError(f"lr_lambda must be a function or a list of functions, not {type(function).__name__}")
        if len(self.lr_lambdas) != n_groups:
            raise ValueError(f"Expected {n_groups} lr_lambdas, one per parameter group, but got {len(self.lr_lambdas)}")
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        return [base * f(self.last_epoch) for base, f in zip(self.base_lrs, self.lr_lambdas, strict=True)]

    def state_dict(self) -> dict[str, Any]:
        """All attributes but the optimizer and the functions; of callable objects their attributes. Pass functions to the new
        scheduler.
        """
        saved = [None if isinstance(f, types.FunctionType) else dict(getattr(f, "__dict__", {})) for f in self.lr_lambdas]
        return {**super().state_dict(), "lr_lambdas": saved}

    @public
    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        vars(self).update({key: value for key, value in state_dict.items() if key != "lr_lambdas"})
        for function, saved in zip(self.lr_lambdas, state_dict.get("lr_lambdas", []), strict=False):
            if saved:
                vars(function).update(saved)


class ReduceLROnPlateau(LRScheduler):
    """lr *= factor after more than `patience` epochs without improvement of a metric; then `cooldown` epochs of waiting.

    Call step(metric). In mode 'min' an improvement is below best * (1 - threshold), or with threshold_mode 'abs' below
    best - threshold; mode 'max' is the opposite.
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
            raise ValueError(f"Factor should be < 1.0, because it reduces the learning rate; got {factor}")
        for value, allowed in ((mode, ("min", "max")), (threshold_mode, ("rel", "abs"))):
            if value not in allowed:
                raise ValueError(f"mode {value} is unknown: expected {allowed[0]!r} or {allowed[1]!r}")
        n_groups = len(optimizer.param_groups)
        self.min_lrs = list(min_lr) if isinstance(min_lr, (list, tuple)) else [min_lr] * n_groups
        if len(self.min_lrs) != n_groups:
            raise ValueError(f"expected {n_groups} min_lrs, one per parameter group, got {len(self.min_lrs)}")
        self.optimizer, self.mode, self.factor, self.patience = optimizer, mode, factor, patience
        self.threshold, self.threshold_mode, self.cooldown, self.eps = threshold, threshold_mode, cooldown, eps
        self.best = math.inf if mode == "min" else -math.inf
        self.cooldown_counter: float = 0
        self.last_epoch = self.num_bad_epochs = 0
        self._last_lr = self._current_lrs

    @property
    def in_cooldown(self) -> bool:
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
                    group["lr"] = lr
            self.cooldown_counter, self.num_bad_epochs = self.cooldown, 0
        self._last_lr = self._current_lrs
