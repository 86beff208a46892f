"""The computation graph of a tensor: `viz.graph(loss).save("graph.svg")`.

From top to bottom: leaves, operations, the output. The picture is made in three steps, each a file: the tape with names and
values (tape.py), boxes and arrows as plain data (model.py), and DOT source for Graphviz (here).
"""

from __future__ import annotations

import json
import math
import operator
import textwrap
from collections.abc import Sequence
from dataclasses import asdict
from html import escape
from pathlib import Path
from typing import Any

import graphviz

from minitorch.viz.model import Model, Node, Scope, folded, folded_to_depth, model_of
from minitorch.viz.page import finite, page, write
from minitorch.viz.render import FORMATS, CannotRender, render
from minitorch.viz.summary import shape_text
from minitorch.viz.tape import Tape

__all__ = ["Graph", "graph"]

MAX_BOXES = 600  # most boxes of a picture; a larger graph is drawn folded
FOLDED_BOXES = 200  # most boxes of a folded picture, which must be readable as a whole
MAX_FOLDABLE = 20_000  # most nodes that are folded automatically

SHOWN = ("value", "grad", "memory", "line", "formula")  # options for the rows of a box below name, shape and dtype

# Colours safe for colour-blind readers (Okabe and Ito, lightened); most kinds also have their own shape.
STYLES = {
    "leaf": {"shape": "box", "style": "filled", "fillcolor": "#DCEEFA", "color": "#0072B2"},
    "data": {"shape": "note", "style": "filled", "fillcolor": "#E2F3EC", "color": "#00795C"},
    "op": {"shape": "box", "style": "filled,rounded", "fillcolor": "#F6F6F6", "color": "#5A5A5A"},
    "fold": {"shape": "box3d", "style": "filled", "margin": "0.16,0.09", "fillcolor": "#F3EAF5", "color": "#8A5A9B"},
    "output": {"shape": "box", "style": "filled", "penwidth": "2.4", "fillcolor": "#FDE8CB", "color": "#B35900"},
}
PLAYER_COLOURS = ("#00598c", "#a33f00")  # page.html finds its rows by these colours: value, gradient
FONT = "Helvetica,Arial,sans-serif"
GREY = "#555555"


class Graph:
    """The computation graph of a tensor. Prints as text, displays in a notebook, saves as a picture.

    `model` has the boxes and arrows as plain data, `digraph` the same for Graphviz.
    """

    def __init__(self, model: Model, show: Sequence[str] = (), player_rows: bool = False) -> None:
        # `player_rows` adds placeholder rows to the boxes, which the player fills step by step
        self.model, self._show = model, (*show, "player") if player_rows is True else tuple(show)

    @property
    def digraph(self) -> graphviz.Digraph:
        """The graph as a `graphviz.Digraph`, folded if it is large.

        Raises ValueError for a graph of more than 20,000 nodes.
        """
        return _digraph(self._drawn(), self._show)

    @property
    def svg(self) -> str:
        """The picture as SVG text.

        Raises CannotRender without Graphviz, ValueError for a graph too large to draw.
        """
        svg = render(self.digraph.source, "svg").decode()
        start = svg.index("<svg")
        inside = svg.index(">", start) + 1
        description = f"<title>Computation graph</title>\n<desc>{escape(self._description())}</desc>\n"
        return svg[start : inside - 1] + ' role="img" style="max-width:100%;height:auto">\n' + description + svg[inside:]

    def save(self, path: str | Path) -> Path:
        """Write the graph to a file; the suffix is the format: .svg, .png, .pdf, .html, .dot or .json. Returns the path.

        Raises ValueError for another suffix or a graph too large to draw, CannotRender for a picture without Graphviz,
        OSError if the file cannot be written.
        """
        path = Path(path)
        kind = path.suffix.lstrip(".").lower()
        if kind == "json":
            data = json.dumps(finite(asdict(self.model)), indent=1, ensure_ascii=False).encode()
        elif kind == "dot":
            data = self.digraph.source.encode()
        elif kind == "svg":
            data = self.svg.encode()
        elif kind == "html":
            data = page("Computation graph", self.svg, {"nodes": [asdict(node) for node in self._drawn().nodes]}).encode()
        elif kind in FORMATS:
            data = render(self.digraph.source, kind)
        else:
            known = ", ".join(f".{k}" for k in (*FORMATS, "html", "dot", "json"))
            raise ValueError(f"cannot save a graph as {path.name!r}: the endings {known} are known")
        return write(path, data)

    def _drawn(self) -> Model:
        """The model to draw: as it is, or, if it is large, with modules or consecutive ops folded."""
        size = len(self.model.nodes)
        if size <= MAX_BOXES:
            return self.model
        if size > MAX_FOLDABLE:
            raise ValueError(
                f"the graph has {size:,} nodes: viz.graph(..., fold=50) draws it in 50 boxes, each a stretch of the tape; or "
                "draw a smaller part, or read the data in .model"
            )
        for depth in (3, 2, 1, 0):  # few models are nested deeper
            model = folded_to_depth(self.model, depth)
            if len(model.nodes) <= FOLDED_BOXES and len(model.edges) <= MAX_BOXES:
                return model
        return folded(self.model, 50)

    def _description(self) -> str:
        counts = {kind: sum(node.kind == kind for node in self.model.nodes) for kind in STYLES}
        words = {"leaf": "leaves", "data": "tensors without gradient", "op": "operations", "fold": "folded boxes"}
        counted = ", ".join(f"{word}: {counts[kind]:,}" for kind, word in words.items() if counts[kind])
        return f"{counted}; from top to bottom, from what was given to {', '.join(n.name for n in self.model.nodes[-1:])}"

    def __repr__(self) -> str:
        """One line for each node, with the ids of its inputs."""
        sources: dict[str, list[str]] = {}
        for edge in self.model.edges:
            sources.setdefault(edge.head, []).append(edge.tail)
        nodes = self.model.nodes
        lines = []
        for n in nodes[:100]:
            lines.append(f"{n.id:>5}  {_line(n)}" + (f"  <- {', '.join(sources[n.id])}" if n.id in sources else ""))
            lines += [f"         {text}" for text in _rows(n, self._show)]
        if len(nodes) > 100:
            lines.append(f"  ...  {len(nodes) - 100:,} nodes more")
        return "\n".join(lines)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """For notebooks: the text, and the picture if it can be drawn."""
        bundle = {"text/plain": repr(self)}
        try:
            bundle["image/svg+xml"] = self.svg
        except (CannotRender, ValueError) as error:
            bundle["text/plain"] += f"\n({error})"
        return bundle


def graph(
    output: Any,
    *,
    params: Any = None,
    inputs: Any = None,
    show: str | Sequence[str] = (),
    depth: int | None = None,
    fold: int | None = None,
) -> Graph:
    """The computation graph of `output`: its operations and their leaves.

    `output` is a Tensor, a list of Tensors, or a function without arguments that returns them, which is called in a
    `viz.record()`. A recorded graph also shows modules, as clusters, and input tensors that require no grad.

    params, inputs: names for leaves and other tensors: a Module, its `named_parameters()`, or a dict of names and tensors.
        Other tensors are named after the program's variables and modules.
    show: extra rows of each box: 'value', 'grad', 'memory', 'line', 'formula', or 'all'. Small arrays are written out; large
        ones are shown by range, mean and histogram. Intermediate values and gradients, and source lines, need a recording.
    depth: the number of module levels drawn open. Each module below is one box; equal consecutive boxes are merged.
    fold: the most boxes for the operations, each with consecutive ones, and the most for the leaves. Works for graphs of any
        size.

    Raises RuntimeError for a tensor without history, or `depth` without a recording; ValueError for an unknown word in `show`,
    an invalid `depth` or `fold`, or an empty list; TypeError for an output or name that is no tensor.
    """
    show = (show,) if isinstance(show, str) else show
    words: list[Any] = list(show) if isinstance(show, (list, tuple, set)) else [] if show is None else [show]
    unknown = [word for word in words if not (isinstance(word, str) and word in (*SHOWN, "all"))]
    if unknown:
        raise ValueError(f"graph(): show can name {', '.join(map(repr, SHOWN))} or 'all', not {unknown[0]!r}")
    show = SHOWN if "all" in words else words
    for option, value, least in (("depth", depth, 0), ("fold", fold, 1)):
        if value is not None and (isinstance(value, bool) or not hasattr(value, "__index__") or operator.index(value) < least):
            what = "levels of modules to draw open" if option == "depth" else "boxes to fold the operations into"
            raise ValueError(f"graph(): {option} is the number of {what}, {least} at least, not {value!r}")
    model = model_of(Tape("graph", output, params, inputs), show)
    if depth is not None:
        if not model.scopes and any(node.line for node in model.nodes):
            raise RuntimeError("graph(): depth folds modules, and none was called in this graph: fold=20 folds operations")
        if not model.scopes:
            raise RuntimeError(
                "graph(): depth folds modules, and this graph does not know of any: compute it inside `with viz.record():`, or "
                "give graph() a function that does, viz.graph(lambda: criterion(model(x), y), depth=1)"
            )
        model = folded_to_depth(model, operator.index(depth))
    return Graph(model if fold is None else folded(model, operator.index(fold)), show)


# ---- DOT ------------------------------------------------------------------------------------------------------------


def _digraph(model: Model, show: Sequence[str]) -> graphviz.Digraph:
    g = graphviz.Digraph("tape", comment="made by minitorch.viz.graph")
    g.attr("graph", bgcolor="white", rankdir="TB", nodesep="0.28", ranksep="0.36", pad="0.25", tooltip="computation graph")
    g.attr("graph", fontname=FONT, fontsize="10", fontcolor=GREY)
    g.attr("node", fontname=FONT, fontsize="11", margin="0.09,0.05", fontcolor="#1A1A1A")
    g.attr("edge", color="#8A8A8A", arrowsize="0.65")
    _add_cluster(g, "", 0, _Clusters(model), show)
    nodes = {node.id: node for node in model.nodes}
    pairs = [(nodes[edge.tail], nodes[edge.head]) for edge in model.edges]
    own = {head.id for tail, head in pairs if tail.kind == "leaf" and tail.scope and tail.scope == head.scope}
    for i, edge in enumerate(model.edges):
        tail, head = nodes[edge.tail], nodes[edge.head]
        tip = f"{tail.variable or tail.name} to {head.variable or head.name}" + (f": {edge.label}" if edge.label else "")
        straight = "6" if tail.kind in ("op", "fold") else "1"  # align successive ops vertically,
        below = "2" if edge.head in own and tail.scope != head.scope else "1"  # below the parameters of the next module
        g.edge(edge.tail, edge.head, id=f"e{i}", tooltip=_text(tip), weight=straight, minlen=below)
    return g


class _Clusters:
    """The boxes and clusters in each cluster. A cluster of one box is not drawn: its name is written into the box."""

    def __init__(self, model: Model) -> None:
        self.children: dict[str, list[Scope]] = {}
        self.within: dict[str, list[tuple[Node, str]]] = {}
        for scope in reversed(model.scopes):
            self.children.setdefault(scope.parent, []).insert(0, scope)
        for node in model.nodes:
            self.within.setdefault(node.scope, []).append((node, ""))
        for scope in model.scopes:
            inside = self.within.get(scope.id, [])
            if len(inside) == 1 and scope.id not in self.children and scope.kind != "derivative" and inside[0][0].kind == "op":
                self.children[scope.parent].remove(scope)
                self.within.setdefault(scope.parent, []).append((inside[0][0], f"{scope.name} {scope.kind}".strip()))


def _add_cluster(g: graphviz.Digraph, scope: str, level: int, clusters: _Clusters, show: Sequence[str]) -> None:
    """Add the boxes of a cluster and, recursively, its inner clusters. (Modules are never nested deeply.)"""
    for node, module in clusters.within.get(scope, ()):
        tip = _text(_line(node).replace("\\", "\\\\"))  # Graphviz unescapes a node's tooltip twice
        g.node(node.id, label=_label(node, module, show), tooltip=tip, id=node.id, **STYLES[node.kind])
    for inner in clusters.children.get(scope, ()):
        with g.subgraph(name=f"cluster_{inner.id}") as cluster:
            derivative = inner.kind == "derivative"
            name = f"<b>{_text(inner.name)}</b>  " if inner.name and not derivative else ""
            name += _text(inner.text if derivative else inner.kind)
            left = "" if derivative else "&#160;" * (2 * len(inner.name + inner.kind))  # keeps clear of the arrows
            cluster.attr(labeljust="l" if derivative else "r")
            cluster.attr(label=f"<{left}{_spaced(name)}>", id=inner.id, tooltip=_text(inner.text or inner.kind), margin="10")
            cluster.attr(style="rounded,filled" + (",dashed" if derivative else ""), color="#BBBBBB")
            cluster.attr(fillcolor="#FFF9EF" if derivative else ("#FAFAFA", "#F2F2F2")[level % 2])
            _add_cluster(cluster, inner.id, level + 1, clusters, show)


def _line(node: Node) -> str:
    name = f"{node.variable} = {node.name}" if node.variable else node.name
    name += f" {node.constants}" if node.constants else ""
    return ", ".join(part for part in (name, shape_text(node.shape) if node.dtype else "", node.dtype, node.grad) if part)


def _label(node: Node, module: str, show: Sequence[str]) -> str:
    """The label of a box, an HTML table: the name in bold, shape and dtype, and the rows named by `show`."""
    titles = [f"<b>{_text(line)}</b>" for line in textwrap.wrap(node.name, 30, break_long_words=False) or [""]]
    if node.variable:
        titles[0] = f"<i>{_text(node.variable)}</i> = {titles[0]}"
    if node.constants:
        titles[-1] += f" {_text(node.constants)}"
    small = [module, f"{shape_text(node.shape)}  {node.dtype}" if node.dtype else ""]
    if node.contents:
        small.append(node.contents)
    if node.grad and "grad" not in show:
        small.append(node.grad)
    titles += [f'<font point-size="9" color="{GREY}">{_spaced(_text(text))}</font>' for text in small if text]
    rows = "".join(f"<tr><td>{line}</td></tr>" for line in titles)
    for text in _rows(node, show):
        wide = "&#160;" * (1 + len(text) // 36)  # browsers render text slightly wider than Graphviz assumes
        written = f'<font face="Courier,monospace" point-size="9">{_spaced(_text(text))}{wide}</font>'
        rows += f'<tr><td align="left">{written}</td></tr>'
    size = math.prod(node.shape)
    if "player" in show and node.kind != "output" and (size <= 3 or node.kind != "data"):
        placeholder = "0" * (7 * max(1, size) + 5) if size <= 3 else "0" * 15
        for colour in PLAYER_COLOURS if size <= 3 else PLAYER_COLOURS[1:]:
            rows += f'<tr><td><font face="Courier,monospace" point-size="9" color="{colour}">{placeholder}</font></td></tr>'
    return f'<<table border="0" cellborder="0" cellspacing="0" cellpadding="1">{rows}</table>>'


def _text(text: str) -> str:
    """Escape a text for a label: no markup and no Graphviz escapes."""
    return escape(text).replace("\\", "\\\\")


def _spaced(text: str) -> str:
    return text.replace("  ", "&#160;&#160;")


def _rows(node: Node, show: Sequence[str]) -> list[str]:
    """The extra rows of a box."""
    rows: list[tuple[str, str]] = []
    if "value" in show and node.kind in ("leaf", "data", "op", "output") and "=" not in node.name:
        rows += _field("value", node.value.lines() if node.value else ["was not recorded"])
    if "grad" in show and node.kind in ("leaf", "op"):
        nothing = ["no gradient yet"] if node.kind == "leaf" else []
        rows += _field("grad", node.gradient.lines() if node.gradient else nothing)
    if "formula" in show and node.kind == "op":
        rows += _field("formula", textwrap.wrap(node.formula, 44)) + _field("derivative", textwrap.wrap(node.derivative, 44))
    if "line" in show and node.line:
        rows.append(("line", textwrap.shorten(node.line, 56, placeholder=" ...")))
    if "memory" in show and node.kind != "output":
        kept = f", keeps {_bytes(node.kept)} for backward" if node.kept else ""
        rows.append(("memory", f"{_bytes(node.memory)}{kept}"))
    width = max((len(word) for word, _ in rows), default=0)
    return [f"{word.ljust(width)}  {text}" for word, text in rows]


def _field(word: str, lines: Sequence[str]) -> list[tuple[str, str]]:
    return [(word if i == 0 else "", line) for i, line in enumerate(lines)]


def _bytes(n: int) -> str:
    size, unit = float(n), "B"
    for larger in ("kB", "MB", "GB"):
        if size >= 1000:
            size, unit = size / 1000, larger
    return f"{size:.3g} {unit}"
