"""The backward pass: one walk over the tape, one sweep along it.

Take  y = sin(x) * x.  The tape is  AccumulateGrad(x) <- Sin <- Mul,  and Mul points at x a second time. `walk` finds
the three nodes and sorts them by their serial numbers. `sweep` starts with dy/dy = 1 at Mul, and takes the node that was
recorded last each time:

    Mul   has 1          its backward gives  x  for sin(x)  and  sin(x)  for x
    Sin   has x          its backward gives  x cos(x)  for x
    x     has sin(x) + x cos(x): by now everything that uses x has been passed, so the sum is complete

An op is younger than what it was fed, so going from young to old visits every node after all of its users. There is
no recursion, so a chain of a million ops is as good as one of ten; and a gradient lives in a local dict only as long as
it is waiting for its node.
"""

from __future__ import annotations

import collections
import itertools
from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from minitorch.autograd.function import AccumulateGrad, Edge, Function, Op, edge_of
from minitorch.autograd.grad_mode import in_mode
from minitorch.autograd.variable import TensorBase, wrap
from minitorch.autograd.watch import Watcher, observers, watchers
from minitorch.backend.arrays import as_array, sum_to, xp
from minitorch.backend.dtypes import dtypes
from minitorch.backend.refusal import typed

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

__all__ = ["backward", "backward_of_program", "fit", "grad", "run_hooks_on", "seeds_of", "sweep", "walk", "with_zeros"]

Due = tuple[Any, Any, bool]  # a tensor, what is to be added to its `.grad`, and whether that is the engine's own


def walk(roots: Iterable[Function]) -> list[Function]:
    """Every node of the tape that `roots` depend on, each once, the oldest first."""
    found = list(dict.fromkeys(roots))
    seen = set(found)
    for node in found:  # which grows while it is walked
        for edge in node.edges:
            if edge is not None and edge[0] not in seen:
                seen.add(edge[0])
                found.append(edge[0])
    found.sort(key=attrgetter("serial"))
    return found


def sweep(
    roots: Sequence[tuple[Edge, Any]], wanted: set[Edge] | None, retain_graph: bool, recording: bool
) -> dict[Edge, tuple[Any, bool]]:
    """Send each root's gradient down the tape; return what arrives at `wanted` (None: at every leaf).

    Gradients are arrays, or Tensors when `recording`. With each comes whether it is the engine's own, so that it may be
    kept without a copy.
    """
    told = observers() if watchers else ()
    for watcher in told:
        watcher.sweep_began(roots, wanted)
    try:
        return _sweep(roots, wanted, retain_graph, recording, told)
    finally:
        for watcher in told:
            watcher.sweep_ended()


def _sweep(
    roots: Sequence[tuple[Edge, Any]], wanted: set[Edge] | None, retain_graph: bool, recording: bool, told: Sequence[Watcher]
) -> dict[Edge, tuple[Any, bool]]:
    order = walk(node for (node, _), _ in roots)
    on_the_way = None if wanted is None else _leading_to(wanted, order)
    grads: dict[Edge, Any] = {}  # value on the tape -> its gradient so far
    owned: set[Edge] = set()  # those whose gradient is a buffer made here, which may be added to in place
    arrived: dict[Edge, tuple[Any, bool]] = {}

    for root, grad in roots:
        grad = fit(grad, root, None, recording)
        grads[root] = grads[root] + grad if root in grads else grad

    while order:
        node = order.pop()
        if len(node.outputs) == 1:
            grad = grads.pop((node, 0), None)
            if grad is None:
                continue
            got: tuple[Any, ...] = (grad,)
        else:
            got = tuple([grads.pop((node, nr), None) for nr in range(len(node.outputs))])
            if all(grad is None for grad in got):
                continue
        if node.hooks is not None or node.retained is not None:
            got = _run_hooks(node, got, recording)
        if node.serial == 0:  # a leaf, and everything that uses it has been passed
            if wanted is None or (node, 0) in wanted:
                arrived[node, 0] = got[0], (node, 0) in owned
            continue
        if on_the_way is not None and wanted is not None:
            arrived.update({(node, nr): (g, False) for nr, g in enumerate(got) if g is not None and (node, nr) in wanted})
            if not _leads(node, on_the_way):
                continue
        for watcher in told:
            watcher.sweeping(node, got)
        if isinstance(node, Op):
            if len(got) > 1 and node.materialize_grads:
                got = with_zeros(node, got, recording)
            results = node.backward(*got)
            if type(results) is not tuple:
                results = (results,)
        else:
            results = backward_of_program(node, got, recording)
        for watcher in told:
            watcher.swept(node, got, results)
        if not retain_graph and node._saved:
            node._saved = None
        for edge, grad in zip(node.edges, results):  # noqa: B905 (an Op may leave out a tail of None)
            if edge is None or grad is None:
                continue
            target, nr = edge
            if on_the_way is not None and target not in on_the_way:
                continue
            shape, dtype = target.outputs[nr]
            array = grad._array if recording else grad
            if array.shape != shape or array.dtype is not dtype:
                grad = fit(grad, edge, node, recording)
            held = grads.get(edge)
            if held is None:
                grads[edge] = grad
                # a leaf may keep an array that this op has just made and nobody else can see
                if target.serial == 0 and not recording and _is_fresh(node, grad, got, results):
                    owned.add(edge)
            elif recording or edge not in owned:
                grads[edge] = held + grad
                owned.add(edge)
            else:
                held += grad
                grads[edge] = held
    return arrived


def _leading_to(wanted: set[Edge], order: list[Function]) -> set[Function]:
    """The nodes from which some wanted value is reached: the sweep leaves the others alone."""
    found = {node for node, _ in wanted}
    for node in order:  # oldest first: what a node leads to has been decided before it
        if _leads(node, found):
            found.add(node)
    return found


def _leads(node: Function, to: set[Function]) -> bool:
    return any(edge is not None and edge[0] in to for edge in node.edges)


def _is_fresh(node: Function, grad: Any, got: Sequence[Any], results: Sequence[Any]) -> bool:
    """Whether `grad` is an array of its own: not the gradient passed on, not a view, not given to two inputs."""
    return (
        isinstance(node, Op) and grad.base is None and not any(grad is g for g in got) and sum(grad is r for r in results) < 2
    )


def fit(grad: Any, edge: Edge, node: Function | None, recording: bool) -> Any:
    """Bring a gradient to the shape and dtype of the value it belongs to: broadcasting is summed back."""
    target, nr = edge
    shape, dtype = target.outputs[nr]
    array = grad._array if recording else grad
    if array.shape != shape:
        lead = array.ndim - len(shape)
        if lead < 0 or any(n not in (1, m) for n, m in zip(shape, array.shape[lead:], strict=True)):
            where = "as the start" if node is None else f"at index {list(node.edges).index(edge)}"
            maker = "backward()" if node is None else f"Function {node.name()}"
            raise RuntimeError(
                f"{maker} returned an invalid gradient {where} - got {list(array.shape)} but expected shape "
                f"compatible with {list(shape)}"
            )
        grad = grad.sum_to_size(shape) if recording else sum_to(grad, shape)
    if array.dtype != dtype:
        grad = grad.to(dtypes[dtype]) if recording else grad.astype(dtype)
    return grad


def _run_hooks(node: Function, got: tuple[Any, ...], recording: bool) -> tuple[Any, ...]:
    """Show the gradients of a node's outputs to the hooks on them, and keep those that `retain_grad` asked for."""
    out = list(got)
    for nr, hooks in (node.hooks or {}).items():
        out[nr] = run_hooks_on(out[nr], hooks, recording)
    for nr, reference in (node.retained or {}).items():
        tensor = reference()
        if tensor is not None and out[nr] is not None:
            _accumulate([(tensor, out[nr], False)], recording)
    return tuple(out)


def run_hooks_on(grad: Any, hooks: dict[int, Any], recording: bool) -> Any:
    if grad is None or not hooks:
        return grad
    tensor = grad if recording else wrap(as_array(grad).view())
    for hook in list(hooks.values()):
        replaced = hook(tensor)
        if replaced is None:
            continue
        if not isinstance(replaced, TensorBase) or replaced._array.shape != tensor._array.shape:
            what = list(replaced._array.shape) if isinstance(replaced, TensorBase) else type(replaced).__name__
            raise TypeError(
                f"a hook must return None or a Tensor of the gradient's shape {list(tensor._array.shape)}, not {what}"
            )
        if replaced._array.dtype != tensor._array.dtype:
            raise RuntimeError(
                f"hook has changed the type of value (was {dtypes[tensor._array.dtype]!r} got "
                f"{dtypes[replaced._array.dtype]!r})"
            )
        tensor = replaced._as_tensor()
    return tensor if recording else tensor._array


def with_zeros(node: Function, got: tuple[Any, ...], recording: bool) -> tuple[Any, ...]:
    """Zeros in place of the gradients of outputs that nothing depended on."""
    like = next(g for g in got if g is not None)
    array = like._array if recording else like
    out = []
    for g, (shape, dtype) in zip(got, node.outputs, strict=True):
        if g is None and dtype is not None:
            zeros = xp.zeros_like(array, shape=shape, dtype=dtype)
            g = wrap(zeros) if recording else zeros
        out.append(g)
    return tuple(out)


def backward_of_program(node: Function, got: tuple[Any, ...], recording: bool) -> tuple[Any, ...]:
    """Call a Function that sees Tensors: wrap what goes in, check and unwrap what comes out."""
    if node.materialize_grads:
        got = with_zeros(node, got, recording)
    tensors = got if recording else tuple(None if g is None else wrap(as_array(g).view()) for g in got)
    results = type(node).backward(node, *tensors)  # by way of the class: backward may be a @staticmethod
    if not isinstance(results, tuple):
        results = (results,)
    expected = len(node.edges)
    if len(results) < expected or any(r is not None for r in results[expected:]):
        raise RuntimeError(
            f"function {node.name()} returned an incorrect number of gradients (expected {expected}, got "
            f"{len(results)}): backward returns one for every argument of forward, None where there is none"
        )
    for index, grad in enumerate(results):
        if grad is not None and not isinstance(grad, TensorBase):
            raise RuntimeError(
                f"function {node.name()} returned a {type(grad).__name__} as gradient {index}; a gradient is a Tensor or None"
            )
    return results if recording else tuple(None if r is None else r._array for r in results)


# ---- the public face -------------------------------------------------------------------------------------------


@typed
def backward(
    tensors: Tensor | Sequence[Tensor],
    grad_tensors: Tensor | Sequence[Tensor | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Tensor | Sequence[Tensor] | None = None,
) -> None:
    """Add the gradient of `tensors` to `.grad` of the leaves they depend on (or of `inputs` alone).

    `grad_tensors` holds, for each tensor, the gradient to start from; None means 1 and is for tensors of one element.
    Raises RuntimeError for a tensor without history, a missing or misshapen start, a graph that was freed.
    """
    recording = bool(create_graph)
    targets = _as_tuple(inputs)
    if inputs is not None and not targets:
        raise RuntimeError("`inputs` argument to `backward()` cannot be empty.")
    wanted = None if inputs is None else {_wanted_edge(t) for t in targets}
    roots = seeds_of(_as_tuple(tensors), grad_tensors, recording)
    retain = recording if retain_graph is None else retain_graph
    in_mode(recording, _backward, roots, wanted, targets, retain, recording)


def _backward(
    roots: Sequence[tuple[Edge, Any]], wanted: set[Edge] | None, targets: tuple[Any, ...], retain: bool, recording: bool
) -> None:
    """The rest of `backward`, which runs in its own grad mode."""
    with xp.errstate(all="ignore"):
        arrived = sweep(roots, wanted, retain, recording)
        leaves = [(_owner(edge, targets), grad, owned) for edge, (grad, owned) in arrived.items()]
        leaves = [(t, run_hooks_on(g, t._hooks, recording), False) if t._hooks else (t, g, own) for t, g, own in leaves]
        # Some are no longer wanted, by now; and a tensor that retains its gradient has kept it on the way.
        leaves = [leaf for leaf in leaves if leaf[0].requires_grad and not (leaf[0]._edge and leaf[0].retains_grad)]
        _accumulate(leaves, recording)  # last of all: an error above leaves every .grad as it was
        for tensor, _, _ in leaves:
            for hook in list((tensor._post_hooks or {}).values()):
                if hook(tensor) is not None:
                    raise TypeError("a hook after accumulation changes tensor.grad if it will, and returns None")


@typed
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
    """
    if allow_unused is False and materialize_grads:
        raise ValueError("Expected allow_unused to be True or not passed when materialize_grads=True, but got: False.")
    recording = bool(create_graph)
    targets = _as_tuple(inputs)
    edges = [_wanted_edge(t) for t in targets]
    roots = seeds_of(_as_tuple(outputs), grad_outputs, recording)
    retain = recording if retain_graph is None else retain_graph
    results = in_mode(recording, _grad, roots, edges, targets, retain, recording)
    for i, tensor in enumerate(targets):
        if results[i] is None and materialize_grads:
            results[i] = wrap(xp.zeros_like(tensor._array))
        elif results[i] is None and not allow_unused:
            raise RuntimeError(
                f"One of the differentiated Tensors (inputs[{i}], of shape {list(tensor._array.shape)}) appears to not have "
                "been used in the graph. Set allow_unused=True if this is the desired behavior."
            )
    return tuple(results)


def _grad(
    roots: Sequence[tuple[Edge, Any]], edges: list[Edge], targets: tuple[Any, ...], retain: bool, recording: bool
) -> list[Any]:
    """The rest of `grad`, which runs in its own grad mode: for each target its gradient, or None."""
    results: list[Any] = []
    with xp.errstate(all="ignore"):
        arrived = sweep(roots, set(edges), retain, recording)
        for tensor, edge in zip(targets, edges, strict=True):
            value, own = arrived.get(edge, (None, False))
            if value is not None and tensor._hooks and tensor._edge is None:
                value, own = run_hooks_on(value, tensor._hooks, recording), False
            if value is not None and not recording:
                value = _keep(value, own and edges.count(edge) == 1)
            results.append(value)
    return results


def _as_tuple(tensors: Any) -> tuple[Any, ...]:
    if tensors is None:
        return ()
    if not isinstance(tensors, (TensorBase, Iterable)):
        raise TypeError(f"expected a Tensor or a sequence of Tensors, got {type(tensors).__name__}")
    return (tensors,) if isinstance(tensors, TensorBase) else tuple(tensors)


def _wanted_edge(tensor: Any) -> Edge:
    if not isinstance(tensor, TensorBase):
        raise TypeError(f"inputs must be Tensors, got {type(tensor).__name__}")
    edge = edge_of(tensor)
    if edge is None:
        raise RuntimeError(
            f"One of the differentiated Tensors (of shape {list(tensor._array.shape)}) does not require grad; "
            "call .requires_grad_() on it before it is used"
        )
    return edge


def seeds_of(outputs: tuple[Any, ...], given: Any, recording: bool) -> list[tuple[Edge, Any]]:
    """For each output its place on the tape and the gradient to start from."""
    gradients = _as_tuple(given) if given is not None else (None,) * len(outputs)
    if len(gradients) != len(outputs):
        raise RuntimeError(f"got {len(outputs)} tensors and {len(gradients)} gradients")
    seeds: list[tuple[Edge, Any]] = []
    for i, (output, gradient) in enumerate(zip(outputs, gradients, strict=True)):
        if not isinstance(output, TensorBase):
            raise TypeError(f"expected a Tensor to run backward from, got {type(output).__name__}")
        edge, shape = edge_of(output), output._array.shape
        if edge is None:
            raise RuntimeError(
                f"element {i} of tensors does not require grad and does not have a grad_fn: nothing it was computed "
                "from requires grad, or it was computed inside no_grad() or detached"
            )
        if gradient is None:
            if output._array.size != 1:
                raise RuntimeError(
                    f"grad can be implicitly created only for scalar outputs, and this one has shape {list(shape)}: "
                    "reduce it to a number first, with .sum() or .mean(), or pass backward(gradient=...)"
                )
            gradient = wrap(xp.ones_like(output._array))
        elif not isinstance(gradient, TensorBase):
            raise TypeError(f"gradients can be either Tensors or None, but got {type(gradient).__name__}")
        elif gradient._array.shape != shape:
            raise RuntimeError(
                f"Mismatch in shape: grad_output[{i}] has a shape of {list(gradient._array.shape)} and output[{i}] has "
                f"a shape of {list(shape)}."
            )
        seeds.append((edge, gradient if recording else gradient._array))
    return seeds


def _owner(edge: Edge, targets: tuple[Any, ...]) -> Any:
    """The tensor in whose `.grad` the gradient of `edge` belongs."""
    node = edge[0]
    if isinstance(node, AccumulateGrad):
        return node.variable
    return next(t for t in targets if t._edge == edge)


def _keep(array: Any, own: bool) -> Tensor:
    """A Tensor around a gradient array, copied unless it is the engine's own."""
    array = as_array(array)
    return wrap(array if own else array.copy())


def _accumulate(due: Sequence[Due], recording: bool) -> None:
    """tensor.grad += grad, for all of `due` or, if an exception comes in between, such as that of Ctrl-C, for none."""
    sums: list[tuple[Tensor, Any]] = []
    fresh: list[tuple[TensorBase, Tensor]] = []
    for tensor, grad, own in due:
        held = tensor._grad
        if recording:
            fresh.append((tensor, grad.clone() if held is None else held + grad))
        elif held is None:
            fresh.append((tensor, _keep(grad, own)))
        elif not getattr(held._array.flags, "writeable", True):
            fresh.append((tensor, wrap(as_array(held._array + grad))))
        else:
            sums.append((held, grad))
    places = [held._array for held, _ in sums]
    adding = map(xp.add, places, [grad for _, grad in sums], places)
    setting = map(setattr, [tensor for tensor, _ in fresh], itertools.repeat("_grad"), [value for _, value in fresh])
    # Python looks for Ctrl-C between its own instructions. This is one of them, and all that it calls is written in C.
    collections.deque(itertools.chain(adding, setting), maxlen=0)
    for held, _ in sums:
        held._shared_version()[0] += 1
