"""The tape as pictures, the player and exporters read it. (PyTorch: `torch.autograd.graph`.)

get_gradient_edge(tensor)        where a tensor's gradient goes: a node, and the number of its output
saved_tensors_hooks, save_on_cpu, disable_saved_tensors_hooks     how values saved for backward are kept
walk(nodes)                      every node behind some nodes, the oldest first
saved_tensors_of(node)           what a node keeps for backward
sweep, call_backward, unbroadcast, run_hooks, root_gradients      the parts of a backward pass
observed_sweep(roots)            a backward pass that touches no `.grad`, for observers
observed_by(...)                 who observes, in a block
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from minitorch.autograd.api import GradientEdge, root_gradients
from minitorch.autograd.engine import sweep, unbroadcast, walk
from minitorch.autograd.function import Function
from minitorch.autograd.grad_mode import no_grad
from minitorch.autograd.hooks import run_hooks
from minitorch.autograd.node import AccumulateGrad, Edge, Node, Op, gradient_edge
from minitorch.autograd.observe import Observer, observed, observed_by, observers
from minitorch.autograd.saved import SavedTensor
from minitorch.autograd.saved_hooks import disable_saved_tensors_hooks, save_on_cpu, saved_tensors_hooks
from minitorch.autograd.tensor_base import TensorBase

__all__ = [
    "AccumulateGrad", "Edge", "Function", "GradientEdge", "Node", "Observer", "Op", "SavedTensor", "TensorBase",
    "disable_saved_tensors_hooks", "get_gradient_edge", "observed_by", "observed_sweep", "observers", "root_gradients",
    "run_hooks", "save_on_cpu", "saved_tensors_hooks", "saved_tensors_of", "unbroadcast", "walk",
]  # fmt: skip


def get_gradient_edge(tensor: TensorBase) -> GradientEdge:
    """Where the gradient of `tensor` goes: a node, and the number of its output.

    Raises RuntimeError for a tensor that requires no gradient.

    >>> y = 2 * minitorch.ones(2, requires_grad=True)
    >>> edge = minitorch.autograd.graph.get_gradient_edge(y)
    >>> edge.node is y.grad_fn, edge.output_nr
    (True, 0)
    """
    edge = gradient_edge(tensor)
    if edge is None:
        raise RuntimeError(
            f"It is not possible to get the gradient edge of a Tensor of shape {list(tensor._array.shape)} that "
            "does not require gradients"
        )
    return GradientEdge(*edge)


def saved_tensors_of(node: Node) -> list[SavedTensor]:
    """What a node has saved for backward; nothing once that is freed.

    >>> y = minitorch.tensor([1.0, 2.0], requires_grad=True) ** 2
    >>> [saved.unpack(y.grad_fn) for saved in minitorch.autograd.graph.saved_tensors_of(y.grad_fn)]
    [tensor([1., 2.], requires_grad=True), 2]
    """
    return [saved for saved in node._saved or () if isinstance(saved, SavedTensor)]


def observed_sweep(roots: Sequence[tuple[Edge, Any]], *observing: Observer) -> None:
    """Run a backward pass for these observers alone. The graph is kept, and no `.grad` is touched.

    >>> class Names(minitorch.autograd.graph.Observer):
    ...     def backward_called(self, node, grad_outputs):
    ...         print(node.name())
    >>> y = minitorch.ones(2, requires_grad=True).exp().sum()
    >>> roots = minitorch.autograd.graph.root_gradients((y,), None, False)
    >>> minitorch.autograd.graph.observed_sweep(roots, Names())
    SumBackward0
    ExpBackward0
    """
    with no_grad(), observed_by(*observing):
        observed(sweep)(roots, None, True, False)
