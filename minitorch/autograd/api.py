"""`backward` and `grad`: the public ways to run the sweep, with PyTorch's arguments.

Both start from gradients of some outputs. `backward` adds what arrives to the `.grad` of leaves, `grad` returns it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from minitorch.autograd.checks import as_tuple, check_accumulated, check_edge, check_root, unreachable_error, warn_of_cycle
from minitorch.autograd.engine import sweep, walk
from minitorch.autograd.grad_mode import MODE
from minitorch.autograd.hooks import accumulating, run_hooks
from minitorch.autograd.node import AccumulateGrad, Edge, Node, gradient_edge
from minitorch.autograd.observe import observed, observers
from minitorch.autograd.tensor_base import TensorBase, accumulate, wrap
from minitorch.backend.arrays import as_array, on_device_of, xp
from minitorch.backend.callsite import without_internal_frames

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

__all__ = ["FLAG", "NUMBER", "BackwardMethod", "GradientEdge", "backward", "check_types", "grad", "root_gradients"]


class GradientEdge(NamedTuple):
    """One value on the tape: the node that made it, and which of the node's outputs it is.

    `grad` and `backward` take one wherever they take a Tensor. It keeps no values, so a program may drop the Tensor itself.

    >>> x = minitorch.tensor([1.0, 2.0], requires_grad=True)
    >>> low, high = (3 * x).split(1)
    >>> edge = minitorch.autograd.graph.get_gradient_edge(high)
    >>> edge.output_nr
    1
    >>> minitorch.autograd.grad(edge, x)
    (tensor([0., 3.]),)
    """

    node: Node
    output_nr: int


class BackwardMethod(TensorBase):
    """The method of Tensor that starts a backward pass."""

    __slots__ = ()

    def backward(
        self, gradient: Any = None, retain_graph: bool | None = None, create_graph: bool = False, inputs: Any = None
    ) -> None:
        """Run the tape backward from here and add to `.grad` of every leaf (or of `inputs` alone, a Tensor or several, or
        their `GradientEdge`s).

        `gradient`, a Tensor, is the derivative of what comes after this tensor, and has its shape; a tensor of one element
        needs none. With `create_graph` the gradients are on the tape themselves. The values saved for backward are freed on the
        way unless `retain_graph` (by default: as `create_graph`).

        Raises RuntimeError for a tensor without history, a missing or misshapen `gradient`, a graph that was freed.

        >>> x = minitorch.tensor([1.0, 2.0], requires_grad=True)
        >>> (x**2).sum().backward()
        >>> x.grad
        tensor([2., 4.])
        >>> (3 * x).backward(minitorch.tensor([1.0, 10.0]))  # is added
        >>> x.grad
        tensor([ 5., 34.])
        """
        backward(self._as_tensor(), gradient, retain_graph, create_graph, inputs)


def backward(
    tensors: Any, grad_tensors: Any = None, retain_graph: bool | None = None, create_graph: bool = False, inputs: Any = None
) -> None:
    """Add the gradient of `tensors`, a Tensor or several, to `.grad` of the leaves they depend on (or of `inputs` alone).

    `grad_tensors` holds, for each tensor, the gradient to start from; None means 1 and is for tensors of one element.
    A `GradientEdge` (autograd.graph) may replace any of these tensors. Among `inputs`, the edge of a tensor that is no leaf
    adds to `.grad` only after `retain_grad()`; the tensor itself adds in any case.

    Raises RuntimeError for a tensor without history, a missing or misshapen start, a graph that was freed.

    >>> x = minitorch.tensor([1.0, 2.0], requires_grad=True)
    >>> minitorch.autograd.backward([(x**2).sum(), 3 * x], [None, minitorch.tensor([1.0, 10.0])])
    >>> x.grad
    tensor([ 5., 34.])
    """
    targets = () if inputs is None else _as_tuple(inputs)
    if inputs is not None and not targets:
        raise RuntimeError("`inputs` argument to `backward()` cannot be empty.")
    target_edges = None if inputs is None else {_target_edge(t) for t in targets}
    check_types("backward", FLAG, retain_graph=retain_graph, create_graph=create_graph)
    retain, recording = bool(create_graph if retain_graph is None else retain_graph), bool(create_graph)
    if recording:
        warn_of_cycle()
    roots = root_gradients(_as_tuple(tensors), grad_tensors, recording)
    _in_mode(recording, _backward, roots, target_edges, targets, retain, recording)


FLAG, NUMBER = (int, xp.bool_, xp.integer, type(None)), (int, float, xp.integer, xp.floating)


def check_types(call: str, classes: tuple[type, ...], **arguments: Any) -> None:
    """Raise TypeError unless every argument is of the classes FLAG or NUMBER."""
    for name, value in arguments.items():
        if not isinstance(value, classes):
            expected = "bool" if classes is FLAG else "a number"
            raise TypeError(f"{call}(): argument '{name}' must be {expected}, not {type(value).__name__}")


def _backward(roots: Any, target_edges: set[Edge] | None, targets: tuple[Any, ...], retain: bool, recording: bool) -> None:
    """The rest of `backward`, which runs in a grad mode of its own."""
    with xp.errstate(all="ignore"):
        run = observed(sweep) if observers else sweep
        captured, owned = run(roots, target_edges, retain, recording)
        due = []
        for edge, grad in captured.items():
            is_leaf, is_owned = isinstance(edge[0], AccumulateGrad), edge in owned
            tensor: Any = edge[0].variable if isinstance(edge[0], AccumulateGrad) else _tensor_of(edge, targets)
            if tensor is None:  # of an edge alone: there is no tensor to add to
                continue
            if tensor._hooks:
                grad, is_owned = run_hooks(grad, tensor._hooks, recording), False
            if tensor._requires_grad or not (is_leaf or tensor.retains_grad):  # a hook may have changed that
                check_accumulated(tensor._grad, grad)
                due.append((tensor, grad, is_owned))
        with accumulating:
            accumulate(due, recording)  # last: an error above leaves every .grad as it was
        for tensor, _, _ in due:
            for hook in list((tensor._post_hooks or {}).values()):
                if hook(tensor) is not None:
                    raise RuntimeError("a post accumulate grad hook changes tensor.grad if it needs to, and returns None")


def grad(
    outputs: Tensor | GradientEdge | Sequence[Tensor | GradientEdge],
    inputs: Tensor | GradientEdge | Sequence[Tensor | GradientEdge],
    grad_outputs: Tensor | Sequence[Tensor | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    only_inputs: bool = True,
    allow_unused: bool | None = None,
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
) -> tuple[Tensor, ...]:
    """The gradient of the sum of `outputs` (weighted by `grad_outputs`) with respect to each of `inputs`.

    Touches no `.grad`. With `create_graph` the results can be differentiated again. An input that no output depends on
    is an error, unless `allow_unused` (its gradient is None) or `materialize_grads` (it is zeros). A `GradientEdge`
    (autograd.graph) may replace any of these tensors, but `materialize_grads` makes no zeros for one. `only_inputs` must be
    True and `is_grads_batched` False.

    >>> x = minitorch.tensor([1.0, 2.0], requires_grad=True)
    >>> (first,) = minitorch.autograd.grad((x**3).sum(), x, create_graph=True)
    >>> first
    tensor([ 3., 12.], grad_fn=<MulBackward0>)
    >>> minitorch.autograd.grad(first.sum(), x)  # the second derivative, 6 x
    (tensor([ 6., 12.]),)
    """
    flags = {"retain_graph": retain_graph, "create_graph": create_graph, "only_inputs": only_inputs}
    check_types("grad", FLAG, **flags, is_grads_batched=is_grads_batched)
    if not only_inputs:
        raise NotImplementedError("grad(): only_inputs=False is not supported: backward() adds to the .grad of all leaves")
    if is_grads_batched:
        raise NotImplementedError("grad(): is_grads_batched=True is not supported: call it for each of grad_outputs")
    if allow_unused is False and materialize_grads:
        raise ValueError("Expected allow_unused to be True or not passed when materialize_grads=True, but got: False.")
    targets = _as_tuple(inputs)
    if not targets:
        raise RuntimeError("`inputs` argument to `grad()` cannot be empty.")
    edges = [_target_edge(t) for t in targets]
    retain, recording = bool(create_graph if retain_graph is None else retain_graph), bool(create_graph)
    roots = root_gradients(_as_tuple(outputs), grad_outputs, recording)
    results = _in_mode(recording, _grad, roots, edges, retain, recording)
    for i, (tensor, (node, nr)) in enumerate(zip(targets, edges, strict=True)):
        if results[i] is None and materialize_grads:
            if isinstance(tensor, GradientEdge):
                raise RuntimeError(
                    f"materialize_grads cannot be used when the given input is a GradientEdge: no output depends on "
                    f"inputs[{i}]. Set allow_unused=True instead, and its gradient is None"
                )
            results[i] = wrap(xp.zeros_like(tensor._array))
        elif results[i] is None and not allow_unused:
            raise RuntimeError(
                f"One of the differentiated Tensors (inputs[{i}], of shape {list(node.outputs[nr][0])}) appears to not have "
                "been used in the graph. Set allow_unused=True if this is the desired behavior."
            )
    return tuple(results)


def _grad(roots: Any, edges: list[Edge], retain: bool, recording: bool) -> list[Any]:
    """The rest of `grad`, which runs in a grad mode of its own: for each edge its gradient, or None."""
    results: list[Any] = []
    with xp.errstate(all="ignore"):
        run = observed(sweep) if observers else sweep
        captured, owned = run(roots, set(edges), retain, recording)
        for edge in edges:
            value, is_owned = captured.get(edge), edge in owned and edges.count(edge) == 1
            if value is not None and isinstance(edge[0], AccumulateGrad) and edge[0].variable._hooks:
                value, is_owned = run_hooks(value, edge[0].variable._hooks, recording), False
            if value is not None and not recording:
                array = as_array(value)
                value = wrap(array if is_owned else array.copy())
            results.append(value)
    return results


def _in_mode(mode: bool, function: Callable[..., Any], *args: Any) -> Any:
    """function(*args) in the grad mode `mode`. Whatever ends it, even Ctrl-C, the caller's grad mode stays as it was."""
    before = MODE.enabled
    try:
        MODE.enabled = mode
        return function(*args)
    except Exception as error:
        raise error.with_traceback(without_internal_frames(error.__traceback__))  # noqa: B904
    finally:
        MODE.enabled = before


def root_gradients(outputs: tuple[Any, ...], grad_outputs: Any, recording: bool) -> list[tuple[Edge, Any]]:
    """For each output its edge, and the gradient to start from: 1, or the one given.

    >>> y = 2 * minitorch.tensor(3.0, requires_grad=True)
    >>> ((edge, gradient),) = minitorch.autograd.graph.root_gradients((y,), None, False)
    >>> edge[0] is y.grad_fn, float(gradient)
    (True, 1.0)
    """
    gradients = (None,) * len(outputs) if grad_outputs is None else _as_tuple(grad_outputs)
    if len(gradients) != len(outputs):
        raise RuntimeError(f"got {len(outputs)} tensors and {len(gradients)} gradients")
    roots: list[tuple[Edge, Any]] = []
    for i, (output, gradient) in enumerate(zip(outputs, gradients, strict=True)):
        edge = _edge_of(output)
        shape, dtype = edge[0].outputs[edge[1]] if edge else (getattr(output, "shape", ()), None)
        if edge is None or gradient is not None or math.prod(shape) != 1:
            check_root(i, output, shape, edge, gradient)
        start = wrap(_ones(output, shape, dtype)) if gradient is None else gradient
        roots.append((edge, start if recording else start._array))  # type: ignore[arg-type]
    return roots


def _ones(output: TensorBase | GradientEdge, shape: tuple[int, ...], dtype: Any) -> Any:
    """Ones on the device of `output`: that of an edge is found at a leaf behind it."""
    array = walk([output.node])[0].variable._array if isinstance(output, GradientEdge) else output._array
    return on_device_of(xp.ones(shape, dtype), array)


def _as_tuple(tensors: Any) -> tuple[Any, ...]:
    return (tensors,) if isinstance(tensors, (TensorBase, GradientEdge)) else as_tuple(tensors)


def _edge_of(value: Any) -> Edge | None:
    """The edge of a Tensor or a GradientEdge; None for a Tensor without history, and for anything else."""
    if isinstance(value, GradientEdge):
        check_edge(value, Node)
        return (value.node, value.output_nr)
    return gradient_edge(value) if isinstance(value, TensorBase) else None


def _target_edge(tensor: Any) -> Edge:
    if not isinstance(tensor, (TensorBase, GradientEdge)):
        raise RuntimeError(f"all inputs have to be Tensors or GradientEdges, but got {type(tensor).__name__}")
    edge = _edge_of(tensor)
    if edge is None:
        raise unreachable_error(tensor)
    return edge


def _tensor_of(edge: Edge, targets: tuple[Any, ...]) -> Any:
    """The Tensor among `targets` that an edge belongs to, or None."""
    return next((t for t in targets if isinstance(t, TensorBase) and t._edge == edge), None)
