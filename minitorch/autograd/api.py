"""`backward` and `grad`: the public ways to run the sweep, with PyTorch's arguments.

Both start from gradients of some outputs. `backward` adds what arrives to the `.grad` of leaves, `grad` returns it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from minitorch.autograd.checks import as_tuple, check_root, unreachable_error, warn_of_cycle
from minitorch.autograd.engine import sweep
from minitorch.autograd.grad_mode import MODE
from minitorch.autograd.hooks import accumulating, run_hooks
from minitorch.autograd.node import AccumulateGrad, Edge, gradient_edge
from minitorch.autograd.observe import observed, observers
from minitorch.autograd.tensor_base import TensorBase, accumulate, wrap
from minitorch.backend.arrays import as_array, xp

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

__all__ = ["FLAG", "NUMBER", "BackwardMethod", "backward", "check_types", "grad", "root_gradients"]


class BackwardMethod(TensorBase):
    """The method of Tensor that starts a backward pass."""

    __slots__ = ()

    def backward(
        self, gradient: Any = None, retain_graph: bool | None = None, create_graph: bool = False, inputs: Any = None
    ) -> None:
        """Run the tape backward from here and add to `.grad` of every leaf (or of `inputs` alone, a Tensor or several).

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
            tensor: Any = getattr(edge[0], "variable", None) if is_leaf else next(t for t in targets if t._edge == edge)
            if tensor._hooks:
                grad, is_owned = run_hooks(grad, tensor._hooks, recording), False
            if tensor._requires_grad or not (is_leaf or tensor.retains_grad):  # a hook may have changed that
                due.append((tensor, grad, is_owned))
        with accumulating:
            accumulate(due, recording)  # last: an error above leaves every .grad as it was
        for tensor, _, _ in due:
            for hook in list((tensor._post_hooks or {}).values()):
                if hook(tensor) is not None:
                    raise RuntimeError("a post accumulate grad hook changes tensor.grad if it needs to, and returns None")


def grad(
    outputs: Tensor | Sequence[Tensor],
    inputs: Tensor | Sequence[Tensor],
    grad_outputs: Tensor | Sequence[Tensor | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    *,
    allow_unused: bool | None = None,
    materialize_grads: bool = False,
) -> tuple[Tensor, ...]:
    """The gradient of the sum of `outputs` (weighted by `grad_outputs`) with respect to each of `inputs`.

    Touches no `.grad`. With `create_graph` the results can be differentiated again. An input that no output depends on
    is an error, unless `allow_unused` (its gradient is None) or `materialize_grads` (it is zeros).

    >>> x = minitorch.tensor([1.0, 2.0], requires_grad=True)
    >>> (first,) = minitorch.autograd.grad((x**3).sum(), x, create_graph=True)
    >>> first
    tensor([ 3., 12.], grad_fn=<MulBackward0>)
    >>> minitorch.autograd.grad(first.sum(), x)  # the second derivative, 6 x
    (tensor([ 6., 12.]),)
    """
    if allow_unused is False and materialize_grads:
        raise ValueError("Expected allow_unused to be True or not passed when materialize_grads=True, but got: False.")
    targets = _as_tuple(inputs)
    if not targets:
        raise ValueError("grad requires non-empty inputs.")
    edges = [_target_edge(t) for t in targets]
    check_types("grad", FLAG, retain_graph=retain_graph, create_graph=create_graph)
    retain, recording = bool(create_graph if retain_graph is None else retain_graph), bool(create_graph)
    roots = root_gradients(_as_tuple(outputs), grad_outputs, recording)
    results = _in_mode(recording, _grad, roots, edges, targets, retain, recording)
    for i, tensor in enumerate(targets):
        if results[i] is None and materialize_grads:
            results[i] = wrap(xp.zeros_like(tensor._array))
        elif results[i] is None and not allow_unused:
            raise RuntimeError(
                f"One of the differentiated Tensors (inputs[{i}], of shape {list(tensor._array.shape)}) appears to not have "
                "been used in the graph. Set allow_unused=True if this is the desired behavior."
            )
    return tuple(results)


def _grad(roots: Any, edges: list[Edge], targets: tuple[Any, ...], retain: bool, recording: bool) -> list[Any]:
    """The rest of `grad`, which runs in a grad mode of its own: for each target its gradient, or None."""
    results: list[Any] = []
    with xp.errstate(all="ignore"):
        run = observed(sweep) if observers else sweep
        captured, owned = run(roots, set(edges), retain, recording)
        for tensor, edge in zip(targets, edges, strict=True):
            value, is_owned = captured.get(edge), edge in owned and edges.count(edge) == 1
            if value is not None and tensor._hooks and tensor._edge is None:
                value, is_owned = run_hooks(value, tensor._hooks, recording), False
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
        edge = gradient_edge(output) if isinstance(output, TensorBase) else None
        if edge is None or gradient is not None or output._array.size != 1:
            check_root(i, output, edge, gradient)
        start = wrap(xp.ones_like(output._array)) if gradient is None else gradient
        roots.append((edge, start if recording else start._array))  # type: ignore[arg-type]
    return roots


def _as_tuple(tensors: Any) -> tuple[Any, ...]:
    return (tensors,) if isinstance(tensors, TensorBase) else as_tuple(tensors)


def _target_edge(tensor: Any) -> Edge:
    if not isinstance(tensor, TensorBase):
        raise TypeError(f"inputs must be Tensors, got {type(tensor).__name__}")
    edge = gradient_edge(tensor)
    if edge is None:
        raise unreachable_error(tensor)
    return edge
