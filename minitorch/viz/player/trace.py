"""The frames and steps as plain data for JSON, and the gradients recomputed from the frames alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from minitorch.autograd.graph import AccumulateGrad
from minitorch.autograd.tensor_base import wrap
from minitorch.backend.arrays import Array, xp
from minitorch.backend.device import device, to_device
from minitorch.tensor import Tensor
from minitorch.viz.graph.facts import brief_gradient
from minitorch.viz.page.page import finite
from minitorch.viz.page.summary import number
from minitorch.viz.player.frames import Frame
from minitorch.viz.player.text import Shown, Step, text_of
from minitorch.viz.record.recorder import InputRecord
from minitorch.viz.record.rules import Part
from minitorch.viz.record.tape import Tape, bracketed, formula, item_of, source_of

__all__ = ["as_data", "as_lists", "key_of", "replay"]


class Arrays:
    """Arrays by number; equal ones are kept once."""

    def __init__(self) -> None:
        self.list: list[Array] = []
        self._numbers: dict[Any, int] = {}

    def put(self, array: Array | None) -> int | None:
        if array is None:
            return None
        array = xp.asarray(to_device(array, device("cpu")))
        key = array.shape, array.dtype.str, array.tobytes()
        if key not in self._numbers:
            self._numbers[key] = len(self.list)
            self.list.append(array)
        return self._numbers[key]


def key_of(tape: Tape, source: Any) -> str:
    """A value in the data: its node's id, and after a colon the number of the output."""
    return tape.ids[source] if isinstance(source, InputRecord) else f"{tape.ids[source[0]]}:{source[1]}"


def as_data(tape: Tape, frames: Sequence[Frame], steps: Sequence[Step]) -> dict[str, Any]:
    """Nodes, edges, frames, steps and arrays; frames and steps refer to arrays by number. A frame's `label` is what the card of
    its receiver shows after it."""
    arrays = Arrays()
    put = arrays.put
    nodes = []
    for item in tape.items:
        node = item if not isinstance(item, (InputRecord, AccumulateGrad)) else None
        computes, derivative = formula(type(node)) if node is not None else ("", "")
        shape = item.array.shape if isinstance(item, InputRecord) else item.outputs[0][0]
        nodes.append({
            "id": tape.ids[item], "kind": "op" if node is not None else "data" if isinstance(item, InputRecord) else "leaf",
            "name": tape.name(source_of(item)), "shape": list(shape), "op": node.op_name if node is not None else "",
            "formula": computes, "derivative": derivative, "line": tape.line(node) if node is not None else "",
            "value": put(tape.value(source_of(item))),
        })  # fmt: skip
    edges = [
        {"tail": tape.ids[item_of(source)], "head": tape.ids[node], "argument": argument}
        for node in tape.ops
        for argument, source in enumerate(tape.sources[node])
        if source is not None
    ]
    frame_data = []
    for frame in frames:
        data: dict[str, Any] = {"kind": frame.kind, "node": tape.ids[frame.node], "output": frame.output, "lap": frame.lap}
        if frame.to is not None:
            data |= {"to": tape.ids[frame.to], "argument": frame.argument}
        if frame.upstream:
            data["upstream"] = [put(a) for a in frame.upstream]
        for key in ("value", "local", "contribution", "before", "total"):
            if getattr(frame, key) is not None:
                data[key] = put(getattr(frame, key))
        if frame.total is not None:
            data["label"] = brief_gradient(frame.total)
        if frame.part is not None:
            data["part"] = finite(asdict(frame.part))
        frame_data.append(data)
    step_data = [_step(tape, step, put) for step in steps]
    return {"nodes": nodes, "edges": edges, "frames": frame_data, "steps": step_data, "arrays": arrays.list}


def _step(tape: Tape, step: Step, put: Any) -> dict[str, Any]:
    def parts(rule: Sequence[Part]) -> list[list[str]]:
        return [list(part) for part in rule]

    def shown(arrays: Sequence[Shown]) -> list[Any]:
        return [[parts(one.label), put(one.array), one.role] for one in arrays]

    targets = []
    for target in step.targets:
        sent = target.arrays[-1].array
        data = {
            "to": key_of(tape, target.edge), "name": target.name, "rule": parts(target.rule), "numbers": parts(target.numbers),
            "arrays": shown([] if target.is_scalar else target.arrays), "small": target.is_small_print,
            "sent": put(sent), "label": "" if sent is None else brief_gradient(sent),
            "arrived": target.arrived, "awaited": target.awaited, "total": put(target.total),
            "ledger": [[sender, put(array)] for sender, array in target.ledger],
            "chain": [
                [bracketed(f.top), bracketed(f.bottom), None if f.value is None else number(f.value), tape.ids.get(f.node, "")]
                for f in target.chain
            ],
        }  # fmt: skip
        if target.elements:
            data["elements"] = [finite(asdict(element)) for element in target.elements]
        if target.part is not None:
            data["part"] = finite(asdict(target.part))
        targets.append(data)
    return {
        "card": step.card, "phase": step.phase, "start": step.start, "end": step.end, "title": step.title,
        "rule": parts(step.rule), "numbers": parts(step.numbers), "arrays": shown(step.arrays), "targets": targets,
        "notes": step.notes, "line": step.line, "words": text_of(step),
        "output": key_of(tape, step.output) if step.output is not None else "",
    }  # fmt: skip


def as_lists(array: Array) -> dict[str, Any]:
    """An array with every element, for JSON: nan and inf become strings."""
    return {"shape": list(array.shape), "dtype": str(array.dtype), "values": finite(array.reshape(-1).tolist())}


def replay(trace: dict[str, Any]) -> dict[str, Tensor]:
    """The .grad of every leaf by name, computed from a trace alone: contributions are summed in the order of the frames.

    The result is bitwise equal to that of backward(). Raises TypeError for anything but a trace, ValueError for an incomplete
    one.

    >>> import minitorch
    >>> from minitorch import viz
    >>> x, w = minitorch.tensor([1.0, 2.0], requires_grad=True), minitorch.tensor([3.0, 4.0], requires_grad=True)
    >>> viz.replay(viz.play((w * x).sum(), params={"x": x, "w": w}).trace)
    {'w': tensor([1., 2.]), 'x': tensor([3., 4.])}
    """
    if not isinstance(trace, dict) or not {"frames", "arrays", "nodes"} <= trace.keys():
        raise TypeError("replay() computes gradients from a trace, viz.play(loss).trace, as it is or read from JSON")
    try:
        with xp.errstate(all="ignore"):
            return _replay(trace)
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise ValueError(f"replay(): the trace is damaged, {type(error).__name__}: {error}") from None


def _replay(trace: dict[str, Any]) -> dict[str, Tensor]:
    arrays = [
        xp.array([float(v) if isinstance(v, str) else v for v in a["values"]], dtype=a["dtype"]).reshape(a["shape"])
        for a in trace["arrays"]
    ]
    names = {node["id"]: node["name"] for node in trace["nodes"]}
    sums: dict[tuple[str, int], Array] = {}
    grads: dict[str, Tensor] = {}
    lap = 0
    for frame in trace["frames"]:
        if frame["lap"] != lap:
            sums, lap = {}, frame["lap"]
        kind, edge = frame["kind"], (frame.get("to", frame["node"]), frame["output"])
        if kind in ("start", "backward"):
            contribution = arrays[frame["contribution"]]
            sums[edge] = xp.asarray(sums[edge] + contribution) if edge in sums else contribution
        elif kind == "hook":
            sums[edge] = arrays[frame["contribution"]]
        elif kind == "leaf":
            before = frame.get("before")
            grads[names[frame["node"]]] = wrap(xp.asarray(sums[edge] if before is None else arrays[before] + sums[edge]))
    return grads
