"""What autograd refuses, with the numbers of the call: gradients of another shape, tensors without history, changed values."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from minitorch.backend.arrays import xp
from minitorch.backend.callsite import warn
from minitorch.backend.dtypes import dtypes

__all__ = [
    "as_tuple", "changed_error", "check_accumulated", "check_edge", "check_grad", "check_gradient_shape", "check_requires_grad",
    "check_root", "freed_error", "unreachable_error", "warn_of_cycle",
]  # fmt: skip


def check_requires_grad(tensor: Any, value: Any) -> None:
    """Raise TypeError unless `value` is a bool, RuntimeError for an integer or boolean tensor, or for switching off a tensor
    that has a history.
    """
    if not isinstance(value, (int, xp.bool_)):
        raise TypeError(f"requires_grad must be bool, not {type(value).__name__}")
    if value and tensor._array.dtype.kind != "f":
        raise RuntimeError(
            "only Tensors of floating point dtype can require gradients, and this one is of "
            f"{dtypes[tensor._array.dtype]!r}; convert it first, with .float() for example"
        )
    if not value and tensor.grad_fn is not None:
        raise RuntimeError(
            "you can only change requires_grad flags of leaf variables: this tensor was computed by "
            f"{tensor.grad_fn.name()}. For a version of it outside the graph use .detach()"
        )


def check_grad(tensor: Any, value: Any) -> None:
    """Raise unless `value` can be the `.grad` of `tensor`: None, or a Tensor of its shape and dtype."""
    if value is None:
        return
    if value is tensor:
        raise RuntimeError("can't assign Variable as its own grad: a tensor's gradient is another tensor")
    own, other = tensor._array, getattr(value, "_array", None)
    if other is None:
        raise TypeError(f"expected a Tensor object or None for the gradient, got {type(value).__name__}")
    if other.shape != own.shape:
        raise RuntimeError(
            f"assigned grad has data of a different size: {list(other.shape)}, but the tensor is {list(own.shape)}"
        )
    if other.dtype != own.dtype:
        raise RuntimeError(f"assigned grad has data of a different type: {other.dtype} for {own.dtype}")


def check_accumulated(before: Any, grad: Any) -> None:
    """Raise RuntimeError unless `grad` can be added to `before`, the `.grad` so far or None."""
    if before is not None and before._array.shape != grad.shape:
        raise RuntimeError(
            f"the .grad of a tensor has shape {list(before._array.shape)}, and the gradient to add has {list(grad.shape)}: "
            "set .grad = None where .data gets another shape"
        )


def check_edge(edge: Any, node_class: type) -> None:
    """Raise RuntimeError unless a GradientEdge holds a node, and the number of one of its outputs."""
    node, nr = edge
    if not isinstance(node, node_class):
        raise RuntimeError(
            f"GradientEdge's first object must be an autograd.graph.Node but got {type(node).__name__}: "
            "get_gradient_edge(tensor) makes the edge of a leaf, too"
        )
    count = len(node.outputs)  # type: ignore[attr-defined]
    if not isinstance(nr, int) or not 0 <= nr < count:
        raise RuntimeError(f"GradientEdge's second object is {nr!r:.40}, and {node.name()} has {count} outputs, counted from 0")  # type: ignore[attr-defined]


def check_root(i: int, output: Any, shape: tuple[int, ...], edge: Any, gradient: Any) -> None:
    """Raise unless backward can start from output number `i`, of this shape, with `gradient` or, for one element, without."""
    start = getattr(gradient, "_array", None)
    if edge is None and not hasattr(output, "_array"):
        raise TypeError(f"expected a Tensor to run backward from, got {type(output).__name__}")
    if edge is None:
        raise RuntimeError(
            f"element {i} of tensors does not require grad and does not have a grad_fn: nothing it was computed "
            "from requires grad, or it was computed inside no_grad() or detached"
        )
    if gradient is None and math.prod(shape) != 1:
        raise RuntimeError(
            f"grad can be implicitly created only for scalar outputs, and this one has shape {list(shape)}: "
            "reduce it to a number first, with .sum() or .mean(), or pass backward(gradient=...)"
        )
    if gradient is not None and start is None:
        raise TypeError(f"gradients can be either Tensors or None, but got {type(gradient).__name__}")
    if start is not None and start.shape != shape:
        raise RuntimeError(
            f"Mismatch in shape: grad_output[{i}] has a shape of {list(start.shape)} and output[{i}] has "
            f"a shape of {list(shape)}."
        )


def warn_of_cycle() -> None:
    """Warn that gradients with a history are kept in `.grad` of the tensors that the history leads to."""
    warn(
        "Using backward() with create_graph=True will create a reference cycle between the parameter and its gradient which "
        "can cause a memory leak: its memory is freed by the garbage collector, or when .grad is set to None. autograd.grad "
        "creates none"
    )


def as_tuple(tensors: Any) -> tuple[Any, ...]:
    """A sequence of Tensors as a tuple. Raises TypeError for what is no sequence."""
    if not isinstance(tensors, Iterable):
        raise TypeError(f"expected a Tensor or a sequence of Tensors, got {type(tensors).__name__}")
    return tuple(tensors)


def check_gradient_shape(shape: tuple[int, ...], edge: Any, node: Any) -> None:
    """Raise RuntimeError unless the shape of a value can be broadcast to `shape`, that of its gradient."""
    expected, _ = edge[0].outputs[edge[1]]
    lead = len(shape) - len(expected)
    if lead < 0 or any(n not in (1, m) for n, m in zip(expected, shape[lead:], strict=True)):
        where = "as the start" if node is None else f"at index {list(node.edges).index(edge)}"
        maker = "backward()" if node is None else f"Function {node.name()}"
        raise RuntimeError(
            f"{maker} returned an invalid gradient {where} - got {list(shape)} but expected shape compatible with "
            f"{list(expected)}"
        )


def unreachable_error(tensor: Any) -> RuntimeError:
    """The error for a tensor whose gradient is asked for although it requires none."""
    return RuntimeError(
        f"One of the differentiated Tensors (of shape {list(tensor._array.shape)}) does not require grad; "
        "call .requires_grad_() on it before it is used"
    )


def freed_error(node: Any) -> RuntimeError:
    """The error for saved values that an earlier backward has freed."""
    return RuntimeError(
        "Trying to backward through the graph a second time (or directly access saved tensors after they "
        f"have already been freed): {node.name()} freed them in the first backward. Specify "
        "retain_graph=True there if you need to go through this graph again; of a tensor kept from an earlier step, such as "
        "the state of a recurrent layer, pass on .detach()"
    )


def changed_error(node: Any, saved: Any) -> RuntimeError:
    """The error for a saved value that an in-place operation has changed."""
    way_out = "Change a .clone() of it instead, or use the operation without underscore"
    if _is_of_leaf(saved):
        way_out = (
            "It is a parameter, or another leaf that requires grad, which optimizer.step() changes: run the forward pass again "
            "after the step, or every backward() before it"
        )
    return RuntimeError(
        "one of the variables needed for gradient computation has been modified by an inplace operation: "
        f"{node.name()} saved a tensor of shape {list(saved.value.shape)} at version {saved.version}, and it is at version "
        f"{saved.counter[0]} now. {way_out}"
    )


def _is_of_leaf(saved: Any) -> bool:
    """Whether a saved value is a leaf that requires grad, or a view of one, which has the same version counter."""
    tensor = saved.tensor
    edge = None if tensor is None else tensor._edge
    while edge is not None:
        node = edge[0]
        tensor, edge = getattr(node, "variable", None), node.edges[0] if node.edges else None
    return tensor is not None and tensor.requires_grad and tensor._version_counter is saved.counter
