"""Checkpointing: a part of a model saves nothing for backward, and is computed a second time when backward comes to it.

    y = checkpoint(block, x, use_reentrant=False)        # in place of block(x)

The values that the block's nodes would save are not kept: a hook (autograd.graph.saved_tensors_hooks) keeps their numbers. When
the first of them is needed, the block is computed again and they are all there. A chain of n layers in sqrt(n) blocks so needs
room for about 2 sqrt(n) layers' values instead of n, for one more forward. (Chen et al. 2016, Training Deep Nets with Sublinear
Memory Cost.)
"""

from __future__ import annotations

import contextlib
import functools
import warnings
from collections.abc import Callable
from typing import Any

from minitorch.autograd.grad_mode import enable_grad, is_grad_enabled, no_grad
from minitorch.autograd.graph import saved_tensors_hooks
from minitorch.backend.errors import describe
from minitorch.nn import Module, Sequential
from minitorch.sampling import get_rng_state, set_rng_state
from minitorch.tensor import Tensor

__all__ = ["CheckpointError", "checkpoint", "checkpoint_sequential"]


class CheckpointError(RuntimeError):
    """A block computed something else at the second time.

    >>> sizes = iter([2, 3])  # another one at the second call
    >>> def block(x):
    ...     return x.exp().expand(next(sizes), 1).exp()
    >>> y = minitorch.utils.checkpoint.checkpoint(block, minitorch.ones(1, requires_grad=True), use_reentrant=False)
    >>> try:
    ...     y.sum().backward()
    ... except minitorch.utils.checkpoint.CheckpointError as error:
    ...     print("the block is not deterministic")
    the block is not deterministic
    """


class _Enough(BaseException):
    """Ends the second computation when the last value that is needed is there."""


def _no_contexts() -> tuple[Any, Any]:
    return contextlib.nullcontext(), contextlib.nullcontext()


def checkpoint(
    function: Callable[..., Any], *args: Any, use_reentrant: bool | None = None,
    context_fn: Callable[[], tuple[Any, Any]] = _no_contexts, determinism_check: str = "default", early_stop: bool = True,
    preserve_rng_state: bool = True, **kwargs: Any,
) -> Any:  # fmt: skip
    """function(*args, **kwargs), whose saved values are computed again in backward instead of kept.

    The second computation draws the same random numbers, unless `preserve_rng_state` is False. It runs within the second of
    the two contexts that `context_fn()` returns, the first one within the first; it ends as soon as all is there that backward
    needs, unless `early_stop` is False. Shapes and dtypes are compared with those of the first time, unless
    `determinism_check` is "none". `use_reentrant=True` does the same here; with it, as in PyTorch, the result requires grad
    only if one of `args` does, and only positional arguments are taken. Pass it: PyTorch's default is True, and warns.

    Raises CheckpointError in backward if the second computation saves other values than the first.

    >>> import minitorch
    >>> layer, x = minitorch.nn.Linear(3, 2), minitorch.ones(1, 3, requires_grad=True)
    >>> minitorch.utils.checkpoint.checkpoint(layer, x, use_reentrant=False).sum().backward()
    >>> bool((x.grad == layer.weight.sum(0)).all())
    True
    """
    if determinism_check not in ("default", "none"):
        raise ValueError(f"determinism_check should be one of 'default', 'none' but got {describe(determinism_check)}")
    if use_reentrant is None:
        warnings.warn(
            "checkpoint: pass use_reentrant explicitly; use_reentrant=False is recommended, True is the default", stacklevel=2
        )
    if use_reentrant is not False:
        if kwargs:
            raise ValueError("Unexpected keyword arguments: " + ",".join(kwargs) + " (use_reentrant=False passes them on)")
        if is_grad_enabled() and not any(isinstance(arg, Tensor) and arg.requires_grad for arg in args):
            warnings.warn("None of the inputs have requires_grad=True. Gradients will be None", stacklevel=2)
            with no_grad():
                return function(*args)
    if not is_grad_enabled():
        return function(*args, **kwargs)
    first, second = context_fn()
    state = get_rng_state() if preserve_rng_state else None
    saved = _Saved(functools.partial(function, *args, **kwargs), second, state, early_stop, determinism_check == "default")
    with first, saved_tensors_hooks(saved.pack, saved.unpack):
        return function(*args, **kwargs)


class _Saved:
    """The values that a block saves: at the first time only their shapes, at the second, until they are used, themselves."""

    def __init__(self, compute: Callable[[], Any], context: Any, state: Tensor | None, early_stop: bool, check: bool) -> None:
        self.compute, self.context, self.state, self.early_stop, self.check = compute, context, state, early_stop, check
        self.kinds: list[tuple[Any, Any]] = []
        self.values: dict[int, Tensor] = {}

    def pack(self, tensor: Tensor) -> int:
        self.kinds.append((tensor.shape, tensor.dtype))
        return len(self.kinds) - 1

    def unpack(self, number: int) -> Tensor:
        if number not in self.values:
            self._compute_again()
        if number not in self.values:
            raise CheckpointError(
                f"checkpoint: the block saved {len(self.kinds)} values at first, and only {len(self.values)} when it was "
                "computed again: it must do the same both times"
            )
        return self.values.pop(number)  # with retain_graph, a second backward computes it once more

    def _compute_again(self) -> None:
        self.values, count = {}, 0

        def keep(tensor: Tensor) -> None:
            nonlocal count
            if self.check and count < len(self.kinds) and (tensor.shape, tensor.dtype) != self.kinds[count]:
                shape, dtype = self.kinds[count]
                raise CheckpointError(
                    f"checkpoint: saved value {count} of the block was of shape {list(shape)} and {dtype} at first, and of "
                    f"shape {list(tensor.shape)} and {tensor.dtype} when it was computed again: it must do the same both times"
                )
            self.values[count], count = tensor, count + 1
            if self.early_stop and count == len(self.kinds):
                raise _Enough

        before = get_rng_state() if self.state is not None else None
        try:
            if self.state is not None:
                set_rng_state(self.state)
            with (
                enable_grad(),
                self.context,
                saved_tensors_hooks(keep, lambda nothing: nothing),
                contextlib.suppress(_Enough),
            ):
                self.compute()
        finally:
            if before is not None:
                set_rng_state(before)


def checkpoint_sequential(
    functions: Sequential | list[Callable[..., Any]],
    segments: int,
    input: Any,
    use_reentrant: bool | None = None,
    **kwargs: Any,
) -> Any:
    """The functions one after the other, in `segments` parts, of which all but the last are checkpointed.

    Raises ValueError for more segments than functions, or fewer than one.

    >>> layers, x = nn.Sequential(nn.Linear(3, 3), nn.Tanh(), nn.Linear(3, 1)), minitorch.ones(2, 3)
    >>> y = minitorch.utils.checkpoint.checkpoint_sequential(layers, 2, x, use_reentrant=False)
    >>> minitorch.equal(y, layers(x))
    True
    """
    steps: list[Any] = list(functions.children() if isinstance(functions, Module) else functions)
    if not 1 <= segments <= len(steps):
        raise ValueError(f"checkpoint_sequential: {segments} segments of {len(steps)} functions; take 1 to {len(steps)}")
    size = len(steps) // segments

    def run(part: list[Callable[..., Any]], value: Any) -> Any:
        for step in part:
            value = step(value)
        return value

    for start in range(0, size * (segments - 1), size):
        input = checkpoint(
            functools.partial(run, steps[start : start + size]), input, use_reentrant=use_reentrant, **kwargs
        )  # fmt: skip
    return run(steps[size * (segments - 1) :], input)
