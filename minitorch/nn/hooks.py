"""Backward hooks of modules: an identity Function at a module's inputs, and one at its outputs, pass on the gradients."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from minitorch.autograd.function import Function
from minitorch.tensor import Tensor

__all__ = ["BackwardHook", "BackwardHookFunction"]


class BackwardHook:
    """Calls a module's backward hooks with the gradients of its inputs and outputs (PyTorch: BackwardHook).

    Both have one place for each argument, and for each output: None where that is no tensor or has no gradient.
    """

    def __init__(self, module: Any, hooks: tuple[Callable[..., Any], ...]) -> None:
        self.module, self.hooks = module, hooks
        self.grad_output: tuple[Any, ...] | None = None
        self.inputs: list[int] = []  # the places of tensors among the arguments, and among the outputs
        self.outputs: list[int] = []
        self.n_inputs = self.n_outputs = 0
        self.has_inputs = False

    def setup_inputs(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        self.n_inputs, self.inputs = len(args), [i for i, a in enumerate(args) if isinstance(a, Tensor)]
        self.has_inputs = any(args[i].requires_grad for i in self.inputs)
        return _replaced(args, self.inputs, self.run_hooks) if self.has_inputs else args

    def setup_outputs(self, output: Any) -> Any:
        is_sequence = isinstance(output, (tuple, list))
        outputs = tuple(output) if is_sequence else (output,)
        self.n_outputs, self.outputs = len(outputs), [i for i, y in enumerate(outputs) if isinstance(y, Tensor)]
        if not any(outputs[i].requires_grad for i in self.outputs):
            return output
        wrapped = _replaced(outputs, self.outputs, self.save_grad_output)
        if hasattr(output, "_fields"):  # a namedtuple
            return type(output)(*wrapped)
        return type(output)(wrapped) if is_sequence else wrapped[0]

    def save_grad_output(self, grads: tuple[Any, ...]) -> tuple[Any, ...]:
        self.grad_output = _placed(self.n_outputs, self.outputs, grads)
        if not self.has_inputs:
            self.run_hooks((None,) * len(self.inputs))
        return grads

    def run_hooks(self, grads: tuple[Any, ...]) -> tuple[Any, ...]:
        if self.grad_output is None:  # the gradient came by another way than the module's outputs
            return grads
        grad_input = _placed(self.n_inputs, self.inputs, grads)
        for hook in self.hooks:
            replaced = hook(self.module, grad_input, self.grad_output)
            if replaced is None:
                continue
            replaced = tuple(replaced) if isinstance(replaced, (tuple, list)) else (replaced,)
            if len(replaced) != self.n_inputs:
                raise RuntimeError(
                    f"Backward hook for {type(self.module).__name__} returned an invalid number of grad_input, got "
                    f"{len(replaced)}, but expected {self.n_inputs}: one for each positional argument of the module"
                )
            for i, grad in enumerate(replaced):
                if not (grad is None or isinstance(grad, Tensor)):
                    raise RuntimeError(
                        f"Backward hook for {type(self.module).__name__} returned a {type(grad).__name__} as grad_input {i}: "
                        "expected a Tensor or None"
                    )
            grad_input = replaced
        self.grad_output = None
        return tuple(grad_input[i] for i in self.inputs)


def _replaced(values: Sequence[Any], places: list[int], hook: Callable[..., Any]) -> tuple[Any, ...]:
    """The values with those at `places`, Tensors, passed through a BackwardHookFunction."""
    out = list(values)
    for i, x in zip(places, BackwardHookFunction.apply(hook, *(values[i] for i in places)), strict=True):
        out[i] = x
    return tuple(out)


def _placed(count: int, places: list[int], values: Sequence[Any]) -> tuple[Any, ...]:
    out = [None] * count
    for i, value in zip(places, values, strict=True):
        out[i] = value
    return tuple(out)


class BackwardHookFunction(Function):
    """The identity; backward calls `hook` with the gradients and returns its result."""

    def forward(ctx, hook: Callable[[tuple[Any, ...]], tuple[Any, ...]], *tensors: Tensor) -> tuple[Tensor, ...]:
        ctx.hook = hook
        ctx.set_materialize_grads(False)
        return tensors

    def backward(ctx, *grads: Tensor) -> Any:
        return None, *ctx.hook(grads)
