"""The tape behind some tensors as pictures see it: every node once, in order, with a name, a value, a formula, a line.

The graph, the player and the chain rule of `why` all start from a `Tape`. It reads what is there, and computes nothing.
"""

from __future__ import annotations

import inspect
import os
import reprlib
import weakref
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from minitorch.autograd.engine import walk
from minitorch.autograd.function import AccumulateGrad, Edge, Function, Op, _edge_of
from minitorch.autograd.variable import TensorBase
from minitorch.backend.arrays import Array
from minitorch.nn import Module
from minitorch.tensor import Tensor
from minitorch.viz.record import Given, note_of, record, variables
from minitorch.viz.summary import number

__all__ = ["Source", "Tape", "formula"]

Source = Edge | Given  # what an argument of an op was: a value on the tape, or a tensor that has no history


class Tape:
    """The nodes behind `outputs`: a Tensor, a sequence of them, or a function without arguments, which then is recorded.

    `params` and `inputs` give tensors their names; the others are called as the program's variables and modules call them.
    Raises RuntimeError for a tensor without a history, TypeError for what is no tensor.
    """

    def __init__(self, caller: str, outputs: Any, params: Any = None, inputs: Any = None) -> None:
        given = {**_pairs(caller, "params", params), **_pairs(caller, "inputs", inputs)}
        self.roots = _computed(caller, outputs)
        self.root_edges: list[Edge] = [edge for edge in map(_edge_of, self.roots) if edge is not None]
        self.order = walk(dict.fromkeys(node for node, _ in self.root_edges))
        self.ops = [node for node in self.order if not isinstance(node, AccumulateGrad)]
        self._remembered: dict[Any, Given] = {}  # by a leaf's node: its value when it was used
        self.sources = {node: self._sources_of(node, given) for node in self.ops}
        self.items = self._in_order_of_use()  # everything that is a box: leaves, data and ops
        self.ids = {item: f"n{i}" for i, item in enumerate(self.items)}
        self._values = _saved_values(self.ops)
        self._values.update({edge: root._array for root, edge in zip(self.roots, self.root_edges, strict=True)})
        self._names: dict[Any, str] = {}  # by what makes the value: a Given, or an edge
        self.named: set[Any] = set()  # those whose name is the program's
        self._name_all(given)

    def _sources_of(self, node: Function, wanted: Mapping[str, Any]) -> list[Source | None]:
        """What each argument was. Tensors without history are known from a note, or if they are wanted and were saved."""
        note = note_of(node)
        if note is None:
            others = [origin for _, _, _, origin in node._saved or () if any(origin is tensor for tensor in wanted.values())]
            extra = [self._remembered.setdefault(id(t), Given(t)) for t in others if not t.requires_grad]
            return [*node.edges, *extra]
        for edge, arg in zip(node.edges, note.args, strict=True):
            if edge is not None and isinstance(arg, Given):
                self._remembered.setdefault(edge[0], arg)
        return [edge or (a if isinstance(a, Given) else None) for edge, a in zip(node.edges, note.args, strict=True)]

    def _in_order_of_use(self) -> list[Function | Given]:
        """From the oldest to the youngest, and a leaf just before what uses it first."""
        items: dict[Any, None] = {}
        for node in self.ops:
            for source in self.sources[node]:
                if source is not None:
                    items.setdefault(source if isinstance(source, Given) else source[0])
            items.setdefault(node)
        return list(items)

    # ---- values ---------------------------------------------------------------------------------------------------------

    def value(self, source: Source) -> Array | None:
        """The array that a source was when the tape was written; None if nobody has kept it."""
        if isinstance(source, Given):
            return source.array
        node, nr = source
        if isinstance(node, AccumulateGrad):
            remembered = self._remembered.get(node)
            return node.variable._array if remembered is None else remembered.array
        note = note_of(node)
        return self._values.get(source) if note is None else note.outputs[nr]

    @contextmanager
    def revived(self) -> Iterator[None]:
        """What an ordinary backward has freed is there again in this block, as far as it was recorded.

        Raises RuntimeError if it was not.
        """
        freed = [node for node in self.ops if node._saved is None]
        for node in freed:
            if note_of(node) is None:
                raise RuntimeError(
                    f"{node.name()} has freed what it saved, in an earlier backward(): look before you call that, or keep the "
                    "graph with backward(retain_graph=True), or compute it inside `with viz.record():`"
                )
        try:
            for node in freed:
                note = note_of(node)
                assert note is not None
                node._saved = note.saved
            yield
        finally:
            for node in freed:
                node._saved = None

    # ---- names ----------------------------------------------------------------------------------------------------------

    def name(self, source: Source) -> str:
        """What a value is called in words and formulas: as in the program, or after its op: mul, mul2 ..."""
        return self._names[source]

    def _name_all(self, given: Mapping[str, Any]) -> None:
        tensors: dict[int, str] = {id(tensor): readable(name) for name, tensor in given.items()}
        program = variables()
        leaves = {id(item.variable if isinstance(item, AccumulateGrad) else item.tensor()) for item in self._leaves()}
        modules = {name: value for name, value in program.items() if isinstance(value, Module)}
        for key, name in _names_in_modules(modules, leaves).items():
            tensors.setdefault(key, name)
        for name, value in program.items():
            if isinstance(value, TensorBase):
                tensors.setdefault(id(value), name)
        for note in filter(None, map(note_of, self.ops)):
            call = note.call
            while call is not None:
                for reference, name in call.names:
                    tensors.setdefault(id(reference()), name)
                call = call.parent
        for tensor in (*given.values(), *(v for v in program.values() if isinstance(v, TensorBase))):
            edge = tensor._place()
            if edge is not None and edge[0] in self.ids:
                self._names.setdefault(edge, tensors[id(tensor)])
        for item in self._leaves():
            tensor = item.tensor() if isinstance(item, Given) else item.variable
            if tensor is not None and id(tensor) in tensors:
                self._names[item if isinstance(item, Given) else (item, 0)] = tensors[id(tensor)]
        self.named = set(self._names)
        taken, counts = set(self._names.values()), dict[str, int]()
        for item in self.items:
            kind = {Given: "data", AccumulateGrad: "leaf"}.get(type(item), type(item).__name__.lower())
            if isinstance(item, Given) and item.array.size == 1:
                self._names.setdefault(item, number(item.array.item()))  # a number is called by its value
            for source in [item] if isinstance(item, Given) else [(item, nr) for nr in range(len(item.outputs))]:
                while source not in self._names:
                    counts[kind] = counts.get(kind, 0) + 1
                    name = kind if counts[kind] == 1 else f"{kind}{counts[kind]}"
                    if name not in taken:
                        self._names[source] = name

    def _leaves(self) -> list[Any]:
        return [item for item in self.items if isinstance(item, (Given, AccumulateGrad))]

    # ---- words ----------------------------------------------------------------------------------------------------------

    def call(self, node: Function) -> str:
        """A node as the program might have written it: mul = Mul(w, x)."""
        note, args = note_of(node), []
        for i, source in enumerate(self.sources[node]):
            args.append(self.name(source) if source is not None else "..." if note is None else _said(note.args[i]))
        while len(args) > 1 and args[-1] in ("None", "..."):
            args.pop()
        return f"{self.name((node, 0))} = {type(node).__name__}({', '.join(args)})"

    def line(self, node: Function) -> str:
        """The line of the program that made a node: model.py:12  return self.out(h). Empty if it was not recorded."""
        note = note_of(node)
        if note is None:
            return ""
        file = os.path.basename(note.line.file)
        if file.startswith("<") or "ipykernel" in note.line.file:
            file = "notebook" if "ipy" in note.line.file else file
        return f"{file}:{note.line.number}" + (f"  {note.line.text}" if note.line.text else "")


def _said(value: Any) -> str:
    """An argument that is no tensor: numbers and words as they are, of other things what they are."""
    plain = (int, float, str, type(None))
    simple = isinstance(value, plain) or (isinstance(value, tuple) and all(isinstance(v, plain) for v in value))
    return reprlib.repr(value) if simple else type(value).__name__


_formulas: weakref.WeakKeyDictionary[type, tuple[str, str]] = weakref.WeakKeyDictionary()


def formula(op: type[Function]) -> tuple[str, str]:
    """What an op computes, and its derivative: the two parts of the first paragraph of its docstring.

    Of a program's own Function without such a docstring, the derivative is what its backward returns, as it is written there.
    """
    if op in _formulas:
        return _formulas[op]
    text = " ".join((op.__doc__ or "").strip().split("\n\n")[0].split()) if op.__doc__ != Function.__doc__ else ""
    computes, _, derivative = text.partition(";")
    derivative = derivative.partition(". ")[0].strip().rstrip(".")
    if not derivative and not issubclass(op, Op):
        try:
            lines = [line.strip() for line in inspect.getsource(op.backward).splitlines()]
        except (OSError, TypeError):
            lines = []
        derivative = next((line.removeprefix("return ") for line in reversed(lines) if line.startswith("return ")), "")
    _formulas[op] = readable(computes.strip()), readable(derivative)
    return _formulas[op]


def readable(name: str) -> str:
    """A name without what no file can hold: control characters and halves of characters become a question mark."""
    if name.isprintable():
        return name
    return "".join(c if c.isprintable() or c in "\n\t" else "\N{REPLACEMENT CHARACTER}" for c in name)


def _pairs(caller: str, option: str, given: Any) -> dict[str, Tensor]:
    """Names and tensors, of a Module, its named_parameters() or a dict. Raises TypeError for anything else."""
    given = given.named_parameters() if hasattr(given, "named_parameters") else given if given is not None else {}
    try:
        pairs = dict(given)
    except (TypeError, ValueError):
        raise TypeError(
            f"{caller}(): {option} names tensors: a Module, its named_parameters(), or a dict of names and tensors, not "
            f"{type(given).__name__}"
        ) from None
    for name, tensor in pairs.items():
        if not isinstance(tensor, Tensor) or not isinstance(name, str):
            raise TypeError(f"{caller}(): {option} names tensors, and {name!r} is a {type(tensor).__name__}")
    return pairs


def _computed(caller: str, outputs: Any) -> list[Tensor]:
    """The tensors whose history is asked for."""
    if callable(outputs) and not isinstance(outputs, (Module, type)):
        with record():
            outputs = outputs()
    roots = list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]
    for root in roots:
        if not isinstance(root, Tensor):
            raise TypeError(
                f"{caller}() looks at what is behind a Tensor, a list of them, or a function without arguments that returns "
                f"such, and got {'a list with ' if isinstance(outputs, (list, tuple)) else ''}{type(root).__name__}"
            )
        if root.grad_fn is None:
            raise RuntimeError(
                "this tensor has no history to look at: nothing it was computed from requires grad, or it was computed inside "
                "no_grad() or detached"
            )
    if not roots:
        raise ValueError(f"{caller}() got a list without any tensor")
    return roots


def _names_in_modules(modules: Mapping[str, Module], leaves: set[int]) -> dict[int, str]:
    """Of the tensors with these ids, the names of those that belong to the program's modules.

    If one module has them all they are called as in its state_dict, else by the module's name, too.
    """
    held = {}
    for variable, module in modules.items():
        found = {id(t): name for name, t in (*module.named_parameters(), *module.named_buffers()) if id(t) in leaves}
        if found:
            held[variable] = found
    largest = sorted(held.items(), key=lambda item: -len(item[1]))
    alone = not largest or len(set().union(*held.values())) == len(largest[0][1])
    names: dict[int, str] = {}
    for variable, found in largest:
        for key, name in found.items():
            names.setdefault(key, readable(name if alone else f"{variable}.{name}"))
    return names


def _saved_values(ops: Sequence[Function]) -> dict[Edge, Array]:
    """The values that nodes have saved for backward, as far as they have not been changed since."""
    values: dict[Edge, Array] = {}
    for node in ops:
        for value, cell, version, origin in node._saved or ():
            if value is None or (cell is not None and cell[0] != version):
                continue
            edge = (node, origin[0]) if type(origin) is tuple else getattr(origin, "_edge", None)
            if edge is not None:
                values.setdefault(edge, getattr(value, "_array", value))
    return values
