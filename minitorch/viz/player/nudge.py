"""What becomes of a small change: an input of the program is nudged, and every value on the tape is computed again.

Beside the change of each value stands gradient × change, what the derivative predicts; the two agree as far as the function
is straight.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from minitorch.autograd.api import grad
from minitorch.autograd.grad_mode import enable_grad, no_grad
from minitorch.autograd.graph import AccumulateGrad, Edge, Node, Op, observed_by, unbroadcast
from minitorch.autograd.tensor_base import wrap
from minitorch.backend.arrays import Array, as_array, xp
from minitorch.viz.record.local import argmax_abs
from minitorch.viz.record.recorder import InputRecord, node_record
from minitorch.viz.record.tape import Source, Tape

__all__ = ["Nudge", "nudges_of"]

MAX_OPS, MAX_LEAVES = 150, 8
SHARE = 0.01  # the nudge is this share of the element's size, or this if it is smaller than 1


@dataclass(frozen=True)
class Nudge:
    """An element of a leaf that is changed by `by`; for each value downstream the element that changes most, its change, and
    gradient × change."""

    name: str
    by: float
    values: list[tuple[Source, str, float, float]]


def nudges_of(tape: Tape, gradients: dict[Edge, Array]) -> list[Nudge]:
    """For each leaf the nudge of the element with the largest gradient; none for a graph that is large or was not recorded."""
    if len(tape.ops) > MAX_OPS or any(node_record(node) is None for node in tape.ops):
        return []
    leaves = [item for item in tape.items if isinstance(item, AccumulateGrad) and (item, 0) in gradients][:MAX_LEAVES]
    found = []
    with no_grad(), observed_by(), xp.errstate(all="ignore"):
        for leaf in leaves:
            try:
                nudge = _nudge(tape, leaf, gradients[leaf, 0])
            except Exception:  # a user's Function may not allow to be computed again
                continue
            found += [nudge] if nudge is not None else []
    return found


def _nudge(tape: Tape, leaf: AccumulateGrad, gradient: Array) -> Nudge | None:
    before = tape.value((leaf, 0))
    if before is None or not before.size or not gradient.size:
        return None
    k = argmax_abs(gradient)
    by = SHARE * max(1.0, abs(before.reshape(-1)[k].item()))
    tangent = xp.zeros_like(before, order="C")
    tangent.reshape(-1)[k] = by
    values: dict[Any, Array] = {(leaf, 0): before + tangent}
    tangents: dict[Any, Array] = {(leaf, 0): tangent}
    listed: list[tuple[Source, str, float, float]] = [((leaf, 0), tape.element_name((leaf, 0), k), by, by)]
    for node in tape.ops:
        sources = tape.sources[node]
        if not any(source in values for source in sources):
            continue
        outputs, slopes = _again(tape, node, values), _tangents(node, tangents)
        for nr, (now, slope) in enumerate(zip(outputs, slopes, strict=True)):
            old = tape.value((node, nr))
            if old is None or slope is None:
                continue
            values[node, nr], tangents[node, nr] = now, slope
            change = now - old
            if change.size:
                j = argmax_abs(change)
                name = tape.element_name((node, nr), j)
                listed.append(((node, nr), name, change.reshape(-1)[j].item(), slope.reshape(-1)[j].item()))
    return Nudge(listed[0][1], by, listed)


def _again(tape: Tape, node: Node, values: dict[Any, Array]) -> list[Array]:
    """The outputs of a node, with other values of its arguments."""
    record = node_record(node)
    assert record is not None
    args: list[Any] = []
    for arg, source in zip(record.args, tape.sources[node], strict=True):
        array = values.get(source) if source is not None else None
        if source is not None and array is None:
            array = tape.value(source, node)
        plain = arg.array if isinstance(arg, InputRecord) else arg
        args.append(plain if array is None else array if isinstance(node, Op) else wrap(array))
    result = type(node).apply(*args)  # type: ignore[attr-defined]
    return [as_array(part) for part in (result if isinstance(result, tuple) else (result,))]


def _tangents(node: Node, tangents: dict[Any, Array]) -> list[Array | None]:
    """J t. Backward is linear in the upstream gradient u, it computes J^T u; the derivative of (J^T u) · t in u is J t."""
    with enable_grad():
        seeds = [
            wrap(xp.ones(shape, dtype=dtype)).requires_grad_() if dtype is not None and dtype.kind == "f" else None
            for shape, dtype in node.outputs
        ]
        total: Any = None
        for edge, result in zip(node.edges, node.call_backward(tuple(seeds), True), strict=False):
            if edge is not None and result is not None and edge in tangents:
                part = (unbroadcast(result, edge, node, True) * wrap(tangents[edge])).sum()
                total = part if total is None else total + part
        inputs = [seed for seed in seeds if seed is not None]
        if total is None or not total.requires_grad:
            return [None if seed is None else xp.zeros_like(seed._array) for seed in seeds]
        found = iter(grad(total, inputs, allow_unused=True))
        slopes = [None if seed is None else next(found) for seed in seeds]
    return [
        None if seed is None else xp.zeros_like(seed._array) if slope is None else slope._array
        for seed, slope in zip(seeds, slopes, strict=True)
    ]
