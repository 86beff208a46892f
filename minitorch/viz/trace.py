"""A forward and a backward pass frame by frame, as plain data: what the player plays.

    forward    a node has computed its output from its inputs
    start      the gradient of the output with respect to itself
    backward   a node passes a gradient back to one argument:  upstream x local = contribution, added to that one's sum
    hook       a hook of the program has replaced a sum
    leaf       a leaf's sum is complete, and is added to what its .grad held
    end        every .grad

The backward frames are the engine's own sweep, looked on at. `replay` computes every .grad again from the data alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from minitorch.autograd.engine import _fit, _hooked, _seeds, sweep
from minitorch.autograd.function import AccumulateGrad, Edge, Function
from minitorch.autograd.grad_mode import no_grad
from minitorch.autograd.variable import wrap
from minitorch.autograd.watch import Watcher, watchers
from minitorch.backend.arrays import Array, as_array, xp
from minitorch.backend.device import device, to_device
from minitorch.tensor import Tensor
from minitorch.viz.local import Local, at, largest, terms
from minitorch.viz.model import model_of
from minitorch.viz.record import Given
from minitorch.viz.summary import number, summary
from minitorch.viz.tape import Source, Tape, formula

__all__ = ["Frame", "Part", "frames_of", "replay"]

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
    """One step. Arrays are copies of this run's; what a kind of frame has no use for is None."""

    kind: str
    node: Any  # the Function, or the Given, that it is about
    words: list[str] = field(default_factory=list)  # the step, told in words and numbers
    output: int = 0  # which of the node's outputs; of a backward frame, which of the receiver's
    argument: int | None = None
    to: Any = None  # the node whose gradient gets the contribution
    value: Array | None = None  # forward: the output
    upstream: list[Array | None] | None = None
    local: Array | None = None
    contribution: Array | None = None
    part: Part | None = None
    before: Array | None = None  # of a leaf: what its .grad held
    total: Array | None = None  # the sum so far; of a leaf, its new .grad


Step = tuple[Function, list[Array | None], list[Array | None]]  # a node, its outputs' gradients, its arguments' shares


class _Onlooker(Watcher):
    """Copies what each node is given and gives in a sweep."""

    def __init__(self) -> None:
        self.steps: list[Step] = []

    def swept(self, node: Any, got: tuple[Any, ...], results: tuple[Any, ...]) -> None:
        passed: list[Array | None] = []
        for edge, grad in zip(node.edges, results, strict=False):  # an Op may leave out a tail of None
            if edge is not None and grad is not None:
                shape, dtype = edge[0].outputs[edge[1]]
                grad = grad if grad.shape == shape and grad.dtype == dtype else _fit(grad, edge, node, False)
                passed.append(as_array(grad).copy())
            else:
                passed.append(None)
        self.steps.append((node, [None if g is None else as_array(g).copy() for g in got], passed))


def frames_of(tape: Tape, gradient: Tensor | None = None) -> list[Frame]:
    """The frames of a forward and of what backward(gradient) does. No tensor's .grad is changed.

    Raises RuntimeError for an output that is no number, unless `gradient` has its shape, and for a graph that was freed.
    """
    with tape.revived():
        seeds, steps = looked_on(tape, gradient)
        return [*_forward(tape), *_backward(tape, seeds, steps)]


def looked_on(tape: Tape, gradient: Tensor | None) -> tuple[list[tuple[Edge, Array]], list[Step]]:
    """Where a sweep starts and, of every node in its order, what it was given and what it passed on."""
    seeds = _seeds(tuple(tape.roots), None if gradient is None else [gradient], False)
    onlooker = _Onlooker()
    kept = [t for node in tape.order for ref in (node.retained or {}).values() if (t := ref()) is not None]
    before = [(t, None if t._grad is None else t._grad.clone()) for t in kept]
    watchers.append(onlooker)
    try:
        with no_grad(), xp.errstate(all="ignore"):
            sweep(seeds, None, True, False)
    finally:
        watchers.remove(onlooker)
        for tensor, grad in before:  # what retain_grad() asked for was kept by this sweep, too
            tensor._grad = grad
    return [(edge, _fit(as_array(grad), edge, None, False).copy()) for edge, grad in seeds], onlooker.steps


def _forward(tape: Tape) -> list[Frame]:
    frames = []
    for node in tape.ops:
        value = tape.value((node, 0))
        computes, _ = formula(type(node))
        words = [tape.call(node)] + ([f"{type(node).__name__}:  {computes}"] if computes else [])
        for source in tape.sources[node]:
            if source is not None:
                words.append(_told(tape.name(source), tape.value(source)))
        words.append(_told(tape.name((node, 0)), value))
        frames.append(Frame("forward", node, words, value=None if value is None else value.copy()))
    return frames


def _told(name: str, value: Array | None) -> str:
    return f"{name} = {'(not recorded)' if value is None else summary(value)}"


class _Sums:
    """What has arrived so far at each value, and from where."""

    def __init__(self) -> None:
        self.total: dict[Edge, Array] = {}
        self.parts: dict[Edge, list[tuple[str, Array]]] = {}
        self.chain: dict[Edge, list[str]] = {}  # factors of the chain rule, from the output on

    def add(self, edge: Edge, name: str, grad: Array, chain: list[str]) -> Array:
        held = self.total.get(edge)
        self.total[edge] = grad if held is None else held + grad
        self.parts.setdefault(edge, []).append((name, grad))
        self.chain[edge] = chain
        return self.total[edge]


def _backward(tape: Tape, seeds: list[tuple[Edge, Array]], steps: list[Step]) -> list[Frame]:
    frames: list[Frame] = []
    sums = _Sums()
    top = " + ".join(tape.name(edge) for edge, _ in seeds) if len(seeds) < 4 else "the outputs"
    top = f"({top})" if len(seeds) > 1 else top
    for edge, grad in seeds:
        total = sums.add(edge, "the start", grad, [])
        words = [f"the way back starts at {tape.name(edge)}", f"∂{top}/∂{tape.name(edge)} = {summary(grad)}"]
        frames.append(Frame("start", edge[0], words, edge[1], contribution=grad, total=total))
    for node, got, passed in steps:
        for nr, arrived in enumerate(got):
            held = sums.total.get((node, nr))
            if arrived is not None and held is not None and not xp.array_equal(arrived, held, equal_nan=True):
                frames.append(_replaced(tape, top, sums, (node, nr), arrived))
        frames += _passed_on(tape, top, sums, node, got, passed)
    for item in tape.items:
        if isinstance(item, AccumulateGrad) and (item, 0) in sums.total:
            grad, leaf = sums.total[item, 0], item.variable
            if leaf._hooks:
                hooked = _hooked(grad, leaf._hooks, False)
                if not xp.array_equal(hooked, grad, equal_nan=True):
                    frames.append(_replaced(tape, top, sums, (item, 0), hooked))
                    grad = hooked
            frames.append(_filled(tape, item, grad))
    words = ["every leaf has its gradient:"]
    words += [_told(f"{tape.name((frame.node, 0))}.grad", frame.total) for frame in frames if frame.kind == "leaf"]
    frames.append(Frame("end", seeds[0][0][0], words))
    return frames


def _passed_on(
    tape: Tape, top: str, sums: _Sums, node: Function, got: list[Array | None], passed: list[Array | None]
) -> list[Frame]:
    """A frame for each argument that a node passes a gradient back to."""
    frames = []
    like = next(g for g in got if g is not None)
    local = Local(node, like)
    kind = type(node).__name__
    _, derivative = formula(type(node))
    outputs = [tape.name((node, nr)) for nr in range(len(got))]
    for argument, (edge, grad) in enumerate(zip(node.edges, passed, strict=False)):
        if edge is None or grad is None:
            continue
        receiver = tape.name(edge)
        whole = local.whole(argument)
        part = None
        if grad.size:
            k = largest(grad)
            found = terms(got, local.column(argument, k))
            shapes = [node.outputs[nr][0] for nr in range(len(got))]
            told = [(at(outputs[nr], shapes[nr], j), u, slope) for nr, j, u, slope in found[:MOST_TERMS]]
            part = Part(at(receiver, grad.shape, k), grad.reshape(-1)[k].item(), told, len(found))
        single = len(got) == 1 or sum(g is not None for g in got) == 1
        from_nr = next(nr for nr, g in enumerate(got) if g is not None)
        before = [] if not single else _factors(sums, (node, from_nr), top, outputs[from_nr])
        chain = [*before, f"∂{outputs[from_nr]}/∂{receiver}"]
        total = sums.add(edge, outputs[from_nr], grad, chain)
        words = [f"{outputs[from_nr]} = {kind}(...) passes back to {receiver}"] + (
            [f"derivative of {kind}:  {derivative}"] if derivative else []
        )
        words += [f"upstream  ∂{top}/∂{outputs[nr]} = {summary(g)}" for nr, g in enumerate(got) if g is not None]
        if whole is not None:
            words.append(f"local  ∂{outputs[0]}/∂{receiver} = {summary(whole)}")
            summed = "" if grad.size >= max(whole.size, like.size) else ", summed where it was repeated"
            small = max(whole.size, like.size, grad.size) <= 6
            product = f"{summary(like)} × {summary(whole)} = {summary(grad)}" if small else str(summary(grad))
            words.append(f"upstream × local = contribution{summed}:  {product}")
        else:
            words.append(f"contribution:  {summary(grad)}")
        if part is not None and (whole is None or whole.size > 1):
            words.append(_written_out(top, part))
        words.append(_so_far(top, receiver, sums.parts[edge], total))
        words.append(f"chain rule:  ∂{top}/∂{receiver} {'=' if len(sums.parts[edge]) == 1 else '+='} {_product(chain)}")
        frames.append(
            Frame("backward", node, words, edge[1], argument, edge[0], None, got, whole, grad, part, None, total.copy())
        )
    return frames


def _factors(sums: _Sums, edge: Edge, top: str, name: str) -> list[str]:
    """The chain rule down to a value: the product that led here, or, where several parts met, the value's own gradient."""
    chain = sums.chain.get(edge, [])
    if len(sums.parts.get(edge, [])) > 1:
        return [f"∂{top}/∂{name}"]
    return chain


def _product(chain: list[str]) -> str:
    shown = chain if len(chain) < 8 else [*chain[:3], "...", *chain[-3:]]
    return " · ".join(shown)


def _written_out(top: str, part: Part) -> str:
    """The sum behind one element: to w[2]: ∂loss/∂h[2] × ∂h[2]/∂w[2] = 7 × 3 = 21."""
    products = " + ".join(f"{number(u)} × {number(slope)}" for _, u, slope in part.terms) or "0"
    more = f" + {part.count - len(part.terms):,} more" if part.count > len(part.terms) else ""
    if part.count == 1:
        ((name, _, _),) = part.terms
        return f"to {part.name}:  ∂{top}/∂{name} × ∂{name}/∂{part.name} = {products} = {number(part.share)}"
    return f"to {part.name}, a sum of {part.count:,} products upstream × local:  {products}{more} = {number(part.share)}"


def _so_far(top: str, receiver: str, parts: list[tuple[str, Array]], total: Array) -> str:
    if len(parts) == 1:
        return f"∂{top}/∂{receiver} so far = {summary(total)}"
    named = " + ".join(f"{summary(grad)} from {name}" if total.size <= 6 else f"that from {name}" for name, grad in parts[-4:])
    named = f"{len(parts) - 4} earlier ones + {named}" if len(parts) > 4 else named
    return f"∂{top}/∂{receiver} so far, a sum of {len(parts)} parts:  {named} = {summary(total)}"


def _replaced(tape: Tape, top: str, sums: _Sums, edge: Edge, grad: Array) -> Frame:
    sums.total[edge] = grad
    name = f"∂{top}/∂{tape.name(edge)}"
    words = [f"a hook of the program replaces {name}", f"{name} = {summary(grad)} from here on"]
    return Frame("hook", edge[0], words, edge[1], contribution=grad, total=grad)


def _filled(tape: Tape, item: AccumulateGrad, grad: Array) -> Frame:
    name, held = tape.name((item, 0)), item.variable._grad
    before = None if held is None else held._array.copy()
    total = grad if before is None else before + grad
    words = [f"the gradient of {name} is complete, and added to {name}.grad"]
    if before is None:
        words.append(f"{name}.grad was None, and becomes {summary(total)}")
    else:
        words += [
            f"{name}.grad held {summary(before)} from an earlier backward()",
            f"adding {summary(grad)} makes {summary(total)}: zero_grad() in between would have left {summary(grad)} alone",
        ]
    return Frame("leaf", item, words, contribution=grad, before=before, total=total)


# ---- as plain data, and back ------------------------------------------------------------------------------------------


def as_data(tape: Tape, frames: list[Frame]) -> dict[str, Any]:
    """Nodes, frames and arrays, each array once: frames name it by its number."""
    arrays: list[Array] = []
    numbers: dict[Any, int] = {}

    def put(array: Array | None) -> int | None:
        if array is None:
            return None
        array = xp.asarray(to_device(array, device("cpu")))
        key = array.shape, array.dtype.str, array.tobytes()
        if key not in numbers:
            numbers[key] = len(arrays)
            arrays.append(array)
        return numbers[key]

    model = model_of(tape)
    nodes = []
    for node, item in zip(model.nodes, [*tape.items, *[None] * len(tape.roots)], strict=True):
        source: Source | None = item if isinstance(item, Given) else (item, 0) if item is not None else None
        name = node.name if source is None else tape.name(source)
        known = {} if source is None else {"value": put(tape.value(source))}
        told = {key: getattr(node, key) for key in ("id", "kind", "shape", "dtype", "call", "formula", "derivative", "line")}
        nodes.append({**told, "name": name, "op": node.name if node.kind == "op" else "", **known})
    told_frames = []
    for frame in frames:
        data: dict[str, Any] = {"kind": frame.kind, "node": tape.ids[frame.node], "output": frame.output, "words": frame.words}
        if frame.to is not None:
            data |= {"to": tape.ids[frame.to], "argument": frame.argument}
        if frame.upstream is not None:
            data["upstream"] = [put(a) for a in frame.upstream]
        for key in ("value", "local", "contribution", "before", "total"):
            if getattr(frame, key) is not None:
                data[key] = put(getattr(frame, key))
        if frame.part is not None:
            terms = [[name, _word(upstream), _word(local)] for name, upstream, local in frame.part.terms]
            part = {"name": frame.part.name, "share": _word(frame.part.share), "terms": terms, "count": frame.part.count}
            data["part"] = part
        told_frames.append(data)
    edges = [{"tail": e.tail, "head": e.head, "argument": e.argument} for e in model.edges]
    return {"nodes": nodes, "edges": edges, "frames": told_frames, "arrays": arrays}


def whole(array: Array) -> dict[str, Any]:
    """An array with every element, as JSON can hold it: numbers that are none (nan, inf) are words."""
    values = array.reshape(-1).tolist()
    values = [*map(_word, values)] if array.dtype.kind == "f" else values
    return {"shape": list(array.shape), "dtype": str(array.dtype), "values": values}


def _word(value: Any) -> Any:
    return value if value - value == 0 else repr(value)


def replay(trace: dict[str, Any]) -> dict[str, Tensor]:
    """Every leaf's .grad by its name, computed from a trace alone: contributions are added up in the order of the frames.

    It is, to the last bit, what backward() leaves there. Raises TypeError for what is no trace.
    """
    if not isinstance(trace, dict) or not {"frames", "arrays", "nodes"} <= trace.keys():
        raise TypeError("replay() computes gradients from a trace, viz.play(loss).trace, as it is or read from JSON")
    arrays = [
        xp.array([float(v) if isinstance(v, str) else v for v in a["values"]], dtype=a["dtype"]).reshape(a["shape"])
        for a in trace["arrays"]
    ]
    names = {node["id"]: node["name"] for node in trace["nodes"]}
    sums: dict[tuple[str, int], Array] = {}
    grads: dict[str, Tensor] = {}
    for frame in trace["frames"]:
        kind, place = frame["kind"], (frame.get("to", frame["node"]), frame["output"])
        if kind in ("start", "backward"):
            part = arrays[frame["contribution"]]
            sums[place] = sums[place] + part if place in sums else part
        elif kind == "hook":
            sums[place] = arrays[frame["contribution"]]
        elif kind == "leaf":
            before = frame.get("before")
            grads[names[frame["node"]]] = wrap(sums[place] if before is None else arrays[before] + sums[place])
    return grads
