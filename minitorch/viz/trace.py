"""The frames of a run as plain data, which JSON can hold; and every gradient, computed again from that data alone."""

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
from minitorch.viz.record import Given
from minitorch.viz.tape import Tape, source_of
from minitorch.viz.words import sentences

__all__ = ["as_data", "replay", "as_lists"]


def as_data(tape: Tape, model: Model, frames: list[Frame]) -> dict[str, Any]:
    """Nodes, frames and arrays, each array once: frames name it by its number. Of a frame's lines `words` has the text and
    `roles` the roles."""
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
    told_frames = []
    for frame in frames:
        data: dict[str, Any] = {"kind": frame.kind, "node": tape.ids[frame.node], "output": frame.output}
        lines = sentences(tape, frame, frames)
        data |= {"words": [text for _, text in lines], "roles": [role for role, _ in lines]}
        for key, pairs in (("inputs", frame.inputs), ("others", frame.others)):
            if pairs:
                data[key] = [[tape.ids[s if isinstance(s, Given) else s[0]], put(value)] for s, value in pairs]
        if frame.to is not None:
            data |= {"to": tape.ids[frame.to], "argument": frame.argument}
        if frame.upstream:
            data["upstream"] = [put(a) for a in frame.upstream]
        for key in ("value", "local", "contribution", "before", "total"):
            if getattr(frame, key) is not None:
                data[key] = put(getattr(frame, key))
        if frame.part is not None:
            data["part"] = finite(asdict(frame.part))
        told_frames.append(data)
    edges = [{"tail": e.tail, "head": e.head, "argument": e.argument} for e in model.edges]
    return {"nodes": nodes, "edges": edges, "frames": told_frames, "arrays": arrays}


def as_lists(array: Array) -> dict[str, Any]:
    """An array with every element, as JSON can hold it: numbers that are none (nan, inf) are words."""
    return {"shape": list(array.shape), "dtype": str(array.dtype), "values": finite(array.reshape(-1).tolist())}


def replay(trace: dict[str, Any]) -> dict[str, Tensor]:
    """Every leaf's .grad by its name, computed from a trace alone: contributions are added up in the order of the frames.

    It is, to the last bit, what backward() leaves there. Raises TypeError for what is no trace, ValueError for one with parts
    missing.
    """
    if not isinstance(trace, dict) or not {"frames", "arrays", "nodes"} <= trace.keys():
        raise TypeError("replay() computes gradients from a trace, viz.play(loss).trace, as it is or read from JSON")
    try:
        with xp.errstate(all="ignore"):
            return _replayed(trace)
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise ValueError(f"replay(): the trace is damaged, {type(error).__name__}: {error}") from None


def _replayed(trace: dict[str, Any]) -> dict[str, Tensor]:
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
