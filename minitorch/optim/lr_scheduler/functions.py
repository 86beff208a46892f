"""Schedules given by functions of the epoch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minitorch.optim.lr_scheduler.base import LRScheduler, attributes_of, per_group
from minitorch.optim.optimizer import Optimizer
from minitorch.public import checked, public

__all__ = ["LambdaLR", "MultiplicativeLR"]


class _FunctionScheduler(LRScheduler):
    """The functions of the parameter groups, `lr_lambdas`."""

    @checked
    def __init__(
        self,
        optimizer: Optimizer,
        lr_lambda: Callable[[int], float] | list[Callable[[int], float]],
        last_epoch: int = -1,
    ) -> None:
        self.lr_lambdas = per_group("lr_lambdas", optimizer, lr_lambda)
        for function in self.lr_lambdas:
            if not callable(function):
                raise TypeError(f"lr_lambda must be a function or a list of functions, not {type(function).__name__}")
        super().__init__(optimizer, last_epoch)

    def state_dict(self) -> dict[str, Any]:
        """All attributes but the optimizer and the functions; of callable objects their attributes. Pass functions to the new
        scheduler.
        """
        return {**super().state_dict(), "lr_lambdas": [attributes_of(f) for f in self.lr_lambdas]}

    @public
    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        vars(self).update({key: value for key, value in state_dict.items() if key != "lr_lambdas"})
        for function, saved in zip(self.lr_lambdas, state_dict.get("lr_lambdas", []), strict=False):
            if saved:
                vars(function).update(saved)


class LambdaLR(_FunctionScheduler):
    """lr = base_lr * lr_lambda(epoch); `lr_lambda` is one function, or a list with one per group.

    Raises ValueError for a list of another length than the groups.

    Example, a warm-up:
        >>> optimizer = minitorch.optim.SGD([minitorch.zeros(1, requires_grad=True)], lr=1.0)
        >>> scheduler = minitorch.optim.lr_scheduler.LambdaLR(optimizer, lambda epoch: min(1.0, (epoch + 1) / 4))
        >>> for _ in range(5):
        ...     print(scheduler.get_last_lr())
        ...     optimizer.step()
        ...     scheduler.step()
        [0.25]
        [0.5]
        [0.75]
        [1.0]
        [1.0]
    """

    def get_lr(self) -> list[float]:
        return [base * f(self.last_epoch) for base, f in zip(self.base_lrs, self.lr_lambdas, strict=True)]


class MultiplicativeLR(_FunctionScheduler):
    """lr *= lr_lambda(epoch) from epoch 1 on; `lr_lambda` is one function, or a list with one per group.

    Example:
        >>> optimizer = minitorch.optim.SGD([minitorch.zeros(1, requires_grad=True)], lr=1.0)
        >>> scheduler = minitorch.optim.lr_scheduler.MultiplicativeLR(optimizer, lambda epoch: 0.5)
        >>> optimizer.step()
        >>> scheduler.step()
        >>> scheduler.get_last_lr()
        [0.5]
    """

    def get_lr(self) -> list[float]:
        if self._is_initial:
            return self._current_lrs
        return [lr * f(self.last_epoch) for lr, f in zip(self._current_lrs, self.lr_lambdas, strict=True)]
