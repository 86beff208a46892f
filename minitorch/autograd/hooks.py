"""Hooks: functions of the program that get each gradient in backward, and may replace it. And `retain_grad`.

A leaf keeps its hooks itself. A tensor that an operation made keeps them on its node, by the number of the output: the sweep
(engine.py) runs them when the gradient of that output is complete.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from minitorch.autograd.tensor_base import TensorBase, accumulate, wrap
from minitorch.backend.arrays import as_array, xp
from minitorch.backend.dtypes import dtypes

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

__all__ = ["HookMethods", "RemovableHandle", "accumulating", "materialize", "run_hooks", "run_node_hooks", "run_post_hooks"]

Hook = Callable[["Tensor"], "Tensor | None"]

accumulating = threading.RLock()  # held while a thread adds to `.grad`: NumPy lets other threads run while it adds
if hasattr(os, "register_at_fork"):  # in a forked process the thread that held it does not exist
    os.register_at_fork(after_in_child=accumulating._at_fork_reinit)  # type: ignore[attr-defined]


class HookMethods(TensorBase):
    """The methods of Tensor that register hooks."""

    __slots__ = ()

    _hooks: dict[int, Any] | None = None  # of a leaf
    _post_hooks: dict[int, Any] | None = None

    @property
    def output_nr(self) -> int:
        """Which of `grad_fn`'s outputs this tensor is.

        >>> A = minitorch.tensor([[2.0, 1.0], [1.0, 3.0]], requires_grad=True)
        >>> eigenvalues, eigenvectors = minitorch.linalg.eigh(A)
        >>> eigenvectors.output_nr
        1
        """
        edge = self._current_edge()
        return 0 if edge is None else edge[1]

    @property
    def retains_grad(self) -> bool:
        """Whether a tensor that is not a leaf keeps its gradient (`retain_grad`).

        >>> y = minitorch.ones(2, requires_grad=True) * 2
        >>> y.retain_grad()
        >>> y.retains_grad
        True
        """
        edge = self._current_edge()
        return edge is not None and edge[1] in (edge[0].retained or ())

    def register_hook(self, hook: Hook) -> RemovableHandle:
        """Call `hook(grad)` whenever this tensor's gradient has been computed; what it returns replaces the gradient.

        Raises RuntimeError for a tensor that requires no gradient, TypeError for a hook that cannot be called.

        >>> x = minitorch.tensor([1.0, 2.0], requires_grad=True)
        >>> handle = x.register_hook(lambda grad: grad.clamp(max=3))
        >>> (x**2).sum().backward()
        >>> x.grad
        tensor([2., 3.])
        >>> handle.remove()
        """
        if not self.requires_grad:
            raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
        if not callable(hook):
            raise TypeError(f"register_hook expects a function of the gradient, not {type(hook).__name__}")
        if self._edge is None:
            if self._hooks is None:
                self._hooks = {}
            return RemovableHandle(self._hooks, hook)
        node, nr = self._edge
        if node.hooks is None:
            node.hooks = {}
        return RemovableHandle(node.hooks.setdefault(nr, {}), hook)

    def register_post_accumulate_grad_hook(self, hook: Callable[[Tensor], None]) -> RemovableHandle:
        """Call `hook(tensor)` whenever backward has added to this leaf's `.grad`.

        Raises RuntimeError for a tensor that is no leaf, or requires no gradient.

        >>> x = minitorch.tensor([1.0, 2.0], requires_grad=True)
        >>> handle = x.register_post_accumulate_grad_hook(lambda leaf: print(leaf.grad))
        >>> (x**2).sum().backward()
        tensor([2., 4.])
        """
        if not self.requires_grad or self._edge is not None:
            raise RuntimeError("post accumulate grad hooks belong to leaves that require grad, which this tensor is not")
        if self._post_hooks is None:
            self._post_hooks = {}
        return RemovableHandle(self._post_hooks, hook)

    def retain_grad(self) -> None:
        """Keep the gradient of a tensor that is not a leaf in its `.grad`, too. Raises RuntimeError if it requires no gradient.

        >>> x = minitorch.tensor([1.0, 2.0], requires_grad=True)
        >>> y = 3 * x
        >>> y.retain_grad()
        >>> (y**2).sum().backward()
        >>> y.grad
        tensor([ 6., 12.])
        """
        if not self.requires_grad:
            raise RuntimeError("can't retain_grad on Tensor that has requires_grad=False")
        if self._edge is not None:
            node, nr = self._edge
            if node.retained is None:
                node.retained = {}
            node.retained[nr] = weakref.ref(self._as_tensor())  # the node must not keep its own output alive


class RemovableHandle:
    """What registering a hook returns: `remove()` removes the hook. Also a context manager.

    >>> x = minitorch.ones(2, requires_grad=True)
    >>> with x.register_hook(lambda grad: 2 * grad):
    ...     x.sum().backward()
    >>> x.grad
    tensor([2., 2.])
    """

    _next_id = 0

    def __init__(self, hooks: dict[int, Any], hook: Any) -> None:
        self.id = RemovableHandle._next_id
        RemovableHandle._next_id += 1
        hooks[self.id] = hook
        self._hooks = hooks

    def remove(self) -> None:
        self._hooks.pop(self.id, None)

    def __enter__(self) -> RemovableHandle:
        return self

    def __exit__(self, *exception: object) -> None:
        self.remove()


def run_node_hooks(node: Any, grad_outputs: tuple[Any, ...], recording: bool) -> tuple[Any, ...]:
    """Run the hooks on a node's outputs, and keep the gradients that `retain_grad` asks for."""
    out = list(grad_outputs)
    for nr, hooks in list((node.hooks or {}).items()):
        if nr >= 0:
            out[nr] = run_hooks(out[nr], hooks, recording)
    for nr, reference in list((node.retained or {}).items()):
        tensor = reference()
        if tensor is not None and out[nr] is not None:
            with accumulating:
                accumulate([(tensor, out[nr], False)], recording)
    for hook in list((node.hooks or {}).get(-1, {}).values()):
        out = _replaced(node, "prehook", out, hook(_tensors(out, recording)), recording)
    return tuple(out)


def run_post_hooks(node: Any, results: Any, grad_outputs: tuple[Any, ...], recording: bool) -> tuple[Any, ...]:
    """The gradients that a node's backward returned, after the node's own hooks, each of which may replace them."""
    out, places = [*results, *[None] * (len(node.edges) - len(results))], node._tensor_arguments()
    for hook in list(node.post_hooks.values()):
        needed = [out[place] if node.edges[place] is not None else None for place in places]
        replaced = hook(_tensors(needed, recording), _tensors(grad_outputs, recording))
        for place, grad in zip(places, _replaced(node, "hook", needed, replaced, recording), strict=True):
            out[place] = grad
    return tuple(out)


def _tensors(grads: Sequence[Any], recording: bool) -> tuple[Any, ...]:
    return tuple([grad if grad is None or recording else _changeable(grad) for grad in grads])


def _changeable(grad: Any) -> Tensor:
    """The gradient for a hook, which may change it in place: a copy of an expanded one."""
    array = as_array(grad)
    return wrap(array.view() if getattr(array.flags, "writeable", True) else array.copy())


def _replaced(node: Any, hook: str, grads: list[Any], replacement: Any, recording: bool) -> list[Any]:
    """The gradients, or those that a node's hook returned in their place. Raises RuntimeError for another number of them."""
    if replacement is None:
        return grads
    parts = (replacement,) if isinstance(replacement, TensorBase) else tuple(replacement)
    if len(parts) != len(grads):
        raise RuntimeError(f"{node.name()}: a {hook} returned {len(parts)} gradients, and there are {len(grads)}")
    return [part if part is None or recording else part._array for part in parts]


def materialize(node: Any, grad_outputs: tuple[Any, ...], recording: bool, count: int | None = None) -> tuple[Any, ...]:
    """The gradients of all outputs, or of the first `count`, with zeros for those of outputs that nothing depended on."""
    some = next(g for g in grad_outputs if g is not None)
    like = some._array if recording else some
    out = []
    for grad, (shape, dtype) in zip(grad_outputs[:count], node.outputs[:count], strict=True):
        if grad is None and dtype is not None:
            zeros = xp.zeros_like(like, shape=shape, dtype=dtype)
            grad = wrap(zeros) if recording else zeros
        out.append(grad)
    return tuple(out)


def run_hooks(grad: Any, hooks: dict[int, Any] | None, recording: bool) -> Any:
    """The gradient after all hooks, each of which may replace it. An array, or a Tensor if `recording`.

    Raises TypeError for a hook that returns neither None nor a Tensor, RuntimeError for one of another shape or type.

    >>> hooks = {0: lambda grad: 2 * grad}
    >>> minitorch.autograd.graph.run_hooks(minitorch.tensor([1.0, 3.0]), hooks, True)
    tensor([2., 6.])
    """
    if grad is None or not hooks:
        return grad
    tensor = grad if recording else _changeable(grad)
    for hook in list(hooks.values()):
        replaced = hook(tensor)
        if replaced is None:
            continue
        if not isinstance(replaced, TensorBase) or replaced._array.shape != tensor._array.shape:
            is_tensor = isinstance(replaced, TensorBase)
            what = list(replaced._array.shape) if is_tensor else type(replaced).__name__
            raise (RuntimeError if is_tensor else TypeError)(
                f"a hook must return None or a Tensor of the gradient's shape {list(tensor._array.shape)}, not {what}"
            )
        if replaced._array.dtype != tensor._array.dtype:
            raise RuntimeError(
                f"hook has changed the type of value (was {dtypes[tensor._array.dtype]!r} got "
                f"{dtypes[replaced._array.dtype]!r})"
            )
        tensor = replaced._as_tensor()
    return tensor if recording else tensor._array
