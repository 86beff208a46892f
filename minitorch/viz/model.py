"""The graph picture as plain data: boxes, arrows, and clusters of boxes.

`model_of` builds it from a Tape. `folded` and `folded_to_depth` merge boxes, for graphs too large to read.
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
from minitorch.viz.record import Call, InputRecord, node_record
from minitorch.viz.summary import Summary, number, shape_text, summary
from minitorch.viz.tape import Tape, formula, readable, source_of

__all__ = ["Edge", "Model", "Node", "Scope", "folded", "folded_to_depth", "model_of"]


@dataclass(frozen=True)
class Node:
    """A box. `kind` is leaf (requires grad), data (does not), op, output, or fold (several boxes merged).

    `value` and `gradient` are set if they were requested and are known. `memory` is the size of the output in bytes, `kept`
    that of the saved tensors. `scope` is the id of the enclosing cluster, '' for none.
    """

    id: str
    kind: str
    name: str  # of an op its class, of a tensor its variable name
    shape: tuple[int, ...]
    dtype: str
    grad: str = ""  # of a leaf: the state of its .grad
    variable: str = ""  # of an op: the variable name of its output
    call: str = ""
    constants: str = ""  # of an elementwise op: the numbers among its arguments
    formula: str = ""  # of the output
    derivative: str = ""
    line: str = ""
    contents: str = ""  # of a fold: what was merged
    memory: int = 0
    kept: int = 0
    value: Summary | None = None
    gradient: Summary | None = None
    scope: str = ""


@dataclass(frozen=True)
class Edge:
    """An arrow from a value to the op that uses it; the label is the shape and dtype."""

    tail: str
    head: str
    label: str
    argument: int = 0  # argument number of the head
    output: int = 0  # output number of the tail


@dataclass(frozen=True)
class Scope:
    """A cluster of boxes: one call of a module, with its name in its parent, or a recorded derivative."""

    id: str
    name: str
    kind: str  # the module's class
    text: str  # its repr, if it has no submodules
    parent: str


@dataclass(frozen=True)
class Model:
    """The content of a picture: nodes in topological order, edges, and clusters, outer ones first."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    scopes: tuple[Scope, ...] = ()


def model_of(tape: Tape, show: Collection[str] = ()) -> Model:
    """The boxes and arrows of a tape, with values and gradients if `show` names them."""
    values, gradients = "value" in show, "grad" in show
    scopes = _Scopes(tape)
    nodes: list[Node] = []
    edges: list[Edge] = []
    for item in tape.items:
        node = _node_of(tape, item, scopes.scope_of(item), values, gradients)
        nodes.append(node)
        if not isinstance(item, TapeNode) or isinstance(item, AccumulateGrad):
            continue
        for argument, source in enumerate(tape.sources[item]):
            if isinstance(source, InputRecord):
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
        name = f"{tape.name(edge)} = {number(array.item())}" if array.size == 1 else tape.name(edge)
        value = summary(array) if values and array.size > 1 else None
        nodes.append(Node(id, "output", name, tuple(root.shape), root.dtype.name, value=value))
        edges.append(Edge(tape.ids[edge[0]], id, "", 0, edge[1]))
    return Model(tuple(nodes), tuple(edges), scopes.all())


def _node_of(tape: Tape, item: TapeNode | InputRecord, scope: str, values: bool, gradients: bool) -> Node:
    """The box of a leaf, of data, or of an op."""
    source = source_of(item)
    array = tape.value(source)
    shown = summary(array) if values and array is not None else None
    if isinstance(item, InputRecord):
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
    array = _gradient(item) if gradients else None
    return Node(
        kind="op", name=readable(item.op_name), variable=variable, call=tape.call(item), formula=computes,
        constants=tape.constants(item), derivative=derivative, line=tape.line(item), kept=_saved_bytes(item),
        gradient=None if array is None else summary(array), **common,
    )  # fmt: skip


def _gradient(node: TapeNode) -> Array | None:
    """The gradient of a node's first output in the last backward, if recorded or kept by retain_grad()."""
    record = node_record(node)
    if record is not None and record.grads is not None:
        return record.grads[0]
    kept = node.retained and node.retained.get(0)
    tensor = kept() if kept else None
    return None if tensor is None or tensor._grad is None else tensor._grad._array


def _saved_bytes(node: TapeNode) -> int:
    values = (getattr(saved.value, "_array", saved.value) for saved in saved_tensors_of(node))
    arrays = {id(a): a for a in values if hasattr(a, "nbytes")}
    return sum(array.nbytes for array in arrays.values())


class _Scopes:
    """The clusters of a tape: an op's was recorded; a parameter is in the innermost cluster common to all its users."""

    def __init__(self, tape: Tape) -> None:
        self._found: dict[int, Call] = {}
        self._paths: dict[Any, list[Call]] = {}  # of each box its clusters, the outermost first
        for node in tape.ops:
            record = node_record(node)
            path: list[Call] = []
            call = record.call if record else None
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

    def scope_of(self, item: Any) -> str:
        path = self._paths.get(item)
        return self._ids[path[-1].number] if path else ""

    def all(self) -> tuple[Scope, ...]:
        return tuple(
            Scope(id, readable(s.name), readable(s.kind), readable(s.text), self._ids[s.parent.number] if s.parent else "")
            for s, id in ((self._found[number], id) for number, id in self._ids.items())
        )


# ---- folding --------------------------------------------------------------------------------------------------------


def folded(model: Model, count: int) -> Model:
    """Consecutive ops, and consecutive leaves, merged into at most `count` boxes each.

    Ops are in the order of the tape, so no arrow points back. If the result has more than 8 * `count` arrows, all leaves are
    one box.
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
        boxes = [(group, group[0] if len(group) == 1 else _segment_box(group)) for group in groups]
        small = _merge_groups(replace(model, scopes=()), boxes)
        if len(small.edges) <= 8 * count:
            break
    return small


def _segment_box(nodes: Sequence[Node]) -> Node:
    names = Counter(node.name for node in nodes).most_common()
    listed = ", ".join(f"{name} × {n:,}" if n > 1 else name for name, n in names[:4]) + (", ..." if names[4:] else "")
    kind = nodes[0].kind
    what = "ops" if kind in ("op", "fold") else "leaves" if kind == "leaf" else "tensors"
    return _merged_box(nodes, f"{len(nodes):,} {what}: {listed}", kind)


def folded_to_depth(model: Model, depth: int) -> Model:
    """The model with each cluster below `depth` merged into one box, and equal consecutive boxes into one."""
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
    alike: dict[str, tuple[str, ...]] = {}  # of a box, the key by which boxes are compared

    def box(nodes: Sequence[Node]) -> Node:
        scope = scopes[paths[nodes[0].scope][depth]]
        one = _merged_box(nodes, " ".join(filter(None, (scope.name, scope.kind))), "fold")
        leaves = sum(math.prod(node.shape) for node in nodes if node.kind == "leaf")
        ops = sum(node.kind == "op" for node in nodes)
        inside = f"{ops:,} {'op' if ops == 1 else 'ops'}" + (f", {leaves:,} parameters" if leaves else "")
        alike[one.id] = scope.kind, scope.text, inside
        return replace(one, scope=scope.parent, contents=inside)

    shown = tuple(scope for scope in model.scopes if len(paths[scope.id]) <= depth)
    boxes = [(group, group[0] if len(paths[group[0].scope]) <= depth else box(group)) for group in groups]
    return _merge_repeats(_merge_groups(replace(model, scopes=shown), boxes), alike)


def _merge_repeats(model: Model, alike: Mapping[str, tuple[str, ...]]) -> Model:
    """Merge equal fold boxes that form a chain without other inputs or users."""
    users: dict[str, set[str]] = {}
    inputs: dict[str, set[str]] = {}
    for edge in model.edges:
        users.setdefault(edge.tail, set()).add(edge.head)
        inputs.setdefault(edge.head, set()).add(edge.tail)
    groups: list[list[Node]] = []
    for node in model.nodes:
        last = groups[-1][-1] if groups else None
        again = (
            last is not None
            and node.id in alike
            and (alike[node.id], node.shape, node.scope) == (alike.get(last.id), last.shape, last.scope)
            and users.get(last.id) == {node.id}
            and inputs.get(node.id) == {last.id}
        )
        if again:
            groups[-1].append(node)
        else:
            groups.append([node])

    def box(nodes: Sequence[Node]) -> Node:
        name = f"{len(nodes)} × {alike[nodes[0].id][0]}"
        return replace(nodes[-1], id=nodes[0].id, name=name, contents=f"each {nodes[0].contents}")

    return _merge_groups(model, [(group, group[0] if len(group) == 1 else box(group)) for group in groups])


def _merged_box(nodes: Sequence[Node], name: str, kind: str) -> Node:
    """One box for several, with the output shape of the last op among them."""
    last = next((node for node in reversed(nodes) if node.kind in ("op", "fold")), nodes[-1])
    return Node(
        nodes[0].id, kind, name, last.shape, last.dtype if kind in ("op", "fold") else "", scope=last.scope,
        memory=sum(n.memory for n in nodes), kept=sum(n.kept for n in nodes),
    )  # fmt: skip


def _merge_groups(model: Model, boxes: Sequence[tuple[Sequence[Node], Node]]) -> Model:
    """The model with each group replaced by its box; `boxes` are the pairs (group, box)."""
    nodes = [box for _, box in boxes]
    into = {node.id: box.id for group, box in boxes for node in group}
    ends: dict[tuple[str, str], Edge] = {}
    for edge in model.edges:
        tail, head = into[edge.tail], into[edge.head]
        if tail != head:
            ends.setdefault((tail, head), replace(edge, tail=tail, head=head))
    # a box takes the position of its last op: after all its inputs, before all its users
    order = {into[n.id]: i for i, n in enumerate(model.nodes) if n.kind in ("op", "fold", "output")}
    order |= {into[n.id]: i for i, n in reversed([*enumerate(model.nodes)]) if into[n.id] not in order}
    return replace(model, nodes=tuple(sorted(nodes, key=lambda n: order[n.id])), edges=tuple(ends.values()))
