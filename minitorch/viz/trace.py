"""The frames as plain data for JSON, and the gradients recomputed from that data alone."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from minitorch.autograd.tensor_base import wrap
from minitorch.backend.arrays import Array, xp
from minitorch.backend.device import device, to_device
from minitorch.tensor import Tensor
from minitorch.viz.frames import Frame
from minitorch.viz.model import Model
from minitorch.viz.page import finite
from minitorch.viz.record import InputRecord
from minitorch.viz.tape import Tape, source_of
from minitorch.viz.words import captions

__all__ = ["as_data", "replay", "as_lists"]


def as_data(tape: Tape, model: Model, frames: list[Frame]) -> dict[str, Any]:
    """Nodes, edges, frames and arrays; equal arrays are stored once, and frames refer to them by index. A frame's `words` are
    the texts of its captions, `roles` their roles."""
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

    nodes = []
    for node, item in zip(model.nodes, [*tape.items, *[None] * len(tape.roots)], strict=True):
        name = node.name if item is None else tape.name(source_of(item))
        known = {} if item is None else {"value": put(tape.value(source_of(item)))}
        facts = {key: getattr(node, key) for key in ("id", "kind", "shape", "dtype", "call", "formula", "derivative", "line")}
        nodes.append({**facts, "name": name, "op": node.name if node.kind == "op" else "", **known})
    frame_data = []
    for frame in frames:
        data: dict[str, Any] = {"kind": frame.kind, "node": tape.ids[frame.node], "output": frame.output}
        lines = captions(tape, frame, frames)
        data |= {"words": [text for _, text in lines], "roles": [role for role, _ in lines]}
        for key, pairs in (("inputs", frame.inputs), ("others", frame.others)):
            if pairs:
                data[key] = [[tape.ids[s if isinstance(s, InputRecord) else s[0]], put(value)] for s, value in pairs]
        if frame.to is not None:
            data |= {"to": tape.ids[frame.to], "argument": frame.argument}
        if frame.upstream:
            data["upstream"] = [put(a) for a in frame.upstream]
        for key in ("value", "local", "contribution", "before", "total"):
            if getattr(frame, key) is not None:
                data[key] = put(getattr(frame, key))
        if frame.part is not None:
            data["part"] = finite(asdict(frame.part))
        frame_data.append(data)
    edges = [{"tail": e.tail, "head": e.head, "argument": e.argument} for e in model.edges]
    return {"nodes": nodes, "edges": edges, "frames": frame_data, "arrays": arrays}


def as_lists(array: Array) -> dict[str, Any]:
    """An array with every element, for JSON: nan and inf become strings."""
    return {"shape": list(array.shape), "dtype": str(array.dtype), "values": finite(array.reshape(-1).tolist())}


def replay(trace: dict[str, Any]) -> dict[str, Tensor]:
    """The .grad of every leaf by name, computed from a trace alone: contributions are summed in the order of the frames.

    The result is bitwise equal to that of backward(). Raises TypeError for anything but a trace, ValueError for an incomplete
    one.
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
    for frame in trace["frames"]:
        kind, edge = frame["kind"], (frame.get("to", frame["node"]), frame["output"])
        if kind in ("start", "backward"):
            contribution = arrays[frame["contribution"]]
            sums[edge] = sums[edge] + contribution if edge in sums else contribution
        elif kind == "hook":
            sums[edge] = arrays[frame["contribution"]]
        elif kind == "leaf":
            before = frame.get("before")
            grads[names[frame["node"]]] = wrap(sums[edge] if before is None else arrays[before] + sums[edge])
    return grads
