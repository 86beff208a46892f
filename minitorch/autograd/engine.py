"""The backward pass: one walk over the tape, one sweep along it.     (Read this third.)

Take  y = sin(x) * x.  The tape is  AccumulateGrad(x) <- Sin <- Mul,  and Mul has a second edge to x. `walk` finds the three
nodes and sorts them by their serial numbers. `sweep` starts with dy/dy = 1 at Mul, and always takes the node recorded last:

    Mul   has 1          its backward gives  x  for sin(x)  and  sin(x)  for x
    Sin   has x          its backward gives  x cos(x)  for x
    x     has sin(x) + x cos(x): every node that uses x has been passed, so the sum is complete

A node is recorded after the nodes that made its inputs, so going from young to old visits every node after all its users. There
is no recursion, so a chain of a million operations works like one of ten; and a gradient is kept in a dict only as long as it
waits for its node.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import Any

from minitorch.autograd.checks import check_gradient_shape
from minitorch.autograd.hooks import run_node_hooks, run_post_hooks
from minitorch.autograd.node import Edge, Node, Op
from minitorch.backend.arrays import is_whole, owner
from minitorch.backend.dtypes import dtypes
from minitorch.backend.sums import sum_to

__all__ = ["sweep", "unbroadcast", "walk"]


def walk(roots: Iterable[Node]) -> list[Node]:
    """Every node of the tape that `roots` depend on, each once, the oldest first."""
    nodes = list(dict.fromkeys(roots))
    visited = set(nodes)
    for node in nodes:  # which grows while it is walked
        for edge in node.edges:
            if edge is not None and edge[0] not in visited:
                visited.add(edge[0])
                nodes.append(edge[0])
    nodes.sort(key=attrgetter("serial"))
    return nodes


def sweep(
    roots: Sequence[tuple[Edge, Any]], targets: set[Edge] | None, retain_graph: bool, recording: bool, call: Any = None
) -> tuple[dict[Edge, Any], set[Edge]]:
    """Send each root's gradient along the tape; return what arrives at `targets` (None: at every leaf).

    Gradients are arrays, or Tensors if `recording`. Also returns the leaves whose gradient is a new array that nothing else
    refers to: it may be kept without a copy. Observers pass `call`, to be called instead of each node's `call_backward`.
    """
    order = walk(node for (node, _), _ in roots)
    needed = None if targets is None else _ancestors_of(targets, order)
    grads, captured, owned = dict[Edge, Any](), dict[Edge, Any](), set[Edge]()  # grads: of each value, the gradient so far
    for root, grad in roots:
        grad = unbroadcast(grad, root, None, recording)
        grads[root] = grads[root] + grad if root in grads else grad

    while order and order[-1].serial > 0:  # until only leaves are left
        node = order.pop()
        count = len(node.outputs)
        upstream = (grads.pop((node, 0), None),) if count == 1 else tuple([grads.pop((node, nr), None) for nr in range(count)])
        if upstream[0] is None and all(grad is None for grad in upstream):
            continue
        if node.hooks is not None or node.retained is not None:
            upstream = run_node_hooks(node, upstream, recording)
        if targets is not None and needed is not None:
            captured.update({(node, nr): grad for nr, grad in enumerate(upstream) if (node, nr) in targets})
            if not _leads_to(needed, node):
                continue
        results = node.call_backward(upstream, recording) if call is None else call(node, upstream, recording)
        if node.post_hooks is not None:
            results = run_post_hooks(node, results, upstream, recording)
        if not retain_graph:
            node._saved = None if node._saved else ()
        for edge, grad in zip(node.edges, results):  # noqa: B905 (an Op may leave out trailing None)
            if edge is None or grad is None or (needed is not None and edge[0] not in needed):
                continue
            shape, dtype = edge[0].outputs[edge[1]]
            array = grad._array if recording else grad
            if array.shape != shape or array.dtype is not dtype:
                grad = unbroadcast(grad, edge, node, recording)
            total = grads.get(edge)
            grads[edge] = grad if total is None else total + grad
            if edge[0].serial == 0 and not recording and (total is not None or _is_new(grad, node, upstream, results)):
                owned.add(edge)
    # What is left in `grads` belongs to leaves.
    return {e: g for e, g in (captured | grads).items() if g is not None and (targets is None or e in targets)}, owned


def unbroadcast(grad: Any, edge: Edge, node: Node | None, recording: bool) -> Any:
    """A gradient in the shape and dtype of the value it belongs to: summed over the dimensions that were broadcast.

    Raises RuntimeError for a shape that the value cannot be broadcast to.
    """
    shape, dtype = edge[0].outputs[edge[1]]
    array = grad._array if recording else grad
    if array.shape != shape:
        check_gradient_shape(array.shape, edge, node)
        grad = grad.sum_to_size(shape) if recording else sum_to(grad, shape)
    if array.dtype != dtype:
        grad = grad.to(dtypes[dtype]) if recording else grad.astype(dtype)
    return grad


def _ancestors_of(targets: set[Edge], order: list[Node]) -> set[Node]:
    """The nodes from which some target is reached, and those of the targets: the sweep needs no others."""
    ancestors = {node for node, _ in targets}
    for node in order:  # oldest first: its inputs have been decided before it
        if _leads_to(ancestors, node):
            ancestors.add(node)
    return ancestors


def _leads_to(nodes: set[Node], node: Node) -> bool:
    return any(edge is not None and edge[0] in nodes for edge in node.edges)


def _is_new(grad: Any, node: Node, upstream: Sequence[Any], results: Sequence[Any]) -> bool:
    """Whether nothing else has the memory of `grad`: no upstream gradient, no other result, no hook of a program."""
    if not isinstance(node, Op) or node.post_hooks is not None or not is_whole(grad):
        return False
    memory = owner(grad)
    return sum([owner(g) is memory for g in (*upstream, *results)]) < 2
