"""A forward and a backward pass, frame by frame: the content of the player.

    forward    a node computes its output from its inputs
    start      the gradient of the output with respect to itself
    backward   a node sends a gradient to one argument:  upstream x local = contribution, added to the argument's sum
    hook       a hook replaces an accumulated gradient
    leaf       a leaf's sum is complete and is added to its .grad
    end        every .grad

The backward frames are observed in the engine's own sweep. steps.py tells them to a reader, trace.py writes
them as plain data.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from minitorch.autograd.grad_mode import no_grad
from minitorch.autograd.graph import (
    AccumulateGrad,
    Edge,
    Node,
    Observer,
    Op,
    observed_sweep,
    root_gradients,
    run_hooks,
    unbroadcast,
    walk,
)
from minitorch.backend.arrays import Array, as_array, xp
from minitorch.backend.sums import sum_to
from minitorch.tensor import Tensor
from minitorch.viz.record.local import LocalJacobian, argmax_abs, element_name, terms
from minitorch.viz.record.recorder import Sweep, grad_before
from minitorch.viz.record.rules import used_arguments
from minitorch.viz.record.tape import Source, Tape

__all__ = ["ElementSum", "Factor", "Frame", "earlier_starts", "element_sum", "frames_of", "recorded_sweep", "run_sweep"]

MAX_TERMS = 6  # products of a sum that are written out


@dataclass
class ElementSum:
    """One element of a contribution as a sum of products upstream x local, the largest first."""

    name: str  # the element: w[0, 2]
    share: float
    terms: list[tuple[str, float, float]]  # the output element's name, upstream, local
    count: int  # the number of products, without those whose derivative is 0


@dataclass(frozen=True)
class Factor:
    """A factor of the chain rule on the way to a receiver: ∂top/∂bottom, its value if it is one number, and its node."""

    top: str
    bottom: str
    value: float | None
    node: Any
    before: Factor | None = field(default=None, repr=False)  # the factor to the left of it


@dataclass
class Frame:
    """One step. Arrays are copies; fields that a kind of frame does not use are None or empty."""

    kind: str
    node: Any  # the Node
    output: int = 0  # output number of the node; in a backward frame, of the receiver
    argument: int | None = None
    to: Any = None  # the receiver: the node whose gradient gets the contribution
    value: Array | None = None  # forward: the output
    upstream: list[Array | None] = field(default_factory=list)  # the gradients of the node's outputs
    others: list[tuple[Source, Array | None]] = field(default_factory=list)  # the other arguments that the derivative uses
    local: Array | None = None  # see LocalJacobian.array
    contribution: Array | None = None
    part: ElementSum | None = None
    chain: Factor | None = None  # the last factor of the chain rule from the output to the receiver
    before: Array | None = None  # leaf: its .grad before; hook: the gradient before
    total: Array | None = None  # the sum so far; of a leaf, its new .grad
    lap: int = 0  # which of several backward() without zero_grad in between


Grads = list[Array | None]
Step = tuple[Node, Grads, Grads]  # a node, the gradients of its outputs, those of its arguments


class SweepRecorder(Observer):
    """Copies the gradients that enter and leave each node in a sweep, but not in sweeps nested in a node's backward."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self._depth = 0

    def sweep_began(self, roots: Sequence[Any], wanted: Any) -> None:
        self._depth += 1

    def sweep_ended(self) -> None:
        self._depth -= 1

    def backward_returned(self, node: Any, grad_outputs: tuple[Any, ...], results: tuple[Any, ...]) -> None:
        if self._depth != 1:
            return
        grad_inputs: Grads = []
        for edge, grad in zip(node.edges, results, strict=False):  # an Op may omit trailing None
            if edge is not None and grad is not None:
                grad_inputs.append(as_array(unbroadcast(grad, edge, node, False)).copy())
            else:
                grad_inputs.append(None)
        self.steps.append((node, [None if g is None else as_array(g).copy() for g in grad_outputs], grad_inputs))


def frames_of(tape: Tape, gradient: Tensor | None = None) -> list[Frame]:
    """The frames of the forward pass and of the last recorded backward(), or else of backward(gradient) run now.

    No .grad is changed. Raises RuntimeError for an output that is not a scalar, unless `gradient` has its shape, and for a
    freed graph.
    """
    frames: list[Frame] = []
    with tape.with_saved_values(), no_grad(), xp.errstate(all="ignore"):
        last = recorded_sweep(tape.root_edges) if gradient is None else None
        sweeps = [*(sweep for sweep, _ in last.earlier), last] if last is not None else [None]
        sweeps = sweeps[-len(tape.laps) :]
        shown: set[Node] = set()
        for lap, (edges, sweep) in enumerate(zip(tape.laps, sweeps, strict=True)):
            inside = set(walk(node for node, _ in edges)) if len(tape.laps) > 1 else set(tape.ops)
            seeds, steps = run_sweep(tape, edges, gradient, sweep)
            made = forward_frames(tape, [n for n in tape.ops if n in inside and n not in shown])
            made += sweep_frames(tape, seeds, steps, sweep, tape.root_of(edges))
            frames += [replace(frame, lap=lap) for frame in (made if edges is tape.laps[-1] else made[:-1])]
            shown |= inside
    return frames


def earlier_starts(edges: Sequence[Edge]) -> list[list[Edge]]:
    """Where the backward passes started whose gradients the recorded one from `edges` has added to."""
    sweep = recorded_sweep(edges)
    return [starts for _, starts in sweep.earlier] if sweep is not None else []


def recorded_sweep(edges: Sequence[Edge]) -> Sweep | None:
    """The last recorded sweep that started at exactly these values."""
    sweeps = {node.__dict__.get("_viz_sweep") for node, _ in edges}
    sweep = sweeps.pop() if len(sweeps) == 1 else None
    roots = sorted((node.serial, nr) for node, nr in edges)
    return sweep if sweep is not None and sorted(start[:2] for start in sweep.starts) == roots else None


def run_sweep(
    tape: Tape, edges: Sequence[Edge], gradient: Tensor | None = None, recorded: Sweep | None = None
) -> tuple[list[tuple[Edge, Array]], list[Step]]:
    """Run a sweep, or rerun a `recorded` one: its seeds and, in order, each node's incoming and outgoing gradients."""
    if recorded is None:
        seeds = root_gradients(tuple(tape.roots), None if gradient is None else [gradient], False)
    else:
        nodes = {node.serial: node for node, _ in edges}
        seeds = [((nodes[serial], nr), grad.copy()) for serial, nr, grad in recorded.starts]
    seeds = [(edge, as_array(grad).copy()) for edge, grad in seeds]
    starts = [(edge, unbroadcast(grad, edge, None, False).copy()) for edge, grad in seeds]
    recorder = SweepRecorder()
    retained = [t for node in tape.order for ref in (node.retained or {}).values() if (t := ref()) is not None]
    before = [(tensor, tensor._grad) for tensor in retained]
    try:
        for tensor in retained:  # for retain_grad(): the sweep would add to it
            tensor._grad = None
        observed_sweep(seeds, recorder)
    except RuntimeError as error:
        if "modified by an inplace operation" not in str(error):
            raise
        raise RuntimeError(f"{error}; and if that was optimizer.step(), draw before it") from None
    finally:
        for tensor, grad in before:
            tensor._grad = grad
    return starts, recorder.steps


def forward_frames(tape: Tape, nodes: Sequence[Node]) -> list[Frame]:
    """One frame for each op, in topological order."""
    values = [tape.value((node, 0)) for node in nodes]
    return [Frame("forward", n, value=None if v is None else v.copy()) for n, v in zip(nodes, values, strict=True)]


class _Sums:
    """The gradient accumulated so far for each value, how many contributions it has, and the chain rule of the last."""

    def __init__(self) -> None:
        self.total: dict[Edge, Array] = {}
        self.count: dict[Edge, int] = {}
        self.chain: dict[Edge, Factor | None] = {}

    def add(self, edge: Edge, grad: Array, chain: Factor | None) -> None:
        before = self.total.get(edge)
        self.total[edge] = grad if before is None else before + grad
        self.count[edge] = self.count.get(edge, 0) + 1
        self.chain[edge] = chain


def sweep_frames(
    tape: Tape, seeds: list[tuple[Edge, Array]], steps: list[Step], recorded: Sweep | None, root: str
) -> list[Frame]:
    """The frames from the start to the end of a sweep."""
    frames: list[Frame] = []
    sums = _Sums()

    def check_hooks(edge: Edge, grad: Array | None) -> None:
        """Add a frame if hooks have replaced an accumulated gradient."""
        total = sums.total.get(edge)
        if grad is not None and total is not None and not xp.array_equal(grad, total, equal_nan=True):
            sums.total[edge] = grad
            sums.chain[edge] = Factor(root, tape.name(edge), grad.item() if grad.size == 1 else None, None)
            frames.append(Frame("hook", edge[0], edge[1], contribution=grad, before=total, total=grad))

    for edge, grad in seeds:
        sums.add(edge, grad, None)
        frames.append(Frame("start", edge[0], edge[1], contribution=grad, total=sums.total[edge]))
    for node, upstream, grads in steps:
        for nr, grad_output in enumerate(upstream):
            check_hooks((node, nr), grad_output)
        frames += backward_frames(tape, sums, node, upstream, grads, root)
    for item in tape.items:
        if isinstance(item, AccumulateGrad) and (item, 0) in sums.total:
            leaf = item.variable
            if not leaf.requires_grad or (recorded and recorded.wanted is not None and id(item) not in recorded.wanted):
                continue  # requires no gradient any more, or was not an input of that sweep
            if leaf._hooks:
                check_hooks((item, 0), run_hooks(sums.total[item, 0].copy(), leaf._hooks, False))
            grad, old = sums.total[item, 0], grad_before(item, recorded)
            before = None if old is None else old.copy()
            total = grad if before is None else before + grad
            frames.append(Frame("leaf", item, contribution=grad, before=before, total=total))
    frames.append(Frame("end", seeds[0][0][0]))
    return frames


def backward_frames(tape: Tape, sums: _Sums, node: Node, upstream: Grads, grads: Grads, root: str) -> list[Frame]:
    """A frame for each argument to which a node sends a gradient."""
    frames = []
    defined = [nr for nr, grad in enumerate(upstream) if grad is not None]
    nr = defined[0]
    first = upstream[nr]
    assert first is not None
    jacobian = LocalJacobian(node, first)
    name = tape.name((node, nr))
    chain = sums.chain.get((node, nr))
    if len(defined) > 1 or sums.count.get((node, nr), 0) > 1:
        total = first.item() if first.size == 1 else None  # several paths join here: the chain continues from their sum
        chain = Factor(root, name, total, None)
    for argument, (edge, grad) in enumerate(zip(node.edges, grads, strict=False)):
        if edge is None or grad is None:
            continue
        part, products = None, []
        if grad.size:
            k = argmax_abs(grad)
            products = terms(upstream, jacobian.column(argument, k))
            part = element_sum(tape, tape.name(edge), grad, k, [(node, i) for i in range(len(upstream))], products)
        local = jacobian.array(argument)
        if not isinstance(node, Op) and not _matches_local(upstream, local, part, grad, sum(u * d for _, _, u, d in products)):
            local = part = None  # a nonlinear backward, such as one that clips, is not upstream x local
        slope = local.item() if local is not None and local.size == 1 == grad.size else None
        factor = Factor(name, tape.name(edge), slope, node, chain) if len(defined) == 1 else None  # one path, or none
        sums.add(edge, grad, factor)
        frames.append(
            Frame(
                "backward",
                node,
                edge[1],
                argument,
                edge[0],
                upstream=upstream,
                others=[(s, tape.value(s, node)) for s in _used_sources(tape, node, argument)],
                local=local,
                contribution=grad,
                part=part,
                chain=sums.chain[edge],
                total=sums.total[edge].copy(),
            )
        )
    return frames


def element_sum(
    tape: Tape, name: str, grad: Array, k: int, outputs: Sequence[Edge], products: Sequence[tuple[int, int, float, float]]
) -> ElementSum:
    """Element k of the gradient of the value called `name`, as a sum of products from `outputs` (see `terms`)."""
    shown = [(tape.element_name(outputs[i], j), upstream, local) for i, j, upstream, local in products[:MAX_TERMS]]
    return ElementSum(element_name(name, grad.shape, k), grad.reshape(-1)[k].item(), shown, len(products))


def _used_sources(tape: Tape, node: Node, argument: int) -> list[Source]:
    """The arguments that the derivative with respect to one argument is computed from."""
    used = used_arguments(node, tape.argument(node, argument))
    found = {s: None for i, s in enumerate(tape.sources[node]) if s is not None and tape.argument(node, i) in used}
    return list(found)


def _matches_local(upstream: Grads, local: Array | None, part: ElementSum | None, grad: Array, total: float) -> bool:
    """Whether the result of a backward is the product of the upstream gradient and the local derivative."""
    if part is not None and not math.isclose(total, part.share, rel_tol=1e-2, abs_tol=1e-6):
        return False
    first = upstream[0]
    return local is None or first is None or bool(xp.allclose(sum_to(first * local, grad.shape), grad, 1e-2, 1e-6, True))
