"""A forward and a backward pass, frame by frame: what the player plays.

    forward    a node has computed its output from its inputs
    start      the gradient of the output with respect to itself
    backward   a node passes a gradient back to one argument:  upstream x local = contribution, added to that one's sum
    hook       a hook of the program has replaced a sum
    leaf       a leaf's sum is complete, and is added to what its .grad held
    end        every .grad

The backward frames are the engine's own sweep, looked on at. words.py tells a frame in a few sentences, trace.py writes all of
them down as plain data.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
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
    saved_tensors_of,
    unbroadcast,
)
from minitorch.backend.arrays import Array, as_array, sum_to, xp
from minitorch.tensor import Tensor
from minitorch.viz.local import Local, at, largest, terms
from minitorch.viz.record import Given, Sweep, held_before
from minitorch.viz.tape import Source, Tape

__all__ = ["Frame", "Part", "frames_of", "watched_sweep"]

MOST_TERMS = 6  # products that are written out of a sum


@dataclass
class Part:
    """How one element of the receiver gets its share: the products it is the sum of, the largest first."""

    name: str  # of the element: w[0, 2]
    share: float
    terms: list[tuple[str, float, float]]  # the output's element, its gradient, its derivative in the receiver's
    count: int  # of all products that are not 0 for certain


@dataclass
class Frame:
    """One step. Arrays are copies of this run's; what a kind of frame has no use for is None or empty."""

    kind: str
    node: Any  # the Node that it is about
    output: int = 0  # which of the node's outputs; of a backward frame, which of the receiver's
    argument: int | None = None
    to: Any = None  # the node whose gradient gets the contribution
    value: Array | None = None  # forward: the output
    inputs: list[tuple[Source, Array | None]] = field(default_factory=list)  # forward: what it was computed from
    upstream: list[Array | None] = field(default_factory=list)  # the gradients of the node's outputs
    others: list[tuple[Source, Array | None]] = field(default_factory=list)  # what else backward needs: the other factor
    local: Array | None = None  # if it is one array: see Local.whole
    contribution: Array | None = None
    part: Part | None = None
    parts: list[tuple[str, Array]] = field(default_factory=list)  # what the sum is made of so far, and where it came from
    chain: list[str] = field(default_factory=list)  # the factors of the chain rule from the output down to the receiver
    before: Array | None = None  # of a leaf: what its .grad held
    total: Array | None = None  # the sum so far; of a leaf, its new .grad


Step = tuple[Node, list[Array | None], list[Array | None]]  # a node, its outputs' gradients, its arguments' shares


class _Onlooker(Observer):
    """Copies what each node of a tape is given and gives in a sweep; not in those that a node's backward may run itself."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self._depth = 0

    def sweep_began(self, roots: Sequence[Any], wanted: Any) -> None:
        self._depth += 1

    def sweep_ended(self) -> None:
        self._depth -= 1

    def backward_returned(self, node: Any, got: tuple[Any, ...], results: tuple[Any, ...]) -> None:
        if self._depth != 1:
            return
        passed: list[Array | None] = []
        for edge, grad in zip(node.edges, results, strict=False):  # an Op may leave out a tail of None
            if edge is not None and grad is not None:
                passed.append(as_array(unbroadcast(grad, edge, node, False)).copy())
            else:
                passed.append(None)
        self.steps.append((node, [None if g is None else as_array(g).copy() for g in got], passed))


def frames_of(tape: Tape, gradient: Tensor | None = None) -> list[Frame]:
    """The frames of a forward, and of the last backward() that was recorded; else of what backward(gradient) would do now.

    No tensor's .grad is changed. Raises RuntimeError for an output that is no number, unless `gradient` has its shape, and for
    a graph that was freed.
    """
    with tape.revived(), no_grad(), xp.errstate(all="ignore"):
        seen = recorded_sweep(tape) if gradient is None else None
        seeds, steps = watched_sweep(tape, gradient, seen)
        return [*_forward(tape), *_backward(tape, seeds, steps, seen)]


def recorded_sweep(tape: Tape) -> Sweep | None:
    """The last sweep that a recording saw begin at the outputs of this tape, and at no others."""
    seen = {node.__dict__.get("_sweep_for_pictures") for node, _ in tape.root_edges}
    sweep = seen.pop() if len(seen) == 1 else None
    places = sorted((node.serial, nr) for node, nr in tape.root_edges)
    return sweep if sweep is not None and sorted(start[:2] for start in sweep.starts) == places else None


def watched_sweep(
    tape: Tape, gradient: Tensor | None = None, again: Sweep | None = None
) -> tuple[list[tuple[Edge, Array]], list[Step]]:
    """Where a sweep starts and, of every node in its order, what it was given and what it passed on; `again` is a sweep to do
    over."""
    if again is None:
        seeds = root_gradients(tuple(tape.roots), None if gradient is None else [gradient], False)
    else:
        nodes = {node.serial: node for node, _ in tape.root_edges}
        seeds = [((nodes[serial], nr), grad.copy()) for serial, nr, grad in again.starts]
    seeds = [(edge, as_array(grad).copy()) for edge, grad in seeds]
    begun = [(edge, unbroadcast(grad, edge, None, False).copy()) for edge, grad in seeds]
    onlooker = _Onlooker()
    kept = [t for node in tape.order for ref in (node.retained or {}).values() if (t := ref()) is not None]
    before = [(tensor, tensor._grad) for tensor in kept]
    try:
        for tensor in kept:  # what retain_grad() asks for would be added to
            tensor._grad = None
        observed_sweep(seeds, onlooker)
    except RuntimeError as error:
        if "modified by an inplace operation" not in str(error):
            raise
        raise RuntimeError(f"{error}; and if that was optimizer.step(), look before it") from None
    finally:
        for tensor, grad in before:
            tensor._grad = grad
    return begun, onlooker.steps


def _forward(tape: Tape) -> list[Frame]:
    frames = []
    for node in tape.ops:
        value = tape.value((node, 0))
        sources = dict.fromkeys(source for source in tape.sources[node] if source is not None)
        frame = Frame("forward", node, value=None if value is None else value.copy())
        frame.inputs = [(source, tape.value(source, node)) for source in sources]
        frames.append(frame)
    return frames


class _Sums:
    """What has arrived so far at each value, and from where."""

    def __init__(self) -> None:
        self.total: dict[Edge, Array] = {}
        self.parts: dict[Edge, list[tuple[str, Array]]] = {}
        self.chain: dict[Edge, list[str]] = {}

    def add(self, edge: Edge, name: str, grad: Array, chain: list[str]) -> None:
        held = self.total.get(edge)
        self.total[edge] = grad if held is None else held + grad
        self.parts.setdefault(edge, []).append((name, grad))
        self.chain[edge] = chain


def _backward(tape: Tape, seeds: list[tuple[Edge, Array]], steps: list[Step], seen: Sweep | None) -> list[Frame]:
    frames: list[Frame] = []
    sums = _Sums()

    def replaced(edge: Edge, grad: Array | None) -> None:
        """A frame, if hooks have made something else of a sum."""
        held = sums.total.get(edge)
        if grad is not None and held is not None and not xp.array_equal(grad, held, equal_nan=True):
            sums.total[edge] = grad
            frames.append(Frame("hook", edge[0], edge[1], contribution=grad, total=grad))

    for edge, grad in seeds:
        sums.add(edge, "the start", grad, [])
        frames.append(Frame("start", edge[0], edge[1], contribution=grad, total=sums.total[edge]))
    for node, got, passed in steps:
        for nr, arrived in enumerate(got):
            replaced((node, nr), arrived)
        frames += _passed_on(tape, sums, node, got, passed)
    for item in tape.items:
        if isinstance(item, AccumulateGrad) and (item, 0) in sums.total:
            leaf = item.variable
            if not leaf.requires_grad or (seen is not None and seen.wanted is not None and id(item) not in seen.wanted):
                continue  # no longer wanted, or not by that sweep
            if leaf._hooks:
                replaced((item, 0), run_hooks(sums.total[item, 0].copy(), leaf._hooks, False))
            grad, held = sums.total[item, 0], held_before(item, seen)
            before = None if held is None else held.copy()
            total = grad if before is None else before + grad
            frames.append(Frame("leaf", item, contribution=grad, before=before, total=total))
    frames.append(Frame("end", seeds[0][0][0]))
    return frames


def _passed_on(tape: Tape, sums: _Sums, node: Node, got: list[Array | None], passed: list[Array | None]) -> list[Frame]:
    """A frame for each argument that a node passes a gradient back to."""
    frames = []
    arrived = [nr for nr, grad in enumerate(got) if grad is not None]
    first = got[arrived[0]]
    assert first is not None
    local = Local(node, first)
    nr = arrived[0]
    name = tape.name((node, nr))
    chain = sums.chain.get((node, nr), [])
    if len(arrived) > 1 or len(sums.parts.get((node, nr), [])) > 1:
        chain = [f"d{tape.top}/d{name}"]  # several ways meet here: the rule goes on from their sum
    needed = _needed(tape, node)
    for argument, (edge, grad) in enumerate(zip(node.edges, passed, strict=False)):
        if edge is None or grad is None:
            continue
        part, found = None, []
        if grad.size:
            k = largest(grad)
            found = terms(got, local.column(argument, k))
            told = [(at(tape.name((node, i)), node.outputs[i][0], j), u, slope) for i, j, u, slope in found[:MOST_TERMS]]
            part = Part(at(tape.name(edge), grad.shape, k), grad.reshape(-1)[k].item(), told, len(found))
        whole = local.whole(argument)
        if not isinstance(node, Op) and not _agrees(got, whole, part, grad, found):
            whole = part = None  # a backward that is not linear, such as one that clips, is no product with a local derivative
        sums.add(edge, name, grad, [*chain, tape.local_name(node, nr, argument)])
        frames.append(
            Frame(
                "backward",
                node,
                edge[1],
                argument,
                edge[0],
                upstream=got,
                others=[(source, value) for source, value in needed if source != edge],
                local=whole,
                contribution=grad,
                part=part,
                parts=list(sums.parts[edge]),
                chain=sums.chain[edge],
                total=sums.total[edge].copy(),
            )
        )
    return frames


def _needed(tape: Tape, node: Node) -> list[tuple[Source, Array | None]]:
    """The arguments that a node has saved for backward."""
    saved = {getattr(s.tensor, "_edge", None) or id(s.tensor) for s in saved_tensors_of(node) if s.output_nr is None}

    def is_saved(source: Source) -> bool:
        if isinstance(source, Given):
            return id(source.tensor()) in saved
        return source in saved or (isinstance(source[0], AccumulateGrad) and id(source[0].variable) in saved)

    sources = dict.fromkeys(source for source in tape.sources[node] if source is not None)
    return [(source, tape.value(source, node)) for source in sources if is_saved(source)]


def _agrees(
    got: list[Array | None], whole: Array | None, part: Part | None, grad: Array, found: list[tuple[int, int, float, float]]
) -> bool:
    """Whether what a backward passed back is the product of what it was given and the local derivative."""
    if part is not None and not math.isclose(
        sum(u * slope for _, _, u, slope in found), part.share, rel_tol=1e-2, abs_tol=1e-6
    ):
        return False
    upstream = got[0]
    return whole is None or upstream is None or bool(xp.allclose(sum_to(upstream * whole, grad.shape), grad, 1e-2, 1e-6, True))
