"""How a module's backward hooks come to see gradients: an identity op at its inputs, and one at its outputs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minitorch.autograd.function import Function
from minitorch.tensor import Tensor

__all__ = ["BackwardHook", "BackwardHookFunction"]


class BackwardHook:
    """Lets a module's backward hooks see the gradients that enter at its outputs and leave at its inputs."""

    def __init__(self, module: Any, hooks: tuple[Callable[..., Any], ...]) -> None:
        self.module, self.hooks = module, hooks
        self.grad_output: tuple[Any, ...] = ()
        self.has_inputs = False

    def inputs(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        places = [i for i, a in enumerate(args) if isinstance(a, Tensor)]
        self.has_inputs = any(args[i].requires_grad for i in places)
        if not self.has_inputs:
            self.count = len(places)
            return args
        out = list(args)
        for i, tapped in zip(places, BackwardHookFunction.apply(self.leaving, *(args[i] for i in places)), strict=True):
            out[i] = tapped
        return tuple(out)

    def outputs(self, output: Any) -> Any:
        several = isinstance(output, (tuple, list))
        parts = tuple(output) if several else (output,)
        places = [i for i, p in enumerate(parts) if isinstance(p, Tensor)]
        if not any(parts[i].requires_grad for i in places):
            return output
        tapped = list(parts)
        for i, t in zip(places, BackwardHookFunction.apply(self.entering, *(parts[i] for i in places)), strict=True):
            tapped[i] = t
        return type(output)(tapped) if several else tapped[0]

    def entering(self, grads: tuple[Any, ...]) -> tuple[Any, ...]:
        self.grad_output = grads
        if not self.has_inputs:
            self.leaving((None,) * self.count)
        return grads

    def leaving(self, grads: tuple[Any, ...]) -> tuple[Any, ...]:
        for hook in self.hooks:
            replaced = hook(self.module, grads, self.grad_output)
            if replaced is not None:
                grads = replaced if isinstance(replaced, tuple) else (replaced,)
        return grads


class BackwardHookFunction(Function):
    """The identity; `seen` is shown the gradients on their way back and may replace them."""

    def forward(ctx, seen: Callable[[tuple[Any, ...]], tuple[Any, ...]], *tensors: Tensor) -> tuple[Tensor, ...]:
        ctx.seen = seen
        return tensors

    def backward(ctx, *grads: Tensor) -> Any:
        return None, *ctx.seen(grads)
