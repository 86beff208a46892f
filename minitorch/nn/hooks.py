"""Hooks of modules: how a call runs them around forward, and how those of backward get the gradients.

For the latter an identity Function at a module's inputs, and one at its outputs, pass on the gradients.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from minitorch.autograd.function import Function
from minitorch.autograd.hooks import RemovableHandle
from minitorch.backend.callsite import warn
from minitorch.tensor import Tensor

__all__ = ["BackwardHook", "BackwardHookFunction", "Hook", "run_with_hooks"]


class Hook(NamedTuple):
    """A hook of a module, and the options that it was registered with."""

    function: Callable[..., Any]
    with_kwargs: bool = False
    always_call: bool = False

    def register(self, hooks: dict[int, Hook], prepend: bool) -> RemovableHandle:
        """Add the hook to others, behind them or before them."""
        if not callable(self.function):
            raise TypeError(f"a hook must be a function, not {type(self.function).__name__}")
        others = dict(hooks)
        handle = RemovableHandle(hooks, self)
        if prepend:
            for number, other in others.items():
                del hooks[number]
                hooks[number] = other
        return handle


def run_with_hooks(module: Any, hooks: dict[str, dict[int, Hook]], /, *args: Any, **kwargs: Any) -> Any:
    """Run the forward pre-hooks, forward, and the forward hooks; after an error, those that are always called."""
    waiting, output = dict(hooks["forward"]), None
    try:
        for hook in tuple(hooks["forward_pre"].values()):
            if hook.with_kwargs:
                args, kwargs = _args_and_kwargs(hook.function(module, args, kwargs), args, kwargs)
            elif (replaced := hook.function(module, args)) is not None:
                args = replaced if isinstance(replaced, tuple) else (replaced,)
        backward_hooks, pre_hooks = tuple(hooks["full_backward"].values()), tuple(hooks["full_backward_pre"].values())
        backward_hook = BackwardHook(module, backward_hooks, pre_hooks) if backward_hooks or pre_hooks else None
        if backward_hook is not None:
            args = backward_hook.setup_inputs(args)
        output = module.forward(*args, **kwargs)
        while waiting:
            output = _run_forward_hook(module, waiting.pop(next(iter(waiting))), args, kwargs, output)
        return output if backward_hook is None else backward_hook.setup_outputs(output)
    except Exception:
        for hook in waiting.values():
            if hook.always_call:
                try:
                    output = _run_forward_hook(module, hook, args, kwargs, output)
                except Exception as error:
                    warn(f"a forward hook with always_call=True failed after another error in forward: {error}")
        raise


def _run_forward_hook(module: Any, hook: Hook, args: Any, kwargs: Any, output: Any) -> Any:
    replaced = hook.function(module, args, *((kwargs,) if hook.with_kwargs else ()), output)
    return output if replaced is None else replaced


def _args_and_kwargs(replaced: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, Any]:
    """What a forward pre-hook with keyword arguments returned, None for no change. Raises RuntimeError for anything else."""
    if replaced is None:
        return args, kwargs
    if not (isinstance(replaced, tuple) and len(replaced) == 2):
        raise RuntimeError(f"forward pre-hook must return None or a tuple of (new_args, new_kwargs), but got {replaced!r:.60}.")
    return replaced


class BackwardHook:
    """Calls a module's backward hooks with the gradients of its inputs and outputs (PyTorch: BackwardHook).

    Both have one place for each argument, and for each output: None where that is no tensor or has no gradient.
    """

    def __init__(self, module: Any, hooks: Sequence[Hook], pre_hooks: Sequence[Hook] = ()) -> None:
        self.module = module
        self.hooks, self.pre_hooks = [h.function for h in hooks], [h.function for h in pre_hooks]
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
        grad_output = _placed(self.n_outputs, self.outputs, grads)
        for hook in self.pre_hooks:
            grad_output = self._checked(hook(self.module, grad_output), grad_output, "Backward pre hook", "grad_output")
        self.grad_output = grad_output
        if not self.has_inputs:
            self.run_hooks((None,) * len(self.inputs))
        return tuple(grad_output[i] for i in self.outputs)

    def run_hooks(self, grads: tuple[Any, ...]) -> tuple[Any, ...]:
        if self.grad_output is None:  # the gradient came by another way than the module's outputs
            return grads
        grad_input = _placed(self.n_inputs, self.inputs, grads)
        for hook in self.hooks:
            replaced = hook(self.module, grad_input, self.grad_output)
            grad_input = self._checked(replaced, grad_input, "Backward hook", "grad_input")
        self.grad_output = None
        return tuple(grad_input[i] for i in self.inputs)

    def _checked(self, replaced: Any, grads: tuple[Any, ...], kind: str, what: str) -> tuple[Any, ...]:
        """What a hook returned in place of `grads`: None keeps them. Raises RuntimeError for what cannot replace them."""
        if replaced is None:
            return grads
        replaced = tuple(replaced) if isinstance(replaced, (tuple, list)) else (replaced,)
        name, each = type(self.module).__name__, "argument" if what == "grad_input" else "output"
        if len(replaced) != len(grads):
            raise RuntimeError(
                f"{kind} for {name} returned an invalid number of {what}, got {len(replaced)}, but expected {len(grads)}: one "
                f"for each {'positional ' * (each == 'argument')}{each} of the module"
            )
        for i, grad in enumerate(replaced):
            if not (grad is None or isinstance(grad, Tensor)):
                raise RuntimeError(
                    f"{kind} for {name} returned a {type(grad).__name__} as {what} {i}: expected a Tensor or None"
                )
        return replaced


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
