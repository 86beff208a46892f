"""Schedules made of other schedules."""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from typing import Any

from minitorch.optim.lr_scheduler.base import LRScheduler, check_optimizer, set_rate
from minitorch.optim.lr_scheduler.plateau import ReduceLROnPlateau
from minitorch.optim.optimizer import Optimizer
from minitorch.public import checked, public

__all__ = ["ChainedScheduler", "SequentialLR"]


class _ComposedScheduler(LRScheduler):
    """The schedulers of one optimizer, `_schedulers`."""

    def _set_schedulers(self, schedulers: Sequence[LRScheduler], optimizer: Optimizer | None) -> None:
        name = type(self).__name__
        if len(schedulers) < 1:
            raise ValueError(f"{name} expects at least one scheduler, but got no scheduler")
        for i, scheduler in enumerate(schedulers):
            if not isinstance(scheduler, LRScheduler):
                raise TypeError(f"{name}: expected a scheduler at index {i}, but got {type(scheduler).__name__}")
            if isinstance(scheduler, ReduceLROnPlateau):
                raise ValueError(
                    f"{name} does not support `ReduceLROnPlateau` scheduler, because its step needs a metric, but got one at "
                    f"index {i}. Call its step(metric) beside {name}.step()"
                )
            if scheduler.optimizer is not (optimizer or schedulers[0].optimizer):
                raise ValueError(
                    f"{name} expects all schedulers to belong to the same optimizer, but the {type(scheduler).__name__} at "
                    f"index {i} has another one"
                )
        self._schedulers = list(schedulers)
        self.optimizer = schedulers[0].optimizer

    def state_dict(self) -> dict[str, Any]:
        """All attributes but the optimizer, and the state dicts of the schedulers."""
        return {**super().state_dict(), "_schedulers": [scheduler.state_dict() for scheduler in self._schedulers]}

    @public
    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Load the states of all schedulers. Raises ValueError, before any change, for another number of schedulers."""
        states = state_dict["_schedulers"]
        if len(states) != len(self._schedulers):
            raise ValueError(
                f"the state dict has {len(states)} schedulers, but {type(self).__name__} has {len(self._schedulers)}"
            )
        super().load_state_dict({**state_dict, "_schedulers": self._schedulers})
        for scheduler, state in zip(self._schedulers, states, strict=True):
            scheduler.load_state_dict(state)


class SequentialLR(_ComposedScheduler):
    """One scheduler after another: schedulers[i] starts, at its epoch 0, in epoch milestones[i - 1].

    Raises ValueError unless there is one scheduler more than milestones.

    Example, a warm-up:
        >>> from minitorch.optim.lr_scheduler import CosineAnnealingLR, LinearLR, SequentialLR
        >>> optimizer = minitorch.optim.SGD([minitorch.zeros(1, requires_grad=True)], lr=1.0)
        >>> schedulers = [LinearLR(optimizer, 0.5, total_iters=2), CosineAnnealingLR(optimizer, T_max=2)]
        >>> scheduler = SequentialLR(optimizer, schedulers, milestones=[2])
        >>> for _ in range(5):
        ...     print(round(scheduler.get_last_lr()[0], 2))
        ...     optimizer.step()
        ...     scheduler.step()
        0.5
        0.75
        1.0
        0.5
        0.0
    """

    @checked
    def __init__(
        self, optimizer: Optimizer, schedulers: list[LRScheduler], milestones: list[int], last_epoch: int = -1
    ) -> None:
        check_optimizer(optimizer)
        self._set_schedulers(schedulers, optimizer)
        if len(milestones) != len(schedulers) - 1:
            raise ValueError(
                "Sequential Schedulers expects number of schedulers provided to be one more than the number of milestone "
                f"points, but got {len(schedulers)} schedulers and {len(milestones)} milestones"
            )
        for scheduler in self._schedulers[1:]:
            if isinstance(scheduler, _ComposedScheduler):
                raise NotImplementedError(
                    f"SequentialLR: a {type(scheduler).__name__} cannot start again at its epoch 0, so that it can only be the "
                    "first scheduler. Put the parts of a SequentialLR into this one"
                )
        self._milestones = list(milestones)
        self.last_epoch = last_epoch + 1
        for group in optimizer.param_groups:
            set_rate(group, group["initial_lr"])
        pending: list[LRScheduler] = [self]  # undo the first steps of the schedulers, which their constructors made
        while pending:
            scheduler = pending.pop()
            if isinstance(scheduler, _ComposedScheduler):
                pending += scheduler._schedulers
            else:
                scheduler.last_epoch -= 1
        first = self._schedulers[bisect.bisect_right(self._milestones, 0)]
        first._initial_step()
        self._last_lr = first.get_last_lr()

    def step(self, epoch: None = None) -> None:
        """Advance to the next epoch and set its learning rates."""
        _refuse_epoch(epoch)
        self.last_epoch += 1
        i = bisect.bisect_right(self._milestones, self.last_epoch)
        scheduler = self._schedulers[i]
        if i > 0 and self._milestones[i - 1] == self.last_epoch:
            scheduler._update_lr(0)
        else:
            scheduler.step()
        self._last_lr = scheduler.get_last_lr()


class ChainedScheduler(_ComposedScheduler):
    """Several schedulers at once: each step takes a step of each, so that their factors multiply.

    Raises ValueError for no scheduler.

    Example:
        >>> from minitorch.optim.lr_scheduler import ChainedScheduler, ConstantLR, ExponentialLR
        >>> optimizer = minitorch.optim.SGD([minitorch.zeros(1, requires_grad=True)], lr=1.0)
        >>> scheduler = ChainedScheduler([ConstantLR(optimizer, 0.5, total_iters=2), ExponentialLR(optimizer, 0.5)])
        >>> for _ in range(3):
        ...     print(scheduler.get_last_lr()[0])
        ...     optimizer.step()
        ...     scheduler.step()
        0.5
        0.25
        0.25
    """

    @checked
    def __init__(self, schedulers: Sequence[LRScheduler], optimizer: Optimizer | None = None) -> None:
        self._set_schedulers(schedulers, optimizer)
        self._last_lr = self._current_lrs

    def step(self, epoch: None = None) -> None:
        """Take a step of each scheduler."""
        _refuse_epoch(epoch)
        for scheduler in self._schedulers:
            scheduler.step()
        self._last_lr = self._current_lrs


def _refuse_epoch(epoch: Any) -> None:
    if epoch is not None:
        raise TypeError("step() of several schedulers takes no epoch, because each has its own: call step()")
