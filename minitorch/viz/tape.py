"""The tape behind some tensors as pictures see it: every node once, in order, with a name, a value, a formula, a line.

The graph, the player and the chain rule of `why` all start from a `Tape`. It reads what is there, and computes nothing.
"""

from __future__ import annotations

import inspect
import os
import re
import textwrap
import weakref
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from minitorch.autograd.graph import AccumulateGrad, Edge, Function, Node, Op, TensorBase, saved_tensors_of, walk
from minitorch.autograd.node import gradient_edge
from minitorch.backend.arrays import Array
from minitorch.nn import Module
from minitorch.ops.elementwise import Pointwise
from minitorch.tensor import Tensor
from minitorch.viz.record import Given, note_of, record, variables
from minitorch.viz.summary import number

__all__ = ["Source", "Tape", "formula", "readable", "source_of"]

Source = Edge | Given  # what an argument of an op was: a value on the tape, or a tensor that has no history


def source_of(item: Node | Given) -> Source:
    """The value that a box stands for: of an op, its first output."""
    return item if isinstance(item, Given) else (item, 0)


class Tape:
    """The nodes behind `outputs`: a Tensor, a sequence of them, or a function without arguments, which then is recorded.

    `params` and `inputs` give tensors their names; the others are called as the program's variables and modules call them.
    Raises RuntimeError for a tensor without a history, TypeError for what is no tensor.
    """

    def __init__(self, caller: str, outputs: Any, params: Any = None, inputs: Any = None) -> None:
        given = [*_pairs(caller, "params", params), *_pairs(caller, "inputs", inputs)]
        self.roots = _computed(caller, outputs)
        self.root_edges: list[Edge] = [edge for edge in map(gradient_edge, self.roots) if edge is not None]
        self.order = walk(node for node, _ in self.root_edges)
        self.ops = [node for node in self.order if not isinstance(node, AccumulateGrad)]
        self._remembered: dict[Any, Given] = {}  # by a leaf's node: its value when it was used first
        self.sources = {node: self._sources_of(node, [tensor for _, tensor in given]) for node in self.ops}
        self.items = self._in_order_of_use()  # everything that is a box: leaves, data and ops
        self.ids = {item: f"n{i}" for i, item in enumerate(self.items)}
        self._values = _saved_values(self.ops)
        self._values.update({edge: root._array for root, edge in zip(self.roots, self.root_edges, strict=True)})
        self._names: dict[Any, str] = {}  # by what makes the value: a Given, or an edge
        self.named: set[Any] = set()  # those whose name is the program's
        self._name_all(given)

    def _sources_of(self, node: Node, wanted: Sequence[Tensor]) -> list[Source | None]:
        """What each argument was. Tensors without history are known from a note, or if they are wanted and were saved."""
        note = note_of(node)
        if note is None:
            others = [s.tensor for s in saved_tensors_of(node) if any(s.tensor is tensor for tensor in wanted)]
            extra = [self._remembered.setdefault(id(t), Given(t)) for t in others if not t.requires_grad]
            return [*node.edges, *extra]
        for edge, arg in zip(node.edges, note.args, strict=True):
            if edge is not None and isinstance(arg, Given):
                self._remembered.setdefault(edge[0], arg)
        return [edge or (a if isinstance(a, Given) else None) for edge, a in zip(node.edges, note.args, strict=True)]

    def _in_order_of_use(self) -> list[Node | Given]:
        """From the oldest to the youngest, and a leaf just before what uses it first."""
        items: dict[Any, None] = {}
        for node in self.ops:
            for source in self.sources[node]:
                if source is not None:
                    items.setdefault(source if isinstance(source, Given) else source[0])
            items.setdefault(node)
        return list(items)

    # ---- values ---------------------------------------------------------------------------------------------------------

    def value(self, source: Source, user: Node | None = None) -> Array | None:
        """The array that a source was when the tape was written, and `user` used it; None if nobody has kept it."""
        if isinstance(source, Given):
            return source.array
        node, nr = source
        if isinstance(node, AccumulateGrad):
            used = note_of(user) if user is not None else None
            given = used.args[self.sources[user].index(source)] if used is not None and user is not None else None
            given = given if isinstance(given, Given) else self._remembered.get(node)
            return node.variable._array if given is None else given.array
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

    def _name_all(self, given: Sequence[tuple[str, Tensor]]) -> None:
        """Names from `params` and `inputs`, then from the program's modules and variables, then from where it was recorded."""
        program = variables()
        leaves = {id(item.variable if isinstance(item, AccumulateGrad) else item.tensor()) for item in self._leaves()}
        modules = {name: value for name, value in program.items() if isinstance(value, Module)}
        tensors: dict[int, str] = {}
        for name, tensor in given:
            tensors.setdefault(id(tensor), readable(name))
        for key, name in _names_in_modules(modules, leaves).items():
            tensors.setdefault(key, name)
        for name, value in program.items():
            if isinstance(value, TensorBase):
                tensors.setdefault(id(value), readable(name))
        for note in filter(None, map(note_of, self.ops)):
            call = note.call
            while call is not None:
                for reference, name in call.names:
                    tensors.setdefault(id(reference()), readable(name))
                call = call.parent
        wanted: dict[Any, str] = {}
        known: list[TensorBase] = [t for _, t in given]
        for value in (*known, *(v for v in program.values() if isinstance(v, TensorBase))):
            place = value._current_edge()
            if place is not None and place[0] in self.ids:
                wanted.setdefault(place, tensors[id(value)])
        for item in self._leaves():
            leaf = item.tensor() if isinstance(item, Given) else item.variable
            memory = item if isinstance(item, Given) else self._remembered.get(item)
            name = tensors.get(id(leaf), "") if leaf is not None else ""
            name = name or readable(memory.name if memory is not None else "")
            if name:
                wanted[source_of(item)] = name
        for edge, name in _names_of_use(self.ops).items():
            wanted.setdefault(edge, name)
        for i, edge in enumerate(self.root_edges):
            wanted.setdefault(edge, "output" if len(self.roots) == 1 else f"output{i}")
        self.named = set(wanted)
        taken, counts = set[str](), dict[str, int]()
        for item in sorted(self.items, key=lambda item: source_of(item) not in wanted):  # the program's names come first
            for source in [item] if isinstance(item, Given) else [(item, nr) for nr in range(len(item.outputs))]:
                word = wanted.get(source) or self._word(item)
                while source not in self._names:
                    counts[word] = counts.get(word, 0) + 1
                    name = word if counts[word] == 1 else f"{word}{counts[word]}"
                    if name not in taken:
                        self._names[source] = name
                        taken.add(name)

    def _word(self, item: Any) -> str:
        """What a value is called after: a number after itself, others after what made them."""
        if isinstance(item, Given):
            return number(item.array.item()) if item.array.size == 1 else "data"
        return "leaf" if isinstance(item, AccumulateGrad) else item.op_name.lower()

    def _leaves(self) -> list[Any]:
        return [item for item in self.items if isinstance(item, (Given, AccumulateGrad))]

    def uses(self, edge: Edge) -> int:
        """How often a value is used: by nodes, and as what is differentiated."""
        return sum(sources.count(edge) for sources in self.sources.values()) + self.root_edges.count(edge)

    @property
    def top(self) -> str:
        """What is differentiated, by name: loss, or (a + b) of several outputs."""
        names = list(dict.fromkeys(map(self.name, self.root_edges)))
        return names[0] if len(names) == 1 else f"({' + '.join(names)})" if len(names) < 4 else "outputs"

    # ---- words ----------------------------------------------------------------------------------------------------------

    def call(self, node: Node) -> str:
        """A node as the program might have written it: mul = Mul(w, x). Of the other arguments, numbers that are operands."""
        args = [self.name(source) if source is not None else word for source, word in self._arguments(node)]
        return f"{self.name((node, 0))} = {node.op_name}({', '.join(filter(None, args))})"

    def constants(self, node: Node) -> str:
        """The numbers among the operands of an elementwise op: the 2 of x ** 2."""
        return ", ".join(word for source, word in self._arguments(node) if source is None and word)

    def _arguments(self, node: Node) -> list[tuple[Source | None, str]]:
        note, sources = note_of(node), self.sources[node]
        words = [""] * len(sources)
        if note is not None and isinstance(node, Pointwise):
            words = [number(arg) if type(arg) in (int, float) else "" for arg in note.args]
        return list(zip(sources, words, strict=True))

    def argument(self, node: Node, argument: int) -> str:
        """What a node's forward calls an argument: the a of a * b."""
        try:
            names = [
                p.name for p in inspect.signature(type(node).forward).parameters.values() if p.kind is not p.VAR_POSITIONAL
            ]
        except (TypeError, ValueError):
            return ""
        has_context = getattr(type(node), "setup_context", None) is not Function.setup_context and not isinstance(node, Op)
        place = argument + (not has_context)  # with setup_context, forward has no ctx
        return names[place] if place < len(names) else ""

    def local_name(self, node: Node, nr: int, argument: int) -> str:
        """∂mul/∂w; of an argument that is given twice, which of the two: ∂mul/∂(w as a)."""
        edge = self.sources[node][argument]
        assert edge is not None
        twice = self.sources[node].count(edge) > 1 and self.argument(node, argument)
        receiver = f"({self.name(edge)} as {twice})" if twice else self.name(edge)
        return f"∂{self.name((node, nr))}/∂{receiver}"

    def line(self, node: Node) -> str:
        """The line of the program that made a node: model.py:12  return self.out(h). Empty if it was not recorded."""
        note = note_of(node)
        if note is None:
            return ""
        cell = re.search(r"<ipython-input-|[\\/]ipykernel_", note.line.file)
        file = "notebook" if cell else os.path.basename(note.line.file)
        return readable(f"{file}:{note.line.number}" + (f"  {note.line.text}" if note.line.text else ""))


_formulas: weakref.WeakKeyDictionary[type, tuple[str, str]] = weakref.WeakKeyDictionary()


def formula(op: type[Node], argument: str = "") -> tuple[str, str]:
    """What an op computes, and its derivative: the two parts of the first paragraph of its docstring.

    "a * b;  in a: b, in b: a" says the derivative in each argument; with `argument`, that in this one is meant. Of a program's
    own Function without such a docstring, the derivative is what its backward returns, as it is written there.
    """
    if op not in _formulas:
        text = op.__doc__ if isinstance(op.__doc__, str) else ""
        computes, _, derivative = " ".join(text.strip().split("\n\n")[0].split()).partition(";")
        derivative = derivative.partition(". ")[0].strip().rstrip(".")
        if not derivative and not issubclass(op, Op):
            derivative = _returned(op)
        _formulas[op] = readable(computes.strip()), readable(derivative)
    computes, derivative = _formulas[op]
    each = dict(re.findall(r"\bin (\w+): (.*?)(?=, in \w+: |$)", derivative))
    return computes, each.get(argument, derivative)


def _returned(op: type[Node]) -> str:
    """What the last return of a backward says."""
    try:
        source = inspect.getsource(op.backward)
    except (OSError, TypeError):
        return ""
    returned = " ".join(source.rpartition("return ")[2].split())
    return textwrap.shorten(returned, 100, placeholder=" ...")


def readable(name: str) -> str:
    """A name without what no file can hold: control characters and halves of characters become U+FFFD."""
    if name.isprintable():
        return name
    return "".join(c if c.isprintable() or c in "\n\t" else "\N{REPLACEMENT CHARACTER}" for c in name)


def _pairs(caller: str, option: str, given: Any) -> list[tuple[str, Tensor]]:
    """Names and tensors, of a Module, its named_parameters() or a dict. Raises TypeError for anything else."""
    if isinstance(given, Module):
        given = given.named_parameters()
    try:
        pairs = list(dict(given if given is not None else {}).items())
    except (TypeError, ValueError):
        raise TypeError(
            f"{caller}(): {option} names tensors: a Module, its named_parameters(), or a dict of names and tensors, not "
            f"{type(given).__name__}"
        ) from None
    for name, tensor in pairs:
        if not isinstance(name, str):
            raise TypeError(f"{caller}(): {option} maps names to tensors, and {name!r} is no name, but a {type(name).__name__}")
        if not isinstance(tensor, Tensor):
            raise TypeError(f"{caller}(): {option} names tensors, and {name!r} is a {type(tensor).__name__}")
    return pairs


def _computed(caller: str, outputs: Any) -> list[Tensor]:
    """The tensors whose history is asked for."""
    if isinstance(outputs, Module):
        raise TypeError(
            f"{caller}() looks at what is behind a Tensor, and got {type(outputs).__name__}, a model: it has no graph until it "
            f"is called, viz.{caller}(lambda: model(x))"
        )
    if callable(outputs) and not isinstance(outputs, type):
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
            reason = (
                "it is a leaf, and no operation has made it"
                if root.requires_grad
                else "nothing it was computed from requires grad, or it was computed inside no_grad(), or detached, or by an "
                "operation without a derivative, such as argmax"
            )
            raise RuntimeError(f"{caller}(): this tensor of shape {list(root.shape)} has no history to look at: {reason}")
    if not roots:
        raise ValueError(f"{caller}() got a list without any tensor")
    return roots


def _names_of_use(ops: Sequence[Node]) -> dict[Edge, str]:
    """What values were called where they were used. A name that several had counts if one kind of op made them all: the h of a
    loop, and not the x that a program gives to each layer's output in turn."""
    makers: dict[str, set[type]] = {}
    found: dict[Edge, str] = {}
    for node in ops:
        note = note_of(node)
        for nr, name in (note.names if note is not None else {}).items():
            found[node, nr] = readable(name)
            makers.setdefault(found[node, nr], set()).add(type(node))
    return {edge: name for edge, name in found.items() if len(makers[name]) == 1}


def _tensors_of(module: Module) -> Iterator[tuple[str, Any]]:
    """Parameters and buffers by name; by way of the class, as a program may have its own idea of these methods."""
    yield from Module.named_parameters(module)
    yield from Module.named_buffers(module)


def _names_in_modules(modules: Mapping[str, Module], leaves: set[int]) -> dict[int, str]:
    """Of the tensors with these ids, the names of those that belong to the program's modules.

    If one module has them all they are called as in its state_dict, else by the module's name, too.
    """
    held = {}
    for variable, module in modules.items():
        found = {id(t): name for name, t in _tensors_of(module) if id(t) in leaves}
        if found:
            held[variable] = found
    largest = sorted(held.items(), key=lambda item: -len(item[1]))
    alone = not largest or len(set().union(*held.values())) == len(largest[0][1])
    names: dict[int, str] = {}
    for variable, found in largest:
        for key, name in found.items():
            names.setdefault(key, readable(name if alone else f"{variable}.{name}"))
    return names


def _saved_values(ops: Sequence[Node]) -> dict[Edge, Array]:
    """The values that nodes have saved for backward, as far as they have not been changed since."""
    values: dict[Edge, Array] = {}
    for node in ops:
        for saved in saved_tensors_of(node):
            if saved.value is None or not saved.is_unchanged():
                continue
            edge = getattr(saved.tensor, "_edge", None) if saved.output_nr is None else (node, saved.output_nr)
            if edge is not None:
                values.setdefault(edge, getattr(saved.value, "_array", saved.value))
    return values
