"""Hooks on saved tensors: a program decides how the values that nodes save for backward are kept.

with saved_tensors_hooks(pack, unpack):
    y = model(x)            # each node keeps pack(value) in place of value
y.backward()                # and gets unpack(pack(value)) back when its derivative needs it

`save_on_cpu` keeps them in the memory of the CPU; utils.checkpoint keeps none, and computes them again.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from minitorch.autograd.node import Edge, Node, gradient_edge
from minitorch.autograd.observe import Observer, observe, stop_observing
from minitorch.autograd.saved import alias
from minitorch.autograd.tensor_base import TensorBase

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

__all__ = ["disable_saved_tensors_hooks", "save_on_cpu", "saved_tensors_hooks"]


class _ThisThread(threading.local):
    def __init__(self) -> None:
        self.hooks: list[saved_tensors_hooks] = []  # of the blocks that this thread is in; the innermost is the last
        self.refusal: str | None = None


_this_thread = _ThisThread()


class saved_tensors_hooks(Observer):
    """A block in which every tensor saved for backward is kept as `pack_hook(tensor)`, whatever that returns.

    When its node's derivative needs it, `unpack_hook` gets that object and returns a tensor of the same values. The tensors
    which the hooks see have no history; the one that unpack_hook returns is given the history of the saved one. Of blocks
    within blocks the innermost counts. A change in-place after saving is not noticed here.

    Raises TypeError in backward if unpack_hook returns something else than a Tensor.

    >>> import minitorch
    >>> x = minitorch.tensor([2.0, 3.0], requires_grad=True)
    >>> with minitorch.autograd.graph.saved_tensors_hooks(lambda t: t.half(), lambda t: t.float()):
    ...     y = (x * x).sum()
    >>> y.backward()
    >>> x.grad
    tensor([4., 6.])
    """

    def __init__(self, pack_hook: Callable[[Tensor], Any], unpack_hook: Callable[[Any], Tensor]) -> None:
        for name, hook in {"pack_hook": pack_hook, "unpack_hook": unpack_hook}.items():
            if not callable(hook):
                raise TypeError(f"saved_tensors_hooks(): {name} must be a function, not {type(hook).__name__}")
        self.pack_hook, self.unpack_hook = pack_hook, unpack_hook

    def __enter__(self) -> None:
        if _this_thread.refusal is not None:
            raise RuntimeError(_this_thread.refusal)
        _this_thread.hooks.append(self)
        observe(self)

    def __exit__(self, *exception: object) -> None:
        _this_thread.hooks.pop()
        stop_observing(self)

    def recorded(self, node: Node, args: Sequence[Any], outputs: Sequence[Any]) -> None:
        """Replace what the node has just saved."""
        if node._saved and _this_thread.hooks[-1:] == [self]:
            node._saved = tuple([self._packed(saved, node) for saved in node._saved])

    def _packed(self, saved: Any, node: Node) -> Any:
        tensor = saved.unpack(node)
        if not isinstance(tensor, TensorBase):  # None, or a number
            return saved
        edge = gradient_edge(tensor) if saved.output_nr is None else None
        return _Packed(self.pack_hook(tensor._as_tensor().detach()), self.unpack_hook, edge, saved.output_nr)


class _Packed:
    """In place of a SavedTensor: what pack_hook made of it."""

    __slots__ = ("edge", "output_nr", "packed", "unpack_hook")
    counter, version = None, 0  # changes in-place are not noticed

    def __init__(self, packed: Any, unpack_hook: Callable[[Any], Tensor], edge: Edge | None, output_nr: int | None) -> None:
        self.packed, self.unpack_hook, self.edge, self.output_nr = packed, unpack_hook, edge, output_nr

    @property
    def value(self) -> Any:
        """The array that an ordinary backward of an Op gets."""
        return self._unpacked()._array

    def unpack(self, node: Node) -> Tensor:
        """The value with its history."""
        edge = self.edge if self.output_nr is None else (node, self.output_nr)
        return alias(self._unpacked()._array, edge, None)

    def _unpacked(self) -> Tensor:
        tensor = self.unpack_hook(self.packed)
        if not isinstance(tensor, TensorBase):
            raise TypeError(
                f"Output of saved tensor unpack_hook expected to be a Tensor but got result of type {type(tensor).__name__}"
            )
        return tensor._as_tensor()


class save_on_cpu(saved_tensors_hooks):
    """A block in which tensors saved for backward are kept in the memory of the CPU, and copied back when they are needed.

    It makes room on a GPU, at the price of two copies. `pin_memory` has no effect, as CuPy
    copies from any memory; nor has `device_type`, as each tensor goes back to where it was.

    >>> x = minitorch.tensor([2.0, 3.0], requires_grad=True)
    >>> with minitorch.autograd.graph.save_on_cpu():
    ...     y = (x * x).sum()
    >>> y.backward()
    >>> x.grad
    tensor([4., 6.])
    """

    def __init__(self, pin_memory: bool = False, device_type: str = "cuda") -> None:
        super().__init__(lambda tensor: (tensor.device, tensor.cpu()), lambda packed: packed[1].to(packed[0]))


@contextlib.contextmanager
def disable_saved_tensors_hooks(error_message: str) -> Iterator[None]:
    """A block in which `saved_tensors_hooks` raises RuntimeError with this message.

    >>> graph = minitorch.autograd.graph
    >>> try:
    ...     with graph.disable_saved_tensors_hooks("no hooks here"), graph.save_on_cpu():
    ...         pass
    ... except RuntimeError as error:
    ...     print(error)
    no hooks here
    """
    before, _this_thread.refusal = _this_thread.refusal, error_message
    try:
        yield
    finally:
        _this_thread.refusal = before
