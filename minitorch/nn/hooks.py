"""Backward hooks of modules: an identity Function at a module's inputs, and one at its outputs, pass on the gradients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minitorch.autograd.function import Function
from minitorch.tensor import Tensor

__all__ = ["BackwardHook", "BackwardHookFunction"]


class BackwardHook:
    """Calls a module's backward hooks with the gradients of its inputs and outputs (PyTorch: BackwardHook)."""

    def __init__(self, module: Any, hooks: tuple[Callable[..., Any], ...]) -> None:
        self.module, self.hooks = module, hooks
        self.grad_output: tuple[Any, ...] = ()
        self.has_inputs = False

    def setup_inputs(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        positions = [i for i, a in enumerate(args) if isinstance(a, Tensor)]
        self.has_inputs = any(args[i].requires_grad for i in positions)
        if not self.has_inputs:
            self.n_inputs = len(positions)
            return args
        wrapped = list(args)
        for i, x in zip(positions, BackwardHookFunction.apply(self.run_hooks, *(args[i] for i in positions)), strict=True):
            wrapped[i] = x
        return tuple(wrapped)

    def setup_outputs(self, output: Any) -> Any:
        is_sequence = isinstance(output, (tuple, list))
        outputs = tuple(output) if is_sequence else (output,)
        positions = [i for i, y in enumerate(outputs) if isinstance(y, Tensor)]
        tensors = [outputs[i] for i in positions]
        if not any(y.requires_grad for y in tensors):
            return output
        wrapped = list(outputs)
        for i, y in zip(positions, BackwardHookFunction.apply(self.save_grad_output, *tensors), strict=True):
            wrapped[i] = y
        return type(output)(wrapped) if is_sequence else wrapped[0]

    def save_grad_output(self, grads: tuple[Any, ...]) -> tuple[Any, ...]:
        self.grad_output = grads
        if not self.has_inputs:
            self.run_hooks((None,) * self.n_inputs)
        return grads

    def run_hooks(self, grads: tuple[Any, ...]) -> tuple[Any, ...]:
        for hook in self.hooks:
            replaced = hook(self.module, grads, self.grad_output)
            if replaced is not None:
                grads = replaced if isinstance(replaced, tuple) else (replaced,)
        return grads


class BackwardHookFunction(Function):
    """The identity; backward calls `hook` with the gradients and returns its result."""

    def forward(ctx, hook: Callable[[tuple[Any, ...]], tuple[Any, ...]], *tensors: Tensor) -> tuple[Tensor, ...]:
        ctx.hook = hook
        return tensors

    def backward(ctx, *grads: Tensor) -> Any:
        return None, *ctx.hook(grads)
