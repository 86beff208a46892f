"""Schedules that raise the learning rate and lower it again, and the momentum the other way round."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from minitorch.optim.lr_scheduler.base import LRScheduler, attributes_of, per_group, set_rate
from minitorch.optim.optimizer import Optimizer
from minitorch.public import checked, public

__all__ = ["CyclicLR", "OneCycleLR"]


class _CycleScheduler(LRScheduler):
    """The momentum of the parameter groups: their option "momentum", or the first of "betas"."""

    cycle_momentum: bool
    use_beta1: bool

    def _start_momentum(self, optimizer: Optimizer, base_momentum: Any, max_momentum: Any, last_epoch: int) -> None:
        """Set the largest momentum, unless resuming, and keep both ends in the parameter groups."""
        if "momentum" not in optimizer.defaults and "betas" not in optimizer.defaults:
            raise ValueError(
                f"optimizer must support momentum or beta1 with `cycle_momentum` option enabled, but "
                f"{type(optimizer).__name__} has neither: pass cycle_momentum=False"
            )
        self.use_beta1 = "betas" in optimizer.defaults
        self.base_momentums = per_group("base_momentums", optimizer, base_momentum)
        self.max_momentums = per_group("max_momentums", optimizer, max_momentum)
        if last_epoch == -1:
            self._set_momentum(optimizer, self.max_momentums)
            for group, low, high in zip(optimizer.param_groups, self.base_momentums, self.max_momentums, strict=True):
                group |= {"max_momentum": high, "base_momentum": low}

    def _set_momentum(self, optimizer: Optimizer, momentums: list[float]) -> None:
        for group, momentum in zip(optimizer.param_groups, momentums, strict=True):
            if self.use_beta1:
                group["betas"] = (momentum, *group["betas"][1:])
            else:
                group["momentum"] = momentum


class CyclicLR(_CycleScheduler):
    """lr = base_lr + (max_lr - base_lr) * height * scale: up in `step_size_up` steps, down in `step_size_down`, and again.

    height rises from 0 to 1 and falls to 0 in each cycle. scale is 1 in mode "triangular", 1 / 2^(cycle - 1) in "triangular2"
    and gamma^step in "exp_range"; or `scale_fn` of the cycle (1, 2, ...) or of the step, as `scale_mode` says, "cycle" or
    "iterations". With `cycle_momentum` the momentum is max_momentum - (max_momentum - base_momentum) * height * scale.
    Call step() after every batch. (Smith 2017.)

    Raises ValueError for an unknown mode, and with `cycle_momentum` for an optimizer without momentum.

    Example:
        >>> optimizer = minitorch.optim.SGD([minitorch.zeros(1, requires_grad=True)], lr=1.0, momentum=0.9)
        >>> scheduler = minitorch.optim.lr_scheduler.CyclicLR(optimizer, base_lr=1.0, max_lr=2.0, step_size_up=2)
        >>> for _ in range(5):
        ...     print(scheduler.get_last_lr()[0], round(optimizer.param_groups[0]["momentum"], 2))
        ...     optimizer.step()
        ...     scheduler.step()
        1.0 0.9
        1.5 0.85
        2.0 0.8
        1.5 0.85
        1.0 0.9
    """

    @checked
    def __init__(
        self,
        optimizer: Optimizer,
        base_lr: float | list[float],
        max_lr: float | list[float],
        step_size_up: float = 2000,
        step_size_down: float | None = None,
        mode: str = "triangular",
        gamma: float = 1.0,
        scale_fn: Callable[[float], float] | None = None,
        scale_mode: str = "cycle",
        cycle_momentum: bool = True,
        base_momentum: float | list[float] = 0.8,
        max_momentum: float | list[float] = 0.9,
        last_epoch: int = -1,
    ) -> None:
        base_lrs = per_group("base_lrs", optimizer, base_lr)
        self.max_lrs = per_group("max_lrs", optimizer, max_lr)
        step_size_down = step_size_up if step_size_down is None else step_size_down
        if not (step_size_up > 0 and step_size_down >= 0):
            raise ValueError(
                f"CyclicLR: expected a positive step_size_up and a step_size_down of at least 0, but got {step_size_up} and "
                f"{step_size_down}: the steps of the rise and of the fall"
            )
        if scale_fn is None and mode not in ("triangular", "triangular2", "exp_range"):
            raise ValueError(f"mode is invalid and scale_fn is None: {mode!r} is not triangular, triangular2 or exp_range")
        if scale_fn is not None and not callable(scale_fn):
            raise TypeError(f"scale_fn must be a function of the cycle or of the step, not {type(scale_fn).__name__}")
        if scale_mode not in ("cycle", "iterations"):
            raise ValueError(f"scale_mode {scale_mode!r} is unknown: expected 'cycle' or 'iterations'")
        if last_epoch == -1:
            for group, lr in zip(optimizer.param_groups, base_lrs, strict=True):
                set_rate(group, lr)
        self.total_size = float(step_size_up + step_size_down)
        self.step_ratio = step_size_up / self.total_size
        self.mode, self.gamma, self._scale_fn_custom = mode, gamma, scale_fn
        self.scale_mode = scale_mode if scale_fn is not None else "iterations" if mode == "exp_range" else "cycle"
        self.cycle_momentum = cycle_momentum
        if cycle_momentum:
            self._start_momentum(optimizer, base_momentum, max_momentum, last_epoch)
        super().__init__(optimizer, last_epoch)
        self.base_lrs = base_lrs

    def scale_fn(self, x: float) -> float:
        """The scale of the height in cycle x, or in step x, as `scale_mode` says."""
        if self._scale_fn_custom is not None:
            return self._scale_fn_custom(x)
        return {"triangular": 1.0, "triangular2": 0.5 ** (x - 1)}[self.mode] if self.mode != "exp_range" else self.gamma**x

    def get_lr(self) -> list[float]:
        cycle = math.floor(1 + self.last_epoch / self.total_size)
        x = 1.0 + self.last_epoch / self.total_size - cycle
        height = x / self.step_ratio if x <= self.step_ratio else (x - 1) / (self.step_ratio - 1)
        height *= self.scale_fn(cycle if self.scale_mode == "cycle" else self.last_epoch)
        if self.cycle_momentum:
            ends = zip(self.base_momentums, self.max_momentums, strict=True)
            self._set_momentum(self.optimizer, [high - (high - low) * height for low, high in ends])
        return [low + (high - low) * height for low, high in zip(self.base_lrs, self.max_lrs, strict=True)]

    def state_dict(self) -> dict[str, Any]:
        """All attributes but the optimizer; of a callable object as `scale_fn` its attributes, of a function nothing."""
        function = self._scale_fn_custom
        return {**super().state_dict(), "_scale_fn_custom": None if function is None else attributes_of(function)}

    @public
    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Load all attributes but `scale_fn`, of which only those of a callable object are loaded."""
        function = self._scale_fn_custom
        super().load_state_dict({**state_dict, "_scale_fn_custom": function})
        if function is not None:
            vars(function).update(state_dict["_scale_fn_custom"] or {})


class OneCycleLR(_CycleScheduler):
    """One rise of the learning rate and one fall in `total_steps`, or epochs * steps_per_epoch, steps.

    It rises from max_lr / div_factor to `max_lr` in the share `pct_start` of the steps, and falls to
    max_lr / div_factor / final_div_factor, along half cosines or lines (`anneal_strategy` "cos" or "linear"). With
    `three_phase` it falls to the first learning rate as long as it rose, and then to the last. With `cycle_momentum` the
    momentum falls from `max_momentum` to `base_momentum` while the learning rate rises, and rises again.
    Call step() after every batch. (Smith and Topin 2018.)

    Raises ValueError for no number of steps, a `pct_start` outside [0, 1], an unknown `anneal_strategy`, and with
    `cycle_momentum` for an optimizer without momentum.

    Example:
        >>> optimizer = minitorch.optim.SGD([minitorch.zeros(1, requires_grad=True)], lr=1.0, momentum=0.9)
        >>> scheduler = minitorch.optim.lr_scheduler.OneCycleLR(
        ...     optimizer, max_lr=1.0, total_steps=6, pct_start=0.5, div_factor=2.0, anneal_strategy="linear"
        ... )
        >>> for _ in range(5):
        ...     print(round(scheduler.get_last_lr()[0], 2), round(optimizer.param_groups[0]["momentum"], 2))
        ...     optimizer.step()
        ...     scheduler.step()
        0.5 0.95
        0.75 0.9
        1.0 0.85
        0.67 0.88
        0.33 0.92
    """

    @checked
    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: float | list[float],
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        cycle_momentum: bool = True,
        base_momentum: float | list[float] = 0.85,
        max_momentum: float | list[float] = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
        last_epoch: int = -1,
    ) -> None:
        if total_steps is None:
            if epochs is None or steps_per_epoch is None:
                raise ValueError("You must define either total_steps OR (epochs AND steps_per_epoch)")
            if epochs <= 0 or steps_per_epoch <= 0:
                raise ValueError(
                    f"Expected positive integer epochs and steps_per_epoch, but got {epochs} and {steps_per_epoch}"
                )
            total_steps = epochs * steps_per_epoch
        elif total_steps <= 0:
            raise ValueError(f"Expected positive integer total_steps, but got {total_steps}")
        if not (isinstance(pct_start, float) and 0 <= pct_start <= 1):
            raise ValueError(f"Expected float between 0 and 1 pct_start, but got {pct_start}")
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(f"anneal_strategy must be one of 'cos' or 'linear', instead got {anneal_strategy!r}")
        if not (div_factor > 0 and final_div_factor > 0):
            raise ValueError(f"div_factor and final_div_factor must be positive, but got {div_factor} and {final_div_factor}")
        self.total_steps, self._anneal_func_type, self.cycle_momentum = total_steps, anneal_strategy, cycle_momentum
        rise, last = pct_start * total_steps - 1, float(total_steps - 1)
        high, low = ("max_lr", "base_momentum"), ("initial_lr", "max_momentum")
        corners = [(rise, low, high), (2 * rise, high, low)] if three_phase else [(rise, low, high)]
        corners.append((last, corners[-1][2], ("min_lr", "max_momentum")))
        self._schedule_phases: list[dict[str, Any]] = [
            {"end_step": end, "start_lr": a, "end_lr": b, "start_momentum": c, "end_momentum": d}
            for end, (a, c), (b, d) in corners
        ]
        max_lrs = per_group("max_lrs", optimizer, max_lr)
        if last_epoch == -1:
            for group, top in zip(optimizer.param_groups, max_lrs, strict=True):
                first = top / div_factor
                group |= {"initial_lr": first, "max_lr": top, "min_lr": first / final_div_factor}
        if cycle_momentum:
            self._start_momentum(optimizer, base_momentum, max_momentum, last_epoch)
        super().__init__(optimizer, last_epoch)

    def _between(self, start: float, end: float, share: float) -> float:
        """From `start` at share 0 to `end` at share 1, along half a cosine or a line."""
        if self._anneal_func_type == "cos":
            return end + (start - end) * (1 + math.cos(math.pi * share)) / 2
        return start + (end - start) * share

    def get_lr(self) -> list[float]:
        step = self.last_epoch
        if step > self.total_steps:
            raise ValueError(
                f"Tried to step {step} times. The specified number of total steps is {self.total_steps}: pass the number of "
                "all batches of the training as total_steps"
            )
        start = 0.0
        for phase in self._schedule_phases[:-1]:
            if step <= phase["end_step"]:
                break
            start = phase["end_step"]
        else:
            phase = self._schedule_phases[-1]
        if phase["end_step"] == start:
            raise ValueError(
                f"OneCycleLR: a phase of total_steps={self.total_steps} has no steps: a rise takes pct_start * total_steps - 1 "
                "steps. Choose another pct_start, or more steps"
            )
        share, groups = (step - start) / (phase["end_step"] - start), self.optimizer.param_groups
        if self.cycle_momentum:
            a, b = phase["start_momentum"], phase["end_momentum"]
            self._set_momentum(self.optimizer, [self._between(group[a], group[b], share) for group in groups])
        return [self._between(group[phase["start_lr"]], group[phase["end_lr"]], share) for group in groups]
