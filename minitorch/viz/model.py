"""What a picture of the tape shows, as plain data: boxes, arrows, and clusters around boxes.

`model_of` reads it off a Tape. `folded` and `folded_to_depth` put several boxes into one, for graphs too large to look at.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from minitorch.autograd.graph import AccumulateGrad, saved_tensors_of
from minitorch.autograd.graph import Node as TapeNode
from minitorch.backend.arrays import Array
from minitorch.backend.dtypes import dtypes, float64
from minitorch.nn import Parameter
from minitorch.viz.record import Call, Given, note_of
from minitorch.viz.summary import Summary, number, shape_text, summary
from minitorch.viz.tape import Tape, formula, readable, source_of

__all__ = ["Edge", "Model", "Node", "Scope", "folded", "folded_to_depth", "model_of"]


@dataclass(frozen=True)
class Node:
    """A box. `kind` is leaf (its gradient is wanted), data (it is not), op, output, or fold, which stands for several boxes.

    `value` and `gradient` are there if they were asked for and somebody has kept them. `memory` is what the output takes in
    bytes, `kept` what the node holds for its backward. `scope` is the id of the cluster around it, '' for none.
    """

    id: str
    kind: str
    name: str  # of an op its class, of a tensor what the program calls it
    shape: tuple[int, ...]
    dtype: str
    grad: str = ""  # of a leaf: what is in its .grad
    variable: str = ""  # of an op: what the program calls its output
    call: str = ""
    constants: str = ""  # of an elementwise op: the numbers among its operands
    formula: str = ""  # of the output
    derivative: str = ""
    line: str = ""
    contents: str = ""  # of a fold: what is inside
    memory: int = 0
    kept: int = 0
    value: Summary | None = None
    gradient: Summary | None = None
    scope: str = ""


@dataclass(frozen=True)
class Edge:
    """From what was computed first to what was computed from it; labelled with the shape that flows."""

    tail: str
    head: str
    label: str
    argument: int = 0  # which of the head's arguments it is
    output: int = 0  # which of the tail's outputs


@dataclass(frozen=True)
class Scope:
    """A cluster of boxes: one call of a module, named as its parent names it, or a derivative that was recorded."""

    id: str
    name: str
    kind: str  # the module's class
    text: str  # its printed form, if it has no modules inside
    parent: str


@dataclass(frozen=True)
class Model:
    """What a picture shows: nodes from the oldest to the youngest, edges, and clusters, outer ones first."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    scopes: tuple[Scope, ...] = ()


def model_of(tape: Tape, show: Collection[str] = ()) -> Model:
    """The boxes and arrows of a tape; values and gradients are looked at if `show` names them."""
    values, gradients = "value" in show, "grad" in show
    scopes = _Scopes(tape)
    nodes: list[Node] = []
    edges: list[Edge] = []
    for item in tape.items:
        node = _node_of(tape, item, scopes.around(item), values, gradients)
        nodes.append(node)
        if not isinstance(item, TapeNode) or isinstance(item, AccumulateGrad):
            continue
        for argument, source in enumerate(tape.sources[item]):
            if isinstance(source, Given):
                edges.append(Edge(tape.ids[source], node.id, "", argument))
            elif source is not None:
                maker, nr = source
                shape, dtype = maker.outputs[nr]
                label = "" if isinstance(maker, AccumulateGrad) else f"{shape_text(shape)}  {dtypes[dtype].name}"
                edges.append(Edge(tape.ids[maker], node.id, label, argument, nr))
    for i, (root, edge) in enumerate(zip(tape.roots, tape.root_edges, strict=True)):
        id = "out" if len(tape.roots) == 1 else f"out{i}"
        array = tape.value(edge)
        assert array is not None
        said = f"{tape.name(edge)} = {number(array.item())}" if array.size == 1 else tape.name(edge)
        value = summary(array) if values and array.size > 1 else None
        nodes.append(Node(id, "output", said, tuple(root.shape), root.dtype.name, value=value))
        edges.append(Edge(tape.ids[edge[0]], id, "", 0, edge[1]))
    return Model(tuple(nodes), tuple(edges), scopes.all())


def _node_of(tape: Tape, item: TapeNode | Given, scope: str, values: bool, gradients: bool) -> Node:
    """The box of a leaf, of data, or of an op."""
    source = source_of(item)
    array = tape.value(source)
    shown = summary(array) if values and array is not None else None
    if isinstance(item, Given):
        shape, kind, bytes_ = item.array.shape, dtypes[item.array.dtype].name, item.array.nbytes
        return Node(tape.ids[item], "data", tape.name(item), tuple(shape), kind, memory=bytes_, value=shown, scope=scope)
    shape, dtype = item.outputs[0]
    kind = dtypes[dtype].name if dtype is not None else ""
    common: dict[str, Any] = {
        "id": tape.ids[item], "shape": tuple(shape), "dtype": kind, "value": shown, "scope": scope,
        "memory": sum(math.prod(s) * d.itemsize for s, d in item.outputs if d is not None),
    }  # fmt: skip
    if isinstance(item, AccumulateGrad):
        grad = item.variable._grad
        size = "" if grad is None else number(math.sqrt(float((grad.detach().to(float64) ** 2).sum())))
        state = "no gradient yet" if grad is None else f"|grad| = {size}"
        gradient = summary(grad._array) if grad is not None and gradients else None
        return Node(kind="leaf", name=tape.name((item, 0)), grad=state, gradient=gradient, **common)
    computes, derivative = formula(type(item))
    variable = tape.name((item, 0)) if (item, 0) in tape.named else ""
    arrived = _gradient(item) if gradients else None
    return Node(
        kind="op", name=readable(item.op_name), variable=variable, call=tape.call(item), formula=computes,
        constants=tape.constants(item), derivative=derivative, line=tape.line(item), kept=_kept(item),
        gradient=None if arrived is None else summary(arrived), **common,
    )  # fmt: skip


def _gradient(node: TapeNode) -> Array | None:
    """What the last backward brought to a node's first output, if a recording or retain_grad() has kept it."""
    note = note_of(node)
    if note is not None and note.grads is not None:
        return note.grads[0]
    kept = node.retained and node.retained.get(0)
    tensor = kept() if kept else None
    return None if tensor is None or tensor._grad is None else tensor._grad._array


def _kept(node: TapeNode) -> int:
    values = (getattr(saved.value, "_array", saved.value) for saved in saved_tensors_of(node))
    arrays = {id(a): a for a in values if hasattr(a, "nbytes")}
    return sum(array.nbytes for array in arrays.values())


class _Scopes:
    """The clusters of a tape: that of an op was noted; a parameter is inside the one that all its users share."""

    def __init__(self, tape: Tape) -> None:
        self._found: dict[int, Call] = {}
        self._paths: dict[Any, list[Call]] = {}  # of each box the clusters around it, from the outside in
        for node in tape.ops:
            note = note_of(node)
            path: list[Call] = []
            call = note.call if note else None
            while call is not None:
                path.insert(0, call)
                self._found[call.number] = call
                call = call.parent
            self._paths[node] = path
            leaves = [s[0] for s in tape.sources[node] if isinstance(s, tuple) and isinstance(s[0], AccumulateGrad)]
            for leaf in leaves:
                if isinstance(leaf.variable, Parameter):
                    shared = self._paths.setdefault(leaf, path)
                    self._paths[leaf] = [a for a, b in zip(shared, path, strict=False) if a is b]
        self._ids = {number: f"s{i}" for i, number in enumerate(sorted(self._found))}

    def around(self, item: Any) -> str:
        path = self._paths.get(item)
        return self._ids[path[-1].number] if path else ""

    def all(self) -> tuple[Scope, ...]:
        return tuple(
            Scope(id, readable(s.name), readable(s.kind), readable(s.text), self._ids[s.parent.number] if s.parent else "")
            for s, id in ((self._found[number], id) for number, id in self._ids.items())
        )


# ---- folding --------------------------------------------------------------------------------------------------------


def folded(model: Model, count: int) -> Model:
    """Of the ops, and of the leaves, so many that follow each other in one box that at most `count` boxes remain.

    Ops are in the order of the tape, so no arrow leads back. Where most leaves are used everywhere they are one box, as nobody
    can follow so many arrows.
    """
    if any(node.scope for node in model.nodes):
        model = replace(model, nodes=tuple(replace(node, scope="") for node in model.nodes))
    small = model
    for leaves in (count, 1):
        groups: list[Sequence[Node]] = []
        for kinds, most in ((("leaf", "data"), leaves), (("op", "fold"), count), (("output",), count)):
            some = [node for node in model.nodes if node.kind in kinds]
            size = max(1, -(-len(some) // most))
            groups += [some[start : start + size] for start in range(0, len(some), size)]
        boxes = [(group, group[0] if len(group) == 1 else _stretch(group)) for group in groups]
        small = _grouped(replace(model, scopes=()), boxes)
        if len(small.edges) <= 8 * count:
            break
    return small


def _stretch(nodes: Sequence[Node]) -> Node:
    names = Counter(node.name for node in nodes).most_common()
    told = ", ".join(f"{name} × {n:,}" if n > 1 else name for name, n in names[:4]) + (", ..." if names[4:] else "")
    kind = nodes[0].kind
    what = "ops" if kind in ("op", "fold") else "leaves" if kind == "leaf" else "tensors"
    return _one_for(nodes, f"{len(nodes):,} {what}: {told}", kind)


def folded_to_depth(model: Model, depth: int) -> Model:
    """Clusters as they are down to `depth`; every one below is one box, and boxes in a row that are alike are one."""
    parents = {scope.id: scope.parent for scope in model.scopes}
    paths: dict[str, list[str]] = {"": []}
    for scope in model.scopes:
        paths[scope.id] = [*paths[parents[scope.id]], scope.id]
    inside: dict[str, list[Node]] = {}
    groups: list[Sequence[Node]] = []
    for node in model.nodes:
        path = paths[node.scope]
        if len(path) <= depth:
            groups.append([node])
        elif path[depth] in inside:
            inside[path[depth]].append(node)
        else:
            inside[path[depth]] = [node]
            groups.append(inside[path[depth]])
    scopes = {scope.id: scope for scope in model.scopes}
    alike: dict[str, tuple[str, ...]] = {}  # of a box, what another has in common with it if the two are alike

    def box(nodes: Sequence[Node]) -> Node:
        scope = scopes[paths[nodes[0].scope][depth]]
        one = _one_for(nodes, " ".join(filter(None, (scope.name, scope.kind))), "fold")
        leaves = sum(math.prod(node.shape) for node in nodes if node.kind == "leaf")
        ops = sum(node.kind == "op" for node in nodes)
        inside = f"{ops:,} {'op' if ops == 1 else 'ops'}" + (f", {leaves:,} parameters" if leaves else "")
        alike[one.id] = scope.kind, scope.text, inside
        return replace(one, scope=scope.parent, contents=inside)

    shown = tuple(scope for scope in model.scopes if len(paths[scope.id]) <= depth)
    boxes = [(group, group[0] if len(paths[group[0].scope]) <= depth else box(group)) for group in groups]
    return _without_repeats(_grouped(replace(model, scopes=shown), boxes), alike)


def _without_repeats(model: Model, alike: Mapping[str, tuple[str, ...]]) -> Model:
    """Folded boxes that follow each other and are alike, each fed by the one before it alone, as one."""
    feeds: dict[str, set[str]] = {}
    fed_by: dict[str, set[str]] = {}
    for edge in model.edges:
        feeds.setdefault(edge.tail, set()).add(edge.head)
        fed_by.setdefault(edge.head, set()).add(edge.tail)
    groups: list[list[Node]] = []
    for node in model.nodes:
        last = groups[-1][-1] if groups else None
        again = (
            last is not None
            and node.id in alike
            and (alike[node.id], node.shape, node.scope) == (alike.get(last.id), last.shape, last.scope)
            and feeds.get(last.id) == {node.id}
            and fed_by.get(node.id) == {last.id}
        )
        if again:
            groups[-1].append(node)
        else:
            groups.append([node])

    def box(nodes: Sequence[Node]) -> Node:
        name = f"{len(nodes)} × {alike[nodes[0].id][0]}"
        return replace(nodes[-1], id=nodes[0].id, name=name, contents=f"each {nodes[0].contents}")

    return _grouped(model, [(group, group[0] if len(group) == 1 else box(group)) for group in groups])


def _one_for(nodes: Sequence[Node], name: str, kind: str) -> Node:
    """A box in place of several, with the shape of the last of them that an op has made."""
    last = next((node for node in reversed(nodes) if node.kind in ("op", "fold")), nodes[-1])
    return Node(
        nodes[0].id, kind, name, last.shape, last.dtype if kind in ("op", "fold") else "", scope=last.scope,
        memory=sum(n.memory for n in nodes), kept=sum(n.kept for n in nodes),
    )  # fmt: skip


def _grouped(model: Model, boxes: Sequence[tuple[Sequence[Node], Node]]) -> Model:
    """The model with one box in place of each group: pairs of a group and its box."""
    nodes = [box for _, box in boxes]
    into = {node.id: box.id for group, box in boxes for node in group}
    ends: dict[tuple[str, str], Edge] = {}
    for edge in model.edges:
        tail, head = into[edge.tail], into[edge.head]
        if tail != head:
            ends.setdefault((tail, head), replace(edge, tail=tail, head=head))
    # a box comes where its last op was: after all that feeds it, and before all that it feeds
    order = {into[n.id]: i for i, n in enumerate(model.nodes) if n.kind in ("op", "fold", "output")}
    order |= {into[n.id]: i for i, n in reversed([*enumerate(model.nodes)]) if into[n.id] not in order}
    return replace(model, nodes=tuple(sorted(nodes, key=lambda n: order[n.id])), edges=tuple(ends.values()))
