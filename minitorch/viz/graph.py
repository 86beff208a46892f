"""The computation graph behind a tensor: `viz.graph(loss, params=dict(model.named_parameters())).save("graph.svg")`.

The picture is made in two steps: the engine's own walk over the tape gives a model, plain nodes and edges; the model is
written as DOT. Time runs from top to bottom: leaves, operations, the output.
"""

from __future__ import annotations

import json
import math
import textwrap
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from html import escape
from pathlib import Path
from typing import Any

import graphviz

from minitorch.autograd.engine import walk
from minitorch.autograd.function import AccumulateGrad, Function
from minitorch.backend.dtypes import dtypes
from minitorch.tensor import Tensor
from minitorch.viz.render import FORMATS, CannotRender, render

__all__ = ["Edge", "Graph", "Model", "Node", "graph"]

LARGEST = 2000  # nodes that a picture can hold

# Colours that colour-blind readers tell apart (Okabe and Ito's, lightened), each with a shape of its own beside it.
STYLES = {
    "leaf": {"shape": "box", "style": "filled,rounded", "fillcolor": "#CDE7F7", "color": "#0072B2"},
    "op": {"shape": "ellipse", "style": "filled", "fontname": "Helvetica-Bold", "fillcolor": "#F5F5F5", "color": "#4D4D4D"},
    "output": {"shape": "box", "style": "filled,rounded,bold", "fillcolor": "#FCE3C2", "color": "#B35900"},
}


@dataclass(frozen=True)
class Node:
    """A box of the picture: `kind` is leaf, op or output."""

    id: str
    kind: str
    name: str
    shape: tuple[int, ...]
    dtype: str
    grad: str  # of a leaf: what is in its .grad


@dataclass(frozen=True)
class Edge:
    """From what was computed first to what was computed from it; labelled with the shape that flows."""

    tail: str
    head: str
    label: str


@dataclass(frozen=True)
class Model:
    """What a picture shows, as plain data: nodes from the oldest to the youngest, and edges."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]


class Graph:
    """The computation graph behind a tensor. Prints as text, shows itself in a notebook, saves itself as a picture."""

    def __init__(self, model: Model) -> None:
        self.model = model

    @property
    def digraph(self) -> graphviz.Digraph:
        """The graph as a `graphviz.Digraph`. Raises ValueError for more nodes than a picture can hold."""
        if len(self.model.nodes) > LARGEST:
            raise ValueError(
                f"the graph has {len(self.model.nodes):,} nodes, and a picture holds {LARGEST:,}: viz.graph(..., fold=50) "
                "draws it in 50 boxes, each a stretch of the tape; or draw a smaller part, or read the data in .model"
            )
        font = {"fontname": "Helvetica,Arial,sans-serif", "fontsize": "11"}
        g = graphviz.Digraph("tape", comment="made by minitorch.viz.graph")
        g.attr("graph", bgcolor="white", rankdir="TB", nodesep="0.3", ranksep="0.35", pad="0.25", tooltip="computation graph")
        g.attr("node", margin="0.12,0.06", **font)
        g.attr("edge", color="#7F7F7F", fontcolor="#4D4D4D", arrowsize="0.7", **{**font, "fontsize": "9"})
        for node in self.model.nodes:
            g.node(node.id, label=_label(node), tooltip=_line(node), id=node.id, **STYLES[node.kind])
        for edge in self.model.edges:
            g.edge(edge.tail, edge.head, label=f"  {edge.label}" if edge.label else "", tooltip=f"{edge.tail} to {edge.head}")
        return g

    def save(self, path: str | Path) -> Path:
        """Write the graph to a file whose ending says as what: .svg, .png, .pdf, .dot or .json. Returns the path.

        Raises ValueError for another ending, CannotRender for a picture where there is no Graphviz.
        """
        path = Path(path)
        kind = path.suffix.lstrip(".").lower()
        if kind == "json":
            data = json.dumps(asdict(self.model), indent=1, ensure_ascii=False).encode()
        elif kind == "dot":
            data = self.digraph.source.encode()
        elif kind in FORMATS:
            data = render(self.digraph.source, kind)
        else:
            known = ", ".join(f".{k}" for k in (*FORMATS, "dot", "json"))
            raise ValueError(f"cannot save a graph as {path.name!r}: the endings {known} are known")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return path

    def __repr__(self) -> str:
        """One line a node, with what it was computed from."""
        sources: dict[str, list[str]] = {}
        for edge in self.model.edges:
            sources.setdefault(edge.head, []).append(edge.tail)
        nodes = self.model.nodes
        lines = [
            f"{n.id:>5}  {_line(n)}" + (f"  <- {', '.join(sources[n.id])}" if n.id in sources else "") for n in nodes[:100]
        ]
        if len(nodes) > 100:
            lines.append(f"  ...  {len(nodes) - 100:,} nodes more")
        return "\n".join(lines)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """For notebooks: the picture if it can be drawn, the text in any case."""
        bundle = {"text/plain": repr(self)}
        try:
            bundle["image/svg+xml"] = render(self.digraph.source, "svg").decode()
        except (CannotRender, ValueError) as error:
            bundle["text/plain"] += f"\n({error})"
        return bundle


def graph(output: Tensor, *, params: Any = None, fold: int | None = None) -> Graph:
    """The computation graph behind `output`: the operations that made it, and the leaves they started from.

    `params` gives leaves their names: a Module, its `named_parameters()`, or a dict of names and tensors. With `fold` there are
    at most so many boxes for the operations, each a stretch of the tape, and as many for the leaves: a graph of any size then
    makes a picture. Raises RuntimeError for a tensor that has no history.
    """
    if fold is not None and (isinstance(fold, bool) or not isinstance(fold, int) or fold < 1):
        raise ValueError(f"graph(): fold is the number of boxes to fold the operations into, 1 at least, not {fold!r}")
    if not isinstance(output, Tensor):
        raise TypeError(f"graph() draws what is behind a Tensor, and got {type(output).__name__}")
    if output.grad_fn is None:
        raise RuntimeError(
            "this tensor has no history to draw: nothing it was computed from requires grad, or it was computed inside "
            "no_grad() or detached"
        )
    given: Any = params.named_parameters() if hasattr(params, "named_parameters") else params or {}
    try:
        pairs = dict(given).items()
    except (TypeError, ValueError):
        raise TypeError(
            "params names the leaves: a Module, its named_parameters(), or a dict of names and tensors, not "
            f"{type(params).__name__}"
        ) from None
    for name, tensor in pairs:
        if not isinstance(tensor, Tensor) or not isinstance(name, str):
            raise TypeError(f"params names tensors, and {name!r} is a {type(tensor).__name__}")
    names = {id(tensor): _readable(str(name)) for name, tensor in pairs}
    nodes: list[Node] = []
    edges: list[Edge] = []
    ids: dict[Function, str] = {}
    for i, node in enumerate(walk([output.grad_fn])):
        ids[node] = f"n{i}"
        nodes.append(_model_of(node, ids[node], names))
        for edge in node.edges:
            if edge is not None:
                maker, nr = edge
                shape, dtype = maker.outputs[nr]
                label = "" if isinstance(maker, AccumulateGrad) else f"{_shape(shape)}  {dtypes[dtype].name}"
                edges.append(Edge(ids[maker], ids[node], label))
    value = f" = {output.item():.6g}" if output.numel() == 1 else ""
    nodes.append(Node("out", "output", f"output{value}", tuple(output.shape), output.dtype.name, ""))
    edges.append(Edge(ids[output.grad_fn], "out", ""))
    model = Model(tuple(nodes), tuple(edges))
    return Graph(model if fold is None else _folded(model, fold))


def _folded(model: Model, count: int) -> Model:
    """Of the ops, and of the leaves, so many that follow each other in one box that at most `count` boxes remain.

    Ops are in the order of the tape, so no arrow leads back.
    """
    box: dict[str, str] = {}
    nodes: list[Node] = []
    for kind in ("leaf", "op", "output"):
        some = [node for node in model.nodes if node.kind == kind]
        size = max(1, -(-len(some) // count))
        for start in range(0, len(some), size):
            stretch = some[start : start + size]
            first, *rest = stretch
            if rest:
                names = Counter(node.name for node in stretch).most_common()
                told = ", ".join(f"{name} × {n:,}" if n > 1 else name for name, n in names[:4]) + (", ..." if names[4:] else "")
                what = f"{len(stretch):,} {'ops' if kind == 'op' else 'leaves'}: {told}"
                first = replace(first, name=what, shape=stretch[-1].shape, dtype=stretch[-1].dtype, grad="")
            nodes.append(first)
            box.update((node.id, first.id) for node in stretch)
    ends: dict[tuple[str, str], str] = {}
    for edge in model.edges:
        if box[edge.tail] != box[edge.head]:
            ends.setdefault((box[edge.tail], box[edge.head]), edge.label)
    return Model(tuple(nodes), tuple(Edge(tail, head, label) for (tail, head), label in ends.items()))


def _model_of(node: Function, id: str, names: Mapping[int, str]) -> Node:
    shape, dtype = node.outputs[0]
    kind = dtypes[dtype].name if dtype is not None else ""
    if not isinstance(node, AccumulateGrad):
        return Node(id, "op", type(node).__name__, shape, kind, "")
    grad = node.variable.grad
    state = "no gradient yet" if grad is None else f"|grad| = {math.sqrt(float((grad.detach() ** 2).sum())):.3g}"
    return Node(id, "leaf", names.get(builtin_id(node.variable), "leaf"), shape, kind, state)


builtin_id = id


def _readable(name: str) -> str:
    """A name without what no file can hold: control characters and halves of characters become a question mark."""
    return "".join(c if c.isprintable() or c in "\n\t" else "\N{REPLACEMENT CHARACTER}" for c in name)


def _shape(shape: tuple[int, ...]) -> str:
    return " × ".join(map(str, shape)) if shape else "scalar"


def _line(node: Node) -> str:
    return ", ".join(part for part in (node.name, _shape(node.shape), node.dtype, node.grad) if part)


def _label(node: Node) -> str:
    """An op's name; of a tensor an HTML-like label: the name in bold, below it shape and dtype."""
    lines = textwrap.wrap(node.name, 30, break_long_words=False) or [""]
    if node.kind == "op":
        return "\n".join(graphviz.escape(line) for line in lines)
    small = [f"{_shape(node.shape)}  {node.dtype}", *([node.grad] if node.grad else [])]
    rows = "".join(f'<br/><font point-size="9">{escape(text)}</font>' for text in small)
    return f"<<b>{'<br/>'.join(map(escape, lines))}</b>{rows}>"
