"""What a program asks of a `grad_fn`: its name, `next_functions`, hooks, saved tensors. Backward needs none of it."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from minitorch.autograd.grad_mode import enable_grad
from minitorch.autograd.hooks import RemovableHandle
from minitorch.autograd.tensor_base import TensorBase

if TYPE_CHECKING:
    from minitorch.autograd.node import Node

__all__ = ["NodeMethods"]

WITHOUT_GRADIENT = frozenset({"indices", "index", "which", "mask", "condition"})  # arguments of forward that PyTorch leaves out
ROLES = {"self": 0, "input": 0, "other": 1, "exponent": 1, "weight": 1}  # PyTorch's names of arguments: which they are


class NodeMethods:
    """The methods of Node that PyTorch's nodes have, too."""

    __slots__: tuple[str, ...] = ()

    edges: Any
    hooks: Any
    label: str | None
    post_hooks: Any
    saved_tensors: Any
    variable: Any  # of the node of a leaf
    _saved: Any

    @property
    def op_name(self) -> str:
        """The operation's name, in `grad_fn` and in pictures: that of the function which the program called."""
        return self.label[:-1] if self.label else type(self).__name__

    def name(self) -> str:
        """The node's name as `grad_fn` prints it."""
        return f"{self.op_name}Backward{self.label[-1] if self.label else 0}"

    def __repr__(self) -> str:
        return f"<{self.name()} object at {id(self):#x}>"

    @property
    def next_functions(self) -> tuple[tuple[Node | None, int], ...]:
        """Where the gradient of each tensor among the arguments goes: a node and the number of its output, or (None, 0)."""
        return tuple([self.edges[i] or (None, 0) for i in self._tensor_arguments()])

    @property
    def metadata(self) -> dict[Any, Any]:
        """A dict for a program's own notes on this node."""
        notes: dict[Any, Any] = self.__dict__.setdefault("_metadata", {})
        return notes

    def register_prehook(self, fn: Callable[[tuple[Any, ...]], Any]) -> RemovableHandle:
        """Call `fn(grad_outputs)` before this node's backward; a tuple that it returns takes the place of `grad_outputs`.

        `grad_outputs` has the gradient of each output. Raises RuntimeError in backward for a tuple of another length.
        """
        if self._is_leaf():
            return self.variable.register_hook(lambda grad: (fn((grad,)) or (None,))[0])
        self.hooks = self.hooks or {}
        return RemovableHandle(self.hooks.setdefault(-1, {}), fn)

    def register_hook(self, fn: Callable[[tuple[Any, ...], tuple[Any, ...]], Any]) -> RemovableHandle:
        """Call `fn(grad_inputs, grad_outputs)` after this node's backward; a tuple that it returns replaces `grad_inputs`.

        `grad_inputs` has one gradient for each of `next_functions`, None where none is needed. Raises RuntimeError in backward
        for a tuple of another length, and at once for the node of a leaf.
        """
        if self._is_leaf():
            raise RuntimeError(f"no hook runs after {self}: use tensor.register_post_accumulate_grad_hook(hook) of the leaf")
        self.post_hooks = self.post_hooks or {}
        return RemovableHandle(self.post_hooks, fn)

    def _is_leaf(self) -> bool:
        return hasattr(self, "variable")

    def _tensor_arguments(self) -> tuple[int, ...]:
        """The numbers of the arguments that `next_functions` and hooks show, in PyTorch's order."""
        if hasattr(self, "is_tensor"):  # of a program's Function
            return tuple([i for i, is_tensor in enumerate(self.is_tensor) if is_tensor])
        if not self.edges:  # the node of a leaf
            return ()
        arrays = _arrays_among(type(self).forward, len(self.edges))  # type: ignore[attr-defined]
        return tuple([i for i, edge in enumerate(self.edges) if edge or i in arrays])

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_saved_"):
            return self._saved_as(name.removeprefix("_saved_"))
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def _saved_as(self, role: str) -> Any:
        """A saved tensor by PyTorch's name for it: `_saved_self` and `_saved_other` are inputs, `_saved_result` is the output.

        Raises AttributeError for another name, or where nothing of the kind was saved; RuntimeError once it is freed.
        """
        with enable_grad():
            values = self.saved_tensors
        places = self._tensor_arguments()
        inputs: dict[int, Any] = {}  # by the number of the argument
        outputs: list[Any] = []
        for saved, value in zip(self._saved, values, strict=True):
            if saved.output_nr is not None:
                outputs.append(value)
            elif isinstance(value, TensorBase):
                inputs[next(i for i in places if i not in inputs and _leads_to(self.edges[i], value))] = value
        if role == "result" and outputs:
            return outputs[0]
        for place in places[ROLES[role] : ROLES[role] + 1] if role in ROLES else ():
            if place in inputs:
                return inputs[place]
        raise AttributeError(
            f"{self} has no _saved_{role}: it keeps {len(inputs)} of its inputs (_saved_self, _saved_other) and "
            f"{len(outputs)} of its outputs (_saved_result)"
        )


def _leads_to(edge: Any, tensor: TensorBase) -> bool:
    """Whether this edge is where the gradient of `tensor` goes; of a constant, whether there is none."""
    if edge is None:
        return not tensor.requires_grad
    node, nr = edge
    return (node, nr) == tensor._current_edge() or (nr == 0 and getattr(node, "variable", None) is tensor)


@functools.lru_cache(1000)
def _arrays_among(forward: Callable[..., Any], count: int) -> tuple[int, ...]:
    """Which of the `count` arguments of an op's forward, after ctx, are arrays with a derivative: its annotations say so."""
    places: list[int] = []
    for place, parameter in enumerate(list(inspect.signature(forward).parameters.values())[1:]):
        if "Array" in str(parameter.annotation) and parameter.name not in WITHOUT_GRADIENT:
            places += range(place, count if parameter.kind is parameter.VAR_POSITIONAL else min(place + 1, count))
    return tuple(places)
