"""The base class of schedulers."""

from __future__ import annotations

import types
from typing import Any

from minitorch.backend.callsite import warn
from minitorch.optim.optimizer import Optimizer
from minitorch.public import checked, public
from minitorch.tensor import Tensor

__all__ = ["LRScheduler", "attributes_of", "check_optimizer", "per_group", "set_rate"]


class LRScheduler:
    """The base class of schedulers; a subclass defines `get_lr`, from `last_epoch`, `base_lrs` and the parameter groups.

    Raises TypeError for what is no Optimizer, and KeyError for a `last_epoch` to resume from where the groups have no
    "initial_lr".

    Example:
        >>> class Halves(minitorch.optim.lr_scheduler.LRScheduler):
        ...     def get_lr(self):
        ...         return [lr / 2**self.last_epoch for lr in self.base_lrs]
        >>> optimizer = minitorch.optim.SGD([minitorch.zeros(1, requires_grad=True)], lr=1.0)
        >>> scheduler = Halves(optimizer)
        >>> for _ in range(3):
        ...     print(scheduler.get_last_lr())
        ...     optimizer.step()
        ...     scheduler.step()
        [1.0]
        [0.5]
        [0.25]
    """

    _is_initial = False  # whether the constructor takes the step: when resuming, the optimizer has its learning rate already

    @checked
    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        check_optimizer(optimizer)
        self.optimizer = optimizer
        for i, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                group.setdefault("initial_lr", copied(group["lr"]))
            elif "initial_lr" not in group:
                raise KeyError(
                    f"param 'initial_lr' is not specified in param_groups[{i}] when resuming at epoch {last_epoch}: "
                    "load the optimizer's state dict first"
                )
        self.base_lrs = [copied(group["initial_lr"]) for group in optimizer.param_groups]
        self.last_epoch = last_epoch
        self._initial_step()

    def _initial_step(self) -> None:
        self._step_count, self._is_initial = 0, True
        try:
            self.step()
        finally:
            self._is_initial = False

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
        self._update_lr(epoch)

    def _update_lr(self, epoch: int | None = None) -> None:
        self.last_epoch = self.last_epoch + 1 if epoch is None else epoch
        lrs = self.get_lr() if epoch is None else self._closed_form_lr()
        for group, lr in zip(self.optimizer.param_groups, lrs, strict=True):
            set_rate(group, lr)
        self._last_lr = self._current_lrs

    @property
    def _current_lrs(self) -> list[float]:
        return [copied(group["lr"]) for group in self.optimizer.param_groups]

    def _closed_form_lr(self) -> list[float]:
        """The learning rates of epoch `last_epoch`, whatever they are now."""
        return self.get_lr()

    def state_dict(self) -> dict[str, Any]:
        """All attributes but the optimizer, which has a state dict of its own."""
        return {key: value for key, value in vars(self).items() if key != "optimizer"}

    @public
    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over the attributes that `state_dict` returned."""
        if not isinstance(state_dict, dict):
            raise TypeError(f"load_state_dict expects a dict from state_dict(), not {type(state_dict).__name__}")
        vars(self).update(state_dict)


def copied(rate: Any) -> Any:
    """A learning rate that later changes of it in place, where it is a Tensor, do not reach."""
    return rate.clone() if isinstance(rate, Tensor) else rate


def set_rate(group: dict[str, Any], rate: Any) -> None:
    """Set the learning rate of a group; one that is a Tensor is changed in place."""
    if isinstance(group["lr"], Tensor):
        group["lr"].fill_(float(rate))
    else:
        group["lr"] = rate


def check_optimizer(optimizer: Any) -> None:
    """Raise TypeError unless `optimizer` is an Optimizer."""
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"{type(optimizer).__name__} is not an Optimizer")


def per_group(name: str, optimizer: Optimizer, value: Any) -> list[Any]:
    """A value for each parameter group: one for all of them, or a list with one per group."""
    check_optimizer(optimizer)
    count = len(optimizer.param_groups)
    values = list(value) if isinstance(value, (list, tuple)) else [value] * count
    if len(values) != count:
        raise ValueError(f"expected {count} {name}, one per parameter group, but got {len(values)}")
    return values


def attributes_of(function: Any) -> dict[str, Any] | None:
    """What a state dict has of a function: the attributes of a callable object, nothing of a plain function."""
    return None if isinstance(function, types.FunctionType) else dict(getattr(function, "__dict__", {}))
